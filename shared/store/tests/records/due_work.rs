//! Due work in the table: armed, handed over, taken back, parked.

use ciero_domain::contract::Task;
use ciero_domain::ids::MessageId;
use ciero_ports::{Body, Decision, DueWork, HeldTask, Ledger, Message, Parked, Write};
use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::samples::contract;
use crate::support::{MAIN, Tables, tables};

/// A table in which the work of one contract waits.
async fn armed() -> (Tables, Vec<Task>) {
    let t = tables().await;
    let tasks = contract().0.owed();
    let mut decision = Decision::default();
    decision
        .writes
        .extend(tasks.iter().cloned().map(Write::Arm));
    t.store.commit(&decision).await.unwrap();
    (t, tasks)
}

/// Everything that a tick of a day would find, over all shards.
async fn due(t: &Tables, today: Date) -> Vec<Task> {
    let mut found = Vec::new();
    for shard in 0..t.store.shards() {
        found.extend(t.store.due(shard, today, 500).await.unwrap());
    }
    found
}

async fn overdue(t: &Tables, before: Timestamp) -> Vec<HeldTask> {
    let mut found = Vec::new();
    for shard in 0..t.store.shards() {
        found.extend(t.store.overdue(shard, before).await.unwrap());
    }
    found
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn held(task: &Task) -> HeldTask {
    HeldTask {
        task: task.clone(),
        handed_at: Some(at("2026-06-01T00:00:00Z")),
    }
}

#[tokio::test]
async fn a_tick_finds_what_is_due_today_or_overdue_oldest_first_and_nothing_of_tomorrow() {
    let (t, tasks) = armed().await;
    assert_eq!(due(&t, date(2026, 5, 31)).await, []);
    assert_eq!(due(&t, date(2026, 6, 1)).await, tasks[..1]);
    assert_eq!(due(&t, date(2027, 6, 1)).await, tasks);
}

#[tokio::test]
async fn what_is_handed_over_is_not_found_again_until_it_is_taken_back() {
    let (t, tasks) = armed().await;
    let handed = held(&tasks[0]);
    t.store.hand(std::slice::from_ref(&handed)).await.unwrap();
    assert_eq!(due(&t, date(2026, 6, 1)).await, []);
    assert!(t.store.is_held(&tasks[0]).await.unwrap());
    assert_eq!(overdue(&t, at("2026-05-31T23:59:59Z")).await, []);
    assert_eq!(
        overdue(&t, at("2026-06-01T01:00:00Z")).await,
        std::slice::from_ref(&handed)
    );
    t.store.take_back(&[handed]).await.unwrap();
    assert_eq!(due(&t, date(2026, 6, 1)).await, tasks[..1]);
    assert_eq!(overdue(&t, at("2026-06-01T01:00:00Z")).await, []);
}

#[tokio::test]
async fn hundreds_of_tasks_are_handed_over_in_batches() {
    let (t, tasks) = armed().await;
    let many: Vec<Task> = (0..130)
        .map(|n| Task {
            due: ciero_domain::calendar::days(tasks[0].due, -n),
            ..tasks[0].clone()
        })
        .collect();
    let mut decision = Decision::default();
    decision
        .writes
        .extend(many[..90].iter().cloned().map(Write::Arm));
    t.store.commit(&decision).await.unwrap();
    let mut decision = Decision::default();
    decision
        .writes
        .extend(many[90..].iter().cloned().map(Write::Arm));
    t.store.commit(&decision).await.unwrap();
    let all: Vec<HeldTask> = many.iter().map(held).collect();
    assert_eq!(due(&t, date(2026, 6, 1)).await.len(), 130);
    t.store.hand(&all).await.unwrap();
    assert_eq!(due(&t, date(2026, 6, 1)).await, []);
    assert_eq!(overdue(&t, at("2026-06-02T00:00:00Z")).await.len(), 130);
    t.store.forget(&all[7]).await.unwrap();
    assert_eq!(overdue(&t, at("2026-06-02T00:00:00Z")).await.len(), 129);
}

#[tokio::test]
async fn a_parked_message_carries_its_last_reason_and_is_handed_out_no_more() {
    let (t, tasks) = armed().await;
    let handed = held(&tasks[0]);
    t.store.hand(std::slice::from_ref(&handed)).await.unwrap();
    let now = at("2026-06-01T00:01:00Z");
    t.store.failed("the body", "first", now).await.unwrap();
    t.store
        .failed("the body", "the table is gone", now)
        .await
        .unwrap();
    let parked = Parked {
        id: "m1".into(),
        queue: "invoice".into(),
        body: "the body".into(),
        reason: "unknown".into(),
        tries: 0,
        parked_at: now,
    };
    t.store.park(&parked, Some(handed)).await.unwrap();
    let list = t.store.parked().await.unwrap();
    assert_eq!(list[0].reason, "the table is gone");
    assert_eq!(list[0].tries, 2);
    assert_eq!(overdue(&t, at("2027-01-01T00:00:00Z")).await, []);
    t.store.unpark("m1").await.unwrap();
    assert_eq!(t.store.parked().await.unwrap(), []);
}

#[tokio::test]
async fn work_is_held_while_it_waits_is_handed_or_parked_and_no_longer() {
    let (t, tasks) = armed().await;
    let (store, task) = (&t.store, &tasks[0]);
    assert!(store.is_held(task).await.unwrap());
    let handed = held(task);
    store.hand(std::slice::from_ref(&handed)).await.unwrap();
    assert!(store.is_held(task).await.unwrap(), "handed");
    let message = Message {
        id: MessageId::from_random([1; 10]),
        at: at("2026-06-01T00:00:00Z"),
        body: Body::Work(handed.clone()),
    };
    let parked = Parked {
        id: "m1".into(),
        queue: "invoice".into(),
        body: serde_json::to_string(&message).unwrap(),
        reason: "unknown".into(),
        tries: 0,
        parked_at: message.at,
    };
    store.park(&parked, Some(handed)).await.unwrap();
    assert!(store.is_held(task).await.unwrap(), "parked");
    store.unpark("m1").await.unwrap();
    assert!(!store.is_held(task).await.unwrap(), "lost");
    assert!(store.is_held(&tasks[1]).await.unwrap(), "another one");
}

#[tokio::test]
async fn a_function_without_due_work_cannot_arm_any() {
    let t = tables().await;
    let task = contract().0.owed().remove(0);
    let bare = ciero_store::Store::new(&t.config, MAIN, None);
    let refused = bare.commit(&Decision::of(Write::Arm(task))).await;
    assert!(refused.unwrap_err().to_string().contains("no due work"));
}
