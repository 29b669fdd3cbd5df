//! A change of particulars is decided by an operator of contracts, once, and its case is closed with it (Art. 4).

use ciero_domain::contract::{CaseKind, Command, Event, NewParticulars, Step};
use ciero_domain::particulars::Particulars;
use ciero_ports::Body;

use super::*;

const RECEIPT: &str = "P-0000000000000000";

fn suzuki() -> Session {
    operator("suzuki", &["contracts"])
}

/// A contract whose new name waits, with its case.
fn waiting() -> Known {
    let contract = running();
    let facts = ciero_domain::contract::Facts {
        operator: Operator::default(),
        prices: Vec::new(),
        terms: Vec::new(),
    };
    let change = Command::ChangeParticulars(Box::new(NewParticulars {
        receipt: RECEIPT.into(),
        effective_on: today(),
        particulars: Particulars {
            name: "株式会社新見本".into(),
            ..contract.customer.clone()
        },
    }));
    let entry = contract.decide(change, "user:u", &facts, now().0).unwrap();
    let step = Step::of(Some(&contract), entry, &facts.operator).unwrap();
    Known {
        cases: step.case.into_iter().collect(),
        ..with(&step.contract)
    }
}

async fn check(known: Known, command: &str, body: Value) -> Came {
    let contract = known.contracts[0].clone();
    post(known, &suzuki(), &path(&contract, command), body).await
}

fn event(came: &Came) -> &Event {
    let found = came.writes().iter().find_map(|write| match write {
        Write::Contract(_, entry) => Some(&entry.event),
        _ => None,
    });
    found.unwrap()
}

fn closed(came: &Came) -> Option<(CaseKind, String)> {
    came.writes().iter().find_map(|write| match write {
        Write::Case(case) => Some((case.kind, case.closed.clone()?.by)),
        _ => None,
    })
}

#[tokio::test]
async fn a_confirmed_change_counts_is_screened_and_closes_its_case() {
    let body = include_str!("../../../../events/operations/particulars-confirmation.json");
    let came = check(waiting(), "particulars/confirmation", sample(body)).await;
    assert_eq!(came.status, 200);
    assert!(matches!(event(&came), Event::ParticularsRegistered { .. }));
    let by = "operator:suzuki".to_owned();
    assert_eq!(closed(&came), Some((CaseKind::ChangeToReview, by)));
    let messages = &came.committed[0].messages;
    let again = |body: &Body| matches!(body, Body::RescreenCustomer(_));
    assert!(messages.iter().any(|message| again(&message.body)));
    let row = (
        "operator:suzuki".to_owned(),
        "particulars_registered".to_owned(),
    );
    assert_eq!(came.trail(), [row]);
}

#[tokio::test]
async fn a_refused_change_leaves_the_particulars_and_tells_the_reason() {
    let body = include_str!("../../../../events/operations/particulars-refusal.json");
    let came = check(waiting(), "particulars/refusal", sample(body)).await;
    assert_eq!(came.status, 200);
    assert!(matches!(event(&came), Event::ChangeRefused { .. }));
    assert!(closed(&came).is_some());
}

#[tokio::test]
async fn a_decision_without_a_change_or_a_reason_is_refused() {
    let other = json!({"receipt": "P-1111111111111111"});
    let came = check(waiting(), "particulars/confirmation", other).await;
    came.is_refused(409, "no_change_waiting");
    let none = json!({"receipt": RECEIPT});
    let came = check(with(&running()), "particulars/confirmation", none.clone()).await;
    came.is_refused(409, "no_change_waiting");
    let came = check(waiting(), "particulars/refusal", none).await;
    assert!(came.status == 409 || came.status == 422, "{}", came.status);
    assert!(came.committed.is_empty());
}
