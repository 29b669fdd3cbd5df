//! What a customer is told about a later version of the terms (23-2, 1-1).

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::terms::TermsVersion;
use ciero_pages::date;

use crate::letter::House;
use crate::texts::{Text, addressee};

/// 23-2: a later version was published; it locks nobody out (1-1).
pub(crate) fn published(house: &House, contract: &Contract, version: &TermsVersion) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let page = format!("{}/terms/{}", house.portal_url, version.version);
    let published = date(language, version.published_on);
    let effective = date(language, version.effective_from);
    let name = &version.version;
    let superseded = superseded(language, version);
    let (subject, body) = match language {
        Language::Ja => (
            "利用規約の改定のお知らせ",
            format!(
                "\
{service}の利用規約を改定しますので、お知らせいたします。

  版　　　　　{name}
  公表日　　　{published}
  適用開始日　{effective}
{superseded}
改定後の利用規約は、次のページでお読みいただけます。
{page}

適用開始日からは、改定後の利用規約が適用されます。
登録ユーザの皆様にもお知らせくださいますようお願いいたします。ご視聴はこれまでどおり続けられます。"
            ),
        ),
        Language::En => (
            "The terms of service will change",
            format!(
                "\
The terms of service of {service} will change.

  Version:       {name}
  Published on:  {published}
  Applies from:  {effective}
{superseded}
You can read the new terms on this page:
{page}

From that date the new terms apply. Please also tell your registered users.
Watching goes on as before."
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: addressee(language, &contract.customer),
        body,
    }
}

/// Says of a version that was announced before that it never applies; nothing where there is none.
fn superseded(language: Language, version: &TermsVersion) -> String {
    match (&version.supersedes, language) {
        (None, _) => String::new(),
        (Some(old), Language::Ja) => {
            format!("\n先にお知らせした版 {old} は適用されず、この版に替わります。\n")
        }
        (Some(old), Language::En) => format!(
            "\nVersion {old}, of which we told you before, will not apply; this version takes its place.\n"
        ),
    }
}
