//! 指定機器: registered by an administrator, activated once by the device itself, retired (2-11, 16-5, 17-1-11).

mod activation;
mod desk_work;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::post;
use ciero_domain::ids::{ContractId, MessageId};
use ciero_ports::{AuditRow, Chance, Contracts, Devices, Documents, Streams, Things, Topic};
use ciero_runtime::{Desk, Gate, Moment, Settings, guarded, sdk_config, text, warm_up};
use serde_json::Value;

/// What a device is told about the deployment; empty texts mean the region's own.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub region: String,
    pub role_alias: String,
    pub endpoint_url: Option<String>,
    pub trust_anchor: Option<String>,
}

impl Deployment {
    fn from_env() -> anyhow::Result<Self> {
        Ok(Deployment {
            region: text("AWS_REGION")?,
            role_alias: text("DEVICE_ROLE_ALIAS")?,
            endpoint_url: text("DEVICE_ENDPOINT_URL").ok(),
            trust_anchor: text("DEVICE_TRUST_ANCHOR").ok(),
        })
    }
}

/// The ports of this function.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub desk: Desk,
    pub contracts: Arc<dyn Contracts>,
    pub devices: Arc<dyn Devices>,
    pub documents: Arc<dyn Documents>,
    pub streams: Arc<dyn Streams>,
    pub things: Arc<dyn Things>,
    pub chance: Arc<dyn Chance>,
    pub deployment: Arc<Deployment>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

impl App {
    /// Writes one row of the audit trail about a device.
    fn audit(
        &self,
        contract: &ContractId,
        actor: &str,
        action: &str,
        detail: Value,
        now: Moment,
    ) -> Box<AuditRow> {
        Box::new(AuditRow {
            id: MessageId::from_random(self.chance.id()),
            at: now.0,
            contract: contract.clone(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            camera: None,
            outcome: "done".to_owned(),
            detail,
        })
    }
}

/// Builds the routes.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/devices", post(desk_work::register))
        .route("/devices/{id}/code", post(desk_work::new_code))
        .route("/devices/{id}/retirement", post(desk_work::retire))
        .route("/devices/activation", post(activation::activate))
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store = Arc::new(ciero_store::Store::new(&config, &text("MAIN_TABLE")?, None));
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let queues = [
        (Topic::Notices, text("NOTICE_QUEUE_URL")?),
        (Topic::Screening, text("SCREENING_QUEUE_URL")?),
    ];
    let app = App {
        gate: gate.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(ciero_cloud::SqsQueues::new(&config, queues)),
        },
        contracts: store.clone(),
        devices: store.clone(),
        documents: store.clone(),
        streams: Arc::new(ciero_cloud::KinesisStreams::new(&config)),
        things: Arc::new(ciero_cloud::IotThings::new(
            &config,
            &text("DEVICE_POLICY")?,
        )),
        chance: Arc::new(ciero_cloud::OsChance),
        deployment: Arc::new(Deployment::from_env()?),
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(Some(guarded(router(app), gate)), None).await
}

#[cfg(test)]
mod tests;
