//! Records of planned work and incidents, and the notices that follow from them (8-1, 21-3).

use axum::extract::{Path, State};
use ciero_domain::documents::Bilingual;
use ciero_domain::ids::InterruptionId;
use ciero_domain::interruption::{Category, Interruption, NewInterruption, Refusal, Scope, Told};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_ports::{About, Announcement, Decision, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use jiff::Timestamp;
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, Upkeep};
use crate::reading::Given;

const PAGE: &str = "/console/interruptions";

/// A record, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawInterruption {
    category: String,
    scope: String,
    starts_at: Given,
    planned_end: Given,
    ja: Given,
    en: Given,
}

/// Reads a public text, in both languages or not at all.
pub fn text(errors: &mut FieldErrors, (ja, en): (&Given, &Given)) -> Option<Bilingual> {
    let ja = errors.keep("ja", ja.needed());
    let en = errors.keep("en", en.needed());
    ja.zip(en).map(|(ja, en)| Bilingual { ja, en })
}

/// Reads a moment that may be left out.
fn optional(errors: &mut FieldErrors, name: &str, given: &Given) -> Option<Timestamp> {
    match given.moment() {
        Err(FieldRule::Required) => None,
        other => errors.keep(name, other),
    }
}

impl RawInterruption {
    fn parse(&self) -> Result<NewInterruption, Problem> {
        let mut errors = FieldErrors::default();
        let choice = |code: &str| match code.is_empty() {
            true => FieldRule::Required,
            false => FieldRule::Choice,
        };
        let category = Category::parse(&self.category).ok_or_else(|| choice(&self.category));
        let category = errors.keep("category", category);
        let scope = Scope::parse(&self.scope).ok_or_else(|| choice(&self.scope));
        let scope = errors.keep("scope", scope);
        let starts_at = errors.keep("starts_at", self.starts_at.moment());
        let planned_end = optional(&mut errors, "planned_end", &self.planned_end);
        let text = text(&mut errors, (&self.ja, &self.en));
        let new = category.zip(scope).zip(starts_at.zip(text));
        let new = new.map(|((category, scope), (starts_at, text))| NewInterruption {
            category,
            scope,
            starts_at,
            planned_end,
            text,
        });
        errors.finish(new).map_err(Problem::fields)
    }
}

/// Puts planned work or an incident on record; planned work is told to every contract ahead.
pub async fn record(
    acting: Acting<Upkeep>,
    State(app): State<App>,
    Input(raw): Input<RawInterruption>,
) -> Result<Answer, Problem> {
    let new = raw.parse()?;
    let id = InterruptionId::from_random(app.chance.id());
    let (by, now) = (acting.by(), acting.now);
    let (app, new, id, by) = (&app, &new, &id, by.as_str());
    app.desk
        .decide(acting.asked, now, || async move {
            let operator = app.documents.operator().await?.unwrap_or_default();
            let lead_days = operator.ahead.maintenance_days;
            let one = Interruption::record(id.clone(), new.clone(), lead_days, now.0)?;
            let told = (one.category == Category::Planned).then_some(Told::Ahead);
            let answer = Answer::created(PAGE, id.as_str());
            Ok(Outcome::new(decision(one, told, by, now), answer))
        })
        .await
}

/// The record, and who is told what of it.
fn decision(one: Interruption, told: Option<Told>, by: &str, now: Moment) -> Decision {
    tracing::info!(operator = by, interruption = %one.id, version = one.version, "an interruption is on record");
    let about = told.map(|told| About::Interruption {
        interruption: one.id.clone(),
        told,
    });
    Decision {
        messages: about
            .map(|about| Announcement::of(about, now.0))
            .into_iter()
            .collect(),
        ..Decision::of(Write::Interruption(Box::new(one)))
    }
}

/// Takes a step with the interruption that a path names.
async fn step(
    acting: Acting<Upkeep>,
    app: &App,
    id: &str,
    take: impl Fn(&Interruption, Timestamp) -> Result<(Interruption, Option<Told>), Refusal>
    + Send
    + Sync,
) -> Result<Answer, Problem> {
    let id = InterruptionId::parse(id).map_err(|_| Problem::not_found())?;
    let (by, now) = (acting.by(), acting.now);
    let (id, by, take) = (&id, by.as_str(), &take);
    app.desk
        .decide(acting.asked, now, || async move {
            let all = app.interruptions.interruptions().await?;
            let one = all.iter().find(|one| one.id == *id);
            let (one, told) = take(one.ok_or_else(Problem::not_found)?, now.0)?;
            Ok(Outcome::new(
                decision(one, told, by, now),
                Answer::done(PAGE),
            ))
        })
        .await
}

/// A further word, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawUpdate {
    planned_end: Given,
    ja: Given,
    en: Given,
}

/// Adds a word for the status page.
pub async fn update(
    acting: Acting<Upkeep>,
    State(app): State<App>,
    Path(id): Path<String>,
    Input(raw): Input<RawUpdate>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let planned_end = optional(&mut errors, "planned_end", &raw.planned_end);
    let text = text(&mut errors, (&raw.ja, &raw.en));
    let text = errors.finish(text).map_err(Problem::fields)?;
    step(acting, &app, &id, move |one, now| {
        Ok((one.update(text.clone(), planned_end, now)?, None))
    })
    .await
}

/// When it ended, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawEnd {
    /// Now if it is left out.
    ended_at: Given,
}

/// Records the end, of which every contract is told.
pub async fn end(
    acting: Acting<Upkeep>,
    State(app): State<App>,
    Path(id): Path<String>,
    Input(raw): Input<RawEnd>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let ended_at = optional(&mut errors, "ended_at", &raw.ended_at);
    let ended_at = errors.finish(Some(ended_at)).map_err(Problem::fields)?;
    step(acting, &app, &id, move |one, now| {
        let ended = one.end(ended_at.unwrap_or(now), now)?;
        Ok((ended, Some(Told::Afterwards)))
    })
    .await
}

/// Calls planned work off, of which every contract is told.
pub async fn call_off(
    acting: Acting<Upkeep>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    step(acting, &app, &id, |one, now| {
        Ok((one.call_off(now)?, Some(Told::CalledOff)))
    })
    .await
}
