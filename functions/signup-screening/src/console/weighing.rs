//! What a screener weighs: signals with their evidence, judgements, and who else has read them.

use ciero_domain::Language;
use ciero_domain::screening::{Evidence, Ground, Judgement, Reading, Signal};
use ciero_pages::date_time;
use maud::{Markup, html};

/// Shows a signal, and which names were compared where names were.
pub(super) fn signal(found: &Signal, language: Language) -> Markup {
    let tone = if found.ground == Ground::AntisocialForces {
        "signal bad"
    } else {
        "signal"
    };
    html! {
        div class=(tone) {
            strong { (found.kind.sentence(language)) }
            p { (found.note) }
            @if let Some(evidence) = &found.evidence { (names(evidence, language)) }
            p.muted { (found.ground.code()) " " (found.ground.sentence(language)) }
        }
    }
}

fn names(evidence: &Evidence, language: Language) -> Markup {
    let t = |ja, en| language.t(ja, en);
    let likeness = evidence.likeness_permille;
    html! {
        dl.facts {
            dt { (t("類似度", "Likeness")) }
            dd.num { (likeness / 10) "." (likeness % 10) "%" }
            dt { (t("リストと版", "List and version")) }
            dd { (evidence.list) " " (evidence.version) ": " (evidence.entry) }
            dt { (t("登録事項の名称", "Name in the particulars")) }
            dd { (evidence.given) " → " code { (evidence.given_form) } }
            dt { (t("リストの名称", "Name on the list")) }
            dd { (evidence.listed) " → " code { (evidence.listed_form) } }
        }
    }
}

/// Shows what one screener judged.
pub(super) fn judgement(judged: &Judgement, language: Language) -> Markup {
    let (tone, word) = if judged.approved {
        ("badge ok", language.t("承認", "Approve"))
    } else {
        ("badge bad", language.t("お断り", "Decline"))
    };
    html! {
        div.card {
            p { span class=(tone) { (word) } " " (judged.by) " " time datetime=(judged.at) { (date_time(language, judged.at)) } }
            @if let Some(ground) = judged.ground { p { (ground.code()) " " (ground.sentence(language)) } }
            @for line in judged.reason.lines() { p { (line) } }
        }
    }
}

/// Lists who read the reasons, newest first.
pub(super) fn read_by(readings: &[Reading], language: Language) -> Markup {
    html! {
        @if !readings.is_empty() {
            section.card {
                h2 { (language.t("閲覧の記録", "Who read this")) }
                ul {
                    @for reading in readings {
                        li { (reading.by) " " time datetime=(reading.at) { (date_time(language, reading.at)) } }
                    }
                }
            }
        }
    }
}
