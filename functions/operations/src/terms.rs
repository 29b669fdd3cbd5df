//! Changes of the terms: a draft with its reasons, a second operator's approval, the publication (23-1, 23-2).

use axum::extract::{Path, State};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::terms::{Draft, NewDraft, Reasons, Refusal, TermsVersion, earliest_effective};
use ciero_ports::{About, Announcement, Decision, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use serde::Deserialize;
use serde_json::json;

use crate::acting::{Acting, Group, Legal, Publishers};
use crate::checks::check_version;
use crate::reading::Given;
use crate::{App, proofs};

/// A draft, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDraft {
    version: Given,
    effective_from: Given,
    /// Empty, or a published version that is not in force yet.
    supersedes: Given,
    ja: Given,
    en: Given,
    necessity: Given,
    purpose: Given,
    reasonableness: Given,
}

impl RawDraft {
    fn parse(&self) -> Result<NewDraft, Problem> {
        let mut errors = FieldErrors::default();
        let name = self.version.0.trim();
        let name = match name.is_empty() {
            true => Err(FieldRule::Required),
            false => check_version(name)
                .map(|()| name.to_owned())
                .map_err(|_| FieldRule::Unprintable),
        };
        let name = errors.keep("version", name);
        let effective_from = errors.keep("effective_from", self.effective_from.date());
        let ja = errors.keep("ja", self.ja.document());
        let en = errors.keep("en", self.en.document());
        let necessity = errors.keep("necessity", self.necessity.needed());
        let purpose = errors.keep("purpose", self.purpose.needed());
        let reasonableness = errors.keep("reasonableness", self.reasonableness.needed());
        let supersedes = Some(self.supersedes.0.trim().to_owned());
        let text = name.zip(effective_from).zip(ja.zip(en));
        let reasons = necessity.zip(purpose).zip(reasonableness);
        let draft = text.zip(reasons).map(|(text, reasons)| {
            let ((name, effective_from), (ja, en)) = text;
            let ((necessity, purpose), reasonableness) = reasons;
            NewDraft {
                name,
                effective_from,
                supersedes: supersedes.filter(|name| !name.is_empty()),
                ja,
                en,
                reasons: Reasons {
                    necessity,
                    purpose,
                    reasonableness,
                },
            }
        });
        errors.finish(draft).map_err(Problem::fields)
    }
}

/// What a step of a draft rests on.
struct Known {
    draft: Option<Draft>,
    versions: Vec<TermsVersion>,
}

/// Takes a step of a draft and writes what follows from it.
async fn step<G: Group>(
    acting: Acting<G>,
    app: &App,
    name: &str,
    take: impl Fn(&Known, &str, Moment) -> Result<Decision, Problem> + Send + Sync,
) -> Result<Answer, Problem> {
    let (by, now) = (acting.by(), acting.now);
    let (by, take) = (by.as_str(), &take);
    app.desk
        .decide(acting.asked, now, || async move {
            let known = Known {
                draft: app.changes.draft(name).await?,
                versions: app.documents.terms_versions().await?,
            };
            let decision = take(&known, by, now)?;
            tracing::info!(
                operator = by,
                terms = name,
                "a change of the terms moved on"
            );
            let answer = Answer {
                body: json!({ "version": name }),
                ..Answer::done(format!("/console/terms/{name}"))
            };
            Ok(Outcome::new(decision, answer))
        })
        .await
}

fn kept(draft: Draft) -> Decision {
    Decision::of(Write::TermsDraft(Box::new(draft)))
}

/// Writes a draft, or writes it anew.
pub async fn write(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Input(raw): Input<RawDraft>,
) -> Result<Answer, Problem> {
    let new = raw.parse()?;
    let name = new.name.clone();
    step(acting, &app, &name, move |known, by, now| {
        let written = (by, now.0);
        let draft = Draft::write(known.draft.as_ref(), new.clone(), &known.versions, written)?;
        Ok(kept(draft))
    })
    .await
}

/// Agrees to a draft, which is for another operator than the one who wrote it.
pub async fn approve(
    acting: Acting<Legal>,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Answer, Problem> {
    step(acting, &app, &name, |known, by, now| {
        let draft = known.draft.as_ref().ok_or_else(Problem::not_found)?;
        Ok(kept(draft.approve(by, now.0)?))
    })
    .await
}

/// Publishes a draft, lets every contract be told, and looks at the public page.
pub async fn publish(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Answer, Problem> {
    let now = acting.now;
    let answer = step(acting, &app, &name, |known, by, now| {
        let draft = known.draft.as_ref().ok_or_else(Problem::not_found)?;
        let published = draft.publish(&known.versions, by, now.0);
        let (draft, text) = published.map_err(|refusal| too_early(refusal, now))?;
        let about = About::Terms {
            version: text.version.version.clone(),
        };
        let mut decision = kept(draft).and(Write::Terms(Box::new(text)));
        decision.messages.push(Announcement::of(about, now.0));
        Ok(decision)
    })
    .await?;
    // The publication stands whatever comes of it; what fails here is looked at again every day.
    if let Err(error) = proofs::look_at(&app, Some(&name), now).await {
        tracing::error!(
            terms = name,
            error = format!("{error:#}"),
            "the public page was not looked at"
        );
    }
    Ok(answer)
}

/// Names the earliest day in the sentence.
fn too_early(refusal: Refusal, now: Moment) -> Problem {
    let mut problem = Problem::from(refusal);
    if refusal == Refusal::TooEarly {
        let earliest = earliest_effective(tokyo_date(now.0));
        problem.ja = format!(
            "{}今日公表する場合は、早くとも{earliest}からです。",
            problem.ja
        )
        .into();
        problem.en = format!(
            "{} If it is published today, it applies from {earliest} at the earliest.",
            problem.en
        )
        .into();
    }
    problem
}
