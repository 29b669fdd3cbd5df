//! What a registered user is told (2-6, 2-7, 5-1).

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::user::{AddressChange, Role, User};

use crate::letter::House;
use crate::texts::Text;

fn role(user: &User) -> &'static str {
    match user.role {
        Role::Administrator => user.language.t("担当者", "an administrator"),
        Role::User => user.language.t("登録ユーザ", "a registered user"),
    }
}

/// The person may sign in with a first password, which stands nowhere but in this mail.
pub(crate) fn invited(
    house: &House,
    contract: &Contract,
    user: &User,
    first_password: &str,
) -> Text {
    let service = &house.operator.service_name;
    let (portal, email, role) = (&house.portal_url, &user.email, role(user));
    let customer = &contract.customer.name;
    let (subject, body) = match user.language {
        Language::Ja => (
            "サインインのご案内",
            format!(
                "\
{customer} 様がご利用の{service}に、{role}として登録されました。
次のページからサインインしてください。

  ページ　　　　　　{portal}/sign-in
  メールアドレス　　{email}
  最初のパスワード　{first_password}

最初のサインインのときに、新しいパスワードをお決めください。
また、利用規約をお読みのうえ、同意をお願いいたします。同意をいただくまで、映像はご覧になれません。

最初のパスワードは7日間有効です。期限が過ぎたときは、ご契約の担当者にお申し出ください。
サインインの情報は、ご本人だけがお使いになれます。ほかの方と共有しないでください。

お心当たりのない場合は、お手数ですが下記までお知らせください。"
            ),
        ),
        Language::En => (
            "How to sign in",
            format!(
                "\
You have been added as {role} of {customer}'s {service}.
Please sign in here:

  Page:            {portal}/sign-in
  E-mail address:  {email}
  First password:  {first_password}

When you sign in for the first time you choose a new password and are asked
to read and accept the terms of service. Until you accept them you cannot
watch.

The first password is valid for 7 days. After that, please ask an
administrator of the contract. Your sign-in is for you alone.

If you did not expect this e-mail, please let us know."
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: user.name.clone(),
        body,
    }
}

/// The person was removed; the account is closed.
pub(crate) fn removed(house: &House, contract: &Contract, user: &User) -> Text {
    let service = &house.operator.service_name;
    let customer = &contract.customer.name;
    let (subject, body) = match user.language {
        Language::Ja => (
            "登録解除のお知らせ",
            format!(
                "\
{customer} 様がご利用の{service}で、あなたの登録が解除されました。
今後、サインインおよび映像の視聴はできません。

これまでご利用いただき、ありがとうございました。

お心当たりのない場合は、ご契約の担当者にお問い合わせください。"
            ),
        ),
        Language::En => (
            "Your registration has ended",
            format!(
                "\
Your registration with {customer}'s {service} has been removed.
You can no longer sign in or watch.

Thank you for having used the service.

If you did not expect this, please ask an administrator of the contract."
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: user.name.clone(),
        body,
    }
}

/// The code that proves the mailbox of a new sign-in address.
pub(crate) fn address_asked(house: &House, user: &User, change: &AddressChange) -> Text {
    let service = &house.operator.service_name;
    let (portal, code) = (&house.portal_url, &change.code);
    let (subject, body) = match user.language {
        Language::Ja => (
            "新しいメールアドレスの確認",
            format!(
                "\
{service}のサインインに使うメールアドレスを、このアドレスに変更するお申し出がありました。
24時間以内に、次のページで確認コードをご入力ください。それまでは、いまのアドレスのままです。

  ページ　　　{portal}/profile
  確認コード　{code}

お心当たりのない場合は、何もなさらないでください。変更は行われません。"
            ),
        ),
        Language::En => (
            "Please confirm your new e-mail address",
            format!(
                "\
This address was entered as the new one to sign in to {service} with.
Please enter the code on this page within 24 hours; until then the present
address stays.

  Page:  {portal}/profile
  Code:  {code}

If you did not expect this e-mail, do nothing, and nothing is changed."
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: user.name.clone(),
        body,
    }
}

/// The former address learns that it signs nobody in any more.
pub(crate) fn address_changed(house: &House, user: &User) -> Text {
    let service = &house.operator.service_name;
    let (subject, body) = match user.language {
        Language::Ja => (
            "メールアドレスを変更しました",
            format!(
                "\
{service}のサインインに使うメールアドレスが、ご本人のお申し出により変更されました。
今後は新しいアドレスでサインインしてください。パスワードは変わりません。

お心当たりのない場合は、すぐにご契約の担当者または下記までお知らせください。"
            ),
        ),
        Language::En => (
            "Your e-mail address was changed",
            format!(
                "\
The address that you sign in to {service} with was changed, as you asked.
Please use the new one from now on; the password stays the same.

If you did not ask for this, please tell an administrator of the contract or
us at once."
            ),
        ),
    };
    Text {
        subject: subject.to_owned(),
        addressee: user.name.clone(),
        body,
    }
}
