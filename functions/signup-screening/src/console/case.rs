//! One application with everything that a screener weighs, and the forms to decide and to register.

use axum::extract::{Path, State as Shared};
use ciero_domain::Language;
use ciero_domain::application::{Application, State};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::documents::Operator;
use ciero_domain::screening::{Ground, Screening};
use ciero_pages::{FieldView, date_time, field, hidden, select};
use ciero_runtime::{Moment, Problem};
use maud::{Markup, html};

use super::{Screener, badge, facts, weighing};
use crate::App;

/// How many readings of the reasons are listed.
const READINGS_SHOWN: u16 = 20;

/// Shows an application; the reading of its reasons is noted (3-4).
pub(crate) async fn detail(
    Shared(app): Shared<App>,
    screener: Screener,
    Path(id): Path<String>,
    now: Moment,
) -> Result<Markup, Problem> {
    let application = app.application(&id).await?;
    if application.state == State::Draft {
        // A draft was not applied for.
        return Err(Problem::not_found());
    }
    let screening = app.confidential.screening(&application.id).await?;
    if screening.is_some() {
        let what = application.id.as_str();
        app.note_reading(&screener.name, what, now).await?;
    }
    let readings = app
        .confidential
        .readings(application.id.as_str(), READINGS_SHOWN)
        .await?;
    let operator = app.documents.operator().await?.unwrap_or_default();
    let language = screener.language;
    let title = &application.form.particulars.name;
    let content = html! {
        p { a href="/console/applications" { (language.t("← 申込みの一覧", "← Applications")) } }
        h1 { (title) " " (badge(application.state, language)) }
        p.muted.num { (application.id) }
        div.grid-2 {
            section.card { h2 { (language.t("登録事項", "Particulars")) } (facts::particulars(&application, language)) }
            section.card { h2 { (language.t("お申込みの内容", "What is applied for")) } (facts::order_facts(&application, language)) }
        }
        (weighed(screening.as_ref(), language))
        @match (application.state, &screening) {
            (State::Screening, Some(screening)) => (decision_form(&application, screening, &screener)),
            (State::Approved, _) => (registration_form(&application, &screener, &operator, now)),
            _ => {}
        }
        (outcome(&application, language))
        (weighing::read_by(&readings, language))
    };
    let path = format!("/console/applications/{}", application.id);
    screener.page(&app, &path, title, &content).await
}

/// Shows the signals and the judgements so far.
fn weighed(screening: Option<&Screening>, language: Language) -> Markup {
    let Some(screening) = screening else {
        return html! {
            div.notice.info { p { (language.t("自動の照合を待っています。数分後にもう一度開いてください。", "The checks are under way. Please open this page again in a few minutes.")) } }
        };
    };
    html! {
        section {
            h2 { (language.t("照合の結果", "Signals")) }
            p.muted {
                (language.t("照合は判断の材料です。自動でお断りすることはありません。", "A signal is something to weigh. Nothing is declined automatically."))
                " " time datetime=(screening.checked_at) { (date_time(language, screening.checked_at)) }
            }
            @if screening.signals.is_empty() {
                div.signal.ok { p { (language.t("該当するものはありませんでした。", "The checks found nothing.")) } }
            }
            @for found in &screening.signals { (weighing::signal(found, language)) }
            @if !screening.judgements.is_empty() {
                h2 { (language.t("これまでの判断", "Judgements so far")) }
                @for judged in &screening.judgements { (weighing::judgement(judged, language)) }
            }
        }
    }
}

