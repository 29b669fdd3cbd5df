//! Once a day: whether a camera's stream keeps recordings for as long as the plan says (21-6).

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Case, CaseKind, Contract, stable_id};
use ciero_domain::device::Camera;
use ciero_domain::watch::{Ledger, Shortfall};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use ciero_runtime::Moment;

use crate::App;

/// Notes the comparison in the ledger and opens a case where the stream falls short: the plan is the operator's to keep,
/// so an operator is told, not the customer. What fails is tried again by the next tick.
pub(crate) async fn compare(
    app: &App,
    contract: &Contract,
    camera: &Camera,
    ledger: &mut Ledger,
    now: Moment,
) {
    let owed_hours = u32::from(contract.retention_days(tokyo_date(now.0))) * 24;
    let mut compared = ledger.clone();
    let outcome = async {
        let kept = app.streams.kept(&camera.stream_name).await?;
        // A stream that is not there keeps nothing.
        let held_hours = kept.map_or(0, |kept| kept.hours);
        compared.compare(held_hours, owed_hours, now.0);
        match compared.shortfall {
            Some(shortfall) => open_case(app, camera, shortfall, now).await,
            None => Ok(()),
        }
    };
    let outcome: anyhow::Result<()> = outcome.await;
    match outcome {
        Ok(()) => *ledger = compared,
        Err(error) => {
            let error = format!("{error:#}");
            tracing::warn!(camera = %camera.id, error, "a stream could not be compared with its plan");
        }
    }
}

/// Opens the case of a shortfall, once.
async fn open_case(
    app: &App,
    camera: &Camera,
    Shortfall {
        held_hours,
        owed_hours,
    }: Shortfall,
    now: Moment,
) -> anyhow::Result<()> {
    let about = format!("{}/{held_hours}h/{owed_hours}h", camera.stream_name);
    let case = Case {
        id: stable_id(&camera.contract, &format!("case/plan/{about}")),
        version: 1,
        kind: CaseKind::PlanNotMet,
        contract: camera.contract.clone(),
        opened_at: now.0,
        about,
        closed: None,
    };
    let decision = Decision::of(Write::Case(Box::new(case)));
    match app.desk.ledger.commit(&decision).await {
        // The case of this very shortfall is open, or was closed by a person.
        Ok(()) | Err(CommitError::Conflict(WriteKind::Entity)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
