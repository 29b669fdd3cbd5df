//! A small world behind the ports, and a browser that asks for its pages.

use std::sync::Arc;

use axum::body::Body;
use ciero_domain::Language;
use ciero_domain::application::{Application, Form, RawApplication};
use ciero_domain::calendar::Term;
use ciero_domain::confirmation::Confirmation;
use ciero_domain::contract::{Contract, Order, Standing};
use ciero_domain::device::{Camera, Device, DeviceKind, DeviceState};
use ciero_domain::documents::{Bilingual, DeviceModel, Operator};
use ciero_domain::ids::{ApplicationId, CameraId, ContractId, DeviceId, UserId};
use ciero_domain::money::Yen;
use ciero_domain::prices::{Plan, PriceList};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_domain::user::{Acceptance, NewUser, Role as UserRole, User};
use ciero_ports::{
    AuditRow, MockApplications, MockAudit, MockChance, MockContracts, MockDevices, MockDocuments,
    MockPeople, MockViewing, Seen,
};
use ciero_runtime::{COOKIE, Gate, LIFETIME, Moment, Role, Sealer, Session, Settings, guarded};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::civil::date;
use tower::ServiceExt;

use crate::{App, router};

pub const PORTAL: &str = "https://portal.example.jp";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon in Tokyo on 1 June 2026, unless a test says otherwise.
pub fn noon() -> Timestamp {
    at("2026-06-01T03:00:00Z")
}

pub fn settings() -> Settings {
    let text = |t: &str| t.to_owned();
    Settings {
        portal_url: text(PORTAL),
        session_key: "k".repeat(64),
        media_origin: text("https://media.example.jp"),
        customer_client_id: text("c"),
        customer_issuer: text("https://idp.example.jp/c"),
        customer_sign_in_url: text("https://sign-in.example.jp/c"),
        operator_client_id: text("o"),
        operator_issuer: text("https://idp.example.jp/o"),
        operator_sign_in_url: text("https://sign-in.example.jp/o"),
    }
}

fn both(ja: &str, en: &str) -> Bilingual {
    Bilingual {
        ja: ja.into(),
        en: en.into(),
    }
}

pub fn operator() -> Operator {
    Operator {
        service_name: "Ciero".into(),
        company: both("株式会社見本カメラ", "Mihon Camera"),
        representative: both("見本 太郎", "Taro Mihon"),
        address: both("東京都", "Tokyo"),
        phone: "0120-000-000".into(),
        support_email: "support@example.jp".into(),
        website: "https://www.example.jp/".into(),
        registration_number: "T9000000000000".into(),
        device_models: vec![DeviceModel {
            model: "MC-100".into(),
            kind: DeviceKind::Camera,
            name: both("見本カメラ", "Mihon camera"),
        }],
    }
}

pub fn prices() -> PriceList {
    PriceList {
        version: "2026-04-01".into(),
        effective_from: date(2026, 4, 1),
        plans: vec![Plan {
            retention_days: 30,
            yearly_yen: Yen(18_000),
        }],
        tax_percent: 10,
        payment_ja: "翌月末日払い".into(),
        payment_en: "by the end of the next month".into(),
    }
}

pub fn terms(version: &str) -> TermsText {
    TermsText {
        version: TermsVersion {
            version: version.into(),
            published_on: date(2026, 2, 20),
            effective_from: version.parse().unwrap(),
            hash_ja: String::new(),
            hash_en: String::new(),
        },
        ja: "## 第1条（範囲）\n\n本文 <script>alert(1)</script>".into(),
        en: "## Article 1 (Scope)\n\nText <script>alert(1)</script>".into(),
    }
}

pub fn raw_application() -> RawApplication {
    serde_json::from_value(serde_json::json!({
        "kind": "corporation", "corporate_number": "7123456789012", "name": "Mihon Shoten", "name_kana": "ミホンショウテン",
        "representative": "Taro Mihon", "postal_code": "1000001", "prefecture": "13", "address": "Chiyoda 1-1",
        "phone": "0300000000", "contact_name": "Hanako Mihon", "contact_email": "hanako@example.jp",
        "retention_days": "30", "cameras": "2", "terms_version": "2026-04-01", "consent": "on", "resident_in_japan": "on",
        "no_transfer_regulation": "on", "no_export_control": "on", "not_antisocial": "on",
    }))
    .unwrap()
}

pub fn draft() -> Application {
    let form = Form::parse(&raw_application(), "2026-04-01", &[30]).unwrap();
    let shown = Confirmation::build(&prices(), 30, 2, "2026-04-01", date(2026, 6, 1)).unwrap();
    let id = ApplicationId::from_random([1; 10]);
    Application::draft(id, form, shown, Language::Ja, noon())
}

