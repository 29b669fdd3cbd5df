//! Staff look at a camera on another operator's grant: within its minutes and its pictures, and each address is a line
//! that the customer reads (21-7).

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use ciero_domain::groups::SUPPORT;
use ciero_domain::ids::{ContractId, MessageId, StaffViewId};
use ciero_domain::staff_view::Pictures;
use ciero_ports::{AuditRow, PlaybackWindow, StaffSeen};
use ciero_runtime::{Answer, Input, Moment, Operator, Problem};
use serde_json::json;

use crate::{App, Day, GAP_MS, Stretch, days, session, shown};

/// Routes of the player of a staff view.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/live", post(live))
        .route("/recording", post(recording))
        .route("/intervals", post(intervals))
}

async fn live(
    State(app): State<App>,
    now: Moment,
    who: Operator,
    Path(place): Path<(String, String)>,
) -> Result<Answer, Problem> {
    let seen = seen(&app, &who, &place).await?;
    watch(&app, &who, &seen, Pictures::Live, now).await
}

async fn recording(
    State(app): State<App>,
    now: Moment,
    who: Operator,
    Path(place): Path<(String, String)>,
    Input(stretch): Input<Stretch>,
) -> Result<Answer, Problem> {
    let seen = seen(&app, &who, &place).await?;
    let (from, to) = (stretch.start, stretch.end);
    watch(&app, &who, &seen, Pictures::Recorded { from, to }, now).await
}

/// Tells which stretches of the granted span were recorded on a day.
async fn intervals(
    State(app): State<App>,
    now: Moment,
    who: Operator,
    Path(place): Path<(String, String)>,
    Input(day): Input<Day>,
) -> Result<Answer, Problem> {
    let seen = seen(&app, &who, &place).await?;
    if !seen.view.is_open_to(&who.actor(), &seen.contract, now.0) {
        return Err(Problem::not_found());
    }
    let (start, end) = days::bounds(&day.date)?;
    let found = match seen.view.pictures {
        Pictures::Recorded { from, to } if start.max(from) < end.min(to) => {
            let stream = &seen.camera.stream_name;
            app.playback
                .intervals(stream, start.max(from), end.min(to), GAP_MS)
                .await?
        }
        _ => Vec::new(),
    };
    let found: Vec<_> = found.iter().map(shown).collect();
    Ok(Answer::ok(json!({ "intervals": found })))
}

/// Reads what an address rests on. To everyone but the support desk there is no view at all.
async fn seen(
    app: &App,
    who: &Operator,
    (contract, view): &(String, String),
) -> Result<StaffSeen, Problem> {
    who.must_be_in(SUPPORT)?;
    let contract = ContractId::parse(contract).map_err(|_| Problem::not_found())?;
    let view = StaffViewId::parse(view).map_err(|_| Problem::not_found())?;
    let seen = app.staff_views.staff_seen(&contract, &view).await?;
    seen.ok_or_else(Problem::not_found)
}

/// Opens a session over granted pictures. What is not granted, not any more, or to another, is not found.
async fn watch(
    app: &App,
    who: &Operator,
    seen: &StaffSeen,
    asked: Pictures,
    now: Moment,
) -> Result<Answer, Problem> {
    let (view, by) = (&seen.view, who.actor());
    if !view.admits((&seen.contract, &seen.camera), asked, &by, now.0) {
        return Err(Problem::not_found());
    }
    let (action, window) = match asked {
        Pictures::Live => ("staff_live", PlaybackWindow::Live),
        Pictures::Recorded { from, to } => {
            ("staff_recording", PlaybackWindow::Recorded { from, to })
        }
    };
    let id = MessageId::from_random(app.chance.id());
    let row = AuditRow::of_staff_view(id, view, (action, asked), (&by, now.0));
    app.audit.append(&row).await?;
    session(app, &seen.camera, window, now).await
}
