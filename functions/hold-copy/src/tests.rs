//! Copies of held recordings with a mocked archive: whole, resumed, and honest about what is gone.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use ciero_domain::disclosure::{CopyOrder, Fragment, HoldCopy, Stretch};
use ciero_domain::ids::{CameraId, ContractId, DisclosureId};
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header, write_tags};
use ciero_media::matroska::{Tag, Track};
use ciero_ports::{
    CloudError, CommitError, Message, MockArchive, MockCaseFiles, MockDisclosures, MockLedger,
    MockQueues, Write, WriteKind,
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::*;

const SAMPLE: &str = include_str!("../../../events/hold-copy/next-part.json");

/// The stretch of the sample: two hours.
fn order() -> CopyOrder {
    let from: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    CopyOrder {
        case: DisclosureId::parse("x-0000000000000000").unwrap(),
        contract: ContractId::parse("c-0000000000000000").unwrap(),
        stretch: Stretch {
            camera: CameraId::parse("k-0000000000000000").unwrap(),
            from,
            until: from + SignedDuration::from_hours(2),
        },
        stream_name: "ciero-k-0000000000000000".into(),
    }
}

fn now() -> Moment {
    Moment("2026-06-01T03:00:00Z".parse().unwrap())
}

/// Everything around the function, kept between its calls.
#[derive(Default)]
struct World {
    recorded: Vec<Fragment>,
    /// Numbers that are listed and cannot be fetched any more.
    gone: Vec<String>,
    copy: Mutex<Option<HoldCopy>>,
    files: Mutex<Vec<(String, Vec<u8>)>>,
    sent: Mutex<Vec<Message>>,
    /// After so many files the store refuses once.
    fails_after: Mutex<Option<usize>>,
}

fn minute(number: i64) -> Fragment {
    let start = order().stretch.from + SignedDuration::from_mins(number);
    Fragment {
        number: format!("{number:05}"),
        start,
        end: start + SignedDuration::from_mins(1),
        bytes: 1024 * 1024,
    }
}

/// A fragment as the archive answers it, or in its place that it is gone.
fn document(number: &String, gone: &[String]) -> Vec<u8> {
    let tag = |name: &str, value: &str| Tag {
        name: format!("AWS_KINESISVIDEO_{name}"),
        value: value.to_owned(),
    };
    let named = tag("FRAGMENT_NUMBER", number);
    if gone.contains(number) {
        let error = tag("ERROR_CODE", "FRAGMENT_NOT_FOUND");
        return [write_header(&[], "test"), write_tags(&[error, named])].concat();
    }
    let frame = Frame {
        track: 1,
        offset_ms: 0,
        key: Key::Yes,
        data: number.as_bytes(),
    };
    let header = write_header(&[Track::avc(1, 320, 180, vec![1])], "test");
    [header, write_tags(&[named]), write_cluster(0, &[frame])].concat()
}

fn app(world: &Arc<World>) -> App {
    let (mut archive, mut files) = (MockArchive::new(), MockCaseFiles::new());
    let (mut disclosures, mut ledger) = (MockDisclosures::new(), MockLedger::new());
    let mut queues = MockQueues::new();
    let w = world.clone();
    archive.expect_fragments().returning(move |_, from, until| {
        let is_in = |one: &&Fragment| one.end > from && one.start < until;
        Ok(w.recorded.iter().filter(is_in).cloned().collect())
    });
    let w = world.clone();
    archive.expect_media().returning(move |_, numbers| {
        let one = |number: &String| document(number, &w.gone);
        Ok(Some(numbers.iter().flat_map(one).collect()))
    });
    let w = world.clone();
    files.expect_put().returning(move |key, _, file| {
        let mut files = w.files.lock().unwrap();
        let mut fails_after = w.fails_after.lock().unwrap();
        if fails_after.is_some_and(|after| files.len() >= after) {
            *fails_after = None;
            return Err(CloudError {
                service: "S3",
                detail: "slow down".into(),
            });
        }
        files.retain(|(known, _)| known != key);
        files.push((key.to_owned(), file));
        Ok(())
    });
    let w = world.clone();
    disclosures
        .expect_hold_copies()
        .returning(move |_| Ok(w.copy.lock().unwrap().clone().into_iter().collect()));
    let w = world.clone();
    ledger.expect_commit().returning(move |decision| {
        let [Write::HoldCopy(copy)] = decision.writes.as_slice() else {
            panic!("the copy writes nothing else");
        };
        let mut kept = w.copy.lock().unwrap();
        if kept.as_ref().map(|kept| kept.version + 1) != Some(copy.version) {
            return Err(CommitError::Conflict(WriteKind::Entity));
        }
        *kept = Some((**copy).clone());
        Ok(())
    });
    let w = world.clone();
    queues.expect_send().returning(move |messages| {
        w.sent.lock().unwrap().extend(messages.to_vec());
        messages.to_vec()
    });
    App {
        disclosures: Arc::new(disclosures),
        archive: Arc::new(archive),
        files: Arc::new(files),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(queues),
        },
    }
}

