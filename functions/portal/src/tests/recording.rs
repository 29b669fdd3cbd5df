//! What customers and operators see of the recording of cameras.

use super::support::*;
use ciero_domain::device::DeviceState;
use ciero_domain::ids::ContractId;
use ciero_domain::user::Right;
use ciero_domain::watch::{Ledger, Recording, Service, Span, Tally, Trouble};
use ciero_ports::{StoppedCamera, WatchReport};
use jiff::SignedDuration;

fn span(start: &str, end: &str) -> Span {
    Span {
        start: at(start),
        end: at(end),
    }
}

/// Noon is 03:00 by UTC: two gaps, and nothing since 11:50.
fn ledger(recording: Recording) -> Ledger {
    Ledger {
        known_from: at("2026-05-29T00:00:00Z"),
        spans: vec![
            span("2026-05-29T00:00:00Z", "2026-05-30T01:02:03Z"),
            span("2026-05-30T01:10:00Z", "2026-05-31T10:00:00Z"),
            span("2026-05-31T10:00:30Z", "2026-06-01T02:50:00Z"),
        ],
        read_to: noon(),
        recording,
        ..Ledger::begin(&camera(20, ""), noon())
    }
}

fn world(recording: Recording) -> World {
    World::new().with(|w| {
        let active = DeviceState::Active {
            certificate_id: "c".into(),
            since: noon(),
        };
        w.devices = vec![device(20, active)];
        w.ledgers = vec![ledger(recording)];
    })
}

fn offline() -> Recording {
    Recording::Stopped {
        since: at("2026-06-01T02:50:00Z"),
        trouble: Trouble::Offline,
    }
}

pub fn stopped() -> World {
    world(offline())
}

pub fn report(contract: &ContractId) -> WatchReport {
    WatchReport {
        at: Some(noon()),
        tally: Tally {
            watched: 3,
            running: 1,
            untold: 1,
            unread: 1,
            ..Tally::default()
        },
        service: Service {
            stopped_since: Some(noon()),
            nearly_all_at: Some(noon()),
        },
        stopped: vec![StoppedCamera {
            contract: contract.clone(),
            camera: camera(20, "").id,
            since: at("2026-06-01T02:50:00Z"),
            trouble: Trouble::Patchy,
        }],
    }
}

async fn tile(world: &World) -> Answer {
    world
        .open("/cameras", &world.customer(&administrator()))
        .await
}

#[tokio::test]
async fn a_tile_says_whether_the_camera_is_recorded_and_since_when_not() {
    let running = Recording::Running { since: noon() };
    tile(&world(running))
        .await
        .shows(&["録画中"])
        .hides(&["オフライン", "利用中"]);
    tile(&stopped())
        .await
        .shows(&["オフライン", "2026年6月1日 11:50"])
        .hides(&["録画中"]);
    tile(&world(Recording::Waiting)).await.shows(&["録画待ち"]);
}

#[tokio::test]
async fn what_was_not_looked_at_lately_is_not_shown_as_recorded() {
    let old = world(Recording::Running { since: noon() }).with(|w| {
        w.now = noon() + SignedDuration::from_mins(11);
    });
    tile(&old).await.shows(&["状態を確認中"]).hides(&["録画中"]);
}

#[tokio::test]
async fn a_device_that_has_not_started_waits_for_its_start_and_not_for_pictures() {
    let waiting = world(Recording::Waiting).with(|w| w.devices = vec![device(20, registered())]);
    tile(&waiting)
        .await
        .shows(&["開始待ち"])
        .hides(&["録画待ち"]);
}

#[tokio::test]
async fn the_page_lists_the_gaps_to_the_second_the_newest_first() {
    let world = stopped();
    let place = format!("/cameras/{}", camera(20, "").id);
    let answer = world.open(&place, &world.customer(&administrator())).await;
    answer.shows(&[
        "2026年5月30日 10:02:03",
        "7分57秒",
        "0分30秒",
        "継続中",
        r#"data-start="2026-05-30T01:02:03Z" data-end="2026-05-30T01:10:00Z""#,
    ]);
    let place = |text: &str| answer.body.find(text).unwrap();
    assert!(place("継続中") < place("0分30秒") && place("0分30秒") < place("7分57秒"));
}

#[tokio::test]
async fn a_user_learns_of_no_gap_from_before_the_right_nor_without_a_right_to_recordings() {
    let with = |rights: &[Right], since: &str| {
        let given = at(since);
        stopped().with(|w| {
            w.users[1] = watcher()
                .with_rights(camera(20, "").id, rights, given)
                .unwrap();
        })
    };
    let place = format!("/cameras/{}", camera(20, "").id);
    let world = with(&[Right::View, Right::PlayBack], "2026-05-31T00:00:00Z");
    let answer = world.open(&place, &world.customer(&watcher())).await;
    answer.shows(&["0分30秒"]).hides(&["7分57秒"]);
    let world = with(&[Right::View], "2026-05-20T00:00:00Z");
    let answer = world.open(&place, &world.customer(&watcher())).await;
    answer.hides(&["0分30秒", "最後の録画"]);
}

#[tokio::test]
async fn operators_see_which_cameras_stand_still_and_when_the_cause_is_taken_to_be_ours() {
    let world = World::new().with(|w| w.back.watch = report(&w.contract.id));
    let desk = world.staff(&["support"]);
    let answer = world.open("/console/cameras", &desk).await;
    answer.shows(&["録画が断続", "当社側の障害", "確認できなかった", "11:50"]);
    let screener = world.staff(&["screener"]);
    let hidden = world.open("/console/cameras", &screener).await;
    assert_eq!(hidden.status, 404);
}
