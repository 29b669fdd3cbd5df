//! The outbox keeps messages in order until they are sent.

use ciero_ports::{Decision, Ledger, Message, Write};

use crate::samples::*;
use crate::support::{MAIN, tables};

/// Messages of every shard, the later identifier with the earlier moment.
fn messages() -> Vec<Message> {
    let mut messages: Vec<Message> = (0..20_u8)
        .map(|n| message(40 - n, &format!("2026-06-01T00:00:0{}.{}Z", n / 10, n % 10)))
        .collect();
    messages.rotate_left(7);
    messages
}

#[tokio::test]
async fn unsent_messages_come_oldest_first_whatever_their_shard() {
    let t = tables().await;
    assert_eq!(t.store.unsent(10).await.unwrap(), []);
    let decision = Decision {
        messages: messages(),
        ..Decision::of(Write::User(Box::new(user(1))))
    };
    t.store.commit(&decision).await.unwrap();
    let mut expected = messages();
    expected.sort_by_key(|message| message.at);
    assert_eq!(t.store.unsent(100).await.unwrap(), expected);
    assert_eq!(t.store.unsent(3).await.unwrap(), expected[..3]);
    assert_eq!(t.store.unsent(0).await.unwrap(), []);
}

#[tokio::test]
async fn sent_messages_leave_and_the_others_stay() {
    let t = tables().await;
    let decision = Decision {
        messages: messages(),
        ..Decision::default()
    };
    t.store.commit(&decision).await.unwrap();
    let (sent, kept) = (&messages()[..15], &messages()[15..]);
    t.store.sent(sent).await.unwrap();
    t.store.sent(sent).await.expect("sent twice is sent");
    let mut left = t.store.unsent(100).await.unwrap();
    let mut expected = kept.to_vec();
    left.sort_by_key(|message| message.at);
    expected.sort_by_key(|message| message.at);
    assert_eq!(left, expected);
    assert_eq!(t.count(MAIN).await, 5);
}
