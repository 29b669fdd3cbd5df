//! Publication and the register with mocked ports.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use ciero_domain::contract::Contract;
use ciero_domain::documents::Operator;
use ciero_domain::prices::PriceList;
use ciero_domain::terms::TermsVersion;
use ciero_ports::{
    Decision, MockChance, MockConfidential, MockContracts, MockDocuments, MockLedger, MockPeople,
    MockQueues, Write,
};
use ciero_runtime::{Role, Session, testing};
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
    let app = App {
        gate: testing::gate(MockPeople::new()),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(queues),
        },
        contracts: Arc::new(agreed),
        documents: Arc::new(documents),
        confidential: Arc::new(confidential),
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

#[tokio::test]
async fn the_first_publication_stores_everything_and_tells_nobody() {
    let (answer, committed) = publish(Known::default(), publication()).await;
    let published: Vec<String> =
        serde_json::from_value(answer.unwrap()["published"].clone()).unwrap();
    assert_eq!(
        published,
        ["operator", "prices/2026-04-01", "terms/2026-04-01"]
    );
    assert!(
        committed
            .iter()
            .all(|decision| decision.messages.is_empty())
    );
}

#[tokio::test]
async fn the_same_publication_again_changes_nothing() {
    let (_, committed) = publish(Known::default(), publication()).await;
    let mut known = Known::default();
    for write in committed.into_iter().flat_map(|decision| decision.writes) {
        match write {
            Write::Operator(operator) => known.operator = Some(*operator),
            Write::Prices(list) => known.prices = Some(*list),
            Write::Terms(text) => known.terms.push(text.version),
            other => panic!("{other:?}"),
        }
    }
    let (answer, committed) = publish(known, publication()).await;
    assert_eq!(answer.unwrap()["unchanged"].as_array().unwrap().len(), 3);
    assert!(committed.is_empty());
}

#[tokio::test]
async fn a_later_version_of_the_terms_is_told_to_every_contract() {
    let known = Known {
        terms: vec![version("2020-04-01")],
        contracts: vec![contract()],
        ..Known::default()
    };
    let (answer, committed) = publish(known, publication()).await;
    answer.unwrap();
    let told: usize = committed
        .iter()
        .map(|decision| decision.messages.len())
        .sum();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_published_version_with_other_content_is_refused() {
    let known = Known {
        terms: vec![version("2026-04-01")],
        ..Known::default()
    };
    let (answer, committed) = publish(known, publication()).await;
    assert!(
        answer
            .unwrap_err()
            .to_string()
            .contains("published with other content")
    );
    assert!(
        !committed
            .iter()
            .flat_map(|d| &d.writes)
            .any(|w| matches!(w, Write::Terms(_)))
    );
}

#[tokio::test]
async fn terms_that_apply_too_early_are_refused_before_anything_is_stored() {
    let mut payload = publication();
    payload["publish"]["terms"][0]["published_on"] = json!("2026-03-02");
    payload["publish"]["terms"][0]["effective_from"] = json!("2026-04-02");
    let (answer, committed) = publish(Known::default(), payload).await;
    assert!(
        answer
            .unwrap_err()
            .to_string()
            .contains("2026-04-03 at the earliest (23-2)")
    );
    assert!(committed.is_empty());
}

#[tokio::test]
async fn documents_that_make_no_sense_are_refused() {
    for (pointer, value) in [
        ("/publish/operator/service_name", json!("")),
        ("/publish/operator/device_models", json!([])),
        ("/publish/prices/0/plans", json!([])),
        ("/publish/prices/0/plans/0/yearly_yen", json!(-1)),
        ("/publish/prices/0/tax_percent", json!(1000)),
        ("/publish/terms/0/ja", json!(" ")),
        ("/publish/terms/0/effective_from", json!("2026-02-30")),
    ] {
        let mut payload = publication();
        *payload.pointer_mut(pointer).unwrap() = value;
        let (answer, committed) = publish(Known::default(), payload).await;
        assert!(answer.is_err() && committed.is_empty(), "{pointer}");
    }
}

fn operator(groups: &[&str]) -> Session {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Session {
        id: "o".into(),
        at: now().0,
        role: Role::Operator {
            name: "sato".into(),
            groups,
        },
    }
}

async fn record(session: &Session, body: Value) -> (u16, Value, Vec<Decision>) {
    let (app, committed) = app(Known::default());
    let gate = app.gate.clone();
    let (status, answer) = testing::post(
        router(app),
        &gate,
        Some(session),
        now(),
        "/console/register",
        &body,
    )
    .await;
    let committed = committed.lock().unwrap().clone();
    (status, answer, committed)
}

#[tokio::test]
async fn a_screener_adds_an_entry_with_its_own_name_on_it() {
    let body = json!({ "cause": "violation", "name": "見本 三郎", "note": "unpaid" });
    let (status, _, committed) = record(&operator(&["screener"]), body).await;
    assert_eq!(status, 201);
    assert!(
        matches!(&committed[0].writes[0], Write::Register(entry) if entry.recorded_by == "sato" && entry.name == "見本 三郎")
    );
}

#[tokio::test]
async fn an_entry_that_would_match_nobody_is_refused() {
    let (status, answer, committed) = record(
        &operator(&["screener"]),
        json!({ "cause": "measure", "note": "x" }),
    )
    .await;
    assert_eq!(
        (
            status,
            answer["errors"][0]["field"].as_str().unwrap(),
            committed.len()
        ),
        (422, "name", 0)
    );
    let (status, ..) = record(
        &operator(&["screener"]),
        json!({ "cause": "grudge", "name": "x", "note": "x" }),
    )
    .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn to_everyone_but_screeners_the_register_does_not_exist() {
    let (status, answer, committed) = record(
        &operator(&["support"]),
        json!({ "cause": "violation", "name": "x", "note": "x" }),
    )
    .await;
    assert_eq!(
        (status, answer["code"].as_str().unwrap(), committed.len()),
        (404, "not_found", 0)
    );
}

#[tokio::test]
async fn the_sample_of_an_entry_is_accepted() {
    let event: Value =
        serde_json::from_str(include_str!("../../../events/operations/register.json")).unwrap();
    let body = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    assert_eq!(record(&operator(&["screener"]), body).await.0, 201);
}
