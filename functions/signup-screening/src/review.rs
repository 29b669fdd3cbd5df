//! A screener's conclusion on what screening again found (3-4).

use axum::extract::{Path, State};
use ciero_domain::Language;
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::screening::{Conclusion, Opinion, ReviewRefusal, Subject};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem};
use http::StatusCode;
use serde::Deserialize;

use crate::App;
use crate::console::Screener;
use crate::decision::reason;

/// A form, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawOpinion {
    conclusion: String,
    reason: String,
}

impl RawOpinion {
    fn parse(&self, by: &str, now: Moment) -> Result<Opinion, Problem> {
        let mut errors = FieldErrors::default();
        let conclusion = Conclusion::ALL
            .iter()
            .find(|known| known.code() == self.conclusion);
        let conclusion = errors.keep("conclusion", conclusion.ok_or(FieldRule::Choice));
        let given = reason(&self.reason).and_then(|reason| match reason.is_empty() {
            true => Err(FieldRule::Required),
            false => Ok(reason),
        });
        let reason = errors.keep("reason", given);
        let opinion = conclusion.zip(reason).map(|(conclusion, reason)| Opinion {
            conclusion: *conclusion,
            reason,
            by: by.to_owned(),
            at: now.0,
        });
        errors.finish(opinion).map_err(Problem::fields)
    }
}

/// Adds a screener's word to a review.
pub(crate) async fn conclude(
    State(app): State<App>,
    screener: Screener,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawOpinion>,
) -> Result<Answer, Problem> {
    let opinion = raw.parse(&screener.name, now)?;
    let subject = Subject::parse(&id).ok_or_else(Problem::not_found)?;
    let (app, subject, opinion) = (&app, &subject, &opinion);
    let answer = app
        .desk
        .decide(asked, now, || async move {
            let review = app.confidential.review(subject).await?;
            let review = review.ok_or_else(Problem::not_found)?;
            let review = review.conclude(opinion.clone()).map_err(refused)?;
            let answer = Answer::done("/console/reviews".to_owned());
            let answer = match review.concluded {
                Some(conclusion) => answer.with("conclusion", conclusion.code()),
                None => answer.with("second_operator_needed", true),
            };
            let decision = Decision::of(Write::Review(Box::new(review)));
            Ok(Outcome::new(decision, answer))
        })
        .await?;
    // Who said something, never what.
    tracing::info!(operator = screener.name, %subject, "a screener spoke on a review");
    Ok(answer)
}

fn refused(rule: ReviewRefusal) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        rule.code(),
        rule.sentence(Language::Ja),
        rule.sentence(Language::En),
    )
}
