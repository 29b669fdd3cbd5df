//! What a customer is told about renewals: reminders, their outcome and a refusal (Art. 11).

use ciero_domain::Language;
use ciero_domain::contract::{Contract, Order, RUNGS, Refused};
use ciero_domain::prices::Quote;
use ciero_pages::date;
use jiff::civil::Date;

use super::layout::{
    data_after, order_named, paragraphs, span, table, to_contact, to_the_end_of, yearly_fee,
};
use crate::letter::House;
use crate::life::Told;
use crate::texts::Text;

/// Art. 11: the renewal draws near. It tells no number of days, so it is true whenever it is read.
pub(crate) fn reminder(
    house: &House,
    contract: &Contract,
    order: &Order,
    next_quote: &Quote,
    days_before: u16,
) -> Text {
    let language = contract.language;
    let (service, portal) = (&house.operator.service_name, &house.portal_url);
    let last = date(language, order.running.term.last_day_to_refuse);
    let facts = next_term(contract, order, next_quote);
    let [opening, go_on, refuse, later] = match language {
        Language::Ja => [
            format!("{service}のご契約の更新について、ご案内いたします。"),
            "更新をご希望のときは、お手続きは必要ありません。満了日の翌日から1年間、自動的に更新されます。"
                .to_owned(),
            format!(
                "\
更新をご希望にならないときは、{last}の24時までに、その旨が当社に届くようお知らせください。
サインインのうえ、次のページからお手続きいただけます。
{portal}/contract"
            ),
            "\
期限の後は、更新の拒絶としてお受けすることができません。解約（利用規約第15条第1項）は
いつでもお受けしますが、お支払い済みの料金は返金いたしません。"
                .to_owned(),
        ],
        Language::En => [
            format!("The renewal of your contract for {service} draws near."),
            "\
If you want the contract to go on there is nothing to do: it renews by
itself for one year from the day after the expiry date."
                .to_owned(),
            format!(
                "\
If you do not want it to renew, your notice must reach us by 24:00 Japan
time on {last}. After signing in you can give it on this page:
{portal}/contract"
            ),
            "\
After that we cannot accept it as a refusal. You can still cancel at any
time (Article 15, paragraph 1 of the terms), but fees already paid are not
refunded."
                .to_owned(),
        ],
    };
    let fixed = fixed_fee(contract).to_owned();
    let subject = reminder_subject(language, &last, days_before);
    to_contact(
        contract,
        subject,
        paragraphs([opening, facts, fixed, go_on, refuse, later]),
    )
}

fn next_term(contract: &Contract, order: &Order, next_quote: &Quote) -> String {
    let language = contract.language;
    let term = order.running.term;
    let list = if contract.is_resold() {
        String::new()
    } else {
        version(language, &next_quote.price_version)
    };
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("対象の注文", "Order"),
            order_named(language, order),
        ),
        (
            language.t("満了日", "Expiry date"),
            date(language, term.end),
        ),
        (
            language.t("更新拒絶期限", "Last day to refuse"),
            to_the_end_of(language, term.last_day_to_refuse),
        ),
        (
            language.t("更新後の契約期間", "Next term"),
            span(language, term.next()),
        ),
        (
            language.t("更新後の年額料金", "Next yearly fee"),
            yearly_fee(contract, next_quote),
        ),
        (language.t("適用する料金表", "Price list"), list),
    ];
    table(language, &facts)
}

fn fixed_fee(contract: &Contract) -> &'static str {
    if contract.is_resold() {
        return "";
    }
    contract.language.t(
        "更新後の料金は上のとおり確定しており、更新までに上がることはありません。",
        "This fee is fixed and will not be raised before the renewal.",
    )
}

