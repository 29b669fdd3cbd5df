//! 書き出し: the customer's own copy of recordings of any length, and of registered data (9, 15-2).
//!
//! A request writes the export and a message. The queue's messages carry it out in stretches: fragments are listed by the
//! camera's clock, fetched in batches and written into files part by part, and after each part the export says how far it is.
//! A worker that dies or runs out of time leaves the rest to the next message, and nothing that is done is fetched again.

mod ask;
mod copy;
mod fetch;
mod hash;
mod journal;
mod manifest;
mod pen;
mod registered;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use ciero_cloud::{KinesisPlayback, OsChance, S3ExportFiles, SqsQueues};
use ciero_ports::{
    Audit, Billing, Chance, Contracts, Devices, DueWork, ExportFiles, Exports, Notices, People,
    Recordings, Registers, Topic, Viewing,
};
use ciero_runtime::{
    Desk, Event, Gate, Moment, OnEvent, Settings, guarded, number, one_by_one, sdk_config, text,
    warm_up,
};
use ciero_store::Store;
use serde_json::Value;

/// How long one message works on an export before it lets the others have their turn: well below the function's timeout,
/// because a file may have to be closed after it.
const STRETCH: Duration = Duration::from_secs(120);

/// The ports of this function.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub viewing: Arc<dyn Viewing>,
    pub exports: Arc<dyn Exports>,
    pub recordings: Arc<dyn Recordings>,
    pub files: Arc<dyn ExportFiles>,
    pub records: Records,
    pub audit: Arc<dyn Audit>,
    pub desk: Desk,
    pub due: Arc<dyn DueWork>,
    pub chance: Arc<dyn Chance>,
    /// How long one message works.
    pub stretch: Duration,
}

/// What the export of registered data reads; of people and cameras every export knows the names.
#[derive(Clone)]
pub struct Records {
    pub people: Arc<dyn People>,
    pub devices: Arc<dyn Devices>,
    pub contracts: Arc<dyn Contracts>,
    pub billing: Arc<dyn Billing>,
    pub notices: Arc<dyn Notices>,
    pub registers: Arc<dyn Registers>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        let Event::Queue(items) = event else {
            anyhow::bail!("only its queue and its routes wake this function");
        };
        let carry_out = |item| work::carry_out(self, item, now);
        let outcome = one_by_one(self.due.as_ref(), &items, now, carry_out).await;
        Ok(outcome.into_value())
    }
}

/// Builds the routes.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/cameras/{id}/exports", post(ask::one_camera))
        .route("/exports", post(ask::everything))
        .route("/exports/{id}/files/{file}", get(fetch::file))
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store =
        Store::new(&config, &text("MAIN_TABLE")?, None).with_due_work(number("DUE_SHARDS")?);
    let store = Arc::new(store);
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let queues = [
        (Topic::Exports, text("EXPORT_QUEUE_URL")?),
        (Topic::Notices, text("NOTICE_QUEUE_URL")?),
    ];
    let app = App {
        gate: gate.clone(),
        viewing: store.clone(),
        exports: store.clone(),
        recordings: Arc::new(KinesisPlayback::new(&config)),
        files: Arc::new(S3ExportFiles::new(&config, &text("EXPORT_BUCKET")?)),
        records: Records {
            people: store.clone(),
            devices: store.clone(),
            contracts: store.clone(),
            billing: store.clone(),
            notices: store.clone(),
            registers: store.clone(),
        },
        audit: store.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
        due: store.clone(),
        chance: Arc::new(OsChance),
        stretch: STRETCH,
    };
    warm_up(ciero_ports::Documents::operator(store.as_ref())).await;
    let routes = guarded(router(app.clone()), gate);
    ciero_runtime::run(Some(routes), Some(Arc::new(app))).await
}
