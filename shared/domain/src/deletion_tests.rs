//! Deletions: when the retention is lowered and raised, whatever is killed, held or asked again.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::ids::DeviceId;

/// What the plan promises.
const OWED_HOURS: u32 = 24;
const MINUTE: i64 = 60;
/// For how many minutes nothing is killed at the end, so that the last hour is not missed like those before.
const LAST_RUNS: i64 = 75;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + seconds).unwrap()
}

fn camera() -> Camera {
    Camera {
        id: CameraId::from_random([5; 10]),
        version: 1,
        contract: ContractId::from_random([3; 10]),
        device: DeviceId::from_random([6; 10]),
        name: "玄関".into(),
        stream_name: "ciero-cam".into(),
        retention_hours: OWED_HOURS,
        since: at(-1_000_000),
        retired_at: None,
    }
}

fn asked() -> Deletion {
    ask(&camera(), None, at(0)).unwrap().1.without_exports()
}

fn lower(to_hours: u32) -> Next {
    Next::Lower { to_hours }
}

fn raise(then: Then) -> Next {
    Next::Raise {
        to_hours: OWED_HOURS,
        then,
    }
}

/// What comes next so many seconds after the request.
fn check(deletion: &Deletion, kept_hours: u32, is_held: bool, seconds: i64, expected: Next) {
    let next = deletion.next(Some(kept_hours), is_held, at(seconds));
    assert_eq!(next, expected, "{seconds} s");
    if next != Next::Wait {
        assert!(deletion.is_due(at(seconds)) || next == Next::Done);
    }
}

#[test]
fn nothing_earlier_is_shown_from_the_request_on() {
    let (camera, deletion) = ask(&camera(), None, at(0)).unwrap();
    assert_eq!((camera.version, camera.since), (2, at(5 * MINUTE)));
    assert_eq!((deletion.version, deletion.asked_at), (1, at(0)));
    assert!(deletion.is_due(at(1)), "the exports go at once");
}

#[test]
fn a_second_request_is_refused_for_five_minutes_and_then_joins_the_one_that_waits() {
    let (first, waiting) = ask(&camera(), None, at(0)).unwrap();
    let again = |seconds| ask(&first, Some(waiting.clone()), at(seconds));
    assert_eq!(again(5 * MINUTE - 1).unwrap_err(), Refusal::JustAsked);
    let (camera, joined) = again(5 * MINUTE).unwrap();
    assert_eq!((camera.version, joined.version), (3, 2));
    assert_eq!(joined.asked_at, at(5 * MINUTE));
}

#[test]
fn the_retention_is_lowered_to_the_hours_since_the_request_and_raised_again() {
    let asked = asked();
    check(&asked, 24, false, 59 * MINUTE, Next::Wait);
    check(&asked, 24, false, 60 * MINUTE, lower(1));
    check(&asked, 24, false, 62 * MINUTE, lower(1));
    check(&asked, 24, false, 62 * MINUTE + 1, Next::Wait);
    check(&asked, 24, false, 180 * MINUTE, lower(3));
    let lowered = asked.lowering(24);
    check(&lowered, 1, false, 61 * MINUTE, raise(Then::Done));
    check(&lowered, 1, false, 90 * MINUTE, raise(Then::Done));
}

#[test]
fn art_21_a_hold_delays_it_and_what_was_lowered_is_raised_all_the_same() {
    let asked = asked();
    check(&asked, 24, true, 60 * MINUTE, Next::Wait);
    let noted = asked.lowering(24);
    check(&noted, 24, true, 61 * MINUTE, Next::Wait);
    check(&noted, 1, true, 61 * MINUTE, raise(Then::Done));
}

#[test]
fn it_is_done_when_the_retention_has_passed_or_there_is_no_stream() {
    check(&asked(), 24, true, 24 * 60 * MINUTE, Next::Done);
    assert_eq!(asked().next(None, true, at(0)), Next::Done);
}

