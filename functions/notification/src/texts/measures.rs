//! What a customer is told of suspension, its lifting and rescission (6-2, 13-1, 17-2).

use ciero_domain::Language;
use ciero_domain::contract::{Contract, MeasureGround, Standing};
use ciero_domain::money::Yen;
use ciero_pages::{date, date_time};
use jiff::Timestamp;
use jiff::civil::Date;

use super::layout::{data_after, list, paragraphs, table, to_contact};
use crate::letter::House;
use crate::texts::Text;

/// What stops while use is suspended and what goes on (D-09).
fn meanwhile(language: Language) -> String {
    let text = language.t(
        "\
停止の間は、次のとおりです。

  ・映像の視聴、録画の再生、書き出し、共有はご利用になれません。
  ・機器、ユーザ、権限を新たに加えることはできません。
  ・録画は、保存日数の範囲で続けます。
  ・契約期間は進み、料金は発生します。
  ・サインインして、ご契約、請求書、登録事項をご確認いただけます。",
        "\
While use is suspended:

  - Viewing, playing back, export and sharing are stopped.
  - No device, user or right can be added.
  - Recording continues within the days of retention.
  - The term goes on and fees accrue.
  - You can sign in to see your contract, invoices and particulars.",
    );
    text.to_owned()
}

/// Names the item that applied, as customers are told it (13-1).
fn item(language: Language, ground: MeasureGround) -> String {
    let sentence = ground.sentence(language);
    let mut parts = ground.code().split('-');
    let (article, paragraph) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    match (parts.next(), language) {
        (Some(item), Language::Ja) => {
            format!("{sentence}（利用規約第{article}条第{paragraph}項第{item}号）")
        }
        (None, Language::Ja) => format!("{sentence}（利用規約第{article}条第{paragraph}項）"),
        (Some(item), Language::En) => {
            format!("{sentence} (Article {article}, paragraph {paragraph}, item ({item}))")
        }
        (None, Language::En) => format!("{sentence} (Article {article}, paragraph {paragraph})"),
    }
}

/// 13-2: all debts are payable at once; nothing if nothing is open.
fn accelerated(contract: &Contract) -> String {
    if contract.account.open_yen() == Yen(0) {
        return String::new();
    }
    let open = list(contract, contract.account.open());
    match contract.language {
        Language::Ja => format!(
            "\
利用規約第13条第2項により、すべての債務について、すぐに全額をお支払いいただく必要があります。

{open}"
        ),
        Language::En => format!(
            "\
All debts are payable in full at once (Article 13, paragraph 2 of the
terms):

{open}"
        ),
    }
}

/// 6-2: use is suspended because a demanded invoice is unpaid.
pub(crate) fn suspended_unpaid(house: &House, contract: &Contract, since: Timestamp) -> Text {
    let language = contract.language;
    let (service, portal) = (&house.operator.service_name, &house.portal_url);
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("停止の日時", "Suspended at"),
            date_time(language, since),
        ),
    ];
    let facts = table(language, &facts);
    let demanded = contract.account.open().filter(|debt| debt.demand.is_some());
    let unpaid = list(contract, demanded);
    let (subject, opening, reason, lift) = match language {
        Language::Ja => (
            "ご利用の停止のお知らせ",
            format!(
                "\
催告いたしました料金のお支払いを確認できないため、利用規約第6条第2項により、
{service}のご利用を停止いたしました。"
            ),
            format!("お支払いを確認できていない請求書は、次のとおりです。\n\n{unpaid}"),
            format!(
                "\
全額のお支払いを確認しましたら、停止を解除し、メールでお知らせいたします。
請求書は、サインインのうえ、次のページでご覧いただけます。
{portal}/invoices"
            ),
        ),
        Language::En => (
            "Use is suspended",
            format!(
                "\
We could not confirm payment of what we demanded. Under Article 6, paragraph
2 of the terms we have suspended use of {service}."
            ),
            format!("These invoices are unpaid:\n\n{unpaid}"),
            format!(
                "\
Once we have confirmed payment in full we lift the suspension and tell you
by e-mail. After signing in you find your invoices on this page:
{portal}/invoices"
            ),
        ),
    };
    let body = paragraphs([opening, facts, reason, meanwhile(language), lift]);
    to_contact(contract, subject, body)
}

