//! A file of an export is fetched under an address that lives for minutes; whether the person may is asked each time (18-1).

use axum::extract::{Path, State as Held};
use axum::response::{IntoResponse, Redirect, Response};
use ciero_domain::entitlement::{Ask, entitle, entitle_data};
use ciero_domain::export::{Export, Purpose, What};
use ciero_domain::ids::{ExportId, MessageId};
use ciero_domain::user::User;
use ciero_ports::AuditRow;
use ciero_runtime::{Answer, Moment, Problem, SignedIn};
use http::{HeaderMap, header};
use jiff::SignedDuration;
use serde_json::json;

use crate::App;
use crate::ask::seen;

/// How long an address lives. A fetch that has begun goes on.
const LIVES_SECONDS: u32 = 300;

/// Leads a browser to the file and tells a program its address.
pub(crate) async fn file(
    Held(app): Held<App>,
    who: SignedIn,
    now: Moment,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = ExportId::parse(&id).map_err(|_| Problem::not_found())?;
    let export = app.exports.export(&who.user.contract, &id).await?;
    let export = export.filter(|one| is_theirs(one, &who.user));
    let export = export.ok_or_else(Problem::not_found)?;
    let denial = denial(&app, &export, &who.user, now).await?;
    let row = AuditRow {
        id: MessageId::from_random(app.chance.id()),
        at: now.0,
        contract: export.contract.clone(),
        actor: who.user.id.to_string(),
        action: "export_fetched".to_owned(),
        camera: export.camera().cloned(),
        outcome: denial
            .as_ref()
            .map_or("granted".into(), |no| no.code.to_string()),
        detail: json!({ "export": export.id, "file": name }),
    };
    app.audit.append(&row).await?;
    denial.map_or(Ok(()), Err)?;
    let file = export.file(&name, now.0)?.ok_or_else(Problem::not_found)?;
    let key = format!("{}/{}", export.folder(), file.name);
    let url = app.files.link(&key, u64::from(LIVES_SECONDS)).await?;
    if wants_page(&headers) {
        return Ok(Redirect::to(&url).into_response());
    }
    let expires_at = now.0 + SignedDuration::from_secs(i64::from(LIVES_SECONDS));
    let answer =
        json!({ "url": url, "expires_at": expires_at, "bytes": file.bytes, "sha256": file.sha256 });
    Ok(Answer::ok(answer).into_response())
}

/// An export belongs to who asked for it, and to the contract's administrators.
fn is_theirs(export: &Export, user: &User) -> bool {
    let Purpose::Backup { by } = &export.purpose;
    *by == user.id || user.is_administrator()
}

async fn denial(
    app: &App,
    export: &Export,
    user: &User,
    now: Moment,
) -> Result<Option<Problem>, Problem> {
    let denial = match &export.what {
        What::Recordings { camera, from, .. } => {
            let seen = seen(app, user, camera).await?;
            let ask = Ask::Exported { from: *from };
            entitle(&seen.contract, &seen.user, &seen.camera, ask, now.0).denial()
        }
        What::RegisteredData => {
            let contract = app.records.contracts.contract(&user.contract).await?;
            let contract = contract.ok_or_else(Problem::not_found)?;
            entitle_data(&contract, user, now.0).err()
        }
    };
    Ok(denial.map(Problem::from))
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}
