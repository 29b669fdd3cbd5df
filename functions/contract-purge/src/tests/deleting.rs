//! A customer deletes what a camera recorded, past kills at every step and past holds that nobody sees (15-2, 21-4).

use ciero_domain::Language;
use ciero_domain::calendar::start_of;
use ciero_domain::device::Camera;
use ciero_domain::export::{Export, Failure, State, What};
use ciero_domain::hold::{Holds, Scope};
use ciero_domain::ids::{CameraId, ExportId, UserId};
use ciero_domain::user::{NewUser, Role, User};
use ciero_ports::{Confidential, Decision, Deletions, Devices, Exports, Watch, Write};
use ciero_runtime::{Event, Moment, OnEvent, testing};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cloud::{Before, HOURS};
use super::recordings;
use super::world::{World, camera_id};
use crate::{deletion, router};

const NAME: &str = "玄関";

/// So many minutes after the morning on which the deletion is asked for.
fn minute(minutes: i64) -> Moment {
    Moment(start_of(date(2026, 5, 1)) + SignedDuration::from_mins(minutes))
}

fn user_id(n: u8) -> UserId {
    UserId::from_random([n; 10])
}

fn stream(n: u8) -> String {
    format!("ciero-{}", camera_id(n))
}

async fn ask(world: &World, camera: &CameraId, name: &str, at: Moment) -> (u16, Value) {
    ask_as(world, &user_id(1), camera, name, at).await
}

async fn ask_as(
    world: &World,
    who: &UserId,
    camera: &CameraId,
    name: &str,
    at: Moment,
) -> (u16, Value) {
    let session = testing::customer(&world.contract, who, at);
    let (gate, path) = (&world.app.gate, format!("/cameras/{camera}/deletion"));
    let (router, body) = (router(world.app.clone()), json!({ "name": name }));
    testing::post(router, gate, Some(&session), at, &path, &body).await
}

/// Two exports with files: one of the camera whose recordings go, and one of the other.
async fn exported(world: &World) -> [Export; 2] {
    let exports = [1, 2].map(|n| {
        let what = What::Recordings {
            camera: camera_id(n),
            from: minute(-600).0,
            until: minute(-60).0,
            visible_from: minute(-600).0,
        };
        let id = ExportId::from_random([n; 10]);
        Export::ask(id, world.contract.clone(), what, user_id(1), minute(-30).0)
    });
    for export in &exports {
        let mut done = export.clone();
        done.state = State::Done { at: minute(-20).0 };
        world
            .write(Decision::of(Write::Export(Box::new(done))))
            .await;
        let file = format!("{}/a.mp4", export.folder());
        world.cloud.state.lock().unwrap().files.insert(file);
    }
    exports
}

async fn camera(world: &World, n: u8) -> Camera {
    let camera = world.store.camera(&world.contract, &camera_id(n)).await;
    camera.unwrap().unwrap()
}

/// Runs at these minutes; a run that is killed is followed by the next.
async fn runs(world: &World, minutes: &[i64]) {
    for at in minutes {
        let _ = deletion::run(&world.app, minute(*at)).await;
    }
}

async fn hold(world: &World, scope: Scope) {
    let holds =
        Holds::none(world.contract.clone()).placed("x-1", vec![scope], Timestamp::UNIX_EPOCH);
    world
        .write(Decision::of(Write::Holds(Box::new(holds))))
        .await;
}

async fn release(world: &World) {
    let holds = world.store.holds(&world.contract).await.unwrap();
    let holds = holds.released("x-1", Timestamp::UNIX_EPOCH);
    world
        .write(Decision::of(Write::Holds(Box::new(holds))))
        .await;
}

mod art_15 {
    use super::*;

    #[tokio::test]
    async fn from_the_request_on_nothing_earlier_is_shown_and_the_ledger_forgets_it() {
        let world = World::lives().await;
        let before = camera(&world, 1).await;
        let ledger = ciero_domain::watch::Ledger::begin(&before, minute(-60).0);
        let ledger = ciero_domain::watch::Ledger {
            version: 1,
            ..ledger
        };
        assert!(world.store.put_ledger(&ledger).await.unwrap());
        let (status, body) = ask(&world, &before.id, NAME, minute(0)).await;
        assert_eq!(status, 200, "{body}");
        let after = camera(&world, 1).await;
        assert_eq!((after.version, after.since), (2, minute(5).0));
        assert_eq!(body["shown_from"], after.since.to_string());
        assert_eq!(camera(&world, 2).await.since, before.since);
        let ledgers = world.store.ledgers(&world.contract).await.unwrap();
        assert_eq!(
            (ledgers[0].version, ledgers[0].known_from),
            (2, after.since)
        );
        let rows = world.items_of("main").await;
        assert!(
            rows.iter()
                .any(|row| row.contains("AUDIT#") && row.contains("recordings_deleted"))
        );
    }

