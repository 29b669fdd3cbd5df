//! What was and what will be due, each line with its clause: a page, or JSON for programs (Art. 11, 6, 13, 15, 19).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Audience, Contract, Explanation, Hypothesis, Line, Status, explain};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_pages::Section;
use ciero_runtime::{Problem, facts};
use http::HeaderMap;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::input::{Parameters, civil_day, wants_json};
use crate::page::{ContractPage, Page};
use crate::pieces::{Tone, badge, day};

/// How many years ahead may be asked about; the rules are run day by day up to there.
const YEARS_AHEAD: i16 = 10;

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Empty for today.
    as_of: String,
    /// `refuse@DATE`, `cancel@DATE` or `pay@DATE`.
    #[serde(rename = "if")]
    hypothesis: String,
}

/// A question that can be answered.
#[derive(Debug, Clone, Copy)]
struct Question {
    as_of: Date,
    hypothesis: Option<Hypothesis>,
}

impl Query {
    /// Reads the question; every refused part is named.
    fn read(&self, contract: &Contract, today: Date) -> Result<Question, Problem> {
        let mut errors = FieldErrors::default();
        let first = tokyo_date(contract.formed_at);
        let in_range = |text: &str| match civil_day(text) {
            Some(day) if day < first || day.year() > today.year() + YEARS_AHEAD => {
                Err(FieldRule::DateRange)
            }
            Some(day) => Ok(day),
            None => Err(FieldRule::Date),
        };
        let as_of = match self.as_of.as_str() {
            "" => Ok(today),
            text => in_range(text),
        };
        let as_of = errors.keep("as_of", as_of);
        let hypothesis = match self.hypothesis.split_once('@') {
            None if self.hypothesis.is_empty() => Ok(None),
            None => Err(FieldRule::Choice),
            Some((_, day)) => in_range(day).and_then(|_| {
                let read = Hypothesis::parse(&self.hypothesis);
                read.map(Some).ok_or(FieldRule::Choice)
            }),
        };
        let hypothesis = errors.keep("if", hypothesis);
        let question = as_of
            .zip(hypothesis)
            .map(|(as_of, hypothesis)| Question { as_of, hypothesis });
        errors.finish(question).map_err(Problem::fields)
    }
}

/// Answers a question about the administrator's own contract.
pub async fn show(
    State(app): State<App>,
    ContractPage { page, contract }: ContractPage,
    Parameters(query): Parameters<Query>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = query.read(&contract, page.today())?;
    let (history, facts) = tokio::join!(
        app.contracts.history(&contract.id),
        facts(app.documents.as_ref())
    );
    let (as_of, hypothesis) = (question.as_of, question.hypothesis);
    let answer = explain(&history?, &facts?, as_of, hypothesis, Audience::Customer);
    if wants_json(&headers) {
        return Ok(Json(answer).into_response());
    }
    let title = page.t("これまでとこれからの予定", "What was and what will be");
    let content = html! {
        p { a href="/contract" { (page.t("← ご契約", "← Contract")) } }
        h1 { (title) }
        p.lead { (page.t(
            "ご契約についてこれまでにあったことと、このまま続いた場合の予定です。根拠となる利用規約の条項を添えています。",
            "What has happened to your contract and what follows if nothing changes, each with the clause of the terms.",
        )) }
        (form(&page, &contract, &question, &query.hypothesis))
        (table(&page, &answer))
    };
    Ok(page
        .show(Section::Contract, title, &content)
        .into_response())
}

/// Lets a person ask again, without script.
fn form(page: &Page, contract: &Contract, question: &Question, asked: &str) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let (today, expiry) = (page.today(), contract.last_expiry(page.today()));
    let mut options = vec![
        (
            String::new(),
            t("このまま続いたら", "nothing changes").to_owned(),
        ),
        (
            format!("refuse@{today}"),
            t("今日、更新を拒絶したら", "the renewal is refused today").to_owned(),
        ),
        (
            format!("cancel@{today}"),
            t("今日で解約したら", "the contract is cancelled as of today").to_owned(),
        ),
        (
            format!("pay@{today}"),
            t(
                "今日、未払い分をすべて支払ったら",
                "everything open is paid today",
            )
            .to_owned(),
        ),
    ];
    if let Some(expiry) = expiry {
        let text = t(
            "満了日で解約したら",
            "the contract is cancelled as of the expiry date",
        );
        options.insert(3, (format!("cancel@{expiry}"), text.to_owned()));
    }
    if options.iter().all(|(value, _)| value != asked) {
        options.push((asked.to_owned(), asked.to_owned()));
    }
    html! {
        form.stack.card method="get" action="/contract/explanation" {
            div.grid-2 {
                div.field {
                    label for="f-as_of" { (t("いつの時点で", "As of")) }
                    input.short #f-as_of name="as_of" type="date" value=(question.as_of) min=(tokyo_date(contract.formed_at));
                }
                div.field {
                    label for="f-if" { (t("もしも", "What if")) }
                    select #f-if name="if" { @for (value, text) in &options {
                        option value=(value) selected[value == asked] { (text) }
                    } }
                }
            }
            div.actions { button.button type="submit" { (t("見てみる", "Show")) } }
        }
    }
}

fn table(page: &Page, explanation: &Explanation) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (on, state) = (t("日付", "Date"), t("状態", "State"));
    let (what, clause) = (t("内容", "What"), t("条項と解釈", "Clause and reading"));
    html! {
        table.list {
            thead { tr { @for head in [on, state, what, clause] { th scope="col" { (head) } } } }
            tbody { @for line in &explanation.lines { tr {
                td data-label=(on) { (day(l, line.on)) }
                td data-label=(state) { (status(page, line.status)) }
                td data-label=(what) { (line.text.t(l)) }
                td data-label=(clause) { div { (basis(page, line)) } }
            } } }
        }
    }
}

fn status(page: &Page, status: Status) -> Markup {
    let t = |ja, en| page.t(ja, en);
    match status {
        Status::Done => badge(Tone::Ok, t("済み", "Done")),
        Status::Overdue => badge(Tone::Warn, t("処理中", "In progress")),
        Status::Due => badge(Tone::Info, t("予定", "Due")),
        Status::Assumed => badge(Tone::Plain, t("仮定", "Assumed")),
        Status::Refused => badge(Tone::Bad, t("できません", "Not possible")),
    }
}

fn basis(page: &Page, line: &Line) -> Markup {
    let article = line.clause.split('-').next().unwrap_or_default();
    html! {
        @if !line.clause.is_empty() {
            a href={ "/terms#art-" (article) } { (clause(page, &line.clause)) } " "
        }
        small.muted { (line.reading) }
    }
}

/// Writes a clause as lawyers do: 13-1-2 is 第13条第1項第2号.
fn clause(page: &Page, clause: &str) -> String {
    let units = ["条", "項", "号"];
    let parts = clause.split('-').zip(units);
    let ja: String = parts
        .map(|(part, unit)| format!("第{part}{unit}"))
        .collect();
    page.t(&ja, &format!("Art. {clause}")).to_owned()
}
