//! Feeds broken media to everything that reads media of unknown origin, PutMedia with its store among them: `fuzz [SECONDS] [SEED]`
//! runs all targets, `fuzz FILE` repeats an input that was kept. The corpus is made here; an input that makes a target panic is kept under `target/fuzz`.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use ciero_media::codec::{Codec, codec_string};
use ciero_media::matroska::write::{
    Frame, Key, write_block, write_cluster, write_cluster_start, write_end_of_fragment,
    write_header, write_tags,
};
use ciero_media::matroska::{Fragments, Limits, Reader, Tag, Track, TrackKind};
use ciero_media::mp4::Recording;
use ciero_media::mp4::init_segment;
use ciero_video::{Quotas, Video, VideoConfig};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

const CAMERA: &[u8] = include_bytes!("../../../shared/media/tests/fixtures/camera.mkv");
const HEVC: &[u8] = include_bytes!("../../../shared/media/tests/fixtures/hevc-live.mkv");
const RECORDED: &[u8] = include_bytes!("../../../shared/media/tests/fixtures/camera.mp4");

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 6] = [
    ("matroska", matroska),
    ("pieces", pieces),
    ("documents", documents),
    ("decoders", decoders),
    ("mp4", mp4),
    ("put_media", put_media),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_else(|| "60".into());
    if let Ok(bytes) = std::fs::read(&first) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
        return ExitCode::SUCCESS;
    }
    let seed = arguments.next().and_then(|text| text.parse().ok());
    let Ok(seconds) = first.parse::<u64>() else {
        eprintln!("usage: fuzz [SECONDS] [SEED] | fuzz FILE");
        return ExitCode::from(2);
    };
    let mut random = Random(seed.unwrap_or(1));
    let corpus = corpus();
    std::panic::set_hook(Box::new(|_| {}));
    let share = Duration::from_secs(seconds) / TARGETS.len() as u32;
    for (name, target) in TARGETS {
        let began = Instant::now();
        let mut runs = 0_u64;
        while began.elapsed() < share {
            let input = mutate(&corpus, &mut random);
            if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                return keep(name, &input);
            }
            runs += 1;
        }
        println!("{name}: {runs} inputs");
    }
    ExitCode::SUCCESS
}

fn keep(name: &str, input: &[u8]) -> ExitCode {
    let folder = Path::new("target/fuzz");
    let path = folder.join(format!("{name}.bin"));
    let kept = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, input));
    match kept {
        Ok(()) => eprintln!("fuzz: {name} panicked; the input is {}", path.display()),
        Err(error) => eprintln!("fuzz: {name} panicked, and the input cannot be kept: {error}"),
    }
    ExitCode::FAILURE
}

/// Reads all at once, and checks that every byte is handed out at most once.
fn matroska(input: &[u8]) {
    let mut reader = Reader::new(Limits::default());
    reader.push_bytes(input.to_vec().into());
    check_reader(&mut reader, &[], input.len());
}

/// Reads in pieces of a size that the input itself chooses.
fn pieces(input: &[u8]) {
    let Some((&size, input)) = input.split_last() else {
        return;
    };
    let limits = Limits {
        header_bytes: 1 << 16,
        block_bytes: 1 << 16,
    };
    check_reader(
        &mut Reader::of_documents(limits),
        &input.chunks(usize::from(size) * 40 + 1).collect::<Vec<_>>(),
        input.len(),
    );
}

fn check_reader(reader: &mut Reader, pieces: &[&[u8]], length: usize) {
    let mut handed_out = 0;
    let mut take_all = |reader: &mut Reader| {
        while let Ok(Some(item)) = reader.next() {
            handed_out += item.raw.len();
        }
    };
    take_all(reader);
    for piece in pieces {
        reader.push(piece);
        take_all(reader);
    }
    while let Ok(Some(item)) = reader.finish() {
        handed_out += item.raw.len();
    }
    assert!(handed_out <= length, "bytes were handed out twice");
}

fn documents(input: &[u8]) {
    let mut fragments = Fragments::new(Limits::default());
    for piece in input.chunks(1 + input.len() / 3) {
        fragments.push(piece);
        while let Ok(Some(fragment)) = fragments.next() {
            let _ = fragment.length_ms();
        }
    }
    let _ = fragments.finish();
}

/// Takes the input for each codec's configuration.
fn decoders(input: &[u8]) {
    for codec_id in ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "A_AAC", "A_MS/ACM"] {
        // Configurations are small, and lie anywhere in the corpus.
        for start in [0, input.len() / 2] {
            let private = &input[start..input.len().min(start + 120)];
            let track = Track {
                codec_id: codec_id.into(),
                ..Track::avc(1, 0, 0, private.to_vec())
            };
            let _ = (Codec::of(&track), codec_string(&track));
            let _ = init_segment(&track);
        }
    }
}

fn mp4(input: &[u8]) {
    let _ = Recording::from_file(input);
}

/// Sends the input to PutMedia in pieces of different sizes: the answers must be the same, and the store in order afterwards.
fn put_media(input: &[u8]) {
    let checked = RUNTIME.with(|runtime| put_and_check(runtime, input));
    assert!(checked.is_ok(), "{checked:?}");
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap_or_else(|error| panic!("{error}"));
}

