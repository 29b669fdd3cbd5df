//! Changes of the terms for those who write, approve and publish them, with the proofs of publication (23-1, 23-2, D-35).

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use ciero_domain::groups::{LEGAL, PUBLISHERS};
use ciero_domain::terms::{
    Draft, Seen, Sighting, TermsText, TermsVersion, earliest_effective, in_force,
};
use ciero_pages::Section;
use ciero_runtime::Problem;
use http::header;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, empty, table};
use crate::documents::standing;
use crate::input::Segment;
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, badge, day, fact, moment, notice};
use crate::versions::{before, difference};

/// How many looks at the public page are shown.
const SIGHTINGS: u16 = 60;

/// Shows every version and draft, and the form of a new draft.
pub async fn list(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(PUBLISHERS)?;
    let page = &console.page;
    let versions = app.documents.terms_versions().await?;
    let drafts = app.console.changes.drafts().await?;
    let open: Vec<&Draft> = drafts
        .iter()
        .filter(|draft| draft.published_at.is_none())
        .collect();
    let current = match in_force(&versions, page.today()) {
        Some(version) => app.documents.terms(&version.version).await?,
        None => None,
    };
    let t = |ja, en| page.t(ja, en);
    let title = t("規約の改定", "Changes of the terms");
    let content = html! {
        h1 { (title) }
        p {
            a href="/console/consents" { (t("同意の状況", "Who has agreed")) } " · "
            a href="/console/processors" { (t("再委託先", "Sub-processors")) } " · "
            a href="/console/third-party-terms" { (t("第三者サービスの提供条件", "Third-party terms")) }
            @if console.is_in(LEGAL) { " · " a href="/console/service-end" { (t("サービスの終了", "End of the service")) } }
        }
        h2 { (t("改定案", "Drafts")) }
        @if open.is_empty() { (empty(t("改定案はありません。", "There is no draft."))) }
        @else { (draft_list(page, &open)) }
        h2 { (t("公表した版", "Published versions")) }
        (version_list(page, &versions))
        h2 { (t("新しい改定案", "New draft")) }
        (editor(page, None, current.as_ref()))
    };
    Ok(page.show(Section::TermsChanges, title, &content))
}

fn link(name: &str) -> Markup {
    html! { a href={ "/console/terms/" (name) } { (name) } }
}

