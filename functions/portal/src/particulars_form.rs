//! The fields of a customer's particulars, as an application and a change of them ask for (3-1, Art. 4).

use ciero_domain::particulars::RawParticulars;
use ciero_pages::{FieldView, Requirement, field, select};
use maud::{Markup, html};

use crate::page::Page;
use crate::pieces::prefectures;

/// Writes who the customer is.
pub fn customer(page: &Page, title: &str, own: &RawParticulars) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let radio = |name: &str, value: &str, chosen: &str, text: &str| {
        html! { label.choice {
            input type="radio" name=(name) value=(value) checked[value == chosen];
            span { (text) }
        } }
    };
    let optional = |name, label, hint, value| {
        field(&FieldView {
            name,
            label,
            hint,
            value,
            required: Requirement::Optional,
            ..FieldView::default()
        })
    };
    html! {
        h2 { (title) }
        fieldset {
            legend { (t("区分", "Kind")) }
            (radio("kind", "corporation", &own.kind, t("法人", "Corporation")))
            (radio("kind", "other_body", &own.kind, t("その他の団体", "Other body")))
            (radio("kind", "individual", &own.kind, t("個人", "Individual")))
        }
        div.when-corporation {
            (optional("corporate_number", t("法人番号（法人の方）", "Corporate number (corporations)"), t("13桁の数字です。", "13 digits."), &own.corporate_number))
        }
        fieldset.when-individual {
            legend { (t("ご利用の目的（個人の方）", "Purpose (individuals)")) }
            (radio("purpose", "business", &own.purpose, t("事業のため", "For business")))
            (radio("purpose", "private", &own.purpose, t("個人として", "For private use")))
        }
        (field(&FieldView { name: "name", label: t("名称・氏名", "Name"), hint: t("登記または身分証明書のとおりにご記入ください。", "As registered, or as on your identity document."), value: &own.name, autocomplete: "organization", ..FieldView::default() }))
        (field(&FieldView { name: "name_kana", label: t("フリガナ", "Reading in katakana"), value: &own.name_kana, ..FieldView::default() }))
        div.when-body {
            (optional("representative", t("代表者の氏名（法人・団体の方）", "Representative (corporations and bodies)"), "", &own.representative))
        }
    }
}

/// Writes where the customer is.
pub fn place(page: &Page, own: &RawParticulars) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("所在地・ご連絡先", "Address and phone")) }
        (field(&FieldView { name: "postal_code", label: t("郵便番号", "Postal code"), hint: t("7桁の数字です（例 100-0001）。", "7 digits, for example 100-0001."), value: &own.postal_code, autocomplete: "postal-code", ..FieldView::default() }))
        (select(&FieldView { name: "prefecture", label: t("都道府県", "Prefecture"), value: &own.prefecture, hint: t("日本国内の住所に限ります。", "Addresses in Japan only."), ..FieldView::default() }, &prefectures(page.language)))
        (field(&FieldView { name: "address", label: t("市区町村・番地・建物名", "City, street and building"), value: &own.address, autocomplete: "street-address", ..FieldView::default() }))
        (field(&FieldView { name: "phone", label: t("電話番号", "Phone"), kind: "tel", value: &own.phone, autocomplete: "tel", ..FieldView::default() }))
    }
}

/// Writes whom mail about the contract addresses.
pub fn contact(page: &Page, hint: &str, own: &RawParticulars) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("担当者", "Administrator")) }
        p.hint { (hint) }
        (field(&FieldView { name: "contact_name", label: t("氏名", "Name"), value: &own.contact_name, autocomplete: "name", ..FieldView::default() }))
        (field(&FieldView { name: "contact_email", label: t("メールアドレス", "E-mail"), kind: "email", value: &own.contact_email, autocomplete: "email", ..FieldView::default() }))
    }
}
