//! The check of a store names every way in which it can be wrong, and nothing in one that is right.

use std::fs;
use std::path::{Path, PathBuf};

use ciero_media::matroska::Tag;
use ciero_media::matroska::write::write_tags;
use ciero_video::{Inconsistency, check};
use rusqlite::Connection;

use crate::common::{NOW_MS, Service, header, second, segment_files};

/// A closed store with three fragments of one stream, of which the last has a tag.
async fn store() -> tempfile::TempDir {
    let service = Service::with_stream().await;
    let mut body = header();
    for n in 0..3 {
        body.extend(second(NOW_MS + n * 1000));
    }
    body.extend(write_tags(&[Tag {
        name: "door".into(),
        value: "open".into(),
    }]));
    service.put(body).await;
    service.stopped()
}

/// Checks that a store that was changed like this shows the inconsistency, and before the change nothing.
async fn check_found(change: impl FnOnce(&Path), expected: &[Inconsistency]) {
    let folder = store().await;
    let before = check(folder.path()).unwrap();
    assert_eq!(before.findings, []);
    assert_eq!((before.streams, before.fragments), (1, 3));
    assert_eq!(before.without_checksum, 0);
    change(folder.path());
    let found = check(folder.path()).unwrap().findings;
    let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, expected, "{found:?}");
}

async fn check_row(change: &str, expected: &[Inconsistency]) {
    let sql = |folder: &Path| {
        let index = Connection::open(folder.join("index.db")).unwrap();
        assert!(index.execute(change, []).unwrap() > 0);
    };
    check_found(sql, expected).await;
}

fn segment(folder: &Path) -> PathBuf {
    segment_files(folder).pop().unwrap()
}

#[tokio::test]
async fn a_file_that_was_cut_is_short_for_each_fragment_that_it_lost() {
    let cut = |folder: &Path| {
        let path = segment(folder);
        let length = path.metadata().unwrap().len();
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(length / 2).unwrap();
    };
    check_found(cut, &[Inconsistency::FileShort, Inconsistency::FileShort]).await;
}