fn draft_list(page: &Page, drafts: &[&Draft]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("版", "Version"),
        t("適用開始日", "In force from"),
        t("書いた人", "Written by"),
        t("状態", "State"),
    ];
    let rows = drafts.iter().map(|draft| {
        vec![
            link(&draft.name),
            day(l, draft.effective_from),
            html! { (draft.written_by) },
            state(page, draft),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

fn version_list(page: &Page, versions: &[TermsVersion]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("版", "Version"),
        t("公表日", "Published"),
        t("適用開始日", "In force from"),
        t("状態", "State"),
    ];
    let rows = versions.iter().rev().map(|version| {
        vec![
            link(&version.version),
            day(l, version.published_on),
            day(l, version.effective_from),
            standing(page, version, versions),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

fn state(page: &Page, draft: &Draft) -> Markup {
    match (&draft.published_at, &draft.approval) {
        (Some(_), _) => badge(Tone::Ok, page.t("公表済み", "Published")),
        (None, Some(_)) => badge(Tone::Info, page.t("承認済み", "Approved")),
        (None, None) => badge(Tone::Plain, page.t("承認待ち", "Waits for approval")),
    }
}

/// Shows one change: reasons, differences, the next steps, and what was seen in public.
pub async fn show(
    State(app): State<App>,
    console: ConsolePage,
    Segment(name): Segment,
) -> Result<Markup, Problem> {
    console.must_be_in(PUBLISHERS)?;
    let page = &console.page;
    let versions = app.documents.terms_versions().await?;
    let draft = app.console.changes.draft(&name).await?;
    let version = versions.iter().find(|version| version.version == name);
    if draft.is_none() && version.is_none() {
        return Err(Problem::not_found());
    }
    let sightings = match version {
        Some(_) => app.console.changes.sightings(&name, SIGHTINGS).await?,
        None => Vec::new(),
    };
    let t = |ja, en| page.t(ja, en);
    let content = html! {
        p { a href="/console/terms" { (t("← 規約の改定", "← Changes of the terms")) } }
        h1 { (t("規約", "Terms")) " " (name) " "
            @match (version, &draft) {
                (Some(version), _) => (standing(page, version, &versions)),
                (None, Some(draft)) => (state(page, draft)),
                (None, None) => {},
            }
        }
        @if let Some(draft) = &draft {
            (reasons(page, draft))
            @if draft.published_at.is_none() { (next_steps(&console, draft)) }
            (changes(&app, page, draft, &versions).await?)
            @if draft.published_at.is_none() { h2 { (t("書き直す", "Write it anew")) } (editor(page, Some(draft), None)) }
        }
        @if let Some(version) = version { (proofs(page, version, &sightings)) }
    };
    Ok(page.show(Section::TermsChanges, &name, &content))
}

fn reasons(page: &Page, draft: &Draft) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        dl.facts {
            (fact(t("適用開始日", "In force from"), &day(l, draft.effective_from)))
            @if let Some(old) = &draft.supersedes { (fact(t("差し替える版", "Supersedes"), &link(old))) }
            (fact(t("必要性", "Necessity"), &draft.reasons.necessity))
            (fact(t("目的への適合", "Fit with the purpose"), &draft.reasons.purpose))
            (fact(t("相当性", "Reasonableness"), &draft.reasons.reasonableness))
            (fact(t("書いた人", "Written by"), &html! { (draft.written_by) " · " (moment(l, draft.written_at)) }))
            @if let Some(approval) = &draft.approval { (fact(t("承認", "Approved by"), &html! { (approval.by) " · " (moment(l, approval.at)) })) }
            @if let (Some(at), Some(by)) = (draft.published_at, &draft.published_by) { (fact(t("公表", "Published by"), &html! { (by) " · " (moment(l, at)) })) }
        }
    }
}

fn next_steps(console: &ConsolePage, draft: &Draft) -> Markup {
    let page = &console.page;
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let form = |verb: &str| Form::new(page, format!("/console/terms/{}/{verb}", draft.name), verb);
    let earliest = earliest_effective(page.today());
    html! {
        @if draft.approval.is_some() {
            @if draft.effective_from < earliest {
                (notice(Tone::Warn, &html! { p { (t("今日公表すると、早くても次の日からの適用になります。適用開始日を書き直してください：", "Published today, it applies from this day at the earliest. Please change its day: ")) (day(l, earliest)) } }))
            }
            (form("publication").inline(&html! {}, &button("primary", t("公表する", "Publish"))))
        } @else if !console.is_in(LEGAL) || draft.written_by == console.actor() {
            (notice(Tone::Info, &html! { p { (t("書いた人とは別の法務担当者の承認が必要です。", "Another operator of the legal desk must approve it.")) } }))
        } @else {
            (form("approval").inline(&html! {}, &button("primary", t("承認する", "Approve"))))
        }
    }
}

/// Writes what the draft changes in both languages.
async fn changes(
    app: &App,
    page: &Page,
    draft: &Draft,
    versions: &[TermsVersion],
) -> Result<Markup, Problem> {
    let days = (page.today(), draft.effective_from);
    let new = TermsText::of(&draft.name, days, draft.ja.clone(), draft.en.clone());
    let old = match before(versions, &new.version) {
        Some(old) => app.documents.terms(&old.version).await?,
        None => None,
    };
    let Some(old) = old else {
        return Ok(html! {});
    };
    Ok(html! {
        h2 { (page.t("変更点（日本語）", "Changes in Japanese")) }
        div lang="ja" { (difference(page, &old.ja, &new.ja)) }
        h2 { (page.t("変更点（英語）", "Changes in English")) }
        div lang="en" { (difference(page, &old.en, &new.en)) }
    })
}

/// Writes the form of a draft; a new one begins with the text in force.
fn editor(page: &Page, draft: Option<&Draft>, current: Option<&TermsText>) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::new(page, "/console/terms".to_owned(), "draft");
    let of = |pick: fn(&Draft) -> &str| draft.map(pick).unwrap_or_default();
    let day = draft.map_or_else(
        || earliest_effective(page.today()),
        |draft| draft.effective_from,
    );
    let text = |pick: fn(&Draft) -> &str, current: Option<&String>| match draft {
        Some(draft) => pick(draft).to_owned(),
        None => current.cloned().unwrap_or_default(),
    };
    let (ja, en) = (
        text(|d| &d.ja, current.map(|c| &c.ja)),
        text(|d| &d.en, current.map(|c| &c.en)),
    );
    let supersedes = draft
        .and_then(|draft| draft.supersedes.as_deref())
        .unwrap_or_default();
    form.write(
        t("改定案", "Draft"),
        &html! {
            (form.field("version", t("版の名前（例 2027-04-01）", "Name of the version (for example 2027-04-01)"), "text", of(|d| &d.name)))
            (form.field("effective_from", t("適用開始日", "In force from"), "date", &day.to_string()))
            (form.optional("supersedes", t("差し替える版（公表済みで未適用のもの）", "Published version, not yet in force, that it supersedes"), "text", supersedes))
            (form.field("necessity", t("変更の必要性", "What makes it necessary"), "text", of(|d| &d.reasons.necessity)))
            (form.field("purpose", t("規約の目的に反しないこと", "Why it fits the purpose of the terms"), "text", of(|d| &d.reasons.purpose)))
            (form.field("reasonableness", t("変更の相当性", "Why it is reasonable"), "text", of(|d| &d.reasons.reasonableness)))
            (form.document("ja", t("本文（日本語、Markdown）", "Text in Japanese (Markdown)"), &ja))
            (form.document("en", t("本文（英語、Markdown）", "Text in English (Markdown)"), &en))
        },
        &button("primary", t("改定案として残す", "Keep as a draft")),
    )
}

fn proofs(page: &Page, version: &TermsVersion, sightings: &[Sighting]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("日時", "When"),
        t("言語", "Language"),
        t("公開ページ", "Public page"),
        t("写し", "Copy"),
    ];
    let rows = sightings.iter().map(|sighting| {
        vec![
            moment(l, sighting.at),
            html! { (sighting.language.tag()) },
            seen(page, &sighting.seen),
            copy(page, sighting),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        h2 { (t("公示の証拠", "Proof of publication")) }
        dl.facts {
            (fact(t("本文のSHA-256（日本語）", "SHA-256 of the text in Japanese"), &html! { code { (version.hash_ja) } }))
            (fact(t("本文のSHA-256（英語）", "SHA-256 of the text in English"), &html! { code { (version.hash_en) } }))
        }
        @if rows.is_empty() { (empty(t("公開ページはまだ確認していません。", "The public page has not been looked at yet."))) }
        @else { (table(&heads, &rows)) }
    }
}

fn seen(page: &Page, seen: &Seen) -> Markup {
    match seen {
        Seen::Shown { .. } => badge(
            Tone::Ok,
            page.t("公表した本文を表示", "Shows the published text"),
        ),
        Seen::Changed { .. } => badge(Tone::Bad, page.t("本文が異なる", "Shows another text")),
        Seen::Missing { status } => {
            html! { (badge(Tone::Bad, page.t("表示されない", "Not shown"))) " " (status) }
        }
        Seen::Unreachable => badge(Tone::Bad, page.t("応答なし", "No answer")),
    }
}

fn copy(page: &Page, sighting: &Sighting) -> Markup {
    html! {
        @if let Seen::Shown { page_sha256 } | Seen::Changed { page_sha256 } = &sighting.seen {
            a href={ "/console/terms/" (sighting.terms_version) "/pages/" (page_sha256) } { (page.t("見る", "See")) }
            " " code { (page_sha256.get(..12).unwrap_or_default()) "…" }
        }
    }
}

/// Answers with a public page exactly as it was seen, as a file.
pub async fn seen_page(
    State(app): State<App>,
    console: ConsolePage,
    Path((version, sha256)): Path<(String, String)>,
) -> Result<Response, Problem> {
    console.must_be_in(PUBLISHERS)?;
    let page = app.console.changes.seen_page(&version, &sha256).await?;
    let page = page.ok_or_else(Problem::not_found)?;
    let file = format!("attachment; filename=\"terms-{}.html\"", page.sha256);
    let kind = "application/octet-stream".to_owned();
    Ok((
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, file),
        ],
        page.html,
    )
        .into_response())
}
