//! Finds due work and hands it to the queue of its kind; sets aside what a queue gave up on.
//!
//! A tick is one query per shard for everything whose day has come, so an outage, a late insert and a
//! thinned schedule are all caught up by the same query and there is no watermark to get wrong.

mod park;
mod sweep;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use ciero_cloud::SqsQueues;
use ciero_domain::contract::Kind;
use ciero_ports::{Documents, DueWork, Queues, Topic};
use ciero_runtime::{Event, Moment, OnEvent, number, sdk_config, text, warm_up};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub due: Arc<dyn DueWork>,
    pub queues: Arc<dyn Queues>,
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Schedule { .. } => sweep::run(self, now).await,
            Event::Queue(items) => Ok(park::run(self, items, now).await.into_value()),
            _ => anyhow::bail!("due-sweep takes its schedule and dead letters only"),
        }
    }
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store =
        Store::new(&config, &text("MAIN_TABLE")?, None).with_due_work(number("DUE_SHARDS")?);
    let store = Arc::new(store);
    let queues = [
        (Topic::Work(Kind::Invoice), text("INVOICE_QUEUE_URL")?),
        (Topic::Work(Kind::Reminder), text("REMINDER_QUEUE_URL")?),
        (Topic::Work(Kind::Renewal), text("RENEWAL_QUEUE_URL")?),
        (Topic::Work(Kind::Arrears), text("ARREARS_QUEUE_URL")?),
        (Topic::Work(Kind::Purge), text("PURGE_QUEUE_URL")?),
    ];
    let app = App {
        due: store.clone(),
        queues: Arc::new(SqsQueues::new(&config, queues)),
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(None, Some(Arc::new(app))).await
}
