//! Makes a store of many fragments and tells its index's size, how long it takes to open, and how fast the first segment of a recorded
//! minute and a playlist of 1,000 fragments are answered on loopback: `million FOLDER [FRAGMENTS] [STREAMS] [REQUESTS]`.
//!
//! A folder that holds such a store already is measured as it is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use ciero_media::avc::avcc;
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use ciero_video::{Quotas, Video, VideoConfig};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const START_MS: i64 = 1_800_000_000_000;
const SPS: [u8; 20] = [
    0x67, 0x42, 0xC0, 0x1F, 0xD9, 0x00, 0x50, 0x05, 0xBB, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
    0x00, 0x00, 0x03, 0x03,
];
const PPS: [u8; 4] = [0x68, 0xCB, 0x83, 0xCB];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(
        arguments
            .first()
            .context("usage: million FOLDER [FRAGMENTS] [STREAMS] [REQUESTS]")?,
    );
    let number = |place: usize, usual: i64| {
        let text = arguments.get(place);
        text.map_or(Ok(usual), |text| text.parse())
    };
    let (fragments, streams, requests) = (number(1, 1_000_000)?, number(2, 20)?, number(3, 1000)?);
    let runtime = tokio::runtime::Runtime::new()?;
    let seconds = fragments / streams;
    let end_ms = START_MS + seconds * 1000;
    if !folder.join("index.db").exists() {
        let began = Instant::now();
        runtime.block_on(make(&folder, seconds, streams))?;
        println!(
            "made {} fragments in {:.0} s",
            seconds * streams,
            began.elapsed().as_secs_f64()
        );
    }
    let index: u64 = ["index.db", "index.db-wal"]
        .iter()
        .filter_map(|name| folder.join(name).metadata().ok())
        .map(|file| file.len())
        .sum();
    println!(
        "index: {:.1} bytes a fragment",
        index as f64 / (seconds * streams) as f64
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let host = listener.local_addr()?.to_string();
    listener.set_nonblocking(true)?;
    let began = Instant::now();
    let clock = Arc::new(AtomicI64::new(end_ms));
    let video = open(&folder, &format!("http://{host}"), move || {
        clock.load(Ordering::Relaxed)
    })?;
    println!("opened in {:.0} ms", began.elapsed().as_secs_f64() * 1000.0);
    let router = video.router();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router).await
    });
    measure(&host, seconds, streams, requests)
}

fn open(
    folder: &Path,
    base_url: &str,
    now: impl Fn() -> i64 + Send + Sync + 'static,
) -> anyhow::Result<Video> {
    Video::open(VideoConfig {
        data_dir: folder.to_owned(),
        base_url: base_url.to_owned(),
        account_id: "111122223333".into(),
        region: "ap-northeast-1".into(),
        now: Arc::new(now),
        quotas: Quotas::Off,
    })
}

/// Lets all streams send their seconds side by side, as cameras do, on a clock that runs with what arrives.
async fn make(folder: &Path, seconds: i64, streams: i64) -> anyhow::Result<()> {
    let (arrived, step) = (AtomicI64::new(0), 1000 / streams.clamp(1, 1000));
    let video = open(folder, "http://video", move || {
        START_MS + arrived.fetch_add(step, Ordering::Relaxed)
    })?;
    let header = Bytes::from(write_header(
        &[Track::avc(1, 1280, 720, avcc(&SPS, &PPS)?)],
        "million",
    ));
    let mut cameras = Vec::new();
    for stream in 0..streams {
        let body = json!({"StreamName": format!("cam-{stream}"), "DataRetentionInHours": 80_000});
        let request = http::Request::post("/createStream").body(Body::from(body.to_string()))?;
        video.router().oneshot(request).await?;
        let clusters = (0..seconds).map(|second| Bytes::from(cluster(second)));
        let media = std::iter::once(header.clone())
            .chain(clusters)
            .map(Ok::<_, std::convert::Infallible>);
        let request = http::Request::post("/putMedia")
            .header("x-amzn-stream-name", format!("cam-{stream}"))
            .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
            .body(Body::from_stream(futures::stream::iter(media)))?;
        let router = video.router();
        cameras.push(tokio::spawn(async move {
            let mut answers = router.oneshot(request).await?.into_body();
            let mut persisted = 0;
            while let Some(piece) = answers.frame().await {
                let piece = piece?.into_data().unwrap_or_default();
                persisted += i64::from(piece.windows(11).any(|word| word == b"\"PERSISTED\""));
            }
            anyhow::Ok(persisted)
        }));
    }
    for camera in cameras {
        let persisted = camera.await??;
        anyhow::ensure!(
            persisted == seconds,
            "{persisted} of {seconds} fragments persisted"
        );
    }
    Ok(())
}

