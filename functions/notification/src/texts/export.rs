//! What the person who asked for an export is told at its end (9, 15-2).

use ciero_domain::Language;
use ciero_domain::device::Camera;
use ciero_domain::export::Failure;
use ciero_domain::user::User;

use super::layout::paragraphs;
use crate::letter::House;
use crate::texts::Text;

/// The export is complete, or came to nothing.
pub(crate) fn ended(
    house: &House,
    user: &User,
    camera: Option<&Camera>,
    failure: Option<Failure>,
    gaps: u32,
) -> Text {
    let language = user.language;
    let data = language.t("登録データ", "Registered data");
    let what = camera.map_or(data, |camera| camera.name.as_str());
    let portal = &house.portal_url;
    let (subject, outcome) = match (failure, language) {
        (Some(why), Language::Ja) => (
            "バックアップを作成できませんでした",
            format!(
                "{what} のバックアップを作成できませんでした。\n{}",
                why.sentence(language)
            ),
        ),
        (Some(why), Language::En) => (
            "Your backup could not be made",
            format!(
                "The backup \"{what}\" could not be made.\n{}",
                why.sentence(language)
            ),
        ),
        (None, Language::Ja) => (
            "バックアップが完成しました",
            format!(
                "{what} のバックアップが完成しました。7日間、次のページから取得できます。\n\n{portal}/exports"
            ),
        ),
        (None, Language::En) => (
            "Your backup is complete",
            format!(
                "The backup \"{what}\" is complete. Fetch it within 7 days here:\n\n{portal}/exports"
            ),
        ),
    };
    let missing = match (gaps, language) {
        (0, _) => String::new(),
        (many, Language::Ja) => format!(
            "この範囲には、録画のない時間帯が{many}か所あります。詳細は manifest.json に記載しています。"
        ),
        (many, Language::En) => format!(
            "The span has times without a recording: {many}. The file manifest.json\nlists them."
        ),
    };
    let no_restore = language.t(
        "バックアップから、サービスに録画やデータを復元することはできません（利用規約第9条）。",
        "Nothing can be restored to the service from a backup (Article 9 of the terms).",
    );
    Text {
        subject: subject.to_owned(),
        addressee: user.name.clone(),
        body: paragraphs([outcome, missing, no_restore.to_owned()]),
    }
}