fn decision_form(application: &Application, screening: &Screening, screener: &Screener) -> Markup {
    let language = screener.language;
    let first = screening.judgements.first();
    let grounds: Vec<(String, String)> = std::iter::once((String::new(), String::new()))
        .chain(Ground::ALL.iter().map(|ground| {
            let text = format!("{} {}", ground.code(), ground.sentence(language));
            (ground.code().to_owned(), text)
        }))
        .collect();
    let ground = FieldView {
        name: "ground",
        label: language.t("お断りの根拠（第3条第4項）", "Ground of a refusal (3-4)"),
        hint: language.t("お断りする場合は必ず選んでください。", "Needed to decline."),
        required: ciero_pages::Requirement::Optional,
        ..FieldView::default()
    };
    html! {
        section.card {
            h2 { (language.t("判断", "Decision")) }
            @if screening.needs_two() {
                div.notice.warn { p {
                    (language.t("反社会的勢力等に関わるため、承認にも、この根拠（3-4-2）によるお断りにも、二人の審査担当者の同意と、それぞれの理由が必要です。", "This bears on antisocial forces: two screeners must agree, each with a reason, to approve and also to decline on that ground (3-4-2)."))
                    @if let Some(first) = first { " " (language.t("一人目の判断：", "First judgement by: ")) (first.by) }
                } }
            }
            form.stack method="post" action={ "/console/applications/" (application.id) "/decision" } data-enhance {
                (hidden("csrf", &screener.csrf))
                fieldset {
                    legend { (language.t("判断", "Decision")) }
                    label.choice { input type="radio" name="decision" value="approve" required; span { (language.t("承認する", "Approve")) } }
                    label.choice { input type="radio" name="decision" value="decline"; span { (language.t("お断りする", "Decline")) } }
                }
                (select(&ground, &grounds))
                div.field {
                    label for="f-reason" { (language.t("理由（社外秘）", "Reason (confidential)")) }
                    p.hint id="h-reason" { (language.t("お断りする場合と、二人の同意が必要な場合は必ず記入してください。申込者には伝わりません。", "Needed to decline, and where two must agree. The applicant never sees it.")) }
                    textarea id="f-reason" name="reason" maxlength="2000" aria-describedby="h-reason" {}
                }
                div.actions { button.button.primary type="submit" { (language.t("判断を確定する", "Decide")) } }
            }
        }
    }
}

fn registration_form(
    application: &Application,
    screener: &Screener,
    operator: &Operator,
    now: Moment,
) -> Markup {
    let language = screener.language;
    let today = tokyo_date(now.0).to_string();
    let start = FieldView {
        name: "start",
        kind: "date",
        label: language.t("利用開始日", "Start date"),
        hint: language.t(
            "本日から1年以内。契約はこの日から1年間で、自動で更新されます。",
            "Within a year from today. The contract runs for a year from this day and renews itself.",
        ),
        value: &today,
        ..FieldView::default()
    };
    let reseller = FieldView {
        name: "reseller",
        label: language.t("販売店", "Reseller"),
        hint: language.t(
            "販売店を通じた契約では、料金を販売店にまとめて請求し、お客様には請求しません（第6条第2項）。",
            "Through a reseller, the reseller is billed for all its customers, and the customer is not (6-2).",
        ),
        required: ciero_pages::Requirement::Optional,
        ..FieldView::default()
    };
    let direct = (
        String::new(),
        language
            .t("なし（直接のご契約）", "None (direct contract)")
            .to_owned(),
    );
    let resellers = operator
        .resellers
        .iter()
        .map(|known| (known.code.clone(), known.name.clone()));
    let resellers: Vec<(String, String)> = std::iter::once(direct).chain(resellers).collect();
    html! {
        section.card {
            h2 { (language.t("登録", "Registration")) }
            p { (language.t("登録を完了すると契約が成立し、担当者に招待のメールが届きます。", "Completing the registration forms the contract and invites the administrator by mail.")) }
            form.stack method="post" action={ "/console/applications/" (application.id) "/registration" } data-enhance {
                (hidden("csrf", &screener.csrf))
                (field(&start))
                @if resellers.len() > 1 { (select(&reseller, &resellers)) }
                div.actions { button.button.primary type="submit" { (language.t("登録を完了する", "Complete the registration")) } }
            }
        }
    }
}

/// Shows what the applicant learns, and the contract once there is one.
fn outcome(application: &Application, language: Language) -> Markup {
    html! {
        section.card {
            h2 { (language.t("申込者に伝わること", "What the applicant learns")) }
            p { (language.t("結果だけです。お断りの場合のメールと状況ページは、根拠や理由によらず一字一句同じで、根拠も理由も記載しません。", "The outcome only. If declined, the mail and the status page are the same to the letter whatever the ground or reason, and state neither.")) }
            p { a href={ "/applications/" (application.id) } { (language.t("申込者の状況ページを開く", "Open the applicant's status page")) } }
            @if let Some(contract) = &application.contract {
                p { a href={ "/console/contracts/" (contract) } { (language.t("契約を開く", "Open the contract")) } }
            }
        }
    }
}
