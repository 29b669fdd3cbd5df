//! Article 9: what is copied, exactly once, wherever a worker stopped or died.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ciero_domain::contract::Standing;
use ciero_domain::export::{Failure, State, What};
use ciero_domain::notice::Notice;
use ciero_media::mp4::Recording;
use ciero_ports::Body;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::world::*;
const MINUTE_MS: i64 = 60_000;

/// Frames of a second each; the fourth was sent late and the fifth twice.
fn small() -> Vec<Made> {
    let mut all: Vec<Made> = (0..6)
        .map(|n| made(n, i64::from(n) * 1_000, 4_000))
        .collect();
    all.extend((10..13).map(|n| made(n, MINUTE_MS + i64::from(n) * 1_000, 4_000)));
    all[3].number = 40;
    all.push(made(41, 4_000, 4_000));
    all
}

/// Two parts of one file, then one of another configuration.
fn large() -> Vec<Made> {
    let mut all: Vec<Made> = (0..3)
        .map(|n| made(n, i64::from(n) * 1_000, 4 << 20))
        .collect();
    all.push(Made {
        width: 640,
        ..made(5, 3_000, 10_000)
    });
    all
}

fn manifest(files: &BTreeMap<String, Bytes>) -> Value {
    serde_json::from_slice(&files["manifest.json"]).unwrap()
}

/// The manifest without what differs from run to run.
fn content(files: &BTreeMap<String, Bytes>) -> BTreeMap<String, String> {
    let hash = |bytes: &Bytes| hex::encode(Sha256::digest(bytes));
    files
        .iter()
        .map(|(name, bytes)| (name.clone(), hash(bytes)))
        .collect()
}

async fn copied(archive: Vec<Made>, length_ms: i64) -> (World, BTreeMap<String, Bytes>) {
    let world = World::new(archive);
    let export = world.asked(length_ms);
    world.work(&export).await.unwrap();
    let files = world.files(&export);
    (world, files)
}

fn gaps(manifest: &Value) -> Vec<(i64, i64)> {
    let ms = |value: &Value| at(value.as_str().unwrap()).as_millisecond() - BEGIN_MS;
    let gaps = manifest["gaps"].as_array().unwrap().iter();
    gaps.map(|gap| (ms(&gap["from"]), ms(&gap["until"])))
        .collect()
}

#[tokio::test]
async fn art_09_every_frame_is_there_once_and_every_gap_is_told() {
    let (world, files) = copied(small(), 2 * MINUTE_MS).await;
    let film = files
        .iter()
        .find(|(name, _)| name.ends_with(".mp4"))
        .unwrap();
    let recording = Recording::from_file(film.1).unwrap();
    assert_eq!(recording.samples.len(), 2 * 9);
    assert_eq!(recording.duration_ms, 9_000);
    let manifest = manifest(&files);
    assert_eq!(gaps(&manifest), [(6_000, 70_000), (73_000, 120_000)]);
    assert_eq!(manifest["segments"][1]["file_ms"], 6_000);
    assert_eq!(
        manifest["segments"][1]["server_from"],
        "2026-06-01T02:01:10.8Z"
    );
    let sha256 = hex::encode(Sha256::digest(film.1));
    assert_eq!(manifest["files"][0]["sha256"], sha256);
    assert_eq!(
        world.look(|kept| kept.fetched.len()),
        9,
        "the doubled one is not fetched"
    );
}

#[tokio::test]
async fn art_09_the_span_ends_exactly_at_the_fragments_that_reach_into_it() {
    let mut archive = small();
    archive.push(made(50, -500, 4_000));
    archive.push(made(51, -1_500, 4_000));
    let (_, files) = copied(archive, 2_500).await;
    let manifest = manifest(&files);
    assert_eq!(gaps(&manifest), []);
    assert_eq!(manifest["got"]["from"], "2026-06-01T01:59:59.5Z");
    assert_eq!(manifest["got"]["until"], "2026-06-01T02:00:03Z");
}

#[tokio::test]
async fn art_09_a_span_without_recordings_is_one_gap_and_no_film() {
    let (_, files) = copied(Vec::new(), MINUTE_MS).await;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["manifest.json"]);
    assert_eq!(gaps(&manifest(&files)), [(0, MINUTE_MS)]);
}

#[tokio::test]
async fn pictures_of_another_configuration_begin_a_new_file() {
    let (_, files) = copied(large(), MINUTE_MS).await;
    let films: Vec<&Bytes> = files
        .iter()
        .filter(|(name, _)| name.ends_with(".mp4"))
        .map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(films.len(), 2);
    let widths: Vec<u32> = films
        .iter()
        .map(|film| Recording::from_file(film).unwrap().width)
        .collect();
    assert_eq!(widths, [320, 640]);
    assert_eq!(gaps(&manifest(&files)), [(4_000, MINUTE_MS)]);
    let [first, second] = [0, 1].map(|n| manifest(&files)["segments"][n]["file_ms"].clone());
    assert_eq!((first, second), (0.into(), 0.into()));
}

