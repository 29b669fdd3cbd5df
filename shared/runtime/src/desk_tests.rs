//! The same request twice, and decisions that others overtake.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use ciero_ports::{Caller, MockLedger, MockQueues};
use jiff::Timestamp;

use super::*;

const NOW: Moment = Moment(Timestamp::UNIX_EPOCH);

fn asked(hash: &str) -> Asked {
    Asked(Some(Attempt {
        caller: caller(),
        key: "k".into(),
        request_hash: hash.into(),
    }))
}

fn caller() -> Caller {
    Caller {
        name: "u".into(),
        contract: None,
    }
}

fn desk(ledger: MockLedger) -> Desk {
    Desk {
        ledger: Arc::new(ledger),
        queues: Arc::new(MockQueues::new()),
    }
}

async fn outcome() -> Result<Outcome, Problem> {
    Ok(Outcome::new(
        Decision::default(),
        Answer::created("/x", "1"),
    ))
}

fn kept(hash: &str) -> Remembered {
    remembered(
        &Attempt {
            caller: caller(),
            key: "k".into(),
            request_hash: hash.into(),
        },
        &Answer::created("/x", "1"),
        NOW,
    )
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_decides_nothing() {
    let mut ledger = MockLedger::new();
    ledger
        .expect_remembered()
        .return_once(|_, _| Ok(Some(kept("h"))));
    let answer = desk(ledger)
        .decide(asked("h"), NOW, || async { panic!("decided again") })
        .await
        .unwrap();
    assert_eq!(answer, Answer::created("/x", "1"));
}

#[tokio::test]
async fn the_key_with_another_body_is_refused() {
    let mut ledger = MockLedger::new();
    ledger
        .expect_remembered()
        .return_once(|_, _| Ok(Some(kept("h"))));
    let problem = desk(ledger)
        .decide(asked("other"), NOW, outcome)
        .await
        .unwrap_err();
    assert_eq!(problem.code, "idempotency_key_reused");
}

#[tokio::test]
async fn an_answer_past_its_day_is_forgotten() {
    let mut ledger = MockLedger::new();
    ledger
        .expect_remembered()
        .return_once(|_, _| Ok(Some(kept("h"))));
    ledger.expect_commit().times(1).return_once(|_| Ok(()));
    let a_day_later = Moment(kept("h").kept_until());
    desk(ledger)
        .decide(asked("h"), a_day_later, outcome)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_answer_is_written_in_the_decisions_transaction() {
    let mut ledger = MockLedger::new();
    ledger.expect_remembered().return_once(|_, _| Ok(None));
    ledger
        .expect_commit()
        .withf(|d| d.remembered == Some(kept("h")))
        .return_once(|_| Ok(()));
    desk(ledger).decide(asked("h"), NOW, outcome).await.unwrap();
}

#[tokio::test]
async fn two_requests_at_once_get_one_answer() {
    let mut ledger = MockLedger::new();
    let reads = AtomicUsize::new(0);
    ledger
        .expect_remembered()
        .returning(move |_, _| Ok((reads.fetch_add(1, Ordering::Relaxed) > 0).then(|| kept("h"))));
    ledger
        .expect_commit()
        .return_once(|_| Err(CommitError::Conflict(WriteKind::Remembered)));
    assert_eq!(
        desk(ledger)
            .decide(asked("h"), NOW, outcome)
            .await
            .unwrap()
            .status,
        201
    );
}

#[tokio::test]
async fn a_decision_that_its_own_repetition_overtook_gets_that_answer() {
    let mut ledger = MockLedger::new();
    let reads = AtomicUsize::new(0);
    ledger
        .expect_remembered()
        .returning(move |_, _| Ok((reads.fetch_add(1, Ordering::Relaxed) > 0).then(|| kept("h"))));
    ledger
        .expect_commit()
        .times(1)
        .return_once(|_| Err(CommitError::Conflict(WriteKind::Entity)));
    let answer = desk(ledger).decide(asked("h"), NOW, outcome).await.unwrap();
    assert_eq!(answer, Answer::created("/x", "1"));
}

#[tokio::test]
async fn a_request_that_its_own_repetition_made_impossible_gets_that_answer() {
    let mut ledger = MockLedger::new();
    let reads = AtomicUsize::new(0);
    ledger
        .expect_remembered()
        .returning(move |_, _| Ok((reads.fetch_add(1, Ordering::Relaxed) > 0).then(|| kept("h"))));
    let refused = || async { Err(Problem::not_found()) };
    let answer = desk(ledger).decide(asked("h"), NOW, refused).await;
    assert_eq!(answer.unwrap(), Answer::created("/x", "1"));
}

#[tokio::test]
async fn a_decision_that_was_overtaken_is_taken_again() {
    let mut ledger = MockLedger::new();
    let writes = AtomicUsize::new(0);
    ledger.expect_commit().times(2).returning(move |_| {
        match writes.fetch_add(1, Ordering::Relaxed) {
            0 => Err(CommitError::Conflict(WriteKind::Entity)),
            _ => Ok(()),
        }
    });
    let decided = AtomicUsize::new(0);
    let desk = desk(ledger);
    let answer = desk.decide(Asked::default(), NOW, || {
        decided.fetch_add(1, Ordering::Relaxed);
        outcome()
    });
    assert_eq!(answer.await.unwrap().status, 201);
    assert_eq!(decided.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_serial_that_is_bound_is_named_as_such() {
    let mut ledger = MockLedger::new();
    ledger
        .expect_commit()
        .return_once(|_| Err(CommitError::Conflict(WriteKind::Serial)));
    let problem = desk(ledger)
        .decide(Asked::default(), NOW, outcome)
        .await
        .unwrap_err();
    assert_eq!(
        (problem.status.as_u16(), problem.code.as_ref()),
        (409, "serial_taken")
    );
}
