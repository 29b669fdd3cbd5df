//! Messages that their queue gave up on, with the reason, and the way to try again.

use axum::extract::State;
use ciero_domain::groups::DESKS;
use ciero_pages::Section;
use ciero_ports::Parked;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, empty};
use crate::page::{ConsolePage, Page};
use crate::pieces::{fact, moment};

/// How much of a message is shown, in characters.
const SHOWN: usize = 600;

/// Shows what is parked, newest first.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(DESKS)?;
    let page = &console.page;
    let parked = app.console.due.parked().await?;
    let title = page.t("滞留", "Stuck work");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "5回失敗して取り置かれた処理です。原因を取り除いてから再実行してください。二度実行しても、結果は一度分です。",
            "Work that failed five times and was set aside. Remove the cause, then try again. Trying twice does it once.",
        )) }
        @if parked.is_empty() { (empty(page.t("滞留している処理はありません。", "Nothing is stuck."))) }
        @for message in &parked { (one(page, message)) }
    };
    Ok(page.show(Section::Stuck, title, &content))
}

fn one(page: &Page, message: &Parked) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let action = format!("/console/stuck/{}/redrive", message.id);
    let form = Form::new(page, action, format!("stuck-{}", message.id));
    let shown: String = message.body.chars().take(SHOWN).collect();
    let is_cut = shown.len() < message.body.len();
    html! {
        section.card {
            h2 { (queue(page, &message.queue)) }
            dl.facts {
                (fact(t("取り置いた日時", "Set aside"), &moment(l, message.parked_at)))
                (fact(t("理由", "Reason"), &message.reason))
                @if message.tries > 0 { (fact(t("試行回数", "Tries"), &message.tries)) }
                (fact(t("番号", "Identifier"), &html! { code { (message.id) } }))
            }
            details {
                summary { (t("内容を表示", "Show the message")) }
                div.codebox { pre { (shown) @if is_cut { "…" } } }
            }
            (form.inline(&html! {}, &button("primary", t("再実行する", "Try again"))))
        }
    }
}

fn queue<'a>(page: &'a Page, queue: &'a str) -> &'a str {
    match queue {
        "notices" => page.t("通知", "Notices"),
        "screening" => page.t("審査の照合", "Screening"),
        "audit" => page.t("照合", "Audit"),
        "invoice" => page.t("請求", "Invoices"),
        "reminder" => page.t("更新のお知らせ", "Reminders"),
        "renewal" => page.t("更新・終了", "Renewals and ends"),
        "arrears" => page.t("催告・停止", "Arrears"),
        "unknown" => page.t("不明", "Unknown"),
        other => other,
    }
}
