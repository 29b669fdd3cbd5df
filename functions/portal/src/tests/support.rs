//! A small world behind the ports, and a browser that asks for its pages.

use std::sync::Arc;

use axum::body::Body;
use ciero_domain::application::Application;
use ciero_domain::calendar::{start_of, tokyo_date};
use ciero_domain::contract::{
    Case, Command, Contract, Entry, Facts, NewReceipt, Receipt, Step, perform,
};
use ciero_domain::device::{Camera, Device};
use ciero_domain::documents::Operator;
use ciero_domain::export::Export;
use ciero_domain::interruption::Interruption;
use ciero_domain::invoice::Invoice;
use ciero_domain::money::Yen;
use ciero_domain::notice::NoticeRecord;
use ciero_domain::prices::PriceList;
use ciero_domain::processor::Register;
use ciero_domain::reseller::{ResellerAccount, ResellerInvoice, ResellerReceipt, ResoldFee};
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::staff_view::StaffView;
use ciero_domain::terms::{Draft, Sighting, TermsText};
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};
use ciero_domain::user::User;
use ciero_domain::watch::Ledger;
use ciero_ports::{AuditReport, AuditRow, Parked, SeenPage, WatchReport};
use ciero_runtime::{COOKIE, Gate, LIFETIME, Moment, Role, Sealer, Session, Settings, guarded};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::civil::Date;
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
    /// `None` if they cannot be read.
    pub interruptions: Option<Vec<Interruption>>,
    pub application: Option<Application>,
    pub processors: Vec<Register>,
    pub third_party_terms: Vec<ThirdPartyTerms>,
    pub agreed: Option<AgreedThirdParty>,
    pub contract: Contract,
    pub history: Vec<Entry>,
    pub invoices: Vec<Invoice>,
    pub receipts: Vec<Receipt>,
    pub notices: Vec<NoticeRecord>,
    pub users: Vec<User>,
    pub devices: Vec<Device>,
    pub cameras: Vec<Camera>,
    pub ledgers: Vec<Ledger>,
    pub exports: Vec<Export>,
    pub trail: Vec<AuditRow>,
    pub back: BackOffice,
}

/// What only the console reads.
#[derive(Clone, Default)]
pub struct BackOffice {
    pub cases: Vec<Case>,
    pub parked: Vec<Parked>,
    pub report: AuditReport,
    pub watch: WatchReport,
    pub waiting: Vec<ResoldFee>,
    pub resold: Option<(ResellerInvoice, Vec<ResoldFee>)>,
    pub reseller_account: Option<ResellerAccount>,
    pub reseller_receipts: Vec<ResellerReceipt>,
    pub drafts: Vec<Draft>,
    pub sightings: Vec<Sighting>,
    pub pages: Vec<SeenPage>,
    pub service_end: Option<ServiceEnd>,
    pub staff_views: Vec<StaffView>,
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
            interruptions: Some(Vec::new()),
            application: Some(draft()),
            processors: Vec::new(),
            third_party_terms: Vec::new(),
            agreed: None,
            contract: contract(),
            history: vec![formed()],
            invoices: Vec::new(),
            receipts: Vec::new(),
            notices: Vec::new(),
            users: vec![administrator(), watcher()],
            devices: vec![device(20, registered())],
            cameras: vec![camera(20, "Entrance")],
            ledgers: Vec::new(),
            exports: Vec::new(),
            trail: Vec::new(),
            back: BackOffice::default(),
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut World)) -> Self {
        change(&mut self);
        self
    }

    fn facts(&self) -> Facts {
        Facts {
            operator: self.operator.clone().unwrap(),
            prices: self.prices.clone().into_iter().collect(),
            terms: self.terms.iter().map(|t| t.version.clone()).collect(),
        }
    }

    fn take(&mut self, entry: Entry) {
        let operator = self.operator.clone().unwrap();
        let step = Step::of(Some(&self.contract), entry, &operator).unwrap();
        self.history.push(step.entry);
        self.invoices.extend(step.invoice);
        self.receipts.extend(step.receipt);
        self.contract = step.contract;
    }

    /// Carries out all due work up to a day, on which the world then is at noon. Every demand is sent.
    pub fn lived(mut self, until: Date) -> Self {
        loop {
            let next = self.contract.owed().into_iter().min();
            let Some(task) = next.filter(|task| task.due <= until) else {
                break;
            };
            let entry = perform(&self.contract, &task, &self.facts(), start_of(task.due)).unwrap();
            self.take(entry);
            if let ciero_domain::contract::Work::Demand { debt } = task.work {
                let sent = Command::DemandSent {
                    debt,
                    sent_on: task.due,
                    channel: "mail".into(),
                };
                self = self.asked(sent, task.due);
            }
        }
        self.now = at(&format!("{until}T03:00:00Z"));
        self
    }

    /// Carries out a command on a day.
    pub fn asked(mut self, command: Command, on: Date) -> Self {
        let entry = self
            .contract
            .decide(command, "operator:suzuki", &self.facts(), start_of(on));
        self.take(entry.unwrap());
        self
    }

    /// Records a payment on a day.
    pub fn paid(self, yen: i64, on: Date) -> Self {
        let receipt = NewReceipt {
            reference: format!("FURIKOMI-{on}"),
            received_on: on,
            yen: Yen(yen),
        };
        self.asked(Command::RecordReceipt(receipt), on)
    }

    /// The day of the world in Tokyo.
    pub fn today(&self) -> Date {
        tokyo_date(self.now)
    }

    pub fn app(&self) -> App {
        App {
            gate: Gate::new(self.settings.clone(), Arc::new(mocks::people(self))),
            applications: Arc::new(mocks::applications(self)),
            contracts: Arc::new(mocks::contracts(self)),
            billing: Arc::new(mocks::billing(self)),
            notices: Arc::new(mocks::notices(self)),
            devices: Arc::new(mocks::devices(self)),
            watch: Arc::new(mocks::watch(self)),
            exports: Arc::new(mocks::exports(self)),
            documents: Arc::new(mocks::documents(self)),
            interruptions: Arc::new(mocks::interruptions(self)),
            registers: Arc::new(mocks::registers(self)),
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
