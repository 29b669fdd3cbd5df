//! What the customer owes and how it is paid (6-1, 6-2).

use ciero_domain::contract::{Contract, Debt, Standing};
use ciero_domain::money::Yen;
use ciero_pages::yen;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::page::Page;
use crate::pieces::{Tone, badge, day, fact, notice};

/// Returns the price list's words on when and how to pay, in the page's language.
pub async fn how_to_pay(app: &App, page: &Page) -> Result<String, Problem> {
    let list = app.documents.prices(page.today()).await?;
    let words = list.map(|list| page.t(&list.payment_ja, &list.payment_en).to_owned());
    Ok(words.unwrap_or_default())
}

/// Asks for what is overdue, and says what a suspension for it rests on and how it ends (6-2).
pub fn due_now(page: &Page, contract: &Contract, how: &str) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let late = contract
        .account
        .open()
        .filter(|d| d.is_overdue(page.today()));
    let late = Yen(late.map(|debt| debt.open_yen().0).sum());
    let clause = match &contract.standing {
        Standing::Suspended { clause, .. } => clause.as_str(),
        _ => "",
    };
    html! {
        @if late > Yen(0) || clause == "6-2" {
            (notice(Tone::Warn, &html! {
                p {
                    strong { (t("支払期日を過ぎたご請求があります。", "Payment is overdue.")) } " "
                    (t("お支払いが必要な金額 ", "Amount to pay ")) strong { (yen(l, late)) }
                }
                @if clause == "6-2" { p { (t(
                    "お支払いを確認できないため、利用規約 第6条第2項により視聴・書き出しなどを停止しています。お支払いを確認しだい解除します。",
                    "Viewing, export and the like are suspended under Terms 6-2 because no payment has been found. The suspension is lifted when payment is confirmed.",
                )) } }
                @if !how.is_empty() { p { (t("お支払い：", "How to pay: ")) (how) } }
                p { a href="/invoices" { (t("請求書とお支払いの記録を見る", "See invoices and payments")) } }
            }))
        } @else if !clause.is_empty() {
            (notice(Tone::Warn, &html! { p {
                (t("利用規約 第13条第1項による停止です。お問い合わせ：", "The suspension rests on Terms 13-1. Please contact us: "))
                (page.operator.support_email) " · " (page.operator.phone)
            } }))
        }
    }
}

/// Shows what is open, what is due next, and what was paid too much.
pub fn summary(page: &Page, contract: &Contract, how: &str) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let account = &contract.account;
    let next = account.open().min_by_key(|debt| debt.due_on());
    html! {
        h2 { (t("お支払いの状況", "Account")) }
        @if contract.is_resold() { (resold(page)) } @else {
            dl.facts {
                (fact(t("未払いの合計", "Open amount"), &html! { strong { (yen(l, account.open_yen())) } }))
                (fact(t("次の支払期日", "Next due date"), &html! {
                    @if let Some(debt) = next {
                        (day(l, debt.due_on())) " — " a href={ "/invoices/" (debt.number) } { (yen(l, debt.open_yen())) }
                    } @else { (t("ありません", "None")) }
                }))
                @if account.credit > Yen(0) {
                    (fact(t("お預かり金（次のご請求に充当）", "Credit, set off against the next invoice"), &yen(l, account.credit)))
                }
                @if !how.is_empty() { (fact(t("お支払いの時期と方法", "When and how paid"), &how)) }
            }
        }
    }
}

/// Says that the reseller's terms of payment govern (6-2).
pub fn resold(page: &Page) -> Markup {
    notice(
        Tone::Info,
        &html! { p { (page.t(
            "料金のお支払いは、ご契約の販売店が定める方法によります。請求書は販売店からお受け取りください。",
            "Payment follows the terms of the reseller through which you contracted; the reseller sends the invoices.",
        )) } },
    )
}

/// Writes where a claim stands; one that the account does not hold any more is settled.
pub fn state(page: &Page, debt: Option<&Debt>) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    match debt {
        Some(debt) if !debt.is_settled() => html! {
            @if debt.is_overdue(page.today()) { (badge(Tone::Bad, t("期日超過", "Overdue"))) }
            @else { (badge(Tone::Warn, t("未払い", "Open"))) }
            @if debt.open_yen() < debt.total { " " small { (t("残り ", "left ")) (yen(l, debt.open_yen())) } }
        },
        _ => badge(Tone::Ok, t("支払済み", "Paid")),
    }
}
