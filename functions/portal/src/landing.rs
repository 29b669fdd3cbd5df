//! The first page, the language switch, and the sign of life.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ciero_domain::Language;
use ciero_domain::particulars::FieldRule;
use ciero_pages::{Section, Visitor};
use ciero_runtime::Problem;
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::input::{Parameters, local_path};
use crate::page::{Page, PublicPage};

/// How long the choice of a language is kept, in seconds.
const A_YEAR: u32 = 31_536_000;

/// Tells that the function answers.
pub async fn healthz() -> &'static str {
    "ok"
}

/// Shows guests what the service is; whoever is signed in goes on to the own first page.
pub async fn landing(PublicPage(page): PublicPage) -> Response {
    match page.visitor {
        Visitor::Customer { .. } => Redirect::to("/cameras").into_response(),
        Visitor::Operator { .. } => Redirect::to("/console").into_response(),
        Visitor::Guest => first_page(&page).into_response(),
    }
}

fn first_page(page: &Page) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let title = t(
        "防犯カメラの映像を、日本国内で安全に",
        "Your cameras, recorded safely in Japan",
    );
    let content = html! {
        h1 { (title) }
        p.lead {
            (page.operator.service_name)
            (t(
                "は、防犯カメラの映像をインターネット経由で録画し、パソコンやスマートフォンからいつでも見られるようにするサービスです。映像の見られる人と期間は、カメラごとに決められます。",
                " records the pictures of your security cameras over the Internet and shows them on your computer or phone at any time. You decide camera by camera who may see what.",
            ))
        }
        div.actions {
            a.button.primary href="/apply" { (t("お申し込み", "Apply")) }
            a.button href="/sign-in" { (t("サインイン", "Sign in")) }
            a.button.quiet href="/prices" { (t("料金を見る", "See the prices")) }
        }
        ul.cards {
            li.card {
                h2 { (t("国内に保存", "Kept in Japan")) }
                p { (t("登録情報も映像も、日本国内の設備にだけ保存します。", "Registered data and video are stored in Japan only.")) }
            }
            li.card {
                h2 { (t("1年ごとの明快な料金", "One clear yearly price")) }
                p { (t("カメラ1台・1年ごとの料金です。満了日と更新拒絶期限は、いつも日付でお見せします。", "A price per camera and year. The expiry date and the last day to refuse renewal are always shown as dates.")) }
            }
            li.card {
                h2 { (t("欠落も見える録画", "Gaps are shown, too")) }
                p { (t("録画できなかった時間は、隠さず時間軸に示します。", "Times without a recording are shown on the timeline, never hidden.")) }
            }
        }
        p.muted.small {
            (t("運営会社の方は、", "For the operator's staff: "))
            a href="/console/sign-in" { (t("管理画面へのサインイン", "sign in to the console")) }
            (t("をご利用ください。", "."))
        }
    };
    page.show(Section::None, title, &content)
}

/// The choice of a language.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Choice {
    to: String,
    back: String,
}

/// Keeps the choice in a cookie and goes back to the page.
pub async fn language(
    State(app): State<App>,
    Parameters(choice): Parameters<Choice>,
) -> Result<Response, Problem> {
    if !["ja", "en"].contains(&choice.to.as_str()) {
        return Err(Problem::field("to", FieldRule::Choice));
    }
    let back = local_path(&choice.back).unwrap_or("/");
    let secure = if app.gate.settings.portal_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let tag = Language::from_tag(&choice.to).tag();
    let cookie = format!("lang={tag}; Path=/; Max-Age={A_YEAR}; SameSite=Lax{secure}");
    let header = |text: &str| HeaderValue::from_str(text).map_err(anyhow::Error::from);
    let headers = [
        (header::SET_COOKIE, header(&cookie)?),
        (header::LOCATION, header(back)?),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
