//! Records in memory, and requests of operators.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use ciero_domain::breach::Breach;
use ciero_domain::contract::Contract;
use ciero_domain::disclosure::{Disclosure, Entry, HoldCopy};
use ciero_domain::hold::Holds;
use ciero_domain::ids::{CameraId, DisclosureId};
use ciero_domain::screening::Reading;
use ciero_ports::{
    CommitError, Message, MockAudit, MockBilling, MockCaseFiles, MockConfidential, MockDevices,
    MockDisclosures, MockLedger, MockNotices, MockPeople, Write, WriteKind,
};
use ciero_runtime::{COOKIE, LIFETIME, Session, guarded, testing};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::legal::Sources;
use crate::tests::{app, now, operator, running, with};
use crate::{App, router};

/// What was written, kept between requests.
#[derive(Default)]
pub struct World {
    pub cases: Mutex<Vec<Disclosure>>,
    pub entries: Mutex<Vec<Entry>>,
    pub copies: Mutex<Vec<HoldCopy>>,
    pub holds: Mutex<Option<Holds>>,
    pub breaches: Mutex<Vec<Breach>>,
    pub readings: Mutex<Vec<Reading>>,
    pub files: Mutex<BTreeMap<String, Vec<u8>>>,
    pub messages: Mutex<Vec<Message>>,
    /// How many writes were none of the desk's own.
    pub foreign_writes: Mutex<usize>,
}

/// The case that a test opens: every identifier that is drawn is the same.
pub fn case_id() -> DisclosureId {
    DisclosureId::from_random([9; 10])
}

pub fn camera() -> ciero_domain::device::Camera {
    serde_json::from_value(serde_json::json!({
        "id": CameraId::from_random([3; 10]), "version": 1, "contract": running().id, "device": "d-0000000000000000",
        "name": "入口", "stream_name": "ciero-k-3", "retention_hours": 24, "since": "2026-04-01T00:00:00Z", "retired_at": null,
    }))
    .unwrap()
}

pub fn legal(name: &str) -> Session {
    operator(name, &["legal"])
}

impl World {
    pub fn contract() -> Contract {
        running()
    }

    fn app(self: &Arc<Self>) -> App {
        let contract = running();
        let (mut app, _) = app(with(&contract));
        app.desk.ledger = Arc::new(self.ledger());
        app.confidential = Arc::new(self.confidential());
        let mut people = MockPeople::new();
        people.expect_users().returning(|_| Ok(Vec::new()));
        people.expect_user().returning(|_, _| Ok(None));
        app.gate = testing::gate(people);
        app.legal = self.sources();
        app
    }

    fn ledger(self: &Arc<Self>) -> MockLedger {
        let mut ledger = MockLedger::new();
        let w = self.clone();
        ledger
            .expect_commit()
            .returning(move |decision| w.commit(&decision.writes, &decision.messages));
        ledger.expect_remembered().returning(|_, _| Ok(None));
        ledger.expect_sent().returning(|_| Ok(()));
        ledger
    }

    fn commit(&self, writes: &[Write], messages: &[Message]) -> Result<(), CommitError> {
        for write in writes {
            match write {
                Write::Disclosure(case, entry) => {
                    let mut cases = self.cases.lock().unwrap();
                    let before = cases.iter().position(|known| known.id == case.id);
                    let version = before.map_or(0, |place| cases[place].version);
                    if case.version != version + 1 {
                        return Err(CommitError::Conflict(WriteKind::Entity));
                    }
                    cases.retain(|known| known.id != case.id);
                    cases.push((**case).clone());
                    self.entries.lock().unwrap().push((**entry).clone());
                }
                Write::HoldCopy(copy) => self.copies.lock().unwrap().push((**copy).clone()),
                Write::Holds(holds) => *self.holds.lock().unwrap() = Some((**holds).clone()),
                Write::Breach(breach) => {
                    let mut breaches = self.breaches.lock().unwrap();
                    breaches.retain(|known| known.id != breach.id);
                    breaches.push((**breach).clone());
                }
                _ => *self.foreign_writes.lock().unwrap() += 1,
            }
        }
        self.messages.lock().unwrap().extend(messages.to_vec());
        Ok(())
    }

    fn confidential(self: &Arc<Self>) -> MockConfidential {
        let mut confidential = MockConfidential::new();
        let w = self.clone();
        confidential.expect_holds().returning(move |id| {
            let holds = w.holds.lock().unwrap().clone();
            Ok(holds.unwrap_or_else(|| Holds::none(id.clone())))
        });
        let w = self.clone();
        confidential
            .expect_note_reading()
            .returning(move |reading| {
                w.readings.lock().unwrap().push(reading.clone());
                Ok(())
            });
        let w = self.clone();
        confidential.expect_readings().returning(move |what, _| {
            let readings = w.readings.lock().unwrap();
            Ok(readings
                .iter()
                .filter(|r| r.what == what)
                .cloned()
                .collect())
        });
        confidential
    }

