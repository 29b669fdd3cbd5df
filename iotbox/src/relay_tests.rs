//! Tests of the relay against a camera of a few lines that shows what each test wants.

#![allow(clippy::unwrap_used)]
use super::*;
use std::sync::Arc;
use std::time::Duration;

use ciero_media::matroska::Track;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::{ClockPolicy, ServiceClock};
use crate::config::Audio;
use crate::spool::{Order, Spool, SpoolPlan};
use crate::status::Status;

const START_MS: u64 = 1_800_000_000_000;
const SHORT: Duration = Duration::from_millis(300);
const FAR: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(30);
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:0\r\n\
    a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IACpZTBYmI,aMljiA==\r\n\
    m=audio 0 RTP/AVP 0\r\na=control:1\r\n";

/// What a camera does with one connection, again and again after its first key picture.
#[derive(Debug, Clone, Copy)]
enum Shows {
    Reports,
    Sound,
    /// Pictures that no decoder can begin with, and no key picture before them.
    NoKeys,
    /// A key picture now and then.
    FewPictures,
    Refusal,
}

const BETWEEN_FEW: Duration = Duration::from_millis(1_200);

/// Serves every connection so and returns the camera's address.
async fn camera(shows: Shows) -> RtspAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("rtsp://{}/a", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(tcp, shows));
        }
    });
    RtspAddress::parse(&address).unwrap()
}

/// Ends with the connection.
async fn serve(tcp: TcpStream, shows: Shows) -> Option<()> {
    let (read, mut write) = tcp.into_split();
    let mut lines = BufReader::new(read).lines();
    loop {
        let request = lines.next_line().await.ok()??;
        let mut sequence = String::new();
        let mut channels = "0-1";
        loop {
            let line = lines.next_line().await.ok()??;
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("cseq") => sequence = value.into(),
                Some((_, value)) if value.contains("interleaved=2-3") => channels = "2-3",
                None if line.is_empty() => break,
                _ => {}
            }
        }
        let method = request.split(' ').next()?;
        let (status, more, body) = match (shows, method) {
            (Shows::Refusal, _) => (
                "401 Unauthorized",
                "WWW-Authenticate: Basic realm=\"a\"\r\n".to_owned(),
                "",
            ),
            (_, "DESCRIBE") => (
                "200 OK",
                format!(
                    "Content-Type: application/sdp\r\nContent-Length: {}\r\n",
                    SDP.len()
                ),
                SDP,
            ),
            (_, "SETUP") => {
                let transport =
                    format!("Transport: RTP/AVP/TCP;unicast;interleaved={channels}\r\n");
                ("200 OK", transport, "")
            }
            _ => ("200 OK", String::new(), ""),
        };
        let answer =
            format!("RTSP/1.0 {status}\r\nCSeq: {sequence}\r\nSession: 1\r\n{more}\r\n{body}");
        write.write_all(answer.as_bytes()).await.ok()?;
        if method == "PLAY" {
            break;
        }
    }
    for number in 0_u16.. {
        let packet = match (shows, number) {
            (Shows::NoKeys, _) => rtp(0, 96, number, &[0x41, 1, 2]),
            (Shows::FewPictures, _) | (_, 0) => rtp(0, 96, number, &[0x65, 1, 2]),
            (Shows::Sound, _) => rtp(2, 0, number, &[0xFF; 160]),
            _ => interleaved(1, &report()),
        };
        write.write_all(&packet).await.ok()?;
        let between = match shows {
            Shows::FewPictures => BETWEEN_FEW,
            _ => Duration::from_millis(20),
        };
        tokio::time::sleep(between).await;
    }
    None
}

fn interleaved(channel: u8, packet: &[u8]) -> Vec<u8> {
    let [high, low] = (packet.len() as u16).to_be_bytes();
    [&[b'$', channel, high, low], packet].concat()
}

fn rtp(channel: u8, kind: u8, number: u16, payload: &[u8]) -> Vec<u8> {
    let ticks = match (kind, payload.first()) {
        (0, _) => 160,
        (_, Some(0x65)) => 90 * BETWEEN_FEW.as_millis() as u32,
        _ => 1_800,
    };
    let time = u32::from(number) * ticks;
    let head = [&[0x80, 0x80 | kind], &number.to_be_bytes()[..]].concat();
    let packet = [&head, &time.to_be_bytes()[..], &[0, 0, 0, kind], payload].concat();
    interleaved(channel, &packet)
}

/// A sender's report of the video.
fn report() -> Vec<u8> {
    let mut report = vec![0x80, 200, 0, 6, 0, 0, 0, 96];
    report.resize(28, 0);
    report
}

fn recorder(folder: &std::path::Path) -> Recorder {
    let spool = Spool::open(&SpoolPlan {
        folder: folder.to_owned(),
        limit_bytes: 1 << 24,
        sync_after: Duration::MAX,
        order: Order::LiveFirst,
    });
    Recorder {
        clock: Arc::new(ServiceClock::new(ClockPolicy::OwnClock)),
        spool: Arc::new(spool.unwrap()),
        status: Arc::new(Status::default()),
    }
}

