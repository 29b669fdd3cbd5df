//! What an applicant does: draft, confirm and submit, withdraw (3-1).

use axum::extract::{Path, State};
use ciero_domain::Language;
use ciero_domain::application::{
    Application, Command, Form, RawApplication, Refusal, decide, evolve,
};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::confirmation::Confirmation;
use ciero_domain::ids::{ApplicationId, MessageId};
use ciero_domain::notice::Notice;
use ciero_domain::prices::PriceList;
use ciero_domain::terms;
use ciero_ports::{Body, Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, PageLanguage, Problem};
use serde::Deserialize;

use crate::App;

/// A form of application, and the draft that it changes.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Intake {
    #[serde(flatten)]
    application: RawApplication,
    /// Identifier of a draft; empty for a new one.
    #[serde(default)]
    draft: String,
}

/// What the applicant saw on the confirmation screen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Submission {
    /// The hash of the screen's content.
    confirmation: String,
}

/// The documents that an application made now rests on.
struct InForce {
    terms_version: String,
    prices: PriceList,
}

impl InForce {
    async fn now(app: &App, now: Moment) -> Result<InForce, Problem> {
        let today = tokyo_date(now.0);
        let versions = app.documents.terms_versions().await?;
        let terms = terms::in_force(&versions, today);
        match (terms, app.documents.prices(today).await?) {
            (Some(terms), Some(prices)) => Ok(InForce {
                terms_version: terms.version.clone(),
                prices,
            }),
            _ => {
                tracing::error!("no terms or no price list are in force, so nobody can apply");
                Err(Problem::unavailable())
            }
        }
    }

    /// Reads a form and builds the screen that states what it asks for.
    fn read(&self, raw: &RawApplication, now: Moment) -> Result<(Form, Confirmation), Problem> {
        let retentions: Vec<u16> = self.prices.plans.iter().map(|p| p.retention_days).collect();
        let form = Form::parse(raw, &self.terms_version, &retentions).map_err(Problem::fields)?;
        // The plan was on the list a line ago; only a fee beyond all numbers has no quote.
        let confirmation = self.confirm(&form, now).ok_or_else(Problem::internal)?;
        Ok((form, confirmation))
    }

    /// Builds the confirmation screen for a form, if its plan is on the list.
    fn confirm(&self, form: &Form, now: Moment) -> Option<Confirmation> {
        Confirmation::build(
            &self.prices,
            form.order.retention_days,
            form.order.cameras,
            &self.terms_version,
            tokyo_date(now.0),
        )
    }
}

fn page(id: &ApplicationId) -> String {
    format!("/applications/{id}")
}

/// Keeps a draft, new or changed; nothing is applied for yet. The answer carries the hash of what the
/// confirmation screen states.
pub(crate) async fn draft(
    State(app): State<App>,
    PageLanguage(language): PageLanguage,
    now: Moment,
    asked: Asked,
    Input(raw): Input<Intake>,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || drafted(&app, &raw, language, now))
        .await
}

async fn drafted(
    app: &App,
    raw: &Intake,
    language: Language,
    now: Moment,
) -> Result<Outcome, Problem> {
    let known = match raw.draft.as_str() {
        "" => None,
        id => Some(app.application(id).await?),
    };
    let (form, confirmation) = InForce::now(app, now).await?.read(&raw.application, now)?;
    let shown = confirmation.hash();
    let Some(known) = known else {
        let id = ApplicationId::from_random(app.chance.id());
        let answer = Answer::created(page(&id), id.as_str()).with("confirmation", shown);
        let new = Application::draft(id, form, confirmation, language, now.0);
        return Ok(Outcome::new(
            Decision::of(Write::Draft(Box::new(new))),
            answer,
        ));
    };
    let command = Command::Redraft {
        form: Box::new(form),
        confirmation: Box::new(confirmation),
    };
    let event = decide(&known, command, now.0)?;
    let mut changed = evolve(known, &event);
    changed.language = language;
    let answer = Answer::done(page(&changed.id))
        .with("id", changed.id.as_str())
        .with("confirmation", shown);
    Ok(Outcome::new(
        Decision::of(Write::Draft(Box::new(changed))),
        answer,
    ))
}

/// Takes the application in: what the screen stated is confirmed, and the checks begin.
pub(crate) async fn submit(
    State(app): State<App>,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
    Input(raw): Input<Submission>,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || submitted(&app, &id, &raw, now))
        .await
}

async fn submitted(app: &App, id: &str, raw: &Submission, now: Moment) -> Result<Outcome, Problem> {
    let application = app.application(id).await?;
    let in_force = InForce::now(app, now).await?;
    // A plan that is no longer on the list is not what the screen stated either.
    let fresh = in_force
        .confirm(&application.form, now)
        .ok_or(Refusal::ConfirmationOutdated)?;
    let command = Command::Submit {
        shown_hash: raw.confirmation.clone(),
        fresh: Box::new(fresh),
    };
    let event = decide(&application, command, now.0)?;
    let application = evolve(application, &event);
    let id = application.id.clone();
    let received = Notice::ApplicationReceived {
        application: id.clone(),
    };
    let message = || MessageId::from_random(app.chance.id());
    let answer = Answer::done(page(&id)).with("state", application.state.code());
    let decision = Decision::of(Write::Application(Box::new(application), Box::new(event)))
        .say(message(), now.0, Body::Notice(received))
        .say(message(), now.0, Body::Screen(id));
    Ok(Outcome::new(decision, answer))
}

/// Withdraws the application before it is registered.
pub(crate) async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || withdrawn(&app, &id, now))
        .await
}

async fn withdrawn(app: &App, id: &str, now: Moment) -> Result<Outcome, Problem> {
    let application = app.application(id).await?;
    let event = decide(&application, Command::Withdraw, now.0)?;
    let application = evolve(application, &event);
    let answer = Answer::done(page(&application.id)).with("state", application.state.code());
    Ok(Outcome::new(
        Decision::of(Write::Application(Box::new(application), Box::new(event))),
        answer,
    ))
}
