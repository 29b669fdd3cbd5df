//! The page of a camera.

use super::support::*;
use ciero_domain::contract::Standing;
use ciero_domain::ids::CameraId;
use ciero_domain::user::{Right, User};
use jiff::civil::date;

fn place() -> String {
    format!("/cameras/{}", camera(20, "").id)
}

fn with_rights(rights: &[Right]) -> World {
    World::new().with(|w| {
        let given = at("2026-05-20T00:00:00Z");
        w.users[1] = watcher()
            .with_rights(camera(20, "").id, rights, given)
            .unwrap();
    })
}

async fn page(world: &World, user: &User) -> Answer {
    world.open(&place(), &world.customer(user)).await
}

#[tokio::test]
async fn the_player_knows_the_camera_the_service_clock_and_what_may_be_seen() {
    let answer = page(&World::new(), &administrator()).await;
    answer.shows(&[
        &format!(r#"data-camera="{}""#, camera(20, "").id),
        r#"data-lang="ja""#,
        &format!(r#"data-now="{}""#, noon().as_millisecond()),
        r#"data-retention-hours="720""#,
        // The retention of 30 days is younger than the camera itself.
        &format!(
            r#"data-earliest="{}""#,
            at("2026-05-02T03:00:00Z").as_millisecond()
        ),
        "data-csrf=\"",
        "data-live",
        r#"class="date-jump""#,
        r#"class="timeline""#,
        r#"class="player-status""#,
        r#"src="/assets/hls.js" defer"#,
        r#"type="module" src="/assets/player.js""#,
        "Entrance",
    ]);
    answer.hides(&["data-at="]);
}

#[tokio::test]
async fn a_user_sees_nothing_from_before_the_right() {
    let world = with_rights(&[Right::View, Right::PlayBack]);
    let answer = page(&world, &watcher()).await;
    let given = at("2026-05-20T00:00:00Z").as_millisecond();
    answer.shows(&[
        &format!(r#"data-earliest="{given}""#),
        "2026年5月20日 09:00",
        "ライブ視聴、録画再生",
    ]);
    answer.hides(&["/devices/"]);
}

#[tokio::test]
async fn without_the_right_to_recordings_the_timeline_begins_now() {
    let answer = page(&with_rights(&[Right::View]), &watcher()).await;
    answer.shows(&[
        "data-live",
        &format!(r#"data-earliest="{}""#, noon().as_millisecond()),
    ]);
}

#[tokio::test]
async fn a_page_opens_at_the_time_that_is_asked_for() {
    let world = World::new();
    let cookie = world.customer(&administrator());
    let expected = format!(
        r#"data-at="{}""#,
        at("2026-05-31T00:00:00Z").as_millisecond()
    );
    for query in [
        "2026-05-31T09:00:00%2B09:00",
        "2026-05-31T09:00:00+09:00",
        "2026-05-31T00:00:00Z",
    ] {
        world
            .open(&format!("{}?at={query}", place()), &cookie)
            .await
            .shows(&[&expected]);
    }
    let answer = world
        .ask(&format!("{}?at=yesterday", place()), &cookie)
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (422, "invalid_fields".into())
    );
}

#[tokio::test]
async fn a_camera_that_is_unknown_unreadable_anothers_or_without_a_right_is_the_same_404() {
    let world = World::new();
    let cookie = world.customer(&watcher());
    let unknown = format!("/cameras/{}", CameraId::from_random([9; 10]));
    let without_right = world.open(&place(), &cookie).await;
    assert_eq!(without_right.status, 404);
    for path in [unknown.as_str(), "/cameras/nonsense"] {
        let answer = world.open(path, &cookie).await;
        assert_eq!(
            (answer.status, &answer.body),
            (404, &without_right.body),
            "{path}"
        );
    }
    let elsewhere =
        World::new().with(|w| w.contract.id = ciero_domain::ids::ContractId::from_random([7; 10]));
    assert_eq!(
        elsewhere.open(&place(), &cookie).await.body,
        without_right.body
    );
}

#[tokio::test]
async fn what_denies_the_live_picture_is_said_and_no_player_is_shown() {
    let suspended = World::new().with(|w| {
        w.contract.standing = Standing::Suspended {
            clause: "6-2".into(),
            since: noon(),
        }
    });
    page(&suspended, &administrator())
        .await
        .shows(&["ご利用は停止されています"])
        .hides(&["data-camera"]);
    let ended = World::new().with(|w| {
        w.contract.standing = Standing::Ended {
            on: date(2026, 5, 31),
            cause: ciero_domain::contract::TerminationCause::Expiry,
            at_once: false,
        }
    });
    page(&ended, &administrator())
        .await
        .shows(&["ご契約は終了しています"])
        .hides(&["data-camera"]);
    let early = World::new().with(|w| w.now = at("2026-03-30T00:00:00Z"));
    page(&early, &administrator())
        .await
        .shows(&["利用開始日の前です"])
        .hides(&["data-camera"]);
    let export_only = with_rights(&[Right::Export]);
    page(&export_only, &watcher())
        .await
        .shows(&["ライブ映像を見る権限がありません"])
        .hides(&["data-camera"]);
}

#[tokio::test]
async fn with_the_right_to_recordings_alone_the_page_opens_in_them() {
    let world = with_rights(&[Right::PlayBack]);
    let ago = at("2026-06-01T02:50:00Z").as_millisecond();
    let answer = page(&world, &watcher()).await;
    answer.shows(&[
        "ライブ映像を見る権限がありません",
        "data-camera",
        &format!(r#"data-at="{ago}""#),
    ]);
    answer.hides(&["data-live"]);
}

#[tokio::test]
async fn a_retired_cameras_recordings_stay_for_their_retention() {
    let world = World::new().with(|w| w.cameras[0].retired_at = Some(at("2026-05-25T00:00:00Z")));
    let answer = page(&world, &administrator()).await;
    answer
        .shows(&["登録を解除されています", "data-camera", "2026年5月25日"])
        .hides(&["data-live"]);
}