#[tokio::test]
async fn one_changed_byte_is_found() {
    let change = |folder: &Path| {
        let mut bytes = fs::read(segment(folder)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(segment(folder), bytes).unwrap();
    };
    check_found(change, &[Inconsistency::BytesChanged]).await;
}

#[tokio::test]
async fn a_file_that_is_gone_and_one_that_no_row_names_are_found() {
    let rename = |folder: &Path| {
        let path = segment(folder);
        fs::rename(&path, path.with_file_name("0000000077.seg")).unwrap();
    };
    check_found(
        rename,
        &[Inconsistency::FileMissing, Inconsistency::OrphanFile],
    )
    .await;
}

#[tokio::test]
async fn what_no_service_put_there_is_found() {
    let leave = |folder: &Path| {
        fs::write(segment(folder).with_file_name("1.seg"), "hm").unwrap();
        fs::write(folder.join("media/notes.txt"), "hm").unwrap();
    };
    check_found(leave, &[Inconsistency::StrangeFile; 2]).await;
}

#[tokio::test]
async fn bytes_behind_the_last_fragment_are_what_a_crash_may_leave() {
    let append = |folder: &Path| {
        let mut bytes = fs::read(segment(folder)).unwrap();
        bytes.extend([0; 100]);
        fs::write(segment(folder), bytes).unwrap();
    };
    check_found(append, &[]).await;
}

#[tokio::test]
async fn rows_of_a_stream_that_is_not_there_are_found() {
    check_row("DELETE FROM streams", &[Inconsistency::StreamMissing]).await;
}

#[tokio::test]
async fn a_fragment_without_its_header_is_found() {
    check_row(
        "UPDATE headers SET id = id + 1",
        &[Inconsistency::HeaderMissing; 3],
    )
    .await;
}

#[tokio::test]
async fn a_fragment_without_its_segment_is_found() {
    check_row(
        "UPDATE fragments SET segment_id = 99 WHERE sequence = (SELECT max(sequence) FROM fragments)",
        &[Inconsistency::SegmentMissing],
    )
    .await;
}

#[tokio::test]
async fn a_segment_that_does_not_span_its_fragments_is_found() {
    for change in [
        "UPDATE segments SET bytes = bytes - 1",
        "INSERT INTO segments SELECT 99, stream_id, first_server_ms, last_server_ms, 0 FROM segments",
    ] {
        let sql = |folder: &Path| {
            let index = Connection::open(folder.join("index.db")).unwrap();
            index.execute(change, []).unwrap();
            fs::write(segment(folder).with_file_name("0000000099.seg"), "").unwrap();
            if change.starts_with("UPDATE") {
                fs::remove_file(segment(folder).with_file_name("0000000099.seg")).unwrap();
            }
        };
        check_found(sql, &[Inconsistency::SegmentWrong]).await;
    }
}

#[tokio::test]
async fn rows_that_overlap_are_found() {
    check_row(
        "UPDATE fragments SET offset = offset - 1 WHERE sequence = (SELECT max(sequence) FROM fragments)",
        &[Inconsistency::Overlap, Inconsistency::BytesChanged],
    )
    .await;
}

#[tokio::test]
async fn a_sequence_that_names_two_fragments_is_found() {
    check_row(
        "UPDATE fragments SET sequence = sequence - 1, server_ms = server_ms + 1
         WHERE sequence = (SELECT max(sequence) FROM fragments)",
        &[
            Inconsistency::SegmentWrong,
            Inconsistency::TagsAlone,
            Inconsistency::SequenceTwice,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_fell_is_found() {
    check_row(
        "UPDATE fragments SET server_ms = server_ms - 1 WHERE sequence = (SELECT max(sequence) FROM fragments)",
        &[Inconsistency::SegmentWrong, Inconsistency::OutOfOrder],
    )
    .await;
}

#[tokio::test]
async fn tags_behind_no_fragment_are_found() {
    check_row(
        "UPDATE fragment_tags SET sequence = sequence + 1",
        &[Inconsistency::TagsAlone],
    )
    .await;
}

#[tokio::test]
async fn a_changed_bit_of_a_header_or_of_tags_is_found() {
    for table in ["headers", "fragment_tags"] {
        let change = format!("UPDATE {table} SET bytes = CAST('x' || substr(bytes, 2) AS BLOB)");
        check_row(&change, &[Inconsistency::BytesChanged]).await;
    }
}

#[tokio::test]
async fn what_is_to_be_erased_may_have_lost_its_bytes_and_its_stream() {
    let erase = |folder: &Path| {
        let index = Connection::open(folder.join("index.db")).unwrap();
        let change =
            "INSERT INTO erasures SELECT id, 9223372036854775807 FROM streams; DELETE FROM streams";
        index.execute_batch(change).unwrap();
        let zeros = vec![0; fs::read(segment(folder)).unwrap().len()];
        fs::write(segment(folder), zeros).unwrap();
    };
    check_found(erase, &[]).await;
}

#[tokio::test]
async fn an_index_that_is_none_is_found() {
    let scribble = |folder: &Path| {
        let mut bytes = fs::read(folder.join("index.db")).unwrap();
        let page = bytes.len() - 4096;
        bytes[page..].fill(0xEE);
        fs::write(folder.join("index.db"), bytes).unwrap();
    };
    let folder = store().await;
    scribble(folder.path());
    let found = check(folder.path()).unwrap().findings;
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|one| one.kind == Inconsistency::IndexDamaged)
    );
    check_found(
        |folder| fs::write(folder.join("index.db"), "no database at all").unwrap(),
        &[Inconsistency::IndexDamaged],
    )
    .await;
}

#[tokio::test]
async fn a_store_that_is_open_or_not_there_cannot_be_checked() {
    let service = Service::with_stream().await;
    let refused = check(service.folder.path()).unwrap_err();
    assert!(refused.to_string().contains("in use"), "{refused:#}");
    let nothing = tempfile::tempdir().unwrap();
    let refused = check(nothing.path()).unwrap_err();
    assert!(refused.to_string().contains("no video store"));
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
}
