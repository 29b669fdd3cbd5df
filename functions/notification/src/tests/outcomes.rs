//! The mail service's news move a notice forward, once, and never get lost before its line is written.

use std::path::PathBuf;

use ciero_domain::Language;
use ciero_domain::notice::{Failure, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, StoreError, Write, WriteKind};
use ciero_runtime::{Event, Moment, OnEvent};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::mocks::Mocks;
use super::samples::*;

/// When the news of the samples happened, two seconds after the mail.
const THEN: &str = "2026-06-01T00:00:02Z";

fn sample(name: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/notification");
    serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn record(outcome: Outcome) -> NoticeRecord {
    NoticeRecord {
        id: message_id(1),
        notice: received(),
        to: "hanako@example.jp".into(),
        language: Language::Ja,
        content_hash: "00".into(),
        sent_at: now().0,
        mail_id: "mail-1".into(),
        version: 1,
        outcome,
        posted: None,
    }
}

fn failed(reason: Failure) -> Outcome {
    Outcome::Failed {
        at: at(THEN),
        reason,
    }
}

fn ledger_with(record: Option<NoticeRecord>) -> Mocks {
    let mut mocks = Mocks::reading(Language::Ja);
    mocks
        .notices
        .expect_notice()
        .returning(move |id| Ok(record.clone().filter(|record| record.id == *id)));
    mocks
}

async fn run(mocks: Mocks, event: Value, now: Moment) -> anyhow::Result<Value> {
    let event = Event::read(event).unwrap();
    mocks.app().on_event(event, now).await
}

/// Checks what is written after an event about a notice that stands at `before`; `None` for nothing.
async fn check(event: Value, before: Outcome, written: Option<Outcome>) {
    let mut mocks = ledger_with(Some(record(before)));
    let expected = written.map(|outcome| NoticeRecord {
        version: 2,
        outcome,
        ..record(before)
    });
    let is_expected = move |decision: &Decision| match decision.writes.as_slice() {
        [Write::NoticeOutcome(written)] => Some(&**written) == expected.as_ref(),
        _ => false,
    };
    mocks
        .ledger
        .expect_commit()
        .withf(is_expected)
        .times(usize::from(written.is_some()))
        .returning(|_| Ok(()));
    let answer = run(mocks, event, now()).await.unwrap();
    let outcome = written.unwrap_or(before).name();
    assert_eq!(answer, json!({ "outcome": outcome }));
}

#[tokio::test]
async fn each_kind_of_news_has_its_outcome() {
    let sent = Outcome::Sent;
    let arrived = Outcome::Arrived { at: at(THEN) };
    check(sample("mail-delivered"), sent, Some(arrived)).await;
    let gone = failed(Failure::BouncedForGood);
    check(sample("mail-bounced"), sent, Some(gone)).await;
    let complained = failed(Failure::Complained);
    check(sample("mail-complained-of"), arrived, Some(complained)).await;
    let rejected = Outcome::Failed {
        at: now().0,
        reason: Failure::Rejected,
    };
    check(sample("mail-rejected"), sent, Some(rejected)).await;
    let mut transient = sample("mail-bounced");
    transient["detail"]["bounce"]["bounceType"] = json!("Transient");
    check(transient, sent, Some(failed(Failure::BouncedForNow))).await;
}

#[tokio::test]
async fn news_that_come_late_or_twice_write_nothing() {
    let arrived = Outcome::Arrived { at: at(THEN) };
    check(sample("mail-delivered"), arrived, None).await;
    let gone = failed(Failure::BouncedForGood);
    check(sample("mail-bounced"), gone, None).await;
    check(sample("mail-delivered"), gone, None).await;
}

#[tokio::test]
async fn news_before_the_line_is_written_come_again_and_later_are_passed_over() {
    let soon = Moment(now().0 + 119.seconds());
    let told = run(ledger_with(None), sample("mail-delivered"), soon).await;
    assert!(told.is_err());
    let late = Moment(now().0 + 120.seconds());
    let told = run(ledger_with(None), sample("mail-delivered"), late).await;
    assert_eq!(told.unwrap(), json!({ "outcome": null }));
}

#[tokio::test]
async fn news_of_no_notice_and_of_other_kinds_are_passed_over() {
    let mut foreign = sample("mail-delivered");
    foreign["detail"]["mail"]["tags"]["notice"] = json!(["another system's"]);
    let mut opened = sample("mail-delivered");
    opened["detail"]["eventType"] = json!("Open");
    let mut untagged = sample("mail-delivered");
    untagged["detail"]["mail"]
        .as_object_mut()
        .unwrap()
        .remove("tags");
    for event in [sample("mail-of-no-notice"), foreign, opened, untagged] {
        // Neither is the ledger read.
        let told = run(Mocks::reading(Language::Ja), event, now()).await;
        assert_eq!(told.unwrap(), json!({ "outcome": null }));
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_an_error_that_quotes_nothing() {
    let mut event = sample("mail-bounced");
    event["detail"]["bounce"]["timestamp"] = json!("hanako@example.jp");
    let told = run(Mocks::reading(Language::Ja), event, now()).await;
    let error = format!("{:#}", told.unwrap_err());
    assert!(!error.contains("hanako"), "{error}");
}

#[tokio::test]
async fn news_that_cannot_be_written_come_again() {
    let failures: [fn() -> CommitError; 2] = [
        || CommitError::Conflict(WriteKind::Entity),
        || CommitError::Unavailable("busy".into()),
    ];
    for failure in failures {
        let mocks = ledger_with(Some(record(Outcome::Sent))).with_commit(failure);
        assert!(run(mocks, sample("mail-bounced"), now()).await.is_err());
    }
    let mut mocks = Mocks::reading(Language::Ja);
    mocks
        .notices
        .expect_notice()
        .returning(|_| Err(StoreError::Unavailable("busy".into())));
    assert!(run(mocks, sample("mail-bounced"), now()).await.is_err());
}
