//! The handler with mocked ports.
#![allow(clippy::unwrap_used)]

mod art_21;

use std::sync::Mutex;

use ciero_domain::Language;
use ciero_domain::contract::Standing;
use ciero_domain::ids::{ContractId, UserId};
use ciero_domain::staff_view::Pictures;
use ciero_domain::user::{Acceptance, NewUser, Role as UserRole, User};
use ciero_ports::{
    CloudError, MockAudit, MockChance, MockPeople, MockPlayback, MockStaffViews, MockViewing,
    StaffSeen,
};
use ciero_runtime::testing;
use jiff::civil::date;

use super::*;

const CAMERA: &str = "k-0000000000000000";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-06-01T03:00:00Z")
}

fn seen() -> Seen {
    let (contract, _) = ciero_domain::samples::contract(date(2026, 4, 1));
    let person = NewUser {
        id: UserId::from_random([0; 10]),
        name: "花子".into(),
        email: "hanako@example.jp".into(),
        role: UserRole::Administrator,
        language: Language::Ja,
    };
    let mut user = User::add(
        contract.id.clone(),
        person,
        None,
        at("2026-04-01T00:00:00Z"),
    );
    user.acceptances.push(Acceptance {
        terms_version: "2026-04-01".into(),
        at: at("2026-04-01T00:00:00Z"),
        channel: "portal".into(),
    });
    let camera = ciero_domain::samples::camera(&contract.id, at("2026-05-31T00:00:00Z"));
    Seen {
        contract,
        user,
        camera,
    }
}

/// Calls the router and returns status, body, and the outcomes that were written to the audit trail.
async fn call(
    path: &str,
    body: Value,
    seen: Option<Seen>,
    playback: MockPlayback,
) -> (u16, Value, Vec<String>) {
    let rows = Arc::new(Mutex::new(Vec::new()));
    let mut people = MockPeople::new();
    let user = seen
        .as_ref()
        .map_or_else(|| self::seen().user, |seen| seen.user.clone());
    people
        .expect_user()
        .returning(move |_, _| Ok(Some(user.clone())));
    let mut viewing = MockViewing::new();
    viewing
        .expect_seen()
        .returning(move |_, _, _| Ok(seen.clone()));
    let mut audit = MockAudit::new();
    let kept = rows.clone();
    audit.expect_append().returning(move |row| {
        kept.lock().unwrap().push(row.outcome.clone());
        Ok(())
    });
    let mut chance = MockChance::new();
    chance.expect_id().returning(|| [9; 10]);
    let gate = testing::gate(people);
    let session = testing::customer(
        &ContractId::from_random([0; 10]),
        &UserId::from_random([0; 10]),
        Moment(now()),
    );
    let app = App {
        gate: gate.clone(),
        viewing: Arc::new(viewing),
        staff_views: Arc::new(MockStaffViews::new()),
        playback: Arc::new(playback),
        audit: Arc::new(audit),
        chance: Arc::new(chance),
    };
    let (status, body) = testing::post(
        router(app),
        &gate,
        Some(&session),
        Moment(now()),
        path,
        &body,
    )
    .await;
    let rows = rows.lock().unwrap().clone();
    (status, body, rows)
}

fn plays() -> MockPlayback {
    let mut playback = MockPlayback::new();
    playback
        .expect_session()
        .withf(|_, _, lives| *lives == ADDRESS_SECONDS)
        .returning(|_, _, _| Ok("https://media.example.jp/hls".into()));
    playback
}

fn live_path() -> String {
    format!("/cameras/{CAMERA}/live")
}

fn recording_path() -> String {
    format!("/cameras/{CAMERA}/recording")
}

#[tokio::test]
async fn an_entitled_person_gets_a_session_and_the_view_is_written_down() {
    let (status, body, rows) = call(&live_path(), json!({}), Some(seen()), plays()).await;
    assert_eq!(status, 200);
    assert_eq!(body["url"], "https://media.example.jp/hls");
    assert_eq!(body["expires_at"], "2026-06-01T03:05:00Z");
    assert_eq!(rows, ["granted"]);
}

#[tokio::test]
async fn a_denial_names_its_rule_opens_no_session_and_is_written_down() {
    let mut suspended = seen();
    suspended.contract.standing = Standing::Suspended {
        clause: "6-2".into(),
        since: now(),
    };
    let (status, body, rows) = call(
        &live_path(),
        json!({}),
        Some(suspended),
        MockPlayback::new(),
    )
    .await;
    assert_eq!((status, body["code"].as_str().unwrap()), (403, "suspended"));
    assert_eq!(rows, ["suspended"]);
}