pub fn contract() -> Contract {
    let application = draft();
    Contract {
        id: ContractId::from_random([2; 10]),
        version: 1,
        application: application.id,
        formed_at: at("2026-03-25T01:00:00Z"),
        customer: application.form.particulars,
        channel: application.channel,
        language: Language::Ja,
        terms_version: "2026-04-01".into(),
        standing: Standing::Active,
        orders: vec![Order {
            number: 1,
            quote: application.confirmation.quote,
            first_term: Term::starting(date(2026, 4, 1)),
        }],
    }
}

/// A person who has accepted the terms.
pub fn person(number: u8, name: &str, role: UserRole) -> User {
    let person = NewUser {
        id: UserId::from_random([number; 10]),
        name: name.into(),
        email: format!("{}@example.jp", name.to_lowercase()),
        role,
        language: Language::Ja,
    };
    let mut user = User::add(contract().id, person, None, at("2026-04-01T00:00:00Z"));
    user.acceptances.push(Acceptance {
        terms_version: "2026-04-01".into(),
        at: at("2026-04-01T01:00:00Z"),
        channel: "portal".into(),
    });
    user
}

pub fn administrator() -> User {
    person(10, "Hanako", UserRole::Administrator)
}

pub fn watcher() -> User {
    person(11, "Jiro", UserRole::User)
}

pub fn camera(number: u8, name: &str) -> Camera {
    Camera {
        id: CameraId::from_random([number; 10]),
        version: 1,
        contract: contract().id,
        device: DeviceId::from_random([number; 10]),
        name: name.into(),
        stream_name: format!("ciero-{number}"),
        retention_hours: 720,
        since: at("2026-05-01T00:00:00Z"),
        retired_at: None,
    }
}

pub fn device(number: u8, state: DeviceState) -> Device {
    Device {
        id: DeviceId::from_random([number; 10]),
        version: 1,
        contract: contract().id,
        kind: DeviceKind::Camera,
        model: "MC-100".into(),
        serial: format!("SN-{number:04}"),
        site: contract().customer.address,
        attested_by: administrator().id,
        registered_at: at("2026-05-01T00:00:00Z"),
        camera: CameraId::from_random([number; 10]),
        state,
    }
}

pub fn registered() -> DeviceState {
    DeviceState::Registered {
        code_hash: String::new(),
        code_expires_at: at("2026-06-03T00:00:00Z"),
    }
}

/// Everything that the ports answer from.
#[derive(Clone)]
pub struct World {
    pub now: Timestamp,
    pub settings: Settings,
    pub operator: Option<Operator>,
    pub prices: Option<PriceList>,
    pub terms: Vec<TermsText>,
    pub application: Option<Application>,
    pub contract: Contract,
    pub users: Vec<User>,
    pub devices: Vec<Device>,
    pub cameras: Vec<Camera>,
    pub trail: Vec<AuditRow>,
}

impl World {
    /// One contract with an administrator, a user without rights, and one camera.
    pub fn new() -> Self {
        World {
            now: noon(),
            settings: settings(),
            operator: Some(operator()),
            prices: Some(prices()),
            terms: vec![terms("2026-04-01")],
            application: Some(draft()),
            contract: contract(),
            users: vec![administrator(), watcher()],
            devices: vec![device(20, registered())],
            cameras: vec![camera(20, "Entrance")],
            trail: Vec::new(),
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self);
        self
    }