#[tokio::test]
async fn the_work_goes_on_message_by_message_and_nothing_is_written_twice() {
    for archive in [small(), large()] {
        let (_, at_once) = copied(archive.clone(), 2 * MINUTE_MS).await;
        let world = World {
            stretch: Duration::ZERO,
            ..World::new(archive)
        };
        let export = world.asked(2 * MINUTE_MS);
        let mut messages = 0;
        while world.export(&export).is_under_way() {
            world.look(|kept| kept.messages.clear());
            world.work(&export).await.unwrap();
            messages += 1;
            let asked = world.look(|kept| {
                kept.messages
                    .iter()
                    .any(|one| matches!(one.body, Body::Export(..)))
            });
            assert_eq!(asked, world.export(&export).is_under_way());
            assert!(messages < 100);
        }
        assert!(messages > 3);
        assert_eq!(content(&world.files(&export)), content(&at_once));
        world.work(&export).await.unwrap();
        assert_eq!(
            content(&world.files(&export)),
            content(&at_once),
            "a late message changes nothing"
        );
    }
}

/// Every call outside is one at which a worker may die; what it had done by then is not fetched again.
#[tokio::test]
async fn a_worker_may_die_at_any_step_and_the_next_one_goes_on() {
    let (_, at_once) = copied(large(), MINUTE_MS).await;
    for strength in 0.. {
        let world = World::new(large());
        let export = world.asked(MINUTE_MS);
        world.look(|kept| kept.strength = Some(strength));
        let died = world.work(&export).await.is_err();
        let noted = world.export(&export);
        world.look(|kept| {
            kept.strength = None;
            kept.fetched.clear();
        });
        world.work(&export).await.unwrap();
        assert_eq!(
            content(&world.files(&export)),
            content(&at_once),
            "died at {strength}"
        );
        let fetched = world.look(|kept| kept.fetched.len());
        if noted.version > 1 {
            assert!(fetched <= 2, "{fetched} fragments, died at {strength}");
        }
        if !died {
            assert!(strength > 10, "{strength} steps");
            break;
        }
    }
}

#[tokio::test]
async fn of_two_workers_the_slower_one_stops() {
    let world = World::new(large());
    let export = world.asked(MINUTE_MS);
    world.look(|kept| kept.strength = Some(4));
    assert!(world.work(&export).await.is_err());
    world.look(|kept| kept.strength = None);
    let stale = world.export(&export);
    world.work(&export).await.unwrap();
    let done = world.export(&export);
    assert!(
        !ciero_ports::Exports::put_export(&world, &stale)
            .await
            .unwrap()
    );
    assert_eq!(world.export(&export), done);
}

#[tokio::test]
async fn art_24_the_person_who_asked_is_told_once_of_the_end() {
    let (world, _) = copied(small(), 2 * MINUTE_MS).await;
    let told = world.look(|kept| kept.messages.clone());
    let [message] = told.as_slice() else {
        panic!("{told:?}")
    };
    let Body::Notice(Notice::ExportEnded {
        user,
        failure,
        gaps,
        ..
    }) = &message.body
    else {
        panic!("{message:?}")
    };
    assert_eq!((user, failure, *gaps), (&seen().user.id, &None, 2));
    let rows = world.look(|kept| kept.rows.clone());
    assert_eq!(
        rows.last()
            .map(|row| (row.action.as_str(), row.outcome.as_str())),
        Some(("export_ended", "done"))
    );
}

#[tokio::test]
async fn art_06_a_suspension_ends_an_export_that_is_under_way_and_gives_its_parts_up() {
    let mut world = World::new(large());
    let export = world.asked(MINUTE_MS);
    world.look(|kept| kept.strength = Some(6));
    assert!(world.work(&export).await.is_err());
    world.look(|kept| kept.strength = None);
    if let Some(seen) = &mut world.seen {
        seen.contract.standing = suspended();
    }
    world.work(&export).await.unwrap();
    let State::Failed { why, .. } = world.export(&export).state else {
        panic!("it goes on")
    };
    assert_eq!(why, Failure::NotEntitled);
    assert_eq!(world.look(|kept| kept.abandoned), 1);
}

pub fn suspended() -> Standing {
    Standing::Suspended {
        clause: "6-2".into(),
        since: now().0,
    }
}

#[tokio::test]
async fn a_picture_that_fits_no_film_ends_the_export_with_its_reason() {
    let mut archive = small();
    archive.iter_mut().for_each(|one| one.codec = "V_THEORA");
    let world = World::new(archive);
    let export = world.asked(MINUTE_MS);
    world.work(&export).await.unwrap();
    let State::Failed { why, .. } = world.export(&export).state else {
        panic!("it is done")
    };
    assert_eq!(why, Failure::PictureUnknown);
}

#[tokio::test]
async fn art_09_registered_data_are_tables_and_one_document() {
    let world = World::new(Vec::new());
    let export = world.exporting(What::RegisteredData);
    world.work(&export).await.unwrap();
    let files = world.files(&export);
    let names: Vec<&String> = files.keys().collect();
    assert!(
        names.len() == 10 && names.contains(&&"users.csv".to_owned()),
        "{names:?}"
    );
    let users = String::from_utf8(files["users.csv"].to_vec()).unwrap();
    assert!(users.contains("user-1@example.jp"), "{users}");
    let agreed = String::from_utf8(files["third_party_terms.csv"].to_vec()).unwrap();
    assert!(agreed.contains("version"), "{agreed}");
    let whole: Value = serde_json::from_slice(&files["registered-data.json"]).unwrap();
    assert_eq!(whole["data"]["cameras"][0]["name"], "玄関");
}
