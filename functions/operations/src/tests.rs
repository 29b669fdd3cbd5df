//! Commands on contracts, publication, screening lists and the register with mocked ports.
#![allow(clippy::unwrap_used)]

mod billing;
mod importing;
mod interruptions;
mod lists;
mod loading;
mod measures;
mod orders;
mod particulars;
mod processors;
mod publication;
mod register;
mod resellers;
mod service_end;
mod staff_views;
mod terms;
mod third_parties;
mod uploading;
mod waiting;

use std::sync::Mutex;

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Case, Contract, Facts, evolve, perform};
use ciero_domain::documents::Operator;
use ciero_domain::ids::ContractId;
use ciero_domain::interruption::Interruption;
use ciero_domain::notice::NoticeRecord;
use ciero_domain::prices::PriceList;
use ciero_domain::processor::Register;
use ciero_domain::reseller::{ResellerAccount, ResoldFee};
use ciero_domain::samples::up_to_date;
use ciero_domain::screening::ListHeader;
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::staff_view::StaffView;
use ciero_domain::terms::{Answered, Draft, Sighting, TermsVersion};
use ciero_domain::third_party::ThirdPartyTerms;
use ciero_ports::{
    CloudError, CommitError, ContractPage, Decision, MockAudit, MockBilling, MockCaseFiles,
    MockCases, MockChance, MockConfidential, MockContracts, MockDevices, MockDisclosures,
    MockDocuments, MockDueWork, MockInterruptions, MockLedger, MockListFiles, MockNotices,
    MockPeople, MockQueues, MockRegisters, MockResellers, MockServiceEnds, MockStaffViews,
    MockTermsChanges, MockWebsite, Parked, SeenPage, Write, WriteKind,
};
use ciero_runtime::{COOKIE, LIFETIME, Role, Session, testing};
use jiff::civil::Date;
use serde_json::json;

use super::*;

pub(crate) fn now() -> Moment {
    Moment("2026-06-01T03:00:00Z".parse().unwrap())
}

fn today() -> Date {
    tokyo_date(now().0)
}

#[derive(Default)]
pub(crate) struct Known {
    operator: Option<Operator>,
    prices: Option<PriceList>,
    terms: Vec<TermsVersion>,
    contracts: Vec<Contract>,
    lists: Vec<ListHeader>,
    cases: Vec<Case>,
    parked: Vec<Parked>,
    /// References of payments that were recorded before.
    references: Vec<String>,
    /// Customers of any reseller, and its fees on no invoice.
    customers: Vec<ContractId>,
    unbilled: Vec<ResoldFee>,
    account: Option<ResellerAccount>,
    drafts: Vec<Draft>,
    interruptions: Vec<Interruption>,
    processors: Vec<Register>,
    third_party_terms: Vec<ThirdPartyTerms>,
    service_end: Option<ServiceEnd>,
    staff_view: Option<StaffView>,
    notices: Vec<NoticeRecord>,
    /// What the public website answers; nothing if it does not.
    website: Option<Answered>,
    seen: Arc<Mutex<(Vec<Sighting>, Vec<SeenPage>)>>,
}

pub(crate) type Committed = Arc<Mutex<Vec<Decision>>>;

