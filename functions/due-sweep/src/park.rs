//! Dead letters: a message that its queue gave up on waits for a person.

use ciero_ports::{Body, Message, Parked};
use ciero_runtime::{BatchOutcome, Moment, QueueItem};
use serde_json::json;

use crate::App;

/// The longest message that is kept whole.
const LONGEST: usize = 200_000;

/// Parks every message of the batch; one that cannot be parked comes again.
pub(crate) async fn run(app: &App, items: Vec<QueueItem>, now: Moment) -> BatchOutcome {
    let mut outcome = BatchOutcome::default();
    for item in items {
        if let Err(error) = park(app, &item, now).await {
            outcome.retry(&item, &error);
        }
    }
    outcome
}

async fn park(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message: Option<Message> = serde_json::from_str(&item.body).ok();
    let queue = message
        .as_ref()
        .map_or("unknown", |message| message.body.topic().name());
    let task = message.as_ref().and_then(|message| match &message.body {
        Body::Work(task) => Some(task.clone()),
        _ => None,
    });
    let parked = Parked {
        id: item.message_id.clone(),
        queue: queue.to_owned(),
        body: item.body.chars().take(LONGEST).collect(),
        reason: "the function ended without an answer".to_owned(),
        tries: 0,
        parked_at: now.0,
    };
    app.due.park(&parked, task).await?;
    tracing::error!(id = parked.id, queue, "a message was parked for a person");
    // CloudWatch's embedded format needs no call and no permission; an alarm watches it.
    let line = json!({
        "_aws": {
            "Timestamp": now.0.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Ciero/DueWork",
                "Dimensions": [[]],
                "Metrics": [{ "Name": "Parked", "Unit": "Count" }],
            }],
        },
        "Parked": 1,
        "queue": queue,
    });
    println!("{line}");
    Ok(())
}
