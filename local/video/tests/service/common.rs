//! An embedded service in a folder of its own, with a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, Bytes};
use ciero_media::avc::avcc;
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use ciero_video::{Quotas, Scope, Video, VideoConfig};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub const NOW_MS: i64 = 1_800_000_000_000;

const SPS: [u8; 20] = [
    0x67, 0x42, 0xC0, 0x1F, 0xD9, 0x00, 0x50, 0x05, 0xBB, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
    0x00, 0x00, 0x03, 0x03,
];
const PPS: [u8; 4] = [0x68, 0xCB, 0x83, 0xCB];

pub struct Service {
    pub folder: TempDir,
    pub video: Video,
    pub clock: Arc<AtomicI64>,
    pub quotas: Quotas,
}

pub fn open(folder: &Path, clock: &Arc<AtomicI64>, quotas: Quotas) -> Video {
    let clock = Arc::clone(clock);
    Video::open(VideoConfig {
        data_dir: folder.to_owned(),
        base_url: "http://127.0.0.1:4566".into(),
        account_id: "111122223333".into(),
        region: "ap-northeast-1".into(),
        now: Arc::new(move || clock.load(Ordering::SeqCst)),
        quotas,
    })
    .expect("the folder opens")
}

impl Service {
    /// Ends in good order and returns what is left.
    pub fn stopped(self) -> TempDir {
        drop(self.video);
        self.folder
    }

    /// Ends in good order and opens the folder again.
    pub fn restarted(self) -> Self {
        self.restarted_after(|_| {})
    }

    /// The same, with a change to the folder in between.
    pub fn restarted_after(self, change: impl FnOnce(&Path)) -> Self {
        let (clock, quotas) = (Arc::clone(&self.clock), self.quotas);
        let folder = self.stopped();
        change(folder.path());
        Self {
            video: open(folder.path(), &clock, quotas),
            folder,
            clock,
            quotas,
        }
    }

    /// Starts with a clock that stands still between the calls of a test, so none of them may be too many.
    pub fn start() -> Self {
        Self::start_with(Quotas::Off)
    }

    pub fn start_with(quotas: Quotas) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOW_MS));
        let video = open(folder.path(), &clock, quotas);
        Self {
            folder,
            video,
            clock,
            quotas,
        }
    }

    /// Starts with one stream, `cam`, that keeps its media for a day.
    pub async fn with_stream() -> Self {
        Self::with_stream_and(Quotas::Off).await
    }

    pub async fn with_stream_and(quotas: Quotas) -> Self {
        let service = Self::start_with(quotas);
        let (status, _) = service
            .call(
                "createStream",
                json!({"StreamName": "cam", "DataRetentionInHours": 24}),
            )
            .await;
        assert_eq!(status, 200);
        service
    }

    pub fn advance(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub async fn call(&self, operation: &str, body: Value) -> (StatusCode, Value) {
        call(&self.video, operation, body, Scope::Full).await
    }

    pub async fn call_as(&self, scope: Scope, operation: &str, body: Value) -> (StatusCode, Value) {
        call(&self.video, operation, body, scope).await
    }

    /// Sends a whole PutMedia body to `cam` and collects the answers.
    pub async fn put(&self, body: Vec<u8>) -> Vec<Value> {
        self.put_with("ABSOLUTE", None, body).await
    }

    pub async fn put_with(
        &self,
        timecodes: &str,
        start: Option<&str>,
        body: impl Into<Body>,
    ) -> Vec<Value> {
        let mut request = Request::post("/putMedia")
            .header("x-amzn-stream-name", "cam")
            .header("x-amzn-fragment-timecode-type", timecodes);
        if let Some(start) = start {
            request = request.header("x-amzn-producer-start-timestamp", start);
        }
        let request = request.body(body.into()).unwrap();
        let (status, _, body) = send(&self.video, request).await;
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(status, 200, "{text}");
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Sends one-second fragments that begin at these times, and checks that each is persisted.
    pub async fn put_seconds(&self, starts_ms: &[i64]) {
        let mut body = header();
        for &start in starts_ms {
            body.extend(second(start));
        }
        let acks = self.put(body).await;
        assert_eq!(
            events(&acks, "PERSISTED").len(),
            starts_ms.len(),
            "{acks:?}"
        );
    }

    pub async fn get(&self, path: &str) -> (StatusCode, HeaderMap, Bytes) {
        send(&self.video, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn get_text(&self, path: &str) -> (StatusCode, String) {
        let (status, _, body) = self.get(path).await;
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Lists everything there is, in order of arrival.
    pub async fn fragments(&self) -> Vec<Value> {
        let body = json!({"StreamName": "cam", "MaxResults": 1000});
        let (status, answer) = self.call("listFragments", body).await;
        assert_eq!(status, 200, "{answer}");
        answer["Fragments"].as_array().unwrap().clone()
    }
}

pub async fn call(
    video: &Video,
    operation: &str,
    body: Value,
    scope: Scope,
) -> (StatusCode, Value) {
    let request = Request::post(format!("/{operation}"))
        .extension(scope)
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, headers, body) = send(video, request).await;
    assert!(headers.contains_key("x-amzn-requestid"));
    let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(error) = headers.get("x-amzn-errortype") {
        answer["error"] = json!(error.to_str().unwrap());
    }
    (status, answer)
}

pub async fn send(video: &Video, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
    let response = video.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, body)
}

pub fn track() -> Track {
    Track::avc(1, 1280, 720, avcc(&SPS, &PPS).unwrap())
}

pub fn header() -> Vec<u8> {
    write_header(&[track()], "test")
}

/// A fragment of one second with ten frames.
pub fn second(start_ms: i64) -> Vec<u8> {
    let data: Vec<Vec<u8>> = (0..10).map(|n| picture(start_ms, n)).collect();
    let frames: Vec<_> = data
        .iter()
        .zip(0_i16..)
        .map(|(data, n)| Frame {
            track: 1,
            offset_ms: n * 100,
            key: if n == 0 { Key::Yes } else { Key::No },
            data,
        })
        .collect();
    write_cluster(start_ms.unsigned_abs(), &frames)
}

/// A length-prefixed unit that no other frame has.
fn picture(start_ms: i64, n: usize) -> Vec<u8> {
    let mut unit = vec![0, 0, 0, 12, 0x65, n as u8, 1, 1];
    unit.extend_from_slice(&start_ms.to_be_bytes());
    unit
}

pub fn events<'a>(acks: &'a [Value], kind: &str) -> Vec<&'a Value> {
    acks.iter().filter(|ack| ack["EventType"] == kind).collect()
}

/// Copies the folder as a crash would leave it: the index first, for the media may only be ahead of it.
pub fn snapshot(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in ["index.db", "index.db-wal", "session.key"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.path().join(name)).unwrap();
        }
    }
    copy_folder(&from.join("media"), &to.path().join("media"));
    to
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn segment_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for stream in std::fs::read_dir(folder.join("media")).unwrap() {
        for file in std::fs::read_dir(stream.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files
}

/// A frame at which a decoder can begin.
pub fn frame(track: u64, offset_ms: i16, data: &[u8]) -> Frame<'_> {
    Frame {
        track,
        offset_ms,
        key: Key::Yes,
        data,
    }
}
