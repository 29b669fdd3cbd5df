//! One order of the customer's contract: its term, its renewal, and what the next term costs (Art. 11, D-40).

use ciero_domain::contract::{Contract, Order, RUNGS, Refusal};
use ciero_pages::yen;
use maud::{Markup, html};

use crate::contract::{current_term, key_dates, order_facts};
use crate::page::Page;
use crate::pieces::{Tone, day, fact, notice};
use crate::refusal::refusable;

/// Shows an order with what can be done about its renewal.
pub fn part(page: &Page, contract: &Contract, order: &Order) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let alone = contract.orders.len() == 1;
    html! {
        @if alone { h2 { (t("契約期間", "Term")) } }
        @else { h2 { (t("ご注文 ", "Order ")) (order.number) } }
        (key_dates(page, &current_term(page, order)))
        (renewal(page, contract, order))
        (order_facts(page, order))
        (next_price(page, contract, order))
        @if alone { p.muted { (t("最初の利用開始日：", "First start date: ")) (day(l, order.first_term.start)) } }
    }
}

/// Says whether the order renews, and leads to the form that refuses it.
fn renewal(page: &Page, contract: &Contract, order: &Order) -> Markup {
    let t = |ja, en| page.t(ja, en);
    if order.refused.is_some() {
        return refused(page, order);
    }
    let link = format!("/contract/refusal?order={}", order.number);
    match refusable(page, contract, order.number) {
        Ok(_) => html! { div.actions {
            a.button href=(link) { (t("更新しない（更新拒絶のお手続き）", "Do not renew (refuse the renewal)")) }
        } },
        Err(Refusal::RefusalTooLate) => html! { p.muted {
            (t("今期の更新拒絶の受付は終了しました。", "The renewal of this term can no longer be refused. ")) " "
            a href="/contract/cancellation" { (t("解約はいつでもできます。", "You can cancel at any time.")) }
        } },
        Err(_) => html! {},
    }
}

/// Shows the receipt of a refusal.
pub fn refused(page: &Page, order: &Order) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        @if let Some(refused) = &order.refused {
            (notice(Tone::Ok, &html! { p {
                strong { (t("更新拒絶を受け付けています。", "The refusal of the renewal has been received.")) } " "
                (t("受付番号 ", "Receipt number ")) span.num { (refused.receipt) } " · "
                (t("受領日 ", "received on ")) (day(l, refused.received_on)) " · "
                (t("終了日 ", "last day ")) (day(l, order.last_day.unwrap_or(order.running.term.end)))
            } }))
        }
    }
}

/// Says what the next term costs, once it is fixed, or when it will be.
fn next_price(page: &Page, contract: &Contract, order: &Order) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let running = &order.running;
    if !order.renews() || contract.has_ended(page.today()) {
        return html! {};
    }
    html! {
        dl.facts {
            @if let Some(next) = &running.next {
                (fact(t("次期の1年間の料金（税込）", "A year's fee of the next term, with tax"), &html! {
                    strong { (yen(l, next.quote.total_yen)) } " "
                    (t("（料金表 ", "(price list ")) (next.quote.price_version) (t("版、", ", fixed on ")) (day(l, next.on))
                    (t("に確定。以後、次期について引き上げません）", "; not raised afterwards for that term)"))
                }))
            } @else {
                (fact(t("次期の料金", "Fee of the next term"), &html! {
                    (day(l, running.rung_day(RUNGS[0]))) (t("に、その時点の料金表で確定します", ": fixed by the price list of that day"))
                }))
            }
        }
    }
}
