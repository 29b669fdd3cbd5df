//! A customer deletes what one camera recorded (15-2): accepted at once, carried out with the next runs.
//!
//! Whether a hold keeps the recordings decides nothing but when they go: request, answer, pages and mail are the same (21-4).

use anyhow::Context as _;
use axum::extract::{Path, State};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::stable_id;
use ciero_domain::deletion::{Deletion, Next, Then, ask};
use ciero_domain::entitlement::Rule;
use ciero_domain::export::{self, Export, Failure, What};
use ciero_domain::ids::CameraId;
use ciero_domain::notice::Notice;
use ciero_domain::particulars::FieldRule;
use ciero_ports::{AuditRow, Body, Decision, Write};
use ciero_runtime::{Administrator, Answer, Asked, Input, Moment, Outcome, Problem};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::books::commit;

/// How many deletions are carried on side by side.
const SIDE_BY_SIDE: usize = 8;
/// How often an export is ended anew when its worker wrote first.
const TRIES: usize = 4;

/// What confirms a deletion: the name of the camera, as it stands on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Confirmation {
    name: String,
}

/// Accepts a deletion: from now on nothing earlier of the camera is shown, listed, exported or played.
pub(crate) async fn command(
    State(app): State<App>,
    who: Administrator,
    now: Moment,
    asked: Asked,
    Path(id): Path<String>,
    Input(confirmation): Input<Confirmation>,
) -> Result<Answer, Problem> {
    let id = CameraId::parse(&id).map_err(|_| Problem::not_found())?;
    let (app, who, id, name) = (&app, &who, &id, confirmation.name.trim());
    app.desk
        .decide(asked, now, || decide(app, who, id, name, now))
        .await
}

async fn decide(
    app: &App,
    who: &Administrator,
    id: &CameraId,
    name: &str,
    now: Moment,
) -> Result<Outcome, Problem> {
    let of = &who.user.contract;
    let camera = app.devices.camera(of, id).await?;
    let camera = camera.ok_or_else(Problem::not_found)?;
    let contract = app.contracts.contract(of).await?;
    let contract = contract.ok_or_else(Problem::not_found)?;
    // What is left of an ended contract is the purge's.
    if contract.has_ended(tokyo_date(now.0)) {
        return Err(Rule::ContractRunning.into());
    }
    if name != camera.name {
        return Err(Problem::field("name", FieldRule::NameDiffers));
    }
    let waiting = app.deletions.deletion(of, id).await?;
    let (camera, deletion) = ask(&camera, waiting, now.0)?;
    let ledgers = app.watch.ledgers(of).await?;
    let ledger = ledgers.into_iter().find(|ledger| ledger.camera == *id);
    let ledger = ledger.map(|ledger| Box::new(ledger.deleted_before(camera.since)));
    let named = format!("recordings/{id}/{}", camera.version);
    let row = AuditRow {
        id: stable_id(of, &named),
        at: now.0,
        contract: of.clone(),
        actor: who.user.id.to_string(),
        action: "recordings_deleted".to_owned(),
        camera: Some(id.clone()),
        outcome: "done".to_owned(),
        detail: json!({ "before": deletion.asked_at }),
    };
    let notice = Notice::RecordingsDeleted {
        contract: of.clone(),
        camera: id.clone(),
        before: deletion.asked_at,
    };
    let shown_from = camera.since.to_string();
    let mut decision = Decision::of(Write::ContractStandsAt(of.clone(), contract.version))
        .and(Write::Camera(Box::new(camera)))
        .and(Write::Deletion(Box::new(deletion)))
        .and(Write::Audit(Box::new(row)));
    decision.writes.extend(ledger.map(Write::Ledger));
    let message = stable_id(of, &format!("{named}/notice"));
    let decision = decision.say(message, now.0, Body::Notice(notice));
    let answer = Answer::done(format!("/cameras/{id}")).with("shown_from", shown_from);
    Ok(Outcome::new(decision, answer))
}

