//! One disclosure case with everything that is known of it (21-4).

use axum::extract::State;
use ciero_domain::disclosure::{Disclosure, HoldCopy, HoldState, Judgement, Package, Scope};
use ciero_pages::{Section, date, date_time};
use ciero_runtime::Problem;
use maud::{Markup, html};

use super::history::{history, read_by};
use super::list_page::badge;
use super::{CasePath, Legal, forms, place};
use crate::App;

/// How many readings are listed.
const READINGS_SHOWN: u16 = 50;
/// How many pieces of a recording are listed.
const PIECES_SHOWN: u32 = 100;

/// Shows a case; the reading is noted first.
pub async fn show(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Markup, Problem> {
    let case = app.disclosure(&id).await?;
    app.note_reading(&legal.name, id.as_str(), legal.now)
        .await?;
    let entries = app.legal.disclosures.disclosure_history(&id).await?;
    let copies = app.legal.disclosures.hold_copies(&id).await?;
    let readings = app.confidential.readings(id.as_str(), READINGS_SHOWN);
    let readings = readings.await?;
    let title = legal.t("開示案件", "Disclosure case");
    let content = html! {
        p { a href="/console/disclosures" { (legal.t("← 開示の一覧", "← All cases")) } }
        h1 { (case.request.name) " " (badge(&legal, case.stage())) }
        p.muted.num { (case.id) }
        div.grid-2 {
            section.card { h2 { (legal.t("求め", "Request")) } (request(&legal, &case)) }
            section.card { h2 { (legal.t("求められた範囲", "Scope asked for")) } (scope(&legal, &case.scope)) (hold(&legal, &case, &copies)) }
        }
        (documents(&legal, &case))
        @if let Some(judgement) = &case.judgement { (judged(&legal, &case, judgement)) }
        @if let Some(package) = &case.package { (packed(&legal, &case, package)) }
        (forms::all(&legal, &case))
        (history(&legal, &entries))
        (read_by(&legal, &readings))
    };
    let path = place(&id);
    legal
        .page(&app, (Section::Disclosures, &path), title, &content)
        .await
}

fn request(legal: &Legal, case: &Disclosure) -> Markup {
    let (l, request) = (legal.language, &case.request);
    html! {
        dl.facts {
            dt { (legal.t("機関", "Requester")) } dd { (request.requester.sentence(l)) " " (request.name) " " (request.office) }
            dt { (legal.t("担当官", "Officer")) } dd { (request.officer) }
            dt { (legal.t("連絡先", "Contact")) } dd { (request.contact) }
            dt { (legal.t("根拠", "Legal basis")) } dd { (request.basis.sentence(l)) " " (request.statute) }
            dt { (legal.t("書面の番号", "Number of the document")) } dd { (request.document_number) }
            dt { (legal.t("受領日", "Received on")) } dd { (date(l, request.received_on)) }
            dt { (legal.t("契約番号", "Contract")) } dd { a href={ "/console/contracts/" (case.contract) } { (case.contract) } }
            dt { (legal.t("起案", "Opened")) } dd { (case.opened.by) " " (date_time(l, case.opened.at)) }
        }
    }
}

fn scope(legal: &Legal, scope: &Scope) -> Markup {
    let l = legal.language;
    html! {
        ul {
            @for kind in &scope.data { li { (kind.sentence(l)) } }
            @for stretch in &scope.recordings {
                li { (legal.t("録画 ", "Recording ")) (stretch.camera) " " (date_time(l, stretch.from)) " – " (date_time(l, stretch.until)) }
            }
        }
    }
}

fn hold(legal: &Legal, case: &Disclosure, copies: &[HoldCopy]) -> Markup {
    let l = legal.language;
    html! {
        h3 { (legal.t("保全", "Hold")) }
        p { @match &case.hold {
            HoldState::None => (legal.t("なし", "None")),
            HoldState::InForce { since, release } => {
                span class="badge ok" { (legal.t("有効", "In force")) } " " (date_time(l, *since))
                @if let Some(release) = release { " " (legal.t("解除の提案", "release proposed")) " " (release.by) }
            }
            HoldState::Released { at } => { (legal.t("解除", "Released")) " " (date_time(l, *at)) }
        } }
        @for copy in copies { (progress(legal, copy)) }
        @if case.is_held() && copies.iter().any(|copy| copy.completed_at.is_none()) {
            p.muted { (legal.t("複製が進まないときは、続きからやり直せます。", "A copy that stands still can be asked for again; it goes on where it stands.")) }
            (forms::button(legal, case, "hold/copies", legal.t("複製を続ける", "Go on with the copies")))
        }
    }
}

fn progress(legal: &Legal, copy: &HoldCopy) -> Markup {
    let l = legal.language;
    html! {
        div.card data-copy=(copy.order.stretch.camera) data-complete=[copy.completed_at] {
            p {
                (legal.t("録画の複製 ", "Copy of ")) (copy.order.stretch.camera) " "
                @match copy.completed_at {
                    Some(at) => { (legal.t("完了", "complete")) " " (date_time(l, at)) }
                    None => { (legal.t("複製中、ここまで：", "going on, so far until ")) (date_time(l, copy.read_until)) }
                }
            }
            p.num { (copy.pieces) (legal.t("ファイル、", " files, ")) (copy.fragments) (legal.t("フラグメント、", " fragments, ")) (copy.bytes) (legal.t("バイト", " bytes")) }
            @if !copy.gone.is_empty() {
                p { (legal.t("録画がない、またはすでに失われていた時間（秒）：", "Not recorded or already gone, in seconds: ")) (copy.gone_ms / 1000) }
                ul { @for (from, until) in &copy.gone { li { (date_time(l, *from)) " – " (date_time(l, *until)) } } }
            }
        }
    }
}

fn documents(legal: &Legal, case: &Disclosure) -> Markup {
    html! {
        h2 { (legal.t("求めの書面", "Documents of the request")) }
        @if case.documents.is_empty() { div.empty { p { (legal.t("書面はまだありません。", "There is no document yet.")) } } }
        ul { @for (number, document) in case.documents.iter().enumerate() {
            li { a href={ (place(&case.id)) "/files/document-" (number) } { (document.name) } " " (document.bytes) " " code { (document.sha256) } }
        } }
    }
}

fn judged(legal: &Legal, case: &Disclosure, judgement: &Judgement) -> Markup {
    let l = legal.language;
    html! {
        section.card {
            h2 { (legal.t("判断", "Judgement")) " " (judgement.verdict.sentence(l)) }
            (scope(legal, &judgement.scope))
            p { (judgement.reason) }
            @if let Some(by) = &case.judged { p.muted { (by.by) " " (date_time(l, by.at)) } }
            @for approval in &case.approvals {
                p { span class="badge ok" { (legal.t("承認", "Approved")) } " " (approval.by) " " (date_time(l, approval.at)) }
            }
            @if let Some(approval) = &case.video_approval {
                p { span class="badge ok" { (legal.t("映像の開示の承認", "Recordings approved")) } " " (approval.by) " " (date_time(l, approval.at)) }
            }
        }
    }
}

fn packed(legal: &Legal, case: &Disclosure, package: &Package) -> Markup {
    let files = format!("{}/files", place(&case.id));
    html! {
        section.card {
            h2 { (legal.t("開示資料", "Package")) }
            p { "SHA-256 " code #package-hash { (package.sha256) } }
            ul { @for (number, file) in package.files.iter().enumerate() {
                li { a href={ (files) "/package-" (number) } { (file.name) } " " (file.bytes) " " code { (file.sha256) } }
            } }
            @for (number, recording) in package.recordings.iter().enumerate() {
                p { (recording.stretch.camera) " " (recording.pieces) (legal.t("ファイル", " files")) }
                ul { @for piece in 1..=recording.pieces.min(PIECES_SHOWN) {
                    li { a href={ (files) "/recording-" (number) "-" (piece) } { (format!("{piece:06}.mkv")) } }
                } }
            }
            @if let Some(delivery) = &case.delivery {
                dl.facts {
                    dt { (legal.t("交付日", "Delivered on")) } dd { (date(legal.language, delivery.on)) }
                    dt { (legal.t("方法", "How")) } dd { (delivery.method) }
                    dt { (legal.t("受領者", "To")) } dd { (delivery.recipient) }
                    dt { (legal.t("交付者", "By")) } dd { (delivery.handed_by) }
                }
            }
        }
    }
}
