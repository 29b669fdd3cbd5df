//! What a customer is told about a change of its particulars (Art. 4, 24).

use ciero_domain::Language;
use ciero_domain::contract::Contract;

use super::layout::{paragraphs, table, to_contact};
use crate::letter::House;
use crate::texts::Text;

fn receipt_of(contract: &Contract, receipt: &str) -> String {
    let language = contract.language;
    let facts = [
        (language.t("受付番号", "Receipt number"), receipt.to_owned()),
        (language.t("契約番号", "Contract"), contract.id.to_string()),
    ];
    table(language, &facts)
}

/// What to do if the change is a surprise: somebody may have taken over an account.
fn doubt(language: Language) -> String {
    let doubt = language.t(
        "お心当たりのない場合は、至急、下記までお知らせください。",
        "If you did not expect this e-mail, please let us know at once.",
    );
    doubt.to_owned()
}

/// Art. 4: a change arrived that a person looks at.
pub(crate) fn received(house: &House, contract: &Contract, receipt: &str) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let (subject, opening, next) = match language {
        Language::Ja => (
            format!("登録事項の変更のお知らせを受け付けました（受付番号 {receipt}）"),
            format!("{service}のご契約の登録事項の変更について、お知らせを受け付けました。"),
            "担当者が内容を確認し、結果をメールでお知らせします。それまでは、これまでの登録事項のまま
ご利用いただけます。",
        ),
        Language::En => (
            format!("We have received the change of your particulars ({receipt})"),
            format!("We have received your notice of changed particulars for {service}."),
            "\
A member of our staff looks at it, and you will hear from us by e-mail.
Until then your contract goes on with the particulars on record.",
        ),
    };
    let facts = receipt_of(contract, receipt);
    let body = paragraphs([opening, facts, next.to_owned(), doubt(language)]);
    to_contact(contract, subject, body)
}

/// Art. 4: the particulars changed; says what is on record now.
pub(crate) fn registered(house: &House, contract: &Contract, receipt: &str) -> Text {
    let language = contract.language;
    let (portal, customer) = (&house.portal_url, &contract.customer);
    let (subject, opening, place) = match language {
        Language::Ja => (
            format!("登録事項を変更しました（受付番号 {receipt}）"),
            "登録事項の変更を反映しました。現在の登録事項は次のとおりです。",
            format!(
                "住所などすべての登録事項と変更の経過は、次のページでご確認いただけます。\n{portal}/contract/particulars"
            ),
        ),
        Language::En => (
            format!("Your particulars have been changed ({receipt})"),
            "The change of your particulars has been made. On record is now:",
            format!(
                "You find the address, all other particulars and earlier ones here:\n{portal}/contract/particulars"
            ),
        ),
    };
    let now = [
        (language.t("名称・氏名", "Name"), customer.name.clone()),
        (language.t("電話番号", "Phone"), customer.phone.clone()),
        (
            language.t("担当者", "Administrator"),
            customer.contact_name.clone(),
        ),
        (
            language.t("メールアドレス", "E-mail"),
            customer.contact_email.clone(),
        ),
    ];
    let now = table(language, &now);
    let body = paragraphs([opening.to_owned(), now, place, doubt(language)]);
    to_contact(contract, subject, body)
}

/// Art. 4: a change was not taken over, and why.
pub(crate) fn refused(contract: &Contract, receipt: &str, reason: &str) -> Text {
    let language = contract.language;
    let (subject, opening, next) = match language {
        Language::Ja => (
            format!("登録事項の変更について（受付番号 {receipt}）"),
            format!(
                "お知らせいただいた登録事項の変更は、次の理由により反映しておりません。\n\n{reason}"
            ),
            "お手数ですが、内容をご確認のうえ、あらためてお知らせください。",
        ),
        Language::En => (
            format!("About the change of your particulars ({receipt})"),
            format!(
                "We have not made the change of your particulars, for this reason:\n\n{reason}"
            ),
            "Please check it and tell us again.",
        ),
    };
    let facts = receipt_of(contract, receipt);
    to_contact(
        contract,
        subject,
        paragraphs([opening, facts, next.to_owned()]),
    )
}

/// Art. 4: tells the former address that mail about the contract goes elsewhere now. The new address is not named.
pub(crate) fn moved(contract: &Contract, receipt: &str) -> Text {
    let language = contract.language;
    let (subject, opening) = match language {
        Language::Ja => (
            "ご登録のメールアドレスが変更されました",
            "ご契約についてのお知らせの送り先として、このメールアドレスの登録がなくなりました。",
        ),
        Language::En => (
            "The registered e-mail address was changed",
            "This address is no longer the one to which we send mail about the contract.",
        ),
    };
    let facts = receipt_of(contract, receipt);
    to_contact(
        contract,
        subject,
        paragraphs([opening.to_owned(), facts, doubt(language)]),
    )
}
