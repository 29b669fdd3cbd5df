//! Open cases: what a person must look into, and the form that closes one (Art. 11, 13-1-2, 24).

use axum::extract::State;
use ciero_domain::contract::{Case, CaseKind};
use ciero_domain::groups::DESKS;
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, contract_link, empty, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::moment;

/// Shows the open cases, newest first.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(DESKS)?;
    let page = &console.page;
    let cases = app.console.cases.open_cases().await?;
    let title = page.t("対応事項", "Cases");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t("自動では解決できず、担当者の対応が必要な事項です。", "What the service cannot settle by itself and a person must look into.")) }
        @if cases.is_empty() { (empty(page.t("対応の必要な事項はありません。", "There is no open case."))) }
        @else { (list(page, &cases)) }
    };
    Ok(page.show(Section::Cases, title, &content))
}

fn list(page: &Page, cases: &[Case]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let heads = [
        t("発生日時", "Opened"),
        t("内容", "What"),
        t("契約", "Contract"),
        t("対象", "About"),
        t("完了", "Close"),
    ];
    let rows = cases.iter().map(|case| {
        let form = Form::new(
            page,
            format!("/console/cases/{}/closing", case.id),
            format!("case-{}", case.id),
        );
        let note = form.field("note", t("対応の内容", "What was done"), "text", "");
        vec![
            moment(page.language, case.opened_at),
            html! { (kind(page, case.kind)) },
            contract_link(&case.contract, case.contract.as_str()),
            html! { code { (case.about) } },
            form.inline(&note, &button("", t("完了にする", "Close"))),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

fn kind(page: &Page, kind: CaseKind) -> &str {
    match kind {
        CaseKind::LastReminderMissed => page.t(
            "最後の更新のお知らせを期限内に送れませんでした。お客様に直接ご連絡ください。",
            "The last reminder of the renewal could not be sent in time. Please contact the customer.",
        ),
        CaseKind::NoticeFailed => page.t(
            "通知が届きませんでした。電話や郵便など別の手段でご連絡ください。",
            "A notice did not arrive. Please use another way, for example telephone or letter.",
        ),
        CaseKind::CreditLeft => page.t(
            "終了した契約にお預かり金が残っています。お客様に振込先を確認し、返金してください。",
            "An ended contract has credit left. Please ask the customer where to pay it back to.",
        ),
        CaseKind::ChangeToReview => page.t(
            "登録事項の変更が確認を待っています。契約のページで、反映するかどうかを決めてください。",
            "A change of particulars waits. Please decide it on the contract's page.",
        ),
        CaseKind::AddressAbroad => page.t(
            "お客様から国外への移転のお知らせがありました（第17条第1項第10号）。お客様にご確認ください。",
            "The customer told of a move abroad (17-1-10). Please talk to the customer.",
        ),
        CaseKind::RescissionProposed => page.t(
            "解除の提案が、別の担当者の同意を待っています。契約のページで、同意するか提案の取下げを求めてください（第13条第1項）。",
            "A proposal to rescind waits for another operator (13-1). Please agree on the contract's page, or have it taken back.",
        ),
        CaseKind::PlanNotMet => page.t(
            "映像の保存期間がプランより短く設定されています。ストリームの設定を直してください。",
            "A stream keeps recordings for less than the plan. Please correct the stream's retention.",
        ),
        CaseKind::DemandFailed => page.t(
            "催告が届きませんでした。別の方法で催告し、記録してください。",
            "A demand did not arrive. Please demand in another way and record it.",
        ),
    }
}