/// Relays such a camera until something has become of it.
async fn relayed<T>(shows: Shows, waits: Waits, outcome: impl Fn(&Recorder) -> Option<T>) -> T {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let mut address = camera(shows).await;
    address.audio = Audio::Any;
    address.set_credentials("viewer".into(), "secret".into());
    let relay = Relay {
        address,
        recorder: recorder.clone(),
        fragment_ms: 1_000,
        waits,
    };
    let (stop, stopped) = oneshot::channel();
    let relay = tokio::spawn(relay.run(stopped));
    let become_of = async {
        loop {
            match outcome(&recorder) {
                Some(outcome) => return outcome,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, become_of).await.unwrap();
    drop(stop);
    relay.await.unwrap();
    outcome
}

/// Why such a camera has failed.
async fn failure(shows: Shows, waits: Waits) -> String {
    let failed = |recorder: &Recorder| match recorder.status.read().camera {
        CameraPhase::Failed(reason) => Some(reason),
        _ => None,
    };
    relayed(shows, waits, failed).await
}

fn waits(picture: Duration, first_key: Duration) -> Waits {
    Waits {
        picture,
        first_key,
        ..Waits::default()
    }
}

#[tokio::test]
async fn a_camera_whose_pictures_stop_is_noticed_while_sound_and_reports_go_on() {
    for shows in [Shows::Reports, Shows::Sound] {
        let reason = failure(shows, waits(SHORT, FAR)).await;
        assert!(reason.contains("has sent no picture for"), "{reason}");
    }
}

#[tokio::test]
async fn each_picture_gives_a_camera_its_whole_time_again() {
    let wait = waits(BETWEEN_FEW * 5 / 3, FAR);
    let phase = relayed(Shows::FewPictures, wait, |recorder| {
        let recorded = recorder.spool.waiting().fragments > 0;
        recorded.then(|| recorder.status.read().camera)
    });
    let phase = phase.await;
    assert!(matches!(phase, CameraPhase::Running(_)), "{phase:?}");
}

#[tokio::test]
async fn pictures_without_a_key_picture_are_noticed() {
    let reason = failure(Shows::NoKeys, waits(FAR, SHORT)).await;
    assert!(reason.contains("no key picture came"), "{reason}");
    assert!(reason.contains("interval"), "{reason}");
}

#[tokio::test]
async fn a_refused_password_is_told_with_the_time_of_the_next_try() {
    let reason = failure(Shows::Refusal, Waits::default()).await;
    assert!(
        reason.starts_with("the camera refuses this user or password; it is asked again in 5 min"),
        "{reason}"
    );
}

fn cutting(folder: &std::path::Path) -> Cutting {
    let address = RtspAddress::parse("rtsp://10.0.0.2/a").unwrap();
    Cutting::new(address, recorder(folder), 1_000)
}

/// Shows pictures at these times of a camera; true marks a key picture.
fn show(cutting: &mut Cutting, pictures: &[(u64, bool)]) -> CameraPhase {
    for &(offset_ms, key) in pictures {
        let picture = Picture {
            at_ms: 0,
            key,
            data: vec![0, 0, 0, 1, 0x65],
        };
        let now_ms = START_MS + offset_ms;
        cutting.take(offset_ms as i64, now_ms, Frame::Picture(picture));
        cutting.cut(now_ms);
    }
    cutting.recorder.status.read().camera
}

fn silent() -> Tracks {
    Tracks {
        video: Track::avc(1, 640, 360, vec![1]),
        sound: None,
    }
}

#[test]
fn a_camera_runs_again_with_the_next_whole_fragment_after_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut cutting = cutting(folder.path());
    let tracks = silent();
    cutting.begin(&tracks, "H.264".into());
    let running = CameraPhase::Running("H.264".into());
    let phase = show(&mut cutting, &[(0, true), (10_000, false)]);
    assert_eq!(phase, running);
    let phase = show(&mut cutting, &[(20_001, false), (21_000, true)]);
    let CameraPhase::Failed(reason) = phase else {
        panic!("{phase:?}");
    };
    assert!(reason.contains("more than 20 s apart"), "{reason}");
    assert_eq!(show(&mut cutting, &[(22_000, true)]), running);
    cutting.end();
    cutting.fails("the camera's stream ended".into());
    cutting.begin(&tracks, "H.264".into());
    let phase = show(&mut cutting, &[(30_000, true)]);
    assert!(
        matches!(phase, CameraPhase::Failed(_)),
        "not by being opened alone"
    );
    assert_eq!(show(&mut cutting, &[(31_000, true)]), running);
}

#[test]
fn key_pictures_far_apart_are_sent_and_told_until_they_are_nearer() {
    let folder = tempfile::tempdir().unwrap();
    let mut cutting = cutting(folder.path());
    let tracks = silent();
    cutting.begin(&tracks, "H.264".into());
    let mut warning = |pictures: &[(u64, bool)]| {
        show(&mut cutting, pictures);
        cutting.recorder.status.read().warning()
    };
    assert_eq!(warning(&[(0, true), (5_000, false), (10_000, true)]), None);
    let far = warning(&[(20_000, false), (24_500, true)]).unwrap();
    assert!(
        far.starts_with("key pictures are 15 s apart: set the camera's"),
        "{far}"
    );
    assert_eq!(warning(&[(26_000, true)]), None);
    assert_eq!(cutting.recorder.spool.waiting().fragments, 3);
}
