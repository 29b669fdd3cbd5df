//! Watches that every camera is recorded: keeps its ledger of spans and gaps, and tells customers of outages (2-8, 9, 24).
//!
//! A tick reads of each camera what has arrived since the tick before, in one request. Customers are told at the end of
//! a run, when it is known how all cameras of the service stand: an outage of ours is no news about a camera.

mod look;
mod metrics;
mod plan;
mod tell;
#[cfg(test)]
mod tests;
mod tick;

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use ciero_cloud::{KinesisPlayback, KinesisStreams, SqsQueues};
use ciero_ports::{
    Arrivals, Body, Contracts, Devices, DueWork, Interruptions, Streams, Topic, Watch, WatchRun,
};
use ciero_runtime::{
    Desk, Event, Moment, OnEvent, QueueItem, number, one_by_one, sdk_config, text, warm_up,
};
use ciero_store::Store;
use jiff::SignedDuration;
use serde_json::Value;

/// A part that comes later than this is dropped: runs that began after it have looked at everything again.
const STALE: SignedDuration = SignedDuration::from_mins(10);

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub contracts: Arc<dyn Contracts>,
    pub devices: Arc<dyn Devices>,
    pub interruptions: Arc<dyn Interruptions>,
    pub watch: Arc<dyn Watch>,
    pub arrivals: Arc<dyn Arrivals>,
    pub streams: Arc<dyn Streams>,
    pub desk: Desk,
    /// Takes the reasons of failures, for the person who looks at a message that was given up on.
    pub due: Arc<dyn DueWork>,
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Schedule { .. } => tick::part(self, WatchRun::begin(now.0), now).await,
            Event::Queue(items) => {
                let go_on = |item| next_part(self, item, now);
                let outcome = one_by_one(self.due.as_ref(), &items, now, go_on).await;
                Ok(outcome.into_value())
            }
            _ => anyhow::bail!("only its schedule and its queue wake the camera watch"),
        }
    }
}

/// Goes on with the run that a message names.
async fn next_part(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    let Body::Watch(began) = message.body else {
        anyhow::bail!("message {} belongs to another queue", message.id);
    };
    if now.0.duration_since(began) > STALE {
        tracing::warn!(%began, "a part of an old run was dropped");
        return Ok(());
    }
    let run = app.watch.watch_run(began).await?;
    let run = run.with_context(|| format!("there is no run of {began}"))?;
    tick::part(app, run, now).await.map(|_| ())
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store =
        Store::new(&config, &text("MAIN_TABLE")?, None).with_due_work(number("DUE_SHARDS")?);
    let store = Arc::new(store);
    let queues = [
        (Topic::Watch, text("WATCH_QUEUE_URL")?),
        (Topic::Notices, text("NOTICE_QUEUE_URL")?),
    ];
    let app = App {
        contracts: store.clone(),
        devices: store.clone(),
        interruptions: store.clone(),
        watch: store.clone(),
        arrivals: Arc::new(KinesisPlayback::new(&config)),
        streams: Arc::new(KinesisStreams::new(&config)),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
        due: store.clone(),
    };
    warm_up(store.interruptions()).await;
    ciero_runtime::run(None, Some(Arc::new(app))).await
}
