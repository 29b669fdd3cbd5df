//! The form that refuses the renewal of an order, and what it means (Art. 11, D-11, D-13).

use axum::extract::State;
use ciero_domain::contract::{Command, Contract, Event, Order, Refusal};
use ciero_domain::particulars::FieldRule;
use ciero_pages::{Section, hidden};
use ciero_runtime::Problem;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::contract::{current_term, data_goes, ending, key_dates, standing};
use crate::input::Parameters;
use crate::order::refused;
use crate::page::{ContractPage, Page};
use crate::pieces::{Tone, day, notice};

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// One order; empty for all of them.
    order: String,
}

/// Returns the last day that a refusal now would give an order, or why it would not be accepted.
pub fn refusable(page: &Page, contract: &Contract, order: u16) -> Result<Date, Refusal> {
    let command = Command::RefuseRenewal {
        order,
        receipt: String::new(),
        paper: None,
    };
    match page.would(contract, command)?.event {
        Event::RefusalReceived { last_day, .. } => Ok(last_day),
        _ => Err(Refusal::NoSuchOrder),
    }
}

/// Shows the form of each order, or of the one that is asked for.
pub async fn show(
    State(_): State<App>,
    ContractPage { page, contract }: ContractPage,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    let orders = chosen(&contract, &query.order)?;
    let t = |ja, en| page.t(ja, en);
    let title = t("更新拒絶のお手続き", "Refusing the renewal");
    let content = html! {
        p { a href="/contract" { (t("← ご契約", "← Contract")) } }
        h1 { (title) }
        p.lead { (t(
            "ご契約は、お知らせがない限り1年ごとに自動で更新します。更新しない場合は、期限までにこのページからお手続きください。",
            "The contract renews year by year unless you tell us otherwise. If you do not want that, tell us here in time.",
        )) }
        (standing(&page, &contract))
        (ending(&page, &contract))
        @for order in orders { (part(&page, &contract, order)) }
    };
    Ok(page.show(Section::Contract, title, &content))
}

fn chosen<'a>(contract: &'a Contract, order: &str) -> Result<Vec<&'a Order>, Problem> {
    if order.is_empty() {
        return Ok(contract.orders.iter().collect());
    }
    let number: Result<u16, _> = order.parse();
    let number = number.map_err(|_| Problem::field("order", FieldRule::Choice))?;
    let order = contract.order(number).ok_or_else(Problem::not_found)?;
    Ok(vec![order])
}

fn part(page: &Page, contract: &Contract, order: &Order) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        h2 { (t("ご注文 ", "Order ")) (order.number) }
        (key_dates(page, &current_term(page, order)))
        @match refusable(page, contract, order.number) {
            Ok(last_day) => (form(page, contract, order, last_day)),
            Err(Refusal::AlreadyRefused) => (refused(page, order)),
            Err(refusal) => {
                (notice(Tone::Warn, &html! { p { (refusal.sentence(l)) } }))
                @if refusal == Refusal::RefusalTooLate {
                    div.actions { a.button.primary href="/contract/cancellation" { (t("解約のお手続きへ", "Go to the cancellation")) } }
                }
            }
        }
    }
}

fn form(page: &Page, contract: &Contract, order: &Order, last_day: Date) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        form.stack.card method="post" action="/contract/refusal" data-enhance {
            (page.token())
            (hidden("order", &order.number.to_string()))
            ul {
                li { (t("このご注文は ", "This order ends on ")) (day(l, last_day)) (t(" の24時に満了し、翌日からの更新はありません。", " at 24:00 and is not renewed.")) }
                li { (t("満了日までは、これまでどおり録画・視聴できます。", "Until then recording and viewing go on as before.")) }
                li { (t("今期の料金は変わらず、返金はありません。未払いの料金は、引き続きお支払いが必要です。", "The fee of this term stays as it is; nothing is refunded, and what is unpaid stays due.")) }
                li { (t("すべてのご注文が終わると、ご契約も終わります。", "When every order has ended, so has the contract.")) " " (data_goes(page, contract, last_day)) }
                li { (t("受け付けると受付番号を発行し、メールでもお知らせします。お手続きの取り消しはできません。", "You get a receipt number, here and by mail. This cannot be undone.")) }
            }
            div.actions {
                button.button.danger type="submit" { (t("更新を拒絶する", "Refuse the renewal")) }
                a.button href="/contract" { (t("やめる", "Not now")) }
            }
        }
    }
}
