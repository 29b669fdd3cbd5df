//! A refused request as a page, for browsers that posted a form without script.

use ciero_domain::Language;
use maud::{Markup, html};

use crate::{Frame, Section, Visitor, frame};

/// Shows a problem: its sentence, the refused fields, what can be done instead, and the way back.
pub fn problem_page(
    language: Language,
    status: u16,
    code: &str,
    detail: &str,
    fields: &[(String, String)],
    instead: Option<&str>,
) -> Markup {
    let title = language.t("お手続きできませんでした", "This could not be done");
    let content = html! {
        h1 { (title) }
        div.notice.bad role="alert" {
            p { (detail) }
            @if !fields.is_empty() {
                ul { @for (field, sentence) in fields { li { code { (field) } " " (sentence) } } }
            }
        }
        p.muted { (language.t("ブラウザの「戻る」で、入力した内容のまま戻れます。", "Your browser's Back button returns to the form with what you entered.")) }
        p.muted.num { (status) " · " (code) }
        div.actions {
            @if let Some(page) = instead {
                a.button.primary href=(page) { (language.t("代わりのお手続きへ", "What you can do instead")) }
            }
            @if status == 401 {
                a.button.primary href="/sign-in" { (language.t("サインイン", "Sign in")) }
            } @else {
                a.button href="/" { (language.t("はじめのページへ", "To the first page")) }
            }
        }
    };
    let data = Frame {
        language,
        service_name: "",
        company: "",
        title,
        visitor: Visitor::Guest,
        section: Section::None,
        path: "/",
        csrf: "",
        scripts: &[],
    };
    frame(&data, &content)
}
