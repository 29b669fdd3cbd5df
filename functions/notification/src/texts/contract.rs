//! What a customer is told about the contract (3-3, Art. 11).

use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Contract, Order};
use ciero_pages::{date, yen};

use super::layout::{table, to_the_end_of, with_tax};
use crate::letter::House;
use crate::texts::{Text, addressee};

/// 3-3: registration is complete, the contract is formed.
pub(crate) fn registered(house: &House, contract: &Contract, order: &Order) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let portal = &house.portal_url;
    let (term, quote) = (&order.first_term, &order.running.quote);
    let formed = date(language, tokyo_date(contract.formed_at));
    let (start, end) = (date(language, term.start), date(language, term.end));
    let refuse = date(language, term.last_day_to_refuse);
    let (days, cameras) = (quote.retention_days, quote.cameras);
    let (total, tax) = (yen(language, quote.total_yen), yen(language, quote.tax_yen));
    let (id, terms) = (&contract.id, &contract.terms_version);
    let (subject, body) = match language {
        Language::Ja => (
            "ご契約が成立しました",
            format!(
                "\
{service}の登録が完了し、ご契約が成立しましたので、お知らせいたします。

  契約番号　　　　{id}
  契約成立日　　　{formed}
  利用開始日　　　{start}
  満了日　　　　　{end}
  更新拒絶期限　　{refuse}
  プラン　　　　　録画の保存 {days}日間
  カメラ　　　　　{cameras}台
  年額料金　　　　{total}（税込。うち消費税 {tax}）
  利用規約　　　　{terms} 版

ご契約は、満了日の翌日から1年間、自動的に更新されます。以後も同様です。
更新をご希望にならないときは、更新拒絶期限までに、その旨が当社に届くようお知らせください。

ご契約の内容は、サインインのうえ、次のページでご確認いただけます。
{portal}/contract

サインインの方法は、別のメールで担当者様にお知らせいたします。"
            ),
        ),
        Language::En => (
            "Your contract is formed",
            format!(
                "\
The registration for {service} is complete and your contract is formed.

  Contract:            {id}
  Formed on:           {formed}
  Start date:          {start}
  Expiry date:         {end}
  Last day to refuse:  {refuse}
  Plan:                recordings kept for {days} days
  Cameras:             {cameras}
  Yearly fee:          {total} with tax (consumption tax {tax})
  Terms of service:    version {terms}

The contract renews by itself for one year from the day after the expiry
date, and so on. If you do not want it to renew, your notice must reach us
by the last day to refuse.

After signing in you can see your contract on this page:
{portal}/contract

The administrator receives a separate e-mail on how to sign in."
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: addressee(language, &contract.customer),
        body,
    }
}

/// D-40: another order was accepted, which runs its own year beside the others.
pub(crate) fn accepted(house: &House, contract: &Contract, order: &Order) -> Text {
    let language = contract.language;
    let (service, portal) = (&house.operator.service_name, &house.portal_url);
    let (term, quote) = (&order.first_term, &order.running.quote);
    let (days, cameras) = (quote.retention_days, quote.cameras);
    let last = to_the_end_of(language, term.last_day_to_refuse);
    let plan = match language {
        Language::Ja => format!("録画の保存 {days}日間"),
        Language::En => format!("recordings kept for {days} days"),
    };
    let facts = table(
        language,
        &[
            (language.t("契約番号", "Contract"), contract.id.to_string()),
            (language.t("注文", "Order"), order.number.to_string()),
            (
                language.t("利用開始日", "Start date"),
                date(language, term.start),
            ),
            (
                language.t("満了日", "Expiry date"),
                date(language, term.end),
            ),
            (language.t("更新拒絶期限", "Last day to refuse"), last),
            (language.t("プラン", "Plan"), plan),
            (language.t("カメラの台数", "Cameras"), cameras.to_string()),
            (
                language.t("年額料金", "Yearly fee"),
                with_tax(language, quote.total_yen, quote.tax_yen),
            ),
        ],
    );
    let (subject, body) = match language {
        Language::Ja => (
            "追加のお申込みを承諾しました",
            format!(
                "\
{service}の追加のお申込みを承諾いたしましたので、お知らせいたします。

{facts}

追加の分は、ほかのご注文とは別に、利用開始日から1年ごとに自動的に更新されます。
更新をご希望にならないときは、更新拒絶期限までに、その旨が当社に届くようお知らせください。

ご契約の内容は、サインインのうえ、次のページでご確認いただけます。
{portal}/contract"
            ),
        ),
        Language::En => (
            "Your further order is accepted",
            format!(
                "\
We have accepted your further order for {service}.

{facts}

It runs beside your other orders and renews by itself every year from its
own start date. If you do not want it to renew, your notice must reach us by
the last day to refuse.

After signing in you can see your contract on this page:
{portal}/contract"
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: addressee(language, &contract.customer),
        body,
    }
}
