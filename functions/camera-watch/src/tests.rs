//! Ticks over cameras whose streams, ledgers and clocks the tests hold in their hands.
#![allow(clippy::unwrap_used)]

mod quiet;
mod telling;
mod world;

use ciero_domain::watch::Recording;
use ciero_ports::WatchRun;
use ciero_runtime::{Event, OnEvent};
use serde_json::json;

use world::*;

#[tokio::test]
async fn a_tick_asks_kinesis_video_once_per_camera_and_its_plan_once_a_day() {
    let world = World::of(3, 4);
    world.record(0..12, 0..7200);
    for minutes in (0..120).step_by(2) {
        world.tick(minutes * 60).await;
    }
    let asked = world.asked();
    let (cameras, ticks) = (12, 60);
    println!(
        "Kinesis Video: {} ListFragments for {cameras} cameras and {ticks} ticks, {} DescribeStream",
        asked.lists, asked.describes
    );
    assert_eq!(asked.lists, cameras * ticks, "one read per camera and tick");
    // Once when the watch began, and once at most for a day that has begun since.
    assert!(
        (cameras..=2 * cameras).contains(&asked.describes),
        "{asked:?}"
    );
    assert_eq!(asked.ledgers_written, cameras * ticks);
}

#[tokio::test]
async fn retired_cameras_devices_that_never_started_and_ended_contracts_are_not_watched() {
    let world = World::of(1, 3);
    world.retire(0);
    world.unstart(1);
    let answer = world.tick(0).await;
    assert_eq!((&answer["watched"], world.asked().lists), (&json!(1), 1));
    let ended = World::of(1, 3);
    ended.end(0);
    assert_eq!(ended.tick(0).await["watched"], 0);
    assert_eq!(ended.asked().lists, 0);
}

#[tokio::test]
async fn a_contract_is_watched_until_no_camera_is_in_use_and_nothing_is_left_to_tell() {
    let world = World::of(2, 1);
    world.record(0..2, 0..600);
    world.ticks(0..900).await;
    assert_eq!(world.notices().len(), 2, "both were told of their outage");
    world.retire(0);
    let listed = || world.0.lock().unwrap().watched.len();
    world.tick(960).await;
    assert_eq!(listed(), 2, "the end of the outage was told in this tick");
    world.tick(1080).await;
    assert_eq!(listed(), 1);
}

#[tokio::test]
async fn art_13_a_suspended_contract_is_watched_on() {
    let world = World::of(1, 1);
    world.suspend(0);
    world.record(0..1, 0..600);
    assert_eq!(world.ticks(0..900).await.last().unwrap()["watched"], 1);
    assert_eq!(world.notices().len(), 1, "it is told of its outage");
}

#[tokio::test]
async fn a_camera_that_cannot_be_read_keeps_its_ledger_and_never_stops_the_rest() {
    let world = World::of(1, 2);
    world.record(0..2, 0..600);
    world.ticks(0..601).await;
    let before = world.ledger(0);
    world.break_reading(&[0]);
    let answer = world.tick(720).await;
    assert_eq!(
        (&answer["watched"], &answer["unread"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(world.ledger(0), before);
    assert_eq!(world.ledger(1).read_to, at(720));
}

#[tokio::test]
async fn more_than_can_be_listed_is_caught_up_in_strides() {
    let world = World::of(1, 1);
    world.record(0..1, 0..30_000);
    world.tick(600).await;
    world.0.lock().unwrap().most_listed = 300;
    let answer = world.tick(20_000).await;
    assert_eq!(answer["unread"], 0);
    let behind = world.ledger(0);
    assert_eq!(behind.read_to, at(600 - 60 + 1800));
    let mut now = 20_000;
    while world.ledger(0).read_to < at(now) {
        now += 120;
        world.tick(now).await;
    }
    assert!(matches!(
        world.ledger(0).recording,
        Recording::Running { .. }
    ));
    assert_eq!(world.ledger(0).gaps(at(0)), [], "nothing was passed over");
    assert_eq!(world.notices().len(), 0);
}

#[tokio::test]
async fn many_contracts_are_looked_at_in_parts_that_end_as_one() {
    let one = World::of(12, 1);
    one.record(0..12, 0..600);
    let parts = World::of(12, 1);
    parts.0.lock().unwrap().page = 1;
    parts.record(0..12, 0..600);
    for world in [&one, &parts] {
        world.ticks(0..601).await;
    }
    let report = |world: &World| world.0.lock().unwrap().report.clone();
    assert_eq!(report(&one).tally, report(&parts).tally);
    assert_eq!(report(&one).tally.running, 12);
    assert_eq!(report(&parts).at, Some(at(600)));
    let parts_written = parts.0.lock().unwrap().runs_written;
    assert_eq!(parts_written, 6 * 11, "12 pages make twelve parts");
}

#[tokio::test]
async fn a_part_of_an_old_run_is_dropped_and_one_of_no_run_comes_again() {
    let sample = include_str!("../../../events/camera-watch/next-part.json");
    let event = || Event::read(serde_json::from_str(sample).unwrap()).unwrap();
    let world = World::of(1, 1);
    let app = world.app();
    let unknown = app.on_event(event(), moment(60)).await.unwrap();
    assert_eq!(unknown["batchItemFailures"].as_array().unwrap().len(), 1);
    let late = app.on_event(event(), moment(3600)).await.unwrap();
    assert_eq!(late, json!({"batchItemFailures": []}));
    let run = WatchRun {
        version: 1,
        ..WatchRun::begin(at(1))
    };
    world.0.lock().unwrap().runs.insert(at(1), run);
    let known = app.on_event(event(), moment(60)).await.unwrap();
    assert_eq!(known, json!({"batchItemFailures": []}));
    assert_eq!(world.0.lock().unwrap().report.tally.watched, 1);
}

#[tokio::test]
async fn the_sample_of_the_schedule_is_a_tick() {
    let sample = include_str!("../../../events/camera-watch/tick.json");
    let event = Event::read(serde_json::from_str(sample).unwrap()).unwrap();
    let world = World::of(1, 1);
    let answer = world.app().on_event(event, moment(0)).await.unwrap();
    assert_eq!(answer["watched"], 1);
}
