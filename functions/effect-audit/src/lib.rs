//! Recomputes daily what should exist for each contract and reports what is missing or doubled.
//!
//! A run goes through all contracts in parts, each asked for by a message of the one before, and replaces the report
//! when it is complete.

mod check;
mod metrics;
mod resold;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use ciero_cloud::SqsQueues;
use ciero_ports::{
    AuditReports, AuditRun, Billing, Body, Contracts, Documents, DueWork, Queues, Resellers, Topic,
};
use ciero_runtime::{
    Event, Moment, OnEvent, QueueItem, number, one_by_one, sdk_config, text, warm_up,
};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with. It changes nothing but its own report and runs.
#[derive(Clone)]
pub struct App {
    pub contracts: Arc<dyn Contracts>,
    pub billing: Arc<dyn Billing>,
    pub due: Arc<dyn DueWork>,
    pub reports: Arc<dyn AuditReports>,
    pub resellers: Arc<dyn Resellers>,
    pub documents: Arc<dyn Documents>,
    pub queues: Arc<dyn Queues>,
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Schedule { .. } => check::part(self, AuditRun::begin(now.0), now).await,
            Event::Queue(items) => {
                let go_on = |item| next_part(self, item, now);
                let outcome = one_by_one(self.due.as_ref(), &items, now, go_on).await;
                Ok(outcome.into_value())
            }
            _ => anyhow::bail!("only its schedule and its queue wake the effect audit"),
        }
    }
}

/// Goes on with the run that a message names.
async fn next_part(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    let Body::Audit(began) = message.body else {
        anyhow::bail!("message {} belongs to another queue", message.id);
    };
    let run = app.reports.run(began).await?;
    let run = run.with_context(|| format!("there is no run of {began}"))?;
    check::part(app, run, now).await.map(|_| ())
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store =
        Store::new(&config, &text("MAIN_TABLE")?, None).with_due_work(number("DUE_SHARDS")?);
    let store = Arc::new(store);
    let app = App {
        contracts: store.clone(),
        billing: store.clone(),
        due: store.clone(),
        reports: store.clone(),
        resellers: store.clone(),
        documents: store.clone(),
        queues: Arc::new(SqsQueues::new(
            &config,
            [(Topic::Audit, text("AUDIT_QUEUE_URL")?)],
        )),
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(None, Some(Arc::new(app))).await
}
