//! The application form: particulars, order, declarations and consent (3-1).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ciero_domain::application::{Application, RawApplication, State as Standing};
use ciero_domain::ids::ApplicationId;
use ciero_domain::prices::PriceList;
use ciero_domain::terms::TermsText;
use ciero_pages::{FieldView, Section, Ticked, checkbox, field, hidden, select, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::documents::{current_prices, current_terms};
use crate::input::Parameters;
use crate::page::{Page, PublicPage};
use crate::particulars_form;
use crate::pieces::days;

/// Which draft is to be changed; empty for a new application.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    draft: String,
}

/// Shows the form, filled in from a draft.
pub async fn form(
    State(app): State<App>,
    PublicPage(page): PublicPage,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, Problem> {
    let prices = current_prices(&app, &page).await?;
    let terms = current_terms(&app, &page).await?;
    let mut raw = RawApplication::default();
    if !asked.draft.is_empty() {
        let application = draft(&app, &asked.draft).await?;
        if application.state != Standing::Draft {
            let place = format!("/applications/{}", application.id);
            return Ok(Redirect::to(&place).into_response());
        }
        raw = filled_in(&application, &terms);
    }
    let title = page.t("お申し込み", "Application");
    let content = html! {
        h1 { (title) }
        (steps(&page, Step::Fill))
        p.lead { (page.t(
            "次の画面で内容と金額をご確認いただくまで、お申し込みは確定しません。「法人の方」のように書かれた項目は該当する方だけ、そのほかはすべてご記入ください。",
            "Nothing is sent before you have checked everything on the next screen. Every field is needed, except those marked for another kind of applicant.",
        )) }
        form.stack method="post" action="/applications" data-enhance {
            (page.token())
            (hidden("draft", &asked.draft))
            (hidden("terms_version", &terms.version.version))
            (particulars_form::customer(&page, page.t("お申し込みになる方", "Who applies"), &raw.particulars))
            (particulars_form::place(&page, &raw.particulars))
            (particulars_form::contact(&page, page.t("登録ユーザと機器を管理する方です。登録の完了後、この方にサインインのご案内をお送りします。", "The person who will manage users and devices. The invitation to sign in goes to this person once registration is complete."), &raw.particulars))
            (order(&page, &raw, &prices))
            (declarations(&page, &raw))
            (consent(&page, &raw, &terms))
            div.actions { button.button.primary type="submit" { (page.t("確認画面へ進む", "Continue to the confirmation")) } }
        }
    };
    Ok(page.show(Section::Apply, title, &content).into_response())
}

/// Finds a draft; an identifier that cannot be read is one that does not exist.
async fn draft(app: &App, id: &str) -> Result<Application, Problem> {
    let id = ApplicationId::parse(id).map_err(|_| Problem::not_found())?;
    let application = app.applications.application(&id).await?;
    application.ok_or_else(Problem::not_found)
}

fn filled_in(application: &Application, terms: &TermsText) -> RawApplication {
    let form = &application.form;
    let on = || "on".to_owned();
    // Consent is to a version: after a new one it must be given again.
    let same_terms = form.terms_version == terms.version.version;
    RawApplication {
        particulars: form.particulars.to_raw(),
        retention_days: form.order.retention_days.to_string(),
        cameras: form.order.cameras.to_string(),
        terms_version: form.terms_version.clone(),
        consent: same_terms.then(on).unwrap_or_default(),
        resident_in_japan: on(),
        no_transfer_regulation: on(),
        no_export_control: on(),
        not_antisocial: on(),
    }
}

/// Where an applicant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Fill,
    Confirm,
    Screening,
    Done,
}

/// Writes the progress of an application.
pub fn steps(page: &Page, at: Step) -> Markup {
    let names = [
        (Step::Fill, "入力", "Fill in"),
        (Step::Confirm, "確認", "Confirm"),
        (Step::Screening, "審査", "Screening"),
        (Step::Done, "登録完了", "Registered"),
    ];
    html! {
        ol.steps {
            @for (step, ja, en) in names {
                li aria-current=[(step == at).then_some("step")] { (page.t(ja, en)) }
            }
        }
    }
}

fn order(page: &Page, raw: &RawApplication, prices: &PriceList) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let ask = (
        String::new(),
        t("選んでください", "Please choose").to_owned(),
    );
    let plans = prices.plans.iter().filter_map(|plan| {
        let quote = prices.quote(plan.retention_days, 1)?;
        let price = yen(l, quote.total_yen);
        let text = format!(
            "{} — {}{price}{}",
            days(l, plan.retention_days.into()),
            t("税込", ""),
            t("（1台・1年）", " a camera and year, with tax")
        );
        Some((plan.retention_days.to_string(), text))
    });
    let options: Vec<(String, String)> = std::iter::once(ask).chain(plans).collect();
    html! {
        h2 { (t("ご注文", "Order")) }
        (select(&FieldView { name: "retention_days", label: t("録画の保存日数", "Recordings kept for"), value: &raw.retention_days, ..FieldView::default() }, &options))
        (field(&FieldView { name: "cameras", label: t("カメラの台数", "Number of cameras"), kind: "number", value: &raw.cameras, ..FieldView::default() }))
    }
}

fn declarations(page: &Page, raw: &RawApplication) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let all = [
        (
            "resident_in_japan",
            &raw.resident_in_japan,
            t(
                "日本国内に居住しています（法人・団体の場合は、日本国内に所在しています）。",
                "I live in Japan (a corporation or body: it is located in Japan).",
            ),
        ),
        (
            "no_transfer_regulation",
            &raw.no_transfer_regulation,
            t(
                "個人情報などの国外への移転を制限する法令の適用を受けません。",
                "No law that restricts the transfer of personal data abroad applies to me.",
            ),
        ),
        (
            "no_export_control",
            &raw.no_export_control,
            t(
                "外国為替及び外国貿易法、国際連合安全保障理事会の決議などによる取引・輸出の規制の対象ではありません。",
                "No export or trade control, such as under the Foreign Exchange and Foreign Trade Act or resolutions of the UN Security Council, applies to me.",
            ),
        ),
        (
            "not_antisocial",
            &raw.not_antisocial,
            t(
                "暴力団その他の反社会的勢力に属さず、いかなる関わりもありません。",
                "I do not belong to, and have no part in, organised crime or other antisocial forces.",
            ),
        ),
    ];
    html! {
        h2 { (t("表明していただくこと", "Declarations")) }
        div {
            @for (name, value, text) in all {
                (checkbox(name, &html! { (text) }, ticked(value)))
            }
        }
    }
}

fn consent(page: &Page, raw: &RawApplication, terms: &TermsText) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let label = html! {
        a href={ "/terms/" (terms.version.version) } target="_blank" { (t("利用規約", "The terms of service")) }
        (t("（", " (version ")) (terms.version.version) (t("版）を読み、同意します。", "): I have read them and agree."))
    };
    html! {
        h2 { (t("利用規約への同意", "Consent to the terms")) }
        div { (checkbox("consent", &label, ticked(&raw.consent))) }
    }
}

fn ticked(value: &str) -> Ticked {
    if ciero_domain::application::ticked(value) {
        Ticked::Yes
    } else {
        Ticked::No
    }
}
