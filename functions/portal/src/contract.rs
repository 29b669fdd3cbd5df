//! The customer's contract: its term, its dates, what it costs and what is owed (Art. 6, 11).

use axum::extract::State;
use ciero_domain::calendar::Term;
use ciero_domain::contract::{Contract, Order, Standing, TerminationCause};
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use crate::input::Parameters;
use crate::page::{ContractPage, Page};
use crate::pieces::{Tone, cameras, day, days, fact, moment, notice, particulars};
use crate::{App, account, order, third_parties};

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// The receipt number of what was just received.
    receipt: String,
}

/// Shows the contract to its administrator.
pub async fn show(
    State(app): State<App>,
    ContractPage { page, contract }: ContractPage,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    let how = account::how_to_pay(&app, &page).await?;
    let third_party = app.registers.agreed_third_party(&contract.id).await?;
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let title = t("ご契約", "Contract");
    let content = html! {
        h1 { (title) }
        (received(&page, &contract, &query.receipt))
        (standing(&page, &contract))
        (account::due_now(&page, &contract, &how))
        (ending(&page, &contract))
        @for order in &contract.orders { (order::part(&page, &contract, order)) }
        (account::summary(&page, &contract, &how))
        (renewal(&page))
        (ways(&page, &contract))
        h2 { (t("契約の成立", "Formation")) }
        dl.facts {
            (fact(t("契約番号", "Contract number"), &contract.id.as_str()))
            (fact(t("成立日時（登録完了）", "Formed (registration complete)"), &moment(l, contract.formed_at)))
            (fact(t("同意した利用規約", "Terms agreed to"), &html! { a href={ "/terms/" (contract.terms_version) } { (contract.terms_version) (t("版", "")) } }))
            (fact(t("成立時の第三者サービスの提供条件", "Third-party terms at the formation"), &third_parties::agreed(&page, third_party.as_ref())))
        }
        h2 { (t("登録事項", "Particulars")) }
        (particulars(l, &contract.customer))
        p { a.button href="/contract/particulars" { (t("登録事項の変更・経過", "Change particulars, or see earlier ones")) } }
    };
    Ok(page.show(Section::Contract, title, &content))
}

/// Confirms what was just received, if the contract knows the number.
fn received(page: &Page, contract: &Contract, receipt: &str) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let refused = contract.orders.iter().filter_map(|o| o.refused.as_ref());
    let known = refused.map(|refused| refused.receipt.as_str());
    let known = known.chain(contract.ending.iter().map(|ending| ending.receipt.as_str()));
    html! {
        @for receipt in known.filter(|known| *known == receipt && !known.is_empty()) {
            (notice(Tone::Ok, &html! { p {
                strong { (t("お手続きを受け付けました。", "We have received this.")) } " "
                (t("受付番号 ", "Receipt number ")) span.num { (receipt) }
                (t("。控えをメールでもお送りします。", ". A copy is sent by mail."))
            } }))
        }
    }
}

/// Says on which day a cancelled contract ends, and until when its data are kept (15-1, 15-3).
pub fn ending(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let on = match (&contract.standing, &contract.ending) {
        (Standing::Ended { on, .. }, _) => Some(*on),
        (_, ending) => ending.as_ref().map(|ending| ending.on),
    };
    html! {
        @if let Some(on) = on {
            (notice(Tone::Warn, &html! {
                @if let Some(ending) = contract.ending.as_ref().filter(|ending| ending.cause == TerminationCause::ServiceEnd) { p {
                    strong { (t("サービスの終了により、ご契約が終了します。", "The contract ends with the service.")) } " "
                    (t("終了日 ", "last day ")) (day(l, ending.on)) (t("（24時まで）", " (to 24:00)"))
                } } @else if let Some(ending) = &contract.ending { p {
                    strong { (t("解約を受け付けています。", "The cancellation has been received.")) } " "
                    (t("受付番号 ", "Receipt number ")) span.num { (ending.receipt) } " · "
                    (t("受付日時 ", "received ")) (moment(l, ending.received_at)) " · "
                    (t("終了日 ", "last day ")) (day(l, ending.on)) (t("（24時まで）", " (to 24:00)"))
                } }
                p { (data_goes(page, contract, on)) }
            }))
        }
    }
}

/// Says from which day on the data are deleted (15-3).
pub fn data_goes(page: &Page, contract: &Contract, end: Date) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let from = contract.data_go_on(end, &page.operator);
    html! {
        (t("録画などのデータは、", "Recordings and other data are deleted from ")) (day(l, from))
        (t("以降に消去し、復元できません。必要なものは、それまでに保存してください。", " on and cannot be restored. Please save what you need before."))
    }
}

