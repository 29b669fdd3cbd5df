//! Tests of a spool whose pictures were stamped before the clock was compared.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::spool::{Line, Order, Outgoing, Spool, SpoolPlan};
use bytes::Bytes;
use ciero_media::matroska::write::{Frame, Key, write_cluster};
use std::time::Duration;

const STAMP_MS: u64 = 1_800_000_000_000;
const HOUR_MS: i64 = 3_600_000;
/// A clock that is an hour behind, and the right time by the running time of the same start of the machine.
const CLOCK: Ahead = ahead(1, 5_000);
const RIGHT: Ahead = ahead(1, 5_000 + HOUR_MS);
const NEXT_START: Ahead = ahead(2, 77);

const fn ahead(boot: u128, ms: i64) -> Ahead {
    let boot = Boot(boot);
    Ahead { boot, ms }
}

fn open(folder: &Path) -> Spool {
    let plan = SpoolPlan {
        folder: folder.to_owned(),
        limit_bytes: 1 << 20,
        sync_after: Duration::ZERO,
        order: Order::BacklogFirst,
    };
    Spool::open(&plan).unwrap()
}

fn push(spool: &Spool, timecode_ms: u64, uncompared: Option<Ahead>) {
    let frame = Frame {
        track: 1,
        offset_ms: 0,
        key: Key::Yes,
        data: &[1, 2, 3],
    };
    spool.push(&Fragment {
        timecode_ms,
        run: 0,
        header: Bytes::from_static(b"header"),
        bytes: write_cluster(timecode_ms, &[frame]).into(),
        uncompared,
    });
}

/// Sends everything, lets all be stored, and returns the times.
fn sent(spool: &Spool) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        match spool.next(Line::Live, 0) {
            Outgoing::Send(bytes) => {
                let timecode_ms = timecode::of(&bytes).unwrap();
                assert!(spool.persisted(Line::Live, timecode_ms));
                all.push(timecode_ms);
            }
            Outgoing::NewConnection => spool.cut(Line::Live),
            Outgoing::Nothing => return all,
        }
    }
}

fn hour_later(stamp_ms: u64) -> u64 {
    stamp_ms + HOUR_MS as u64
}

#[test]
fn pictures_of_a_clock_that_was_off_are_moved_and_those_after_it_was_set_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    push(&spool, STAMP_MS, Some(CLOCK));
    push(&spool, hour_later(STAMP_MS) + 1_000, Some(RIGHT));
    spool.settle(RIGHT);
    let expected = [hour_later(STAMP_MS), hour_later(STAMP_MS) + 1_000];
    assert_eq!(sent(&spool), expected);
    assert_eq!(spool.waiting().lost, 0);
}

#[test]
fn pictures_of_a_clock_that_was_right_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    push(&spool, STAMP_MS, Some(CLOCK));
    let nearly = ahead(1, CLOCK.ms + TOLERATED_MS);
    spool.settle(nearly);
    assert_eq!(sent(&spool), [STAMP_MS]);
}

#[test]
fn pictures_that_come_after_the_comparison_are_moved_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    spool.settle(RIGHT);
    push(&spool, STAMP_MS, Some(CLOCK));
    assert_eq!(sent(&spool), [hour_later(STAMP_MS)]);
    assert!(
        !folder.path().join("clock").exists(),
        "nothing is to be remembered"
    );
}

#[test]
fn a_time_of_the_year_1970_is_moved_too() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    push(&spool, 60_000, Some(ahead(1, 0)));
    spool.settle(ahead(1, STAMP_MS as i64));
    assert_eq!(sent(&spool), [STAMP_MS + 60_000]);
}

#[test]
fn a_restart_of_the_program_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    push(&open(folder.path()), STAMP_MS, Some(CLOCK));
    let spool = open(folder.path());
    spool.settle(RIGHT);
    assert_eq!(sent(&spool), [hour_later(STAMP_MS)]);
}

#[test]
fn what_was_learnt_outlives_a_restart_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    push(&spool, STAMP_MS, Some(CLOCK));
    spool.settle(RIGHT);
    drop(spool);
    let spool = open(folder.path());
    push(&spool, STAMP_MS + 9_000, Some(NEXT_START));
    spool.settle(NEXT_START);
    assert_eq!(sent(&spool), [hour_later(STAMP_MS), STAMP_MS + 9_000]);
    assert_eq!(spool.waiting().lost, 0);
}

#[test]
fn pictures_of_which_nobody_can_say_the_time_any_more_are_not_sent_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    push(&open(folder.path()), STAMP_MS, Some(CLOCK));
    let spool = open(folder.path());
    push(&spool, STAMP_MS + 9_000, None);
    spool.settle(NEXT_START);
    assert_eq!(spool.waiting().lost, 1);
    assert_eq!(sent(&spool), [STAMP_MS + 9_000]);
}

#[test]
fn pictures_of_a_compared_clock_are_sent_whatever_start_they_are_from() {
    let folder = tempfile::tempdir().unwrap();
    push(&open(folder.path()), STAMP_MS, None);
    let spool = open(folder.path());
    spool.settle(NEXT_START);
    assert_eq!(sent(&spool), [STAMP_MS]);
}
