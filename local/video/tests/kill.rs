//! A service that is killed again and again in the middle of its work loses nothing that it acknowledged as persisted.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use ciero_media::matroska::{Fragments, Limits, Track};
use ciero_video::{Inconsistency, check};
use serde_json::{Value, json};

const STREAMS: u64 = 4;
const ROUNDS: u64 = 12;
const FRAGMENTS_IN_ROUND: u64 = 40;
const START_MS: u64 = 1_800_000_000_000;

/// The next of a row of numbers that look random and are the same in every run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 31)
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(program())
            .arg("0")
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example `serve` is built with the tests");
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("an address");
        Self {
            address: address.to_owned(),
            process,
        }
    }

    /// Ends the process as a power cut would, but for what the disk has not written.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn call(&self, operation: &str, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        let mut connection = TcpStream::connect(&self.address).unwrap();
        // The older version's answers have no chunks and end with the connection.
        write!(
            connection,
            "POST /{operation} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        answer.split_off(end.unwrap() + 4)
    }
}

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent()
        .unwrap()
        .with_file_name("examples")
        .join("serve")
}

fn name(stream: u64) -> String {
    format!("cam-{stream}")
}

/// What a camera sends at a time, and at no other.
fn picture(stream: u64, timecode_ms: u64) -> Vec<u8> {
    let mut state = stream << 50 ^ timecode_ms;
    let length = 8 + next(&mut state) % 700;
    (0..length)
        .flat_map(|_| next(&mut state).to_be_bytes())
        .collect()
}

fn fragment(stream: u64, timecode_ms: u64) -> Vec<u8> {
    let picture = picture(stream, timecode_ms);
    let frame = |offset_ms, key| Frame {
        track: 1,
        offset_ms,
        key,
        data: &picture,
    };
    write_cluster(timecode_ms, &[frame(0, Key::Yes), frame(500, Key::No)])
}

/// What the main thread hears while cameras send.
enum Heard {
    Sent,
    Persisted(u64, String, u64),
}

/// Sends fragments and reads answers until the service is gone.
fn camera(address: &str, stream: u64, first: u64, heard: &Sender<Heard>) -> [JoinHandle<()>; 2] {
    let mut media = TcpStream::connect(address).unwrap();
    let answers = BufReader::new(media.try_clone().unwrap());
    let sent = heard.clone();
    let sending = std::thread::spawn(move || {
        let head = format!(
            "POST /putMedia HTTP/1.1\r\nhost: video\r\nx-amzn-stream-name: {}\r\n\
             x-amzn-fragment-timecode-type: ABSOLUTE\r\ntransfer-encoding: chunked\r\n\r\n",
            name(stream)
        );
        let header = write_header(&[Track::avc(1, 1280, 720, vec![1])], "kill");
        let fragments =
            (first..first + FRAGMENTS_IN_ROUND).map(|n| fragment(stream, START_MS + n * 1000));
        let mut pieces = vec![head.into_bytes()];
        for bytes in std::iter::once(header).chain(fragments) {
            let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
            pieces.push(chunk);
        }
        for piece in pieces {
            if media.write_all(&piece).is_err() || sent.send(Heard::Sent).is_err() {
                return;
            }
        }
    });
    let persisted = heard.clone();
    let reading = std::thread::spawn(move || {
        for line in answers.lines().map_while(Result::ok) {
            let Ok(ack) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            assert_ne!(ack["EventType"], "ERROR", "{line}");
            if ack["EventType"] == "PERSISTED" {
                let number = ack["FragmentNumber"].as_str().unwrap().to_owned();
                let timecode = ack["FragmentTimecode"].as_u64().unwrap();
                let _ = persisted.send(Heard::Persisted(stream, number, timecode));
            }
        }
    });
    [sending, reading]
}

/// Fragment numbers with their timecodes, by stream.
type Known = BTreeMap<u64, BTreeMap<String, u64>>;

fn take(known: &mut Known, heard: Heard) -> bool {
    match heard {
        Heard::Sent => false,
        Heard::Persisted(stream, number, timecode) => {
            known.entry(stream).or_default().insert(number, timecode);
            true
        }
    }
}