/// The other pages about the contract.
fn ways(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let over = contract.is_cancelled() || contract.has_ended(page.today());
    html! {
        div.actions {
            @if !contract.is_resold() {
                a.button href="/invoices" { (t("請求書とお支払いの記録", "Invoices and payments")) }
            }
            a.button href="/contract/explanation" { (t("これまでとこれからの予定", "What was and what will be")) }
            a.button href="/contract/leaving" { (t("ご契約の終了前に", "Before you leave")) }
            @if !over {
                a.button href="/contract/cancellation" { (t("解約のお手続き", "Cancel the contract")) }
            }
        }
    }
}

/// Says whether the service may be used.
pub fn standing(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    match &contract.standing {
        Standing::Active => html! {},
        Standing::Suspended { since, .. } => notice(
            Tone::Bad,
            &html! { p {
                strong { (t("ご利用を停止しています。", "The service is suspended.")) } " "
                (t("停止日時 ", "Since ")) (moment(l, *since)) (t("。録画は続いており、契約期間と料金は停止中も進みます。", ". Recording goes on; so do the term and the fee."))
            } },
        ),
        Standing::Ended { on, .. } => notice(
            Tone::Bad,
            &html! { p {
                strong { (t("契約は終了しています。", "The contract has ended.")) } " "
                (t("終了日 ", "Last day ")) (day(l, *on))
            } },
        ),
    }
}

/// Returns the term that runs today, the first one if it has not begun, the last one if it is over.
pub fn current_term(page: &Page, order: &Order) -> Term {
    order.term_on(page.today()).unwrap_or(order.running.term)
}

/// Writes the three dates of a term.
pub fn key_dates(page: &Page, term: &Term) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let today = page.today();
    let left = |until: jiff::civil::Date| (until - today).get_days();
    let remaining = if today < term.start {
        format!(
            "{}{}",
            t("開始まで", "begins in "),
            days(l, left(term.start).into())
        )
    } else {
        format!(
            "{}{}",
            t("残り", "remaining: "),
            days(l, (left(term.end) + 1).max(0).into())
        )
    };
    let refusal = match left(term.last_day_to_refuse) {
        0 => t("本日24時まで受け付けます", "accepted until 24:00 today").to_owned(),
        n if n > 0 => format!(
            "{}{}",
            t("24時まで・あと", "until 24:00, in "),
            days(l, n.into())
        ),
        _ => t("今期の受付は終了しました", "over for this term").to_owned(),
    };
    html! {
        dl.keydates {
            div { dt { (t("利用開始日（今期）", "Start of this term")) } dd { (day(l, term.start)) (t("0時から", "from 0:00")) } }
            div { dt { (t("満了日", "Expiry date")) } dd { (day(l, term.end)) (remaining) } }
            div.key { dt { (t("更新拒絶期限", "Last day to refuse renewal")) } dd { (day(l, term.last_day_to_refuse)) (refusal) } }
        }
    }
}

/// Writes what an order is and costs.
pub fn order_facts(page: &Page, order: &Order) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let quote = &order.running.quote;
    html! {
        dl.facts {
            (fact(t("カメラ", "Cameras"), &cameras(l, quote.cameras.into())))
            (fact(t("録画の保存日数", "Recordings kept for"), &days(l, quote.retention_days.into())))
            (fact(t("1年間の料金（税込）", "A year's fee, with tax"), &html! { strong { (yen(l, quote.total_yen)) } }))
            (fact(t("内訳", "Made up of"), &html! {
                (t("税抜 ", "net ")) (yen(l, quote.net_yen)) " + "
                (t("消費税 ", "tax ")) (quote.tax_percent) "% " (yen(l, quote.tax_yen))
            }))
            (fact(t("料金表の版", "Version of the price list"), &quote.price_version))
        }
    }
}

fn renewal(page: &Page) -> Markup {
    let t = |ja, en| page.t(ja, en);
    notice(
        Tone::Info,
        &html! {
            p { strong { (t("自動更新について", "Automatic renewal")) } }
            p { (t(
                "更新しない旨のご通知が更新拒絶期限の24時（日本時間）までに当社に届かない限り、満了日の翌日から1年間、自動で更新します。期限の当日も有効で、休日であっても期限は動きません。",
                "Unless your refusal has reached us by 24:00 (Japan time) of the last day to refuse, the contract renews for a year from the day after the expiry date. That day itself is in time, and it does not move for holidays.",
            )) }
            p { (t(
                "解約はいつでもできますが、お支払い済みの料金は返金しません。",
                "You may cancel at any time; fees already paid are not refunded.",
            )) " " a href="/terms#art-11" { (t("利用規約 第11条", "Terms, Article 11")) } }
        },
    )
}
