//! The administrator's pages of users and devices.

use super::support::*;
use ciero_domain::deletion;
use ciero_domain::device::DeviceState;
use ciero_domain::ids::{ContractId, DeviceId, MessageId, UserId};
use ciero_domain::user::{Right, UserState};
use ciero_ports::AuditRow;
use ciero_runtime::Sealer;

async fn open(world: &World, path: &str) -> Answer {
    world.open(path, &world.customer(&administrator())).await
}

fn row(actor: &str, action: &str, outcome: &str) -> AuditRow {
    AuditRow {
        id: MessageId::from_random([1; 10]),
        at: noon(),
        contract: contract().id,
        actor: actor.into(),
        action: action.into(),
        camera: Some(camera(20, "").id),
        outcome: outcome.into(),
        detail: serde_json::json!({"secret": "not for customers"}),
    }
}

#[tokio::test]
async fn the_people_are_listed_with_the_form_that_adds_one() {
    let world = World::new().with(|w| w.users[1].acceptances.clear());
    open(&world, "/users").await.shows(&[
        "Hanako",
        "jiro@example.jp",
        "担当者",
        "規約の同意待ち",
        r#"action="/users""#,
        r#"name="attestation""#,
        "利用規約を周知し",
        r#"<option value="user" selected>"#,
    ]);
}

#[tokio::test]
async fn the_trail_names_people_and_cameras_but_neither_operators_nor_details() {
    let world = World::new().with(|w| {
        w.trail = vec![
            row(watcher().id.as_str(), "live", "granted"),
            row(watcher().id.as_str(), "recording", "outside_retention"),
            row("operator:suzuki", "contract_registered", "done"),
        ];
    });
    let answer = open(&world, "/users").await;
    answer.shows(&[
        "Jiro",
        "ライブ視聴",
        "Entrance",
        "保存期間を過ぎた時刻です。",
        "運営会社",
        "契約の登録",
    ]);
    answer.hides(&["suzuki", "not for customers"]);
    let id = administrator().id;
    open(&world, &format!("/users/{id}"))
        .await
        .shows(&["まだ記録がありません"]);
}

