//! A contract explained to operators: what was and what will be due, each line with its clause.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::contract::{Audience, Explanation, Hypothesis, Line, Status, explain};
use ciero_domain::groups::DESKS;
use ciero_domain::ids::ContractId;
use ciero_domain::particulars::FieldRule;
use ciero_pages::Section;
use ciero_runtime::{Problem, facts};
use http::HeaderMap;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::console_parts::{contract_link, empty, table};
use crate::input::{Parameters, Segment, wants_json};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, badge, day};

/// What is asked, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawQuestion {
    as_of: String,
    #[serde(rename = "if")]
    hypothesis: String,
}

impl RawQuestion {
    fn parse(&self, today: Date) -> Result<(Date, Option<Hypothesis>), Problem> {
        let as_of = match self.as_of.trim() {
            "" => today,
            text => text
                .parse()
                .map_err(|_| Problem::field("as_of", FieldRule::Date))?,
        };
        let hypothesis = match self.hypothesis.trim() {
            "" => None,
            text => Some(
                Hypothesis::parse(text).ok_or_else(|| Problem::field("if", FieldRule::Choice))?,
            ),
        };
        Ok((as_of, hypothesis))
    }
}

/// Explains a contract, as a page or as JSON.
pub async fn show(
    State(app): State<App>,
    console: ConsolePage,
    Segment(id): Segment,
    Parameters(raw): Parameters<RawQuestion>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    console.must_be_in(DESKS)?;
    let page = &console.page;
    let id = ContractId::parse(&id).map_err(|_| Problem::not_found())?;
    let (as_of, hypothesis) = raw.parse(page.today())?;
    let history = app.contracts.history(&id).await?;
    if history.is_empty() {
        return Err(Problem::not_found());
    }
    let facts = facts(app.documents.as_ref()).await?;
    let explanation = explain(&history, &facts, as_of, hypothesis, Audience::Operator);
    if wants_json(&headers) {
        return Ok(Json(explanation).into_response());
    }
    let title = page.t("契約の経過と予定", "The contract explained");
    let content = html! {
        p { (contract_link(&id, page.t("← 契約", "← The contract"))) }
        h1 { (title) }
        (question(page, &raw, &id, as_of))
        (lines(page, &explanation))
    };
    Ok(page
        .show(Section::Contracts, title, &content)
        .into_response())
}

fn question(page: &Page, raw: &RawQuestion, id: &ContractId, as_of: Date) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        form.stack method="get" action={ "/console/contracts/" (id) "/explanation" } {
            div.field {
                label for="f-as_of" { (t("基準日", "As of")) }
                input id="f-as_of" name="as_of" type="date" value=(as_of);
            }
            div.field {
                label for="f-if" { (t("もし", "If")) }
                p.hint id="h-if" { (t("例：", "For example: ")) "refuse@2027-02-01 · cancel@2026-12-31 · pay@2026-07-31" }
                input id="f-if" name="if" type="text" value=(raw.hypothesis) aria-describedby="h-if";
            }
            div.actions { button.button type="submit" { (t("表示する", "Show")) } }
        }
    }
}

fn lines(page: &Page, explanation: &Explanation) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("日付", "Date"),
        t("状態", "State"),
        t("内容", "What"),
        t("条項", "Clause"),
        t("解釈", "Reading"),
    ];
    let row = |line: &Line| {
        vec![
            day(l, line.on),
            status(page, line.status),
            html! { (line.text.t(l)) },
            html! { (line.clause) },
            html! { span.muted.small { (line.reading) } },
        ]
    };
    if explanation.lines.is_empty() {
        return empty(t(
            "この日にはまだ契約がありません。",
            "On this day there was no contract yet.",
        ));
    }
    table(
        &heads,
        &explanation.lines.iter().map(row).collect::<Vec<_>>(),
    )
}

fn status(page: &Page, status: Status) -> Markup {
    let t = |ja, en| page.t(ja, en);
    match status {
        Status::Done => badge(Tone::Ok, t("済", "Done")),
        Status::Overdue => badge(Tone::Warn, t("処理中", "In hand")),
        Status::Due => badge(Tone::Plain, t("予定", "Due")),
        Status::Assumed => badge(Tone::Info, t("仮定", "Assumed")),
        Status::Refused => badge(Tone::Bad, t("不可", "Not possible")),
    }
}
