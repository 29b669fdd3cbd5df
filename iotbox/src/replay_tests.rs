//! Tests of the replay buffer, one of them over any sequence of acknowledgements and cuts.

#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn fragment(timecode_ms: u64, run: u32, bytes: usize) -> Fragment {
    Fragment {
        timecode_ms,
        run,
        bytes: Bytes::from(vec![0; bytes]),
    }
}

fn filled(timecodes: &[u64]) -> ReplayBuffer {
    let mut buffer = ReplayBuffer::new(1000);
    for &timecode_ms in timecodes {
        assert!(buffer.push(fragment(timecode_ms, 0, 10)).is_empty());
    }
    buffer
}

/// Sends all it can on one connection.
fn send_all(buffer: &mut ReplayBuffer) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Next::Send(fragment) = buffer.next(0) {
        sent.push(fragment.timecode_ms);
    }
    sent
}

#[test]
fn after_a_cut_everything_not_persisted_is_sent_again_in_order() {
    let mut buffer = filled(&[1, 2, 3, 4]);
    assert_eq!(send_all(&mut buffer), [1, 2, 3, 4]);
    assert!(buffer.persisted(1));
    assert!(buffer.persisted(3));
    buffer.cut();
    assert_eq!(send_all(&mut buffer), [2, 4]);
}

#[test]
fn nothing_is_sent_twice_on_one_connection() {
    let mut buffer = filled(&[1, 2]);
    assert_eq!(send_all(&mut buffer), [1, 2]);
    assert_eq!(buffer.next(0), Next::Nothing);
}

#[test]
fn persisted_for_a_fragment_that_was_not_sent_changes_nothing() {
    let mut buffer = filled(&[1]);
    assert!(!buffer.persisted(1));
    assert!(!buffer.persisted(99));
    assert_eq!(buffer.len(), 1);
}

#[test]
fn a_new_run_takes_a_new_connection() {
    let mut buffer = filled(&[1, 2]);
    buffer.push(fragment(900, 1, 10));
    assert_eq!(send_all(&mut buffer), [1, 2]);
    assert_eq!(buffer.next(0), Next::NewConnection);
    assert!(buffer.persisted(1) && buffer.persisted(2));
    buffer.cut();
    assert_eq!(send_all(&mut buffer), [900]);
}

#[test]
fn a_timecode_that_goes_back_takes_a_new_connection() {
    let mut buffer = filled(&[5, 3]);
    assert_eq!(send_all(&mut buffer), [5]);
    assert_eq!(buffer.next(0), Next::NewConnection);
}

#[test]
fn a_full_buffer_drops_the_oldest_and_says_so() {
    let mut buffer = ReplayBuffer::new(100);
    assert!(buffer.push(fragment(1, 0, 60)).is_empty());
    let dropped = buffer.push(fragment(2, 0, 60));
    assert_eq!(dropped, [fragment(1, 0, 60)]);
    assert_eq!((buffer.len(), buffer.bytes()), (1, 60));
}

#[test]
fn a_fragment_larger_than_the_buffer_is_dropped_itself() {
    let mut buffer = ReplayBuffer::new(100);
    assert_eq!(buffer.push(fragment(1, 0, 101)).len(), 1);
    assert!(buffer.is_empty());
}

#[test]
fn a_fragment_is_given_up_after_three_rejections() {
    let mut buffer = filled(&[1, 2]);
    for attempt in 1..=3 {
        assert_eq!(send_all(&mut buffer), [1, 2]);
        let given_up = buffer.rejected(Some(1));
        assert_eq!(given_up.is_some(), attempt == 3);
        buffer.cut();
    }
    assert_eq!(send_all(&mut buffer), [2]);
}

#[test]
fn a_rejection_without_a_timecode_counts_for_the_oldest_sent() {
    let mut buffer = filled(&[1, 2]);
    for _ in 0..2 {
        send_all(&mut buffer);
        assert_eq!(buffer.rejected(None), None);
        buffer.cut();
    }
    assert_eq!(buffer.rejected(None), None, "nothing was sent");
    send_all(&mut buffer);
    assert_eq!(buffer.rejected(None).unwrap().timecode_ms, 1);
}

#[test]
fn the_oldest_waiting_fragment_tells_when_it_was_sent() {
    let mut buffer = filled(&[1, 2]);
    assert_eq!(buffer.oldest_sent_at_ms(), None);
    buffer.next(100);
    buffer.next(200);
    assert_eq!(buffer.oldest_sent_at_ms(), Some(100));
    buffer.persisted(1);
    assert_eq!(buffer.oldest_sent_at_ms(), Some(200));
}

#[derive(Debug, Clone)]
enum Step {
    Push { bytes: usize, jump: bool },
    Send,
    Persist(usize),
    Reject(usize),
    Cut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..40usize, prop::bool::weighted(0.1)).prop_map(|(bytes, jump)| Step::Push { bytes, jump }),
        4 => Just(Step::Send),
        3 => (0..20usize).prop_map(Step::Persist),
        1 => (0..20usize).prop_map(Step::Reject),
        1 => Just(Step::Cut),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn no_unpersisted_fragment_that_fits_is_ever_lost(steps in steps()) {
        let mut buffer = ReplayBuffer::new(200);
        // What the service has not stored and what was not reported as dropped or given up.
        let mut owed: Vec<u64> = Vec::new();
        let mut on_wire: Vec<u64> = Vec::new();
        let (mut clock, mut run) = (0, 0);
        for step in steps {
            match step {
                Step::Push { bytes, jump } => {
                    clock += 1000;
                    run += u32::from(jump);
                    owed.push(clock);
                    for dropped in buffer.push(fragment(clock, run, bytes)) {
                        owed.retain(|&timecode| timecode != dropped.timecode_ms);
                    }
                }
                Step::Send => match buffer.next(clock) {
                    Next::Send(fragment) => {
                        prop_assert!(on_wire.last().is_none_or(|&last| last < fragment.timecode_ms));
                        on_wire.push(fragment.timecode_ms);
                    }
                    Next::NewConnection => {
                        buffer.cut();
                        on_wire.clear();
                    }
                    Next::Nothing => {}
                },
                Step::Persist(which) => if let Some(&timecode) = on_wire.get(which) {
                    buffer.persisted(timecode);
                    owed.retain(|&other| other != timecode);
                },
                Step::Reject(which) => if let Some(&timecode) = on_wire.get(which) {
                    if let Some(given_up) = buffer.rejected(Some(timecode)) {
                        owed.retain(|&other| other != given_up.timecode_ms);
                    }
                    buffer.cut();
                    on_wire.clear();
                },
                Step::Cut => {
                    buffer.cut();
                    on_wire.clear();
                }
            }
            prop_assert!(buffer.bytes() <= 200);
        }
        buffer.cut();
        let mut sent = Vec::new();
        loop {
            match buffer.next(clock) {
                Next::Send(fragment) => sent.push(fragment.timecode_ms),
                Next::NewConnection => {
                    for &timecode in &sent {
                        buffer.persisted(timecode);
                    }
                    buffer.cut();
                }
                Next::Nothing => break,
            }
        }
        prop_assert_eq!(sent, owed);
    }
}
