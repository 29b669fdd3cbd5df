//! What a customer is told of an interruption of the service: ahead, that it is called off, and afterwards (8-1, 21-3).

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::interruption::{Interruption, Told};
use ciero_pages::date_time;

use super::layout::{paragraphs, table, to_contact};
use crate::letter::House;
use crate::texts::Text;

/// Returns the text; `None` for an announcement of what was called off or is over by now.
pub(crate) fn text(
    house: &House,
    contract: &Contract,
    one: &Interruption,
    told: Told,
) -> Option<Text> {
    let language = contract.language;
    let service = &house.operator.service_name;
    let is_over = one.called_off_at.or(one.ended_at).is_some();
    let (subject, opening) = match (told, language) {
        (Told::Ahead, _) if is_over => return None,
        (Told::Ahead, Language::Ja) => (
            "保守による停止のお知らせ",
            format!("保守のため、次のとおり{service}の提供を停止します。"),
        ),
        (Told::Ahead, Language::En) => (
            "Planned maintenance",
            format!("{service} will be interrupted for maintenance:"),
        ),
        (Told::CalledOff, Language::Ja) => (
            "保守の中止のお知らせ",
            "先にお知らせした次の保守は、行わないことになりました。停止はありません。".to_owned(),
        ),
        (Told::CalledOff, Language::En) => (
            "The planned maintenance is called off",
            "The maintenance that we announced will not take place. Nothing is interrupted."
                .to_owned(),
        ),
        (Told::Afterwards, Language::Ja) => (
            "停止が終わったことのお知らせ",
            format!("{service}の次の停止が終わりましたので、お知らせいたします。"),
        ),
        (Told::Afterwards, Language::En) => (
            "The interruption is over",
            format!("The following interruption of {service} is over."),
        ),
    };
    let facts = facts(language, one);
    let words = one.text.t(language).to_owned();
    let page = format!("{}/status", house.portal_url);
    let page = match language {
        Language::Ja => format!("稼働状況　{page}"),
        Language::En => format!("State of the service: {page}"),
    };
    let (latest, gaps) = match told {
        Told::Afterwards => {
            let latest = one.updates.last().map(|update| update.text.t(language));
            (latest.unwrap_or_default(), gaps(language))
        }
        Told::Ahead | Told::CalledOff => ("", ""),
    };
    let words = [words, latest.to_owned(), gaps.to_owned()];
    let body = paragraphs([opening, facts, paragraphs(words), page]);
    Some(to_contact(contract, subject, body))
}

fn facts(language: Language, one: &Interruption) -> String {
    let moment = |at| date_time(language, at);
    let (category, scope) = (
        one.category.sentence(language),
        one.scope.sentence(language),
    );
    let mut facts = vec![
        (language.t("区分", "Category"), category.to_owned()),
        (language.t("範囲", "Scope"), scope.to_owned()),
        (language.t("開始", "Start"), moment(one.starts_at)),
    ];
    let end = match (one.ended_at, one.planned_end) {
        (Some(end), _) => Some((language.t("終了", "End"), moment(end))),
        (None, Some(end)) => Some((language.t("終了予定", "Planned end"), moment(end))),
        (None, None) => None,
    };
    facts.extend(end);
    table(language, &facts)
}

/// 9, 8-2: what an interruption leaves behind.
fn gaps(language: Language) -> &'static str {
    language.t(
        "\
停止の間に録画できなかった時間帯は、カメラごとのページの時間軸に示しています。
停止を理由に、料金を差し引くことや契約期間を延ばすことはありません（利用規約第8条第2項）。",
        "\
Times that were not recorded are shown on the timeline of each camera's page.
An interruption neither reduces the fee nor extends the term (Article 8,
paragraph 2 of the terms).",
    )
}
