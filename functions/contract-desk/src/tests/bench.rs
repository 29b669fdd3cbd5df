//! What every test of this function starts from: one contract's people and a camera, and a browser.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body as Content;
use axum::http::{Request, header};
use axum::response::Response;
use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Contract, Facts};
use ciero_domain::device::Camera;
use ciero_domain::documents::Operator;
use ciero_domain::ids::{CameraId, ContractId, DeviceId, UserId};
use ciero_domain::samples::up_to_date;
use ciero_domain::terms::TermsVersion;
use ciero_domain::user::{NewUser, Role, User};
use ciero_ports::{
    CommitError, Decision, Message, MockChance, MockContracts, MockDevices, MockDocuments,
    MockLedger, MockPeople, MockQueues, Remembered, WriteKind,
};
use ciero_runtime::{
    COOKIE, Desk, Gate, LIFETIME, Moment, Role as SessionRole, Session, guarded, testing,
};
use http_body_util::BodyExt;
use jiff::civil::date;
use serde_json::Value;
use tower::ServiceExt;

use crate::{App, router};

/// The version in force on the day of the tests.
pub(super) const TERMS: &str = "2026-04-01";
/// Administrator, second administrator, registered user, and another contract's user.
pub(super) const HANAKO: &str = "u-0000000000000000";
pub(super) const TARO: &str = "u-1111111111111111";
pub(super) const JIRO: &str = "u-2222222222222222";
pub(super) const STRANGER: &str = "u-9999999999999999";
pub(super) const CAMERA: &str = "k-0000000000000000";

/// 12:00 in Tokyo on 1 June 2026.
pub(super) fn now() -> Moment {
    Moment("2026-06-01T03:00:00Z".parse().unwrap())
}

pub(super) fn contract() -> ContractId {
    ContractId::from_random([3; 10])
}

/// A person of the contract who has accepted the terms.
pub(super) fn person(id: &str, role: Role) -> User {
    let person = NewUser {
        id: UserId::parse(id).unwrap(),
        name: "見本 花子".into(),
        email: format!("{id}@example.jp"),
        role,
        language: Language::Ja,
    };
    let at = "2026-04-01T00:00:00Z".parse().unwrap();
    let user = User::add(contract(), person, None, at);
    let mut user = user.accept(TERMS, TERMS, "portal", at).unwrap();
    user.version = 1;
    user
}

fn camera() -> Camera {
    Camera {
        id: CameraId::parse(CAMERA).unwrap(),
        version: 1,
        contract: contract(),
        device: DeviceId::from_random([6; 10]),
        name: "玄関".into(),
        stream_name: CAMERA.into(),
        retention_hours: 720,
        since: "2026-04-01T00:00:00Z".parse().unwrap(),
        retired_at: None,
    }
}

/// The records behind the mocked ports.
pub(super) struct Scene {
    pub users: Vec<User>,
    pub terms: Vec<TermsVersion>,
    pub contract: Contract,
    /// The moment of every request.
    pub now: Moment,
    /// Nothing of what was due by now is done.
    pub is_overdue: bool,
    /// The refusals of the next commits, first one first.
    pub conflicts: Vec<WriteKind>,
}

/// What the operator has published.
fn facts(terms: &[TermsVersion]) -> Facts {
    Facts {
        operator: Operator::default(),
        prices: Vec::new(),
        terms: terms.to_vec(),
    }
}

impl Default for Scene {
    fn default() -> Self {
        let version = |version: &str, from| TermsVersion {
            version: version.into(),
            published_on: date(2026, 2, 20),
            effective_from: from,
            hash_ja: String::new(),
            hash_en: String::new(),
            supersedes: None,
        };
        Scene {
            users: vec![
                person(HANAKO, Role::Administrator),
                person(JIRO, Role::User),
            ],
            terms: vec![
                version("2020-04-01", date(2020, 4, 1)),
                version(TERMS, date(2026, 4, 1)),
                version("2026-06-02", date(2026, 6, 2)),
            ],
            contract: Contract {
                id: contract(),
                ..ciero_domain::samples::contract(date(2026, 4, 1)).0
            },
            now: now(),
            is_overdue: false,
            conflicts: Vec::new(),
        }
    }
}

impl Scene {
    /// Puts the function together over these records.
    pub(super) fn open(self) -> Bench {
        let written = Arc::new(Mutex::new(Vec::new()));
        let people: Arc<MockPeople> = Arc::new(people(self.users));
        let contract = match self.is_overdue {
            true => self.contract,
            false => up_to_date(self.contract, &facts(&self.terms), tokyo_date(self.now.0)),
        };
        let app = App {
            gate: Gate::new(testing::settings(), people.clone()),
            desk: Desk {
                ledger: Arc::new(ledger(written.clone(), self.conflicts)),
                queues: Arc::new(queues()),
            },
            people,
            contracts: Arc::new(contracts(contract)),
            devices: Arc::new(devices()),
            documents: Arc::new(documents(self.terms)),
            chance: Arc::new(chance()),
        };
        Bench {
            app,
            now: self.now,
            written,
        }
    }
}

