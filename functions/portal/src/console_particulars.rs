//! A change of particulars that waits for an operator (Art. 4, 5-1).

use ciero_domain::contract::Contract;
use ciero_pages::hidden;
use maud::{Markup, html};

use crate::console_parts::{Form, button};
use crate::page::Page;
use crate::pieces::{Tone, day, moment, notice, particulars};

/// Writes the change beside what is on record, and the forms that decide it.
pub fn waiting(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let Some(change) = &contract.change else {
        return html! {};
    };
    let confirm = Form::of(page, &contract.id, "particulars/confirmation");
    let refuse = Form::of(page, &contract.id, "particulars/refusal");
    let receipt = hidden("receipt", &change.receipt);
    html! {
        h2 { (t("確認待ちの登録事項の変更", "Change of particulars that waits")) }
        (notice(Tone::Warn, &html! {
            p { (t("受付番号 ", "Receipt number ")) span.num { (change.receipt) } " · "
                (t("変更日 ", "changed on ")) (day(l, change.effective_on)) " · "
                (t("受付日時 ", "received ")) (moment(l, change.received_at)) }
            p { (t(
                "同じお客様についての変更であることを確認してください。別の人への譲渡や名義変更はできません（第5条第1項）。反映すると審査のリストと改めて照合します。",
                "Make sure that it is about the same customer: a contract is not transferred to another person (5-1). A change that is made is screened again.",
            )) }
        }))
        (particulars(l, &change.particulars))
        div.grid-2 {
            (confirm.write(t("反映する", "Make the change"), &receipt, &button("primary", t("登録事項を変更する", "Change the particulars"))))
            (refuse.write(t("反映しない", "Do not make the change"), &html! {
                (receipt)
                (refuse.field("reason", t("理由（お客様にお知らせします）", "Reason (told to the customer)"), "text", ""))
            }, &button("", t("反映しない", "Do not make the change"))))
        }
    }
}
