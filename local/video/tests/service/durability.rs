//! What was acknowledged as persisted survives a crash at any moment.

use std::io::Write as _;

use ciero_media::matroska::write::write_header;
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, open, second, segment_files, snapshot, track};

const HOUR_MS: i64 = 3_600_000;

/// A service on what a crash of this one would leave on the disk now.
fn after_crash(service: &Service) -> Service {
    let folder = snapshot(service.folder.path());
    reopen(folder, service)
}

fn reopen(folder: tempfile::TempDir, service: &Service) -> Service {
    let clock = std::sync::Arc::clone(&service.clock);
    Service {
        video: open(folder.path(), &clock, service.quotas),
        folder,
        clock,
        quotas: service.quotas,
    }
}

async fn media_of(service: &Service, fragment: &Value) -> Vec<u8> {
    let body = json!({"StreamName": "cam", "Fragments": [fragment["FragmentNumber"]]});
    let request = http::Request::post("/getMediaForFragmentList")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let (status, _, body) = crate::common::send(&service.video, request).await;
    assert_eq!(status, 200);
    body.to_vec()
}

async fn check_holds(service: &Service, starts_ms: &[i64]) {
    let fragments = service.fragments().await;
    assert_eq!(fragments.len(), starts_ms.len());
    for (fragment, &start) in fragments.iter().zip(starts_ms) {
        let sent = second(start);
        let media = media_of(service, fragment).await;
        assert!(
            media.windows(sent.len()).any(|window| window == sent),
            "{start}"
        );
    }
}

#[tokio::test]
async fn persisted_fragments_survive_a_crash() {
    let service = Service::with_stream().await;
    let mut starts = Vec::new();
    for n in 0..5 {
        let start = NOW_MS + n * 1000;
        service.put_seconds(&[start]).await;
        starts.push(start);
        check_holds(&after_crash(&service), &starts).await;
    }
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_before_more_is_written() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let folder = snapshot(service.folder.path());
    let segment = segment_files(folder.path()).pop().unwrap();
    let whole = segment.metadata().unwrap().len();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&segment)
        .unwrap();
    // Longer than what will be written over it.
    file.write_all(&[0xEE; 5000]).unwrap();
    let crashed = reopen(folder, &service);
    check_holds(&crashed, &[NOW_MS]).await;
    crashed.put_seconds(&[NOW_MS + 1000]).await;
    check_holds(&crashed, &[NOW_MS, NOW_MS + 1000]).await;
    let expected = whole + second(NOW_MS + 1000).len() as u64;
    assert_eq!(segment.metadata().unwrap().len(), expected);
}

#[tokio::test]
async fn files_that_no_row_names_are_removed_at_the_start() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let folder = snapshot(service.folder.path());
    let segment = segment_files(folder.path()).pop().unwrap();
    std::fs::copy(&segment, segment.with_file_name("0000000099.seg")).unwrap();
    std::fs::create_dir(folder.path().join("media/77")).unwrap();
    std::fs::write(folder.path().join("media/77/0000000002.seg"), b"x").unwrap();
    let crashed = reopen(folder, &service);
    assert_eq!(segment_files(crashed.folder.path()), [segment]);
    check_holds(&crashed, &[NOW_MS]).await;
}

#[tokio::test]
async fn an_orderly_restart_goes_on_in_the_same_file() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let service = service.restarted();
    service.put_seconds(&[NOW_MS + 1000]).await;
    check_holds(&service, &[NOW_MS, NOW_MS + 1000]).await;
    assert_eq!(segment_files(service.folder.path()).len(), 1);
    let fragments = service.fragments().await;
    assert!(fragments[0]["FragmentNumber"].as_str() < fragments[1]["FragmentNumber"].as_str());
}

/// Sends media to a stream and counts what was persisted of it.
async fn persisted(video: ciero_video::Video, stream: String, media: Vec<u8>) -> usize {
    let request = http::Request::post("/putMedia")
        .header("x-amzn-stream-name", stream)
        .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
        .body(axum::body::Body::from(media))
        .unwrap();
    let (_, _, answer) = crate::common::send(&video, request).await;
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let lines = text.lines();
    lines.filter(|line| line.contains("PERSISTED")).count()
}

