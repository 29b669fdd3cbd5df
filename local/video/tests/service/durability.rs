//! What was acknowledged as persisted survives a crash at any moment.

use std::io::Write as _;

use crate::common::{NOW_MS, Service, open, second, segment_files, snapshot};
use serde_json::{Value, json};

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

#[tokio::test]
async fn a_crash_in_the_middle_of_many_cameras_loses_nothing_acknowledged() {
    let service = Service::start();
    for n in 0..8 {
        let body = json!({"StreamName": format!("cam-{n}"), "DataRetentionInHours": 24});
        service.call("createStream", body).await;
    }
    let senders = (0..8).map(|n| {
        let video = service.video.clone();
        async move {
            let mut body = crate::common::header();
            for second_number in 0..20 {
                body.extend(second(NOW_MS + second_number * 1000));
            }
            let request = http::Request::post("/putMedia")
                .header("x-amzn-stream-name", format!("cam-{n}"))
                .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
                .body(axum::body::Body::from(body))
                .unwrap();
            let (_, _, answer) = crate::common::send(&video, request).await;
            let text = String::from_utf8(answer.to_vec()).unwrap();
            text.lines()
                .filter(|line| line.contains("PERSISTED"))
                .count()
        }
    });
    let persisted = futures::future::join_all(senders).await;
    assert_eq!(persisted, [20; 8]);
    let crashed = after_crash(&service);
    for n in 0..8 {
        let body = json!({"StreamName": format!("cam-{n}"), "MaxResults": 1000});
        let (_, answer) = crashed.call("listFragments", body).await;
        assert_eq!(answer["Fragments"].as_array().unwrap().len(), 20);
    }
}

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

#[tokio::test]
async fn a_store_of_the_first_version_is_taken_over_with_all_its_fragments() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    let service = service.restarted_after(|folder| {
        let index = rusqlite::Connection::open(folder.join("index.db")).unwrap();
        index.execute_batch(FIRST_VERSION).unwrap();
        drop(index);
        let refused = ciero_video::check(folder).unwrap_err();
        assert!(refused.to_string().contains("version 1"), "{refused:#}");
    });
    service.put_seconds(&[NOW_MS + 2000]).await;
    check_holds(&service, &[NOW_MS, NOW_MS + 1000, NOW_MS + 2000]).await;
    let folder = service.stopped();
    let report = ciero_video::check(folder.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.fragments, report.without_checksum), (3, 2));
}
