//! The applicant's own page: the confirmation screen of a draft, later the outcome and never a reason (3-4).

use axum::extract::State;
use ciero_domain::application::{Application, State as Standing};
use ciero_domain::ids::ApplicationId;
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::apply::{Step, steps};
use crate::confirmation;
use crate::input::Segment;
use crate::page::{Page, PublicPage};
use crate::pieces::{Tone, cameras, days, fact, moment, notice};

/// Shows an application to whoever knows its identifier.
pub async fn show(
    State(app): State<App>,
    PublicPage(page): PublicPage,
    Segment(id): Segment,
) -> Result<Markup, Problem> {
    let id = ApplicationId::parse(&id).map_err(|_| Problem::not_found())?;
    let application = app.applications.application(&id).await?;
    let application = application.ok_or_else(Problem::not_found)?;
    match application.state {
        Standing::Draft => confirmation::screen(&app, &page, &application).await,
        _ => Ok(status(&page, &application)),
    }
}

fn status(page: &Page, application: &Application) -> Markup {
    let title = page.t("お申し込みの状況", "Your application");
    let content = html! {
        h1 { (title) }
        @match application.state {
            Standing::Draft | Standing::Submitted | Standing::Screening => (received(page, application)),
            Standing::Approved => (approved(page, application)),
            Standing::Registered => (registered(page)),
            Standing::Declined => (declined(page)),
            Standing::Withdrawn => (withdrawn(page)),
        }
    };
    page.show(Section::Apply, title, &content)
}

fn received(page: &Page, application: &Application) -> Markup {
    html! {
        (steps(page, Step::Screening))
        (notice(Tone::Info, &html! {
            p { strong { (page.t("お申し込みを受け付け、審査しています。", "Your application has arrived and is being screened.")) } }
            p { (page.t(
                "結果はメールでお知らせします。このページでもご確認いただけますので、アドレスを控えておいてください。",
                "You will be told by mail. You can also look here: please keep the address of this page.",
            )) }
        }))
        (what_was_asked(page, application))
        (withdrawal(page, application))
    }
}

fn approved(page: &Page, application: &Application) -> Markup {
    html! {
        (steps(page, Step::Screening))
        (notice(Tone::Ok, &html! {
            p { strong { (page.t("お申し込みを承認しました。", "Your application has been approved.")) } }
            p { (page.t(
                "当社で登録の手続きを進めています。契約は登録が完了した時点で成立し、それまで料金は発生しません。",
                "We are completing the registration. The contract is formed when it is complete; no fee is due before.",
            )) }
        }))
        (what_was_asked(page, application))
        (withdrawal(page, application))
    }
}

fn registered(page: &Page) -> Markup {
    html! {
        (steps(page, Step::Done))
        (notice(Tone::Ok, &html! {
            p { strong { (page.t("登録が完了し、契約が成立しました。", "Registration is complete and the contract is formed.")) } }
            p { (page.t(
                "利用開始日、満了日、更新拒絶期限はメールでお知らせしました。担当者の方は、サインイン後の「ご契約」でもご確認いただけます。",
                "The start date, the expiry date and the last day to refuse renewal were sent by mail. The administrator also finds them under “Contract” after signing in.",
            )) }
        }))
        div.actions { a.button.primary href="/sign-in?back=/contract" { (page.t("サインイン", "Sign in")) } }
    }
}

/// The same text for every ground; nothing of the application stands on it (3-4, D-03).
fn declined(page: &Page) -> Markup {
    html! {
        (notice(Tone::Plain, &html! {
            p { (page.t(
                "誠に申し訳ございませんが、今回のお申し込みはお受けできませんでした。審査の内容や理由についてのお問い合わせには、お答えしておりません。何とぞご了承ください。",
                "We are sorry that we cannot accept this application. We do not answer questions about the screening or its reasons. We ask for your understanding.",
            )) }
        }))
    }
}

fn withdrawn(page: &Page) -> Markup {
    html! {
        (notice(Tone::Plain, &html! {
            p { (page.t("このお申し込みは取り下げられました。", "This application has been withdrawn.")) }
        }))
        div.actions { a.button href="/apply" { (page.t("新しく申し込む", "Apply anew")) } }
    }
}

fn what_was_asked(page: &Page, application: &Application) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let quote = &application.confirmation.quote;
    html! {
        h2 { (t("お申し込みの内容", "What you applied for")) }
        dl.facts {
            (fact(t("受付番号", "Reference"), &application.id.as_str()))
            @if let Some(at) = application.submitted_at {
                (fact(t("受付日時", "Received"), &moment(l, at)))
            }
            (fact(t("お申し込みになった方", "Applicant"), &application.form.particulars.name))
            (fact(t("カメラ", "Cameras"), &cameras(l, quote.cameras.into())))
            (fact(t("録画の保存日数", "Recordings kept for"), &days(l, quote.retention_days.into())))
            (fact(t("1年間の料金（税込）", "A year's fee, with tax"), &yen(l, quote.total_yen)))
        }
    }
}

fn withdrawal(page: &Page, application: &Application) -> Markup {
    html! {
        h2 { (page.t("お申し込みの取下げ", "Withdrawing")) }
        p { (page.t("登録が完了するまでは、費用なしで取り下げられます。取り下げたお申し込みは元に戻せません。", "Until registration is complete you may withdraw at no cost. This cannot be undone.")) }
        form method="post" action={ "/applications/" (application.id) "/withdrawal" } data-enhance {
            (page.token())
            div.actions { button.button.danger type="submit" { (page.t("申し込みを取り下げる", "Withdraw the application")) } }
        }
    }
}
