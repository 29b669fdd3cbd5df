//! The texts of the mails, beside the code that sends them: one file per subject, both languages together.

pub(crate) mod application;
pub(crate) mod billing;
pub(crate) mod contract;
pub(crate) mod ending;
pub(crate) mod export;
pub(crate) mod interruption;
mod layout;
pub(crate) mod measures;
pub(crate) mod particulars;
pub(crate) mod recording;
pub(crate) mod renewal;
pub(crate) mod reseller;
pub(crate) mod service_end;
pub(crate) mod terms;
pub(crate) mod third_party;
pub(crate) mod user;

use ciero_domain::Language;
use ciero_domain::documents::Operator;
use ciero_domain::particulars::Particulars;

/// The part of a mail that differs from kind to kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub subject: String,
    /// Whom the mail addresses, without a form of address.
    pub addressee: String,
    pub body: String,
}

/// Puts the form of address above a text and the operator's signature below it.
pub(crate) fn frame(operator: &Operator, language: Language, text: Text) -> (String, String) {
    let Operator {
        service_name,
        company,
        address,
        phone,
        support_email,
        ..
    } = operator;
    let (company, address) = (company.t(language), address.t(language));
    let Text {
        subject,
        addressee,
        body,
    } = text;
    let body = body.trim();
    match language {
        Language::Ja => (
            format!("【{service_name}】{subject}"),
            format!(
                "{addressee} 様\n\n{body}\n\n\
                ----------------------------------------\n\
                {service_name}\n\
                {company}\n\
                {address}\n\
                電話　{phone}\n\
                メール　{support_email}\n\n\
                このメールは送信専用のアドレスからお送りしています。\n\
                お問い合わせは、上記の電話またはメールまでお願いいたします。\n"
            ),
        ),
        Language::En => (
            format!("[{service_name}] {subject}"),
            format!(
                "Dear {addressee},\n\n{body}\n\n\
                ----------------------------------------\n\
                {service_name}\n\
                {company}\n\
                {address}\n\
                Phone: {phone}\n\
                E-mail: {support_email}\n\n\
                This address only sends mail. Please use the phone number or the\n\
                e-mail address above to reach us.\n"
            ),
        ),
    }
}

/// Names a customer and its contact person; an individual who is its own contact is named once.
pub(crate) fn addressee(language: Language, customer: &Particulars) -> String {
    let (name, contact) = (&customer.name, &customer.contact_name);
    if name == contact {
        return name.clone();
    }
    match language {
        Language::Ja => format!("{name}\n{contact}"),
        Language::En => format!("{contact} ({name})"),
    }
}
