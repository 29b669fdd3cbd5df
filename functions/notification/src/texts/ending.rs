//! What a customer is told when a contract ends: cancelled, run out, ended (Art. 11, Art. 15).

use ciero_domain::Language;
use ciero_domain::contract::{Contract, Ending, Order, Standing};
use ciero_domain::purge::Certificate;
use ciero_pages::{date, date_time};
use jiff::civil::Date;

use super::layout::{
    data_after, order_named, paragraphs, still_owed, table, to_contact, to_the_end_of,
};
use crate::letter::House;
use crate::texts::Text;

/// 15-1, 24: a cancellation arrived; the receipt for it.
pub(crate) fn cancelled(house: &House, contract: &Contract, ending: &Ending, today: Date) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let receipt = &ending.receipt;
    let facts = [
        (language.t("受付番号", "Receipt number"), receipt.clone()),
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("受付日時", "Received at"),
            date_time(language, ending.received_at),
        ),
        (
            language.t("終了日", "Last day"),
            to_the_end_of(language, ending.on),
        ),
    ];
    let facts = table(language, &facts);
    let data = data_after(house, contract, ending.on, today);
    let (subject, opening, fees, doubt) = match language {
        Language::Ja => (
            format!("解約を受け付けました（受付番号 {receipt}）"),
            format!("{service}のご契約の解約を、次のとおり受け付けました。"),
            "\
お支払い済みの料金は返金いたしません。支払期日の来ていない当期の料金も、お支払いいただきます
（利用規約第15条第1項）。",
            "お心当たりのない場合は、お手数ですが下記までお知らせください。",
        ),
        Language::En => (
            format!("We have received your cancellation ({receipt})"),
            format!("We have received the cancellation of your contract for {service}."),
            "\
Fees already paid are not refunded. Fees of the current term that are not
yet due remain payable (Article 15, paragraph 1 of the terms).",
            "If you did not expect this e-mail, please let us know.",
        ),
    };
    let body = paragraphs([opening, facts, fees.to_owned(), data, doubt.to_owned()]);
    to_contact(contract, subject, body)
}

/// Art. 11: an order ran out on its expiry date, and the contract with the last of them.
pub(crate) fn expired(house: &House, contract: &Contract, order: &Order) -> Text {
    let language = contract.language;
    let end = order.running.term.end;
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("対象の注文", "Order"),
            order_named(language, order),
        ),
        (language.t("満了日", "Expiry date"), date(language, end)),
    ];
    let facts = table(language, &facts);
    let opening = language.t(
        "次の注文は、更新されることなく、満了日をもって終了しました。",
        "The following order was not renewed and ended on its expiry date.",
    );
    let body = match contract.standing {
        Standing::Ended { .. } => {
            let over = language.t(
                "これをもって、ご契約は終了しました。",
                "The contract has ended with it.",
            );
            paragraphs([
                opening.to_owned(),
                facts,
                over.to_owned(),
                after_the_end(house, contract, end),
            ])
        }
        _ => {
            let others = language.t(
                "ほかの注文のご契約は続いています。",
                "The contract goes on with your other orders.",
            );
            paragraphs([opening.to_owned(), facts, others.to_owned()])
        }
    };
    let subject = language.t("ご契約の満了のお知らせ", "Your order has run out");
    to_contact(contract, subject, body)
}

/// Art. 9, 15-2: what is needed can be saved until the last day; `None` once that is over, or the contract goes on.
pub(crate) fn save_by(house: &House, contract: &Contract, last: Date, today: Date) -> Option<Text> {
    let is_foreseen = contract.foreseen_last_day() == Some(last);
    if !is_foreseen || today > last {
        return None;
    }
    let language = contract.language;
    let service = &house.operator.service_name;
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("終了日", "Last day"),
            to_the_end_of(language, last),
        ),
    ];
    let facts = table(language, &facts);
    let (subject, opening, restored) = match language {
        Language::Ja => (
            format!("録画等の保存のご案内（終了日 {}）", date(language, last)),
            format!("{service}のご契約の終了日が近づきましたので、お知らせいたします。"),
            "\
消去したデータの復元はいたしません（利用規約第9条）。書き出しには時間がかかることがあります。
お早めにお手続きください。",
        ),
        Language::En => (
            format!("Save your recordings by {}", date(language, last)),
            format!("The last day of your contract for {service} is near."),
            "\
Erased data are not restored (Article 9 of the terms). Saving long recordings
takes a while; please do it in good time.",
        ),
    };
    let data = data_after(house, contract, last, today);
    let body = paragraphs([opening, facts, data, restored.to_owned()]);
    Some(to_contact(contract, &subject, body))
}