    pub fn app(&self) -> App {
        App {
            gate: Gate::new(self.settings.clone(), Arc::new(people(self))),
            applications: Arc::new(applications(self)),
            contracts: Arc::new(contracts(self)),
            devices: Arc::new(devices(self)),
            documents: Arc::new(documents(self)),
            viewing: Arc::new(viewing(self)),
            audit: Arc::new(audit(self)),
            chance: Arc::new(chance()),
            device_command: "iotbox run".into(),
        }
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let app = self.app();
        request.extensions_mut().insert(Moment(self.now));
        let router = guarded(router(app.clone()), app.gate);
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Opens a page as a browser does.
    pub async fn open(&self, path: &str, cookie: &str) -> Answer {
        self.send(page_request(path, cookie)).await
    }

    /// Asks for a page as a program does, which gets problems as documents.
    pub async fn ask(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header("cookie", cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The cookie of a signed-in customer.
    pub fn customer(&self, user: &User) -> String {
        let role = Role::Customer {
            contract: user.contract.clone(),
            user: user.id.clone(),
        };
        self.cookie(role)
    }

    /// The cookie of a signed-in operator.
    pub fn staff(&self, groups: &[&str]) -> String {
        self.cookie(Role::Operator {
            name: "suzuki".into(),
            groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        })
    }

    fn cookie(&self, role: Role) -> String {
        let session = Session {
            id: "s1".into(),
            at: self.now,
            role,
        };
        let sealed = Sealer::new(&self.settings).seal(COOKIE, &session, LIFETIME);
        sealed.split(';').next().unwrap().to_owned()
    }
}

/// A browser's request for a page, in Japanese unless the cookies say otherwise.
pub fn page_request(path: &str, cookie: &str) -> Request<Body> {
    let request = Request::get(path)
        .header("accept", "text/html,application/xhtml+xml")
        .header("accept-language", "ja")
        .header("cookie", cookie);
    request.body(Body::empty()).unwrap()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The code of a problem document.
    pub fn code(&self) -> String {
        let document: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        document["code"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn shows(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.body.contains(text), "{text} is not in {}", self.body);
        }
        self
    }

    #[track_caller]
    pub fn hides(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(!self.body.contains(text), "{text} is in {}", self.body);
        }
        self
    }
}

fn people(world: &World) -> MockPeople {
    let mut mock = MockPeople::new();
    let users = world.users.clone();
    mock.expect_user().returning(move |contract, id| {
        let own = users
            .iter()
            .find(|u| u.contract == *contract && u.id == *id);
        Ok(own.cloned())
    });
    let users = world.users.clone();
    mock.expect_users().returning(move |_| Ok(users.clone()));
    let users = world.users.clone();
    mock.expect_contract_of().returning(move |id| {
        let known = users.iter().find(|u| u.id == *id);
        Ok(known.map(|u| u.contract.clone()))
    });
    mock
}

fn applications(world: &World) -> MockApplications {
    let mut mock = MockApplications::new();
    let application = world.application.clone();
    mock.expect_application()
        .returning(move |id| Ok(application.clone().filter(|a| a.id == *id)));
    mock
}

fn contracts(world: &World) -> MockContracts {
    let mut mock = MockContracts::new();
    let contract = world.contract.clone();
    mock.expect_contract()
        .returning(move |id| Ok(Some(contract.clone()).filter(|c| c.id == *id)));
    let contract = world.contract.clone();
    mock.expect_contracts()
        .returning(move || Ok(vec![contract.clone()]));
    mock
}

fn devices(world: &World) -> MockDevices {
    let mut mock = MockDevices::new();
    let all = world.devices.clone();
    mock.expect_device()
        .returning(move |_, id| Ok(all.iter().find(|d| d.id == *id).cloned()));
    let all = world.devices.clone();
    mock.expect_devices().returning(move |_| Ok(all.clone()));
    let all = world.cameras.clone();
    mock.expect_camera()
        .returning(move |_, id| Ok(all.iter().find(|c| c.id == *id).cloned()));
    let all = world.cameras.clone();
    mock.expect_cameras().returning(move |_| Ok(all.clone()));
    mock
}

fn documents(world: &World) -> MockDocuments {
    let mut mock = MockDocuments::new();
    let operator = world.operator.clone();
    mock.expect_operator()
        .returning(move || Ok(operator.clone()));
    let prices = world.prices.clone();
    mock.expect_prices().returning(move |_| Ok(prices.clone()));
    let all = world.terms.clone();
    mock.expect_terms_versions()
        .returning(move || Ok(all.iter().map(|t| t.version.clone()).collect()));
    let all = world.terms.clone();
    mock.expect_terms()
        .returning(move |v| Ok(all.iter().find(|t| t.version.version == v).cloned()));
    mock
}

fn viewing(world: &World) -> MockViewing {
    let mut mock = MockViewing::new();
    let world = world.clone();
    mock.expect_seen().returning(move |contract, user, camera| {
        let user = world.users.iter().find(|u| u.id == *user);
        let camera = world.cameras.iter().find(|c| c.id == *camera);
        let seen = user.zip(camera).map(|(user, camera)| Seen {
            contract: world.contract.clone(),
            user: user.clone(),
            camera: camera.clone(),
        });
        Ok(seen.filter(|seen| seen.contract.id == *contract))
    });
    mock
}

fn audit(world: &World) -> MockAudit {
    let mut mock = MockAudit::new();
    let rows = world.trail.clone();
    mock.expect_trail().returning(move |_, _| Ok(rows.clone()));
    mock
}

/// Draws 1, 2, 3 … so that no two draws are the same.
fn chance() -> MockChance {
    let mut mock = MockChance::new();
    let drawn = std::sync::atomic::AtomicU8::new(0);
    mock.expect_id()
        .returning(move || [drawn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1; 10]);
    mock
}
