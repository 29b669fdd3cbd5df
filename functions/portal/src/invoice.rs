//! One invoice or credit note as a printable page: 適格請求書 (6-1).

use axum::extract::State;
use ciero_domain::Language;
use ciero_domain::due_date::DueDate;
use ciero_domain::invoice::{Invoice, InvoiceLine, Parties, RateSum, Subject, name};
use ciero_domain::money::Yen;
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::input::Segment;
use crate::invoices::settled;
use crate::page::{ContractPage, Page};
use crate::pieces::{day, fact};

/// Shows a document of the administrator's own contract; numbers are counted within it.
pub async fn show(
    State(app): State<App>,
    ContractPage { page, contract }: ContractPage,
    Segment(number): Segment,
) -> Result<Markup, Problem> {
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let number = number.parse().ok().filter(|_| digits);
    let number: u32 = number.ok_or_else(Problem::not_found)?;
    let invoice = app.billing.invoice(&contract.id, number).await?;
    let invoice = invoice.ok_or_else(Problem::not_found)?;
    let content = html! {
        div.screen-only {
            p { a href="/invoices" { (page.t("← ご請求とお支払い", "← Invoices and payments")) } }
            div.actions {
                (settled(&page, &contract, &invoice))
                @if let Some(early) = contract.account.debt(number).and_then(|debt| debt.accelerated_to) {
                    (accelerated(&page, early))
                }
                button.button type="button" data-print { (page.t("印刷する", "Print")) }
            }
        }
        (document(page.language, &invoice))
    };
    Ok(page.show(Section::Invoices, &invoice.name(), &content))
}

/// What is due early is not on the document, which stays as it was issued (13-2).
fn accelerated(page: &Page, early: jiff::civil::Date) -> Markup {
    html! { span {
        (page.t("利用規約 第13条第2項により期限が到来：", "Fell due early under Terms 13-2: ")) (day(page.language, early))
    } }
}

/// Writes a document from nothing but what was stored when it was issued, so that it comes out the same
/// whenever it is opened.
pub fn document(l: Language, invoice: &Invoice) -> Markup {
    let t = |ja, en| l.t(ja, en);
    html! {
        article.document {
            h1 { (title(l, &invoice.subject)) }
            (parties(l, &invoice.parties))
            (dates(l, invoice))
            p.total { (t(total_name(&invoice.subject).0, total_name(&invoice.subject).1)) " " strong { (yen(l, invoice.total_yen - invoice.credit_used_yen)) } }
            (lines(l, invoice))
            (sums(l, invoice))
            (remarks(l, invoice))
        }
    }
}

/// Writes who issued a document, and to whom.
pub fn parties(l: Language, parties: &Parties) -> Markup {
    html! {
        div.parties {
            div {
                p.recipient { (parties.recipient) (l.t(" 様", "")) }
                p { (parties.recipient_address) }
            }
            div {
                p { strong { (parties.seller.t(l)) } br; (parties.seller_address.t(l)) }
                p { (l.t("登録番号 ", "Registration number ")) span.num { (parties.registration_number) } }
            }
        }
    }
}

/// Writes the due date, and beside it the one before the banks' holidays if it differs.
pub fn due(l: Language, due: DueDate) -> Markup {
    html! {
        strong { (day(l, due.effective)) }
        @if due.nominal != due.effective {
            (l.t("（", " (")) (day(l, due.nominal))
            (l.t(" が金融機関の休業日のため、翌営業日）", " is no bank business day, so the next one)"))
        }
    }
}

/// Writes the net amount and the tax of each rate.
pub fn by_rate(l: Language, sums: &[RateSum]) -> Markup {
    let t = |ja, en| l.t(ja, en);
    html! {
        @for sum in sums {
            (fact(&format!("{}%{}", sum.tax_percent, t("対象（税抜）", " rate, without tax")), &yen(l, sum.net_yen)))
            (fact(&format!("{} {}%", t("消費税", "Consumption tax"), sum.tax_percent), &yen(l, sum.tax_yen)))
        }
    }
}

fn title(l: Language, subject: &Subject) -> &'static str {
    match subject {
        Subject::Fee { .. } => l.t("請求書", "Invoice"),
        Subject::Interest { .. } => l.t("遅延利息の請求書", "Statement of late interest"),
        Subject::CreditNote { .. } => l.t("返還請求書", "Credit note"),
    }
}