/// 13-1: use is suspended by a measure; all debts are due (13-2).
pub(crate) fn suspended(
    house: &House,
    contract: &Contract,
    since: Timestamp,
    ground: MeasureGround,
) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (
            language.t("停止の日時", "Suspended at"),
            date_time(language, since),
        ),
        (
            language.t("当てはまる事由", "Ground"),
            item(language, ground),
        ),
    ];
    let facts = table(language, &facts);
    let (subject, opening, ask) = match language {
        Language::Ja => (
            "ご利用の停止のお知らせ",
            format!("利用規約第13条第1項により、{service}のご利用を停止いたしました。"),
            "停止の解除については、下記までお問い合わせください。",
        ),
        Language::En => (
            "Use is suspended",
            format!(
                "Under Article 13, paragraph 1 of the terms we have suspended use of\n{service}."
            ),
            "Please contact us about the lifting of the suspension.",
        ),
    };
    let body = paragraphs([
        opening,
        facts,
        meanwhile(language),
        accelerated(contract),
        ask.to_owned(),
    ]);
    to_contact(contract, subject, body)
}

/// The suspension is lifted.
pub(crate) fn lifted(house: &House, contract: &Contract) -> Text {
    let (service, portal) = (&house.operator.service_name, &house.portal_url);
    let id = &contract.id;
    let (subject, body) = match contract.language {
        Language::Ja => (
            "ご利用の停止を解除しました",
            format!(
                "\
{service}のご利用の停止を解除いたしました。
映像の視聴、録画の再生、書き出し、共有を、ふたたびご利用いただけます。

  契約番号　　{id}

停止の間も、契約期間は進んでいます。録画は、保存日数の範囲で続けておりました。
ご契約の内容は、サインインのうえ、次のページでご確認いただけます。
{portal}/contract"
            ),
        ),
        Language::En => (
            "The suspension is lifted",
            format!(
                "\
The suspension of {service} is lifted. Viewing, playing back, export and
sharing work again.

  Contract:  {id}

The term went on meanwhile, and so did recording within the days of
retention. After signing in you can see your contract on this page:
{portal}/contract"
            ),
        ),
    };
    to_contact(contract, subject, body)
}

/// 13-1, 17-2: the contract is rescinded, at once; `None` while it is not.
pub(crate) fn rescinded(house: &House, contract: &Contract, ground: MeasureGround) -> Option<Text> {
    let Standing::Ended {
        on, at_once: true, ..
    } = contract.standing
    else {
        return None;
    };
    let language = contract.language;
    let service = &house.operator.service_name;
    let facts = [
        (language.t("契約番号", "Contract"), contract.id.to_string()),
        (language.t("解除の日", "Rescinded on"), date(language, on)),
        (
            language.t("当てはまる事由", "Ground"),
            item(language, ground),
        ),
    ];
    let facts = table(language, &facts);
    let (subject, opening, effect) = match language {
        Language::Ja => (
            "ご契約の解除のお知らせ",
            format!("{service}のご契約を解除いたしましたので、お知らせいたします。"),
            "解除はただちに効力を生じ、サービスはご利用になれません。",
        ),
        Language::En => (
            "Your contract is rescinded",
            format!("We have rescinded your contract for {service}."),
            "The rescission took effect at once; the service cannot be used any more.",
        ),
    };
    let body = paragraphs([
        opening,
        facts,
        effect.to_owned(),
        accelerated(contract),
        data_after(house, contract, on, Date::MAX),
    ]);
    Some(to_contact(contract, subject, body))
}
