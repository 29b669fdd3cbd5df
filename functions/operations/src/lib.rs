//! The operator's own commands: publication of documents (6-1, 23-2, P-4) and the register of 3-4.

mod checks;
mod lists;
mod publish;
mod register;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use ciero_cloud::{OsChance, S3ListFiles, SqsQueues};
use ciero_ports::{Chance, Confidential, Contracts, Documents, ListFiles, Topic};
use ciero_runtime::{
    Desk, Event, Gate, Moment, OnEvent, Settings, guarded, sdk_config, text, warm_up,
};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub desk: Desk,
    pub contracts: Arc<dyn Contracts>,
    pub documents: Arc<dyn Documents>,
    pub confidential: Arc<dyn Confidential>,
    pub list_files: Arc<dyn ListFiles>,
    pub chance: Arc<dyn Chance>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Direct(payload) => publish::publish(self, payload, now).await,
            _ => anyhow::bail!("operations takes a publication or a request"),
        }
    }
}

/// Routes of the function.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route(
            "/console/register",
            get(register::page).post(register::record),
        )
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let confidential = Some(text("CONFIDENTIAL_TABLE")?);
    let store = Arc::new(Store::new(&config, &text("MAIN_TABLE")?, confidential));
    let queues = [
        (Topic::Notices, text("NOTICE_QUEUE_URL")?),
        (Topic::Screening, text("SCREENING_QUEUE_URL")?),
    ];
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let app = App {
        gate: gate.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
        contracts: store.clone(),
        documents: store.clone(),
        confidential: store.clone(),
        list_files: Arc::new(S3ListFiles::new(&config, &text("SCREENING_LIST_BUCKET")?)),
        chance: Arc::new(OsChance),
    };
    warm_up(store.operator()).await;
    let router = guarded(router(app.clone()), gate);
    ciero_runtime::run(Some(router), Some(Arc::new(app))).await
}
