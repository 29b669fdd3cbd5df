//! What a customer is told of cameras that stopped recording, that record again, and whose recordings it deletes (2-8, 9, 15-2, 24).

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::device::Camera;
use ciero_domain::ids::CameraId;
use ciero_domain::watch::{Outage, Resumed, Trouble};
use ciero_pages::date_time;
use jiff::Timestamp;

use super::layout::{paragraphs, to_contact};
use crate::letter::House;
use crate::texts::Text;

/// The name that the customer gave a camera.
fn name<'a>(cameras: &'a [Camera], id: &'a CameraId) -> &'a str {
    let camera = cameras.iter().find(|camera| camera.id == *id);
    camera.map_or(id.as_str(), |camera| camera.name.as_str())
}

/// Says what is wrong, as far as it is seen from here.
pub(crate) fn trouble(language: Language, trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Offline => language.t("映像が届いていません", "nothing arrives"),
        Trouble::NotRecording => language.t(
            "接続していますが、現在の映像が録画されていません",
            "it is connected, but the present is not recorded",
        ),
        Trouble::Patchy => language.t("録画が途切れ途切れです", "the recording is in shreds"),
    }
}

/// The present of some cameras is not recorded.
pub(crate) fn stopped(
    house: &House,
    contract: &Contract,
    cameras: &[Camera],
    outages: &[Outage],
    seen_at: Timestamp,
) -> Text {
    let language = contract.language;
    let seen_at = date_time(language, seen_at);
    let line = |outage: &Outage| {
        let name = name(cameras, &outage.camera);
        let since = date_time(language, outage.since);
        let trouble = trouble(language, outage.trouble);
        match language {
            Language::Ja => format!("  {name}\n    {since} から　{trouble}"),
            Language::En => format!("  {name}\n    since {since}: {trouble}"),
        }
    };
    let list: Vec<String> = outages.iter().map(line).collect();
    let (many, list) = (outages.len(), list.join("\n"));
    let portal = &house.portal_url;
    let (subject, opening, advice) = match language {
        Language::Ja => (
            format!("録画が停止しています（カメラ {many}台）"),
            format!("次のカメラの録画が停止しています（{seen_at} 現在、日本時間）。"),
            format!(
                "\
この間の録画は残りません。カメラとIoTBoxの電源、LANケーブル、インターネット回線をご確認ください。
機器が映像をためている場合は、つながったあとに届いた分が録画に加わります。

録画が再開しましたら、あらためてお知らせします。同じ停止について、重ねてお知らせすることはありません。

カメラの状態　{portal}/cameras"
            ),
        ),
        Language::En => (
            format!("Recording has stopped (cameras: {many})"),
            format!("These cameras are not being recorded (as of {seen_at}, Japan time):"),
            format!(
                "\
There is no recording of this time. Please check the power of the camera and
its IoTBox, the LAN cable and the Internet line. What a device has kept
itself is added when it is connected again.

We will tell you when recording goes on, and do not write again about the
same outage.

State of your cameras: {portal}/cameras"
            ),
        ),
    };
    to_contact(contract, subject, paragraphs([opening, list, advice]))
}

/// Cameras record again whose outage was told.
pub(crate) fn resumed(
    house: &House,
    contract: &Contract,
    cameras: &[Camera],
    ends: &[Resumed],
) -> Text {
    let language = contract.language;
    let line = |end: &Resumed| {
        let name = name(cameras, &end.camera);
        let (since, again) = (
            date_time(language, end.since),
            date_time(language, end.again),
        );
        let lost = lost(language, end.lost_seconds);
        match language {
            Language::Ja => format!("  {name}\n    停止 {since}　再開 {again}　{lost}"),
            Language::En => {
                format!("  {name}\n    stopped {since}, recorded again from {again}; {lost}")
            }
        }
    };
    let list: Vec<String> = ends.iter().map(line).collect();
    let (many, list) = (ends.len(), list.join("\n"));
    let portal = &house.portal_url;
    let (subject, opening, gaps) = match language {
        Language::Ja => (
            format!("録画が再開しました（カメラ {many}台）"),
            "次のカメラの録画が再開しました（日本時間）。".to_owned(),
            format!(
                "録画のない時間帯は、カメラごとのページでご確認いただけます。\n\nカメラの状態　{portal}/cameras"
            ),
        ),
        Language::En => (
            format!("Recording goes on (cameras: {many})"),
            "These cameras are being recorded again (Japan time):".to_owned(),
            format!(
                "The page of each camera shows the times without a recording.\n\nState of your cameras: {portal}/cameras"
            ),
        ),
    };
    to_contact(contract, subject, paragraphs([opening, list, gaps]))
}

/// 15-2: the recordings of a camera are deleted, as the customer asked.
pub(crate) fn deleted(
    house: &House,
    contract: &Contract,
    cameras: &[Camera],
    camera: &CameraId,
    before: Timestamp,
) -> Text {
    let language = contract.language;
    let (name, portal) = (name(cameras, camera), &house.portal_url);
    let before = date_time(language, before);
    let (subject, opening, what, doubt) = match language {
        Language::Ja => (
            format!("録画の消去を受け付けました（{name}）"),
            format!("カメラ「{name}」の、{before}（日本時間）までの録画の消去を受け付けました。"),
            "これらの録画は、受け付けた時点からご覧いただけません。この録画から作成したバックアップの
ファイルも取得できなくなります。いずれも順次消去し、復元はできません（利用規約第9条、第15条第2項）。
受け付けから5分間の録画も、あわせてご覧いただけなくなります。その後の録画は続きます。",
            format!(
                "お心当たりのない場合は、お手数ですが下記までお知らせください。\n\nカメラの状態　{portal}/cameras"
            ),
        ),
        Language::En => (
            format!("We have received the deletion of recordings ({name})"),
            format!(
                "The recordings of camera \"{name}\" up to {before} (Japan time) are\ndeleted, as an administrator of your contract asked."
            ),
            "They can no longer be seen, and files of backups made from them can no
longer be fetched. Both are then erased and cannot be restored (Articles 9
and 15, paragraph 2 of the terms). Recordings of the five minutes after
the request go with them. Recording goes on after that.",
            format!(
                "If you did not expect this e-mail, please let us know.\n\nState of your cameras: {portal}/cameras"
            ),
        ),
    };
    to_contact(
        contract,
        subject,
        paragraphs([opening, what.to_owned(), doubt]),
    )
}

/// How much is missing; nothing if the device sent it later.
fn lost(language: Language, seconds: i64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match (seconds, language) {
        (0, Language::Ja) => "録画の欠落はありません".to_owned(),
        (0, Language::En) => "nothing is missing".to_owned(),
        (_, Language::Ja) => format!("録画のない時間 {minutes}分{rest}秒"),
        (_, Language::En) => format!("{minutes} min {rest} s are missing"),
    }
}