#[tokio::test]
async fn rights_are_set_camera_by_camera() {
    let world = World::new().with(|w| {
        w.users[1] = watcher()
            .with_rights(camera(20, "").id, &[Right::View], noon())
            .unwrap();
    });
    let id = watcher().id;
    open(&world, &format!("/users/{id}")).await.shows(&[
        &format!(r#"action="/users/{id}/rights""#),
        &format!(r#"name="camera" value="{}""#, camera(20, "").id),
        r#"name="view" value="on" checked"#,
        r#"name="play_back" value="on">"#,
        r#"name="export""#,
        r#"name="share""#,
        "2026年6月1日 12:00",
        &format!(r#"action="/users/{id}/invitation""#),
        &format!(r#"name="user" value="{id}""#),
        &format!(r#"action="/users/{id}/removal""#),
        "元に戻すことはできません",
        r#"href="/terms/2026-04-01""#,
    ]);
}

#[tokio::test]
async fn an_administrator_has_no_rights_to_set_and_a_removed_person_no_forms() {
    let world = World::new().with(|w| w.users[1].state = UserState::Removed);
    let id = administrator().id;
    let answer = open(&world, &format!("/users/{id}")).await;
    answer
        .shows(&["すべての権限を持ちます"])
        .hides(&["/rights"]);
    let id = watcher().id;
    let answer = open(&world, &format!("/users/{id}")).await;
    answer
        .shows(&["削除済み"])
        .hides(&["/rights", "/removal", "/invitation"]);
}

#[tokio::test]
async fn people_and_devices_that_are_unknown_unreadable_or_anothers_are_the_same_404() {
    let world = World::new().with(|w| {
        let mut stranger = person(12, "Stranger", ciero_domain::user::Role::User);
        stranger.contract = ContractId::from_random([7; 10]);
        w.users.push(stranger);
    });
    let user = |n| format!("/users/{}", UserId::from_random([n; 10]));
    let device = format!("/devices/{}", DeviceId::from_random([9; 10]));
    let first = open(&world, &user(12)).await;
    assert_eq!(first.status, 404);
    for path in [
        user(9),
        "/users/nonsense".into(),
        device,
        "/devices/nonsense".into(),
    ] {
        let answer = open(&world, &path).await;
        assert_eq!((answer.status, &answer.body), (404, &first.body), "{path}");
    }
}

#[tokio::test]
async fn devices_are_listed_with_the_form_that_registers_one() {
    open(&World::new(), "/devices").await.shows(&[
        "Entrance",
        "SN-0020",
        "〒100-0001 東京都Chiyoda 1-1",
        "1 / 2",
        r#"action="/devices""#,
        r#"<option value="MC-100">MC-100 — 見本カメラ"#,
        "個人情報の保護に関する法律",
        r#"name="attestation""#,
    ]);
}

#[tokio::test]
async fn at_the_limit_of_the_contract_the_form_gives_way_to_what_can_be_done() {
    let full = World::new().with(|w| w.cameras.push(camera(21, "Second")));
    open(&full, "/devices")
        .await
        .shows(&["2 / 2", "ご契約の台数に達しています"])
        .hides(&[r#"name="serial""#]);
    let retired = full.with(|w| w.cameras[1].retired_at = Some(noon()));
    open(&retired, "/devices")
        .await
        .shows(&["1 / 2", r#"name="serial""#]);
    let before_start = World::new().with(|w| w.now = at("2026-03-30T00:00:00Z"));
    open(&before_start, "/devices")
        .await
        .shows(&["1 / 2", r#"name="serial""#]);
}

#[tokio::test]
async fn the_code_is_printed_with_the_command_until_it_expires() {
    let world = World::new();
    let id = world.devices[0].id.clone();
    let path = format!("/devices/{id}");
    let code = Sealer::new(&settings()).device_code(&id, at("2026-06-03T00:00:00Z"));
    let command = format!("iotbox run --service {PORTAL} --code {code}");
    open(&world, &path).await.shows(&[
        &command,
        "data-copy",
        "2026年6月3日 09:00",
        &format!(r#"action="{path}/code""#),
    ]);
    let late = world.with(|w| w.now = at("2026-06-03T00:00:00Z"));
    open(&late, &path)
        .await
        .shows(&["期限が切れました", "新しいコードを発行する"])
        .hides(&[&code, "data-copy"]);
}

#[tokio::test]
async fn a_device_in_use_and_a_retired_one_show_no_code() {
    let state = |state: DeviceState| World::new().with(|w| w.devices[0].state = state);
    let path = format!("/devices/{}", DeviceId::from_random([20; 10]));
    let active = state(DeviceState::Active {
        certificate_id: "c".into(),
        since: noon(),
    });
    open(&active, &path)
        .await
        .shows(&["利用を開始しています", "映像を見る", "/retirement"])
        .hides(&["--code"]);
    let retired = state(DeviceState::Retired { at: noon() });
    open(&retired, &path)
        .await
        .shows(&["登録は解除されています"])
        .hides(&["--code", "/retirement"]);
}

#[tokio::test]
async fn art_15_the_deletion_says_what_goes_and_is_confirmed_by_the_name() {
    let world = World::new();
    let path = format!("/cameras/{}/deletion", world.cameras[0].id);
    open(&world, &path).await.shows(&[
        "Entrance",
        "すべての録画です",
        "復元",
        "バックアップのファイルも消去します",
        r#"name="name""#,
        &format!(r#"action="{path}" data-enhance"#),
    ]);
    let answer = world.open(&path, &world.customer(&watcher())).await;
    assert_eq!(answer.status, 403);
    let other = format!("/cameras/{}/deletion", camera(99, "").id);
    assert_eq!(open(&world, &other).await.status, 404);
}

#[tokio::test]
async fn art_15_what_was_just_deleted_is_said_on_both_pages_and_offers_no_form() {
    let world = World::new().with(|w| w.cameras[0].since = noon() + deletion::HIDDEN);
    let place = format!("/cameras/{}", world.cameras[0].id);
    for path in [place.clone(), format!("{place}/deletion")] {
        open(&world, &path)
            .await
            .shows(&["録画の消去を受け付けました"])
            .hides(&[r#"name="name""#]);
    }
    let live = open(&world, &place).await;
    live.shows(&["data-live"]);
}

#[tokio::test]
async fn art_15_the_page_before_leaving_leads_to_all_that_can_be_done() {
    let world = World::new();
    let deletion = format!(r#"href="/cameras/{}/deletion""#, world.cameras[0].id);
    open(&world, "/contract/leaving").await.shows(&[
        r#"href="/exports""#,
        r#"href="/invoices""#,
        &deletion,
        r#"href="/users""#,
        r#"href="/contract/cancellation""#,
        "更新拒絶期限",
        "以降に消去し",
    ]);
    open(&world, "/contract")
        .await
        .shows(&[r#"href="/contract/leaving""#]);
}