fn total_name(subject: &Subject) -> (&'static str, &'static str) {
    match subject {
        Subject::CreditNote { .. } => ("返還金額", "Amount credited"),
        _ => ("ご請求金額", "Amount to pay"),
    }
}

fn dates(l: Language, invoice: &Invoice) -> Markup {
    let t = |ja, en| l.t(ja, en);
    html! {
        dl.facts {
            (fact(t("番号", "Number"), &invoice.name()))
            (fact(t("発行日", "Date of issue"), &day(l, invoice.issued_on)))
            @if let Some(on) = invoice.due { (fact(t("支払期日", "Due date"), &due(l, on))) }
            @match &invoice.subject {
                Subject::Fee { term, .. } => {
                    (fact(t("対象期間", "Term"), &html! { (day(l, term.start)) (t(" から ", " to ")) (day(l, term.end)) }))
                }
                Subject::Interest { of, .. } | Subject::CreditNote { of, .. } => {
                    (fact(t("対象の請求書", "Invoice concerned"), &name(&invoice.contract, *of)))
                }
            }
        }
    }
}

fn lines(l: Language, invoice: &Invoice) -> Markup {
    let t = |ja, en| l.t(ja, en);
    let (what, quantity) = (t("内容", "Description"), t("数量", "Quantity"));
    let (unit, net, rate) = (
        t("単価（税抜）", "Unit price without tax"),
        t("金額（税抜）", "Amount without tax"),
        t("税率", "Tax rate"),
    );
    let percent = |line: &InvoiceLine| match line.tax_percent {
        Some(percent) => format!("{percent}%"),
        None => t("不課税", "not taxed").to_owned(),
    };
    html! {
        table.list {
            thead { tr {
                th scope="col" { (what) }
                @for head in [quantity, unit, net, rate] { th.num scope="col" { (head) } }
            } }
            tbody { @for line in &invoice.lines { tr {
                td data-label=(what) { (line.text.t(l)) }
                td.num data-label=(quantity) { (line.quantity) }
                td.num data-label=(unit) { (yen(l, line.unit_yen)) }
                td.num data-label=(net) { (yen(l, line.net_yen)) }
                td.num data-label=(rate) { (percent(line)) }
            } } }
        }
    }
}

fn sums(l: Language, invoice: &Invoice) -> Markup {
    let t = |ja, en| l.t(ja, en);
    let untaxed = invoice
        .lines
        .iter()
        .filter(|line| line.tax_percent.is_none());
    let untaxed = Yen(untaxed.map(|line| line.net_yen.0).sum());
    html! {
        dl.facts {
            (by_rate(l, &invoice.sums))
            @if untaxed != Yen(0) { (fact(t("不課税", "Not taxed"), &yen(l, untaxed))) }
            (fact(t("合計（税込）", "Total with tax"), &html! { strong { (yen(l, invoice.total_yen)) } }))
            @if invoice.credit_used_yen > Yen(0) {
                (fact(t("お預かり金の充当", "Credit set off"), &yen(l, Yen(-invoice.credit_used_yen.0))))
            }
        }
    }
}

fn remarks(l: Language, invoice: &Invoice) -> Markup {
    let t = |ja, en| l.t(ja, en);
    html! {
        @if let Subject::Interest { interest, .. } = &invoice.subject {
            h2 { (t("計算", "Calculation")) }
            ul { @for formula in interest.formulas(l) { li { (formula) } } }
            p.small { (t(
                "利用規約 第19条。支払期日の翌日から支払日の前日までの日数で計算し、1円未満は切り捨てます。",
                "Terms, Art. 19: from the day after the due date to the day before payment; fractions of a yen are dropped.",
            )) }
        }
        @if let Subject::CreditNote { reason, .. } = &invoice.subject {
            p { (t("返還の理由：", "Reason: ")) (reason) }
        }
        dl.facts {
            @if let Some(last) = invoice.last_day_to_refuse {
                (fact(t("更新拒絶期限", "Last day to refuse renewal"), &html! { (day(l, last)) (t("（24時まで）", " (to 24:00)")) }))
            }
            @if let Some(version) = &invoice.price_version { (fact(t("料金表の版", "Version of the price list"), version)) }
            @if let Some(version) = &invoice.terms_version { (fact(t("利用規約の版", "Version of the terms"), version)) }
        }
    }
}
