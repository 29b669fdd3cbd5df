//! What an applicant is told (3-1, 3-2, 3-4).

use ciero_domain::Language;
use ciero_domain::application::Application;
use ciero_pages::yen;

use crate::letter::House;
use crate::texts::{Text, addressee};

fn page(house: &House, application: &Application) -> String {
    format!("{}/applications/{}", house.portal_url, application.id)
}

fn text(application: &Application, subject: &str, body: String) -> Text {
    Text {
        subject: subject.to_owned(),
        addressee: addressee(application.language, &application.form.particulars),
        body,
    }
}

/// 3-1: the application arrived.
pub(crate) fn received(house: &House, application: &Application) -> Text {
    let language = application.language;
    let service = &house.operator.service_name;
    let page = page(house, application);
    let quote = &application.confirmation.quote;
    let (days, cameras) = (quote.retention_days, quote.cameras);
    let (total, tax) = (yen(language, quote.total_yen), yen(language, quote.tax_yen));
    match language {
        Language::Ja => text(
            application,
            "お申し込みを受け付けました",
            format!(
                "\
このたびは{service}にお申し込みいただき、誠にありがとうございます。
次の内容でお申し込みを受け付けました。これより審査を行い、結果をメールでお知らせいたします。

  プラン　　　録画の保存 {days}日間
  カメラ　　　{cameras}台
  年額料金　　{total}（税込。うち消費税 {tax}）

お申し込みの状況は、次のページでご確認いただけます。
{page}

このアドレスをご存じの方は、どなたでもお申し込みの状況をご覧になれます。
お取り扱いにご注意ください。

ご契約は、審査で承認となり、当社が登録を完了した時点で成立します。"
            ),
        ),
        Language::En => text(
            application,
            "We have received your application",
            format!(
                "\
Thank you for applying to {service}.
We have received your application as follows. We will now screen it and
tell you the outcome by e-mail.

  Plan:        recordings kept for {days} days
  Cameras:     {cameras}
  Yearly fee:  {total} with tax (consumption tax {tax})

You can see where your application stands on this page:
{page}

Anyone who knows this address can see it, so please keep it to yourself.

The contract is formed when we have approved the application and completed
the registration."
            ),
        ),
    }
}

/// 3-2: the application was approved; the contract is not formed yet.
pub(crate) fn approved(house: &House, application: &Application) -> Text {
    let service = &house.operator.service_name;
    let page = page(house, application);
    match application.language {
        Language::Ja => text(
            application,
            "審査の結果のお知らせ",
            format!(
                "\
{service}へのお申し込みについて、審査の結果をお知らせいたします。

お申し込みを承認いたしました。

これより登録の手続きを進めます。ご契約は、登録が完了した時点で成立します。
登録が完了しましたら、利用開始日、満了日とあわせて、あらためてメールでお知らせいたします。

お申し込みの状況は、次のページでご確認いただけます。
{page}"
            ),
        ),
        Language::En => text(
            application,
            "The outcome of your application",
            format!(
                "\
This is about your application to {service}.

We are pleased to tell you that your application has been approved.

We will now carry out the registration. The contract is formed when the
registration is complete; we will then write to you again with the start
date and the expiry date.

You can see where your application stands on this page:
{page}"
            ),
        ),
    }
}

/// 3-4, D-03: the same words whatever the ground, which this function cannot even read.
pub(crate) fn declined(house: &House, application: &Application) -> Text {
    let service = &house.operator.service_name;
    let page = page(house, application);
    match application.language {
        Language::Ja => text(
            application,
            "審査の結果のお知らせ",
            format!(
                "\
{service}へのお申し込みについて、審査の結果をお知らせいたします。

慎重に検討いたしましたが、今回はお申し込みをお受けすることができません。
ご希望に沿えず、誠に申し訳ございません。

審査の内容についてのお問い合わせには、お答えいたしかねます。
何とぞご了承くださいますよう、お願い申し上げます。

お申し込みの状況は、次のページでご確認いただけます。
{page}"
            ),
        ),
        Language::En => text(
            application,
            "The outcome of your application",
            format!(
                "\
This is about your application to {service}.

We have considered it carefully. We are sorry to tell you that we are not
able to accept your application this time.

Please understand that we cannot answer questions about the screening.

You can see where your application stands on this page:
{page}"
            ),
        ),
    }
}
