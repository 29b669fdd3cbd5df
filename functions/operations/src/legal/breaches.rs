//! The commands of the breach register (Act on the Protection of Personal Information, 26).

use axum::extract::{Path, State};
use ciero_domain::Language;
use ciero_domain::breach::{Breach, Duty, Incident, Protection, Refusal, Trigger};
use ciero_domain::ids::BreachId;
use ciero_domain::particulars::FieldErrors;
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Input, Outcome, Problem};
use http::StatusCode;

use super::Legal;
use super::fields::Fields;
use crate::App;

const PLACE: &str = "/console/breaches";

/// Records an incident.
pub async fn record(
    legal: Legal,
    State(app): State<App>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let known_at = fields.moment(&mut errors, "known_at");
    let persons = fields.number(&mut errors, "persons");
    let what = fields.line(&mut errors, "what");
    let is_true = |trigger: &&Trigger| fields.is_ticked(trigger.code());
    let triggers = Trigger::ALL.iter().filter(is_true).copied().collect();
    let protection = match fields.is_ticked("encrypted") {
        true => Protection::Encrypted,
        false => Protection::None,
    };
    let incident = known_at.zip(persons).map(|(known_at, persons)| Incident {
        id: BreachId::from_random(app.chance.id()),
        known_at,
        what,
        persons,
        protection,
        triggers,
    });
    let incident = errors.finish(incident).map_err(Problem::fields)?;
    let (incident, by, now) = (&incident, legal.name.as_str(), legal.now);
    app.desk
        .decide(legal.asked, now, || async move {
            let breach = Breach::record(incident.clone(), by, now.0).map_err(refused)?;
            let answer = Answer::created(PLACE, breach.id.as_str());
            let decision = Decision::of(Write::Breach(Box::new(breach)));
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Notes that a duty was done.
pub async fn note(
    legal: Legal,
    State(app): State<App>,
    Path(id): Path<String>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let id = BreachId::parse(&id).map_err(|_| Problem::not_found())?;
    let mut errors = FieldErrors::default();
    let duties = (Duty::ALL, Duty::code as fn(_) -> _);
    let duty = fields.choice(&mut errors, "duty", duties);
    let on = fields.date(&mut errors, "on");
    let words = fields.text(&mut errors, "note");
    let step = errors.finish(duty.zip(on)).map_err(Problem::fields)?;
    let (app, id, (duty, on), words) = (&app, &id, step, words.as_str());
    let (by, now) = (legal.name.as_str(), legal.now);
    app.desk
        .decide(legal.asked, now, || async move {
            let breach = app.legal.disclosures.breach(id).await?;
            let breach = breach.ok_or_else(Problem::not_found)?;
            let breach = breach.note(duty, on, words, (by, now.0)).map_err(refused)?;
            let decision = Decision::of(Write::Breach(Box::new(breach)));
            Ok(Outcome::new(decision, Answer::done(PLACE)))
        })
        .await
}

fn refused(refusal: Refusal) -> Problem {
    let status = match refusal {
        Refusal::KnownInTheFuture | Refusal::DayInvalid => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::StepDone | Refusal::StepNotOwed => StatusCode::CONFLICT,
    };
    Problem::new(
        status,
        refusal.code(),
        refusal.sentence(Language::Ja),
        refusal.sentence(Language::En),
    )
}
