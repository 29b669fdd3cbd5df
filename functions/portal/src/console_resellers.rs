//! Resellers with their invoices, and each invoice as a printable page (6-2).

use axum::extract::{Path, State};
use ciero_domain::Language;
use ciero_domain::documents::Reseller;
use ciero_domain::groups::BILLING;
use ciero_domain::money::Yen;
use ciero_domain::reseller::{ResellerAccount, ResellerInvoice, ResellerReceipt, ResoldFee};
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, contract_link, empty, set_against, table};
use crate::invoice::{by_rate, due, parties};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, badge, day, fact};

/// How many fees of the running month are looked at.
const MOST_WAITING: u16 = 1_000;

/// A reseller with its books.
struct Books<'a> {
    reseller: &'a Reseller,
    account: ResellerAccount,
    invoices: Vec<ResellerInvoice>,
    receipts: Vec<ResellerReceipt>,
    /// Fees that are on no invoice yet.
    waiting: Vec<ResoldFee>,
}

/// Shows every reseller of the settings, with its invoices, the newest first.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(BILLING)?;
    let page = &console.page;
    let mut all = Vec::new();
    for reseller in &page.operator.resellers {
        all.push(books(&app, page, reseller).await?);
    }
    let title = page.t("販売店", "Resellers");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "販売店を通じた契約の料金は、毎月1日に前月分をまとめて販売店に請求し、お客様には請求しません。遅延利息と自動停止はありません（第6条第2項）。",
            "Fees of resold contracts go on one invoice to the reseller, on the 1st for the month before; the customers are not billed. There is no late interest and no automatic suspension (6-2).",
        )) }
        @if all.is_empty() { (empty(page.t("販売店の設定がありません。", "The settings name no reseller."))) }
        @for books in &all { (one(page, books)) }
    };
    Ok(page.show(Section::Resellers, title, &content))
}

async fn books<'a>(app: &App, page: &Page, reseller: &'a Reseller) -> Result<Books<'a>, Problem> {
    let resellers = &app.console.resellers;
    let tomorrow = ciero_domain::calendar::days(page.today(), 1);
    let code = &reseller.code;
    let (account, invoices, receipts, waiting) = tokio::join!(
        resellers.account(code),
        resellers.reseller_invoices(code),
        resellers.reseller_receipts(code),
        resellers.unbilled(code, tomorrow, MOST_WAITING)
    );
    let (mut invoices, mut receipts) = (invoices?, receipts?);
    invoices.reverse();
    receipts.reverse();
    Ok(Books {
        reseller,
        account: account?.unwrap_or_else(|| ResellerAccount::new(code)),
        invoices,
        receipts,
        waiting: waiting?,
    })
}

fn one(page: &Page, books: &Books) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let Books {
        reseller,
        account,
        waiting,
        ..
    } = books;
    let net = Yen(waiting.iter().map(|fee| fee.line.net_yen.0).sum());
    let open = Yen(account.debts.iter().map(|debt| debt.yen.0).sum());
    html! {
        section.card {
            h2 { (reseller.name) }
            dl.facts {
                (fact(t("コード", "Code"), &html! { code { (reseller.code) } }))
                (fact(t("メールアドレス", "E-mail"), &reseller.email))
                (fact(t("未請求", "Not billed yet"), &html! {
                    (waiting.len()) (t("件 ", " fees, ")) (yen(l, net)) (t("（税抜）", " without tax"))
                }))
                (fact(t("未払い", "Open"), &html! { (yen(l, open)) }))
                @if account.credit.0 > 0 { (fact(t("前受金", "Credit"), &html! { (yen(l, account.credit)) })) }
            }
            (invoices(page, books))
            @if account.last_number > 0 {
                h3 { (t("入金", "Payments")) }
                (receipts(page, books))
                (payment(page, &reseller.code))
            }
        }
    }
}

fn invoices(page: &Page, books: &Books) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("請求書", "Invoice"),
        t("発行日", "Issued"),
        t("支払期日", "Due"),
        t("件数", "Fees"),
        t("金額（税込）", "Total"),
        t("状態", "State"),
    ];
    let rows = books.invoices.iter().map(|invoice| {
        let path = format!(
            "/console/resellers/{}/invoices/{}",
            invoice.reseller, invoice.number
        );
        vec![
            html! { a href=(path) { (invoice.name()) } },
            day(l, invoice.issued_on),
            day(l, invoice.due.effective),
            html! { (invoice.fees) },
            html! { (yen(l, invoice.total_yen)) },
            state(page, &books.account, invoice),
        ]
    });
    html! {
        @if books.invoices.is_empty() {
            (empty(t("まだ請求書がありません。", "There is no invoice yet.")))
        } @else {
            (table(&heads, &rows.collect::<Vec<_>>()))
        }
    }
}

