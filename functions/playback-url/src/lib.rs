//! 映像の視聴: entitlement first, then a session address that lives for minutes (Art. 18).

mod days;
mod staff;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Path, State};
use axum::routing::post;
use ciero_domain::device::Camera;
use ciero_domain::entitlement::{ADDRESS_SECONDS, Ask, Entitlement, earliest_visible, entitle};
use ciero_domain::ids::{CameraId, MessageId};
use ciero_ports::{
    Audit, AuditRow, Chance, Interval, Playback, PlaybackError, PlaybackWindow, Seen, StaffViews,
    Viewing,
};
use ciero_runtime::{
    Answer, Gate, Input, Moment, Problem, Settings, SignedIn, guarded, sdk_config, text, warm_up,
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// When a player should ask for the next one.
const RENEW_AFTER_SECONDS: i32 = 240;
/// Stretches closer than this are shown as one, in milliseconds.
const GAP_MS: i64 = 2_000;

/// The ports of this function.
#[derive(Clone)]
pub struct App {
    pub gate: Gate,
    pub viewing: Arc<dyn Viewing>,
    pub staff_views: Arc<dyn StaffViews>,
    pub playback: Arc<dyn Playback>,
    pub audit: Arc<dyn Audit>,
    pub chance: Arc<dyn Chance>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Gate {
        app.gate.clone()
    }
}

/// Builds the routes.
pub fn router(app: App) -> Router<()> {
    Router::new()
        .route("/cameras/{id}/live", post(live))
        .route("/cameras/{id}/recording", post(recording))
        .route("/cameras/{id}/intervals", post(intervals))
        .nest("/console/contracts/{id}/views/{view}", staff::routes())
        .with_state(app)
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = sdk_config()?;
    let store = Arc::new(ciero_store::Store::new(&config, &text("MAIN_TABLE")?, None));
    let gate = Gate::new(Settings::from_env()?, store.clone());
    let app = App {
        gate: gate.clone(),
        viewing: store.clone(),
        staff_views: store.clone(),
        playback: Arc::new(ciero_cloud::KinesisPlayback::new(&config)),
        audit: store.clone(),
        chance: Arc::new(ciero_cloud::OsChance),
    };
    warm_up(ciero_ports::Documents::operator(store.as_ref())).await;
    ciero_runtime::run(Some(guarded(router(app), gate)), None).await
}

/// Opens a live session.
async fn live(
    State(app): State<App>,
    now: Moment,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    let seen = seen(&app, &who, &id).await?;
    admit(&app, &seen, Ask::Live, now).await?;
    session(&app, &seen.camera, PlaybackWindow::Live, now).await
}

/// What a player asks of a recording; times are RFC 3339.
#[derive(Debug, Deserialize)]
struct Stretch {
    start: Timestamp,
    end: Timestamp,
}

/// Opens a session over recorded pictures.
async fn recording(
    State(app): State<App>,
    now: Moment,
    who: SignedIn,
    Path(id): Path<String>,
    Input(stretch): Input<Stretch>,
) -> Result<Answer, Problem> {
    let seen = seen(&app, &who, &id).await?;
    let (from, to) = (stretch.start, stretch.end);
    admit(&app, &seen, Ask::Recorded { from, to }, now).await?;
    session(
        &app,
        &seen.camera,
        PlaybackWindow::Recorded { from, to },
        now,
    )
    .await
}

/// A civil date in Tokyo.
#[derive(Debug, Deserialize)]
struct Day {
    date: String,
}

/// Tells which stretches of a day were recorded and may be seen; the rest are gaps.
async fn intervals(
    State(app): State<App>,
    now: Moment,
    who: SignedIn,
    Path(id): Path<String>,
    Input(day): Input<Day>,
) -> Result<Answer, Problem> {
    let seen = seen(&app, &who, &id).await?;
    let (start, end) = days::bounds(&day.date)?;
    let from =
        start.max(earliest_visible(&seen.user, &seen.camera, now.0).unwrap_or(Timestamp::MAX));
    let to = end.min(now.0);
    if from >= to {
        // Nothing of that day can be seen, but the person must still be entitled to ask; also when everything was just
        // deleted.
        let camera = Camera {
            since: seen.camera.since.min(now.0),
            ..seen.camera.clone()
        };
        let ask = probe(now);
        deny(&entitle(&seen.contract, &seen.user, &camera, ask, now.0))?;
        return Ok(Answer::ok(json!({ "intervals": [] })));
    }
    deny(&entitle(
        &seen.contract,
        &seen.user,
        &seen.camera,
        Ask::Recorded { from, to },
        now.0,
    ))?;
    let found = app
        .playback
        .intervals(&seen.camera.stream_name, from, to, GAP_MS)
        .await?;
    Ok(Answer::ok(
        json!({ "intervals": found.iter().map(shown).collect::<Vec<Value>>() }),
    ))
}

/// The shortest recorded stretch that asks for nothing but the right itself.
fn probe(now: Moment) -> Ask {
    Ask::Recorded {
        from: now.0,
        to: now.0 + SignedDuration::from_millis(1),
    }
}

fn shown(interval: &Interval) -> Value {
    json!({ "start": interval.start.to_string(), "end": interval.end.to_string() })
}

/// Reads contract, user and camera in one strong read. What is not there, and what is another
/// customer's, gets the same answer (7-8).
async fn seen(app: &App, who: &SignedIn, camera: &str) -> Result<Seen, Problem> {
    let camera = CameraId::parse(camera).map_err(|_| Problem::not_found())?;
    let seen = app
        .viewing
        .seen(&who.user.contract, &who.user.id, &camera)
        .await?;
    seen.ok_or_else(Problem::not_found)
}

fn deny(answer: &Entitlement) -> Result<(), Problem> {
    answer.denial().map_or(Ok(()), |rule| Err(rule.into()))
}

/// Asks for entitlement and writes the answer to the audit trail, whichever it is (5-2).
async fn admit(app: &App, seen: &Seen, ask: Ask, now: Moment) -> Result<(), Problem> {
    let answer = entitle(&seen.contract, &seen.user, &seen.camera, ask, now.0);
    let (action, detail) = match ask {
        Ask::Recorded { from, to } => (
            "recording",
            json!({ "from": from.to_string(), "to": to.to_string() }),
        ),
        _ => ("live", json!({})),
    };
    let row = AuditRow {
        id: MessageId::from_random(app.chance.id()),
        at: now.0,
        contract: seen.contract.id.clone(),
        actor: seen.user.id.to_string(),
        action: action.to_owned(),
        camera: Some(seen.camera.id.clone()),
        outcome: answer
            .denial()
            .map_or("granted", |rule| rule.code())
            .to_owned(),
        detail,
    };
    app.audit.append(&row).await?;
    deny(&answer)
}

async fn session(
    app: &App,
    camera: &Camera,
    window: PlaybackWindow,
    now: Moment,
) -> Result<Answer, Problem> {
    match app
        .playback
        .session(&camera.stream_name, window, ADDRESS_SECONDS)
        .await
    {
        Ok(url) => {
            let expires_at = now.0 + SignedDuration::from_secs(i64::from(ADDRESS_SECONDS));
            Ok(Answer::ok(json!({
                "url": url,
                "expires_at": expires_at.to_string(),
                "renew_after_seconds": RENEW_AFTER_SECONDS,
                "now": now.0.to_string(),
            })))
        }
        Err(PlaybackError::NoPictures) => Err(no_pictures(window)),
        Err(PlaybackError::Cloud(error)) => Err(error.into()),
    }
}

fn no_pictures(window: PlaybackWindow) -> Problem {
    match window {
        PlaybackWindow::Live => Problem::new(
            StatusCode::CONFLICT,
            "camera_offline",
            "カメラから映像が届いていません。電源とインターネット回線をご確認ください。",
            "No pictures arrive from the camera. Please check its power and Internet line.",
        ),
        PlaybackWindow::Recorded { .. } => Problem::new(
            StatusCode::CONFLICT,
            "no_recording",
            "この時間の録画はありません。",
            "Nothing was recorded at that time.",
        ),
    }
}

#[cfg(test)]
mod tests;
