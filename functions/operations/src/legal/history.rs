//! What happened to a case, and who read it.

use ciero_domain::disclosure::{Entry, Event};
use ciero_domain::screening::Reading;
use ciero_pages::date_time;
use maud::{Markup, html};

use super::Legal;

/// Writes the whole history, oldest first.
pub fn history(legal: &Legal, entries: &[Entry]) -> Markup {
    let l = legal.language;
    let heads = [
        legal.t("日時", "When"),
        legal.t("担当者", "Operator"),
        legal.t("内容", "What"),
    ];
    html! {
        h2 { (legal.t("経過", "History")) }
        table.list {
            thead { tr { @for head in heads { th scope="col" { (head) } } } }
            tbody { @for entry in entries { tr {
                td data-label=(heads[0]) { time datetime=(entry.at) { (date_time(l, entry.at)) } }
                td data-label=(heads[1]) { (entry.by) }
                td data-label=(heads[2]) { (told(legal, &entry.event)) }
            } } }
        }
    }
}

fn told(legal: &Legal, event: &Event) -> Markup {
    let l = legal.language;
    match event {
        Event::Opened(_) => html! { (legal.t("起案", "Opened")) },
        Event::DocumentAdded(document) => html! {
            (legal.t("書面の登録", "Document added")) " " (document.name) " " code { (document.sha256) }
        },
        Event::HoldPlaced => html! { (legal.t("保全", "Hold placed")) },
        Event::ReleaseProposed { reason } => html! {
            (legal.t("保全の解除の提案", "Release of the hold proposed")) " " (reason)
        },
        Event::HoldReleased => html! { (legal.t("保全の解除", "Hold released")) },
        Event::Judged(judgement) => html! {
            (legal.t("判断", "Judged")) " " (judgement.verdict.sentence(l)) " " (judgement.reason)
        },
        Event::Approved => html! { (legal.t("承認", "Approved")) },
        Event::VideoApproved => html! { (legal.t("映像の開示の承認", "Recordings approved")) },
        Event::Packaged(package) => html! {
            (legal.t("開示資料の作成", "Package made")) " " code { (package.sha256) }
        },
        Event::Delivered(delivery) => html! {
            (legal.t("交付", "Delivered")) " " (delivery.recipient) " " (delivery.method)
        },
        Event::Closed(closing) => html! {
            (legal.t("終了", "Closed")) " " (closing.cause.sentence(l)) " " (closing.note)
        },
    }
}

/// Lists who read the case, newest first.
pub fn read_by(legal: &Legal, readings: &[Reading]) -> Markup {
    html! {
        section.card {
            h2 { (legal.t("閲覧の記録", "Who read this")) }
            ul { @for reading in readings {
                li { (reading.by) " " time datetime=(reading.at) { (date_time(legal.language, reading.at)) } }
            } }
        }
    }
}
