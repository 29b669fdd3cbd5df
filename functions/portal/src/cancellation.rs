//! The confirmation of a cancellation: its day, what stays due, and when the data go (15-1, 15-3).

use axum::extract::State;
use ciero_domain::contract::{Cancellation, Command, Contract};
use ciero_domain::particulars::FieldRule;
use ciero_pages::{Section, Ticked, checkbox, hidden, yen};
use ciero_runtime::Problem;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::contract::{data_goes, ending, standing};
use crate::input::{Parameters, civil_day};
use crate::page::{ContractPage, Page};
use crate::pieces::{Tone, day, days, notice};

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// The chosen last day of use; empty for the expiry date.
    on: String,
}

/// Shows what a cancellation on a day comes to, and the form that confirms exactly that day.
pub async fn show(
    State(_): State<App>,
    ContractPage { page, contract }: ContractPage,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    let t = |ja, en| page.t(ja, en);
    let title = t("解約のお手続き", "Cancelling the contract");
    let expiry = contract.last_expiry(page.today());
    let on = match query.on.as_str() {
        "" => expiry,
        text => Some(civil_day(text).ok_or_else(|| Problem::field("on", FieldRule::Date))?),
    };
    let over = contract.is_cancelled() || contract.has_ended(page.today());
    let content = html! {
        p { a href="/contract" { (t("← ご契約", "← Contract")) } }
        h1 { (title) }
        (standing(&page, &contract))
        (ending(&page, &contract))
        @match (expiry, on) {
            (Some(expiry), Some(on)) if !over => {
                p.lead { (t(
                    "ご契約はいつでも解約できます（利用規約 第15条第1項）。お支払い済みの料金は返金しません。",
                    "You may cancel at any time (Terms, 15-1). Fees already paid are not refunded.",
                )) }
                p { a href="/contract/leaving" { (t("終了前の保存と消去について", "What to save and delete before")) } }
                (choice(&page, on, expiry))
                (confirmation(&page, &contract, on, expiry))
            }
            _ => {}
        }
    };
    Ok(page.show(Section::Contract, title, &content))
}

fn choice(page: &Page, on: Date, expiry: Date) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        form.stack.card method="get" action="/contract/cancellation" {
            div.field {
                label for="f-on" { (t("終了日（最後のご利用日）", "Last day of use")) }
                p.hint #h-on { (t("今日から満了日までの日を選べます。初めの値は満了日です。", "From today to the expiry date, which is chosen first.")) }
                input.short #f-on name="on" type="date" value=(on) min=(page.today()) max=(expiry) required aria-describedby="h-on";
            }
            div.actions { button.button type="submit" { (t("この日で確認する", "Look at this day")) } }
        }
    }
}

fn confirmation(page: &Page, contract: &Contract, on: Date, expiry: Date) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let command = Command::Cancel(Cancellation {
        on,
        receipt: String::new(),
        received_on: None,
    });
    if let Err(refusal) = page.would(contract, command) {
        return notice(Tone::Bad, &html! { p { (refusal.sentence(l)) } });
    }
    let label = html! { (t(
        "上の内容を確認しました。返金がないこと、データが消去されることを理解して解約します。",
        "I have read the above. I cancel knowing that nothing is refunded and that the data are deleted.",
    )) };
    html! {
        h2 { (t("解約の内容", "What this means")) }
        (consequences(page, contract, on, expiry))
        form.stack.card method="post" action="/contract/cancellation" data-enhance {
            (page.token())
            (hidden("on", &on.to_string()))
            (checkbox("confirm", &label, Ticked::No))
            div.actions {
                button.button.danger type="submit" { (t("解約する", "Cancel the contract")) }
                a.button href="/contract" { (t("やめる", "Not now")) }
            }
        }
    }
}

fn consequences(page: &Page, contract: &Contract, on: Date, expiry: Date) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let left = i64::from((on - page.today()).get_days()) + 1;
    let unused = i64::from((expiry - on).get_days());
    let row = |name: &str, value: Markup| html! { tr { th scope="row" { (name) } td { (value) } } };
    let unpaid = contract.account.open_yen();
    html! {
        table.confirm { tbody {
            (row(t("終了日", "Last day"), html! { strong { (day(l, on)) } (t("（24時まで）", " (to 24:00)")) }))
            (row(t("ご利用いただける残り日数", "Days left to use"), html! { (days(l, left)) (t("（今日を含みます）", " (today included)")) }))
            (row(t("返金", "Refund"), html! {
                strong { (t("ありません", "None")) }
                @if unused > 0 {
                    br; (t("満了日 ", "")) (day(l, expiry)) (t("まで", " would be the expiry date: ")) (days(l, unused))
                    (t("を残して終了しますが、その分の返金もありません。", " are given up without a refund."))
                }
            }))
            (row(t("未払いの料金", "Unpaid fees"), html! {
                (yen(l, unpaid)) br;
                (t("引き続きお支払いが必要です。終了日までに始まる契約期間の料金は、請求書の発行前でも全額をお支払いいただきます。", "They stay due. So does the whole fee of a term that begins by the last day, also where its invoice is still to come."))
            }))
            (row(t("データの消去", "Deletion of data"), html! { (data_goes(page, contract, on)) }))
            (row(t("お手続きの後", "Afterwards"), html! { (t(
                "受付番号を発行し、メールでもお知らせします。以後の更新はなく、お手続きの取り消しはできません。",
                "You get a receipt number, here and by mail. Nothing is renewed any more, and this cannot be undone.",
            )) }))
        } }
    }
}
