//! A cancellation ends the contract on a chosen day from today on, without refund (15-1).

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Ending, Standing, TerminationCause};
use ciero_domain::notice::Notice;
use ciero_ports::{Body, Write};
use jiff::civil::date;
use serde_json::{Value, json};

use super::bench::{Bench, HANAKO, JIRO, Reply, Scene, now};

const PATH: &str = "/contract/cancellation";

fn body(on: &str) -> Value {
    json!({"on": on, "confirm": "on"})
}

async fn cancel(bench: &Bench, on: &str) -> Reply {
    bench.post(HANAKO, PATH, &body(on)).await
}

async fn check(on: &str, status: u16, code: &str) {
    let bench = Scene::default().open();
    let reply = cancel(&bench, on).await;
    assert_eq!(reply.problem(), (status, code), "{on}");
    assert!(bench.written().is_empty(), "{on}");
}

#[tokio::test]
async fn a_cancellation_is_accepted_with_a_receipt_number_and_a_notice() {
    let bench = Scene::default().open();
    let reply = cancel(&bench, "2026-09-30").await;
    let decision = bench.decision();
    let Write::Contract(contract, entry) = &decision.writes[0] else {
        panic!("{decision:?}");
    };
    let ending = contract.ending.clone().unwrap();
    let number = ending.receipt.clone();
    assert!(number.starts_with("C-") && number.len() == 18, "{number}");
    let expected = Ending {
        on: date(2026, 9, 30),
        cause: TerminationCause::CustomerCancellation,
        receipt: number.clone(),
        received_at: now().0,
        received_on: tokyo_date(now().0),
    };
    assert_eq!(ending, expected);
    assert_eq!(contract.standing, Standing::Active);
    assert_eq!(entry.by, format!("user:{HANAKO}"));
    assert_eq!(
        (reply.status, reply.location),
        (200, format!("/contract?receipt={number}"))
    );
    assert_eq!(reply.body["receipt"], number.as_str());
    let Some(Write::Audit(audit)) = decision.writes.last() else {
        panic!("{decision:?}");
    };
    assert_eq!(audit.action, "contract_cancelled");
    assert!(matches!(
        &decision.messages[0].body,
        Body::Notice(Notice::CancellationReceived { receipt, .. }) if *receipt == number
    ));
}

#[tokio::test]
async fn the_end_is_due_on_the_day_after_the_last_day_and_two_weeks_before_it_a_reminder() {
    let bench = Scene::default().open();
    cancel(&bench, "2026-09-30").await;
    let armed: Vec<String> = bench
        .decision()
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::Arm(task) => Some(format!("{} {}", task.due, task.work.effect())),
            _ => None,
        })
        .collect();
    let owed = ["2026-09-16 backup-reminder/2026-09-30", "2026-10-01 end"];
    assert_eq!(armed, owed);
}

#[tokio::test]
async fn today_and_the_expiry_date_are_the_first_and_the_last_day() {
    for on in ["2026-06-01", "2027-03-31"] {
        assert_eq!(cancel(&Scene::default().open(), on).await.status, 200);
    }
    check("2026-05-31", 409, "cancellation_in_the_past").await;
    check("2027-04-01", 409, "cancellation_too_far").await;
    check("9999-12-31", 409, "cancellation_too_far").await;
}

#[tokio::test]
async fn a_day_that_is_none_is_refused() {
    for on in [
        "",
        "2026-02-30",
        "2026-09-30T00:00:00",
        "20260930",
        "tomorrow",
    ] {
        check(on, 422, "invalid_fields").await;
    }
}

#[tokio::test]
async fn nothing_is_cancelled_without_the_confirmation() {
    for confirm in ["", "off"] {
        let bench = Scene::default().open();
        let body = json!({"on": "2026-09-30", "confirm": confirm});
        let reply = bench.post(HANAKO, PATH, &body).await;
        assert_eq!(reply.problem(), (422, "invalid_fields"));
        assert_eq!(reply.body["errors"][0]["field"], "confirm");
        assert!(bench.written().is_empty());
    }
    let reply = Scene::default().open().post(HANAKO, PATH, &json!({})).await;
    assert_eq!(reply.body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_registered_user_cancels_nothing() {
    let bench = Scene::default().open();
    let reply = bench.post(JIRO, PATH, &body("2026-09-30")).await;
    assert_eq!(reply.problem(), (403, "not_administrator"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn a_contract_that_is_cancelled_or_over_is_not_cancelled_again() {
    let bench = Scene::default().open();
    cancel(&bench, "2026-09-30").await;
    let Write::Contract(contract, _) = bench.decision().writes[0].clone() else {
        panic!("{:?}", bench.decision());
    };
    let mut ended = contract.clone();
    ended.standing = Standing::Ended {
        on: date(2026, 5, 31),
        cause: TerminationCause::Expiry,
        at_once: false,
    };
    for (contract, code) in [(contract, "already_cancelled"), (ended, "contract_ended")] {
        let bench = Scene {
            contract: *contract,
            ..Scene::default()
        }
        .open();
        assert_eq!(cancel(&bench, "2026-09-30").await.problem(), (409, code));
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn a_suspended_contract_can_be_cancelled() {
    let mut scene = Scene::default();
    scene.contract.standing = Standing::Suspended {
        clause: "6-2".into(),
        since: now().0,
    };
    assert_eq!(cancel(&scene.open(), "2026-09-30").await.status, 200);
}
