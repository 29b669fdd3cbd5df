//! The audit trail as people read it.

use std::collections::HashMap;

use ciero_domain::device::Camera;
use ciero_domain::entitlement::Rule;
use ciero_domain::staff_view::Ground;
use ciero_domain::user::User;
use ciero_ports::AuditRow;
use maud::{Markup, html};

use crate::page::Page;
use crate::pieces::moment;

/// How many rows a page shows.
pub const ROWS: u16 = 50;

/// Who reads the trail: customers see operators without their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Customer,
    Operator,
}

/// What identifiers stand for.
pub struct Names<'a> {
    users: HashMap<&'a str, &'a str>,
    cameras: HashMap<&'a str, &'a str>,
}

impl<'a> Names<'a> {
    /// Collects the names of a contract's people and cameras.
    pub fn of(users: &'a [User], cameras: &'a [Camera]) -> Self {
        Names {
            users: users
                .iter()
                .map(|u| (u.id.as_str(), u.name.as_str()))
                .collect(),
            cameras: cameras
                .iter()
                .map(|c| (c.id.as_str(), c.name.as_str()))
                .collect(),
        }
    }
}

/// Action, and what it is called in both languages.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("live", "ライブ視聴", "Watched live"),
    ("recording", "録画再生", "Played a recording"),
    ("intervals", "録画の一覧", "Looked at the timeline"),
    ("export_asked", "バックアップの申込み", "Asked for a backup"),
    ("export_ended", "バックアップの作成", "Made a backup"),
    ("export_fetched", "バックアップの取得", "Fetched a backup"),
    (
        "recordings_deleted",
        "録画の消去",
        "Deleted a camera's recordings",
    ),
    ("terms_accepted", "利用規約への同意", "Accepted the terms"),
    ("user_added", "ユーザの追加", "Added a user"),
    ("user_invited", "招待の再送", "Sent the invitation again"),
    ("user_removed", "ユーザの削除", "Removed a user"),
    ("rights_changed", "権限の変更", "Changed rights"),
    (
        "sessions_revoked",
        "全端末のサインアウト",
        "Signed out everywhere",
    ),
    ("device_registered", "機器の登録", "Registered a device"),
    (
        "device_code_made",
        "利用開始コードの発行",
        "Issued an activation code",
    ),
    ("device_activated", "機器の利用開始", "Activated a device"),
    ("device_retired", "機器の登録解除", "Retired a device"),
    (
        "contract_registered",
        "契約の登録",
        "Registered the contract",
    ),
    ("renewal_refused", "更新拒絶", "Refused the renewal"),
    ("contract_cancelled", "解約", "Cancelled the contract"),
    (
        "profile_corrected",
        "ご自身の情報の訂正",
        "Corrected the own data",
    ),
    (
        "address_change_asked",
        "メールアドレスの変更の申し出",
        "Asked for another e-mail address",
    ),
    (
        "address_changed",
        "メールアドレスの変更",
        "Changed the e-mail address",
    ),
    (
        "user_erased",
        "ユーザの個人情報の消去",
        "Erased a user's personal data",
    ),
    (
        "particulars_changed",
        "登録事項の変更のお知らせ",
        "Told of changed particulars",
    ),
    (
        "move_abroad_told",
        "国外への移転のお知らせ",
        "Told of a move abroad",
    ),
    (
        "staff_view_asked",
        "保守閲覧の申請",
        "Asked to look at video",
    ),
    (
        "staff_view_granted",
        "保守閲覧の承認",
        "Granted a look at video",
    ),
    (
        "staff_view_closed",
        "保守閲覧の取消し",
        "Closed a look at video",
    ),
    (
        "staff_live",
        "保守閲覧（ライブ）",
        "Looked at the live picture",
    ),
    (
        "staff_recording",
        "保守閲覧（録画）",
        "Looked at a recording",
    ),
    ("terms_published", "利用規約の公表", "Published terms"),
];

/// Writes rows of the trail, newest first.
pub fn table(page: &Page, rows: &[AuditRow], names: &Names, reader: Reader) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (when, who, what) = (t("日時", "When"), t("だれが", "Who"), t("操作", "What"));
    let (which, result) = (t("カメラ", "Camera"), t("結果", "Result"));
    html! {
        @if rows.is_empty() {
            div.empty { p { (t("まだ記録がありません。", "There is no record yet.")) } }
        } @else {
            table.list {
                thead { tr { @for head in [when, who, what, which, result] { th scope="col" { (head) } } } }
                tbody { @for row in rows { tr {
                    td data-label=(when) { (moment(l, row.at)) }
                    td data-label=(who) { (actor(page, row, names, reader)) }
                    td data-label=(what) { (action(page, &row.action)) (staff_view(page, row)) }
                    td data-label=(which) { (camera(row, names)) }
                    td data-label=(result) { (outcome(page, &row.outcome)) }
                } } }
            }
        }
    }
}

/// Tells for what staff looked at video, and at which time of it (21-7).
fn staff_view(page: &Page, row: &AuditRow) -> Markup {
    let text = |name: &str| row.detail[name].as_str();
    let time = |name: &str| text(name).and_then(|at| at.parse().ok());
    let ground = text("ground").and_then(Ground::parse);
    html! {
        @if let (true, Some(ground)) = (row.action.starts_with("staff_"), ground) {
            br; small { (page.t("目的：", "For: ")) (ground.sentence(page.language)) }
            @if let (Some(from), Some(to)) = (time("from"), time("to")) {
                br; small { (moment(page.language, from)) " – " (moment(page.language, to)) }
            }
        }
    }
}

fn actor<'a>(page: &Page, row: &'a AuditRow, names: &Names<'a>, reader: Reader) -> &'a str {
    let actor = row.actor.as_str();
    if let Some(name) = actor.strip_prefix("operator:") {
        return match reader {
            Reader::Operator => name,
            Reader::Customer if row.action.starts_with("staff_") => page
                .language
                .t("運営会社の保守担当", "The operator's support"),
            Reader::Customer => page.language.t("運営会社", "The operator"),
        };
    }
    if actor.starts_with("device:") {
        return page.language.t("機器", "The device");
    }
    names.users.get(actor).copied().unwrap_or(actor)
}

fn action<'a>(page: &Page, action: &'a str) -> &'a str {
    let mut actions = ACTIONS.iter().chain(crate::console_trail::ACTIONS);
    let known = actions.find(|(code, ..)| *code == action);
    known.map_or(action, |(_, ja, en)| page.language.t(ja, en))
}

fn camera<'a>(row: &'a AuditRow, names: &Names<'a>) -> &'a str {
    let Some(id) = &row.camera else {
        return "—";
    };
    names
        .cameras
        .get(id.as_str())
        .copied()
        .unwrap_or(id.as_str())
}

fn outcome<'a>(page: &Page, outcome: &'a str) -> &'a str {
    if ["granted", "done", "ok"].contains(&outcome) {
        return page.language.t("実行", "Done");
    }
    let rule = Rule::ALL.iter().find(|rule| rule.code() == outcome);
    rule.map_or(outcome, |rule| rule.sentence(page.language))
}
