//! What customers are told, and how often (24); shortfalls of a plan (21-6).

use ciero_domain::contract::CaseKind;
use ciero_domain::notice::Notice;
use ciero_domain::watch::Trouble;

use super::world::*;

#[tokio::test]
async fn cameras_of_one_contract_that_stop_together_are_one_notice() {
    let world = World::of(2, 3);
    world.record(0..3, 0..600);
    world.record(3..6, 0..9000);
    world.ticks(0..3600).await;
    let notices = world.notices();
    let [
        Notice::RecordingStopped {
            contract,
            cameras,
            seen_at,
        },
    ] = &notices[..]
    else {
        panic!("{notices:?}");
    };
    assert_eq!((contract, cameras.len()), (&contract_id(0), 3));
    assert_eq!(*seen_at, at(840), "within six minutes");
    assert!(
        cameras
            .iter()
            .all(|one| one.since == at(600) && one.trouble == Trouble::Offline)
    );
}

#[tokio::test]
async fn the_end_of_an_outage_is_told_once_too() {
    let world = World::of(1, 2);
    world.record(0..2, 0..600);
    world.record(0..2, 4000..9000);
    world.ticks(0..9000).await;
    let notices = world.notices();
    assert_eq!(notices.len(), 2, "{notices:?}");
    let Notice::RecordingResumed { cameras, .. } = &notices[1] else {
        panic!("{notices:?}");
    };
    assert!(
        cameras
            .iter()
            .all(|one| one.again == at(4000) && one.lost_seconds == 3400)
    );
    assert!(world.told(0).outages.is_empty());
}

#[tokio::test]
async fn a_doubled_run_tells_nothing_twice() {
    let world = World::of(1, 1);
    world.record(0..1, 0..600);
    world.ticks(0..721).await;
    for _ in 0..3 {
        world.tick(840).await;
    }
    assert_eq!(world.notices().len(), 1);
    // A run that read before the other wrote meets the version of what was told.
    world.0.lock().unwrap().stale_told = true;
    world.tick(960).await;
    assert_eq!(world.notices().len(), 1);
}

#[tokio::test]
async fn a_retired_camera_is_forgotten_without_a_notice() {
    let world = World::of(1, 2);
    world.record(0..2, 0..600);
    world.ticks(0..1201).await;
    assert_eq!(world.told(0).outages.len(), 2);
    world.retire(0);
    world.tick(1320).await;
    assert_eq!(world.told(0).outages.len(), 1);
    world.end(0);
    world.tick(1440).await;
    assert!(world.told(0).outages.is_empty());
    assert_eq!(world.notices().len(), 1, "only the outage itself was told");
}

#[tokio::test]
async fn art_21_a_stream_that_keeps_less_than_the_plan_opens_one_case_and_tells_no_customer() {
    let world = World::of(1, 1);
    world.0.lock().unwrap().held_hours = 168;
    world.record(0..1, 0..9000);
    world.ticks(0..7200).await;
    let cases = world.0.lock().unwrap().cases.clone();
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].kind, CaseKind::PlanNotMet);
    assert!(cases[0].about.ends_with("/168h/720h"), "{}", cases[0].about);
    assert_eq!(world.notices(), []);
    let shortfall = world.ledger(0).shortfall.unwrap();
    assert_eq!((shortfall.held_hours, shortfall.owed_hours), (168, 720));
}
