//! The sample events in events/notification, each handled as it stands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ciero_domain::Language;
use ciero_runtime::{Event, Moment, OnEvent};
use serde_json::{Value, json};

use super::life::scene;
use super::mocks::{Mocks, Trace};
use super::samples::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/notification")
}

fn sample(name: &str) -> Value {
    let file = folder().join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// Runs a sample on mocks that deliver everything.
async fn run(name: &str) -> (Value, Trace) {
    run_on(Mocks::reading(Language::Ja), name, now()).await
}

async fn run_on(mocks: Mocks, name: &str, at: Moment) -> (Value, Trace) {
    let (mut mocks, trace) = mocks.with_accounts().delivering();
    mocks.ledger.expect_unsent().returning(|_| Ok(Vec::new()));
    let event = Event::read(sample(name)).unwrap();
    let answer = mocks.app().on_event(event, at).await.unwrap();
    (answer, trace)
}

const NOTICES: [&str; 19] = [
    "application-received",
    "application-approved",
    "application-declined",
    "registration-completed",
    "user-invited",
    "user-removed",
    "terms-published",
    "invoice-issued",
    "renewal-reminder",
    "renewed",
    "expired",
    "refusal-received",
    "cancellation-received",
    "backup-reminder",
    "contract-ended",
    "demand",
    "suspended",
    "suspension-lifted",
    "rescinded",
];
const OTHERS: [&str; 3] = ["one-of-three-unreadable", "not-a-notice", "relay"];
/// What the mail service tells; each is used in the tests of outcomes.
const NEWS: [&str; 5] = [
    "mail-delivered",
    "mail-bounced",
    "mail-complained-of",
    "mail-rejected",
    "mail-of-no-notice",
];

#[tokio::test]
async fn the_sample_of_each_kind_sends_its_mail() {
    for (name, notice) in NOTICES.into_iter().zip(every_notice()) {
        let (life, at) = scene(&notice, Language::Ja);
        let (answer, trace) = run_on(Mocks::living(&life), name, at).await;
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "{name}");
        assert_eq!(trace.mails()[0].kind, name.replace('-', "_"));
        assert_eq!(trace.records()[0].notice, notice, "{name}");
    }
}

#[tokio::test]
async fn one_bad_item_comes_again_and_never_stops_the_rest() {
    let (answer, trace) = run("one-of-three-unreadable").await;
    let failed = json!([{ "itemIdentifier": "00000000-0000-4000-8000-000000000002" }]);
    assert_eq!(answer, json!({ "batchItemFailures": failed }));
    assert_eq!(trace.mails().len(), 2);
    // The console shows it if the queue gives up on the message.
    assert_eq!(
        *trace.reasons.lock().unwrap(),
        ["the body is not a message"]
    );
}

#[tokio::test]
async fn a_message_of_another_topic_is_refused() {
    let (answer, trace) = run("not-a-notice").await;
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
    assert_eq!(trace.mails(), []);
}

#[tokio::test]
async fn the_schedule_runs_the_relay() {
    let (answer, _) = run("relay").await;
    assert_eq!(answer, json!({ "sent": 0 }));
}

#[tokio::test]
async fn a_direct_payload_is_refused() {
    let app = Mocks::reading(Language::Ja).app();
    let event = Event::read(json!({ "hello": 1 })).unwrap();
    assert!(app.on_event(event, now()).await.is_err());
}

#[test]
fn every_sample_is_used() {
    let files = std::fs::read_dir(folder()).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let used = NOTICES.iter().chain(&OTHERS).chain(&NEWS);
    let used: BTreeSet<String> = used.map(|name| format!("{name}.json")).collect();
    assert_eq!(files, used);
}
