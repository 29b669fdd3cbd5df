//! A tick and the dead letters, with a table and queues that note what they are asked.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use ciero_domain::contract::Task;
use ciero_ports::{HeldTask, Message, MockDueWork, MockQueues, Parked};
use ciero_runtime::{Event, Moment, OnEvent};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::App;

fn now() -> Moment {
    Moment("2027-03-02T00:00:00+09:00".parse().unwrap())
}

fn tasks() -> Vec<Task> {
    let (contract, _) = ciero_domain::samples::contract(date(2026, 4, 1));
    contract.owed()
}

/// What the mocks noted.
#[derive(Default)]
struct Noted {
    handed: Vec<HeldTask>,
    taken_back: Vec<HeldTask>,
    sent: Vec<Message>,
    parked: Vec<(Parked, Option<HeldTask>)>,
}

/// A table of one shard with these tasks due, and queues that take so many messages.
fn app(due: Vec<Task>, lost: Vec<HeldTask>, takes: usize) -> (App, Arc<Mutex<Noted>>) {
    let noted = Arc::new(Mutex::new(Noted::default()));
    let mut table = MockDueWork::new();
    table.expect_shards().return_const(1u16);
    table.expect_due().returning(move |_, today, _| {
        let due = due.iter().filter(|task| task.due <= today);
        Ok(due.cloned().collect())
    });
    table
        .expect_overdue()
        .returning(move |_, _| Ok(lost.clone()));
    let note = noted.clone();
    table.expect_hand().returning(move |held| {
        note.lock().unwrap().handed.extend_from_slice(held);
        Ok(())
    });
    let note = noted.clone();
    table.expect_take_back().returning(move |held| {
        note.lock().unwrap().taken_back.extend_from_slice(held);
        Ok(())
    });
    let note = noted.clone();
    table.expect_park().returning(move |parked, held| {
        note.lock().unwrap().parked.push((parked.clone(), held));
        Ok(())
    });
    let note = noted.clone();
    let mut queues = MockQueues::new();
    queues.expect_send().returning(move |messages| {
        let taken: Vec<Message> = messages.iter().take(takes).cloned().collect();
        note.lock().unwrap().sent.extend(taken.clone());
        taken
    });
    let app = App {
        due: Arc::new(table),
        queues: Arc::new(queues),
    };
    (app, noted)
}

async fn tick(app: &App) -> Value {
    let due = now().0;
    app.on_event(Event::Schedule { due }, now()).await.unwrap()
}

#[tokio::test]
async fn everything_whose_day_has_come_is_handed_to_its_queue() {
    let (app, noted) = app(tasks(), Vec::new(), 10);
    assert_eq!(tick(&app).await, json!({"handed": 2, "takenBack": 0}));
    let noted = noted.lock().unwrap();
    let names: Vec<String> = noted
        .handed
        .iter()
        .map(|held| held.task.work.effect())
        .collect();
    assert_eq!(names, ["invoice/01/0001", "reminder/01/0001/-90"]);
    assert!(
        noted
            .handed
            .iter()
            .all(|held| held.handed_at == Some(now().0))
    );
    assert_eq!(noted.sent.len(), 2);
    assert_ne!(noted.sent[0].id, noted.sent[1].id);
}

#[tokio::test]
async fn what_a_queue_does_not_take_waits_again() {
    let (app, noted) = app(tasks(), Vec::new(), 1);
    assert_eq!(tick(&app).await, json!({"handed": 1, "takenBack": 0}));
    let noted = noted.lock().unwrap();
    assert_eq!(noted.taken_back, noted.handed[1..]);
}

#[tokio::test]
async fn what_was_handed_over_and_not_done_waits_again() {
    let lost = HeldTask {
        task: tasks().remove(0),
        handed_at: Some("2027-03-01T00:00:00Z".parse().unwrap()),
    };
    let (app, noted) = app(Vec::new(), vec![lost.clone()], 10);
    assert_eq!(tick(&app).await, json!({"handed": 0, "takenBack": 1}));
    assert_eq!(noted.lock().unwrap().taken_back, [lost]);
}

#[tokio::test]
async fn dead_letters_are_parked_whatever_they_say() {
    let (app, noted) = app(Vec::new(), Vec::new(), 0);
    let event = include_str!("../../../events/due-sweep/dead-letters.json");
    let event = Event::read(serde_json::from_str(event).unwrap()).unwrap();
    let answer = app.on_event(event, now()).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let noted = noted.lock().unwrap();
    let queues: Vec<&str> = noted.parked.iter().map(|(p, _)| p.queue.as_str()).collect();
    assert_eq!(queues, ["invoice", "unknown"]);
    assert!(noted.parked[0].1.is_some() && noted.parked[1].1.is_none());
    assert_eq!(noted.parked[1].0.body, "not a message");
}
