//! Small pieces that several pages share: dates, badges, addresses.

use ciero_domain::Language;
use ciero_domain::particulars::{Address, Customer, Particulars, Purpose};
use ciero_domain::prefecture::Prefecture;
use ciero_domain::user::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, Render, html};

/// The tone of a badge or notice; the style sheet gives each a colour and a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Ok,
    Warn,
    Bad,
    Info,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Ok => "ok",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Info => "info",
        }
    }
}

/// Writes a badge.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// Writes a notice box.
pub fn notice(tone: Tone, content: &Markup) -> Markup {
    html! { div class={ "notice " (tone.class()) } { (content) } }
}

/// Writes one fact of a `dl.facts`.
pub fn fact(name: &str, value: &dyn Render) -> Markup {
    html! { dt { (name) } dd { (value.render()) } }
}

/// Writes a date.
pub fn day(language: Language, on: Date) -> Markup {
    html! { time datetime=(on) { (ciero_pages::date(language, on)) } }
}

/// Writes a moment in Tokyo.
pub fn moment(language: Language, at: Timestamp) -> Markup {
    html! { time datetime=(at) { (ciero_pages::date_time(language, at)) } }
}

/// Writes a number of days, cameras or people with its unit.
pub fn count(language: Language, number: i64, ja: &str, one: &str, many: &str) -> String {
    match language {
        Language::Ja => format!("{number}{ja}"),
        Language::En => format!("{number} {}", if number == 1 { one } else { many }),
    }
}

/// Writes a number of days.
pub fn days(language: Language, number: i64) -> String {
    count(language, number, "日", "day", "days")
}

/// Writes a number of cameras.
pub fn cameras(language: Language, number: i64) -> String {
    count(language, number, "台", "camera", "cameras")
}

/// Writes an address in Japan.
pub fn address(language: Language, address: &Address) -> String {
    let (head, tail) = address.postal_code.split_at_checked(3).unwrap_or_default();
    let prefecture = address.prefecture.name(language);
    match language {
        Language::Ja => format!("〒{head}-{tail} {prefecture}{}", address.line),
        Language::En => format!("{}, {prefecture} {head}-{tail}, Japan", address.line),
    }
}

/// Writes what kind of customer it is.
pub fn customer_kind(language: Language, customer: &Customer) -> &'static str {
    match customer {
        Customer::Corporation { .. } => language.t("法人", "Corporation"),
        Customer::OtherBody => language.t("その他の団体", "Other body"),
        Customer::Individual {
            purpose: Purpose::Business,
        } => language.t("個人（事業用）", "Individual, for business"),
        Customer::Individual {
            purpose: Purpose::Private,
        } => language.t("個人（個人用）", "Individual, for private use"),
    }
}

/// Writes a role.
pub fn role(language: Language, role: Role) -> &'static str {
    match role {
        Role::Administrator => language.t("担当者", "Administrator"),
        Role::User => language.t("登録ユーザ", "Registered user"),
    }
}

/// Writes the particulars as facts.
pub fn particulars(language: Language, of: &Particulars) -> Markup {
    let t = |ja, en| language.t(ja, en);
    html! {
        dl.facts {
            (fact(t("区分", "Kind"), &customer_kind(language, &of.customer)))
            @if let Customer::Corporation { number } = &of.customer {
                (fact(t("法人番号", "Corporate number"), &number.as_str()))
            }
            (fact(t("名称・氏名", "Name"), &of.name))
            (fact(t("フリガナ", "Reading in katakana"), &of.name_kana))
            @if let Some(representative) = &of.representative {
                (fact(t("代表者", "Representative"), representative))
            }
            (fact(t("住所", "Address"), &address(language, &of.address)))
            (fact(t("電話番号", "Phone"), &of.phone))
            (fact(t("担当者", "Administrator"), &of.contact_name))
            (fact(t("担当者のメールアドレス", "Administrator's e-mail"), &of.contact_email))
        }
    }
}

/// Returns the prefectures for a select, with an empty first option that asks to choose.
pub fn prefectures(language: Language) -> Vec<(String, String)> {
    let ask = language.t("選んでください", "Please choose");
    std::iter::once((String::new(), ask.to_owned()))
        .chain(Prefecture::all().map(|p| (p.number().to_string(), p.name(language).to_owned())))
        .collect()
}
