//! A small world behind the ports, and a browser that asks for its pages.

use std::sync::Arc;

use axum::body::Body;
use ciero_domain::application::Application;
use ciero_domain::contract::{Case, Contract, Entry, Receipt};
use ciero_domain::device::{Camera, Device};
use ciero_domain::documents::Operator;
use ciero_domain::prices::PriceList;
use ciero_domain::terms::TermsText;
use ciero_domain::user::User;
use ciero_ports::{AuditReport, AuditRow, Parked};
use ciero_runtime::{COOKIE, Gate, LIFETIME, Moment, Role, Sealer, Session, Settings, guarded};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tower::ServiceExt;

use super::mocks;
pub use super::samples::*;
use crate::{App, router};

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
    pub back: BackOffice,
}

/// What only the console reads.
#[derive(Clone, Default)]
pub struct BackOffice {
    pub history: Vec<Entry>,
    pub receipts: Vec<Receipt>,
    pub cases: Vec<Case>,
    pub parked: Vec<Parked>,
    pub report: AuditReport,
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
            back: BackOffice::default(),
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self);
        self
    }

    pub fn app(&self) -> App {
        App {
            gate: Gate::new(self.settings.clone(), Arc::new(mocks::people(self))),
            applications: Arc::new(mocks::applications(self)),
            contracts: Arc::new(mocks::contracts(self)),
            devices: Arc::new(mocks::devices(self)),
            documents: Arc::new(mocks::documents(self)),
            viewing: Arc::new(mocks::viewing(self)),
            audit: Arc::new(mocks::audit(self)),
            console: mocks::console(self),
            chance: Arc::new(mocks::chance()),
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
