//! What the daily audit found: effects that are missing or doubled.

use axum::extract::State;
use ciero_domain::contract::FindingKind;
use ciero_domain::groups::DESKS;
use ciero_pages::Section;
use ciero_ports::AuditReport;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{contract_link, empty, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, fact, moment, notice};

/// Shows the report of the newest run.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(DESKS)?;
    let page = &console.page;
    let report = app.console.reports.report().await?;
    let title = page.t("照合", "Audit");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "毎日、契約ごとに「あるべき請求・通知・更新」を計算し直し、実際の記録と照らし合わせています。",
            "Every day what should exist for each contract is worked out again and compared with what does.",
        )) }
        (found(page, &report))
    };
    Ok(page.show(Section::Audit, title, &content))
}

fn found(page: &Page, report: &AuditReport) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let Some(at) = report.at else {
        return empty(t(
            "照合はまだ行われていません。",
            "The audit has not run yet.",
        ));
    };
    let heads = [
        t("契約", "Contract"),
        t("内容", "Finding"),
        t("対象", "About"),
    ];
    let rows = report.findings.iter().map(|(contract, finding)| {
        vec![
            contract_link(contract, contract.as_str()),
            html! { (kind(page, finding.kind)) },
            html! { code { (finding.about) } },
        ]
    });
    html! {
        dl.facts {
            (fact(t("照合した日時", "When"), &moment(l, at)))
            (fact(t("照合した契約", "Contracts"), &report.contracts))
            (fact(t("不一致", "Findings"), &(report.missing + report.doubled)))
        }
        @if report.findings.is_empty() {
            (notice(Tone::Ok, &html! { p { (t("不一致はありません。", "Nothing is missing and nothing is doubled.")) } }))
        } @else {
            (table(&heads, &rows.collect::<Vec<_>>()))
        }
    }
}

fn kind(page: &Page, kind: FindingKind) -> &str {
    match kind {
        FindingKind::MissingEffect => page.t("あるべき処理がありません", "An effect is missing"),
        FindingKind::UnexpectedEffect => page.t(
            "理由のない処理があります",
            "An effect that no date explains",
        ),
        FindingKind::DoubledInvoice => page.t("二重の請求", "A term was billed twice"),
        FindingKind::NumberGap => page.t("番号の欠落", "A document's number is missing"),
        FindingKind::MissingTask => page.t("予定の欠落", "Work that is owed is in no list"),
        FindingKind::UnbilledFee => page.t(
            "販売店に請求していない料金",
            "A reseller's fee is on no invoice",
        ),
        FindingKind::UnknownReseller => page.t(
            "設定にない販売店の料金",
            "A fee of a reseller that the settings do not name",
        ),
    }
}