/// Carries on every deletion that waits. One that fails never stops the rest, and fails the run, so that it is seen.
pub(crate) async fn run(app: &App, now: Moment) -> anyhow::Result<Value> {
    let waiting = app.deletions.deletions().await?;
    let due = waiting.into_iter().filter(|one| one.is_due(now.0));
    let mut running = futures::stream::iter(due)
        .map(|deletion| carry_on(app, deletion, now))
        .buffer_unordered(SIDE_BY_SIDE);
    let mut failed = 0;
    while let Some(carried_on) = running.next().await {
        if let Err(error) = carried_on {
            failed += 1;
            tracing::error!(
                error = format!("{error:#}"),
                "a deletion waits for the next run"
            );
        }
    }
    anyhow::ensure!(failed == 0, "{failed} deletions could not be carried on");
    Ok(json!({}))
}

/// Does what can be done now. Each deed that cannot be undone is noted before it is done, and may be done twice.
async fn carry_on(app: &App, mut deletion: Deletion, now: Moment) -> anyhow::Result<()> {
    if !deletion.exports_gone {
        exports_go(app, &deletion, now).await?;
        deletion = deletion.without_exports();
        let write = Write::Deletion(Box::new(deletion.clone()));
        if !commit(app, &Decision::of(write)).await? {
            return Ok(());
        }
    }
    loop {
        let kept = app.streams.kept(&deletion.stream_name).await?;
        let holds = app.confidential.holds(&deletion.contract).await?;
        let is_held = holds.keep_recordings_of(&deletion.camera);
        let hours = kept.as_ref().map(|kept| kept.hours);
        let (to_hours, ends) = match deletion.next(hours, is_held, now.0) {
            Next::Wait => return Ok(()),
            Next::Done => return done(app, deletion).await,
            Next::Raise { to_hours, then } => (to_hours, then == Then::Done),
            Next::Lower { to_hours } => {
                deletion = deletion.lowering(hours.unwrap_or_default());
                let decision = Decision::of(Write::Deletion(Box::new(deletion.clone())));
                let holds = Write::HoldsStandAt(deletion.contract.clone(), holds.version);
                if !commit(app, &decision.and(holds)).await? {
                    return Ok(());
                }
                (to_hours, false)
            }
        };
        let stream = &deletion.stream_name;
        let was = kept.context("a stream that is not there cannot be changed")?;
        if !app.streams.keep(stream, &was, to_hours).await? {
            return Ok(());
        }
        if ends {
            return done(app, deletion).await;
        }
    }
}

/// Takes the deletion off the list, unless it was asked for again. Nothing is written down elsewhere: when it was
/// carried out would tell whether something was held.
async fn done(app: &App, deletion: Deletion) -> anyhow::Result<()> {
    let done = Write::DeletionDone(Box::new(deletion));
    commit(app, &Decision::of(done)).await.map(|_| ())
}

/// Ends the exports of what is deleted, and deletes their files with all versions.
async fn exports_go(app: &App, deletion: &Deletion, now: Moment) -> anyhow::Result<()> {
    let mut exports = app.exports.exports(&deletion.contract).await?;
    exports.retain(|export| takes_of(export, deletion));
    for export in exports {
        let folder = export.folder();
        end(app, export, now).await?;
        while app.files.delete_some(&folder).await? > 0 {}
    }
    Ok(())
}

fn takes_of(export: &Export, deletion: &Deletion) -> bool {
    match &export.what {
        What::Recordings { camera, from, .. } => {
            *camera == deletion.camera && *from < deletion.shown_from()
        }
        What::RegisteredData => false,
    }
}

/// Ends an export; whoever still works on it is overtaken.
async fn end(app: &App, mut export: Export, now: Moment) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        if matches!(export.state, export::State::Failed { .. }) {
            return Ok(());
        }
        let why = Failure::RecordingsDeleted;
        let mut ended = export.ended(export::State::Failed { at: now.0, why });
        ended.files = Vec::new();
        if app.exports.put_export(&ended).await? {
            return Ok(());
        }
        let newest = app.exports.export(&ended.contract, &ended.id).await?;
        export = newest.context("an export went meanwhile")?;
    }
    anyhow::bail!("an export kept being written by others")
}
