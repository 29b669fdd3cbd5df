//! Measures: their ground and evidence, the register, and the second operator (13-1, 17-2, 3-4-4).

use ciero_domain::contract::{CaseKind, Command, Measure, MeasureGround, Standing, Step};
use ciero_domain::screening::{RegisterCause, RegisterEntry};
use jiff::civil::date;

use super::*;

const MEASURE: &str = include_str!("../../../../events/operations/measure.json");

async fn check(contract: &Contract, by: &str, command: &str, body: Value) -> Came {
    let session = operator(by, &["contracts"]);
    post(with(contract), &session, &path(contract, command), body).await
}

fn measure() -> Measure {
    Measure {
        ground: MeasureGround::SoftwareMisuse,
        evidence: "case 018".into(),
        arose_on: date(2026, 5, 30),
    }
}

fn after(contract: &Contract, command: Command, by: &str) -> Contract {
    let entry = contract.decide(command, by, &facts(), now().0).unwrap();
    evolve(Some(contract), &entry).unwrap()
}

/// A contract whose rescission suzuki proposed, with its case.
fn proposed() -> Known {
    let command = Command::ProposeRescission(measure());
    let contract = running();
    let entry = contract.decide(command, "operator:suzuki", &facts(), now().0);
    let step = Step::of(Some(&contract), entry.unwrap(), &facts().operator).unwrap();
    Known {
        cases: step.case.into_iter().collect(),
        ..with(&step.contract)
    }
}

async fn on_proposal(by: &str, command: &str, body: Value) -> Came {
    let known = proposed();
    let path = path(&known.contracts[0], command);
    post(known, &operator(by, &["contracts"]), &path, body).await
}

/// Who closed the case that waited for a second operator.
fn closed_by(came: &Came) -> Option<String> {
    came.writes().iter().find_map(|write| match write {
        Write::Case(case) => {
            assert_eq!(case.kind, CaseKind::RescissionProposed);
            Some(case.closed.clone()?.by)
        }
        _ => None,
    })
}

fn registered(came: &Came) -> Vec<&RegisterEntry> {
    let entries = came.writes().iter().filter_map(|write| match write {
        Write::Register(entry) => Some(entry.as_ref()),
        _ => None,
    });
    entries.collect()
}

fn standing(came: &Came) -> &Standing {
    let found = came.writes().iter().find_map(|write| match write {
        Write::Contract(contract, _) => Some(&contract.standing),
        _ => None,
    });
    found.unwrap()
}

#[tokio::test]
async fn a_suspension_puts_the_customer_on_the_register_in_the_same_transaction() {
    let contract = running();
    let came = check(&contract, "suzuki", "measures", sample(MEASURE)).await;
    assert_eq!(came.status, 200);
    assert!(matches!(standing(&came), Standing::Suspended { clause, .. } if clause == "13-1"));
    let entries = registered(&came);
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert_eq!(entry.cause, RegisterCause::Measure);
    assert_eq!(entry.name, contract.customer.name);
    assert_eq!(entry.email, contract.customer.contact_email);
    assert_eq!(entry.recorded_by, "suzuki");
}

#[tokio::test]
async fn neither_the_trail_nor_the_answer_tells_the_evidence() {
    let came = check(&running(), "suzuki", "measures", sample(MEASURE)).await;
    let evidence = sample(MEASURE)["evidence"].as_str().unwrap().to_owned();
    assert!(!came.body.to_string().contains(&evidence));
    for write in came.writes() {
        if let Write::Audit(row) = write {
            assert!(!row.detail.to_string().contains(&evidence));
        }
    }
    assert!(!format!("{:?}", came.committed[0].messages).contains(&evidence));
}

#[tokio::test]
async fn a_measure_without_ground_evidence_or_a_true_day_is_refused() {
    let with = |field: &str, value: &str| {
        let mut body = sample(MEASURE);
        body[field] = json!(value);
        body
    };
    for command in ["measures", "rescission"] {
        for (field, value, status, code) in [
            ("ground", "", 422, "ground_missing"),
            ("ground", "13-1-9", 422, "choice"),
            ("evidence", " \n", 422, "evidence_missing"),
            ("arose_on", "2026-02-29", 422, "date"),
            ("arose_on", "2026-06-02", 409, "ground_in_the_future"),
            ("ground", "13-1-2", 409, "demand_missing"),
        ] {
            let came = check(&running(), "suzuki", command, with(field, value)).await;
            came.is_refused(status, code);
        }
    }
}

#[tokio::test]
async fn a_suspension_is_lifted_with_a_reason_only() {
    let suspended = after(&running(), Command::Suspend(measure()), "operator:suzuki");
    let lift = sample(include_str!("../../../../events/operations/lift.json"));
    let came = check(&suspended, "suzuki", "lift", lift.clone()).await;
    assert_eq!((came.status, standing(&came)), (200, &Standing::Active));
    let silent = check(&suspended, "suzuki", "lift", json!({})).await;
    silent.is_refused(422, "reason_missing");
    let came = check(&running(), "suzuki", "lift", lift).await;
    came.is_refused(409, "not_suspended");
}

#[tokio::test]
async fn a_rescission_needs_another_operator() {
    let body = sample(include_str!(
        "../../../../events/operations/rescission.json"
    ));
    let came = check(&running(), "suzuki", "rescission", body).await;
    assert_eq!((came.status, registered(&came).len()), (200, 0));
    assert!(
        came.committed[0].messages.is_empty(),
        "nobody is told of a proposal"
    );
    let same = on_proposal("suzuki", "rescission/approval", json!({})).await;
    same.is_refused(409, "second_operator_needed");
    let other = on_proposal("sato", "rescission/approval", json!({})).await;
    assert_eq!((other.status, registered(&other).len()), (200, 1));
    assert_eq!(closed_by(&other).as_deref(), Some("operator:sato"));
    assert!(matches!(
        standing(&other),
        Standing::Ended { at_once: true, .. }
    ));
    let none = check(&running(), "sato", "rescission/approval", json!({})).await;
    none.is_refused(409, "nothing_proposed");
}

#[tokio::test]
async fn a_proposal_can_be_taken_back() {
    let body = sample(include_str!(
        "../../../../events/operations/rescission-withdrawal.json"
    ));
    let came = on_proposal("suzuki", "rescission/withdrawal", body).await;
    assert_eq!(came.status, 200);
    assert_eq!(closed_by(&came).as_deref(), Some("operator:suzuki"));
    let row = (
        "operator:suzuki".to_owned(),
        "rescission_withdrawn".to_owned(),
    );
    assert_eq!(came.trail(), [row]);
}
