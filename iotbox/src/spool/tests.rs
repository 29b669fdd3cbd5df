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
        uncompared: None,
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
fn a_fault_of_the_disk_costs_one_fragment_and_nothing_that_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (place, away) = (folder.path().join("spool"), folder.path().join("away"));
    let spool = open(&place, 1 << 20, Order::LiveFirst);
    for timecode_ms in [10, 20, 30] {
        spool.push(&fragment(timecode_ms, 0, 100));
    }
    // Without its folder no segment can be made, and the disk is not full.
    std::fs::rename(&place, &away).unwrap();
    spool.push(&fragment(40, 1, 100));
    std::fs::rename(&away, &place).unwrap();
    spool.push(&fragment(50, 1, 100));
    assert_eq!((spool.waiting().fragments, spool.waiting().lost), (4, 1));
    assert_eq!(sent(&spool, Line::Live), [10, 20, 30]);
    spool.cut(Line::Live);
    for timecode_ms in [10, 20, 30] {
        spool.next(Line::Live, 0);
        assert!(spool.persisted(Line::Live, timecode_ms));
    }
    spool.cut(Line::Live);
    assert_eq!(sent(&spool, Line::Live), [50]);
}

#[test]
fn what_cannot_be_read_for_a_while_waits_and_is_sent_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    for timecode_ms in [10, 20, 30] {
        spool.push(&fragment(timecode_ms, 0, 100));
    }
    assert!(matches!(spool.next(Line::Live, 0), Outgoing::Send(_)));
    let segment = folder.path().join("0000000001.spool");
    let away = folder.path().join("away");
    std::fs::rename(&segment, &away).unwrap();
    // A link to itself is there, but cannot be opened.
    std::os::unix::fs::symlink(&segment, &segment).unwrap();
    assert_eq!(spool.next(Line::Live, 0), Outgoing::Nothing);
    std::fs::rename(&away, &segment).unwrap();
    assert_eq!(sent(&spool, Line::Live), [20, 30]);
    assert_eq!((spool.waiting().fragments, spool.waiting().lost), (3, 0));
}

#[test]
fn a_disk_that_is_full_of_other_things_takes_the_newest_for_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    spool.push(&fragment(10, 0, 100));
    let full = folder.path().join("0000000002.spool");
    std::os::unix::fs::symlink("/dev/full", full).unwrap();
    spool.push(&fragment(20, 1, 100));
    assert_eq!(spool.waiting().lost, 1);
    assert_eq!(sent(&spool, Line::Live), [20]);
    drop(spool);
    assert_eq!(files(folder.path()), 1);
}

#[test]
fn what_the_service_has_is_never_forced_onto_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    let unsynced = || spool.locked().store.take_unsynced(Duration::ZERO).len();
    for timecode_ms in [10, 20, 30] {
        spool.push(&fragment(timecode_ms, 0, 100));
        sent(&spool, Line::Live);
        spool.persisted(Line::Live, timecode_ms);
        assert_eq!(unsynced(), 0);
    }
    spool.push(&fragment(40, 0, 100));
    assert!(unsynced() > 0);
}

#[test]
fn a_fragment_that_waits_for_long_is_forced_whatever_came_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    let unsynced = |waited| spool.locked().store.take_unsynced(waited).len();
    spool.push(&fragment(10, 0, 100));
    assert_eq!(unsynced(Duration::from_secs(3_600)), 0);
    spool.push(&fragment(20, 0, 100));
    sent(&spool, Line::Live);
    spool.persisted(Line::Live, 20);
    assert!(unsynced(Duration::ZERO) > 0);
}

/// Makes pictures of a camera, in the order of their names, whose list of stored fragments outlived its segment.
fn with_orphaned_list(folder: &Path) -> Spool {
    let spool = open(folder, 1 << 20, Order::LiveFirst);
    let offset = 26_u32;
    std::fs::write(folder.join("0000000001.done"), offset.to_le_bytes()).unwrap();
    spool
}

#[test]
fn a_list_that_outlived_its_segment_takes_nothing_from_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    with_orphaned_list(folder.path()).push(&fragment(10, 0, 100));
    assert_eq!(
        sent(
            &open(folder.path(), 1 << 20, Order::BacklogFirst),
            Line::Live
        ),
        [10]
    );
    let folder = tempfile::tempdir().unwrap();
    drop(with_orphaned_list(folder.path()));
    drop(open(folder.path(), 1 << 20, Order::LiveFirst));
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_segment_goes_after_its_list_so_that_a_kill_between_them_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    spool.push(&fragment(10, 0, 100));
    // A list that cannot be deleted stops the deletion where a kill might.
    std::fs::create_dir(folder.path().join("0000000001.done")).unwrap();
    spool.locked().store.drop_oldest();
    assert!(folder.path().join("0000000001.spool").exists());
}

#[test]
fn what_the_service_has_is_deleted_before_the_kernel_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20, Order::LiveFirst);
    let stored = |timecode_ms| {
        spool.push(&fragment(timecode_ms, 0, 100));
        sent(&spool, Line::Live);
        spool.persisted(Line::Live, timecode_ms);
        files(folder.path())
    };
    assert_eq!(
        stored(10),
        2,
        "the next fragment goes into the same segment"
    );
    spool.locked().store.pass(Duration::from_secs(9));
    assert_eq!(stored(20), 2);
    spool.locked().store.pass(Duration::from_secs(1));
    assert_eq!(stored(30), 0);
    assert_eq!(stored(40), 2);
}

#[test]
fn a_spool_leaves_the_disks_reserve_alone_and_sends_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 40, Order::LiveFirst);
    let short = |_: &Path| {
        Some(disk::Disk {
            free: 1,
            size: 1 << 40,
        })
    };
    spool.locked().store.reserve.probe = short;
    let mb = 1_000_000;
    for timecode_ms in 1..=60 {
        spool.push(&fragment(timecode_ms, 0, mb));
    }
    let waiting = spool.waiting();
    assert!(waiting.bytes <= 34 * mb as u64, "{waiting:?}");
    assert!(waiting.bytes >= 20 * mb as u64, "{waiting:?}");
    assert_eq!(waiting.fragments as u64 + waiting.lost, 60);
    assert_eq!(sent(&spool, Line::Live).last(), Some(&60));
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
