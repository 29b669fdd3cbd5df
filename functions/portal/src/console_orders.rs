//! A contract's orders on the console, and what operators do with them (Art. 11, 15-1, D-40).

use ciero_domain::contract::{Contract, Order, Standing};
use ciero_domain::prices::PriceList;
use ciero_pages::yen;
use maud::{Markup, html};

use crate::console_parts::{Form, button, channel};
use crate::contract::{current_term, key_dates, order_facts};
use crate::page::Page;
use crate::pieces::{Tone, badge, count, day, days, fact, moment};

/// Writes every order with its term.
pub fn orders(page: &Page, contract: &Contract) -> Markup {
    html! {
        @for order in &contract.orders {
            h2 {
                (page.t("注文 ", "Order ")) (order.number)
                @if order.closed { " " (badge(Tone::Plain, page.t("終了", "Ended"))) }
            }
            (key_dates(page, &current_term(page, order)))
            (order_facts(page, order))
            (life(page, order))
        }
        (ending(page, contract))
    }
}

/// Writes what is known of an order's next term or end.
fn life(page: &Page, order: &Order) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let running = &order.running;
    let number = match l {
        ciero_domain::Language::Ja => format!("第{}期", running.number),
        ciero_domain::Language::En => format!("Term {}", running.number),
    };
    let reminders = count(l, running.rungs_done.into(), "回", "reminder", "reminders");
    html! {
        dl.facts {
            (fact(t("期", "Term"), &html! { (number) (t("・請求 ", ", invoice: ")) (if running.invoiced { t("済", "issued") } else { t("未", "not yet") }) }))
            (fact(t("更新のお知らせ", "Reminders done"), &reminders))
            @if let Some(refused) = &order.refused {
                (fact(t("更新拒絶", "Renewal refused"), &html! {
                    (day(l, refused.received_on)) " (" (channel(page, &refused.channel)) ") " (refused.receipt)
                }))
            }
            @if let Some(last) = order.last_day {
                (fact(t("利用の最終日", "Last day of use"), &day(l, last)))
            } @else if let Some(next) = &running.next {
                (fact(t("次期の料金（確定）", "Price of the next term (fixed)"), &html! {
                    strong { (yen(l, next.quote.total_yen)) } " "
                    (t("料金表 ", "price list ")) (next.quote.price_version) " · " (day(l, next.on)) (t("に確定", ""))
                }))
            }
        }
    }
}

fn ending(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        @if let Some(ending) = &contract.ending {
            h2 { (ending.cause.sentence(l)) }
            dl.facts {
                (fact(t("終了日", "Last day"), &day(l, ending.on)))
                @if !ending.receipt.is_empty() { (fact(t("受付番号", "Receipt"), &ending.receipt)) }
                (fact(t("受付日時", "Received"), &moment(l, ending.received_at)))
            }
        }
    }
}

/// Writes the forms of what can still be done.
pub fn forms(page: &Page, contract: &Contract, prices: Option<&PriceList>) -> Markup {
    if matches!(contract.standing, Standing::Ended { .. }) {
        return html! {};
    }
    let t = |ja, en| page.t(ja, en);
    let refusable = contract.orders.iter();
    let refusable: Vec<(String, String)> = refusable
        .filter(|order| !order.closed && order.refused.is_none())
        .map(|order| {
            let number = order.number.to_string();
            (number.clone(), format!("{}{number}", t("注文 ", "Order ")))
        })
        .collect();
    html! {
        @if !contract.is_cancelled() {
            h2 { (t("注文・更新の手続き", "Orders and renewal")) }
            div.grid-2 {
                @if let Some(prices) = prices { (accept(page, contract, prices)) }
                @if !refusable.is_empty() { (refusal(page, contract, &refusable)) }
                (cancellation(page, contract))
            }
        }
    }
}

fn accept(page: &Page, contract: &Contract, prices: &PriceList) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let plans: Vec<(String, String)> = prices
        .plans
        .iter()
        .map(|plan| {
            let kept = days(page.language, plan.retention_days.into());
            let price = yen(page.language, plan.yearly_yen);
            (plan.retention_days.to_string(), format!("{kept} · {price}"))
        })
        .collect();
    let form = Form::of(page, &contract.id, "orders");
    let fields = html! {
        (form.field("start", t("利用開始日", "Start date"), "date", &page.today().to_string()))
        (form.choice("retention_days", t("保存日数と年額（1台・税抜）", "Retention and yearly fee (one camera, without tax)"), &plans))
        (form.field("cameras", t("台数", "Cameras"), "number", "1"))
    };
    form.write(
        t("注文の追加", "Accept another order"),
        &fields,
        &button("", t("承諾する", "Accept")),
    )
}

fn refusal(page: &Page, contract: &Contract, orders: &[(String, String)]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "refusal");
    let fields = html! {
        (form.choice("order", t("注文", "Order"), orders))
        (form.field("received_on", t("受領日（当社に届いた日）", "Day of receipt (when it reached us)"), "date", &page.today().to_string()))
        (form.field("channel", t("受領方法", "How it came"), "text", t("郵便", "post")))
    };
    form.write(
        t("書面による更新拒絶の記録", "Record a refusal on paper"),
        &fields,
        &button("", t("記録する", "Record")),
    )
}

fn cancellation(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "cancellation");
    let last = contract.last_expiry(page.today());
    let fields = html! {
        p.muted.small { (t("お支払い済みの料金は返金しません。未払いの料金はそのまま残ります（第15条第1項）。", "Fees that were paid are not refunded; unpaid ones stay due (15-1).")) }
        (form.field("received_on", t("受領日（当社に届いた日）", "Day of receipt (when it reached us)"), "date", &page.today().to_string()))
        (form.field("on", t("終了日", "Last day of use"), "date", &last.map(|day| day.to_string()).unwrap_or_default()))
    };
    form.write(
        t("解約の記録", "Record a cancellation"),
        &fields,
        &button("danger", t("解約を記録する", "Record the cancellation")),
    )
}