#[tokio::test]
async fn a_person_who_has_not_accepted_the_terms_sees_nothing() {
    let mut unaccepted = seen();
    unaccepted.user.acceptances.clear();
    let (status, body, _) = call(
        &live_path(),
        json!({}),
        Some(unaccepted),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (403, "terms_not_accepted")
    );
}

#[tokio::test]
async fn another_customers_camera_and_one_that_does_not_exist_get_the_same_bytes() {
    let mut foreign = seen();
    foreign.camera.contract = ContractId::from_random([8; 10]);
    let (status, foreign, _) =
        call(&live_path(), json!({}), Some(foreign), MockPlayback::new()).await;
    let (missing_status, missing, _) =
        call(&live_path(), json!({}), None, MockPlayback::new()).await;
    let (garbled_status, garbled, _) =
        call("/cameras/none/live", json!({}), None, MockPlayback::new()).await;
    assert_eq!((status, missing_status, garbled_status), (404, 404, 404));
    assert_eq!(foreign.to_string(), missing.to_string());
    assert_eq!(foreign.to_string(), garbled.to_string());
}

#[tokio::test]
async fn a_time_outside_retention_or_before_the_camera_is_refused() {
    let ask = |start: &str, end: &str| json!({ "start": start, "end": end });
    let (status, body, _) = call(
        &recording_path(),
        ask("2026-04-01T00:00:00Z", "2026-04-01T00:10:00Z"),
        Some(seen()),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (403, "outside_retention")
    );
    let (status, body, _) = call(
        &recording_path(),
        ask("2026-05-30T00:00:00Z", "2026-05-30T00:10:00Z"),
        Some(seen()),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (403, "before_grant")
    );
    let (status, body, _) = call(
        &recording_path(),
        ask("2026-06-01T01:00:00Z", "2026-06-01T00:00:00Z"),
        Some(seen()),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (422, "time_invalid")
    );
}

#[tokio::test]
async fn a_body_that_is_no_json_or_no_time_is_refused() {
    let (status, body, _) = call(
        &recording_path(),
        json!({ "start": "yesterday", "end": "today" }),
        Some(seen()),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (400, "malformed_body")
    );
    let path = format!("/cameras/{CAMERA}/intervals");
    let (status, body, _) = call(
        &path,
        json!({ "date": "2026-02-30" }),
        Some(seen()),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (422, "invalid_fields")
    );
}

#[tokio::test]
async fn a_camera_without_pictures_is_told_apart_from_a_fault() {
    let mut offline = MockPlayback::new();
    offline
        .expect_session()
        .returning(|_, _, _| Err(PlaybackError::NoPictures));
    let (status, body, _) = call(&live_path(), json!({}), Some(seen()), offline).await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (409, "camera_offline")
    );
    let mut faulty = MockPlayback::new();
    faulty.expect_session().returning(|_, _, _| {
        Err(PlaybackError::Cloud(CloudError {
            service: "kinesisvideo",
            detail: "down".into(),
        }))
    });
    let (status, body, _) = call(&live_path(), json!({}), Some(seen()), faulty).await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (503, "unavailable")
    );
}

#[tokio::test]
async fn the_stretches_of_a_day_begin_with_the_camera_and_end_now() {
    let mut playback = MockPlayback::new();
    playback
        .expect_intervals()
        .withf(|_, from, to, _| *from == at("2026-05-31T15:00:00Z") && *to == now())
        .returning(|_, from, _, _| {
            Ok(vec![Interval {
                start: from,
                end: from + SignedDuration::from_secs(60),
            }])
        });
    let path = format!("/cameras/{CAMERA}/intervals");
    let (status, body, _) = call(
        &path,
        json!({ "date": "2026-06-01" }),
        Some(seen()),
        playback,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(body["intervals"][0]["end"], "2026-05-31T15:01:00Z");
    let (status, body, _) = call(
        &path,
        json!({ "date": "2026-05-01" }),
        Some(seen()),
        MockPlayback::new(),
    )
    .await;
    assert_eq!(
        (status, body["intervals"].as_array().unwrap().len()),
        (200, 0)
    );
}

#[tokio::test]
async fn art_15_a_camera_whose_recordings_were_just_deleted_has_no_stretches_and_its_live_picture()
{
    let mut deleted = seen();
    deleted.camera.since = now() + ciero_domain::deletion::HIDDEN;
    let path = format!("/cameras/{CAMERA}/intervals");
    let day = json!({ "date": ciero_domain::calendar::tokyo_date(now()).to_string() });
    let (status, body, _) = call(&path, day, Some(deleted.clone()), MockPlayback::new()).await;
    assert_eq!((status, body), (200, json!({ "intervals": [] })));
    let (status, ..) = call(&live_path(), json!({}), Some(deleted), plays()).await;
    assert_eq!(status, 200);
}