/// Lets cameras send, kills the service at a moment that is drawn, and notes what was acknowledged until then.
fn round(folder: &Path, number: u64, random: &mut u64, known: &mut Known) {
    let server = Server::start(folder);
    check_holds(&server, known);
    let (sender, heard): (_, Receiver<Heard>) = channel();
    let threads: Vec<_> = (0..STREAMS)
        .flat_map(|stream| {
            camera(
                &server.address,
                stream,
                number * FRAGMENTS_IN_ROUND,
                &sender,
            )
        })
        .collect();
    drop(sender);
    // Half of the kills follow an acknowledgement, the others hit whatever is going on when a piece was sent.
    let by_acks = number.is_multiple_of(2);
    let mut left = 1 + next(random) % (STREAMS * FRAGMENTS_IN_ROUND * 3 / 4);
    while left > 0 {
        let is_ack = take(known, heard.recv().expect("cameras send until the kill"));
        left -= u64::from(is_ack == by_acks);
    }
    server.kill();
    for thread in threads {
        thread.join().unwrap();
    }
    for rest in heard {
        take(known, rest);
    }
}

/// Checks that everything acknowledged is there, and that everything there is what was sent.
fn check_holds(server: &Server, known: &Known) {
    for stream in 0..STREAMS {
        let list = json!({"StreamName": name(stream), "MaxResults": 1000});
        let list: Value = serde_json::from_slice(&server.call("listFragments", &list)).unwrap();
        let rows = list["Fragments"].as_array().cloned().unwrap_or_default();
        assert!(rows.len() < 1000);
        let listed: Vec<&str> = rows
            .iter()
            .map(|row| row["FragmentNumber"].as_str().unwrap())
            .collect();
        for (number, timecode) in known.get(&stream).into_iter().flatten() {
            assert!(listed.contains(&number.as_str()), "{timecode} is lost");
        }
        if listed.is_empty() {
            continue;
        }
        let body = json!({"StreamName": name(stream), "Fragments": listed});
        let mut fragments = Fragments::new(Limits::default());
        fragments.push(&server.call("getMediaForFragmentList", &body));
        for row in &rows {
            let next = fragments.next().unwrap();
            let fragment = next.or_else(|| fragments.finish().unwrap()).unwrap();
            let timecode = u64::try_from(fragment.timecode_ms).unwrap();
            assert_eq!(
                row["ProducerTimestamp"].as_f64(),
                Some(timecode as f64 / 1000.0)
            );
            let sent = picture(stream, timecode);
            assert_eq!(fragment.blocks.len(), 2);
            assert!(fragment.blocks.iter().all(|block| block.data == sent));
            let number = fragment.tag("AWS_KINESISVIDEO_FRAGMENT_NUMBER").unwrap();
            let acknowledged = known.get(&stream).and_then(|known| known.get(number));
            assert!(acknowledged.is_none_or(|&known| known == timecode));
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_however_often_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    for stream in 0..STREAMS {
        let body = json!({"StreamName": name(stream), "DataRetentionInHours": 24});
        server.call("createStream", &body);
    }
    server.kill();
    let (mut known, mut random) = (Known::new(), 5);
    for number in 0..ROUNDS {
        round(folder.path(), number, &mut random, &mut known);
        let report = check(folder.path()).unwrap();
        // A file that was begun and not yet named is what the next start removes.
        let is_harmless = |kind| kind == Inconsistency::OrphanFile;
        assert!(
            report.findings.iter().all(|one| is_harmless(one.kind)),
            "{:?}",
            report.findings
        );
    }
    let server = Server::start(folder.path());
    check_holds(&server, &known);
    server.kill();
    let report = check(folder.path()).unwrap();
    assert_eq!(report.findings, []);
    let acknowledged: usize = known.values().map(BTreeMap::len).sum();
    assert!(report.fragments >= acknowledged as u64);
    assert!(acknowledged > 100, "the kills came too early to show much");
}
