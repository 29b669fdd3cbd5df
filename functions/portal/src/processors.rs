//! Whom the service hands data to, for everyone: today or as it was on an earlier day (10, 21-1, P-2).

use axum::extract::State;
use ciero_domain::processor::{Processor, on};
use ciero_pages::Section;
use ciero_runtime::Problem;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::console_parts::{empty, table};
use crate::input::{Parameters, civil_day};
use crate::page::{Page, PublicPage};
use crate::pieces::day;

/// Which day is asked about, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Empty for today.
    on: String,
}

/// Shows who carries out what, where the data are kept, and since when.
pub async fn show(
    State(app): State<App>,
    PublicPage(page): PublicPage,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    let asked = match query.on.as_str() {
        "" => page.today(),
        text => civil_day(text).ok_or_else(Problem::not_found)?,
    };
    let versions = app.registers.processors().await?;
    let entries = on(&versions, asked).map_or(&[][..], |register| &register.processors);
    let active: Vec<&Processor> = entries.iter().filter(|one| one.is_active(asked)).collect();
    let t = |ja, en| page.t(ja, en);
    let title = t("再委託先", "Sub-processors");
    let content = html! {
        h1 { (title) }
        p.lead { (t(
            "サービスの提供に必要な業務を委託し、必要な限度でデータをお渡ししている先です（利用規約第10条、第21条第1項、第22条第3項）。いずれも秘密保持契約を結び、データを日本国内に保管します。",
            "These carry out work that the service needs and are handed the data that it takes (Articles 10, 21-1 and 22-3 of the terms). Each has signed a confidentiality agreement and keeps the data in Japan.",
        )) }
        (of_day(&page, asked))
        @if active.is_empty() { (empty(t("この日の登録はありません。", "Nobody was on the register on this day."))) }
        @else { (list(&page, &active)) }
        p { a href="/third-party-terms" { (t("組み込まれている第三者サービスとその提供条件", "Third-party services that are built in, and their terms")) } }
    };
    Ok(page.show(Section::Terms, title, &content))
}

/// Says which day is shown, and asks for another one.
fn of_day(page: &Page, asked: Date) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        p.muted { (day(l, asked)) " " (t("現在", "as of that day")) }
        div.actions {
            form.inline-form method="get" action="/processors" {
                label for="on" { (t("別の日の一覧", "The list of another day")) }
                input id="on" name="on" type="date" value=(asked) required;
                button.button type="submit" { (t("表示", "Show")) }
            }
        }
    }
}

fn list(page: &Page, entries: &[&Processor]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("名称", "Name"),
        t("委託する業務", "Task"),
        t("データの保管場所", "Where data are kept"),
        t("委託の開始", "Since"),
    ];
    let rows = entries.iter().map(|one| {
        vec![
            html! { (one.name.t(l)) },
            html! { (one.task.t(l)) },
            html! { (one.location.words(l)) },
            day(l, one.since),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}
