//! Somebody asks for a copy: of one camera's span, of everything that may be exported, or of the registered data (9, 15-2).

use axum::extract::{Path, State as Held};
use ciero_domain::calendar::tokyo_moment;
use ciero_domain::contract::stable_id;
use ciero_domain::device::Camera;
use ciero_domain::entitlement::{Ask, earliest_exportable, entitle, entitle_data};
use ciero_domain::export::{Export, What, admit, room};
use ciero_domain::ids::{CameraId, ExportId, MessageId};
use ciero_domain::particulars::FieldRule;
use ciero_domain::user::{Right, User};
use ciero_ports::{AuditRow, Body, Decision, Seen, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem, SignedIn};
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;

const LIST: &str = "/exports";

/// A span, each end in RFC 3339 or as a civil time of Tokyo.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawSpan {
    from: String,
    until: String,
}

fn time(field: &str, text: &str) -> Result<Timestamp, Problem> {
    let text = text.trim();
    let civil = || text.parse::<DateTime>().ok().map(tokyo_moment);
    let read = text.parse::<Timestamp>().ok().or_else(civil);
    read.ok_or_else(|| Problem::field(field, FieldRule::Date))
}

/// Asks for a span of one camera.
pub(crate) async fn one_camera(
    Held(app): Held<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Path(id): Path<String>,
    Input(raw): Input<RawSpan>,
) -> Result<Answer, Problem> {
    let id = CameraId::parse(&id).map_err(|_| Problem::not_found())?;
    let seen = seen(&app, &who.user, &id).await?;
    let (from, to) = (time("from", &raw.from)?, time("until", &raw.until)?);
    let ask = Ask::Export { from, to };
    let denial = entitle(&seen.contract, &seen.user, &seen.camera, ask, now.0).denial();
    if let Some(rule) = denial {
        let row = row(
            &app,
            &who.user,
            Some(&id),
            rule.code(),
            json!({ "from": from, "until": to }),
            now,
        );
        app.audit.append(&row).await?;
        return Err(rule.into());
    }
    app.desk
        .decide(asked, now, || async {
            let seen = self::seen(&app, &who.user, &id).await?;
            let answer = entitle(&seen.contract, &seen.user, &seen.camera, ask, now.0);
            answer
                .denial()
                .map_or(Ok(()), |rule| Err(Problem::from(rule)))?;
            let what = recordings(&seen.user, &seen.camera, from, to);
            let place = Place::read(&app, &who.user).await?;
            admit(&place.exports, 1)?;
            let id = ExportId::from_random(app.chance.id());
            let exports = vec![(id.clone(), what)];
            let decision = place.decide(&app, &who.user, exports, now);
            Ok(Outcome::new(decision, Answer::created(LIST, id.as_str())))
        })
        .await
}

fn recordings(user: &User, camera: &Camera, from: Timestamp, until: Timestamp) -> What {
    let since = user.right_since(&camera.id, camera.since, Right::Export);
    What::Recordings {
        camera: camera.id.clone(),
        from,
        until,
        visible_from: since.unwrap_or(from),
    }
}

/// What is asked for at once.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawWhat {
    what: String,
}

/// Asks for all recordings, or for the registered data.
pub(crate) async fn everything(
    Held(app): Held<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawWhat>,
) -> Result<Answer, Problem> {
    match raw.what.as_str() {
        "recordings" => {
            let decide = || all_cameras(&app, &who.user, now);
            app.desk.decide(asked, now, decide).await
        }
        "registered_data" => {
            let decide = || registered_data(&app, &who.user, now);
            app.desk.decide(asked, now, decide).await
        }
        _ => Err(Problem::field("what", FieldRule::Choice)),
    }
}