pub(crate) fn app(known: Known) -> (App, Committed) {
    let committed = Committed::default();
    let mut documents = MockDocuments::new();
    let Known {
        operator,
        prices,
        terms,
        contracts,
        lists,
        cases,
        parked,
        references,
        customers,
        unbilled,
        account,
        drafts,
        interruptions,
        processors,
        third_party_terms,
        service_end,
        staff_view,
        notices,
        website,
        seen,
    } = known;
    let mut resellers = MockResellers::new();
    resellers
        .expect_customers()
        .returning(move |_, _| Ok(customers.clone()));
    resellers
        .expect_unbilled()
        .returning(move |_, _, _| Ok(unbilled.clone()));
    resellers.expect_account().returning(move |code| {
        let account = account.clone();
        Ok(account.filter(|account| account.code == code))
    });
    documents
        .expect_operator()
        .returning(move || Ok(operator.clone()));
    documents
        .expect_price_lists()
        .returning(move || Ok(prices.clone().into_iter().collect()));
    documents
        .expect_terms_versions()
        .returning(move || Ok(terms.clone()));
    let all_contracts = contracts.clone();
    let mut agreed = MockContracts::new();
    let all = contracts.clone();
    agreed
        .expect_contract()
        .returning(move |id| Ok(all.iter().find(|c| c.id == *id).cloned()));
    agreed.expect_page().returning(move |_| {
        Ok(ContractPage {
            contracts: contracts.iter().map(|c| c.id.clone()).collect(),
            next: None,
        })
    });
    let mut ledger = MockLedger::new();
    let kept = committed.clone();
    ledger.expect_commit().returning(move |decision| {
        let mut kept = kept.lock().unwrap();
        let known = |new: &str| references.iter().any(|known| known == new);
        let before = |new: &str| kept.iter().flat_map(payments).any(|known| known == new);
        if payments(decision).any(|new| known(new) || before(new)) {
            return Err(CommitError::Conflict(WriteKind::Receipt));
        }
        kept.push(decision.clone());
        Ok(())
    });
    ledger.expect_remembered().returning(|_, _| Ok(None));
    ledger.expect_sent().returning(|_| Ok(()));
    let mut queues = MockQueues::new();
    queues.expect_send().returning(|messages| messages.to_vec());
    let mut chance = MockChance::new();
    chance.expect_id().returning(|| [9; 10]);
    let mut confidential = MockConfidential::new();
    confidential.expect_register().returning(|| Ok(Vec::new()));
    confidential.expect_note_reading().returning(|_| Ok(()));
    confidential
        .expect_screening_lists()
        .returning(move || Ok(lists.clone()));
    let mut open_cases = MockCases::new();
    open_cases
        .expect_case()
        .returning(move |id| Ok(cases.iter().find(|case| case.id == *id).cloned()));
    let mut due = MockDueWork::new();
    due.expect_parked().returning(move || Ok(parked.clone()));
    due.expect_unpark().returning(|_| Ok(()));
    due.expect_failed().returning(|_, _, _| Ok(()));
    let mut recorded = MockInterruptions::new();
    recorded
        .expect_interruptions()
        .returning(move || Ok(interruptions.clone()));
    let mut ends = MockServiceEnds::new();
    ends.expect_service_end()
        .returning(move || Ok(service_end.clone()));
    let (views, devices) = staff_views::ports(&all_contracts, staff_view);
    let mut told = MockNotices::new();
    told.expect_notice()
        .returning(move |id| Ok(notices.iter().find(|line| line.id == *id).cloned()));
    let mut visited = MockWebsite::new();
    visited.expect_visit().returning(move |_, _| {
        let nothing = || CloudError {
            service: "the website",
            detail: "no answer".into(),
        };
        website.clone().ok_or_else(nothing)
    });
    let app = App {
        gate: testing::gate(MockPeople::new()),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(queues),
        },
        contracts: Arc::new(agreed),
        resellers: Arc::new(resellers),
        cases: Arc::new(open_cases),
        due: Arc::new(due),
        documents: Arc::new(documents),
        confidential: Arc::new(confidential),
        list_files: Arc::new(MockListFiles::new()),
        legal: legal::Sources {
            disclosures: Arc::new(MockDisclosures::new()),
            files: Arc::new(MockCaseFiles::new()),
            devices: Arc::new(devices),
            billing: Arc::new(MockBilling::new()),
            notices: Arc::new(MockNotices::new()),
            audit: Arc::new(MockAudit::new()),
        },
        chance: Arc::new(chance),
        changes: Arc::new(changes(drafts, seen)),
        interruptions: Arc::new(recorded),
        registers: Arc::new(registers(processors, third_party_terms)),
        website: Arc::new(visited),
        service_ends: Arc::new(ends),
        staff_views: Arc::new(views),
        notices: Arc::new(told),
    };
    (app, committed)
}

fn registers(processors: Vec<Register>, third_party_terms: Vec<ThirdPartyTerms>) -> MockRegisters {
    let mut mock = MockRegisters::new();
    mock.expect_processors()
        .returning(move || Ok(processors.clone()));
    mock.expect_third_party_terms()
        .returning(move || Ok(third_party_terms.clone()));
    mock
}

fn changes(
    drafts: Vec<Draft>,
    seen: Arc<Mutex<(Vec<Sighting>, Vec<SeenPage>)>>,
) -> MockTermsChanges {
    let mut mock = MockTermsChanges::new();
    mock.expect_draft()
        .returning(move |name| Ok(drafts.iter().find(|draft| draft.name == name).cloned()));
    let kept = seen.clone();
    mock.expect_note_sighting().returning(move |sighting| {
        seen.lock().unwrap().0.push(sighting.clone());
        Ok(())
    });
    mock.expect_keep_page().returning(move |page| {
        kept.lock().unwrap().1.push(page.clone());
        Ok(())
    });
    mock
}

/// The references of the payments that a decision records.
fn payments(decision: &Decision) -> impl Iterator<Item = &str> {
    decision.writes.iter().filter_map(|write| match write {
        Write::Receipt(_, receipt, _) => Some(receipt.reference.as_str()),
        Write::ResellerReceipt(receipt) => Some(receipt.reference.as_str()),
        _ => None,
    })
}

