//! One message's work on an export: is it still allowed, how far does it get, and what follows.

use anyhow::Context as _;
use ciero_domain::contract::stable_id;
use ciero_domain::entitlement::{Ask, entitle, entitle_data};
use ciero_domain::export::{Export, Failure, Purpose, State, What};
use ciero_domain::ids::UserId;
use ciero_domain::notice::Notice;
use ciero_ports::{AuditRow, Body, CommitError, Decision, Message, Write, WriteKind};
use ciero_runtime::{Moment, QueueItem};
use serde_json::json;
use tokio::time::Instant;

use crate::copy::{Reached, Span, copy};
use crate::journal::Journal;
use crate::pen::{Impossible, Overtaken, Pen};
use crate::{App, manifest, registered};

/// Goes on with the export that a message names. One that is done, or that another worker has, needs nothing.
pub(crate) async fn carry_out(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    let Body::Export(contract, id) = message.body else {
        anyhow::bail!("message {} belongs to another queue", message.id);
    };
    let export = app.exports.export(&contract, &id).await?;
    let export = export.with_context(|| format!("there is no export {id}"))?;
    if !export.is_under_way() {
        return Ok(());
    }
    match go_on(app, export, now).await {
        Err(error) if error.is::<Overtaken>() => {
            tracing::info!(%id, "another worker goes on with this export");
            Ok(())
        }
        other => other,
    }
}

async fn go_on(app: &App, export: Export, now: Moment) -> anyhow::Result<()> {
    let Purpose::Backup { by } = export.purpose.clone();
    let stream_name = match may_go_on(app, &export, &by, now).await? {
        Some(stream_name) => stream_name,
        None => return fail(app, export, Failure::NotEntitled, now).await,
    };
    let What::Recordings {
        from,
        until,
        visible_from,
        ..
    } = export.what.clone()
    else {
        let done = registered::write(app, export, now).await?;
        return finish(app, done, now).await;
    };
    let span = Span {
        stream_name: &stream_name,
        from,
        until,
        visible_from,
    };
    let time = Instant::now() + app.stretch;
    let mut pen = Pen::take_up(app, export.clone()).await?;
    match copy(app, &mut pen, &span, time).await {
        Ok(Reached::Time) => ask_for_more(app, &pen.export, now).await,
        Ok(Reached::End) => {
            let done = manifest::write(app, pen, now).await?;
            finish(app, done, now).await
        }
        Err(error) => match error.downcast::<Impossible>() {
            Ok(Impossible(why)) => fail(app, pen.export, why, now).await,
            Err(error) => Err(error),
        },
    }
}

/// Tells whether the person who asked may still have it, and the stream to read; empty where no stream is read. A suspension, the
/// end of the contract or a right that was taken away ends the work (18-1, 6-2, 13-1).
async fn may_go_on(
    app: &App,
    export: &Export,
    by: &UserId,
    now: Moment,
) -> anyhow::Result<Option<String>> {
    match &export.what {
        What::RegisteredData => {
            let records = &app.records;
            let user = records.people.user(&export.contract, by).await?;
            let contract = records.contracts.contract(&export.contract).await?;
            let may = contract
                .zip(user)
                .is_some_and(|(contract, user)| entitle_data(&contract, &user, now.0).is_ok());
            Ok(may.then(String::new))
        }
        What::Recordings { camera, from, .. } => {
            let seen = app.viewing.seen(&export.contract, by, camera).await?;
            let seen = seen.filter(|seen| {
                let ask = Ask::Exported { from: *from };
                let answer = entitle(&seen.contract, &seen.user, &seen.camera, ask, now.0);
                answer.denial().is_none()
            });
            Ok(seen.map(|seen| seen.camera.stream_name))
        }
    }
}

/// Puts the export at the end of the queue.
async fn ask_for_more(app: &App, export: &Export, now: Moment) -> anyhow::Result<()> {
    let message = Message {
        id: stable_id(&export.id, &export.version.to_string()),
        at: now.0,
        body: Body::Export(export.contract.clone(), export.id.clone()),
    };
    let sent = app.desk.queues.send(std::slice::from_ref(&message)).await;
    anyhow::ensure!(!sent.is_empty(), "the queue did not take the next stretch");
    Ok(())
}

async fn fail(app: &App, export: Export, why: Failure, now: Moment) -> anyhow::Result<()> {
    let open = Journal::of(&export)?.file;
    if let Some(upload) = open.and_then(|open| open.upload(&export)) {
        app.files.abandon(&upload).await?;
    }
    finish(app, export.ended(State::Failed { at: now.0, why }), now).await
}

/// Writes the end of an export with its audit row, and tells the person who asked (24).
async fn finish(app: &App, export: Export, now: Moment) -> anyhow::Result<()> {
    let Purpose::Backup { by } = export.purpose.clone();
    let failure = match export.state {
        State::Failed { why, .. } => Some(why),
        State::UnderWay | State::Done { .. } => None,
    };
    let row = AuditRow {
        id: stable_id(&export.id, "ended"),
        at: now.0,
        contract: export.contract.clone(),
        actor: by.to_string(),
        action: "export_ended".to_owned(),
        camera: export.camera().cloned(),
        outcome: failure.map_or("done", |why| why.code()).to_owned(),
        detail: json!({ "export": export.id, "files": export.files.len() }),
    };
    let notice = Notice::ExportEnded {
        contract: export.contract.clone(),
        user: by,
        export: export.id.clone(),
        camera: export.camera().cloned(),
        failure,
        gaps: export.gaps.unwrap_or(0),
    };
    let id = stable_id(&export.id, "notice");
    let decision = Decision::of(Write::Export(Box::new(export)))
        .and(Write::Audit(Box::new(row)))
        .say(id, now.0, Body::Notice(notice));
    match app.desk.ledger.commit(&decision).await {
        Ok(()) => {
            app.desk.hand_over(&decision).await;
            Ok(())
        }
        Err(CommitError::Conflict(WriteKind::Entity)) => Err(Overtaken.into()),
        Err(error) => Err(error.into()),
    }
}
