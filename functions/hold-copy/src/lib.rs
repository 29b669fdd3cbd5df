//! Copies held recordings into the locked bucket, as received, before their retention deletes them (21-4).
//!
//! A message names one stretch; how far its copy is stands in the confidential table, so each message goes on from there.
//! Its failures stay in its own queue and log: the operators' lists would tell others that something is held.

mod copy;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use ciero_cloud::{KinesisPlayback, S3CaseFiles, SqsQueues};
use ciero_ports::{Archive, Body, CaseFiles, Disclosures, Topic};
use ciero_runtime::{BatchOutcome, Desk, Event, Moment, OnEvent, QueueItem, sdk_config, text};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub disclosures: Arc<dyn Disclosures>,
    pub archive: Arc<dyn Archive>,
    pub files: Arc<dyn CaseFiles>,
    pub desk: Desk,
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        let Event::Queue(items) = event else {
            anyhow::bail!("only its queue wakes the copy of held recordings");
        };
        let mut outcome = BatchOutcome::default();
        for item in items {
            if let Err(error) = go_on(self, &item, now).await {
                outcome.retry(&item, &error);
            }
        }
        Ok(outcome.into_value())
    }
}

async fn go_on(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    let Body::CopyHold(order) = &message.body else {
        anyhow::bail!("message {} belongs to another queue", message.id);
    };
    copy::part(app, order, now).await
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let confidential = Some(text("CONFIDENTIAL_TABLE")?);
    let store = Arc::new(Store::new(&config, &text("MAIN_TABLE")?, confidential));
    let queues = [(Topic::HoldCopies, text("HOLD_COPY_QUEUE_URL")?)];
    let app = App {
        disclosures: store.clone(),
        archive: Arc::new(KinesisPlayback::new(&config)),
        files: Arc::new(S3CaseFiles::new(&config, &text("DISCLOSURE_BUCKET")?)),
        desk: Desk {
            ledger: store,
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
    };
    ciero_runtime::run(None, Some(Arc::new(app))).await
}
