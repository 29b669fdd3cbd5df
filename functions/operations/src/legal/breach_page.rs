//! The page of the breach register: each incident with its clocks, and what is overdue.

use axum::extract::State;
use ciero_domain::breach::{Breach, Clock, Protection, Trigger};
use ciero_domain::calendar::tokyo_date;
use ciero_pages::{
    FieldView, Requirement, Section, Ticked, checkbox, date, date_time, field, hidden,
};
use ciero_runtime::Problem;
use jiff::civil::Date;
use maud::{Markup, html};

use super::Legal;
use crate::App;

/// Shows every incident, what is open first, and the form that records one.
pub async fn show(legal: Legal, State(app): State<App>) -> Result<Markup, Problem> {
    app.note_reading(&legal.name, "breaches", legal.now).await?;
    let mut breaches = app.legal.disclosures.breaches().await?;
    breaches.sort_by_key(|one| (!one.is_open(), std::cmp::Reverse(one.known_at)));
    let title = legal.t("漏えい等の記録", "Breach register");
    let content = html! {
        h1 { (title) }
        p.lead { (legal.t(
            "個人データの漏えい等と、個人情報保護委員会への速報（3〜5日）・確報（30日、不正の目的のおそれがあれば60日）、本人への通知の記録です。知った日を1日目として、暦の日で数えます。",
            "Incidents of personal data with the first report (3 to 5 days), the final report (30 days, 60 after a possibly wrongful purpose) and the notice to the persons. The day of knowing is the first; every day of the calendar counts.",
        )) }
        @if breaches.is_empty() { div.empty { p { (legal.t("記録はまだありません。", "There are no entries yet.")) } } }
        @for breach in &breaches { (shown(&legal, breach)) }
        h2 { (legal.t("記録を追加", "Add an entry")) }
        (form(&legal))
    };
    let place = (Section::Breaches, "/console/breaches");
    legal.page(&app, place, title, &content).await
}

fn shown(legal: &Legal, breach: &Breach) -> Markup {
    let (l, today) = (legal.language, tokyo_date(legal.now.0));
    let protected = breach.protection == Protection::Encrypted;
    html! {
        section.card {
            h2 { (breach.what) }
            dl.facts {
                dt { (legal.t("知った日時", "Known since")) } dd { (date_time(l, breach.known_at)) }
                dt { (legal.t("本人の数", "Persons")) } dd.num { (breach.persons) }
                dt { (legal.t("該当する事由", "Triggers")) }
                dd {
                    @for trigger in breach.triggers() { div { (trigger.sentence(l)) } }
                    @if breach.triggers().is_empty() { (legal.t("なし", "None")) }
                    @if protected { div { (legal.t("高度な暗号化", "Strongly encrypted")) } }
                }
                dt { (legal.t("記録", "Recorded")) } dd { (breach.recorded_by) " " (date_time(l, breach.recorded_at)) }
            }
            @if !breach.must_be_reported() {
                p { (legal.t("報告の対象ではありません。", "This incident need not be reported.")) }
            }
            @for clock in breach.clocks() { (step(legal, breach, &clock, today)) }
        }
    }
}

fn step(legal: &Legal, breach: &Breach, clock: &Clock, today: Date) -> Markup {
    let l = legal.language;
    html! {
        h3 {
            (clock.duty.sentence(l)) " "
            @if clock.done.is_some() { span class="badge ok" { (legal.t("済み", "Done")) } }
            @else if clock.is_overdue(today) { span class="badge bad" { (legal.t("期限を過ぎています", "Overdue")) } }
            @else { span class="badge warn" { (legal.t("未了", "Open")) } }
        }
        @match (&clock.aim, &clock.last) {
            (Some(aim), Some(last)) => p {
                (legal.t("目標 ", "Aim ")) time datetime=(aim) { (date(l, *aim)) }
                (legal.t("、期限 ", ", last day ")) time datetime=(last) { (date(l, *last)) }
            },
            _ => p { (legal.t("速やかに", "Without delay")) },
        }
        @match &clock.done {
            Some(done) => p { (date(l, done.on)) " " (done.by) " " (done.note) },
            None => form.stack method="post" action={ "/console/breaches/" (breach.id) "/steps" } data-enhance {
                (hidden("csrf", &legal.csrf))
                (hidden("duty", clock.duty.code()))
                @let (on, note) = (format!("on-{}-{}", clock.duty, breach.id), format!("note-{}-{}", clock.duty, breach.id));
                div.field { label for=(on) { (legal.t("行った日", "Done on")) } input id=(on) name="on" type="date" required; }
                div.field { label for=(note) { (legal.t("メモ", "Note")) } input id=(note) name="note" type="text"; }
                div.actions { button.button type="submit" { (legal.t("記録する", "Record")) } }
            },
        }
    }
}

fn form(legal: &Legal) -> Markup {
    let view = |name, ja, en, kind| FieldView {
        name,
        label: legal.t(ja, en),
        kind,
        required: Requirement::Required,
        ..FieldView::default()
    };
    html! {
        form.stack method="post" action="/console/breaches" data-enhance {
            (hidden("csrf", &legal.csrf))
            (field(&view("known_at", "知った日時", "Known since", "datetime-local")))
            (field(&view("what", "事案の概要", "What happened", "text")))
            (field(&view("persons", "本人の数（分かる範囲）", "Persons, as far as known", "number")))
            fieldset {
                legend { (legal.t("該当する事由", "Triggers")) }
                @for trigger in Trigger::ALL {
                    (checkbox(trigger.code(), &html! { (trigger.sentence(legal.language)) }, Ticked::No))
                }
                (checkbox("encrypted", &html! { (legal.t("高度な暗号化がされ、鍵も守られている", "Strongly encrypted, and the key is safe")) }, Ticked::No))
            }
            div.actions { button.button.primary type="submit" { (legal.t("追加する", "Add")) } }
        }
    }
}
