//! Matroska that common programs made, which nobody here wrote, is taken as it comes: Debian's ffmpeg and GStreamer.

use std::process::{Command, Stdio};

use ciero_media::codec::{Codec, codec_string};
use ciero_media::matroska::{Fragment, Fragments, Limits, Track};
use ciero_media::sound::{Aac, G711, Law};
use serde_json::{Value, json};

use crate::common::{Service, events, send};

/// Runs a program whose output is Matroska.
fn made_by(program: &str, arguments: &str) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments.split_whitespace())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed, see scripts/test: {error}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {words}");
    output.stdout
}

fn ffmpeg(video: &str, audio: &str) -> Vec<u8> {
    let inputs = "-v error -f lavfi -i testsrc2=s=320x240:r=25:d=4 -f lavfi -i sine=r=48000:d=4";
    // Like this, a cluster begins at each key frame and nowhere else.
    let form = "-pix_fmt yuv420p -g 25 -bf 0 -cluster_size_limit 5000000 -cluster_time_limit 20000";
    made_by(
        "ffmpeg",
        &format!("{inputs} {form} {video} {audio} -f matroska pipe:1"),
    )
}

fn gstreamer(video: &str, audio: &str, rate: u32) -> Vec<u8> {
    let frames = rate / 25;
    made_by(
        "gst-launch-1.0",
        &format!(
            "-q matroskamux streamable=true name=m ! fdsink \
             videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=25/1,format=I420 ! {video} ! queue ! m. \
             audiotestsrc num-buffers=100 samplesperbuffer={frames} ! audio/x-raw,rate={rate},channels=1 ! {audio} ! queue ! m."
        ),
    )
}

/// Sends it as it is, with timecodes that count from its own beginning, and reads it back.
async fn ingest(matroska: Vec<u8>) -> Vec<Fragment> {
    let service = Service::with_stream().await;
    let acks = service
        .put_with("RELATIVE", Some("1799999999.5"), matroska)
        .await;
    assert!(events(&acks, "ERROR").is_empty(), "{acks:?}");
    let rows = service.fragments().await;
    assert_eq!(rows.len(), events(&acks, "PERSISTED").len());
    let numbers: Vec<&Value> = rows.iter().map(|row| &row["FragmentNumber"]).collect();
    let body = json!({"StreamName": "cam", "Fragments": numbers});
    let request = http::Request::post("/getMediaForFragmentList")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let (_, _, media) = send(&service.video, request).await;
    let mut reader = Fragments::new(Limits::default());
    reader.push(&media);
    let mut fragments = Vec::new();
    while let Some(fragment) = reader.next().unwrap() {
        fragments.push(fragment);
    }
    fragments.extend(reader.finish().unwrap());
    assert_eq!(fragments.len(), rows.len());
    fragments
}

/// Checks the pictures: all are there, each fragment begins with a key frame, and each is length-prefixed units.
fn check_video(fragments: &[Fragment], codec: Codec, name: &str) {
    let track = &fragments[0].tracks[0];
    assert_eq!(Codec::of(track), Some(codec), "{}", track.codec_id);
    let said = codec_string(track).unwrap();
    assert!(said.starts_with(name), "{said}");
    assert!(fragments.len() >= 4, "{} fragments", fragments.len());
    let mut pictures = 0;
    for fragment in fragments {
        let mut blocks = fragment.blocks.iter().filter(|block| block.track == 1);
        assert!(blocks.clone().next().unwrap().key);
        assert!(blocks.all(|block| {
            pictures += 1;
            is_length_prefixed(&block.data)
        }));
    }
    assert_eq!(pictures, 100);
}

fn is_length_prefixed(mut frame: &[u8]) -> bool {
    while let Some((length, rest)) = frame.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some(rest) = rest.get(length..) else {
            return false;
        };
        frame = rest;
    }
    frame.is_empty()
}

fn sound(fragments: &[Fragment]) -> &Track {
    let frames = fragments.iter().flat_map(|fragment| &fragment.blocks);
    assert!(frames.filter(|block| block.track == 2).count() > 50);
    &fragments[0].tracks[1]
}

fn check_aac(fragments: &[Fragment], sample_rate: u32) {
    let track = sound(fragments);
    assert_eq!(Codec::of(track), Some(Codec::Aac));
    let expected = Aac {
        object_type: 2,
        sample_rate,
        channels: 1,
    };
    assert_eq!(Aac::parse(&track.codec_private), Ok(expected));
}

fn check_g711(fragments: &[Fragment], law: Law) {
    let track = sound(fragments);
    assert_eq!(Codec::of(track), Some(Codec::G711(law)));
    let expected = G711 {
        law,
        sample_rate: 8000,
        channels: 1,
    };
    assert_eq!(G711::parse(&track.codec_private), Ok(expected));
}

const X265: &str =
    "-c:v libx265 -preset ultrafast -x265-params log-level=none:scenecut=0:bframes=0";

#[tokio::test]
async fn ffmpeg_with_h264_and_aac_is_taken() {
    let file = ffmpeg("-c:v libx264 -preset ultrafast", "-c:a aac -ac 1");
    let fragments = ingest(file).await;
    check_video(&fragments, Codec::Avc, "avc1.");
    check_aac(&fragments, 48_000);
}

#[tokio::test]
async fn ffmpeg_with_h265_and_both_laws_of_g711_is_taken() {
    for (coder, law) in [("pcm_mulaw", Law::Mu), ("pcm_alaw", Law::A)] {
        let file = ffmpeg(X265, &format!("-c:a {coder} -ac 1 -ar 8000"));
        let fragments = ingest(file).await;
        check_video(&fragments, Codec::Hevc, "hvc1.");
        check_g711(&fragments, law);
        let private = &fragments[0].tracks[0].codec_private;
        assert_eq!(ciero_media::hevc::picture_size(private), Ok((320, 240)));
    }
}

#[tokio::test]
async fn gstreamer_with_h264_and_aac_is_taken() {
    let file = gstreamer("openh264enc gop-size=25 ! h264parse", "voaacenc", 48_000);
    let fragments = ingest(file).await;
    check_video(&fragments, Codec::Avc, "avc1.");
    check_aac(&fragments, 48_000);
}

#[tokio::test]
async fn gstreamer_with_h265_and_both_laws_of_g711_is_taken() {
    for (coder, law) in [("mulawenc", Law::Mu), ("alawenc", Law::A)] {
        let video = "x265enc key-int-max=25 tune=zerolatency log-level=none ! h265parse";
        let fragments = ingest(gstreamer(video, coder, 8000)).await;
        check_video(&fragments, Codec::Hevc, "hvc1.");
        check_g711(&fragments, law);
    }
}