#[tokio::test]
async fn a_crash_in_the_middle_of_many_cameras_loses_nothing_acknowledged() {
    let service = Service::start();
    for n in 0..8 {
        let body = json!({"StreamName": format!("cam-{n}"), "DataRetentionInHours": 24});
        service.call("createStream", body).await;
    }
    let seconds = (0..20).flat_map(|n| second(NOW_MS + n * 1000));
    let media: Vec<u8> = crate::common::header().into_iter().chain(seconds).collect();
    let senders =
        (0..8).map(|n| persisted(service.video.clone(), format!("cam-{n}"), media.clone()));
    let persisted = futures::future::join_all(senders).await;
    assert_eq!(persisted, [20; 8]);
    let crashed = after_crash(&service);
    for n in 0..8 {
        let body = json!({"StreamName": format!("cam-{n}"), "MaxResults": 1000});
        let (_, answer) = crashed.call("listFragments", body).await;
        assert_eq!(answer["Fragments"].as_array().unwrap().len(), 20);
    }
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_is_ended_by_the_next_start() {
    let service = Service::with_stream().await;
    let (kept, gone) = (NOW_MS + 7_200_000, NOW_MS);
    service.put_seconds(&[gone]).await;
    service.advance(1_800_000);
    service.put_seconds(&[kept]).await;
    let service = service.restarted_after(|folder| {
        let index = rusqlite::Connection::open(folder.join("index.db")).unwrap();
        // As the change of a stream leaves them, before anything was erased.
        let ask = "INSERT INTO erasures SELECT id, 1800000000000 FROM streams";
        index.execute(ask, []).unwrap();
        let sent = second(gone);
        let media = std::fs::read(segment_files(folder).pop().unwrap()).unwrap();
        assert!(media.windows(sent.len()).any(|window| window == sent));
    });
    service.video.sweep();
    check_holds(&service, &[kept]).await;
    let folder = service.stopped();
    let media = std::fs::read(segment_files(folder.path()).pop().unwrap()).unwrap();
    let sent = second(gone);
    assert!(!media.windows(sent.len()).any(|window| window == sent));
    assert_eq!(ciero_video::check(folder.path()).unwrap().findings, []);
    let index = rusqlite::Connection::open(folder.path().join("index.db")).unwrap();
    assert_eq!(count(&index, "erasures"), 0);
}

#[tokio::test]
async fn a_stream_whose_deletion_was_cut_short_leaves_nothing_after_the_next_start() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let service = service.restarted_after(|folder| {
        let index = rusqlite::Connection::open(folder.join("index.db")).unwrap();
        let delete =
            "INSERT INTO erasures SELECT id, 9223372036854775807 FROM streams; DELETE FROM streams";
        index.execute_batch(delete).unwrap();
    });
    service.video.sweep();
    let folder = service.stopped();
    assert_eq!(segment_files(folder.path()), [] as [std::path::PathBuf; 0]);
    let index = rusqlite::Connection::open(folder.path().join("index.db")).unwrap();
    for table in ["segments", "fragments", "headers", "erasures"] {
        assert_eq!(count(&index, table), 0, "{table}");
    }
}

#[tokio::test]
async fn a_stream_of_many_files_goes_whole_and_another_is_written_meanwhile() {
    let service = Service::with_stream().await;
    // More than go at once.
    for hour in 0..45 {
        service.put_seconds(&[NOW_MS + hour * HOUR_MS]).await;
        service.advance(HOUR_MS / 2);
    }
    assert!(segment_files(service.folder.path()).len() > 20);
    let other = json!({"StreamName": "other", "DataRetentionInHours": 24});
    assert_eq!(service.call("createStream", other).await.0, 200);
    let media = [crate::common::header(), second(NOW_MS)].concat();
    let (deleted, persisted) = futures::join!(
        service.call("deleteStream", json!({"StreamName": "cam"})),
        persisted(service.video.clone(), "other".into(), media)
    );
    assert_eq!((deleted.0.as_u16(), persisted), (200, 1));
    assert_eq!(segment_files(service.folder.path()).len(), 1);
    let folder = service.stopped();
    assert_eq!(ciero_video::check(folder.path()).unwrap().findings, []);
}

