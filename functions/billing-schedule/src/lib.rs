//! Invoices, demands and the suspension for non-payment, as their queues bring them; daily, the invoices to resellers
//! (6-1, 6-2, 13-1-2).

mod resellers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use ciero_cloud::SqsQueues;
use ciero_ports::{Documents, Topic};
use ciero_runtime::{Desk, Event, Moment, OnEvent, Worker, number, sdk_config, text, warm_up};
use ciero_store::Store;
use serde_json::Value;

use resellers::Resold;

/// What the function works with.
struct App {
    worker: Worker,
    resold: Resold,
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Queue(items) => Ok(self.worker.work(items, now).await.into_value()),
            Event::Schedule { .. } => self.resold.run(now).await,
            _ => anyhow::bail!("billing-schedule takes its queues and its schedule only"),
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
    let queues = [(Topic::Notices, text("NOTICE_QUEUE_URL")?)];
    let desk = Desk {
        ledger: store.clone(),
        queues: Arc::new(SqsQueues::new(&config, queues)),
    };
    let app = App {
        worker: Worker {
            contracts: store.clone(),
            documents: store.clone(),
            due: store.clone(),
            desk: desk.clone(),
        },
        resold: Resold {
            resellers: store.clone(),
            documents: store.clone(),
            desk,
        },
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(None, Some(Arc::new(app))).await
}
