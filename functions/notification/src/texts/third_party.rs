//! What a customer is told about a later list of third-party terms (25-1, 25-2).

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};

use super::layout::{paragraphs, to_contact};
use crate::letter::House;
use crate::texts::Text;

/// The list has a later version; what was agreed to stays.
pub(crate) fn changed(
    house: &House,
    contract: &Contract,
    list: &ThirdPartyTerms,
    agreed: Option<&AgreedThirdParty>,
) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let page = format!("{}/third-party-terms/{}", house.portal_url, list.version);
    let services = services(language, list);
    let own = agreed.map_or(0, |agreed| agreed.version);
    let (subject, opening, stays) = match language {
        Language::Ja => (
            "第三者サービスの提供条件の変更のお知らせ",
            format!("{service}に組み込まれている第三者サービスの提供条件の一覧が、第{}版になりました（利用規約第25条第1項）。", list.version),
            match own {
                0 => "ご契約に適用される提供条件は、契約の成立時点のもののままです。このメールはお知らせで、お手続きは必要ありません。".to_owned(),
                own => format!("ご契約には、成立時点の第{own}版が引き続き適用されます。このメールはお知らせで、お手続きは必要ありません。"),
            },
        ),
        Language::En => (
            "The list of third-party terms has changed",
            format!("The list of the third-party services that are built into {service} and of their\nterms is now version {} (Article 25, paragraph 1 of the terms).", list.version),
            match own {
                0 => "The terms of the formation of your contract go on to apply to it. This is for\nyour information; there is nothing to do.".to_owned(),
                own => format!("Version {own}, that of the formation of your contract, goes on to apply to it.\nThis is for your information; there is nothing to do."),
            },
        ),
    };
    let body = paragraphs([opening, services, page, stays]);
    to_contact(contract, subject, body)
}

/// Writes each service on lines of its own; none is said in words.
fn services(language: Language, list: &ThirdPartyTerms) -> String {
    if list.services.is_empty() {
        return language
            .t("第三者サービスはありません。", "There is none any more.")
            .to_owned();
    }
    let line = |one: &ciero_domain::third_party::ThirdParty| {
        let (name, provider) = (one.name.t(language), one.provider.t(language));
        let (url, version) = (one.terms_url.as_str(), &one.terms_version);
        match language {
            Language::Ja => format!("  {name}（{provider}）\n  提供条件の版 {version}\n  {url}"),
            Language::En => {
                format!("  {name} ({provider})\n  Version of the terms: {version}\n  {url}")
            }
        }
    };
    list.services
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n\n")
}
