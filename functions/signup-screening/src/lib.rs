//! Intake, screening and registration of applications (Art. 3).

mod check;
mod console;
mod decision;
mod intake;
mod lists;
mod registration;
mod rescreen;
mod review;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use ciero_cloud::{OsChance, S3ListFiles, SqsQueues};
use ciero_domain::application::Application;
use ciero_domain::ids::ApplicationId;
use ciero_domain::screening::{ListIndex, RegisterKey};
use ciero_ports::{
    Applications, Chance, Confidential, Contracts, Documents, DueWork, ListFiles, Registers,
    ServiceEnds, Topic,
};
use ciero_runtime::{
    Desk, Gate, Moment, Problem, Settings, guarded, note_reading, number, sdk_config, text, warm_up,
};
use ciero_store::Store;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub desk: Desk,
    pub applications: Arc<dyn Applications>,
    pub contracts: Arc<dyn Contracts>,
    pub documents: Arc<dyn Documents>,
    pub registers: Arc<dyn Registers>,
    pub confidential: Arc<dyn Confidential>,
    pub list_files: Arc<dyn ListFiles>,
    pub ready_lists: lists::ReadyLists,
    /// Finds purged customers in the register again (D-05).
    pub register_key: RegisterKey,
    pub chance: Arc<dyn Chance>,
    /// Takes the reasons of failures, for the person who looks at a message that was given up on.
    pub due: Arc<dyn DueWork>,
    pub service_ends: Arc<dyn ServiceEnds>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

impl App {
    /// Returns the application of a path; whatever is no application's identifier is not found either.
    async fn application(&self, id: &str) -> Result<Application, Problem> {
        let id = ApplicationId::parse(id).map_err(|_| Problem::not_found())?;
        let application = self.applications.application(&id).await?;
        application.ok_or_else(Problem::not_found)
    }

    /// Returns the screening lists in force, ready to be compared with.
    async fn lists_in_force(&self) -> anyhow::Result<Vec<Arc<ListIndex>>> {
        let (confidential, files) = (self.confidential.as_ref(), self.list_files.as_ref());
        self.ready_lists.in_force(confidential, files).await
    }

    /// Writes down that an operator reads reasons; whoever shows them does this first.
    async fn note_reading(&self, by: &str, what: &str, now: Moment) -> Result<(), Problem> {
        let ports = (self.confidential.as_ref(), self.chance.as_ref());
        note_reading(ports, (by, now), what).await
    }
}

/// Routes of the function.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/applications", post(intake::draft))
        .route("/applications/{id}/submission", post(intake::submit))
        .route("/applications/{id}/withdrawal", post(intake::withdraw))
        .route("/console/applications", get(console::list))
        .route("/console/applications/{id}", get(console::detail))
        .route(
            "/console/applications/{id}/decision",
            post(decision::decide),
        )
        .route(
            "/console/applications/{id}/registration",
            post(registration::register),
        )
        .route("/console/reviews", get(console::reviews))
        .route("/console/reviews/{id}/conclusion", post(review::conclude))
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
        (Topic::Screening, text("SCREENING_QUEUE_URL")?),
    ];
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let app = App {
        gate: gate.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
        applications: store.clone(),
        contracts: store.clone(),
        documents: store.clone(),
        registers: store.clone(),
        confidential: store.clone(),
        list_files: Arc::new(S3ListFiles::new(&config, &text("SCREENING_LIST_BUCKET")?)),
        ready_lists: lists::ReadyLists::default(),
        register_key: RegisterKey::new(&text("REGISTER_KEY")?),
        chance: Arc::new(OsChance),
        due: store.clone(),
        service_ends: store.clone(),
    };
    warm_up(store.operator()).await;
    let router = guarded(router(app.clone()), gate);
    ciero_runtime::run(Some(router), Some(Arc::new(app))).await
}