/// A second of two small pictures.
fn cluster(second: i64) -> Vec<u8> {
    let start_ms = START_MS + second * 1000;
    let mut picture = vec![0, 0, 0, 60, 0x65];
    picture.resize(64, second as u8);
    let frame = |offset_ms, key| Frame {
        track: 1,
        offset_ms,
        key,
        data: &picture,
    };
    write_cluster(
        start_ms.unsigned_abs(),
        &[frame(0, Key::Yes), frame(500, Key::No)],
    )
}

fn measure(host: &str, seconds: i64, streams: i64, requests: i64) -> anyhow::Result<()> {
    let mut client = Client::connect(host)?;
    let (mut sessions, mut firsts, mut minutes, mut playlists) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for n in 0..requests {
        let stream = n * 7919 % streams;
        let minute = n * 104_729 % (seconds / 60).max(1);
        let from = START_MS / 1000 + minute * 60;
        let began = Instant::now();
        let media = client.session(stream, (from, from + 59), 60)?;
        sessions.push(began.elapsed());
        let playlist = client.get(&media)?;
        let asked = Instant::now();
        let first = playlist
            .lines()
            .find(|line| !line.starts_with('#') && !line.is_empty())
            .context("an empty playlist")?;
        client.get(&format!("/hls/v1/{first}"))?;
        firsts.push(asked.elapsed());
        minutes.push(began.elapsed());
        let from = START_MS / 1000 + n * 15_485_863 % (seconds - 1000).max(1);
        let media = client.session(stream, (from, from + 999), 1000)?;
        let began = Instant::now();
        let playlist = client.get(&media)?;
        playlists.push(began.elapsed());
        let entries = playlist
            .lines()
            .filter(|line| line.starts_with("#EXTINF"))
            .count();
        anyhow::ensure!(entries as i64 == seconds.min(1000), "{entries} entries");
    }
    tell("session and master playlist", sessions);
    tell("first segment of a minute whose playlist is there", firsts);
    tell("first segment of a minute from nothing", minutes);
    tell("playlist of 1,000 fragments", playlists);
    Ok(())
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| {
        let place = (times.len() * part / 100).min(times.len().saturating_sub(1));
        times
            .get(place)
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    println!("{what}: {:.2} ms median, {:.2} ms p99", at(50), at(99));
}

/// One connection that stays open.
struct Client {
    connection: BufReader<TcpStream>,
}

impl Client {
    fn connect(host: &str) -> anyhow::Result<Self> {
        let connection = TcpStream::connect(host)?;
        connection.set_nodelay(true)?;
        Ok(Self {
            connection: BufReader::new(connection),
        })
    }

    /// Opens a session by the producer's clock and follows it to its media playlist.
    fn session(
        &mut self,
        stream: i64,
        (from, to): (i64, i64),
        most: i64,
    ) -> anyhow::Result<String> {
        let body = json!({
            "StreamName": format!("cam-{stream}"),
            "PlaybackMode": "ON_DEMAND",
            "MaxMediaPlaylistFragmentResults": most,
            "HLSFragmentSelector": {
                "FragmentSelectorType": "PRODUCER_TIMESTAMP",
                "TimestampRange": {"StartTimestamp": from, "EndTimestamp": to},
            },
        });
        let answer = self.send("POST", "/getHLSStreamingSessionURL", &body.to_string())?;
        let answer: Value = serde_json::from_str(&answer)?;
        let url = answer["HLSStreamingSessionURL"]
            .as_str()
            .with_context(|| answer.to_string())?;
        let path = url.splitn(4, '/').nth(3).context("a URL without a path")?;
        let master = self.get(&format!("/{path}"))?;
        let media = master
            .lines()
            .find(|line| line.starts_with("getHLSMediaPlaylist"));
        Ok(format!(
            "/hls/v1/{}",
            media.context("a master playlist without a media playlist")?
        ))
    }

    fn get(&mut self, path: &str) -> anyhow::Result<String> {
        self.send("GET", path, "")
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: video\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.connection.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut length) = (String::new(), None);
        loop {
            line.clear();
            self.connection.read_line(&mut line)?;
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse()?);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length.context("an answer without a length")?];
        self.connection.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
