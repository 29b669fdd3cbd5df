//! Tests of a lane, one of them over any sequence of acknowledgements and cuts.

#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn owed(timecode_ms: u64, run: u32, segment: u32) -> Owed {
    Owed {
        timecode_ms,
        run,
        place: Place {
            segment,
            offset: timecode_ms as u32,
            length: 10,
        },
    }
}

fn filled(timecodes: &[u64]) -> Lane {
    let mut lane = Lane::default();
    for &timecode_ms in timecodes {
        lane.push(owed(timecode_ms, 0, 1));
    }
    lane
}

/// Sends all it can on one connection.
fn send_all(lane: &mut Lane) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Next::Send(owed) = lane.next(0) {
        sent.push(owed.timecode_ms);
    }
    sent
}

#[test]
fn after_a_cut_everything_not_persisted_is_sent_again_in_order() {
    let mut lane = filled(&[1, 2, 3, 4]);
    assert_eq!(send_all(&mut lane), [1, 2, 3, 4]);
    assert!(lane.persisted(1).is_some());
    assert!(lane.persisted(3).is_some());
    lane.cut();
    assert_eq!(send_all(&mut lane), [2, 4]);
}

#[test]
fn nothing_is_sent_twice_on_one_connection() {
    let mut lane = filled(&[1, 2]);
    assert!(lane.has_unsent());
    assert_eq!(send_all(&mut lane), [1, 2]);
    assert_eq!(lane.next(0), Next::Nothing);
    assert!(!lane.has_unsent());
}

#[test]
fn persisted_for_a_fragment_that_was_not_sent_changes_nothing() {
    let mut lane = filled(&[1]);
    assert_eq!(lane.persisted(1), None);
    assert_eq!(lane.persisted(99), None);
    assert_eq!((lane.len(), lane.bytes()), (1, 10));
}

#[test]
fn a_new_run_takes_a_new_connection() {
    let mut lane = filled(&[1, 2]);
    lane.push(owed(900, 1, 1));
    assert_eq!(send_all(&mut lane), [1, 2]);
    assert_eq!(lane.next(0), Next::NewConnection);
    assert!(lane.persisted(1).is_some() && lane.persisted(2).is_some());
    lane.cut();
    assert_eq!(send_all(&mut lane), [900]);
}

#[test]
fn a_timecode_that_goes_back_takes_a_new_connection() {
    let mut lane = filled(&[5, 3]);
    assert_eq!(send_all(&mut lane), [5]);
    assert_eq!(lane.next(0), Next::NewConnection);
}

#[test]
fn a_dropped_segment_takes_its_fragments_along() {
    let mut lane = filled(&[1, 2]);
    lane.push(owed(3, 0, 2));
    let dropped = lane.drop_segment(1);
    assert_eq!(dropped, [owed(1, 0, 1), owed(2, 0, 1)]);
    assert_eq!((lane.len(), lane.bytes()), (1, 10));
}

#[test]
fn what_is_old_and_not_on_its_way_is_taken_out() {
    let mut lane = filled(&[1_000, 2_000, 3_000, 9_000, 12_000]);
    lane.next(0);
    let taken: Vec<u64> = lane
        .take_older(5_000)
        .iter()
        .map(|owed| owed.timecode_ms)
        .collect();
    assert_eq!(taken, [2_000, 3_000]);
    assert_eq!((lane.len(), lane.bytes()), (3, 30));
}

#[test]
fn a_fragment_is_given_up_after_three_rejections() {
    let mut lane = filled(&[1, 2]);
    for attempt in 1..=3 {
        assert_eq!(send_all(&mut lane), [1, 2]);
        let given_up = lane.rejected(Some(1));
        assert_eq!(given_up.is_some(), attempt == 3);
        lane.cut();
    }
    assert_eq!(send_all(&mut lane), [2]);
}

#[test]
fn a_rejection_without_a_timecode_counts_for_the_oldest_sent() {
    let mut lane = filled(&[1, 2]);
    for _ in 0..2 {
        send_all(&mut lane);
        assert_eq!(lane.rejected(None), None);
        lane.cut();
    }
    assert_eq!(lane.rejected(None), None, "nothing was sent");
    send_all(&mut lane);
    assert_eq!(lane.rejected(None).unwrap().timecode_ms, 1);
}

#[test]
fn the_oldest_waiting_fragment_tells_when_it_was_sent() {
    let mut lane = filled(&[1, 2]);
    assert_eq!(lane.oldest_sent_at_ms(), None);
    lane.next(100);
    lane.next(200);
    assert_eq!(lane.oldest_sent_at_ms(), Some(100));
    lane.persisted(1);
    assert_eq!(lane.oldest_sent_at_ms(), Some(200));
}

#[derive(Debug, Clone)]
enum Step {
    Push { jump: bool },
    Send,
    Persist(usize),
    Reject(usize),
    Cut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::bool::weighted(0.1).prop_map(|jump| Step::Push { jump }),
        4 => Just(Step::Send),
        3 => (0..20usize).prop_map(Step::Persist),
        1 => (0..20usize).prop_map(Step::Reject),
        1 => Just(Step::Cut),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn no_unpersisted_fragment_is_ever_lost(steps in steps()) {
        let mut lane = Lane::default();
        // What the service has not stored and what was not reported as given up.
        let mut missing: Vec<u64> = Vec::new();
        let mut on_wire: Vec<u64> = Vec::new();
        let (mut clock, mut run) = (0, 0);
        for step in steps {
            match step {
                Step::Push { jump } => {
                    clock += 1000;
                    run += u32::from(jump);
                    missing.push(clock);
                    lane.push(owed(clock, run, 1));
                }
                Step::Send => match lane.next(clock) {
                    Next::Send(owed) => {
                        prop_assert!(on_wire.last().is_none_or(|&last| last < owed.timecode_ms));
                        on_wire.push(owed.timecode_ms);
                    }
                    Next::NewConnection => {
                        lane.cut();
                        on_wire.clear();
                    }
                    Next::Nothing => {}
                },
                Step::Persist(which) => if let Some(&timecode) = on_wire.get(which) {
                    lane.persisted(timecode);
                    missing.retain(|&other| other != timecode);
                },
                Step::Reject(which) => if let Some(&timecode) = on_wire.get(which) {
                    if let Some(given_up) = lane.rejected(Some(timecode)) {
                        missing.retain(|&other| other != given_up.timecode_ms);
                    }
                    lane.cut();
                    on_wire.clear();
                },
                Step::Cut => {
                    lane.cut();
                    on_wire.clear();
                }
            }
            prop_assert_eq!(lane.bytes(), lane.len() as u64 * 10);
        }
        lane.cut();
        let mut sent = Vec::new();
        loop {
            match lane.next(clock) {
                Next::Send(owed) => sent.push(owed.timecode_ms),
                Next::NewConnection => {
                    for &timecode in &sent {
                        lane.persisted(timecode);
                    }
                    lane.cut();
                }
                Next::Nothing => break,
            }
        }
        prop_assert_eq!(sent, missing);
    }
}
