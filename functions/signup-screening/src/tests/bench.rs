//! What every test of this function starts from: mocked ports over a few records, and a browser.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body as Content;
use axum::http::{Request, Response, header};
use ciero_domain::application::{Application, State};
use ciero_domain::contract::Contract;
use ciero_domain::documents::Operator;
use ciero_domain::prices::PriceList;
use ciero_domain::screening::{
    Ground, ListHeader, Reading, RegisterEntry, Review, Screening, Subject,
};
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::terms::TermsVersion;
use ciero_domain::third_party::ThirdPartyTerms;
use ciero_ports::{
    ApplicationPage, CloudError, CommitError, ContractPage, Decision, Message, MockApplications,
    MockChance, MockConfidential, MockContracts, MockDocuments, MockDueWork, MockLedger,
    MockListFiles, MockPeople, MockQueues, MockRegisters, MockServiceEnds, WriteKind,
};
use ciero_runtime::{COOKIE, Desk, Gate, LIFETIME, Moment, Role, Session, guarded, testing};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::records::{application, prices, screening, terms};
use crate::{App, router};

pub(super) const PORTAL: &str = "https://portal.example.jp";

/// 12:00 in Tokyo on 1 June 2026.
pub(super) fn now() -> Moment {
    Moment("2026-06-01T03:00:00Z".parse().unwrap())
}

/// The records behind the mocked ports.
#[derive(Clone)]
pub(super) struct Scene {
    pub applications: Vec<Application>,
    /// Contracts, each page of which holds one.
    pub contracts: Vec<Contract>,
    pub screening: Option<Screening>,
    pub reviews: Vec<Review>,
    pub register: Vec<RegisterEntry>,
    /// Published screening lists, each with its file where there is one.
    pub lists: Vec<(ListHeader, Option<Vec<u8>>)>,
    pub terms: Vec<TermsVersion>,
    pub prices: Option<PriceList>,
    pub operator: Option<Operator>,
    pub service_end: Option<ServiceEnd>,
    pub third_party_terms: Vec<ThirdPartyTerms>,
    /// The refusals of the next commits, first one first.
    pub conflicts: Vec<WriteKind>,
}

impl Default for Scene {
    fn default() -> Self {
        Scene {
            applications: Vec::new(),
            contracts: Vec::new(),
            screening: None,
            reviews: Vec::new(),
            register: Vec::new(),
            lists: Vec::new(),
            terms: vec![terms()],
            prices: Some(prices()),
            operator: None,
            service_end: None,
            third_party_terms: Vec::new(),
            conflicts: Vec::new(),
        }
    }
}

impl Scene {
    pub(super) fn of(application: Application) -> Self {
        Scene {
            applications: vec![application],
            ..Scene::default()
        }
    }

    pub(super) fn in_screening(ground: Option<Ground>) -> Self {
        Scene {
            screening: Some(screening(ground)),
            ..Scene::of(application(State::Screening))
        }
    }

    /// Puts the function together over these records.
    pub(super) fn open(self) -> Bench {
        let written = Arc::new(Mutex::new(Vec::new()));
        let reasons = Arc::new(Mutex::new(Vec::new()));
        let readings = Arc::new(Mutex::new(Vec::new()));
        let desk = Desk {
            ledger: Arc::new(ledger(written.clone(), self.conflicts.clone())),
            queues: Arc::new(queues()),
        };
        let app = App {
            gate: Gate::new(testing::settings(), Arc::new(MockPeople::new())),
            desk,
            applications: Arc::new(applications(self.applications)),
            contracts: Arc::new(contracts(self.contracts)),
            documents: Arc::new(documents(self.terms, self.prices, self.operator)),
            registers: Arc::new(registers(self.third_party_terms)),
            confidential: Arc::new(confidential(
                self.screening,
                self.register,
                (self.reviews, readings.clone()),
                self.lists
                    .iter()
                    .map(|(header, _)| header.clone())
                    .collect(),
            )),
            list_files: Arc::new(list_files(self.lists)),
            ready_lists: crate::lists::ReadyLists::default(),
            register_key: ciero_domain::screening::RegisterKey::new("a-secret"),
            chance: Arc::new(chance()),
            due: Arc::new(due(reasons.clone())),
            service_ends: Arc::new(service_ends(self.service_end)),
        };
        Bench {
            app,
            written,
            reasons,
            readings,
        }
    }
}