/// Writes how far an invoice is paid.
fn state(page: &Page, account: &ResellerAccount, invoice: &ResellerInvoice) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        @match account.debt(invoice.number) {
            None => (badge(Tone::Ok, t("支払済み", "Paid"))),
            Some(debt) => {
                @if debt.due_on < page.today() { (badge(Tone::Bad, t("期日超過", "Overdue"))) }
                @else { (badge(Tone::Warn, t("未払い", "Open"))) }
                @if debt.yen != invoice.total_yen { " " (t("残り ", "left: ")) (yen(l, debt.yen)) }
            }
        }
    }
}

fn receipts(page: &Page, books: &Books) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("受領日", "Received"),
        t("整理番号", "Reference"),
        t("金額", "Amount"),
        t("充当", "Set against"),
        t("記録者", "Recorded by"),
    ];
    let rows = books.receipts.iter().map(|receipt| {
        vec![
            day(l, receipt.received_on),
            html! { (receipt.reference) },
            html! { (yen(l, receipt.yen)) },
            set_against(
                page,
                receipt.paid.iter().map(|paid| (paid.invoice, paid.yen)),
                receipt.credit,
            ),
            html! { (receipt.recorded_by) },
        ]
    });
    html! {
        @if books.receipts.is_empty() { (empty(t("入金はまだありません。", "No payment was received yet."))) }
        @else { (table(&heads, &rows.collect::<Vec<_>>())) }
    }
}

/// Writes the form that records a payment; the oldest invoice is paid first.
fn payment(page: &Page, code: &str) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let path = format!("/console/resellers/{code}/receipts");
    let form = Form::new(page, path, format!("{code}-receipts"));
    let fields = html! {
        p { (t("古い請求書から順に充当し、残りは前受金とします。", "The oldest invoice is paid first; the rest is kept as credit.")) }
        (form.payment())
    };
    form.write(
        t("入金の記録", "Record a payment"),
        &fields,
        &button("primary", t("記録する", "Record")),
    )
}

/// Shows one invoice with every fee on it.
pub async fn invoice(
    State(app): State<App>,
    console: ConsolePage,
    path: Result<Path<(String, u32)>, axum::extract::rejection::PathRejection>,
) -> Result<Markup, Problem> {
    console.must_be_in(BILLING)?;
    let Path((code, number)) = path.map_err(|_| Problem::not_found())?;
    let page = &console.page;
    let resellers = &app.console.resellers;
    let invoice = resellers.reseller_invoice(&code, number).await?;
    let invoice = invoice.ok_or_else(Problem::not_found)?;
    let fees = resellers.billed(&code, number).await?;
    let content = html! {
        div.screen-only {
            p { a href="/console/resellers" { (page.t("← 販売店", "← Resellers")) } }
            div.actions { button.button type="button" data-print { (page.t("印刷する", "Print")) } }
        }
        (document(page.language, &invoice, &fees))
    };
    Ok(page.show(Section::Resellers, &invoice.name(), &content))
}

/// Writes an invoice from nothing but what was stored when it was issued.
fn document(l: Language, invoice: &ResellerInvoice, fees: &[ResoldFee]) -> Markup {
    let t = |ja, en| l.t(ja, en);
    html! {
        article.document {
            h1 { (t("請求書", "Invoice")) }
            (parties(l, &invoice.parties))
            dl.facts {
                (fact(t("番号", "Number"), &invoice.name()))
                (fact(t("発行日", "Date of issue"), &day(l, invoice.issued_on)))
                (fact(t("支払期日", "Due date"), &due(l, invoice.due)))
            }
            p.total { (t("ご請求金額", "Amount to pay")) " " strong { (yen(l, invoice.total_yen)) } }
            (lines(l, fees))
            dl.facts {
                (by_rate(l, &invoice.sums))
                (fact(t("合計（税込）", "Total with tax"), &html! { strong { (yen(l, invoice.total_yen)) } }))
            }
        }
    }
}

fn lines(l: Language, fees: &[ResoldFee]) -> Markup {
    let t = |ja, en| l.t(ja, en);
    let heads = [
        t("お客様", "Customer"),
        t("内容", "Description"),
        t("数量", "Quantity"),
        t("単価（税抜）", "Unit price without tax"),
        t("金額（税抜）", "Amount without tax"),
        t("税率", "Tax rate"),
    ];
    let rows = fees.iter().map(|fee| {
        let line = &fee.line;
        vec![
            html! { (fee.customer) br; small { (contract_link(&fee.contract, fee.contract.as_str())) } },
            html! { (line.text.t(l)) },
            html! { (line.quantity) },
            html! { (yen(l, line.unit_yen)) },
            html! { (yen(l, line.net_yen)) },
            html! { @match line.tax_percent { Some(percent) => { (percent) "%" } None => (t("不課税", "not taxed")) } },
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}