/// 15-1: the contract ended; `None` while it has not.
pub(crate) fn ended(house: &House, contract: &Contract) -> Option<Text> {
    let Standing::Ended { on, cause, .. } = contract.standing else {
        return None;
    };
    let language = contract.language;
    let service = &house.operator.service_name;
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (language.t("終了日", "Last day"), date(language, on)),
        (
            language.t("終了の理由", "Reason"),
            cause.sentence(language).to_owned(),
        ),
    ];
    let facts = table(language, &facts);
    let (subject, opening) = match language {
        Language::Ja => (
            "ご契約の終了のお知らせ",
            format!("{service}のご契約が終了しましたので、お知らせいたします。"),
        ),
        Language::En => (
            "Your contract has ended",
            format!("Your contract for {service} has ended."),
        ),
    };
    let body = paragraphs([opening, facts, after_the_end(house, contract, on)]);
    Some(to_contact(contract, subject, body))
}

/// 15-3: the data were deleted; the certificate goes with it, and with it our last word.
pub(crate) fn deleted(house: &House, contract: &Contract, certificate: &Certificate) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let gone_on = date(language, certificate.recovery_copies_gone_on);
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("終了日", "Last day"),
            date(language, certificate.ended_on),
        ),
        (
            language.t("消去の完了", "Deleted"),
            date_time(language, certificate.searched_at),
        ),
        (
            language.t("復元用の控えの消滅", "Recovery copies gone"),
            gone_on.clone(),
        ),
    ];
    let facts = table(language, &facts);
    let url = format!("{}/certificates/key.pem", house.portal_url);
    let (subject, opening, what, check, last) = match language {
        Language::Ja => (
            "データ消去の完了と消去証明書",
            format!("{service}のお客様のデータを、利用規約第15条第3項により消去いたしました。"),
            "消去したもの、法令等により引き続き保管するものとその理由・期限は、添付の消去証明書に記載しています。",
            format!(
                "証明書は電子署名されています。公開鍵は次の場所で公開しています。\n\n  {url}\n\n確認方法： ciero verify-certificate 証明書のファイル --key 公開鍵のファイル"
            ),
            "このメールをお送りした後、お客様の宛先も消去いたします（未払いの料金がある場合は、完済後に消去します）。",
        ),
        Language::En => (
            "Your data are deleted: certificate",
            format!(
                "We have deleted your data of {service} (Article 15, paragraph 3 of the terms)."
            ),
            "The attached certificate states what was deleted, and what is kept by law,\nwhy and until when.",
            format!(
                "The certificate is signed. The public key is published at\n\n  {url}\n\nTo check it: ciero verify-certificate FILE --key PUBLIC.pem"
            ),
            "Your address is erased after this e-mail, or once nothing is owed any more.",
        ),
    };
    let body = paragraphs([opening, facts, what.to_owned(), check, last.to_owned()]);
    to_contact(contract, subject, body)
}

/// What goes on after the end: what is owed, the data, and our thanks.
fn after_the_end(house: &House, contract: &Contract, on: Date) -> String {
    let language = contract.language;
    let service = &house.operator.service_name;
    let thanks = match language {
        Language::Ja => format!("これまで{service}をご利用いただき、ありがとうございました。"),
        Language::En => format!("Thank you for having used {service}."),
    };
    let gone = data_after(house, contract, on, Date::MAX);
    paragraphs([still_owed(contract), gone, thanks])
}