fn reminder_subject(language: Language, last: &str, days_before: u16) -> String {
    let is_last = Some(&days_before) == RUNGS.last();
    match (is_last, language) {
        (false, Language::Ja) => format!("ご契約の更新のご案内（更新拒絶期限 {last}）"),
        (true, Language::Ja) => format!("ご契約の更新の最終のご案内（更新拒絶期限 {last}）"),
        (false, Language::En) => format!("Your contract will renew (last day to refuse: {last})"),
        (true, Language::En) => {
            format!("Last reminder: your contract will renew (last day to refuse: {last})")
        }
    }
}

fn version(language: Language, name: &str) -> String {
    match language {
        Language::Ja => format!("{name} 版"),
        Language::En => format!("version {name}"),
    }
}

/// Art. 11: the outcome of a renewal.
pub(crate) fn renewed(house: &House, contract: &Contract, told: &Told) -> Text {
    let language = contract.language;
    let (service, portal) = (&house.operator.service_name, &house.portal_url);
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("対象の注文", "Order"),
            order_named(language, told.order),
        ),
        (language.t("契約期間", "Term"), span(language, told.term)),
        (
            language.t("年額料金", "Yearly fee"),
            yearly_fee(contract, &told.quote),
        ),
        (
            language.t("更新拒絶期限", "Last day to refuse"),
            to_the_end_of(language, told.term.last_day_to_refuse),
        ),
        (
            language.t("利用規約", "Terms of service"),
            version(language, &told.terms_version),
        ),
    ];
    let facts = table(language, &facts);
    let invoice = match (contract.is_resold(), language) {
        (true, _) => "",
        (false, Language::Ja) => "料金の請求書は、別のメールでお知らせいたします。",
        (false, Language::En) => "We tell you about the invoice in a separate e-mail.",
    };
    let (subject, opening, page) = match language {
        Language::Ja => (
            "ご契約を更新しました",
            format!("{service}のご契約を次のとおり更新しましたので、お知らせいたします。"),
            format!(
                "ご契約の内容は、サインインのうえ、次のページでご確認いただけます。\n{portal}/contract"
            ),
        ),
        Language::En => (
            "Your contract was renewed",
            format!("Your contract for {service} was renewed as follows."),
            format!("After signing in you can see your contract on this page:\n{portal}/contract"),
        ),
    };
    to_contact(
        contract,
        subject,
        paragraphs([opening, facts, invoice.to_owned(), page]),
    )
}

/// Art. 11, 24: a refusal of renewal arrived; the receipt for it.
pub(crate) fn refused(
    house: &House,
    contract: &Contract,
    order: &Order,
    refused: &Refused,
    today: Date,
) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let last_day = order.last_day.unwrap_or(order.running.term.end);
    let receipt = &refused.receipt;
    let facts = [
        (language.t("受付番号", "Receipt number"), receipt.clone()),
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("対象の注文", "Order"),
            order_named(language, order),
        ),
        (
            language.t("受付日", "Received on"),
            date(language, refused.received_on),
        ),
        (
            language.t("終了日", "Last day"),
            to_the_end_of(language, last_day),
        ),
    ];
    let facts = table(language, &facts);
    let others = contract
        .orders
        .iter()
        .any(|other| other.number != order.number && !other.closed);
    let after = if others {
        let text = language.t(
            "ほかの注文には影響ありません。",
            "Your other orders are not affected.",
        );
        text.to_owned()
    } else {
        data_after(house, contract, last_day, today)
    };
    let (subject, opening, until, doubt) = match language {
        Language::Ja => (
            format!("更新拒絶を受け付けました（受付番号 {receipt}）"),
            format!("{service}のご契約について、更新を望まない旨のお知らせを受け付けました。"),
            "この注文は更新されません。終了日まではご契約が続きます。",
            "お心当たりのない場合は、お手数ですが下記までお知らせください。",
        ),
        Language::En => (
            format!("We have received your refusal of renewal ({receipt})"),
            format!("We have received your notice that {service} is not to renew."),
            "This order will not renew. The contract goes on until its last day.",
            "If you did not expect this e-mail, please let us know.",
        ),
    };
    let body = paragraphs([opening, facts, until.to_owned(), after, doubt.to_owned()]);
    to_contact(contract, subject, body)
}
