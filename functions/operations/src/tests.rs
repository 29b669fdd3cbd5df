//! Publication, screening lists and the register with mocked ports.
#![allow(clippy::unwrap_used)]

mod lists;
mod publication;
mod register;

use std::sync::Mutex;

use ciero_domain::contract::Contract;
use ciero_domain::documents::Operator;
use ciero_domain::prices::PriceList;
use ciero_domain::screening::ListHeader;
use ciero_domain::terms::TermsVersion;
use ciero_ports::{
    Decision, MockChance, MockConfidential, MockContracts, MockDocuments, MockLedger,
    MockListFiles, MockPeople, MockQueues, Write,
};
use ciero_runtime::{COOKIE, LIFETIME, Role, Session, testing};
use serde_json::json;

use super::*;

fn now() -> Moment {
    Moment("2026-06-01T03:00:00Z".parse().unwrap())
}

#[derive(Default)]
struct Known {
    operator: Option<Operator>,
    prices: Option<PriceList>,
    terms: Vec<TermsVersion>,
    contracts: Vec<Contract>,
    lists: Vec<ListHeader>,
}

type Committed = Arc<Mutex<Vec<Decision>>>;

fn app(known: Known) -> (App, Committed) {
    let committed = Committed::default();
    let mut documents = MockDocuments::new();
    let Known {
        operator,
        prices,
        terms,
        contracts,
        lists,
    } = known;
    documents
        .expect_operator()
        .returning(move || Ok(operator.clone()));
    documents
        .expect_prices()
        .returning(move |_| Ok(prices.clone()));
    documents
        .expect_terms_versions()
        .returning(move || Ok(terms.clone()));
    let mut agreed = MockContracts::new();
    agreed
        .expect_contracts()
        .returning(move || Ok(contracts.clone()));
    let mut ledger = MockLedger::new();
    let kept = committed.clone();
    ledger.expect_commit().returning(move |decision| {
        kept.lock().unwrap().push(decision.clone());
        Ok(())
    });
    ledger.expect_sent().returning(|_| Ok(()));
    let mut queues = MockQueues::new();
    queues.expect_send().returning(|messages| messages.to_vec());
    let mut chance = MockChance::new();
    chance.expect_id().returning(|| [9; 10]);
    let mut confidential = MockConfidential::new();
    confidential.expect_register().returning(|| Ok(Vec::new()));
    confidential
        .expect_screening_lists()
        .returning(move || Ok(lists.clone()));
    let app = App {
        gate: testing::gate(MockPeople::new()),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(queues),
        },
        contracts: Arc::new(agreed),
        documents: Arc::new(documents),
        confidential: Arc::new(confidential),
        list_files: Arc::new(MockListFiles::new()),
        chance: Arc::new(chance),
    };
    (app, committed)
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
