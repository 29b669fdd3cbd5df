//! A tick and the dead letters, with a table and queues that note what they are asked.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use ciero_domain::contract::Task;
use ciero_ports::{HeldTask, Message, MockDueWork, MockQueues, Parked};
use ciero_runtime::{Event, Moment, OnEvent};
use jiff::Timestamp;
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
    handed: Vec<(Task, Timestamp)>,
    taken_back: Vec<Task>,
    sent: Vec<Message>,
    parked: Vec<(Parked, Option<Task>)>,
}

/// A table of one shard that holds these tasks, and queues that take so many messages.
fn app(held: Vec<HeldTask>, takes: usize) -> (App, Arc<Mutex<Noted>>) {
    let noted = Arc::new(Mutex::new(Noted::default()));
    let mut table = MockDueWork::new();
    table.expect_shards().return_const(1u16);
    table.expect_due().returning(move |span, _| {
        let waits = |held: &&HeldTask| held.handed_at.is_none_or(|at| at <= span.lost_since);
        let due = held.iter().filter(|held| held.task.due <= span.through);
        Ok(due.filter(waits).cloned().collect())
    });
    let note = noted.clone();
    table.expect_hand().returning(move |tasks, at| {
        let handed = tasks.iter().map(|task| (task.clone(), at));
        note.lock().unwrap().handed.extend(handed);
        Ok(())
    });
    let note = noted.clone();
    table.expect_take_back().returning(move |tasks| {
        note.lock().unwrap().taken_back.extend_from_slice(tasks);
        Ok(())
    });
    let note = noted.clone();
    table.expect_park().returning(move |parked, task| {
        note.lock().unwrap().parked.push((parked.clone(), task));
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

/// The tasks of a contract, handed over at a moment or not at all.
fn held(handed_at: Option<&str>) -> Vec<HeldTask> {
    let handed_at = handed_at.map(|at| at.parse().unwrap());
    let tasks = tasks().into_iter();
    tasks.map(|task| HeldTask { task, handed_at }).collect()
}

async fn tick(app: &App) -> Value {
    let due = now().0;
    app.on_event(Event::Schedule { due }, now()).await.unwrap()
}

#[tokio::test]
async fn everything_whose_day_has_come_is_handed_to_its_queue() {
    let (app, noted) = app(held(None), 10);
    assert_eq!(tick(&app).await, json!({"handed": 2, "lost": 0}));
    let noted = noted.lock().unwrap();
    let names: Vec<String> = noted
        .handed
        .iter()
        .map(|(task, _)| task.work.effect())
        .collect();
    assert_eq!(names, ["invoice/01/0001", "reminder/01/0001/-90"]);
    assert!(noted.handed.iter().all(|(_, at)| *at == now().0));
    assert_eq!(noted.sent.len(), 2);
    assert_ne!(noted.sent[0].id, noted.sent[1].id);
}

#[tokio::test]
async fn what_a_queue_does_not_take_waits_again() {
    let (app, noted) = app(held(None), 1);
    assert_eq!(tick(&app).await, json!({"handed": 1, "lost": 0}));
    let noted = noted.lock().unwrap();
    assert_eq!(noted.taken_back, [noted.handed[1].0.clone()]);
}

#[tokio::test]
async fn what_was_handed_over_and_not_done_within_an_hour_goes_to_its_queue_again() {
    let (in_queue, noted) = app(held(Some("2027-03-01T14:00:01Z")), 10);
    assert_eq!(tick(&in_queue).await, json!({"handed": 0, "lost": 0}));
    assert_eq!(noted.lock().unwrap().handed, []);
    let (lost, noted) = app(held(Some("2027-03-01T14:00:00Z")), 10);
    assert_eq!(tick(&lost).await, json!({"handed": 2, "lost": 2}));
    assert_eq!(noted.lock().unwrap().sent.len(), 2);
}

#[tokio::test]
async fn dead_letters_are_parked_whatever_they_say() {
    let (app, noted) = app(Vec::new(), 0);
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
