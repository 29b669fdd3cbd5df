//! The checks that the queue wakes (3-2, 3-4).

use ciero_domain::application::State;
use ciero_domain::screening::{Ground, RegisterCause, SignalKind};
use ciero_ports::{Write, WriteKind};
use ciero_runtime::{Event, OnEvent};
use serde_json::{Value, json};

use super::bench::{Bench, Scene, now};
use super::records::{application, entry, list};

fn sample() -> Value {
    serde_json::from_str(include_str!(
        "../../../../events/signup-screening/queue.json"
    ))
    .unwrap()
}

async fn run(bench: &Bench, payload: Value) -> Value {
    let event = Event::read(payload).unwrap();
    bench.app.on_event(event, now()).await.unwrap()
}

fn nothing_failed() -> Value {
    json!({"batchItemFailures": []})
}

#[tokio::test]
async fn a_submitted_application_gets_its_signals_and_waits_for_a_person() {
    let bench = Scene {
        register: vec![entry(RegisterCause::Measure)],
        ..Scene::of(application(State::Submitted))
    }
    .open();
    assert_eq!(run(&bench, sample()).await, nothing_failed());
    let decision = bench.decision();
    let [Write::Application(checked, _), Write::Screening(screening)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    // A hit never declines by itself.
    assert_eq!((checked.state, checked.version), (State::Screening, 3));
    assert_eq!(screening.version, 1);
    assert_eq!(screening.signals[0].kind, SignalKind::RegisterPhone);
    assert_eq!(screening.signals[0].ground, Ground::EarlierMeasure);
    assert!(
        decision.messages.is_empty(),
        "the applicant hears nothing of it"
    );
}

#[tokio::test]
async fn an_applicant_on_a_list_in_force_waits_for_two_screeners_and_is_not_declined() {
    let bench = Scene {
        lists: vec![list("2", "見本太郎", 2), list("3", "別人", 1)],
        ..Scene::of(application(State::Submitted))
    }
    .open();
    assert_eq!(run(&bench, sample()).await, nothing_failed());
    let decision = bench.decision();
    let [Write::Application(checked, _), Write::Screening(screening)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    assert_eq!(checked.state, State::Screening);
    assert_eq!(screening.signals[0].kind, SignalKind::ListName);
    assert_eq!(screening.signals[0].note, "sanctions 2: e-1");
    assert!(screening.needs_two());
    assert!(decision.messages.is_empty());
}

#[tokio::test]
async fn a_list_that_is_no_longer_in_force_is_not_compared() {
    let bench = Scene {
        lists: vec![list("1", "見本太郎", 1), list("2", "別人", 2)],
        ..Scene::of(application(State::Submitted))
    }
    .open();
    run(&bench, sample()).await;
    let Write::Screening(screening) = &bench.decision().writes[1] else {
        panic!("no screening");
    };
    assert_eq!(screening.signals, []);
}

#[tokio::test]
async fn a_check_without_a_whole_list_comes_again_and_passes_nobody() {
    let (header, file) = list("1", "別人", 1);
    let mut altered = file.unwrap();
    altered.pop();
    for file in [None, Some(altered), Some(Vec::new())] {
        let bench = Scene {
            lists: vec![(header.clone(), file)],
            ..Scene::of(application(State::Submitted))
        }
        .open();
        let message = &sample()["Records"][0]["messageId"];
        let again = json!({"batchItemFailures": [{"itemIdentifier": message}]});
        assert_eq!(run(&bench, sample()).await, again);
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn another_open_application_of_the_same_person_is_a_signal() {
    let mut other = application(State::Approved);
    other.id = ciero_domain::ids::ApplicationId::from_random([9; 10]);
    let mut scene = Scene::of(application(State::Submitted));
    scene.applications.push(other);
    let bench = scene.open();
    run(&bench, sample()).await;
    let Write::Screening(screening) = &bench.decision().writes[1] else {
        panic!("no screening");
    };
    assert_eq!(screening.signals[0].kind, SignalKind::OpenApplication);
}

#[tokio::test]
async fn a_doubled_message_does_nothing() {
    for state in [State::Screening, State::Withdrawn, State::Declined] {
        let bench = Scene::of(application(state)).open();
        assert_eq!(run(&bench, sample()).await, nothing_failed());
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn a_message_that_is_overtaken_while_it_works_does_nothing() {
    let bench = Scene {
        conflicts: vec![WriteKind::Entity],
        ..Scene::of(application(State::Submitted))
    }
    .open();
    assert_eq!(run(&bench, sample()).await, nothing_failed());
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_comes_again_alone() {
    let bench = Scene::of(application(State::Submitted)).open();
    let mut batch = sample();
    let good = batch["Records"][0].clone();
    let bad = |id: &str, body: &str| {
        let mut record = good.clone();
        record["messageId"] = json!(id);
        record["body"] = json!(body);
        record
    };
    let notice = json!({"id": "m-0000000000000000", "at": "2026-06-01T03:00:00Z",
        "body": {"notice": {"kind": "application_received", "application": "a-0000000000000000"}}});
    let unknown = json!({"id": "m-0000000000000000", "at": "2026-06-01T03:00:00Z",
        "body": {"screen": "a-1111111111111111"}});
    batch["Records"] = json!([
        bad("poison", "{"),
        bad("elsewhere", &notice.to_string()),
        bad("unknown", &unknown.to_string()),
        good
    ]);
    let failed = json!({"batchItemFailures": [
        {"itemIdentifier": "poison"}, {"itemIdentifier": "elsewhere"}, {"itemIdentifier": "unknown"},
    ]});
    assert_eq!(run(&bench, batch).await, failed);
    assert_eq!(bench.written().len(), 1, "the good one was checked");
    let reasons = bench.reasons();
    assert_eq!(reasons.len(), 3, "the console shows each: {reasons:?}");
    assert_eq!(reasons[0], "the body is not a message");
    assert_eq!(reasons[2], "the application to check does not exist");
}

#[tokio::test]
async fn an_event_that_is_no_queue_is_refused() {
    let bench = Scene::default().open();
    let event = Event::Direct(json!({}));
    assert!(bench.app.on_event(event, now()).await.is_err());
}
