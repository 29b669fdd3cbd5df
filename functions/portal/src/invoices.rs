//! The customer's invoices, credit notes and payments (6-1).

use axum::extract::State;
use ciero_domain::contract::{Contract, Receipt};
use ciero_domain::invoice::{Invoice, Subject, name};
use ciero_domain::money::Yen;
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::account::{due_now, how_to_pay, state, summary};
use crate::page::{ContractPage, Page};
use crate::pieces::{Tone, badge, day};

/// Shows every document and payment of the contract, the newest first.
pub async fn list(
    State(app): State<App>,
    ContractPage { page, contract }: ContractPage,
) -> Result<Markup, Problem> {
    let (invoices, receipts, how) = tokio::join!(
        app.billing.invoices(&contract.id),
        app.billing.receipts(&contract.id),
        how_to_pay(&app, &page)
    );
    let (mut invoices, mut receipts, how) = (invoices?, receipts?, how?);
    invoices.reverse();
    receipts.reverse();
    let title = page.t("ご請求とお支払い", "Invoices and payments");
    let content = html! {
        h1 { (title) }
        (due_now(&page, &contract, &how))
        (summary(&page, &contract, &how))
        h2 { (page.t("請求書", "Invoices")) }
        (documents(&page, &contract, &invoices))
        h2 { (page.t("ご入金", "Payments")) }
        (payments(&page, &contract, &receipts))
    };
    Ok(page.show(Section::Invoices, title, &content))
}

fn nothing(text: &str) -> Markup {
    html! { div.empty { p { (text) } } }
}

fn documents(page: &Page, contract: &Contract, invoices: &[Invoice]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    if invoices.is_empty() {
        return nothing(t(
            "まだ請求書がありません。契約期間の初日に発行します。",
            "There is no invoice yet. It is issued on the first day of a term.",
        ));
    }
    let (number, kind, issued) = (
        t("番号", "Number"),
        t("種類", "Kind"),
        t("発行日", "Issued"),
    );
    let (due, total, how) = (
        t("支払期日", "Due"),
        t("金額（税込）", "Total"),
        t("状態", "State"),
    );
    html! {
        table.list {
            thead { tr { @for head in [number, kind, issued, due, total, how] { th scope="col" { (head) } } } }
            tbody { @for invoice in invoices {
                @let debt = contract.account.debt(invoice.number);
                tr {
                    td data-label=(number) { a href={ "/invoices/" (invoice.number) } { (invoice.name()) } }
                    td data-label=(kind) { (kind_of(page, &invoice.subject)) }
                    td data-label=(issued) { (day(l, invoice.issued_on)) }
                    td data-label=(due) {
                        @match (debt, invoice.due) {
                            (Some(debt), _) => (day(l, debt.due_on())),
                            (None, Some(due)) => (day(l, due.effective)),
                            (None, None) => "—",
                        }
                    }
                    td data-label=(total) { (yen(l, invoice.total_yen)) }
                    td data-label=(how) { div { (settled(page, contract, invoice)) } }
                }
            } }
        }
    }
}

/// Writes what a document is.
pub fn kind_of(page: &Page, subject: &Subject) -> &'static str {
    match subject {
        Subject::Fee { .. } => page.language.t("利用料", "Fee"),
        Subject::Interest { .. } => page.language.t("遅延利息", "Late interest"),
        Subject::CreditNote { .. } => page.language.t("返還", "Credit note"),
    }
}

/// Writes where a document stands; a credit note is no claim.
pub fn settled(page: &Page, contract: &Contract, invoice: &Invoice) -> Markup {
    match &invoice.subject {
        Subject::CreditNote { of, .. } => html! {
            (badge(Tone::Plain, page.t("返還", "Credited"))) " "
            small { a href={ "/invoices/" (of) } { (name(&contract.id, *of)) } }
        },
        _ => state(page, contract.account.debt(invoice.number)),
    }
}

fn payments(page: &Page, contract: &Contract, receipts: &[Receipt]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    if receipts.is_empty() {
        return nothing(t(
            "まだご入金の記録がありません。",
            "No payment has been recorded yet.",
        ));
    }
    let (on, amount) = (t("入金日", "Received"), t("金額", "Amount"));
    let (reference, used) = (t("整理番号", "Reference"), t("充当先", "Set against"));
    html! {
        table.list {
            thead { tr { @for head in [on, amount, reference, used] { th scope="col" { (head) } } } }
            tbody { @for receipt in receipts { tr {
                td data-label=(on) { (day(l, receipt.received_on)) }
                td data-label=(amount) { (yen(l, receipt.yen)) }
                td data-label=(reference) { (receipt.reference) }
                td data-label=(used) { div {
                    @for share in &receipt.allocations { div {
                        a href={ "/invoices/" (share.debt) } { (name(&contract.id, share.debt)) } " " (yen(l, share.yen))
                    } }
                    @if receipt.credit > Yen(0) { div { (t("お預かり ", "kept as credit ")) (yen(l, receipt.credit)) } }
                } }
            } } }
        }
        p.muted.small { (t(
            "ご入金は、支払期日の早いご請求から順に充当し、同じ期日では料金を遅延利息より先に充当します。",
            "Money is set against the earliest due date first, and on the same day against fees before late interest.",
        )) }
    }
}
