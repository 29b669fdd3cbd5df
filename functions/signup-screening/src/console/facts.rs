//! What an applicant told, as a screener reads it.

use ciero_domain::Language;
use ciero_domain::application::{Application, Channel, Declarations};
use ciero_domain::particulars::{Customer, Purpose};
use ciero_pages::{date_time, yen};
use maud::{Markup, html};

/// Names what an applicant is (2-5).
pub(super) fn kind(customer: &Customer, language: Language) -> &'static str {
    match customer {
        Customer::Corporation { .. } => language.t("法人", "Corporation"),
        Customer::OtherBody => language.t("その他の団体", "Other body"),
        Customer::Individual {
            purpose: Purpose::Business,
        } => language.t("個人（事業用）", "Individual (business)"),
        Customer::Individual {
            purpose: Purpose::Private,
        } => language.t("個人（個人用）", "Individual (private)"),
    }
}

/// Writes what is ordered in a few words.
pub(super) fn order(application: &Application, language: Language) -> String {
    let order = &application.form.order;
    match language {
        Language::Ja => format!("{}台・{}日保存", order.cameras, order.retention_days),
        Language::En => format!("{} cameras, {} days", order.cameras, order.retention_days),
    }
}

/// Lists the particulars as they were given.
pub(super) fn particulars(application: &Application, language: Language) -> Markup {
    let given = &application.form.particulars;
    let address = &given.address;
    let number = match &given.customer {
        Customer::Corporation { number } => Some(number.as_str()),
        Customer::OtherBody | Customer::Individual { .. } => None,
    };
    let (head, tail) = address.postal_code.split_at_checked(3).unwrap_or_default();
    let t = |ja, en| language.t(ja, en);
    html! {
        dl.facts {
            dt { (t("区分", "Kind")) } dd { (kind(&given.customer, language)) }
            @if let Some(number) = number { dt { (t("法人番号", "Corporate number")) } dd.num { (number) } }
            dt { (t("名称・氏名", "Name")) } dd { (given.name) }
            dt { (t("フリガナ", "Reading")) } dd { (given.name_kana) }
            @if let Some(representative) = &given.representative {
                dt { (t("代表者", "Representative")) } dd { (representative) }
            }
            dt { (t("住所", "Address")) }
            dd { "〒" (head) "-" (tail) " " (address.prefecture.name(language)) (language.t("", " ")) (address.line) }
            dt { (t("電話番号", "Phone")) } dd.num { (given.phone) }
            dt { (t("担当者", "Administrator")) } dd { (given.contact_name) }
            dt { (t("担当者のメールアドレス", "Administrator's e-mail")) } dd { (given.contact_email) }
            dt { (t("ご案内の言語", "Language of mails")) }
            dd { (application.language.t("日本語", "English")) }
        }
    }
}

/// Lists what is ordered, on which documents, and when.
pub(super) fn order_facts(application: &Application, language: Language) -> Markup {
    let quote = &application.confirmation.quote;
    let t = |ja, en| language.t(ja, en);
    html! {
        dl.facts {
            dt { (t("ご注文", "Order")) } dd { (order(application, language)) }
            dt { (t("年額（税込）", "Yearly fee with tax")) }
            dd { (yen(language, quote.total_yen)) " (" (t("税", "tax")) " " (yen(language, quote.tax_yen)) ")" }
            dt { (t("料金表の版", "Price list")) } dd { (quote.price_version) }
            dt { (t("同意した規約の版", "Terms consented to")) }
            dd { a href={ "/terms/" (application.form.terms_version) } { (application.form.terms_version) } }
            dt { (t("表明", "Declarations")) } dd { (declarations(&application.form.declarations, language)) }
            dt { (t("お申込みの経路", "Channel")) }
            dd {
                @match &application.channel {
                    Channel::Direct => (t("直接", "Direct")),
                    Channel::Reseller(name) => { (t("販売店", "Reseller")) " " (name) }
                }
            }
            @if let Some(at) = application.submitted_at {
                dt { (t("受付日時", "Received")) } dd { time datetime=(at) { (date_time(language, at)) } }
            }
            @if let Some(at) = application.decided_at {
                dt { (t("判断の日時", "Decided")) } dd { time datetime=(at) { (date_time(language, at)) } }
            }
        }
    }
}

/// Lists the declarations that were made (preamble, 3-4-2).
fn declarations(made: &Declarations, language: Language) -> Markup {
    let rows = [
        (
            made.resident_in_japan,
            "日本国内に居住",
            "Resident in Japan",
        ),
        (
            made.no_transfer_regulation,
            "個人情報の移転を規制する法令の適用なし",
            "No law restricts the transfer of personal data",
        ),
        (
            made.no_export_control,
            "輸出管理規制の適用なし",
            "No export control applies",
        ),
        (
            made.not_antisocial,
            "反社会的勢力等に該当しない",
            "No part in antisocial forces",
        ),
    ];
    html! {
        ul { @for (yes, ja, en) in rows { @if yes { li { (language.t(ja, en)) } } } }
    }
}