#[tokio::test]
async fn a_header_goes_with_the_last_of_its_fragments() {
    let service = Service::with_stream().await;
    let other = write_header(&[track()], "another program");
    service.put([other, second(NOW_MS)].concat()).await;
    // Another file, which outlives the first.
    service.advance(7_200_000);
    service.put_seconds(&[NOW_MS + 7_200_000]).await;
    service.advance(23 * 3_600_000);
    service.video.sweep();
    check_holds(&service, &[NOW_MS + 7_200_000]).await;
    let folder = service.stopped();
    let index = rusqlite::Connection::open(folder.path().join("index.db")).unwrap();
    assert_eq!(count(&index, "headers"), 1);
    assert_eq!(ciero_video::check(folder.path()).unwrap().findings, []);
}

fn count(index: &rusqlite::Connection, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    index.query_row(&query, [], |row| row.get(0)).unwrap()
}

/// What the second version of the index kept, in place of what this one keeps.
const SECOND_VERSION: &str = "
DROP TABLE erasures;
DROP INDEX headers_of_stream;
ALTER TABLE fragment_tags DROP COLUMN checksum;
ALTER TABLE headers RENAME TO headers_3;
CREATE TABLE headers(id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id INTEGER NOT NULL, bytes BLOB NOT NULL,
    UNIQUE(stream_id, bytes));
INSERT INTO headers SELECT id, stream_id, bytes FROM headers_3;
DROP TABLE headers_3;
PRAGMA user_version = 2;
";

/// What the first version of the index kept, in place of what this one keeps.
const FIRST_VERSION: &str = "
ALTER TABLE streams DROP COLUMN storage_tier;
ALTER TABLE segments ADD COLUMN first_sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN last_sequence INTEGER NOT NULL DEFAULT 0;
DROP INDEX fragments_by_producer;
ALTER TABLE fragments RENAME TO fragments_2;
CREATE TABLE fragments(
    stream_id INTEGER NOT NULL, sequence INTEGER NOT NULL, server_ms INTEGER NOT NULL, random INTEGER NOT NULL,
    producer_ms INTEGER NOT NULL, timecode_ms INTEGER NOT NULL, length_ms INTEGER NOT NULL, frames INTEGER NOT NULL,
    header_id INTEGER NOT NULL, segment_id INTEGER NOT NULL, offset INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY(stream_id, sequence)
) WITHOUT ROWID;
INSERT INTO fragments SELECT stream_id, sequence, server_ms, random, producer_ms, producer_ms - start_ms, length_ms,
    frames, header_id, segment_id, offset, bytes FROM fragments_2;
DROP TABLE fragments_2;
CREATE INDEX fragments_by_producer ON fragments(stream_id, producer_ms, sequence);
CREATE INDEX fragments_by_server ON fragments(stream_id, server_ms, sequence);
PRAGMA user_version = 1;
";

/// Checks that a store that was left by an older version is taken over, where `without_checksum` fragments have none.
async fn check_taken_over(older: &[&str], version: &str, without_checksum: u64) {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    let service = service.restarted_after(|folder| {
        let index = rusqlite::Connection::open(folder.join("index.db")).unwrap();
        for change in older {
            index.execute_batch(change).unwrap();
        }
        drop(index);
        let refused = ciero_video::check(folder).unwrap_err();
        assert!(refused.to_string().contains(version), "{refused:#}");
    });
    service.put_seconds(&[NOW_MS + 2000]).await;
    check_holds(&service, &[NOW_MS, NOW_MS + 1000, NOW_MS + 2000]).await;
    let folder = service.stopped();
    let report = ciero_video::check(folder.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(
        (report.fragments, report.without_checksum),
        (3, without_checksum)
    );
    let index = rusqlite::Connection::open(folder.path().join("index.db")).unwrap();
    assert_eq!(count(&index, "headers"), 1);
}

#[tokio::test]
async fn a_store_of_an_older_version_is_taken_over_with_all_its_fragments() {
    check_taken_over(&[SECOND_VERSION], "version 2", 0).await;
    check_taken_over(&[SECOND_VERSION, FIRST_VERSION], "version 1", 2).await;
}
