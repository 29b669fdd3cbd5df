//! A refusal of renewal counts by the moment of its receipt, to 24:00 of the last day (Art. 11).

use axum::http::{Request, header};
use ciero_domain::contract::Event;
use ciero_domain::notice::Notice;
use ciero_ports::{Body, Decision, Write, WriteKind};
use ciero_runtime::Moment;
use serde_json::{Value, json};

use super::bench::{Bench, HANAKO, JIRO, Reply, Scene, now};

const PATH: &str = "/contract/refusal";

fn order() -> Value {
    json!({"order": "1"})
}

/// The function at a moment; the term ends on 31 March 2027.
fn bench_at(moment: &str) -> Bench {
    Scene {
        now: Moment(moment.parse().unwrap()),
        ..Scene::default()
    }
    .open()
}

async fn refuse(bench: &Bench) -> Reply {
    bench.post(HANAKO, PATH, &order()).await
}

/// The receipt number of the only refusal in a decision.
fn receipt(decision: &Decision) -> String {
    let refused = decision.writes.iter().find_map(|write| match write {
        Write::Contract(_, entry) => match &entry.event {
            Event::RefusalReceived { refused, .. } => Some(refused.receipt.clone()),
            _ => None,
        },
        _ => None,
    });
    refused.unwrap()
}

#[tokio::test]
async fn a_refusal_is_accepted_with_a_receipt_number_and_a_notice() {
    let bench = Scene::default().open();
    let reply = refuse(&bench).await;
    let decision = bench.decision();
    let number = receipt(&decision);
    assert!(number.starts_with("R-") && number.len() == 18, "{number}");
    assert_eq!(
        (reply.status, reply.location.as_str()),
        (200, format!("/contract?receipt={number}").as_str())
    );
    assert_eq!(reply.body["receipt"], number.as_str());
    let Write::Contract(contract, entry) = &decision.writes[0] else {
        panic!("{decision:?}");
    };
    assert_eq!((contract.version, entry.at), (3, now().0));
    assert_eq!(entry.by, format!("user:{HANAKO}"));
    assert!(!contract.orders[0].renews());
    let Some(Write::Audit(audit)) = decision.writes.last() else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (audit.actor.as_str(), audit.action.as_str()),
        (HANAKO, "renewal_refused")
    );
    assert!(matches!(
        &decision.messages[0].body,
        Body::Notice(Notice::RefusalReceived { receipt, .. }) if *receipt == number
    ));
}

#[tokio::test]
async fn what_was_due_before_a_refusal_is_done_before_it_is_decided() {
    let scene = Scene {
        is_overdue: true,
        ..Scene::default()
    };
    let bench = scene.open();
    assert_eq!(refuse(&bench).await.status, 200);
    let entries: Vec<bool> = bench
        .written()
        .iter()
        .flat_map(|decision| &decision.writes)
        .filter_map(|write| match write {
            Write::Contract(_, entry) => Some(matches!(entry.event, Event::RefusalReceived { .. })),
            _ => None,
        })
        .collect();
    assert_eq!(entries, [false, true], "the invoice, then the refusal");
}

#[tokio::test]
async fn reminders_that_would_be_untrue_are_void_from_the_refusal_on() {
    let bench = Scene::default().open();
    refuse(&bench).await;
    let decision = bench.decision();
    let void = decision.writes.iter().filter(
        |write| matches!(write, Write::Disarm(task) if task.work.effect().starts_with("reminder/")),
    );
    assert_eq!(void.count(), 1, "{decision:?}");
}

#[tokio::test]
async fn a_refusal_one_second_before_midnight_of_the_last_day_is_in_time() {
    assert_eq!(refuse(&bench_at("2027-03-01T14:59:59Z")).await.status, 200);
}

#[tokio::test]
async fn a_refusal_at_midnight_is_too_late_and_offers_the_cancellation() {
    let bench = bench_at("2027-03-01T15:00:00Z");
    let reply = refuse(&bench).await;
    assert_eq!(reply.problem(), (409, "refusal_too_late"));
    assert_eq!(reply.body["instead"], "/contract/cancellation");
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn a_browser_that_is_too_late_is_shown_the_way_to_the_cancellation() {
    let bench = bench_at("2027-03-01T15:00:00Z");
    let request = Request::post(PATH)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html");
    let mut request = request.body("order=1".into()).unwrap();
    bench.sign_in(&mut request, HANAKO);
    let page = bench.page(request).await;
    assert!(page.contains(r#"href="/contract/cancellation""#), "{page}");
}

#[tokio::test]
async fn the_same_request_under_its_key_gives_the_same_receipt() {
    let bench = Scene::default().open();
    let first = bench.post_as(HANAKO, PATH, &order(), Some("k1")).await;
    let again = bench.post_as(HANAKO, PATH, &order(), Some("k1")).await;
    assert_eq!(first, again);
    assert_eq!(bench.written().len(), 1);
    let other = json!({"order": "2"});
    let reply = bench.post_as(HANAKO, PATH, &other, Some("k1")).await;
    assert_eq!(reply.problem(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_refusal_that_is_overtaken_is_decided_again() {
    let bench = Scene {
        conflicts: vec![WriteKind::Entity],
        ..Scene::default()
    }
    .open();
    assert_eq!(refuse(&bench).await.status, 200);
    assert_eq!(bench.written().len(), 1);
}

#[tokio::test]
async fn a_second_refusal_is_told_of_the_first() {
    let bench = Scene::default().open();
    refuse(&bench).await;
    let Write::Contract(contract, _) = bench.decision().writes[0].clone() else {
        panic!("{:?}", bench.decision());
    };
    let bench = Scene {
        contract: *contract,
        ..Scene::default()
    }
    .open();
    let reply = refuse(&bench).await;
    assert_eq!(reply.problem(), (409, "already_refused"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn a_registered_user_refuses_nothing() {
    let bench = Scene::default().open();
    let reply = bench.post(JIRO, PATH, &order()).await;
    assert_eq!(reply.problem(), (403, "not_administrator"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn an_order_that_is_none_or_not_there_is_refused() {
    for order in ["", "x", "-1", "1.0", "70000"] {
        let bench = Scene::default().open();
        let reply = bench.post(HANAKO, PATH, &json!({"order": order})).await;
        assert_eq!(reply.problem(), (422, "invalid_fields"), "{order}");
        assert_eq!(reply.body["errors"][0]["field"], "order");
        assert!(bench.written().is_empty());
    }
    let bench = Scene::default().open();
    let reply = bench.post(HANAKO, PATH, &json!({"order": "2"})).await;
    assert_eq!(reply.problem(), (409, "no_such_order"));
    assert!(bench.written().is_empty());
}
