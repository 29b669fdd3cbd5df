//! What stands before every page of a customer, and the pages of cameras and contract.

use super::support::*;
use ciero_domain::contract::Standing;
use ciero_domain::ids::UserId;
use ciero_domain::user::{Right, UserState};
use jiff::civil::date;

const PAGES: [&str; 11] = [
    "/cameras",
    "/contract",
    "/contract/refusal",
    "/contract/cancellation",
    "/contract/explanation",
    "/invoices",
    "/invoices/1",
    "/notices",
    "/users",
    "/devices",
    "/cameras/k-0000000000000000",
];

#[tokio::test]
async fn without_a_session_every_page_leads_to_sign_in() {
    let world = World::new();
    for path in PAGES {
        let answer = world.open(path, "").await;
        let place = format!("/sign-in?back={}", path.replace('/', "%2F"));
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, place.as_str())
        );
        let answer = world.ask(path, "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "sign_in_needed".into())
        );
    }
}

#[tokio::test]
async fn an_old_a_revoked_and_an_operators_session_lead_to_sign_in() {
    let world = World::new();
    let cookie = world.customer(&administrator());
    let later = world.clone().with(|w| w.now = at("2026-06-02T03:00:00Z"));
    assert_eq!(
        later.ask("/cameras", &cookie).await.code(),
        "session_expired"
    );
    let revoked = world
        .clone()
        .with(|w| w.users[0].sessions_after = at("2026-06-01T04:00:00Z"));
    assert_eq!(
        revoked.ask("/cameras", &cookie).await.code(),
        "session_expired"
    );
    let removed = world
        .clone()
        .with(|w| w.users[0].state = UserState::Removed);
    assert_eq!(
        removed.ask("/cameras", &cookie).await.code(),
        "session_expired"
    );
    assert_eq!(
        world
            .ask("/cameras", &world.staff(&["screener"]))
            .await
            .code(),
        "sign_in_needed"
    );
}

#[tokio::test]
async fn whoever_has_not_accepted_the_terms_is_sent_to_them_from_every_page() {
    let world = World::new().with(|w| w.users[0].acceptances.clear());
    let cookie = world.customer(&administrator());
    for path in PAGES {
        let answer = world.open(path, &cookie).await;
        let place = format!("/welcome?back={}", path.replace('/', "%2F"));
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, place.as_str())
        );
        let answer = world.ask(path, &cookie).await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "terms_not_accepted".into())
        );
    }
}

#[tokio::test]
async fn the_welcome_page_shows_the_terms_in_force_and_asks_for_acceptance() {
    let world = World::new().with(|w| {
        w.users[1].acceptances.clear();
        w.terms.push(terms("2026-07-01"));
    });
    let answer = world
        .open("/welcome?back=/cameras/k-1", &world.customer(&watcher()))
        .await;
    answer.shows(&[
        r#"action="/terms-acceptance""#,
        r#"name="version" value="2026-04-01""#,
        r#"name="back" value="/cameras/k-1""#,
        "第1条",
        "Jiro 様",
    ]);
    let answer = world
        .open("/welcome?back=//evil.example", &world.customer(&watcher()))
        .await;
    answer.shows(&[r#"name="back" value="/cameras""#]);
}

#[tokio::test]
async fn whoever_has_accepted_any_version_is_not_asked_again() {
    let world =
        World::new().with(|w| w.users[1].acceptances[0].terms_version = "2020-04-01".into());
    let answer = world
        .open("/welcome?back=/cameras", &world.customer(&watcher()))
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/cameras")
    );
    assert_eq!(
        world
            .open("/cameras", &world.customer(&watcher()))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_user_sees_exactly_the_cameras_on_which_a_right_is_held() {
    let world = World::new().with(|w| {
        w.cameras.push(camera(21, "Warehouse"));
        let id = w.cameras[1].id.clone();
        w.users[1] = watcher()
            .with_rights(id, &[Right::PlayBack], noon())
            .unwrap();
    });
    let answer = world.open("/cameras", &world.customer(&watcher())).await;
    answer
        .shows(&["Warehouse"])
        .hides(&["Entrance", "/devices"]);
    let answer = world
        .open("/cameras", &world.customer(&administrator()))
        .await;
    answer.shows(&["Warehouse", "Entrance", "開始待ち", "30日"]);
}

#[tokio::test]
async fn an_empty_page_of_cameras_says_what_to_do() {
    let world = World::new().with(|w| w.cameras.clear());
    let answer = world
        .open("/cameras", &world.customer(&administrator()))
        .await;
    answer.shows(&["機器を登録する"]);
    let answer = world.open("/cameras", &world.customer(&watcher())).await;
    answer
        .shows(&["担当者にお問い合わせください"])
        .hides(&["機器を登録する"]);
}

#[tokio::test]
async fn the_contract_shows_its_dates_and_what_is_left() {
    let world = World::new();
    let answer = world
        .open("/contract", &world.customer(&administrator()))
        .await;
    answer.shows(&[
        contract().id.as_str(),
        "2026年3月25日 10:00",
        "2026年4月1日",
        "2027年3月31日",
        "2027年3月1日",
        "残り304日",
        "あと273日",
        "39,600円",
        "自動で更新",
        "/terms/2026-04-01",
    ]);
}

async fn dates_at(now: &str, expected: &[&str]) {
    let world = World::new().with(|w| w.now = at(now));
    let answer = world
        .open("/contract", &world.customer(&administrator()))
        .await;
    answer.shows(expected);
}

#[tokio::test]
async fn art_11_the_dates_follow_the_day_in_tokyo() {
    dates_at(
        "2027-03-01T14:59:59Z",
        &["本日24時まで受け付けます", "2027年3月31日"],
    )
    .await;
    dates_at(
        "2027-03-01T15:00:00Z",
        &["今期の受付は終了しました", "2027年3月31日"],
    )
    .await;
    dates_at("2027-03-31T14:59:59Z", &["残り1日"]).await;
    dates_at(
        "2027-03-31T15:00:00Z",
        &["2027年4月1日", "2028年3月31日", "2028年3月1日"],
    )
    .await;
    dates_at("2026-03-30T00:00:00Z", &["開始まで2日", "2027年3月31日"]).await;
}

#[tokio::test]
async fn a_suspended_and_an_ended_contract_say_so() {
    let world = World::new().with(|w| {
        w.contract.standing = Standing::Suspended {
            clause: "6-2".into(),
            since: noon(),
        }
    });
    world
        .open("/contract", &world.customer(&administrator()))
        .await
        .shows(&["ご利用を停止しています"]);
    let world = World::new().with(|w| {
        w.contract.standing = Standing::Ended {
            on: date(2026, 5, 31),
            cause: ciero_domain::contract::TerminationCause::Expiry,
            at_once: false,
        }
    });
    world
        .open("/contract", &world.customer(&administrator()))
        .await
        .shows(&["契約は終了しています", "2026年5月31日"]);
}

#[tokio::test]
async fn only_an_administrator_manages() {
    let world = World::new();
    let user = UserId::from_random([10; 10]);
    let device = &world.devices[0].id;
    for path in [
        "/contract".to_owned(),
        "/contract/refusal".to_owned(),
        "/contract/cancellation".to_owned(),
        "/contract/explanation".to_owned(),
        "/invoices".to_owned(),
        "/invoices/1".to_owned(),
        "/notices".to_owned(),
        "/users".to_owned(),
        format!("/users/{user}"),
        "/devices".to_owned(),
        format!("/devices/{device}"),
    ] {
        let answer = world.ask(&path, &world.customer(&watcher())).await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "not_administrator".into()),
            "{path}"
        );
    }
}
