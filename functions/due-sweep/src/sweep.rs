//! One tick: everything whose day has come goes to its queue; what was handed over and not done waits again.

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Task, stable_id};
use ciero_ports::{Body, HeldTask, Message};
use ciero_runtime::Moment;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::App;

/// How many tasks are read and handed over at once.
const PORTION: u16 = 500;
/// How many portions of one shard a tick takes; the next tick goes on.
const PORTIONS: usize = 20;
/// How long a queue may take: longer than it tries a message, with all its pauses.
const DONE_WITHIN: SignedDuration = SignedDuration::from_mins(60);

/// Hands over what is due, and takes back what got lost.
pub(crate) async fn run(app: &App, now: Moment) -> anyhow::Result<Value> {
    let shards = 0..app.due.shards();
    let swept = shards.map(|shard| sweep(app, shard, now));
    let (mut handed, mut taken_back) = (0, 0);
    for shard in futures::future::join_all(swept).await {
        let (out, back) = shard?;
        handed += out;
        taken_back += back;
    }
    if taken_back > 0 {
        tracing::warn!(
            taken_back,
            "work that was handed over was not done in time and waits again"
        );
    }
    Ok(json!({ "handed": handed, "takenBack": taken_back }))
}

async fn sweep(app: &App, shard: u16, now: Moment) -> anyhow::Result<(usize, usize)> {
    let before = now.0.checked_sub(DONE_WITHIN).unwrap_or(Timestamp::MIN);
    let lost = app.due.overdue(shard, before).await?;
    if !lost.is_empty() {
        app.due.take_back(&lost).await?;
    }
    let today = tokyo_date(now.0);
    let mut handed = 0;
    for _ in 0..PORTIONS {
        let tasks = app.due.due(shard, today, PORTION).await?;
        let full = tasks.len() == usize::from(PORTION);
        handed += hand_over(app, tasks, now).await?;
        if !full {
            break;
        }
    }
    Ok((handed, lost.len()))
}

/// Moves tasks to the queues. Those that a queue does not take wait again.
async fn hand_over(app: &App, tasks: Vec<Task>, now: Moment) -> anyhow::Result<usize> {
    if tasks.is_empty() {
        return Ok(0);
    }
    let held: Vec<HeldTask> = tasks
        .into_iter()
        .map(|task| HeldTask {
            task,
            handed_at: Some(now.0),
        })
        .collect();
    app.due.hand(&held).await?;
    let messages: Vec<Message> = held.iter().map(|held| message(held, now)).collect();
    let accepted = app.queues.send(&messages).await;
    let refused: Vec<HeldTask> = held
        .into_iter()
        .zip(&messages)
        .filter(|(_, message)| !accepted.contains(message))
        .map(|(held, _)| held)
        .collect();
    if !refused.is_empty() {
        app.due.take_back(&refused).await?;
    }
    Ok(messages.len() - refused.len())
}

fn message(held: &HeldTask, now: Moment) -> Message {
    let name = format!("work/{}/{}", held.task.work.effect(), now.0);
    Message {
        id: stable_id(&held.task.contract, &name),
        at: now.0,
        body: Body::Work(held.clone()),
    }
}
