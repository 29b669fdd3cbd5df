//! A screener's decision. The ground and the reason go to the confidential table and nowhere else (3-4).

use axum::extract::{Path, State};
use ciero_domain::application::{Application, Command, Event, Refusal, decide as rule, evolve};
use ciero_domain::ids::MessageId;
use ciero_domain::notice::Notice;
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::screening::{Agreement, Ground, Judgement, Screening};
use ciero_ports::{Body, Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem};
use serde::Deserialize;

use crate::App;
use crate::console::Screener;

/// The most characters of a reason.
const REASON_MAX: usize = 2000;

/// A form of decision, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawRuling {
    decision: String,
    ground: String,
    reason: String,
}

/// What a screener decides.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ruling {
    Approve { reason: String },
    Decline { ground: Ground, reason: String },
}

/// Reads the reason; it may have lines, and may be empty only where none is needed.
pub(crate) fn reason(text: &str) -> Result<String, FieldRule> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > REASON_MAX {
        return Err(FieldRule::TooLong);
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(FieldRule::Unprintable);
    }
    Ok(text)
}

/// Refuses an empty reason beside its field.
fn reason_missing() -> Problem {
    Problem {
        errors: Problem::field("reason", FieldRule::Required).errors,
        status: axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        ..Problem::from(Refusal::ReasonMissing)
    }
}

impl Ruling {
    /// Reads a form: a refusal needs its ground and its reason.
    fn parse(raw: &RawRuling) -> Result<Ruling, Problem> {
        let mut errors = FieldErrors::default();
        let reason = errors.keep("reason", reason(&raw.reason));
        match raw.decision.as_str() {
            "approve" => {
                let approval = reason.map(|reason| Ruling::Approve { reason });
                errors.finish(approval).map_err(Problem::fields)
            }
            "decline" => {
                let ground = Ground::ALL.iter().find(|g| g.code() == raw.ground);
                let ground = errors.keep("ground", ground.ok_or(FieldRule::Choice));
                let refusal = ground.zip(reason).map(|(ground, reason)| Ruling::Decline {
                    ground: *ground,
                    reason,
                });
                match errors.finish(refusal).map_err(Problem::fields)? {
                    Ruling::Decline { reason, .. } if reason.is_empty() => Err(reason_missing()),
                    refusal => Ok(refusal),
                }
            }
            _ => {
                errors.add("decision", FieldRule::Choice);
                errors.finish(None).map_err(Problem::fields)
            }
        }
    }

    /// Returns the judgement to keep, by whom and when.
    fn judgement(&self, screener: &Screener, now: Moment) -> Judgement {
        let (approved, ground, reason) = match self {
            Ruling::Approve { reason } => (true, None, reason),
            Ruling::Decline { ground, reason } => (false, Some(*ground), reason),
        };
        Judgement {
            approved,
            ground,
            reason: reason.clone(),
            by: screener.name.clone(),
            at: now.0,
        }
    }
}

/// Approves or declines an application that is in screening.
pub(crate) async fn decide(
    State(app): State<App>,
    screener: Screener,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawRuling>,
) -> Result<Answer, Problem> {
    let ruling = Ruling::parse(&raw)?;
    let answer = app
        .desk
        .decide(asked, now, || async {
            let application = app.application(&id).await?;
            let screening = app.confidential.screening(&application.id).await?;
            // In screening there is always the result of the checks; elsewhere the state says no.
            let screening = screening.ok_or(Refusal::WrongState)?;
            let judgement = ruling.judgement(&screener, now);
            ruled(&app, application, screening, judgement)
        })
        .await?;
    // Who decided which application, never why.
    tracing::info!(
        operator = screener.name,
        application = id,
        "a screener decided"
    );
    Ok(answer)
}

/// Refuses a judgement that its screener gave before where two must agree, and an approval there without a reason.
fn check_agreement(screening: &Screening, judgement: &Judgement) -> Result<Agreement, Problem> {
    let agreement = screening.weigh(judgement);
    if agreement == Agreement::Repeated {
        return Err(Refusal::SecondOperatorNeeded.into());
    }
    let needs_reason = judgement.approved && screening.needs_two();
    if needs_reason && judgement.reason.is_empty() {
        return Err(reason_missing());
    }
    Ok(agreement)
}

/// Keeps the judgement, and what it does to the application.
fn ruled(
    app: &App,
    application: Application,
    mut screening: Screening,
    judgement: Judgement,
) -> Result<Outcome, Problem> {
    let at = judgement.at;
    let command = if judgement.approved {
        Command::Approve
    } else {
        Command::Decline
    };
    let event = rule(&application, command, at)?;
    let agreement = check_agreement(&screening, &judgement)?;
    screening.version += 1;
    screening.judgements.push(judgement);
    let decision = Decision::of(Write::Screening(Box::new(screening)));
    let answer = Answer::done(format!("/console/applications/{}", application.id));
    if agreement == Agreement::First {
        let answer = answer
            .with("state", application.state.code())
            .with("second_operator_needed", true);
        return Ok(Outcome::new(decision, answer));
    }
    let id = application.id.clone();
    let notice = match &event {
        Event::Declined { .. } => Notice::ApplicationDeclined { application: id },
        _ => Notice::ApplicationApproved { application: id },
    };
    let application = evolve(application, &event);
    let answer = answer.with("state", application.state.code());
    let decision = decision
        .and(Write::Application(Box::new(application), Box::new(event)))
        .say(
            MessageId::from_random(app.chance.id()),
            at,
            Body::Notice(notice),
        );
    Ok(Outcome::new(decision, answer))
}
