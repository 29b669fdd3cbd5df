//! The list of reviews: what screening again found, open ones first, with the form to conclude.

use axum::extract::State as Shared;
use ciero_domain::Language;
use ciero_domain::screening::{Conclusion, Opinion, Review, Subject};
use ciero_pages::{FieldView, date_time, hidden, select};
use ciero_runtime::{Moment, Problem};
use maud::{Markup, html};

use super::{Screener, weighing};
use crate::App;

/// How many concluded reviews are shown below the open ones.
const CONCLUDED_SHOWN: usize = 50;

/// Shows the reviews; the reading is noted first (3-4).
pub(crate) async fn list(
    Shared(app): Shared<App>,
    screener: Screener,
    now: Moment,
) -> Result<Markup, Problem> {
    app.note_reading(&screener.name, "reviews", now).await?;
    let mut reviews = app.confidential.reviews().await?;
    reviews.sort_by_key(|review| (!review.is_open(), std::cmp::Reverse(review.found_at)));
    let (open, concluded): (Vec<_>, Vec<_>) = reviews.into_iter().partition(Review::is_open);
    let language = screener.language;
    let title = language.t("再審査", "Re-screening");
    let content = html! {
        p { a href="/console/applications" { (language.t("← 申込みの一覧", "← Applications")) } }
        h1 { (title) }
        p.lead { (language.t(
            "照合リストや登録簿が変わると、契約と承認済みの申込みを照合し直します。新しい一致だけがここに並びます。自動で行われる措置はありません。",
            "When a list or the register changes, contracts and approved applications are compared again. Only what is new stands here; nothing is done automatically.",
        )) }
        @if open.is_empty() {
            div.empty { p { (language.t("対応が必要なものはありません。", "Nothing waits.")) } }
        }
        @for review in &open { (shown(review, &screener)) }
        @if !concluded.is_empty() {
            h2 { (language.t("結論の出たもの", "Concluded")) }
            @for review in concluded.iter().take(CONCLUDED_SHOWN) { (shown(review, &screener)) }
        }
    };
    screener
        .page(&app, "/console/reviews", title, &content)
        .await
}

fn shown(review: &Review, screener: &Screener) -> Markup {
    let language = screener.language;
    let place = match &review.subject {
        Subject::Application(id) => format!("/console/applications/{id}"),
        Subject::Contract(id) => format!("/console/contracts/{id}"),
    };
    html! {
        section.card {
            h2 { a href=(place) { (review.subject) } }
            p.muted { time datetime=(review.found_at) { (date_time(language, review.found_at)) } }
            @for signal in &review.signals { (weighing::signal(signal, language)) }
            @for opinion in &review.opinions { (word(opinion, language)) }
            @match review.concluded {
                Some(conclusion) => p { strong { (conclusion.sentence(language)) } },
                None => (form(review, screener)),
            }
        }
    }
}

fn word(opinion: &Opinion, language: Language) -> Markup {
    html! {
        div.card {
            p { (opinion.conclusion.sentence(language)) " " (opinion.by) " " time datetime=(opinion.at) { (date_time(language, opinion.at)) } }
            @for line in opinion.reason.lines() { p { (line) } }
        }
    }
}

fn form(review: &Review, screener: &Screener) -> Markup {
    let language = screener.language;
    let conclusions: Vec<(String, String)> = Conclusion::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(language).to_owned()))
        .collect();
    let field = FieldView {
        name: "conclusion",
        label: language.t("結論", "Conclusion"),
        ..FieldView::default()
    };
    let id = format!("f-reason-{}", review.subject);
    html! {
        @if review.needs_two() {
            div.notice.warn { p { (language.t("反社会的勢力等に関わるため、二人の審査担当者が同じ結論を出す必要があります。", "This bears on antisocial forces: two screeners must conclude the same.")) } }
        }
        form.stack method="post" action={ "/console/reviews/" (review.subject) "/conclusion" } data-enhance {
            (hidden("csrf", &screener.csrf))
            (select(&field, &conclusions))
            div.field {
                label for=(id) { (language.t("理由（社外秘）", "Reason (confidential)")) }
                textarea id=(id) name="reason" maxlength="2000" required {}
            }
            div.actions { button.button.primary type="submit" { (language.t("結論を記録する", "Conclude")) } }
        }
    }
}
