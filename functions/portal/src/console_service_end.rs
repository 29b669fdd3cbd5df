//! The end of the service for the legal desk: who was reached, who was not, and the last day (14-1).

use axum::extract::State;
use ciero_domain::contract::Contract;
use ciero_domain::groups::LEGAL;
use ciero_domain::service_end::{Delivery, ServiceEnd, earliest_last_day};
use ciero_pages::Section;
use ciero_runtime::{Problem, deliveries};
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, contract_link, empty, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, badge, day, fact, moment, notice};

/// How many contracts the list shows; those not reached come first.
const SHOWN: usize = 500;

/// Shows how far the end of the service is, with the forms of what comes next.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(LEGAL)?;
    let page = &console.page;
    let title = page.t("サービスの終了", "End of the service");
    let end = app.console.service_ends.service_end().await?;
    let content = html! {
        p { a href="/console/terms" { (page.t("← 規約の改定", "← Changes of the terms")) } }
        h1 { (title) }
        p.lead { (page.t(
            "すべてのお客様への到達が確認できるまで、最終日は決められません（第14条第1項）。",
            "The last day cannot be set before every customer's notice is proven (14-1).",
        )) }
        @match &end {
            None => (announcement(page)),
            Some(end) => {
                (facts(page, end))
                (progress(page, end, deliveries(app.contracts.as_ref(), app.notices.as_ref()).await?))
            },
        }
    };
    Ok(page.show(Section::TermsChanges, title, &content))
}

fn announcement(page: &Page) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::new(page, "/console/service-end".to_owned(), "announce");
    let earliest = earliest_last_day(page.today(), page.operator.ahead.service_end_months);
    form.write(
        t("サービスの終了をすべてのお客様にお知らせする", "Tell every customer that the service ends"),
        &html! {
            (form.field("not_before", t("最終日（早くとも）", "Last day, at the earliest"), "date", &earliest.to_string()))
            (form.text("ja", t("お知らせの文（日本語）", "Text in Japanese")))
            (form.text("en", t("お知らせの文（英語）", "Text in English")))
        },
        &button("primary", t("お知らせする", "Tell everyone")),
    )
}

fn facts(page: &Page, end: &ServiceEnd) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        dl.facts {
            (fact(t("お知らせ", "Announced"), &html! { (moment(l, end.announced_at)) " · " (end.announced_by) }))
            (fact(t("最終日（早くとも）", "Last day, at the earliest"), &day(l, end.not_before)))
            @if let Some(last) = end.last_day { (fact(t("最終日", "Last day"), &day(l, last))) }
            (fact(t("お知らせの文", "Text"), &end.text.t(l)))
        }
    }
}

fn progress(page: &Page, end: &ServiceEnd, mut found: Vec<(Contract, Delivery)>) -> Markup {
    let t = |ja, en| page.t(ja, en);
    found.sort_by_key(|(_, delivery)| delivery.is_proven());
    let open = found
        .iter()
        .filter(|(_, delivery)| !delivery.is_proven())
        .count();
    let heads = [
        t("契約", "Contract"),
        t("お客様", "Customer"),
        t("到達", "Delivery"),
    ];
    let rows = found.iter().take(SHOWN).map(|(contract, delivery)| {
        vec![
            contract_link(&contract.id, contract.id.as_str()),
            html! { (contract.customer.name) },
            state(page, *delivery),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let form = |verb: &str| Form::new(page, format!("/console/service-end/{verb}"), verb);
    html! {
        @match open {
            0 => (notice(Tone::Ok, &html! { p { (t("すべてのお客様への到達を確認しました。", "Every customer was reached.")) } })),
            _ => (notice(Tone::Warn, &html! { p { (t("到達を確認できていない契約：", "Contracts whose notice is not proven: ")) (open) } })),
        }
        @if end.last_day.is_none() {
            (form("notices").inline(&html! {}, &button("", t("まだお知らせしていない契約にお知らせする", "Tell contracts that were not told yet"))))
            (other_channel(page, &form("deliveries")))
            @if open == 0 { (last_day(page, end, &form("day"))) }
        }
        @if rows.is_empty() { (empty(t("続いている契約はありません。", "No contract goes on."))) } @else { (table(&heads, &rows)) }
    }
}

fn other_channel(page: &Page, form: &Form) -> Markup {
    let t = |ja, en| page.t(ja, en);
    form.write(
        t("別の手段での到達を記録する", "Record that a customer was reached in another way"),
        &html! {
            (form.field("contract", t("契約番号", "Contract"), "text", ""))
            (form.field("channel", t("手段（例：配達証明郵便）", "Channel, for example certified mail"), "text", ""))
            (form.field("sent_on", t("届いた日", "Day on which it arrived"), "date", &page.today().to_string()))
            (form.text("proof", t("証拠（例：配達証明の番号）", "What proves it")))
        },
        &button("", t("記録する", "Record")),
    )
}

fn last_day(page: &Page, end: &ServiceEnd, form: &Form) -> Markup {
    let t = |ja, en| page.t(ja, en);
    form.write(
        t("最終日を決める", "Set the last day"),
        &form.field(
            "last_day",
            t("最終日", "Last day"),
            "date",
            &end.not_before.to_string(),
        ),
        &button(
            "primary",
            t(
                "最終日を決め、すべての契約に及ぼす",
                "Set it for every contract",
            ),
        ),
    )
}

fn state(page: &Page, delivery: Delivery) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    match delivery {
        Delivery::Proven { on } => {
            html! { (badge(Tone::Ok, t("到達", "Reached"))) " " (day(l, on)) }
        }
        Delivery::Unheard => badge(
            Tone::Info,
            t("送信済み、到達は未確認", "Sent, not heard of"),
        ),
        Delivery::Failed => badge(Tone::Bad, t("不達", "Failed")),
        Delivery::Missing => badge(Tone::Warn, t("未送信", "Not sent yet")),
    }
}
