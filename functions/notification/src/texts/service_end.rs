//! What a customer is told of the end of the service: that it will end, and its last day (14-1).

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::service_end::ServiceEnd;
use ciero_pages::date;
use jiff::civil::Date;

use super::layout::{data_after, paragraphs, to_contact};
use crate::letter::House;
use crate::texts::Text;

/// The service will end, not before a day.
pub(crate) fn announced(house: &House, contract: &Contract, end: &ServiceEnd) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let day = date(language, end.not_before);
    let (subject, opening, later) = match language {
        Language::Ja => (
            "サービス終了のお知らせ",
            format!(
                "{service}の提供を終了することになりましたので、お知らせいたします（利用規約第14条第1項）。最終日は、早くとも {day} です。"
            ),
            "最終日が決まりましたら、あらためてお知らせします。それまでは、これまでどおりご利用いただけます。",
        ),
        Language::En => (
            "The service will end",
            format!(
                "{service} will end (Article 14, paragraph 1 of the terms). Its last day is\n{day} at the earliest."
            ),
            "\
We will write again when the last day is set. Until then everything goes on
as before.",
        ),
    };
    let text = end.text.t(language).to_owned();
    let body = paragraphs([opening, text, later.to_owned(), copies(house, language)]);
    to_contact(contract, subject, body)
}

/// The last day is set.
pub(crate) fn set(house: &House, contract: &Contract, last_day: Date) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let day = date(language, last_day);
    let (subject, opening) = match language {
        Language::Ja => (
            "サービスの最終日のお知らせ",
            format!(
                "{service}の最終日が {day} に決まりました。ご契約は、この日の24時に終了します（利用規約第14条第1項）。"
            ),
        ),
        Language::En => (
            "The last day of the service",
            format!(
                "The last day of {service} is {day}. Your contract ends on this day\nat 24:00 (Article 14, paragraph 1 of the terms)."
            ),
        ),
    };
    let gone = data_after(house, contract, last_day, Date::MIN);
    let body = paragraphs([opening, gone]);
    to_contact(contract, subject, body)
}

/// 9, 15-2: what the customer should save before.
fn copies(house: &House, language: Language) -> String {
    let portal = &house.portal_url;
    match language {
        Language::Ja => {
            format!("必要な録画とデータは、最終日までに保存してください。\n{portal}/cameras")
        }
        Language::En => {
            format!(
                "Please save the recordings and data that you need before the last day.\n{portal}/cameras"
            )
        }
    }
}
