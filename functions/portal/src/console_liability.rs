//! The liability cap of 16-3 for the legal desk, with its formula; to everyone else the page does not exist.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::contract::{Cap, CapPart, CapWarning, Contract};
use ciero_domain::groups::LEGAL;
use ciero_domain::ids::ContractId;
use ciero_domain::invoice;
use ciero_domain::particulars::FieldRule;
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::console_parts::{empty, table};
use crate::input::{Parameters, civil_day, wants_json};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, day, fact, notice};

/// What is asked, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawQuestion {
    contract: String,
    event: String,
}

/// Shows the form, and the cap once a contract and the day of the event are given; or the cap as JSON.
pub async fn show(
    State(app): State<App>,
    console: ConsolePage,
    Parameters(raw): Parameters<RawQuestion>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    console.must_be_in(LEGAL)?;
    let page = &console.page;
    let found = match raw.contract.trim() {
        "" => None,
        _ => Some(answer(&app, &raw).await?),
    };
    if let Some((_, cap)) = &found
        && wants_json(&headers)
    {
        return Ok(Json(cap).into_response());
    }
    let title = page.t("責任限度額", "Liability cap");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "第16条第3項の限度額を、事象の日を含む契約期間について支払い済みの料金から計算します。お客様には表示しません。",
            "Works out the cap of 16-3 from the fees paid for the term that holds the day of the event. Customers never see it.",
        )) }
        (question(page, &raw))
        @if let Some((contract, cap)) = &found { (result(page, contract, cap)) }
    };
    Ok(page
        .show(Section::Liability, title, &content)
        .into_response())
}

async fn answer(app: &App, raw: &RawQuestion) -> Result<(Contract, Cap), Problem> {
    let event = civil_day(raw.event.trim());
    let event = event.ok_or_else(|| Problem::field("event", FieldRule::Date))?;
    let id = ContractId::parse(raw.contract.trim()).map_err(|_| Problem::not_found())?;
    let contract = app.contracts.contract(&id).await?;
    let contract = contract.ok_or_else(Problem::not_found)?;
    let cap = contract.liability_cap(event);
    Ok((contract, cap))
}

fn question(page: &Page, raw: &RawQuestion) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        form.stack method="get" action="/console/liability" {
            div.field {
                label for="f-contract" { (t("契約番号", "Contract")) }
                input id="f-contract" name="contract" type="text" value=(raw.contract) required;
            }
            div.field {
                label for="f-event" { (t("事象の日", "Day of the event")) }
                input id="f-event" name="event" type="date" value=(raw.event) required;
            }
            div.actions { button.button.primary type="submit" { (t("計算する", "Work it out")) } }
        }
    }
}

fn result(page: &Page, contract: &Contract, cap: &Cap) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("注文", "Order"),
        t("契約期間", "Term"),
        t("請求書", "Invoice"),
        t("支払い済み（税込）", "Paid, with tax"),
    ];
    let row = |part: &CapPart| {
        let number = |number| invoice::name(&contract.id, number);
        vec![
            html! { (part.order) },
            html! { (day(l, part.term.start)) " – " (day(l, part.term.end)) },
            html! { (part.invoice.map_or_else(|| "—".to_owned(), number)) },
            html! { (yen(l, part.paid)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = cap.parts.iter().map(row).collect();
    html! {
        article.document {
            h2 { (t("第16条第3項の限度額", "The cap of 16-3")) }
            @for warning in &cap.warnings { (notice(Tone::Warn, &html! { p { (sentence(page, *warning)) } })) }
            dl.facts {
                (fact(t("お客様", "Customer"), &contract.customer.name))
                (fact(t("契約番号", "Contract"), &html! { code { (contract.id) } }))
                (fact(t("事象の日", "Day of the event"), &day(l, cap.event)))
                (fact(t("計算した日", "Worked out on"), &day(l, page.today())))
            }
            @if rows.is_empty() { (empty(t("該当する契約期間がありません。", "No term holds the day."))) }
            @else { (table(&heads, &rows)) }
            p.total { (t("限度額 = 支払い済みの合計 = ", "Cap = sum of what is paid = ")) strong { (yen(l, cap.yen)) } }
            p { (t(
                "遅延利息と機器の代金は含みません。付随的損害、間接損害、特別損害、将来の損害、逸失利益は対象外です。",
                "Late interest and hardware are not in it. Incidental, indirect, special and future damage and lost profit are excluded.",
            )) }
            p { small { (t("根拠: 第16条第3項、解釈 ", "Basis: 16-3, reading ")) (cap.reading) } }
        }
        div.actions.screen-only { button.button type="button" data-print { (t("印刷する", "Print")) } }
    }
}

fn sentence(page: &Page, warning: CapWarning) -> &str {
    match warning {
        CapWarning::Reseller => page.t(
            "販売店を通じた契約です。当社への支払いはなく、限度額は0円と計算されます。個別に判断してください。",
            "The contract is resold: nothing was paid to the company, so the figure is 0 yen. Decide in the single case.",
        ),
        CapWarning::Individual => page.t(
            "個人のお客様です。消費者契約法第8条により、免責が制限されることがあります（D-21）。",
            "The customer is an individual: article 8 of the Consumer Contract Act may limit exemptions (D-21).",
        ),
        CapWarning::NoTerm => page.t(
            "事象の日を含む契約期間がありません。",
            "No term holds the day of the event.",
        ),
    }
}
