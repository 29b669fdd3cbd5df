//! The first page after the first sign-in: the terms in force, to be accepted before anything is shown (1-1).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ciero_pages::{Section, hidden};
use ciero_runtime::Problem;
use maud::html;
use serde::Deserialize;

use crate::App;
use crate::documents::{current_terms, terms_text};
use crate::input::{Parameters, local_path};
use crate::page::NewcomerPage;
use crate::pieces::{Tone, day, notice};

/// Where to go after accepting.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Back {
    back: String,
}

/// Shows the terms in force and the form that accepts them.
pub async fn welcome(
    State(app): State<App>,
    NewcomerPage { page, user }: NewcomerPage,
    Parameters(asked): Parameters<Back>,
) -> Result<Response, Problem> {
    let back = local_path(&asked.back).unwrap_or("/cameras");
    if user.accepted_terms() {
        return Ok(Redirect::to(back).into_response());
    }
    let terms = current_terms(&app, &page).await?;
    let t = |ja, en| page.t(ja, en);
    let title = t("ご利用の前に", "Before you begin");
    let content = html! {
        h1 { (user.name) (t(" 様", "")) (t("、ようこそ", ", welcome")) }
        p.lead { (t(
            "映像をご覧になる前に、現在の利用規約をお読みいただき、同意をお願いします。同意の日時と版を記録します。",
            "Before you can watch, please read the terms in force and agree to them. The version and the time are recorded.",
        )) }
        div.actions { a.button href="#accept" { (t("同意欄へ進む", "To the consent")) } }
        p.muted {
            (t("版 ", "Version ")) (terms.version.version) " · "
            (t("適用開始日 ", "in force from ")) (day(page.language, terms.version.effective_from))
        }
        (terms_text(&page, &terms))
        section.card #accept {
            h2 { (t("利用規約への同意", "Consent to the terms")) }
            (notice(Tone::Info, &html! { p { (t(
                "同意いただけない場合は、右上からサインアウトしてください。映像は表示されません。",
                "If you do not agree, please sign out. No picture will be shown.",
            )) } }))
            form.stack method="post" action="/terms-acceptance" data-enhance {
                (page.token())
                (hidden("version", &terms.version.version))
                (hidden("back", back))
                div.actions { button.button.primary type="submit" { (t("利用規約に同意する", "I agree to the terms")) } }
            }
        }
    };
    Ok(page.show(Section::None, title, &content).into_response())
}
