//! The archive of the terms: each version's exact text, and what changed from one to another (23-2).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_pages::Section;
use ciero_runtime::{PageLanguage, Problem};
use http::header;
use maud::{Markup, html};
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};

use crate::App;
use crate::input::{Parameters, Segment};
use crate::page::{Page, PublicPage};
use crate::pieces::{day, fact};

/// How many unchanged lines stand around a change.
const AROUND: usize = 1;

/// Answers with the exact text of a version, whose SHA-256 was fixed with its publication.
pub async fn text(
    State(app): State<App>,
    PageLanguage(language): PageLanguage,
    Segment(version): Segment,
) -> Result<Response, Problem> {
    let text = app.documents.terms(&version).await?;
    let text = text.ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_LANGUAGE, language.tag()),
        (header::VARY, "Accept-Language, Cookie"),
    ];
    Ok((headers, text.text(language).to_owned()).into_response())
}

/// Which version is compared with, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Empty for the version before.
    since: String,
}

/// Shows what changed since another version.
pub async fn changes(
    State(app): State<App>,
    PublicPage(page): PublicPage,
    Segment(version): Segment,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    let versions = app.documents.terms_versions().await?;
    let new = read(&app, &versions, &version).await?;
    let since = match query.since.as_str() {
        "" => before(&versions, &new.version).map(|old| old.version.clone()),
        name => Some(name.to_owned()),
    };
    let old = match &since {
        Some(name) => Some(read(&app, &versions, name).await?),
        None => None,
    };
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let title = t("利用規約の変更点", "What changed in the terms");
    let name = |version: &TermsVersion| {
        html! { a href={ "/terms/" (version.version) } { (version.version) } " (" (day(l, version.effective_from)) ")" }
    };
    let content = html! {
        h1 { (title) }
        dl.facts {
            (fact(t("版（適用開始日）", "Version (in force from)"), &name(&new.version)))
            @if let Some(old) = &old { (fact(t("比べる版", "Compared with"), &name(&old.version))) }
        }
        @match &old {
            None => p { (t("これが最初の版です。", "This is the first version.")) },
            Some(old) => (difference(&page, old.text(l), new.text(l))),
        }
        (other_versions(&page, &versions, &new.version))
    };
    Ok(page.show(Section::Terms, title, &content))
}

async fn read(app: &App, versions: &[TermsVersion], name: &str) -> Result<TermsText, Problem> {
    if !versions.iter().any(|known| known.version == name) {
        return Err(Problem::not_found());
    }
    let text = app.documents.terms(name).await?;
    text.ok_or_else(Problem::not_found)
}

/// Returns the version that a later one follows: the last that applies before it.
pub fn before<'a>(versions: &'a [TermsVersion], of: &TermsVersion) -> Option<&'a TermsVersion> {
    let earlier = versions.iter().filter(|other| {
        other.effective_from < of.effective_from && other.superseded_by(versions).is_none()
    });
    earlier.max_by_key(|other| other.effective_from)
}

/// Writes the lines that differ, each with its sign, and within a line what differs.
pub fn difference(page: &Page, old: &str, new: &str) -> Markup {
    let diff = TextDiff::from_lines(old, new);
    let groups = diff.grouped_ops(AROUND);
    let (gone, added) = (page.t("削除", "Removed"), page.t("追加", "Added"));
    html! {
        @if groups.is_empty() { p { (page.t("本文に違いはありません。", "The texts are the same.")) } }
        @for group in &groups {
            div.diff { @for op in group { @for change in diff.iter_inline_changes(op) {
                @let parts: Vec<(bool, String)> = change.iter_strings_lossy().map(|(emphasized, text)| (emphasized, text.into_owned())).collect();
                @match change.tag() {
                    ChangeTag::Equal => p { (pieces(&parts)) },
                    ChangeTag::Delete => p.gone { del aria-label=(gone) { (pieces(&parts)) } },
                    ChangeTag::Insert => p.added { ins aria-label=(added) { (pieces(&parts)) } },
                }
            } } }
        }
    }
}

fn pieces(parts: &[(bool, String)]) -> Markup {
    html! {
        @for (emphasized, text) in parts {
            @if *emphasized { mark { (text) } } @else { (text) }
        }
    }
}

fn other_versions(page: &Page, versions: &[TermsVersion], shown: &TermsVersion) -> Markup {
    let others = versions
        .iter()
        .rev()
        .filter(|other| other.version != shown.version);
    let others: Vec<&TermsVersion> = others.collect();
    html! {
        @if !others.is_empty() {
            h2 { (page.t("ほかの版と比べる", "Compare with another version")) }
            ul { @for other in others {
                li { a href={ "/terms/" (shown.version) "/changes?since=" (other.version) } { (other.version) } }
            } }
        }
    }
}
