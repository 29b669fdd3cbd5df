//! The forms of a case that its stage and its operator allow; the case itself decides in the end.

use ciero_domain::disclosure::{APPROVALS, ClosingCause, Disclosure, HoldState, Stage, Verdict};
use ciero_pages::{FieldView, Requirement, Ticked, checkbox, date_time, field, hidden, select};
use maud::{Markup, html};

use super::list_page::data_boxes;
use super::{Legal, place};

/// Writes every form that may be sent now.
pub fn all(legal: &Legal, case: &Disclosure) -> Markup {
    if case.stage() == Stage::Closed {
        return html! {};
    }
    let may_approve = !case.was_prepared_by(&legal.name);
    let has_approved = case.approvals.iter().any(|one| one.by == legal.name);
    let is_approved = case.approvals.len() >= APPROVALS;
    let has_video = !case.disclosed_recordings().is_empty();
    html! {
        (hold(legal, case))
        @if case.package.is_none() { (document(legal, case)) (judgement(legal, case)) }
        @if case.judgement.is_some() && !is_approved && may_approve && !has_approved {
            (button(legal, case, "approval", legal.t("この判断を承認する", "Approve this judgement")))
        }
        @if is_approved && has_video && case.video_approval.is_none() && may_approve {
            (button(legal, case, "video-approval", legal.t("映像の開示を承認する", "Approve the recordings")))
        }
        @if case.may_be_packaged().is_ok() {
            (button(legal, case, "package", legal.t("開示資料を作成する", "Make the package")))
        }
        @if case.package.is_some() && case.delivery.is_none() { (delivery(legal, case)) }
        @if !case.is_held() { (closing(legal, case)) }
    }
}

/// A form with nothing to fill in.
pub fn button(legal: &Legal, case: &Disclosure, command: &str, text: &str) -> Markup {
    html! {
        form.inline-form method="post" action={ (place(&case.id)) "/" (command) } data-enhance {
            (hidden("csrf", &legal.csrf))
            button.button.primary type="submit" { (text) }
        }
    }
}

fn text(legal: &Legal, name: &'static str, ja: &'static str, en: &'static str) -> Markup {
    let view = FieldView {
        name,
        label: legal.t(ja, en),
        ..FieldView::default()
    };
    field(&view)
}

fn hold(legal: &Legal, case: &Disclosure) -> Markup {
    match &case.hold {
        HoldState::None => button(
            legal,
            case,
            "hold",
            legal.t("この範囲を保全する", "Hold exactly this"),
        ),
        HoldState::InForce { release: None, .. } => html! {
            form.stack method="post" action={ (place(&case.id)) "/release" } data-enhance {
                (hidden("csrf", &legal.csrf))
                (text(legal, "reason", "保全を解除する理由", "Why the hold may end"))
                div.actions { button.button type="submit" { (legal.t("保全の解除を提案する", "Propose to release the hold")) } }
            }
        },
        HoldState::InForce {
            release: Some(proposed),
            ..
        } if proposed.by != legal.name => button(
            legal,
            case,
            "release/approval",
            legal.t("保全の解除に同意する", "Agree to release the hold"),
        ),
        HoldState::InForce { .. } | HoldState::Released { .. } => html! {},
    }
}

/// Without the script that sends forms in the background, because it carries a file.
fn document(legal: &Legal, case: &Disclosure) -> Markup {
    html! {
        form.stack method="post" action={ (place(&case.id)) "/documents" } enctype="multipart/form-data" {
            (hidden("csrf", &legal.csrf))
            div.field {
                label for="f-scan" { (legal.t("書面のスキャン", "Scan of the document")) }
                p.hint id="h-scan" { (legal.t("PDF、PNG、JPEG、TIFF。4MBまで。", "PDF, PNG, JPEG or TIFF, up to 4 MB.")) }
                input id="f-scan" name="scan" type="file" required aria-describedby="h-scan" accept=".pdf,.png,.jpg,.jpeg,.tif,.tiff";
            }
            div.actions { button.button type="submit" { (legal.t("書面を登録する", "Add the document")) } }
        }
    }
}

fn judgement(legal: &Legal, case: &Disclosure) -> Markup {
    let l = legal.language;
    let verdicts: Vec<_> = Verdict::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(l).to_owned()))
        .collect();
    let verdict = FieldView {
        name: "verdict",
        label: legal.t("判断", "Judgement"),
        ..FieldView::default()
    };
    html! {
        form.stack method="post" action={ (place(&case.id)) "/judgement" } data-enhance {
            (hidden("csrf", &legal.csrf))
            (select(&verdict, &verdicts))
            fieldset {
                legend { (legal.t("一部を開示する場合の範囲", "What is disclosed in part")) }
                (data_boxes(legal, &case.scope.data))
                @for (number, stretch) in case.scope.recordings.iter().enumerate() {
                    (checkbox(&format!("recording_{number}"), &html! { (stretch.camera) " " (date_time(l, stretch.from)) " – " (date_time(l, stretch.until)) }, Ticked::No))
                }
            }
            div.field {
                label for="f-judged" { (legal.t("理由", "Reason")) }
                textarea id="f-judged" name="reason" maxlength="1000" required {}
            }
            div.actions { button.button.primary type="submit" { (legal.t("判断を記録する", "Record the judgement")) } }
        }
    }
}

fn delivery(legal: &Legal, case: &Disclosure) -> Markup {
    let on = FieldView {
        name: "on",
        label: legal.t("交付日", "Delivered on"),
        kind: "date",
        ..FieldView::default()
    };
    html! {
        form.stack method="post" action={ (place(&case.id)) "/delivery" } data-enhance {
            (hidden("csrf", &legal.csrf))
            (field(&on))
            (text(legal, "method", "方法（手交、書留など）", "How, for example by hand or registered mail"))
            (text(legal, "recipient", "受領者", "To whom"))
            (text(legal, "acknowledged", "受領者が確認したSHA-256", "SHA-256 that the recipient acknowledged"))
            div.actions { button.button.primary type="submit" { (legal.t("交付を記録する", "Record the delivery")) } }
        }
    }
}

fn closing(legal: &Legal, case: &Disclosure) -> Markup {
    let causes: Vec<_> = ClosingCause::ALL
        .iter()
        .map(|one| {
            (
                one.code().to_owned(),
                one.sentence(legal.language).to_owned(),
            )
        })
        .collect();
    let cause = FieldView {
        name: "cause",
        label: legal.t("終了の理由", "Why the case ends"),
        ..FieldView::default()
    };
    let note = FieldView {
        name: "note",
        label: legal.t("メモ", "Note"),
        required: Requirement::Optional,
        ..FieldView::default()
    };
    html! {
        form.stack method="post" action={ (place(&case.id)) "/closing" } data-enhance {
            (hidden("csrf", &legal.csrf))
            (select(&cause, &causes))
            (field(&note))
            div.actions { button.button type="submit" { (legal.t("案件を終了する", "Close the case")) } }
        }
    }
}
