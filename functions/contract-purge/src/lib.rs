//! Deletes an ended contract's data everywhere, searches for what is left, and certifies it (15-3); and what a customer
//! deletes of its recordings before (15-2).
//!
//! A contract owes its deletion as due work. Each step is asked for in one transaction with its line in the journal and with
//! the versions of the contract and of the holds on which that rests; only then is it done. A run that ends in between
//! leaves the step asked for, and the next run asks again and does it again.

mod books;
mod certify;
mod console;
mod deletion;
mod driver;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use ciero_cloud::{CognitoAccounts, IotThings, KinesisStreams, S3Files, SqsQueues};
use ciero_domain::contract::Kind;
use ciero_domain::screening::RegisterKey;
use ciero_ports::{
    Accounts, Body, Certificates, Confidential, Contracts, Deletions, Devices, Documents, DueWork,
    Exports, Files, Notices, People, Purges, Streams, Things, Topic, Watch,
};
use ciero_runtime::{
    CertificateKey, Desk, Event, Gate, Moment, OnEvent, QueueItem, Settings, guarded, number,
    one_by_one, sdk_config, text, warm_up,
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
    pub people: Arc<dyn People>,
    pub devices: Arc<dyn Devices>,
    pub notices: Arc<dyn Notices>,
    pub confidential: Arc<dyn Confidential>,
    pub purges: Arc<dyn Purges>,
    pub certificates: Arc<dyn Certificates>,
    pub deletions: Arc<dyn Deletions>,
    pub exports: Arc<dyn Exports>,
    pub watch: Arc<dyn Watch>,
    pub due: Arc<dyn DueWork>,
    pub streams: Arc<dyn Streams>,
    pub files: Arc<dyn Files>,
    pub accounts: Arc<dyn Accounts>,
    pub things: Arc<dyn Things>,
    pub register_key: RegisterKey,
    pub certificate_key: Arc<CertificateKey>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        let items = match event {
            Event::Queue(items) => items,
            Event::Schedule { .. } => return deletion::run(self, now).await,
            _ => anyhow::bail!("only its queue, its schedule and requests wake this function"),
        };
        let carry_out = |item| carry_out(self, item, now);
        let outcome = one_by_one(self.due.as_ref(), &items, now, carry_out).await;
        Ok(outcome.into_value())
    }
}

async fn carry_out(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    match &message.body {
        Body::Work(task) if task.work.kind() == Kind::Purge => {
            driver::carry_out(app, task, now).await
        }
        _ => anyhow::bail!("message {} belongs to another queue", message.id),
    }
}

/// Routes of the function.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/cameras/{id}/deletion", post(deletion::command))
        .route("/certificates/key.pem", get(console::public_key))
        .route("/console/purges", get(console::list))
        .route("/console/purges/{id}", get(console::detail))
        .route(
            "/console/purges/{id}/certificates/{number}",
            get(console::certificate),
        )
        .route("/console/purges/{id}/run", post(console::run))
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let confidential = Some(text("CONFIDENTIAL_TABLE")?);
    let store = Store::new(&config, &text("MAIN_TABLE")?, confidential);
    let store = Arc::new(store.with_due_work(number("DUE_SHARDS")?));
    let queues = [
        (Topic::Notices, text("NOTICE_QUEUE_URL")?),
        (Topic::Work(Kind::Purge), text("PURGE_QUEUE_URL")?),
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
        people: store.clone(),
        devices: store.clone(),
        notices: store.clone(),
        confidential: store.clone(),
        purges: store.clone(),
        certificates: store.clone(),
        deletions: store.clone(),
        exports: store.clone(),
        watch: store.clone(),
        due: store.clone(),
        streams: Arc::new(KinesisStreams::new(&config)),
        files: Arc::new(S3Files::new(&config, vec![text("EXPORT_BUCKET")?])),
        accounts: Arc::new(CognitoAccounts::new(&config, &text("CUSTOMER_POOL_ID")?)),
        things: Arc::new(IotThings::new(&config, &text("DEVICE_POLICY")?)),
        register_key: RegisterKey::new(&text("REGISTER_KEY")?),
        certificate_key: Arc::new(CertificateKey::from_secret(&text("CERTIFICATE_KEY")?)?),
    };
    warm_up(store.operator()).await;
    let router = guarded(router(app.clone()), gate);
    ciero_runtime::run(Some(router), Some(Arc::new(app))).await
}