fn world(recorded: Vec<Fragment>) -> World {
    World {
        recorded,
        copy: Mutex::new(Some(HoldCopy::begin(order()))),
        ..World::default()
    }
}

/// Wakes the function by the sample until it asks for nothing more. Returns how often something failed.
async fn run(world: &Arc<World>) -> usize {
    let mut failures = 0;
    loop {
        world.sent.lock().unwrap().clear();
        let event = Event::read(serde_json::from_str(SAMPLE).unwrap()).unwrap();
        let answer = app(world).on_event(event, now()).await.unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap().len();
        failures += failed;
        if failed == 0 && world.sent.lock().unwrap().is_empty() {
            return failures;
        }
        assert!(failures < 10, "it never ends");
    }
}

/// The fragments that the manifests name, in the order of the pieces, after the hashes were checked.
fn copied(world: &World) -> Vec<String> {
    let mut files = world.files.lock().unwrap().clone();
    files.sort();
    let mut before = None;
    let mut numbers = Vec::new();
    for pair in files.chunks(2) {
        let [(manifest_key, manifest), (media_key, media)] = pair else {
            panic!("a piece is a manifest and its media");
        };
        assert_eq!(manifest_key.replace(".json", ".mkv"), *media_key);
        let read: Value = serde_json::from_slice(manifest).unwrap();
        assert_eq!(read["sha256"], hex::encode(Sha256::digest(media)));
        assert_eq!(read["manifest_before"].as_str().map(str::to_owned), before);
        before = Some(hex::encode(Sha256::digest(manifest)));
        let fragments = read["fragments"].as_array().unwrap();
        numbers.extend(
            fragments
                .iter()
                .map(|f| f["number"].as_str().unwrap().to_owned()),
        );
    }
    let copy = world.copy.lock().unwrap().clone().unwrap();
    assert_eq!(copy.last_manifest, before);
    numbers
}

fn numbers(fragments: &[Fragment]) -> Vec<String> {
    fragments.iter().map(|one| one.number.clone()).collect()
}

#[tokio::test]
async fn art_21_every_fragment_of_the_stretch_is_copied_once_and_nothing_else() {
    // From before the stretch until after it.
    let recorded: Vec<Fragment> = (-3..125).map(minute).collect();
    let world = Arc::new(world(recorded.clone()));
    assert_eq!(run(&world).await, 0);
    assert_eq!(copied(&world), numbers(&recorded[3..123]));
    let copy = world.copy.lock().unwrap().clone().unwrap();
    assert_eq!((copy.completed_at, copy.gone_ms), (Some(now().0), 0));
    assert_eq!(copy.fragments, 120);
}

#[tokio::test]
async fn art_21_a_fragment_that_reaches_into_the_stretch_belongs_to_it() {
    let mut early = minute(-1);
    early.end += SignedDuration::from_secs(30);
    let world = Arc::new(world(vec![early.clone()]));
    run(&world).await;
    assert_eq!(copied(&world), [early.number]);
}

#[tokio::test]
async fn art_21_a_copy_that_was_cut_short_goes_on_where_it_was() {
    let recorded: Vec<Fragment> = (0..120).map(minute).collect();
    for fails_after in 0..24 {
        let world = Arc::new(world(recorded.clone()));
        *world.fails_after.lock().unwrap() = Some(fails_after);
        assert_eq!(run(&world).await, 1, "after {fails_after}");
        assert_eq!(copied(&world), numbers(&recorded));
    }
}

#[tokio::test]
async fn art_21_what_retention_took_first_is_told_and_the_rest_is_copied() {
    let world = Arc::new(World {
        gone: vec![minute(5).number, minute(6).number],
        ..world((0..60).map(minute).collect())
    });
    run(&world).await;
    assert_eq!(copied(&world).len(), 58);
    let copy = world.copy.lock().unwrap().clone().unwrap();
    let gap = (minute(5).start, minute(7).start);
    let rest = (minute(60).start, order().stretch.until);
    assert_eq!(copy.gone, [gap, rest]);
}

#[tokio::test]
async fn a_message_without_a_hold_copies_nothing() {
    let world = Arc::new(World::default());
    let event = Event::read(serde_json::from_str(SAMPLE).unwrap()).unwrap();
    let answer = app(&world).on_event(event, now()).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
    assert!(world.files.lock().unwrap().is_empty());
}