fn put_and_check(runtime: &Runtime, input: &[u8]) -> anyhow::Result<()> {
    // What is synced to memory takes no time.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)?
    } else {
        tempfile::tempdir()?
    };
    let pieces = [input.len(), 1 + input.len() / 3, 61, 1 + input.len() / 2000];
    let answers = runtime.block_on(async {
        let video = Video::open(VideoConfig {
            data_dir: folder.path().to_owned(),
            base_url: String::new(),
            account_id: String::new(),
            region: String::new(),
            now: Arc::new(|| 1_800_000_000_000),
            quotas: Quotas::Off,
        })?;
        let cam = json!({"StreamName": "cam", "DataRetentionInHours": 24});
        let request = http::Request::post("/createStream").body(Body::from(cam.to_string()))?;
        video.router().oneshot(request).await?;
        let answers = pieces.map(|size| answers(&video, input, size.max(1)));
        futures::future::try_join_all(answers).await
    })?;
    for other in &answers[1..] {
        anyhow::ensure!(
            *other == answers[0],
            "pieces make a difference: {answers:?}"
        );
    }
    let began = Instant::now();
    // The last connection lets go of the store when it has seen the end.
    let report = loop {
        runtime.block_on(tokio::task::yield_now());
        match ciero_video::check(folder.path()) {
            Ok(report) => break report,
            Err(error) if began.elapsed() > Duration::from_secs(20) => return Err(error),
            Err(_) => {}
        }
    };
    anyhow::ensure!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}

/// What PutMedia answers of each fragment, and why it ended.
async fn answers(
    video: &Video,
    input: &[u8],
    size: usize,
) -> anyhow::Result<Vec<(String, i64, i64)>> {
    let pieces: Vec<_> = input
        .chunks(size)
        .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)))
        .collect();
    let request = http::Request::post("/putMedia")
        .header("x-amzn-stream-name", "cam")
        .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
        .body(Body::from_stream(futures::stream::iter(pieces)))?;
    let response = video.router().oneshot(request).await?;
    let body = response.into_body().collect().await?.to_bytes();
    let mut told = Vec::new();
    for line in std::str::from_utf8(&body)?.lines() {
        let ack: Value = serde_json::from_str(line)?;
        let number = |name: &str| ack[name].as_i64().unwrap_or(-1);
        let (timecode, error) = (number("FragmentTimecode"), number("ErrorId"));
        anyhow::ensure!(error < 5000, "{line}");
        // When the disk was done is not the input's to say.
        if ack["EventType"] != "PERSISTED" {
            told.push((ack["EventType"].to_string(), timecode, error));
        }
    }
    Ok(told)
}

/// Files of common recorders, and what this workspace's own writer makes.
fn corpus() -> Vec<Vec<u8>> {
    let tag = |name: &str| Tag {
        name: name.into(),
        value: "value".into(),
    };
    let mut configurations = Vec::new();
    for file in [CAMERA, HEVC] {
        let mut reader = Reader::new(Limits::default());
        reader.push(file);
        if let Ok(Some(item)) = reader.next()
            && let ciero_media::matroska::Event::Header(header) = item.event
        {
            configurations.extend(header.tracks);
        }
    }
    configurations.push(Track {
        kind: TrackKind::Audio {
            sample_rate: 8000.0,
            channels: 1,
        },
        codec_id: "A_MS/ACM".into(),
        ..Track::avc(
            2,
            0,
            0,
            vec![7, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0],
        )
    });
    let frame = |offset_ms, data| Frame {
        track: 1,
        offset_ms,
        key: Key::Yes,
        data,
    };
    let small = [
        write_header(&configurations, "fuzz"),
        write_tags(&[tag("site")]),
        write_cluster(
            1_800_000_000_000,
            &[frame(0, b"first"), frame(40, b"second")],
        ),
        write_tags(&[tag("door")]),
        write_cluster_start(1_800_000_001_000),
        write_block(&frame(0, b"third")),
        write_end_of_fragment(),
    ]
    .concat();
    let document = [&small[..], &small].concat();
    let mut corpus = vec![
        small,
        document,
        CAMERA.to_vec(),
        HEVC.to_vec(),
        RECORDED.to_vec(),
    ];
    corpus.extend(configurations.into_iter().map(|track| track.codec_private));
    corpus
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Bytes at which sizes, signs and identifiers turn.
const EDGES: [u8; 12] = [
    0, 1, 2, 0x7F, 0x80, 0x81, 0xA0, 0xA3, 0xEC, 0xFE, 0xFF, 0x1A,
];

fn mutate(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    // Most of a long file is pictures; its beginning and its end are what parsers look at.
    let reach = match random.below(3) {
        0 => input.len(),
        _ => input.len().min(1200),
    };
    let from = if random.below(4) == 0 {
        input.len() - reach
    } else {
        0
    };
    for _ in 0..=random.below(8) {
        if input.is_empty() {
            break;
        }
        let at = (from + random.below(reach)).min(input.len() - 1);
        match random.below(7) {
            0 => input[at] = random.next() as u8,
            1 => input[at] = EDGES[random.below(EDGES.len())],
            2 => input[at] ^= 1 << random.below(8),
            3 => input.truncate(at),
            4 => drop(input.drain(at..(at + 1 + random.below(16)).min(input.len()))),
            5 => {
                let end = (at + 1 + random.below(64)).min(input.len());
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let start = random.below(other.len());
                let end = (start + 1 + random.below(200)).min(other.len());
                input.splice(at..at, other[start..end].iter().copied());
            }
        }
    }
    input
}
