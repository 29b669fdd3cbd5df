//! What waits for a person: cases to close, and messages that their queue gave up on.

use axum::extract::{Path, State};
use ciero_domain::contract::Case;
use ciero_domain::ids::{ContractId, MessageId};
use ciero_domain::particulars::FieldRule;
use ciero_ports::{Body, Decision, Parked, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::acting::{Acting, Desks};
use crate::reading::Given;

/// How a case was closed, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawClosing {
    note: Given,
}

/// Closes a case.
pub async fn close_case(
    acting: Acting<Desks>,
    State(app): State<App>,
    Path(id): Path<String>,
    Input(raw): Input<RawClosing>,
) -> Result<Answer, Problem> {
    let id = MessageId::parse(&id).map_err(|_| Problem::not_found())?;
    let note = raw.note.long().and_then(|note| match note.as_str() {
        "" => Err(FieldRule::Required),
        _ => Ok(note),
    });
    let note = note.map_err(|rule| Problem::field("note", rule))?;
    let (by, now) = (acting.by(), acting.now);
    let (app, id, note, by) = (&app, &id, &note, by.as_str());
    app.desk
        .decide(acting.asked, now, || async move {
            let case = app.cases.case(id).await?.ok_or_else(Problem::not_found)?;
            closed(app, case, note, (by, now))
        })
        .await
}

fn closed(
    app: &App,
    case: Case,
    note: &str,
    (by, now): (&str, Moment),
) -> Result<Outcome, Problem> {
    if case.closed.is_some() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "case_closed",
            "この対応事項はすでに完了しています。",
            "The case is closed already.",
        ));
    }
    let case = case.close(by, note, now.0);
    let detail = json!({"case": case.id, "kind": case.kind, "about": case.about});
    let audit = app.audit_row(&case.contract, "case_closed", &detail, (by, now));
    let decision = Decision::of(Write::Case(Box::new(case))).and(audit);
    Ok(Outcome::new(decision, Answer::done("/console/cases")))
}

/// Lets a parked message try again: due work waits for the next tick, another message goes to its queue.
pub async fn redrive(
    acting: Acting<Desks>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    let (by, now) = (acting.by(), acting.now);
    let (app, by, wanted) = (&app, by.as_str(), id.as_str());
    let answer = app
        .desk
        .decide(acting.asked, now, || async move {
            let parked = app.due.parked().await?;
            let parked = parked.into_iter().find(|parked| parked.id == wanted);
            let parked = parked.ok_or_else(Problem::not_found)?;
            let decision = again(app, &parked, (by, now))?;
            Ok(Outcome::new(decision, Answer::done("/console/stuck")))
        })
        .await?;
    // Only now, so that a crash leaves it on the list; trying again twice changes nothing.
    app.due.unpark(wanted).await?;
    tracing::info!(
        operator = by,
        message = wanted,
        "a parked message tries again"
    );
    Ok(answer)
}

fn again(app: &App, parked: &Parked, who: (&str, Moment)) -> Result<Decision, Problem> {
    let message = parked.message().ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "message_unreadable",
            "このメッセージは読み取れないため、再実行できません。",
            "This message cannot be read, so it cannot be tried again.",
        )
    })?;
    let contract: Option<ContractId> = match &message.body {
        Body::Work(task) => Some(task.contract.clone()),
        Body::Notice(notice) => notice.contract().cloned(),
        Body::RescreenCustomer(contract) => Some(contract.clone()),
        Body::Export(contract, _) => Some(contract.clone()),
        Body::Screen(_)
        | Body::Rescreen(_)
        | Body::Announce(_)
        | Body::Audit(_)
        | Body::Watch(_)
        | Body::CopyHold(_)
        | Body::EndWithService(_) => None,
    };
    let detail = json!({"message": message.id, "queue": parked.queue});
    let decision = match message.body {
        Body::Work(task) => Decision::of(Write::Arm(task)),
        // Over the outbox, so that it goes out even if this ends here.
        _ => Decision {
            messages: vec![message],
            ..Decision::default()
        },
    };
    Ok(match contract {
        Some(contract) => decision.and(app.audit_row(&contract, "message_redriven", &detail, who)),
        None => decision,
    })
}
