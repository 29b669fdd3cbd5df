//! One tick: everything whose day has come goes to its queue; what was handed over and not done goes there again.

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Task, stable_id};
use ciero_ports::{Body, DueSpan, Message};
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

/// Hands over what is due, and again what got lost.
pub(crate) async fn run(app: &App, now: Moment) -> anyhow::Result<Value> {
    let shards = 0..app.due.shards();
    let swept = shards.map(|shard| sweep(app, shard, now));
    let mut total = Swept::default();
    for shard in futures::future::join_all(swept).await {
        let swept = shard?;
        total.handed += swept.handed;
        total.lost += swept.lost;
    }
    if total.lost > 0 {
        tracing::warn!(
            lost = total.lost,
            "work that was handed over was not done in time and was found again"
        );
    }
    Ok(json!({ "handed": total.handed, "lost": total.lost }))
}

#[derive(Default)]
struct Swept {
    /// What the queues took.
    handed: usize,
    /// What had been handed over before.
    lost: usize,
}

async fn sweep(app: &App, shard: u16, now: Moment) -> anyhow::Result<Swept> {
    let mut span = DueSpan {
        shard,
        through: tokyo_date(now.0),
        lost_since: now.0.checked_sub(DONE_WITHIN).unwrap_or(Timestamp::MIN),
        after: None,
    };
    let mut swept = Swept::default();
    for _ in 0..PORTIONS {
        let found = app.due.due(span.clone(), PORTION).await?;
        let full = found.len() == usize::from(PORTION);
        swept.lost += found.iter().filter(|held| held.handed_at.is_some()).count();
        let tasks: Vec<Task> = found.into_iter().map(|held| held.task).collect();
        span.after = tasks.last().cloned();
        swept.handed += hand_over(app, &tasks, now).await?;
        if !full {
            break;
        }
    }
    Ok(swept)
}

/// Hands tasks to the queues. Those that a queue does not take wait again.
async fn hand_over(app: &App, tasks: &[Task], now: Moment) -> anyhow::Result<usize> {
    if tasks.is_empty() {
        return Ok(0);
    }
    app.due.hand(tasks, now.0).await?;
    let messages: Vec<Message> = tasks.iter().map(|task| message(task, now)).collect();
    let accepted = app.queues.send(&messages).await;
    let with_messages = tasks.iter().zip(&messages);
    let refused: Vec<Task> = with_messages
        .filter(|(_, message)| !accepted.contains(message))
        .map(|(task, _)| task.clone())
        .collect();
    if !refused.is_empty() {
        app.due.take_back(&refused).await?;
    }
    Ok(tasks.len() - refused.len())
}

fn message(task: &Task, now: Moment) -> Message {
    let name = format!("work/{}/{}", task.work.effect(), now.0);
    Message {
        id: stable_id(&task.contract, &name),
        at: now.0,
        body: Body::Work(task.clone()),
    }
}
