//! The relay sends what was left behind, and leaves to others what they are just sending.

use ciero_domain::Language;
use ciero_ports::{Body, Message, StoreError};
use serde_json::json;

use super::mocks::Mocks;
use super::samples::*;
use crate::relay::run;

fn message(n: u8, moment: &str) -> Message {
    Message {
        id: message_id(n),
        at: at(moment),
        body: Body::Notice(received()),
    }
}

/// 30 s before now, and a little later.
fn old() -> Message {
    message(1, "2026-05-31T23:59:30Z")
}

fn young() -> Message {
    message(2, "2026-05-31T23:59:30.001Z")
}

#[tokio::test]
async fn old_messages_are_sent_and_taken_out_and_young_ones_are_left() {
    let mut mocks = Mocks::reading(Language::Ja);
    let ledger = &mut mocks.ledger;
    ledger
        .expect_unsent()
        .times(1)
        .returning(|_| Ok(vec![old(), young()]));
    mocks
        .queues
        .expect_send()
        .withf(|messages| messages == [old()])
        .times(1)
        .returning(|messages| messages.to_vec());
    mocks
        .ledger
        .expect_sent()
        .withf(|messages| messages == [old()])
        .times(1)
        .returning(|_| Ok(()));
    let answer = run(&mocks.app(), now()).await.unwrap();
    assert_eq!(answer, json!({ "sent": 1 }));
}

#[tokio::test]
async fn what_the_queue_does_not_take_stays() {
    let mut mocks = Mocks::reading(Language::Ja);
    let second = || message(3, "2026-05-31T00:00:00Z");
    mocks
        .ledger
        .expect_unsent()
        .times(1)
        .returning(move |_| Ok(vec![old(), second()]));
    mocks.queues.expect_send().returning(|_| vec![old()]);
    mocks
        .ledger
        .expect_sent()
        .withf(|messages| messages == [old()])
        .times(1)
        .returning(|_| Ok(()));
    run(&mocks.app(), now()).await.unwrap();
}

#[tokio::test]
async fn an_empty_outbox_sends_nothing() {
    let mut mocks = Mocks::reading(Language::Ja);
    mocks.ledger.expect_unsent().returning(|_| Ok(Vec::new()));
    mocks.queues.expect_send().never();
    let answer = run(&mocks.app(), now()).await.unwrap();
    assert_eq!(answer, json!({ "sent": 0 }));
}

#[tokio::test]
async fn a_full_round_is_followed_by_another() {
    let mut mocks = Mocks::reading(Language::Ja);
    let rounds = [100, 3];
    let mut left = rounds.into_iter();
    let ledger = &mut mocks.ledger;
    ledger.expect_unsent().times(2).returning(move |_| {
        let size = left.next().unwrap_or(0);
        Ok((0..size).map(|_| old()).collect())
    });
    ledger.expect_sent().times(2).returning(|_| Ok(()));
    mocks.queues.expect_send().returning(<[Message]>::to_vec);
    let answer = run(&mocks.app(), now()).await.unwrap();
    assert_eq!(answer, json!({ "sent": 103 }));
}

#[tokio::test]
async fn a_store_that_fails_fails_the_run() {
    let mut mocks = Mocks::reading(Language::Ja);
    mocks
        .ledger
        .expect_unsent()
        .returning(|_| Err(StoreError::Unavailable("busy".into())));
    assert!(run(&mocks.app(), now()).await.is_err());
}
