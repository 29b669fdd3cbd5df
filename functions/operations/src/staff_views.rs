//! Requests to look at a customer's video, their grant by another operator, and their end (21-7).

use axum::Router;
use axum::extract::{FromRequestParts, Path, State};
use axum::routing::post;
use ciero_domain::ids::{CameraId, ContractId, MessageId, StaffViewId};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::staff_view::{BOXES_MINUTES, Ground, NewStaffView, Pictures, StaffView};
use ciero_ports::{AuditRow, Decision, StaffSeen, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use http::request::Parts;
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, ContractPath, Support};
use crate::reading::Given;

/// Routes of the staff views of a contract.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", post(ask))
        .route("/{view}/grant", post(grant))
        .route("/{view}/closing", post(close))
}

/// A request, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawView {
    camera: String,
    ticket: Given,
    ground: String,
    reason: Given,
    /// `live` or `recorded`, which needs both of the next.
    pictures: String,
    from: Given,
    to: Given,
    minutes: Given,
}

impl RawView {
    fn parse(&self) -> Result<(CameraId, NewStaffView), Problem> {
        let mut errors = FieldErrors::default();
        let choice = |code: &str| match code.is_empty() {
            true => FieldRule::Required,
            false => FieldRule::Choice,
        };
        let camera = CameraId::parse(&self.camera).map_err(|_| choice(&self.camera));
        let camera = errors.keep("camera", camera);
        let ticket = errors.keep("ticket", ticket(&self.ticket));
        let ground = Ground::parse(&self.ground).ok_or_else(|| choice(&self.ground));
        let ground = errors.keep("ground", ground);
        let reason = errors.keep("reason", self.reason.needed());
        let pictures = match self.pictures.as_str() {
            "live" => Some(Pictures::Live),
            "recorded" => {
                let from = errors.keep("from", self.from.moment());
                let to = errors.keep("to", self.to.moment());
                from.zip(to)
                    .map(|(from, to)| Pictures::Recorded { from, to })
            }
            other => errors.keep("pictures", Err(choice(other))),
        };
        let minutes = self.minutes.choice::<u16>().and_then(|minutes| {
            let offered = BOXES_MINUTES.contains(&minutes);
            offered.then_some(minutes).ok_or(FieldRule::Choice)
        });
        let minutes = errors.keep("minutes", minutes);
        let new = camera
            .zip(ticket.zip(ground))
            .zip(reason.zip(pictures.zip(minutes)));
        let new = new.map(
            |((camera, (ticket, ground)), (reason, (pictures, minutes)))| {
                let new = NewStaffView {
                    ticket,
                    ground,
                    reason,
                    pictures,
                    minutes,
                };
                (camera, new)
            },
        );
        errors.finish(new).map_err(Problem::fields)
    }
}

/// Reads a ticket's number. It is kept in the trail when the contract's data go, so it has no room for a name.
fn ticket(given: &Given) -> Result<String, FieldRule> {
    let ticket = given.short()?;
    match ticket.bytes().all(|sign| sign.is_ascii_graphic()) {
        true => Ok(ticket),
        false => Err(FieldRule::Unprintable),
    }
}

/// A contract and one of its views; what cannot be read does not exist.
pub struct ViewPath(ContractId, StaffViewId);

impl FromRequestParts<App> for ViewPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((contract, view)) = path.map_err(|_| Problem::not_found())?;
        let contract = ContractId::parse(&contract).map_err(|_| Problem::not_found())?;
        let view = StaffViewId::parse(&view).map_err(|_| Problem::not_found())?;
        Ok(ViewPath(contract, view))
    }
}

fn place(view: &StaffView) -> String {
    format!("/console/contracts/{}/views/{}", view.contract, view.id)
}

impl App {
    /// Returns the view as written, with the line of it that the customer reads; the contract must stand as it was read, so
    /// that no view slips past a deletion that begins (15-3).
    fn viewed(
        &self,
        view: StaffView,
        contract_version: u64,
        action: &str,
        (by, now): (&str, Moment),
    ) -> Decision {
        let id = MessageId::from_random(self.chance.id());
        let row = AuditRow::of_staff_view(id, &view, (action, view.pictures), (by, now.0));
        let stands = Write::ContractStandsAt(view.contract.clone(), contract_version);
        Decision::of(Write::StaffView(Box::new(view)))
            .and(Write::Audit(Box::new(row)))
            .and(stands)
    }
}

/// Asks to look at a camera of the contract.
pub async fn ask(
    acting: Acting<Support>,
    ContractPath(contract): ContractPath,
    State(app): State<App>,
    Input(raw): Input<RawView>,
) -> Result<Answer, Problem> {
    let (camera, new) = raw.parse()?;
    let id = StaffViewId::from_random(app.chance.id());
    let (by, now) = (acting.by(), acting.now);
    let (app, by, contract, camera) = (&app, by.as_str(), &contract, &camera);
    let (id, new) = (&id, &new);
    app.desk
        .decide(acting.asked, now, || async move {
            let contract = app.contracts.contract(contract).await?;
            let contract = contract.ok_or_else(Problem::not_found)?;
            let camera = app.legal.devices.camera(&contract.id, camera).await?;
            let camera = camera.ok_or_else(|| Problem::field("camera", FieldRule::Choice))?;
            let (id, new) = (id.clone(), new.clone());
            let view = StaffView::ask(id, new, (&contract, &camera), by, now.0)?;
            let answer = Answer::created(place(&view), view.id.as_str());
            let decision = app.viewed(view, contract.version, "staff_view_asked", (by, now));
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Takes a step with the view that a path names.
async fn step(
    acting: Acting<Support>,
    app: &App,
    ViewPath(contract, id): ViewPath,
    action: &str,
    take: impl Fn(&StaffSeen, &str) -> Result<StaffView, Problem> + Send + Sync,
) -> Result<Answer, Problem> {
    let (by, now) = (acting.by(), acting.now);
    let (by, contract, id, take) = (by.as_str(), &contract, &id, &take);
    app.desk
        .decide(acting.asked, now, || async move {
            let seen = app.staff_views.staff_seen(contract, id).await?;
            let seen = seen.ok_or_else(Problem::not_found)?;
            let view = take(&seen, by)?;
            let answer = Answer::done(place(&view));
            let decision = app.viewed(view, seen.contract.version, action, (by, now));
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Grants a request of another operator; its minutes begin.
pub async fn grant(
    acting: Acting<Support>,
    path: ViewPath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    let now = acting.now;
    let take = |seen: &StaffSeen, by: &str| Ok(seen.view.grant(&seen.contract, by, now.0)?);
    step(acting, &app, path, "staff_view_granted", take).await
}

/// Takes a request back, or closes a view before its end.
pub async fn close(
    acting: Acting<Support>,
    path: ViewPath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    let now = acting.now;
    let take = |seen: &StaffSeen, by: &str| Ok(seen.view.close(by, now.0)?);
    step(acting, &app, path, "staff_view_closed", take).await
}
