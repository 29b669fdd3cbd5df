//! The operator's own commands: on contracts and their money, the register of 3-4, publication (6-1, 23, P-4), interruptions
//! (8-1), and the legal desk (21-4).

mod acting;
mod billing;
mod checks;
mod desk_work;
mod import;
mod import_page;
mod interruptions;
mod legal;
mod lists;
mod load;
mod measures;
mod orders;
mod particulars;
mod processors;
mod proofs;
mod publish;
mod reading;
mod register;
mod resellers;
mod service_end;
mod staff_views;
mod terms;
#[cfg(test)]
mod tests;
mod third_parties;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use ciero_cloud::{OsChance, S3CaseFiles, S3ListFiles, SqsQueues};
use ciero_ports::{
    Cases, Chance, Confidential, Contracts, Documents, DueWork, Interruptions, ListFiles, Notices,
    Registers, Resellers, ServiceEnds, StaffViews, TermsChanges, Topic, Website,
};
use ciero_runtime::{
    Desk, Event, Gate, Moment, OnEvent, PublicWebsite, Settings, guarded, number, one_by_one,
    sdk_config, text, warm_up,
};
use ciero_store::Store;
use serde_json::Value;

/// What the function works with.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub desk: Desk,
    pub contracts: Arc<dyn Contracts>,
    pub resellers: Arc<dyn Resellers>,
    pub cases: Arc<dyn Cases>,
    pub due: Arc<dyn DueWork>,
    pub documents: Arc<dyn Documents>,
    pub confidential: Arc<dyn Confidential>,
    pub list_files: Arc<dyn ListFiles>,
    /// The legal desk's own (21-4).
    pub legal: legal::Sources,
    pub chance: Arc<dyn Chance>,
    pub changes: Arc<dyn TermsChanges>,
    pub interruptions: Arc<dyn Interruptions>,
    pub registers: Arc<dyn Registers>,
    pub website: Arc<dyn Website>,
    pub service_ends: Arc<dyn ServiceEnds>,
    pub staff_views: Arc<dyn StaffViews>,
    pub notices: Arc<dyn Notices>,
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
            Event::Direct(mut payload) => match payload.get_mut("load_list") {
                Some(load) => load::load(self, load.take(), now).await,
                None => publish::publish(self, payload, now).await,
            },
            Event::Schedule { .. } => proofs::look_at(self, None, now).await,
            Event::Queue(items) => {
                let carry = |item| service_end::carry(self, item, now);
                let outcome = one_by_one(self.due.as_ref(), &items, now, carry).await;
                Ok(outcome.into_value())
            }
            _ => anyhow::bail!(
                "operations takes a publication, its schedule, its queue or a request"
            ),
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
        .route("/console/lists", get(load::show).post(load::upload))
        .route(
            "/console/receipts",
            get(import_page::page).post(import::import),
        )
        .route(
            "/console/resellers/{code}/receipts",
            post(resellers::receive),
        )
        .route("/console/cases/{id}/closing", post(desk_work::close_case))
        .route("/console/stuck/{id}/redrive", post(desk_work::redrive))
        .nest("/console/contracts/{id}", of_contract())
        .merge(in_public())
        .merge(legal::routes())
        .with_state(app)
}

/// What is said to everyone: changes of the terms, who else takes part, interruptions.
fn in_public() -> Router<App> {
    Router::new()
        .route("/console/terms", post(terms::write))
        .route("/console/terms/{version}/approval", post(terms::approve))
        .route("/console/terms/{version}/publication", post(terms::publish))
        .route("/console/processors", post(processors::enter))
        .route("/console/processors/{id}/end", post(processors::end))
        .route(
            "/console/processors/{id}/approval",
            post(processors::approve),
        )
        .route(
            "/console/processors/{id}/withdrawal",
            post(processors::withdraw),
        )
        .route("/console/third-party-terms", post(third_parties::enter))
        .route(
            "/console/third-party-terms/{id}/removal",
            post(third_parties::remove),
        )
        .route("/console/service-end", post(service_end::announce))
        .route("/console/service-end/notices", post(service_end::tell))
        .route(
            "/console/service-end/deliveries",
            post(service_end::deliver),
        )
        .route("/console/service-end/day", post(service_end::set))
        .route("/console/interruptions", post(interruptions::record))
        .route(
            "/console/interruptions/{id}/updates",
            post(interruptions::update),
        )
        .route("/console/interruptions/{id}/end", post(interruptions::end))
        .route(
            "/console/interruptions/{id}/calling-off",
            post(interruptions::call_off),
        )
}

/// Commands on one contract.
fn of_contract() -> Router<App> {
    Router::new()
        .route("/orders", post(orders::accept))
        .route("/refusal", post(orders::refuse_renewal))
        .route("/cancellation", post(orders::cancel))
        .route("/particulars/confirmation", post(particulars::confirm))
        .route("/particulars/refusal", post(particulars::refuse))
        .route("/receipts", post(billing::receive))
        .route("/credit-notes", post(billing::credit))
        .route("/demands", post(billing::demand))
        .route("/interest", post(billing::interest))
        .route("/measures", post(measures::suspend))
        .route("/lift", post(measures::lift))
        .route("/rescission", post(measures::propose))
        .route("/rescission/approval", post(measures::approve))
        .route("/rescission/withdrawal", post(measures::withdraw))
        .nest("/views", staff_views::routes())
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
        (Topic::Audit, text("AUDIT_QUEUE_URL")?),
        (Topic::Watch, text("WATCH_QUEUE_URL")?),
        (Topic::Exports, text("EXPORT_QUEUE_URL")?),
        (Topic::HoldCopies, text("HOLD_COPY_QUEUE_URL")?),
        (Topic::ServiceEnd, text("SERVICE_END_QUEUE_URL")?),
    ];
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let app = App {
        gate: gate.clone(),
        desk: Desk {
            ledger: store.clone(),
            queues: Arc::new(SqsQueues::new(&config, queues)),
        },
        contracts: store.clone(),
        resellers: store.clone(),
        cases: store.clone(),
        due: store.clone(),
        documents: store.clone(),
        confidential: store.clone(),
        list_files: Arc::new(S3ListFiles::new(&config, &text("SCREENING_LIST_BUCKET")?)),
        legal: legal::Sources {
            disclosures: store.clone(),
            files: Arc::new(S3CaseFiles::new(&config, &text("DISCLOSURE_BUCKET")?)),
            devices: store.clone(),
            billing: store.clone(),
            notices: store.clone(),
            audit: store.clone(),
        },
        chance: Arc::new(OsChance),
        changes: store.clone(),
        interruptions: store.clone(),
        registers: store.clone(),
        service_ends: store.clone(),
        staff_views: store.clone(),
        notices: store.clone(),
        website: Arc::new(PublicWebsite::new(&text("PORTAL_URL")?)?),
    };
    warm_up(store.operator()).await;
    let router = guarded(router(app.clone()), gate);
    ciero_runtime::run(Some(router), Some(Arc::new(app))).await
}
