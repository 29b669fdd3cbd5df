//! Recomputes daily what should exist for each contract and reports what is missing or doubled.

mod check;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use ciero_ports::{AuditReports, Billing, Contracts, Documents, DueWork};
use ciero_runtime::{Event, Moment, OnEvent, sdk_config, text, warm_up};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with. It changes nothing but its own report.
#[derive(Clone)]
pub struct App {
    pub contracts: Arc<dyn Contracts>,
    pub billing: Arc<dyn Billing>,
    pub due: Arc<dyn DueWork>,
    pub reports: Arc<dyn AuditReports>,
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Schedule { .. } => check::run(self, now).await,
            _ => anyhow::bail!("only its schedule wakes the effect audit"),
        }
    }
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let shards = text("DUE_SHARDS")?.parse();
    let shards = shards.context("DUE_SHARDS is not a number")?;
    let store = Store::new(&config, &text("MAIN_TABLE")?, None).with_due_work(shards);
    let store = Arc::new(store);
    let app = App {
        contracts: store.clone(),
        billing: store.clone(),
        due: store.clone(),
        reports: store.clone(),
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(None, Some(Arc::new(app))).await
}
