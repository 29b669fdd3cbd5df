//! Intake, screening and registration of applications (Art. 3).

mod check;
mod console;
mod decision;
mod intake;
mod registration;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use ciero_cloud::{OsChance, S3ListFiles, SqsQueues};
use ciero_domain::application::Application;
use ciero_domain::ids::ApplicationId;
use ciero_ports::{Applications, Chance, Confidential, Documents, DueWork, ListFiles, Topic};
use ciero_runtime::{Desk, Gate, Problem, Settings, guarded, sdk_config, text, warm_up};
use ciero_store::Store;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub desk: Desk,
    pub applications: Arc<dyn Applications>,
    pub documents: Arc<dyn Documents>,
    pub confidential: Arc<dyn Confidential>,
    pub list_files: Arc<dyn ListFiles>,
    pub chance: Arc<dyn Chance>,
    /// Takes the reasons of failures, for the person who looks at a message that was given up on.
    pub due: Arc<dyn DueWork>,
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
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let confidential = Some(text("CONFIDENTIAL_TABLE")?);
    let store = Store::new(&config, &text("MAIN_TABLE")?, confidential);
    let store = Arc::new(store.with_due_work(text("DUE_SHARDS")?.parse()?));
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
        documents: store.clone(),
        confidential: store.clone(),
        list_files: Arc::new(S3ListFiles::new(&config, &text("SCREENING_LIST_BUCKET")?)),
        chance: Arc::new(OsChance),
        due: store.clone(),
    };
    warm_up(store.operator()).await;
    let router = guarded(router(app.clone()), gate);
    ciero_runtime::run(Some(router), Some(Arc::new(app))).await
}
