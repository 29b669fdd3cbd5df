//! When the cause may be ours, no customer is told that his camera is off (8-1).

use ciero_domain::interruption::Interruption;
use ciero_domain::samples::interruption;

use super::world::*;

#[tokio::test]
async fn nearly_all_cameras_of_the_service_at_once_are_no_news_until_they_are_back() {
    let world = World::of(4, 2);
    world.record(0..8, 0..600);
    let answers = world.ticks(0..3000).await;
    assert_eq!(answers.last().unwrap()["quiet"], true);
    assert_eq!(world.notices(), []);
    // All but one come back; that one is told when the outage of the service is over.
    world.record(0..7, 3000..9000);
    world.ticks(3000..9000).await;
    assert_eq!(world.notices().len(), 1);
}

#[tokio::test]
async fn one_customer_alone_is_told_even_if_all_of_his_cameras_stop() {
    let world = World::of(4, 2);
    world.record(0..2, 0..600);
    world.record(2..8, 0..9000);
    world.ticks(0..1200).await;
    assert_eq!(world.notices().len(), 1);
}

#[tokio::test]
async fn a_recorded_interruption_is_quiet_and_what_lasts_after_it_is_told() {
    let world = World::of(1, 1);
    world.record(0..1, 0..600);
    world.0.lock().unwrap().interruptions = vec![Interruption {
        ended_at: Some(at(3600)),
        ..interruption(at(500))
    }];
    world.ticks(0..4200).await;
    assert_eq!(world.notices(), []);
    world.ticks(4200..4400).await;
    assert_eq!(world.notices().len(), 1);
}

#[tokio::test]
async fn when_the_reading_fails_nobody_is_told_and_the_return_gives_cameras_time() {
    let world = World::of(1, 1);
    world.record(0..1, 0..600);
    world.ticks(0..601).await;
    world.break_reading(&[0]);
    world.ticks(720..4200).await;
    world.break_reading(&[]);
    world.tick(4200).await;
    assert_eq!(world.notices(), [], "nobody knows yet");
    world.ticks(4320..4700).await;
    assert_eq!(world.notices().len(), 1, "it is still off");
}

#[tokio::test]
async fn while_many_cameras_cannot_be_read_the_others_are_not_believed_either() {
    let world = World::of(1, 10);
    world.record(0..1, 0..600);
    world.record(1..10, 0..9000);
    world.ticks(0..721).await;
    world.break_reading(&[8, 9]);
    let answer = world.tick(840).await;
    assert_eq!(answer["quiet"], true);
    assert_eq!(world.notices(), []);
    world.break_reading(&[]);
    world.tick(960).await;
    assert_eq!(world.notices().len(), 1);
}
