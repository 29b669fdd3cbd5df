//! The list of disclosure cases, and the form that opens one (21-4).

use axum::extract::State;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::disclosure::{DataKind, Disclosure, LegalBasis, RequesterKind, Stage};
use ciero_pages::{
    FieldView, Requirement, Section, Ticked, checkbox, date_time, field, hidden, select,
};
use ciero_runtime::Problem;
use maud::{Markup, html};

use super::{Legal, place};
use crate::App;

/// Shows every case, what is not closed first.
pub async fn show(legal: Legal, State(app): State<App>) -> Result<Markup, Problem> {
    app.note_reading(&legal.name, "disclosures", legal.now)
        .await?;
    let mut cases = app.legal.disclosures.disclosures().await?;
    cases.sort_by_key(|case| {
        (
            case.stage() == Stage::Closed,
            std::cmp::Reverse(case.opened.at),
        )
    });
    let breaches = app.legal.disclosures.breaches().await?;
    let today = tokyo_date(legal.now.0);
    let clocks = breaches.iter().flat_map(|breach| breach.clocks());
    let overdue = clocks.filter(|clock| clock.is_overdue(today)).count();
    let title = legal.t("開示", "Disclosure");
    let content = html! {
        h1 { (title) }
        p.lead { (legal.t(
            "法令に基づく開示の求めの記録です（第21条第4項）。法務担当者のほかには、存在も知られません。閲覧は記録されます。",
            "Requests for disclosure under law (21-4). Nobody outside the legal desk learns that they exist. Every reading is recorded.",
        )) }
        @if overdue > 0 {
            div.notice.bad { p {
                a href="/console/breaches" { (legal.t("期限を過ぎた漏えい等の報告があります：", "Reports of breaches are overdue: ")) (overdue) }
            } }
        }
        @if cases.is_empty() { div.empty { p { (legal.t("案件はまだありません。", "There are no cases yet.")) } } }
        @else { (table(&legal, &cases)) }
        h2 { (legal.t("案件を起案する", "Open a case")) }
        (form(&legal))
    };
    let place = (Section::Disclosures, "/console/disclosures");
    legal.page(&app, place, title, &content).await
}

fn table(legal: &Legal, cases: &[Disclosure]) -> Markup {
    let l = legal.language;
    let heads = [
        legal.t("受付", "Opened"),
        legal.t("求めた機関", "Requester"),
        legal.t("契約", "Contract"),
        legal.t("保全", "Hold"),
        legal.t("状態", "Stage"),
    ];
    html! {
        table.list {
            thead { tr { @for head in heads { th scope="col" { (head) } } } }
            tbody { @for case in cases { tr {
                td data-label=(heads[0]) { time datetime=(case.opened.at) { (date_time(l, case.opened.at)) } }
                td data-label=(heads[1]) { a href=(place(&case.id)) { (case.request.name) " " (case.request.document_number) } }
                td data-label=(heads[2]) { (case.contract) }
                td data-label=(heads[3]) { @if case.is_held() { (legal.t("保全中", "In force")) } @else { "—" } }
                td data-label=(heads[4]) { (badge(legal, case.stage())) }
            } } }
        }
    }
}

/// Writes a stage as a badge whose tone says whether something is to be done.
pub fn badge(legal: &Legal, stage: Stage) -> Markup {
    let tone = match stage {
        Stage::Open | Stage::Judged | Stage::Approved | Stage::Packaged => "warn",
        Stage::Delivered => "ok",
        Stage::Closed => "info",
    };
    html! { span class={ "badge " (tone) } { (stage.sentence(legal.language)) } }
}

fn form(legal: &Legal) -> Markup {
    let l = legal.language;
    let view = |name, ja, en| FieldView {
        name,
        label: legal.t(ja, en),
        ..FieldView::default()
    };
    let requesters: Vec<_> = RequesterKind::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(l).to_owned()))
        .collect();
    let bases: Vec<_> = LegalBasis::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(l).to_owned()))
        .collect();
    let statute = FieldView {
        required: Requirement::Optional,
        hint: legal.t(
            "その他の法令の場合は必ず記入してください。",
            "Needed where the basis is another statute.",
        ),
        ..view(
            "statute",
            "法令名と条項、補足",
            "Statute and article, remarks",
        )
    };
    let received = FieldView {
        kind: "date",
        ..view("received_on", "受領日", "Received on")
    };
    html! {
        form.stack method="post" action="/console/disclosures" data-enhance {
            (hidden("csrf", &legal.csrf))
            (field(&view("contract", "契約番号", "Contract")))
            (select(&view("requester", "求めた機関の種類", "Kind of requester"), &requesters))
            (field(&view("name", "機関名", "Name")))
            (field(&view("office", "部署", "Office")))
            (field(&view("officer", "担当官", "Officer")))
            (field(&view("contact", "連絡先", "Contact")))
            (select(&view("basis", "根拠", "Legal basis"), &bases))
            (field(&statute))
            (field(&view("document_number", "書面の番号", "Number of the document")))
            (field(&received))
            fieldset {
                legend { (legal.t("求められた登録情報", "Registered data asked for")) }
                (data_boxes(legal, DataKind::ALL))
            }
            div.field {
                label for="f-recordings" { (legal.t("求められた録画", "Recordings asked for")) }
                p.hint id="h-recordings" {
                    (legal.t("1行に1つ、カメラ番号・開始・終了を日本時間で記入します。例：", "One in a line: camera, beginning and end in Tokyo time. Example: "))
                    code { "k-0123456789abcdef 2026-06-01T09:00 2026-06-01T10:00" }
                }
                textarea id="f-recordings" name="recordings" rows="3" aria-describedby="h-recordings" {}
            }
            (checkbox("hold", &html! { (legal.t("この範囲を直ちに保全する", "Hold exactly this at once")) }, Ticked::Yes))
            div.actions { button.button.primary type="submit" { (legal.t("起案する", "Open")) } }
        }
    }
}

/// One box for each kind of data.
pub fn data_boxes(legal: &Legal, kinds: &[DataKind]) -> Markup {
    html! {
        @for kind in kinds {
            (checkbox(&format!("data_{kind}"), &html! { (kind.sentence(legal.language)) }, Ticked::No))
        }
    }
}
