//! The customer's own commands: consent, particulars, users and their rights, sessions, and the end of the contract (Art. 1, 4,
//! 5, 11, 15).

mod address;
mod consent;
mod life;
mod particulars;
mod people;
mod profile;
mod removal;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::post;
use ciero_cloud::{OsChance, SqsQueues};
use ciero_domain::ids::{CameraId, MessageId, UserId};
use ciero_domain::notice::Notice;
use ciero_domain::user::User;
use ciero_ports::{
    AuditRow, Body, Chance, Contracts, Decision, Devices, Documents, People, Topic, Write,
};
use ciero_runtime::{
    Desk, Gate, Moment, Problem, Settings, guarded, number, sdk_config, text, warm_up,
};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub desk: Desk,
    pub people: Arc<dyn People>,
    pub contracts: Arc<dyn Contracts>,
    pub devices: Arc<dyn Devices>,
    pub documents: Arc<dyn Documents>,
    pub chance: Arc<dyn Chance>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

/// One row of the audit trail to be written.
struct Trace<'a> {
    actor: &'a User,
    action: &'static str,
    camera: Option<CameraId>,
    detail: Value,
}

impl App {
    /// Returns a person of the same contract; another customer's is not found either (7-8).
    async fn colleague(&self, of: &User, id: &str) -> Result<User, Problem> {
        let id = UserId::parse(id).map_err(|_| Problem::not_found())?;
        let user = self.people.user(&of.contract, &id).await?;
        user.ok_or_else(Problem::not_found)
    }

    /// Refuses what begins a new use while the contract is suspended (D-09).
    async fn check_use(&self, user: &User) -> Result<(), Problem> {
        let contract = self.contracts.contract(&user.contract).await?;
        Ok(contract.ok_or_else(Problem::not_found)?.check_use()?)
    }

    /// Sends a notice with a decision.
    fn tell(&self, decision: Decision, notice: Notice, now: Moment) -> Decision {
        let message = MessageId::from_random(self.chance.id());
        decision.say(message, now.0, Body::Notice(notice))
    }

    /// Writes what a person did into the contract's audit trail (5-2).
    fn audit(&self, trace: Trace, now: Moment) -> Write {
        Write::Audit(Box::new(AuditRow {
            id: MessageId::from_random(self.chance.id()),
            at: now.0,
            contract: trace.actor.contract.clone(),
            actor: trace.actor.id.to_string(),
            action: trace.action.to_owned(),
            camera: trace.camera,
            outcome: "done".to_owned(),
            detail: trace.detail,
        }))
    }
}

/// Routes of the function.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/terms-acceptance", post(consent::accept))
        .route("/users", post(people::add))
        .route("/users/{id}/rights", post(people::set_rights))
        .route("/users/{id}/invitation", post(people::invite))
        .route("/users/{id}/removal", post(removal::remove))
        .route("/users/{id}/erasure", post(removal::erase))
        .route("/profile", post(profile::correct))
        .route("/profile/address", post(address::ask))
        .route("/profile/address/proof", post(address::prove))
        .route("/profile/removal", post(profile::leave))
        .route("/session-revocation", post(sessions::revoke))
        .route("/contract/refusal", post(life::refuse_renewal))
        .route("/contract/cancellation", post(life::cancel))
        .route("/contract/particulars", post(particulars::change))
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store = Store::new(&config, &text("MAIN_TABLE")?, None);
    let store = Arc::new(store.with_due_work(number("DUE_SHARDS")?));
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let queues = [(Topic::Notices, text("NOTICE_QUEUE_URL")?)];
    let app = App {
        gate: gate.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
        people: store.clone(),
        contracts: store.clone(),
        devices: store.clone(),
        documents: store.clone(),
        chance: Arc::new(OsChance),
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(Some(guarded(router(app), gate)), None).await
}