fn ledger(written: Arc<Mutex<Vec<Decision>>>, conflicts: Vec<WriteKind>) -> MockLedger {
    let mut ledger = MockLedger::new();
    let conflicts = Mutex::new(conflicts);
    ledger.expect_remembered().returning(|_, _| Ok(None));
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

/// Lists, and pages of one application each.
fn applications(known: Vec<Application>) -> MockApplications {
    let mut port = MockApplications::new();
    let [listed, paged] = [known.clone(), known.clone()];
    port.expect_application()
        .returning(move |id| Ok(known.iter().find(|a| a.id == *id).cloned()));
    port.expect_applications().returning(move |state| {
        let of_state = listed.iter().filter(|a| a.state == state);
        Ok(of_state.cloned().collect())
    });
    port.expect_some_of().returning(move |state, from| {
        let place: usize = from.map_or(0, |from: String| from.parse().unwrap());
        let of_state: Vec<&Application> = paged.iter().filter(|a| a.state == state).collect();
        Ok(ApplicationPage {
            applications: of_state.get(place).copied().cloned().into_iter().collect(),
            next: (place + 1 < of_state.len()).then(|| (place + 1).to_string()),
        })
    });
    port
}

/// Pages of one contract each.
fn contracts(all: Vec<Contract>) -> MockContracts {
    let mut port = MockContracts::new();
    let known = all.clone();
    port.expect_named().returning(move |ids| {
        let named = known.iter().filter(|contract| ids.contains(&contract.id));
        Ok(named.cloned().collect())
    });
    port.expect_page().returning(move |from: Option<String>| {
        let place: usize = from.map_or(0, |from| from.parse().unwrap());
        let contracts = all.get(place).map(|contract| contract.id.clone());
        Ok(ContractPage {
            contracts: contracts.into_iter().collect(),
            next: (place + 1 < all.len()).then(|| (place + 1).to_string()),
        })
    });
    port
}

fn registers(versions: Vec<ThirdPartyTerms>) -> MockRegisters {
    let mut port = MockRegisters::new();
    port.expect_third_party_terms()
        .returning(move || Ok(versions.clone()));
    port
}

fn documents(
    terms: Vec<TermsVersion>,
    prices: Option<PriceList>,
    operator: Option<Operator>,
) -> MockDocuments {
    let mut port = MockDocuments::new();
    port.expect_operator()
        .returning(move || Ok(operator.clone()));
    port.expect_terms_versions()
        .returning(move || Ok(terms.clone()));
    port.expect_prices().returning(move |_| Ok(prices.clone()));
    port
}

fn confidential(
    screening: Option<Screening>,
    register: Vec<RegisterEntry>,
    (reviews, readings): (Vec<Review>, Arc<Mutex<Vec<Reading>>>),
    lists: Vec<ListHeader>,
) -> MockConfidential {
    let mut port = MockConfidential::new();
    let all = reviews.clone();
    port.expect_review().returning(move |subject: &Subject| {
        let found = reviews.iter().find(|review| review.subject == *subject);
        Ok(found.cloned())
    });
    port.expect_reviews().returning(move || Ok(all.clone()));
    let log = readings.clone();
    port.expect_note_reading().returning(move |reading| {
        log.lock().unwrap().push(reading.clone());
        Ok(())
    });
    port.expect_readings()
        .returning(move |_, _| Ok(readings.lock().unwrap().clone()));
    port.expect_screening()
        .returning(move |_| Ok(screening.clone()));
    port.expect_register()
        .returning(move || Ok(register.clone()));
    port.expect_screening_lists()
        .returning(move || Ok(lists.clone()));
    port
}

fn list_files(lists: Vec<(ListHeader, Option<Vec<u8>>)>) -> MockListFiles {
    let mut port = MockListFiles::new();
    port.expect_get().returning(move |key| {
        let found = lists.iter().find(|(header, _)| header.object == key);
        found
            .and_then(|(_, file)| file.clone())
            .ok_or_else(|| CloudError {
                service: "S3",
                detail: "NoSuchKey".into(),
            })
    });
    port
}

fn due(reasons: Arc<Mutex<Vec<String>>>) -> MockDueWork {
    let mut port = MockDueWork::new();
    port.expect_failed().returning(move |_, reason, _| {
        reasons.lock().unwrap().push(reason.to_owned());
        Ok(())
    });
    port
}

fn service_ends(end: Option<ServiceEnd>) -> MockServiceEnds {
    let mut port = MockServiceEnds::new();
    port.expect_service_end().returning(move || Ok(end.clone()));
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
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Returns status and code of a problem document.
    pub(super) fn problem(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }
}

/// The function with its mocked ports.
pub(super) struct Bench {
    pub app: App,
    written: Arc<Mutex<Vec<Decision>>>,
    reasons: Arc<Mutex<Vec<String>>>,
    readings: Arc<Mutex<Vec<Reading>>>,
}

impl Bench {
    /// Returns why messages failed, as it was noted for the console.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.reasons.lock().unwrap().clone()
    }

    /// Returns who read what.
    pub(super) fn readings(&self) -> Vec<(String, String)> {
        let readings = self.readings.lock().unwrap();
        let readings = readings
            .iter()
            .map(|one| (one.by.clone(), one.what.clone()));
        readings.collect()
    }

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

    /// Sends a request at the time of the test; one that carries its own time keeps it.
    pub(super) async fn send(&self, mut request: Request<Content>) -> Reply {
        if request
            .extensions()
            .get::<lambda_http::request::RequestContext>()
            .is_none()
        {
            request.extensions_mut().insert(now());
        }
        let router = guarded(router(self.app.clone()), self.app.gate.clone());
        let response: Response<Content> = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.as_str().to_owned(), value.to_owned())
        });
        let headers = headers.collect();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Reply {
            status,
            headers,
            body,
        }
    }

    /// Posts JSON as a visitor.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    /// Signs a request in as an operator, with the token of the session's forms.
    pub(super) fn sign_in(&self, request: &mut Request<Content>, name: &str, groups: &[&str]) {
        let role = Role::Operator {
            name: name.to_owned(),
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        };
        let session = Session {
            id: format!("session of {name}"),
            at: now().0,
            role,
        };
        let sealer = &self.app.gate.sealer;
        let cookie = sealer.seal(COOKIE, &session, LIFETIME);
        let cookie = cookie.split(';').next().unwrap().parse().unwrap();
        let token = sealer.token(Some(&session), now()).parse().unwrap();
        request.headers_mut().insert(header::COOKIE, cookie);
        request.headers_mut().insert("x-csrf-token", token);
    }

    /// Posts JSON as a screener.
    pub(super) async fn post_as(&self, name: &str, path: &str, body: &Value) -> Reply {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let mut request = request.body(body.to_string().into()).unwrap();
        self.sign_in(&mut request, name, &["screener"]);
        self.send(request).await
    }

    /// Opens a page as an operator of some groups.
    pub(super) async fn get_as(&self, groups: &[&str], path: &str) -> Reply {
        let mut request = Request::get(path).body(Content::empty()).unwrap();
        self.sign_in(&mut request, "operator-1", groups);
        self.send(request).await
    }
}

/// Reads a sample of a request as the gateway sends it.
pub(super) fn sample(text: &str) -> Request<Content> {
    let (parts, body) = lambda_http::request::from_str(text).unwrap().into_parts();
    let body = match body {
        lambda_http::Body::Text(text) => Content::from(text),
        lambda_http::Body::Binary(bytes) => Content::from(bytes),
        _ => Content::empty(),
    };
    Request::from_parts(parts, body)
}
