//! The reminder ladder, renewal, expiry and the end of a cancelled contract, as their queues bring them (Art. 11, 15-1).

use std::sync::Arc;

use async_trait::async_trait;
use ciero_cloud::SqsQueues;
use ciero_ports::{Documents, Topic};
use ciero_runtime::{Desk, Event, Moment, OnEvent, Worker, number, sdk_config, text, warm_up};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with.
struct App(Worker);

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        let Event::Queue(items) = event else {
            anyhow::bail!("only the queues of reminders and renewals wake this function");
        };
        Ok(self.0.work(items, now).await.into_value())
    }
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store =
        Store::new(&config, &text("MAIN_TABLE")?, None).with_due_work(number("DUE_SHARDS")?);
    let store = Arc::new(store);
    let queues = [(Topic::Notices, text("NOTICE_QUEUE_URL")?)];
    let worker = Worker {
        contracts: store.clone(),
        documents: store.clone(),
        due: store.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(None, Some(Arc::new(App(worker)))).await
}