    fn sources(self: &Arc<Self>) -> Sources {
        let mut files = MockCaseFiles::new();
        let w = self.clone();
        files.expect_put().returning(move |key, _, file| {
            w.files.lock().unwrap().insert(key.to_owned(), file);
            Ok(())
        });
        files
            .expect_link()
            .returning(|key, _| Ok(format!("https://files.example.jp/{key}?signature")));
        let (mut devices, mut billing) = (MockDevices::new(), MockBilling::new());
        devices.expect_devices().returning(|_| Ok(Vec::new()));
        devices.expect_cameras().returning(|_| Ok(vec![camera()]));
        billing.expect_invoices().returning(|_| Ok(Vec::new()));
        billing.expect_receipts().returning(|_| Ok(Vec::new()));
        let (mut notices, mut audit) = (MockNotices::new(), MockAudit::new());
        notices
            .expect_of_contract()
            .returning(|_, _| Ok(Vec::new()));
        audit.expect_trail().returning(|_, _| Ok(Vec::new()));
        Sources {
            disclosures: Arc::new(self.disclosures()),
            files: Arc::new(files),
            devices: Arc::new(devices),
            billing: Arc::new(billing),
            notices: Arc::new(notices),
            audit: Arc::new(audit),
        }
    }

    fn disclosures(self: &Arc<Self>) -> MockDisclosures {
        let mut disclosures = MockDisclosures::new();
        let w = self.clone();
        disclosures.expect_disclosure().returning(move |id| {
            let cases = w.cases.lock().unwrap();
            Ok(cases.iter().find(|case| case.id == *id).cloned())
        });
        let w = self.clone();
        disclosures
            .expect_disclosures()
            .returning(move || Ok(w.cases.lock().unwrap().clone()));
        let w = self.clone();
        disclosures
            .expect_disclosure_history()
            .returning(move |_| Ok(w.entries.lock().unwrap().clone()));
        let w = self.clone();
        disclosures
            .expect_hold_copies()
            .returning(move |_| Ok(w.copies.lock().unwrap().clone()));
        let w = self.clone();
        disclosures
            .expect_breaches()
            .returning(move || Ok(w.breaches.lock().unwrap().clone()));
        let w = self.clone();
        disclosures.expect_breach().returning(move |id| {
            let breaches = w.breaches.lock().unwrap();
            Ok(breaches.iter().find(|one| one.id == *id).cloned())
        });
        disclosures
    }

    /// Sends a request through the guard and returns everything that the sender sees.
    pub async fn sends(
        self: &Arc<Self>,
        session: Option<&Session>,
        (method, path): (&str, &str),
        (kind, body): (&str, Vec<u8>),
    ) -> (StatusCode, HeaderMap, String) {
        let app = self.app();
        let gate = app.gate.clone();
        let mut request = Request::builder().method(method).uri(path);
        match method {
            "GET" => request = request.header("accept", "text/html"),
            _ => request = request.header("content-type", kind),
        }
        if let Some(session) = session {
            let cookie = gate.sealer.seal(COOKIE, session, LIFETIME);
            request = request
                .header("cookie", cookie.split(';').next().unwrap())
                .header("x-csrf-token", gate.sealer.token(Some(session), now()));
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(now());
        let response = guarded(router(app), gate).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        (parts.status, parts.headers, body)
    }

    /// Posts a command and returns its status and code, or an empty text.
    pub async fn posts(self: &Arc<Self>, by: &str, path: &str, body: Value) -> (u16, String) {
        let content = ("application/json", body.to_string().into_bytes());
        let session = legal(by);
        let (status, _, body) = self.sends(Some(&session), ("POST", path), content).await;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let code = body["errors"][0]["code"].as_str().or(body["code"].as_str());
        (status.as_u16(), code.unwrap_or_default().to_owned())
    }

    /// Posts a command on the case.
    pub async fn on_case(self: &Arc<Self>, by: &str, command: &str, body: Value) -> (u16, String) {
        let path = format!("/console/disclosures/{}/{command}", case_id());
        self.posts(by, &path, body).await
    }

    pub async fn page(self: &Arc<Self>, by: &str, path: &str) -> (u16, String) {
        let session = legal(by);
        let nothing = ("", Vec::new());
        let (status, _, body) = self.sends(Some(&session), ("GET", path), nothing).await;
        (status.as_u16(), body)
    }

    /// Adds a scan to the case.
    pub async fn uploads(self: &Arc<Self>, by: &str, file: &[u8]) -> StatusCode {
        let head =
            "--x\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a.pdf\"\r\n\r\n";
        let body = [head.as_bytes(), file, b"\r\n--x--\r\n"].concat();
        let path = format!("/console/disclosures/{}/documents", case_id());
        let content = ("multipart/form-data; boundary=x", body);
        let session = legal(by);
        let (status, ..) = self.sends(Some(&session), ("POST", &path), content).await;
        status
    }
}
