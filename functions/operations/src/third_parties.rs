//! The list of third-party terms: each change is a version, and a notice to everyone who has a contract (25-1, 25-2).

use axum::extract::{Path, State};
use ciero_domain::particulars::FieldErrors;
use ciero_domain::third_party::{Refusal, TermsUrl, ThirdParty, ThirdPartyTerms};
use ciero_ports::{About, Announcement, Decision, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, Publishers};
use crate::processors::{both, name};
use crate::reading::Given;

const PAGE: &str = "/console/third-party-terms";

/// A service, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawThirdParty {
    id: Given,
    name_ja: Given,
    name_en: Given,
    provider_ja: Given,
    provider_en: Given,
    terms_url: Given,
    terms_version: Given,
    since: Given,
}

impl RawThirdParty {
    fn parse(&self) -> Result<ThirdParty, Problem> {
        let mut errors = FieldErrors::default();
        let id = errors.keep("id", name(&self.id));
        let (ja, en) = (("name_ja", &self.name_ja), ("name_en", &self.name_en));
        let name = both(&mut errors, ja, en);
        let ja = ("provider_ja", &self.provider_ja);
        let provider = both(&mut errors, ja, ("provider_en", &self.provider_en));
        let terms_url = errors.keep("terms_url", TermsUrl::parse(&self.terms_url.0));
        let terms_version = errors.keep("terms_version", self.terms_version.short());
        let since = errors.keep("since", self.since.date());
        let who = id.zip(name).zip(provider);
        let terms = terms_url.zip(terms_version).zip(since);
        let service = who.zip(terms).map(|(who, terms)| {
            let ((id, name), provider) = who;
            let ((terms_url, terms_version), since) = terms;
            ThirdParty {
                id,
                name,
                provider,
                terms_url,
                terms_version,
                since,
            }
        });
        errors.finish(service).map_err(Problem::fields)
    }
}

/// Writes the next version of the list and lets everyone be told who agreed to an earlier one.
async fn step(
    acting: Acting<Publishers>,
    app: &App,
    take: impl Fn(Option<&ThirdPartyTerms>, &str, Moment) -> Result<ThirdPartyTerms, Refusal>
    + Send
    + Sync,
) -> Result<Answer, Problem> {
    let (by, now) = (acting.by(), acting.now);
    let (by, take) = (by.as_str(), &take);
    app.desk
        .decide(acting.asked, now, || async move {
            let versions = app.registers.third_party_terms().await?;
            let list = take(versions.last(), by, now)?;
            let version = list.version;
            tracing::info!(
                operator = by,
                version,
                "the list of third-party terms changed"
            );
            let decision = Decision {
                messages: vec![Announcement::of(About::ThirdPartyTerms { version }, now.0)],
                ..Decision::of(Write::ThirdPartyTerms(Box::new(list)))
            };
            let answer = Answer::done(PAGE).with("version", version);
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Enters a service, or new facts of one that is there.
pub async fn enter(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Input(raw): Input<RawThirdParty>,
) -> Result<Answer, Problem> {
    let service = raw.parse()?;
    step(acting, &app, |before, by, now| {
        ThirdPartyTerms::enter(before, service.clone(), by, now.0)
    })
    .await
}

/// Takes a service off the list.
pub async fn remove(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    step(acting, &app, |before, by, now| {
        before.ok_or(Refusal::Unchanged)?.remove(&id, by, now.0)
    })
    .await
}
