//! The ports of the portal, its routes, and its start.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use ciero_ports::{
    Applications, Audit, AuditReports, Billing, Cases, Chance, Contracts, Devices, Documents,
    DueWork, Exports, Interruptions, Notices, Registers, Resellers, ServiceEnds, StaffViews,
    TermsChanges, Viewing, Watch,
};
use ciero_runtime::{Gate, Settings, guarded, number, sdk_config, text, warm_up};

use crate::{
    application, apply, assets, camera, cameras, cancellation, contract, deletion, device, devices,
    documents, explanation, exports, invoice, invoices, landing, leaving, notices, own_particulars,
    processors, profile, refusal, sign_in, status, third_parties, user, users, versions, welcome,
};
use crate::{
    console, console_arrears, console_audit, console_cases, console_consents, console_explanation,
    console_interruptions, console_liability, console_processors, console_resellers,
    console_service_end, console_staff_views, console_stuck, console_terms, console_third_parties,
    console_watch,
};

/// What only the console reads.
#[derive(Clone)]
pub struct ConsoleRecords {
    pub cases: Arc<dyn Cases>,
    pub due: Arc<dyn DueWork>,
    pub reports: Arc<dyn AuditReports>,
    pub resellers: Arc<dyn Resellers>,
    pub changes: Arc<dyn TermsChanges>,
    pub service_ends: Arc<dyn ServiceEnds>,
    pub staff_views: Arc<dyn StaffViews>,
}

/// What the pages read from. People are behind the gate.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub applications: Arc<dyn Applications>,
    pub contracts: Arc<dyn Contracts>,
    pub billing: Arc<dyn Billing>,
    pub notices: Arc<dyn Notices>,
    pub devices: Arc<dyn Devices>,
    pub watch: Arc<dyn Watch>,
    pub exports: Arc<dyn Exports>,
    pub documents: Arc<dyn Documents>,
    pub interruptions: Arc<dyn Interruptions>,
    pub registers: Arc<dyn Registers>,
    pub viewing: Arc<dyn Viewing>,
    pub audit: Arc<dyn Audit>,
    pub console: ConsoleRecords,
    pub chance: Arc<dyn Chance>,
    /// The command that starts the device program, without its arguments.
    pub device_command: Arc<str>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

/// Builds the routes.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/", get(landing::landing))
        .route("/healthz", get(landing::healthz))
        .route("/language", get(landing::language))
        .route("/prices", get(documents::prices))
        .route("/terms", get(documents::terms_in_force))
        .route("/terms/{version}", get(documents::terms))
        .route("/terms/{version}/text", get(versions::text))
        .route("/terms/{version}/changes", get(versions::changes))
        .route("/status", get(status::show))
        .route("/processors", get(processors::show))
        .route("/third-party-terms", get(third_parties::newest))
        .route("/third-party-terms/{version}", get(third_parties::version))
        .route("/apply", get(apply::form))
        .route("/applications/{id}", get(application::show))
        .route("/sign-in", get(sign_in::customers))
        .route("/console/sign-in", get(sign_in::operators))
        .route("/auth/callback", get(sign_in::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/welcome", get(welcome::welcome))
        .route("/cameras", get(cameras::list))
        .route("/cameras/{id}", get(camera::show))
        .route("/cameras/{id}/deletion", get(deletion::show))
        .route("/exports", get(exports::list))
        .route("/contract", get(contract::show))
        .route("/contract/refusal", get(refusal::show))
        .route("/contract/cancellation", get(cancellation::show))
        .route("/contract/leaving", get(leaving::show))
        .route("/contract/particulars", get(own_particulars::show))
        .route("/profile", get(profile::show))
        .route("/profile/data", get(profile::data))
        .route("/contract/explanation", get(explanation::show))
        .route("/invoices", get(invoices::list))
        .route("/invoices/{number}", get(invoice::show))
        .route("/notices", get(notices::list))
        .route("/users", get(users::list))
        .route("/users/{id}", get(user::show))
        .route("/devices", get(devices::list))
        .route("/devices/{id}", get(device::show))
        .route("/console", get(console::first))
        .route("/console/contracts", get(console::contracts))
        .route("/console/contracts/{id}", get(console::contract))
        .route(
            "/console/contracts/{id}/explanation",
            get(console_explanation::show),
        )
        .route("/console/views", get(console_staff_views::list))
        .route(
            "/console/contracts/{id}/views/{view}",
            get(console_staff_views::show),
        )
        .route("/console/arrears", get(console_arrears::page))
        .route("/console/resellers", get(console_resellers::page))
        .route(
            "/console/resellers/{code}/invoices/{number}",
            get(console_resellers::invoice),
        )
        .route("/console/liability", get(console_liability::show))
        .route("/console/cases", get(console_cases::page))
        .route("/console/audit", get(console_audit::page))
        .route("/console/cameras", get(console_watch::page))
        .route("/console/stuck", get(console_stuck::page))
        .route("/console/terms", get(console_terms::list))
        .route("/console/terms/{version}", get(console_terms::show))
        .route(
            "/console/terms/{version}/pages/{sha256}",
            get(console_terms::seen_page),
        )
        .route("/console/processors", get(console_processors::page))
        .route(
            "/console/third-party-terms",
            get(console_third_parties::page),
        )
        .route("/console/service-end", get(console_service_end::page))
        .route("/console/consents", get(console_consents::page))
        .route("/console/interruptions", get(console_interruptions::page))
        .route("/assets/{file}", get(assets::serve))
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store = ciero_store::Store::new(&config, &text("MAIN_TABLE")?, None);
    let store = Arc::new(store.with_due_work(number("DUE_SHARDS")?));
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let app = App {
        gate: gate.clone(),
        applications: store.clone(),
        contracts: store.clone(),
        billing: store.clone(),
        notices: store.clone(),
        devices: store.clone(),
        watch: store.clone(),
        exports: store.clone(),
        documents: store.clone(),
        interruptions: store.clone(),
        registers: store.clone(),
        viewing: store.clone(),
        audit: store.clone(),
        console: ConsoleRecords {
            cases: store.clone(),
            due: store.clone(),
            reports: store.clone(),
            resellers: store.clone(),
            changes: store.clone(),
            service_ends: store.clone(),
            staff_views: store.clone(),
        },
        chance: Arc::new(ciero_cloud::OsChance),
        device_command: text("DEVICE_COMMAND")?.into(),
    };
    warm_up(store.operator()).await;
    ciero_runtime::run(Some(guarded(router(app), gate)), None).await
}
