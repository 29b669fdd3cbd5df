//! Due work in the table: armed, handed over, taken back, parked.

use ciero_domain::contract::Task;
use ciero_domain::ids::MessageId;
use ciero_ports::{Body, Decision, DueSpan, DueWork, HeldTask, Ledger, Message, Parked, Write};
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

/// Everything of a day that is in no queue, over all shards; what was handed over by `lost_since` counts as lost.
async fn found(t: &Tables, through: Date, lost_since: Timestamp) -> Vec<HeldTask> {
    let mut found = Vec::new();
    for shard in 0..t.store.shards() {
        let span = DueSpan {
            shard,
            through,
            lost_since,
            after: None,
        };
        found.extend(t.store.due(span, 500).await.unwrap());
    }
    found
}

/// What a tick would find before anything can be lost.
async fn due(t: &Tables, through: Date) -> Vec<Task> {
    let found = found(t, through, Timestamp::UNIX_EPOCH).await;
    found.into_iter().map(|held| held.task).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn handed() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

#[tokio::test]
async fn a_tick_finds_what_is_due_today_or_overdue_oldest_first_and_nothing_of_tomorrow() {
    let (t, tasks) = armed().await;
    assert_eq!(due(&t, date(2026, 5, 31)).await, []);
    assert_eq!(due(&t, date(2026, 6, 1)).await, tasks[..1]);
    assert_eq!(due(&t, date(2027, 6, 1)).await, tasks);
}

#[tokio::test]
async fn what_is_handed_over_is_not_found_again_until_it_is_lost_or_taken_back() {
    let (t, tasks) = armed().await;
    let day = date(2026, 6, 1);
    t.store.hand(&tasks[..1], handed()).await.unwrap();
    assert_eq!(due(&t, day).await, []);
    assert_eq!(t.store.lost(&tasks).await.unwrap(), []);
    assert_eq!(found(&t, day, at("2026-05-31T23:59:59Z")).await, []);
    let lost = HeldTask {
        task: tasks[0].clone(),
        handed_at: Some(handed()),
    };
    assert_eq!(found(&t, day, handed()).await, [lost]);
    t.store.take_back(&tasks[..1]).await.unwrap();
    assert_eq!(due(&t, day).await, tasks[..1]);
}

#[tokio::test]
async fn hundreds_of_tasks_are_handed_over_in_batches_and_found_part_by_part() {
    let (t, tasks) = armed().await;
    let earlier = |n: i64| Task {
        due: ciero_domain::calendar::days(tasks[0].due, -n),
        ..tasks[0].clone()
    };
    let many: Vec<Task> = (0..130).rev().map(earlier).collect();
    for portion in many.chunks(90) {
        let mut decision = Decision::default();
        decision
            .writes
            .extend(portion.iter().cloned().map(Write::Arm));
        t.store.commit(&decision).await.unwrap();
    }
    let day = date(2026, 6, 1);
    assert_eq!(due(&t, day).await, many);
    t.store.hand(&many[..60], handed()).await.unwrap();
    let mut rest = Vec::new();
    for shard in 0..t.store.shards() {
        let mut span = DueSpan {
            shard,
            through: day,
            lost_since: Timestamp::UNIX_EPOCH,
            after: None,
        };
        loop {
            let part = t.store.due(span.clone(), 16).await.unwrap();
            let full = part.len() == 16;
            rest.extend(part.into_iter().map(|held| held.task));
            span.after = rest.last().cloned();
            if !full {
                break;
            }
        }
    }
    assert_eq!(rest, many[60..]);
    t.store.hand(&many, handed()).await.unwrap();
    assert_eq!(due(&t, day).await, []);
    t.store.forget(&many[7]).await.unwrap();
    assert_eq!(found(&t, day, handed()).await.len(), 129);
}

#[tokio::test]
async fn a_parked_message_carries_its_last_reason_and_is_handed_out_no_more() {
    let (t, tasks) = armed().await;
    t.store.hand(&tasks[..1], handed()).await.unwrap();
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
    t.store.park(&parked, Some(tasks[0].clone())).await.unwrap();
    let list = t.store.parked().await.unwrap();
    assert_eq!(list[0].reason, "the table is gone");
    assert_eq!(list[0].tries, 2);
    assert_eq!(found(&t, date(2026, 6, 1), Timestamp::MAX).await, []);
    t.store.unpark("m1").await.unwrap();
    assert_eq!(t.store.parked().await.unwrap(), []);
}

#[tokio::test]
async fn work_is_held_while_it_waits_is_handed_or_parked_and_no_longer() {
    let (t, tasks) = armed().await;
    let (store, task) = (&t.store, &tasks[0]);
    assert_eq!(store.lost(&tasks).await.unwrap(), []);
    store.hand(&tasks[..1], handed()).await.unwrap();
    assert_eq!(store.lost(&tasks).await.unwrap(), [], "handed");
    let message = Message {
        id: MessageId::from_random([1; 10]),
        at: at("2026-06-01T00:00:00Z"),
        body: Body::Work(task.clone()),
    };
    let parked = Parked {
        id: "m1".into(),
        queue: "invoice".into(),
        body: serde_json::to_string(&message).unwrap(),
        reason: "unknown".into(),
        tries: 0,
        parked_at: message.at,
    };
    store.park(&parked, Some(tasks[0].clone())).await.unwrap();
    assert_eq!(store.lost(&tasks).await.unwrap(), [], "parked");
    store.unpark("m1").await.unwrap();
    assert_eq!(store.lost(&tasks).await.unwrap(), tasks[..1]);
}

#[tokio::test]
async fn a_function_without_due_work_cannot_arm_any() {
    let t = tables().await;
    let task = contract().0.owed().remove(0);
    let bare = ciero_store::Store::new(&t.config, MAIN, None);
    let refused = bare.commit(&Decision::of(Write::Arm(task))).await;
    assert!(refused.unwrap_err().to_string().contains("no due work"));
}