    #[tokio::test]
    async fn the_files_go_at_once_and_the_recordings_after_an_hour_while_recording_goes_on() {
        let world = World::lives().await;
        let [ours, other] = exported(&world).await;
        ask(&world, &camera_id(1), NAME, minute(0)).await;
        runs(&world, &[1]).await;
        let exports = world.store.exports(&world.contract).await.unwrap();
        let of = |id: &ExportId| exports.iter().find(|one| one.id == *id).unwrap();
        let deleted = State::Failed {
            at: minute(1).0,
            why: Failure::RecordingsDeleted,
        };
        assert_eq!(
            (&of(&ours.id).state, of(&ours.id).files.len()),
            (&deleted, 0)
        );
        assert!(matches!(of(&other.id).state, State::Done { .. }));
        let state = world.cloud.state.lock().unwrap().clone();
        assert!(
            !state
                .files
                .iter()
                .any(|key| key.starts_with(&ours.folder()))
        );
        assert!(
            state
                .files
                .iter()
                .any(|key| key.starts_with(&other.folder()))
        );
        runs(&world, &[30, 59]).await;
        assert_eq!(world.cloud.lowered(), []);
        runs(&world, &[61]).await;
        assert_eq!(world.cloud.lowered(), [(stream(1), 1)]);
        assert_eq!(world.cloud.state.lock().unwrap().hours(&stream(1)), HOURS);
        assert_eq!(world.store.deletions().await.unwrap(), []);
        runs(&world, &[120, 121]).await;
        assert_eq!(world.cloud.lowered().len(), 1, "once and no more");
    }

    #[tokio::test]
    async fn killed_before_or_after_anything_it_does_it_ends_the_same() {
        let mut kills = 0;
        for life in 0.. {
            let world = World::lives().await;
            let [ours, _] = exported(&world).await;
            let before = world.of_another().await;
            ask(&world, &camera_id(1), NAME, minute(0)).await;
            world.fuse.set(life);
            let killed = [1, 60].map(|at| deletion::run(&world.app, minute(at)));
            let mut was_killed = false;
            for run in killed {
                was_killed |= run.await.is_err();
            }
            kills += u32::from(was_killed);
            world.fuse.set(i64::MAX);
            runs(&world, &[61, 62, 120, 121]).await;
            assert_eq!(
                world.store.deletions().await.unwrap(),
                [],
                "killed at {life}"
            );
            let lowered = world.cloud.lowered();
            assert!(!lowered.is_empty(), "killed at {life}");
            assert!(
                lowered
                    .iter()
                    .all(|(name, hours)| *name == stream(1) && (1..=2).contains(hours))
            );
            let state = world.cloud.state.lock().unwrap().clone();
            assert_eq!(state.hours(&stream(1)), HOURS, "killed at {life}");
            assert!(
                !state
                    .files
                    .iter()
                    .any(|key| key.starts_with(&ours.folder())),
                "killed at {life}"
            );
            assert_eq!(world.of_another().await, before, "killed at {life}");
            if !was_killed {
                break;
            }
        }
        assert!(kills > 12, "{kills}");
    }

