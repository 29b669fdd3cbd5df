//! The customer's particulars: what is on record, what waits, what was before, and the form of a change (Art. 4).

use axum::extract::State;
use ciero_domain::contract::{Contract, Registered};
use ciero_pages::{Section, Ticked, checkbox};
use ciero_runtime::Problem;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::input::Parameters;
use crate::page::{ContractPage, Page};
use crate::particulars_form as form;
use crate::pieces::{Tone, day, moment, notice, particulars};

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// The receipt number of what was just received.
    receipt: String,
}

/// Shows the particulars to the administrator.
pub async fn show(
    State(_): State<App>,
    ContractPage { page, contract }: ContractPage,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let title = t("登録事項", "Particulars");
    let content = html! {
        p { a href="/contract" { (t("← ご契約", "← Contract")) } }
        h1 { (title) }
        (received(&page, &query.receipt))
        (waiting(&page, &contract))
        h2 { (t("現在の登録事項", "On record now")) }
        (particulars(l, &contract.customer))
        @if contract.change.is_none() { (change(&page, &contract)) }
        (earlier(&page, &contract.every_particulars()))
    };
    Ok(page.show(Section::Contract, title, &content))
}

/// Confirms what was just sent in. The number says nothing that the person did not know.
fn received(page: &Page, receipt: &str) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        @if receipt.starts_with("P-") && receipt.len() <= 40 {
            (notice(Tone::Ok, &html! { p {
                strong { (t("お知らせを受け付けました。", "We have received this.")) } " "
                (t("受付番号 ", "Receipt number ")) span.num { (receipt) }
                (t("。控えをメールでもお送りします。", ". A copy is sent by mail."))
            } }))
        }
    }
}

/// Shows a change that an operator has not decided.
fn waiting(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        @if let Some(change) = &contract.change {
            (notice(Tone::Warn, &html! {
                p {
                    strong { (t("次の変更を確認しています。", "This change is being looked at.")) } " "
                    (t("受付番号 ", "Receipt number ")) span.num { (change.receipt) } " · "
                    (t("変更日 ", "changed on ")) (day(l, change.effective_on)) " · "
                    (t("受付日時 ", "received ")) (moment(l, change.received_at))
                }
                (particulars(l, &change.particulars))
            }))
        }
    }
}

fn change(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let own = contract.customer.to_raw();
    let abroad = html! { (t("日本国外へ移転しました（本サービスは日本国内にお住まいの方を対象としています）。", "I moved abroad (the service is for residents of Japan).")) };
    html! {
        h2 { (t("変更のお知らせ", "Tell us of a change")) }
        p.lead { (t(
            "登録事項に変更があったときは、遅滞なくお知らせください（利用規約 第4条）。電話番号と担当者はすぐに、そのほかは当社で確認したうえで反映します。",
            "Please tell us of every change without delay (Terms, Art. 4). Phone and administrator change at once; we look at everything else before it counts.",
        )) }
        form.stack.card method="post" action="/contract/particulars" data-enhance {
            (page.token())
            div.field {
                label for="f-effective_on" { (t("変更日（変更のあった日）", "Day of the change")) }
                input.short #f-effective_on name="effective_on" type="date" value=(page.today()) max=(page.today()) required;
            }
            (form::customer(page, t("お客様", "Customer"), &own))
            (form::place(page, &own))
            (form::contact(page, t("ご契約についてのお知らせをお送りする方です。サインインのメールアドレスは変わりません。", "Mail about the contract goes to this person. The e-mail address for signing in stays as it is."), &own))
            h2 { (t("国外への移転", "Move abroad")) }
            (checkbox("abroad", &abroad, Ticked::No))
            div.field {
                label for="f-address_abroad" { (t("国外のご住所（移転したときのみ）", "Address abroad (only after such a move)")) }
                input #f-address_abroad name="address_abroad" maxlength="300";
            }
            div.actions { button.button.primary type="submit" { (t("変更を知らせる", "Send the change")) } }
        }
    }
}

/// Lists what counted from which day, and since when that is known.
fn earlier(page: &Page, registered: &[Registered]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (from, known, what) = (
        t("いつから", "From"),
        t("登録日時", "Recorded"),
        t("登録事項", "Particulars"),
    );
    html! {
        h2 { (t("登録事項の経過", "Earlier particulars")) }
        table.list {
            thead { tr { @for head in [from, known, what] { th scope="col" { (head) } } } }
            tbody { @for of in registered.iter().rev() { tr {
                td data-label=(from) { (day(l, of.effective_on)) }
                td data-label=(known) { (moment(l, of.recorded_at)) }
                td data-label=(what) { details { summary { (of.particulars.name) } (particulars(l, &of.particulars)) } }
            } } }
        }
    }
}