/// One export for each camera that has none under way, as many as may begin; asking again goes on with the rest.
async fn all_cameras(app: &App, user: &User, now: Moment) -> Result<Outcome, Problem> {
    let place = Place::read(app, user).await?;
    let mut wanted = Vec::new();
    let mut denial = None;
    for camera in app.records.devices.cameras(&user.contract).await? {
        let is_under_way = place
            .exports
            .iter()
            .any(|one| one.is_under_way() && one.camera() == Some(&camera.id));
        let seen = match is_under_way {
            true => None,
            false => {
                app.viewing
                    .seen(&user.contract, &user.id, &camera.id)
                    .await?
            }
        };
        match seen.map(|seen| whole(&seen, now)) {
            Some(Ok(what)) => wanted.extend(what),
            Some(Err(problem)) => denial = Some(problem),
            None => {}
        }
    }
    let most = room(&place.exports);
    if let (true, Some(problem)) = (wanted.is_empty(), denial) {
        return Err(problem);
    }
    let left = wanted.len().saturating_sub(most);
    admit(&place.exports, wanted.len().min(most.max(1)))?;
    let exports: Vec<(ExportId, What)> = wanted
        .into_iter()
        .take(most)
        .map(|what| (ExportId::from_random(app.chance.id()), what))
        .collect();
    let many = exports.len();
    let decision = place.decide(app, user, exports, now);
    let answer = Answer {
        status: StatusCode::CREATED,
        ..Answer::done(LIST)
    };
    let answer = answer.with("exports", many).with("left", left);
    Ok(Outcome::new(decision, answer))
}

/// Everything of a camera that the person may export; nothing if no time of it is left.
fn whole(seen: &Seen, now: Moment) -> Result<Option<What>, Problem> {
    let (user, camera) = (&seen.user, &seen.camera);
    let Some(from) = earliest_exportable(user, camera, now.0) else {
        return Ok(None);
    };
    let until = camera.retired_at.unwrap_or(now.0).min(now.0);
    if from >= until {
        return Ok(None);
    }
    let ask = Ask::Export { from, to: until };
    match entitle(&seen.contract, user, camera, ask, now.0).denial() {
        Some(rule) => Err(rule.into()),
        None => Ok(Some(recordings(user, camera, from, until))),
    }
}

async fn registered_data(app: &App, user: &User, now: Moment) -> Result<Outcome, Problem> {
    let contract = app.records.contracts.contract(&user.contract).await?;
    let contract = contract.ok_or_else(Problem::not_found)?;
    entitle_data(&contract, user, now.0)?;
    let place = Place::read(app, user).await?;
    admit(&place.exports, 1)?;
    let id = ExportId::from_random(app.chance.id());
    let exports = vec![(id.clone(), What::RegisteredData)];
    let decision = place.decide(app, user, exports, now);
    Ok(Outcome::new(decision, Answer::created(LIST, id.as_str())))
}

/// The exports of a contract and how often some were asked for: two requests at once must not both take the last place.
struct Place {
    asked: u64,
    exports: Vec<Export>,
}

impl Place {
    async fn read(app: &App, user: &User) -> Result<Self, Problem> {
        let asked = app.exports.exports_asked(&user.contract).await?;
        let exports = app.exports.exports(&user.contract).await?;
        Ok(Place { asked, exports })
    }

    fn decide(
        &self,
        app: &App,
        user: &User,
        exports: Vec<(ExportId, What)>,
        now: Moment,
    ) -> Decision {
        let contract = &user.contract;
        let mut decision = Decision::of(Write::ExportsAsked(contract.clone(), self.asked + 1));
        let ids: Vec<&ExportId> = exports.iter().map(|(id, _)| id).collect();
        let camera = match exports.as_slice() {
            [(_, What::Recordings { camera, .. })] => Some(camera),
            _ => None,
        };
        let row = row(app, user, camera, "granted", json!({ "exports": ids }), now);
        decision = decision.and(Write::Audit(Box::new(row)));
        for (id, what) in exports {
            let body = Body::Export(contract.clone(), id.clone());
            let message = stable_id(&id, "asked");
            let export = Export::ask(id, contract.clone(), what, user.id.clone(), now.0);
            decision = decision
                .and(Write::Export(Box::new(export)))
                .say(message, now.0, body);
        }
        decision
    }
}

/// Reads contract, user and camera in one strong read. What is not there, and what is another customer's, gets the same answer (7-8).
pub(crate) async fn seen(app: &App, user: &User, camera: &CameraId) -> Result<Seen, Problem> {
    let seen = app.viewing.seen(&user.contract, &user.id, camera).await?;
    seen.ok_or_else(Problem::not_found)
}

fn row(
    app: &App,
    user: &User,
    camera: Option<&CameraId>,
    outcome: &str,
    detail: Value,
    now: Moment,
) -> AuditRow {
    AuditRow {
        id: MessageId::from_random(app.chance.id()),
        at: now.0,
        contract: user.contract.clone(),
        actor: user.id.to_string(),
        action: "export_asked".to_owned(),
        camera: camera.cloned(),
        outcome: outcome.to_owned(),
        detail,
    }
}