    #[tokio::test]
    async fn a_second_request_within_five_minutes_is_refused_and_later_joins() {
        let world = World::lives().await;
        ask(&world, &camera_id(1), NAME, minute(0)).await;
        let items = world.items().await;
        let (status, body) = ask(&world, &camera_id(1), NAME, minute(4)).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("deletion_just_asked"))
        );
        assert_eq!(world.items().await, items);
        let (status, _) = ask(&world, &camera_id(1), NAME, minute(5)).await;
        assert_eq!(status, 200);
        let [waiting] = world.store.deletions().await.unwrap().try_into().unwrap();
        assert_eq!((waiting.version, waiting.asked_at), (2, minute(5).0));
    }

    #[tokio::test]
    async fn whoever_may_not_and_what_is_not_confirmed_changes_nothing() {
        let world = World::lives().await;
        let person = NewUser {
            id: user_id(7),
            name: "Jiro".into(),
            email: "jiro@example.jp".into(),
            role: Role::User,
            language: Language::Ja,
        };
        let viewer = User::add(world.contract.clone(), person, None, Timestamp::UNIX_EPOCH);
        let viewer = viewer.accept("2026-04-01", "2026-04-01", "portal", Timestamp::UNIX_EPOCH);
        let viewer = User {
            version: 1,
            ..viewer.unwrap()
        };
        world
            .write(Decision::of(Write::User(Box::new(viewer))))
            .await;
        let items = world.items().await;
        let check = async |who: u8, n: u8, name: &str| {
            let (status, body) =
                ask_as(&world, &user_id(who), &camera_id(n), name, minute(0)).await;
            (status, body["code"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(check(7, 1, NAME).await.0, 403);
        assert_eq!(
            check(1, 101, NAME).await.0,
            404,
            "another customer's camera"
        );
        assert_eq!(check(1, 77, NAME).await.0, 404, "no camera");
        assert_eq!(check(1, 1, "裏口").await.0, 422);
        assert_eq!(check(1, 1, "").await.0, 422);
        assert_eq!(world.items().await, items);
        let ended = World::ended().await;
        let items = ended.items().await;
        let at = Moment(start_of(date(2026, 6, 2)));
        let (status, body) = ask(&ended, &camera_id(1), NAME, at).await;
        assert_eq!((status, &body["code"]), (403, &json!("contract_ended")));
        assert_eq!(ended.items().await, items);
    }

    #[tokio::test]
    async fn the_samples_ask_for_a_deletion_and_carry_it_on() {
        let world = World::lives().await;
        let sample = include_str!("../../../../events/contract-purge/deletion.json");
        let sample: Value = serde_json::from_str(sample).unwrap();
        let id = CameraId::parse(sample["pathParameters"]["id"].as_str().unwrap()).unwrap();
        let named = Camera {
            id: id.clone(),
            version: 1,
            ..camera(&world, 1).await
        };
        world
            .write(Decision::of(Write::Camera(Box::new(named))))
            .await;
        let body: Value = serde_json::from_str(sample["body"].as_str().unwrap()).unwrap();
        let (status, _) = ask(&world, &id, body["name"].as_str().unwrap(), minute(0)).await;
        assert_eq!(status, 200);
        let tick = include_str!("../../../../events/contract-purge/deletions.json");
        let event = Event::read(serde_json::from_str(tick).unwrap()).unwrap();
        let answer = world.app.on_event(event, minute(1)).await.unwrap();
        assert_eq!(answer, json!({}));
        let [waiting] = world.store.deletions().await.unwrap().try_into().unwrap();
        assert!(waiting.exports_gone);
    }
}

mod art_21 {
    use super::*;

    #[tokio::test]
    async fn held_recordings_stay_until_the_release_and_then_go() {
        let world = World::lives().await;
        hold(&world, recordings(1)).await;
        ask(&world, &camera_id(1), NAME, minute(0)).await;
        ask(&world, &camera_id(2), NAME, minute(0)).await;
        runs(&world, &[1, 60, 61, 120, 121]).await;
        assert_eq!(world.cloud.lowered(), [(stream(2), 1)]);
        release(&world).await;
        runs(&world, &[150]).await;
        assert_eq!(
            world.cloud.lowered().len(),
            1,
            "new recordings are not to go with the old ones"
        );
        runs(&world, &[181]).await;
        assert_eq!(world.cloud.lowered(), [(stream(2), 1), (stream(1), 3)]);
        assert_eq!(world.cloud.state.lock().unwrap().hours(&stream(1)), HOURS);
        assert_eq!(world.store.deletions().await.unwrap(), []);
    }

    #[tokio::test]
    async fn what_everybody_else_can_see_is_the_same_whether_something_is_held_or_not() {
        let mut seen = Vec::new();
        for is_held in [false, true] {
            let world = World::lives().await;
            exported(&world).await;
            if is_held {
                hold(&world, recordings(1)).await;
            }
            let mut here = vec![format!(
                "{:?}",
                ask(&world, &camera_id(1), NAME, minute(0)).await
            )];
            for at in [1, 60, 61] {
                let ran = deletion::run(&world.app, minute(at)).await.unwrap();
                here.push(ran.to_string());
                here.extend(world.items_of("main").await);
            }
            here.push(format!(
                "{:?}",
                ask(&world, &camera_id(1), NAME, minute(62)).await
            ));
            here.extend(world.items_of("main").await);
            assert_eq!(world.cloud.lowered().is_empty(), is_held);
            seen.push(here);
        }
        assert_eq!(seen[0], seen[1]);
    }

    #[tokio::test]
    async fn a_hold_that_comes_between_reading_and_writing_stops_the_deletion() {
        let world = World::lives().await;
        ask(&world, &camera_id(1), NAME, minute(0)).await;
        runs(&world, &[1]).await;
        let holds = Holds::none(world.contract.clone());
        let holds = holds.placed("x-1", vec![recordings(1)], Timestamp::UNIX_EPOCH);
        let placed = Decision::of(Write::Holds(Box::new(holds)));
        *world.before.lock().unwrap() = Some(Before {
            step: None,
            writes: Some(placed),
            kills: false,
        });
        runs(&world, &[60]).await;
        assert_eq!(world.cloud.lowered(), []);
    }
}
