//! Tests of the spool over real folders: outages, restarts, kills and full disks.

#![allow(clippy::unwrap_used)]
use super::*;
use std::path::Path;

fn fragment(timecode_ms: u64, run: u32, length: usize) -> Fragment {
    Fragment {
        timecode_ms,
        run,
        header: Bytes::from_static(b"header"),
        bytes: Bytes::from(vec![(timecode_ms % 251) as u8; length]),
    }
}

fn open(folder: &Path, limit_bytes: u64, order: Order) -> Spool {
    let plan = SpoolPlan {
        folder: folder.to_owned(),
        limit_bytes,
        sync_after: Duration::ZERO,
        order,
    };
    Spool::open(&plan).unwrap()
}

/// Sends all it can on one connection and returns the fragments' first bytes.
fn sent(spool: &Spool, line: Line) -> Vec<u8> {
    let mut all = Vec::new();
    while let Outgoing::Send(bytes) = spool.next(line, 0) {
        all.push(bytes[0]);
    }
    all
}

fn files(folder: &Path) -> usize {
    let ours = |name: &str| name.ends_with(".spool") || name.ends_with(".done");
    std::fs::read_dir(folder)
        .unwrap()
        .filter(|entry| ours(entry.as_ref().unwrap().file_name().to_str().unwrap()))
        .count()
}

#[test]
fn what_was_not_stored_is_there_after_a_kill_and_what_was_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    for timecode_ms in [10, 20, 30] {
        spool.push(&fragment(timecode_ms, 0, 100));
    }
    assert_eq!(sent(&spool, Line::Live), [10, 20, 30]);
    assert!(spool.persisted(Line::Live, 20));
    // A killed process runs no destructor; what its files hold is all that is left.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let again = open(copy.path(), 1 << 20, Order::LiveFirst);
    assert_eq!(
        again.begin(Line::Backlog).unwrap(),
        Bytes::from_static(b"header")
    );
    assert_eq!(sent(&again, Line::Backlog), [10, 30]);
    assert_eq!(sent(&again, Line::Live), [0_u8; 0]);
    again.push(&fragment(40, 0, 100));
    assert_eq!(sent(&again, Line::Live), [40]);
}

#[test]
fn after_a_restart_pictures_do_not_continue_the_connection_of_those_before() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 1 << 20, Order::BacklogFirst).push(&fragment(10, 0, 9));
    let spool = open(folder.path(), 1 << 20, Order::BacklogFirst);
    spool.push(&fragment(20, 0, 9));
    assert_eq!(sent(&spool, Line::Live), [10]);
    assert_eq!(spool.next(Line::Live, 0), Outgoing::NewConnection);
}

#[test]
fn a_spool_whose_pictures_are_all_stored_keeps_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    for run in 0..5 {
        spool.push(&fragment(u64::from(run) * 10 + 1, run, 50_000));
        sent(&spool, Line::Live);
        spool.persisted(Line::Live, u64::from(run) * 10 + 1);
        spool.cut(Line::Live);
    }
    assert!(files(folder.path()) <= 2, "only the open segment is left");
    drop(spool);
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_full_spool_drops_the_oldest_says_so_and_keeps_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 100_000, Order::LiveFirst);
    for timecode_ms in 1..=200 {
        spool.push(&fragment(timecode_ms, 0, 1_000));
    }
    let on_disk: u64 = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(on_disk <= 100_000, "{on_disk}");
    let left = sent(&spool, Line::Live);
    let waiting = spool.waiting();
    assert!(left.len() > 80, "{}", left.len());
    assert_eq!(waiting.fragments as u64 + waiting.lost, 200);
    let newest: Vec<u8> = (201 - left.len() as u64..=200).map(|at| at as u8).collect();
    assert_eq!(left, newest);
}

#[test]
fn a_fragment_larger_than_the_spool_is_lost_alone() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 100_000, Order::LiveFirst);
    spool.push(&fragment(1, 0, 100_001));
    spool.push(&fragment(2, 0, 1_000));
    assert_eq!(sent(&spool, Line::Live), [2]);
    assert_eq!(spool.waiting().lost, 1);
}

#[test]
fn a_fragment_that_the_disk_has_changed_is_lost_alone() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    for timecode_ms in [10, 20, 30] {
        spool.push(&fragment(timecode_ms, 0, 100));
    }
    let path = folder.path().join("0000000001.spool");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.iter().position(|&byte| byte == 20).unwrap() + 50;
    let place = bytes.iter().rposition(|&byte| byte == 20).unwrap();
    bytes[place.min(at + 40)] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(sent(&spool, Line::Live), [10, 30]);
    assert_eq!(spool.waiting().lost, 1);
}

#[test]
fn after_an_outage_live_begins_with_the_present_and_the_backlog_has_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    for second in 1..=60 {
        spool.push(&fragment(second * 1000, 0, 100));
    }
    spool.begin(Line::Live).unwrap();
    let (live, backlog) = (sent(&spool, Line::Live), sent(&spool, Line::Backlog));
    assert_eq!((live.len(), backlog.len()), (11, 49));
    assert_eq!(spool.waiting().backlog, 49);
}

#[test]
fn where_the_backlog_comes_first_everything_keeps_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::BacklogFirst);
    for second in 1..=60 {
        spool.push(&fragment(second * 1000, 0, 100));
    }
    spool.begin(Line::Live).unwrap();
    assert_eq!(sent(&spool, Line::Live).len(), 60);
}

#[test]
fn the_backlog_waits_while_the_present_waits() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    assert!(spool.has_room_beside_live(0, 3_000));
    spool.push(&fragment(1, 0, 100));
    assert!(!spool.has_room_beside_live(0, 3_000), "it is not sent yet");
    assert!(matches!(spool.next(Line::Live, 1_000), Outgoing::Send(_)));
    assert!(spool.has_room_beside_live(3_999, 3_000));
    assert!(
        !spool.has_room_beside_live(4_000, 3_000),
        "it is long on its way"
    );
    spool.persisted(Line::Live, 1);
    assert!(spool.has_room_beside_live(4_000, 3_000));
}

#[test]
fn a_fragment_that_is_given_up_leaves_the_disk_too() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    spool.push(&fragment(5, 0, 100));
    for attempt in 1..=3 {
        sent(&spool, Line::Live);
        let given_up = spool.rejected(Line::Live, Some(5));
        assert_eq!(given_up, (attempt == 3).then_some(5));
        spool.cut(Line::Live);
    }
    drop(spool);
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn one_folder_serves_one_program() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path(), 1 << 20, Order::LiveFirst);
    let plan = SpoolPlan {
        folder: folder.path().to_owned(),
        limit_bytes: 1 << 20,
        sync_after: Duration::ZERO,
        order: Order::LiveFirst,
    };
    assert!(matches!(Spool::open(&plan), Err(SpoolError::InUse { .. })));
}

#[test]
fn what_waits_for_long_is_forced_onto_the_disk_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    spool.push(&fragment(5, 0, 100));
    let unsynced = || spool.locked().store.take_unsynced(Duration::ZERO).len();
    assert!(unsynced() > 0);
    assert_eq!(unsynced(), 0);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let plan = SpoolPlan {
        folder: file.path().join("spool"),
        limit_bytes: 1 << 20,
        sync_after: Duration::ZERO,
        order: Order::LiveFirst,
    };
    let error = Spool::open(&plan).unwrap_err().to_string();
    assert!(error.contains("cannot be used"), "{error}");
}