fn ledger(written: Arc<Mutex<Vec<Decision>>>, conflicts: Vec<WriteKind>) -> MockLedger {
    let mut ledger = MockLedger::new();
    let conflicts = Mutex::new(conflicts);
    let kept = written.clone();
    ledger.expect_remembered().returning(move |caller, key| {
        let written = kept.lock().unwrap();
        let mut answers = written
            .iter()
            .filter_map(|decision: &Decision| decision.remembered.clone());
        Ok(answers.find(|kept: &Remembered| kept.caller == *caller && kept.key == key))
    });
    ledger.expect_sent().returning(|_| Ok(()));
    ledger.expect_commit().returning(move |decision| {
        let mut conflicts = conflicts.lock().unwrap();
        if !conflicts.is_empty() {
            return Err(CommitError::Conflict(conflicts.remove(0)));
        }
        written.lock().unwrap().push(decision.clone());
        Ok(())
    });
    ledger
}

fn queues() -> MockQueues {
    let mut queues = MockQueues::new();
    queues
        .expect_send()
        .returning(|messages: &[Message]| messages.to_vec());
    queues
}

/// The people of the contract; another contract has a stranger, whom nobody here may find.
fn people(users: Vec<User>) -> MockPeople {
    let mut port = MockPeople::new();
    let all = users.clone();
    port.expect_user().returning(move |of, id| {
        if *of != contract() {
            return Ok(None);
        }
        Ok(users.iter().find(|user| user.id == *id).cloned())
    });
    port.expect_users().returning(move |_| Ok(all.clone()));
    port
}

fn contracts(contract: Contract) -> MockContracts {
    let mut port = MockContracts::new();
    port.expect_contract()
        .returning(move |id| Ok(Some(contract.clone()).filter(|c| c.id == *id)));
    port
}

fn devices() -> MockDevices {
    let mut port = MockDevices::new();
    port.expect_camera().returning(|of, id| {
        let known = *of == contract() && id.as_str() == CAMERA;
        Ok(known.then(camera))
    });
    port
}

fn documents(terms: Vec<TermsVersion>) -> MockDocuments {
    let mut port = MockDocuments::new();
    port.expect_terms_versions()
        .returning(move || Ok(terms.clone()));
    port.expect_operator()
        .returning(|| Ok(Some(Operator::default())));
    port.expect_price_lists().returning(|| Ok(Vec::new()));
    port
}

/// Draws 1, 2, 3 … so that identifiers are known.
fn chance() -> MockChance {
    let mut port = MockChance::new();
    let drawn = AtomicU8::new(0);
    port.expect_id()
        .returning(move || [drawn.fetch_add(1, Ordering::Relaxed) + 1; 10]);
    port
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub status: u16,
    pub location: String,
    pub body: Value,
}

impl Reply {
    /// Returns status and code of a problem document.
    pub(super) fn problem(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// The function with its mocked ports.
pub(super) struct Bench {
    pub app: App,
    now: Moment,
    written: Arc<Mutex<Vec<Decision>>>,
}

impl Bench {
    /// Returns every decision that was written.
    pub(super) fn written(&self) -> Vec<Decision> {
        self.written.lock().unwrap().clone()
    }

    /// Returns the only decision that was written.
    pub(super) fn decision(&self) -> Decision {
        let written = self.written();
        assert_eq!(written.len(), 1);
        written[0].clone()
    }

    /// Signs a request in as a person of the contract, with the token of the session's forms.
    pub(super) fn sign_in(&self, request: &mut Request<Content>, user: &str) {
        let role = SessionRole::Customer {
            contract: contract(),
            user: UserId::parse(user).unwrap(),
        };
        let session = Session {
            id: format!("session of {user}"),
            at: self.now.0,
            role,
        };
        let sealer = &self.app.gate.sealer;
        let cookie = sealer.seal(COOKIE, &session, LIFETIME);
        let cookie = cookie.split(';').next().unwrap().parse().unwrap();
        let token = sealer.token(Some(&session), self.now).parse().unwrap();
        request.headers_mut().insert(header::COOKIE, cookie);
        request.headers_mut().insert("x-csrf-token", token);
    }

    async fn answer(&self, mut request: Request<Content>) -> Response {
        request.extensions_mut().insert(self.now);
        let router = guarded(router(self.app.clone()), self.app.gate.clone());
        router.oneshot(request).await.unwrap()
    }

    /// Sends a request and reads the page that comes back.
    pub(super) async fn page(&self, request: Request<Content>) -> String {
        let body = self.answer(request).await.into_body();
        let body = body.collect().await.unwrap().to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    }

    /// Sends a request at the time of the test.
    pub(super) async fn send(&self, request: Request<Content>) -> Reply {
        let response = self.answer(request).await;
        let status = response.status().as_u16();
        let location = response.headers().get(header::LOCATION);
        let location = location.map_or("", |l| l.to_str().unwrap()).to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Reply {
            status,
            location,
            body,
        }
    }

    /// Posts JSON as a person of the contract.
    pub(super) async fn post(&self, user: &str, path: &str, body: &Value) -> Reply {
        self.post_as(user, path, body, None).await
    }

    /// Posts JSON under an idempotency key.
    pub(super) async fn post_as(
        &self,
        user: &str,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Reply {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let mut request = request.body(body.to_string().into()).unwrap();
        self.sign_in(&mut request, user);
        self.send(request).await
    }
}
