//! Proofs of publication: what the public pages of the terms showed, when, in both languages (23-2, D-35).

use anyhow::Result;
use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::terms::{Seen, Sighting, TermsVersion, to_be_seen};
use ciero_ports::SeenPage;
use ciero_runtime::Moment;
use serde_json::{Value, json};

use crate::App;

/// Looks at the version of this name, or at every version that must be public, and writes down what was seen.
pub async fn look_at(app: &App, only: Option<&str>, now: Moment) -> Result<Value> {
    let versions = app.documents.terms_versions().await?;
    let due = to_be_seen(&versions, tokyo_date(now.0));
    let due = due
        .into_iter()
        .filter(|version| only.is_none_or(|name| version.version == name));
    let (mut shown, mut not_shown) = (0, 0);
    for version in due {
        let (ja, en) = tokio::try_join!(
            look(app, version, Language::Ja, now),
            look(app, version, Language::En, now),
        )?;
        for is_shown in [ja, en] {
            match is_shown {
                true => shown += 1,
                false => not_shown += 1,
            }
        }
    }
    Ok(json!({ "shown": shown, "notShown": not_shown }))
}

async fn look(app: &App, version: &TermsVersion, language: Language, now: Moment) -> Result<bool> {
    let page = format!("/terms/{}", version.version);
    let raw = format!("{page}/text");
    let (page, raw) = tokio::join!(
        app.website.visit(&page, language),
        app.website.visit(&raw, language)
    );
    let (page, raw) = (page.ok(), raw.ok());
    let seen = Sighting::of(version, (language, now.0), raw.as_ref(), page.as_ref());
    // The page goes first, so that no line names a page that is not there.
    if let (Seen::Shown { page_sha256 } | Seen::Changed { page_sha256 }, Some(page)) =
        (&seen.seen, page)
    {
        let kept = SeenPage {
            terms_version: version.version.clone(),
            language,
            at: now.0,
            sha256: page_sha256.clone(),
            html: String::from_utf8_lossy(&page.body).into_owned(),
        };
        app.changes.keep_page(&kept).await?;
    }
    app.changes.note_sighting(&seen).await?;
    if !seen.is_shown() {
        tracing::error!(version = version.version, language = language.tag(), seen = ?seen.seen, "published terms were not to be read on the website");
    }
    Ok(seen.is_shown())
}