#[test]
fn what_was_lowered_for_an_earlier_request_does_not_end_a_later_one() {
    let (first, deletion) = ask(&camera(), None, at(0)).unwrap();
    let lowered = deletion.lowering(24);
    let (_, joined) = ask(&first, Some(lowered), at(61 * MINUTE)).unwrap();
    check(&joined, 1, false, 61 * MINUTE, raise(Then::GoOn));
    check(&joined, 24, false, 61 * MINUTE, Next::Wait);
    check(&joined, 24, false, 121 * MINUTE, lower(1));
}

/// A camera that records a fragment each minute, its stream, and the deletion that waits.
struct World {
    camera: Camera,
    deletion: Option<Deletion>,
    /// When each fragment arrived, in minutes.
    fragments: Vec<i64>,
    kept_hours: u32,
    /// The newest request, in minutes.
    asked: Option<i64>,
}

impl World {
    fn expire(&mut self, second: i64) {
        let oldest = second - i64::from(self.kept_hours) * 60 * MINUTE;
        self.fragments.retain(|minute| minute * MINUTE > oldest);
    }

    /// One run of the work, which is killed after so many of its deeds.
    fn tick(&mut self, second: i64, is_held: bool, mut deeds: u32) {
        let now = at(second);
        while let Some(deletion) = self.deletion.clone() {
            if !deletion.is_due(now) || deeds == 0 {
                return;
            }
            deeds -= 1;
            if !deletion.exports_gone {
                self.deletion = Some(deletion.without_exports());
                continue;
            }
            match deletion.next(Some(self.kept_hours), is_held, now) {
                Next::Wait => return,
                Next::Done => self.deletion = None,
                Next::Lower { to_hours } => {
                    self.deletion = Some(deletion.lowering(self.kept_hours));
                    if deeds == 0 {
                        return;
                    }
                    deeds -= 1;
                    self.kept_hours = to_hours;
                    self.expire(second);
                }
                Next::Raise { to_hours, then } => {
                    self.kept_hours = to_hours;
                    if deeds > 0 && then == Then::Done {
                        self.deletion = None;
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_killed_held_or_asked_again_only_what_was_deleted_goes(
        first in 70_i64..200,
        second in prop::option::of(200_i64..400),
        hold in prop::option::of((60_i64..300, 10_i64..400)),
        kills in prop::collection::vec(0_u32..7, 64),
        late in 0_i64..59,
    ) {
        let mut world = World { camera: camera(), deletion: None, fragments: Vec::new(), kept_hours: OWED_HOURS, asked: None };
        let released = hold.map_or(0, |(from, lasts)| from + lasts);
        let end = first.max(second.unwrap_or(0)).max(released) + 130;
        let mut killed = 0;
        for minute in 0..end {
            world.fragments.push(minute);
            world.expire(minute * MINUTE);
            if minute == first || Some(minute) == second {
                let (camera, deletion) = ask(&world.camera, world.deletion.clone(), at(minute * MINUTE)).unwrap();
                (world.camera, world.deletion, world.asked) = (camera, Some(deletion), Some(minute));
            }
            let is_held = hold.is_some_and(|(from, lasts)| (from..from + lasts).contains(&minute));
            let before = world.fragments.clone();
            // Of three runs one comes through: that is what the hidden minutes allow for.
            let kill = kills[usize::try_from(minute).unwrap() % kills.len()];
            let may_be_killed = killed < 2 && minute < end - LAST_RUNS;
            let deeds = if kill < 4 && may_be_killed { kill } else { 10 };
            killed = if deeds < 10 { killed + 1 } else { 0 };
            world.tick(minute * MINUTE + late, is_held, deeds);
            let gone: Vec<i64> = before.into_iter().filter(|one| !world.fragments.contains(one)).collect();
            let shown_from = world.asked.map(|asked| asked + 5);
            prop_assert!(gone.iter().all(|one| shown_from.is_some_and(|from| *one < from)), "{gone:?} went, {shown_from:?}");
        }
        prop_assert_eq!(&world.deletion, &None);
        prop_assert_eq!(world.kept_hours, OWED_HOURS);
        let asked = world.asked.unwrap();
        prop_assert!(world.fragments.iter().all(|one| *one >= asked));
        prop_assert!((asked + 5..end).all(|one| world.fragments.contains(&one)));
    }
}