/// An operator's session.
pub(crate) fn operator(name: &str, groups: &[&str]) -> Session {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Session {
        id: name.into(),
        at: now().0,
        role: Role::Operator {
            name: name.into(),
            groups,
        },
    }
}

/// What a command came to.
struct Came {
    status: u16,
    body: Value,
    committed: Vec<Decision>,
}

impl Came {
    /// The code of a refusal, or of its first refused field.
    fn code(&self) -> &str {
        let field = &self.body["errors"][0]["code"];
        let code = field.as_str().or(self.body["code"].as_str());
        code.unwrap_or_default()
    }

    /// The writes of the only decision.
    fn writes(&self) -> &[Write] {
        assert_eq!(self.committed.len(), 1, "{}", self.body);
        &self.committed[0].writes
    }

    /// The actions of the audit rows, each with its actor.
    fn trail(&self) -> Vec<(String, String)> {
        let rows = self.writes().iter().filter_map(|write| match write {
            Write::Audit(row) => Some((row.actor.clone(), row.action.clone())),
            _ => None,
        });
        rows.collect()
    }

    #[track_caller]
    fn is_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        assert!(self.committed.is_empty());
    }
}

/// Posts a command to a service that knows these things.
async fn post(known: Known, session: &Session, path: &str, body: Value) -> Came {
    let (app, committed) = app(known);
    let gate = app.gate.clone();
    let (status, body) = testing::post(router(app), &gate, Some(session), now(), path, &body).await;
    let committed = committed.lock().unwrap().clone();
    Came {
        status,
        body,
        committed,
    }
}

/// A contract since 1 March 2026 whose first invoice of 1 March, due on 30 April, is unpaid.
pub(crate) fn running() -> Contract {
    let (contract, _) = ciero_domain::samples::contract(jiff::civil::date(2026, 3, 1));
    let facts = facts();
    let first = contract.owed().into_iter().min().unwrap();
    let entry = perform(&contract, &first, &facts, contract.formed_at).unwrap();
    evolve(Some(&contract), &entry).unwrap()
}

/// The published documents of the sample publication.
fn facts() -> Facts {
    let published = publication()["publish"].clone();
    let prices: Vec<PriceList> = serde_json::from_value(published["prices"].clone()).unwrap();
    Facts {
        operator: serde_json::from_value(published["operator"].clone()).unwrap(),
        prices,
        terms: vec![version("2020-04-01")],
    }
}

/// A service with one contract.
pub(crate) fn with(contract: &Contract) -> Known {
    let facts = facts();
    let contract = up_to_date(contract.clone(), &facts, today());
    Known {
        operator: Some(facts.operator),
        prices: facts.prices.first().cloned(),
        terms: facts.terms,
        contracts: vec![contract],
        ..Known::default()
    }
}

/// Where the commands on a contract are.
fn path(contract: &Contract, command: &str) -> String {
    format!("/console/contracts/{}/{command}", contract.id)
}

/// A sample event's body.
pub(crate) fn sample(event: &str) -> Value {
    let event: Value = serde_json::from_str(event).unwrap();
    serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
}

fn publication() -> Value {
    serde_json::from_str(include_str!("../../../events/operations/publication.json")).unwrap()
}

async fn publish(known: Known, payload: Value) -> (anyhow::Result<Value>, Vec<Decision>) {
    let (app, committed) = app(known);
    let answer = app.on_event(Event::Direct(payload), now()).await;
    let committed = committed.lock().unwrap().clone();
    (answer, committed)
}

fn version(name: &str) -> TermsVersion {
    let day = jiff::civil::date(2020, 4, 1);
    TermsVersion {
        version: name.into(),
        published_on: day,
        effective_from: day,
        hash_ja: "x".into(),
        hash_en: "x".into(),
        supersedes: None,
    }
}

fn contract() -> Contract {
    serde_json::from_value(json!({
        "id": "c-0000000000000000", "version": 1, "application": "a-0000000000000000", "formed_at": "2026-04-01T00:00:00Z",
        "customer": {"customer": {"kind": "other_body"}, "name": "見本組合", "name_kana": "ミホン", "representative": null,
            "address": {"postal_code": "1000001", "prefecture": 13, "line": "千代田1-1"}, "phone": "0300000000",
            "contact_name": "見本 花子", "contact_email": "hanako@example.jp"},
        "channel": "direct", "language": "ja", "terms_version": "2020-04-01", "standing": {"status": "active"}, "orders": [],
    }))
    .unwrap()
}
