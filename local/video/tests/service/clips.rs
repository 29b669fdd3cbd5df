//! A clip is one file of whole fragments, or a reason why there is none.

use axum::body::Body;
use bytes::Bytes;
use ciero_media::matroska::write::{write_cluster, write_header};
use http::Request;
use mp4_atom::{Decode as _, Ftyp, Moov, StszSamples};
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, frame, header, second, send, track};

/// Asks for a clip and returns status, error and file.
async fn clip(service: &Service, by: &str, start: i64, end: i64) -> (u16, String, Bytes) {
    let seconds = |ms: i64| (NOW_MS + ms) as f64 / 1000.0;
    let range = json!({"StartTimestamp": seconds(start), "EndTimestamp": seconds(end)});
    let selector = json!({"FragmentSelectorType": by, "TimestampRange": range});
    ask(
        service,
        json!({"StreamName": "cam", "ClipFragmentSelector": selector}),
    )
    .await
}

async fn ask(service: &Service, body: Value) -> (u16, String, Bytes) {
    let request = Request::post("/getClip")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, headers, body) = send(&service.video, request).await;
    let text = |name: &str| {
        let found = headers.get(name).map(|value| value.to_str().unwrap());
        found.unwrap_or("").to_owned()
    };
    if status == 200 {
        assert_eq!(text("content-type"), "video/mp4");
        assert_eq!(text("content-length"), body.len().to_string());
    }
    (status.as_u16(), text("x-amzn-errortype"), body)
}

/// The frames of a file by its index, and how long the index says that it lasts, in milliseconds.
fn read(file: &Bytes) -> (Vec<Bytes>, u64) {
    let mut bytes = &file[..];
    Ftyp::decode(&mut bytes).unwrap();
    let moov = Moov::decode(&mut bytes).unwrap();
    assert_eq!(&bytes[4..8], b"mdat", "the index comes before the frames");
    let stbl = &moov.trak[0].mdia.minf.stbl;
    let StszSamples::Different { sizes } = &stbl.stsz.samples else {
        panic!("every frame has its size");
    };
    let per_chunk = &stbl.stsc.entries;
    let mut sizes = sizes.iter();
    let mut frames = Vec::new();
    for (chunk, offset) in stbl.stco.as_ref().unwrap().entries.iter().enumerate() {
        let run = per_chunk
            .iter()
            .rfind(|run| run.first_chunk as usize <= chunk + 1);
        let mut at = *offset as usize;
        for size in sizes.by_ref().take(run.unwrap().samples_per_chunk as usize) {
            frames.push(file.slice(at..at + *size as usize));
            at += *size as usize;
        }
    }
    assert_eq!(sizes.next(), None);
    (frames, moov.mvhd.duration)
}

/// The producer's times of the fragments in a file, from the start of the day.
fn starts(frames: &[Bytes]) -> Vec<i64> {
    let time = |frame: &Bytes| i64::from_be_bytes(frame[8..16].try_into().unwrap());
    frames
        .chunks(10)
        .map(|one| time(&one[0]) - NOW_MS)
        .collect()
}

#[tokio::test]
async fn a_clip_has_the_frames_of_its_range_behind_its_index() {
    let service = Service::with_stream().await;
    let starts_ms: Vec<i64> = (0..6).map(|n| NOW_MS + n * 1000).collect();
    service.put_seconds(&starts_ms).await;
    let (status, _, file) = clip(&service, "PRODUCER_TIMESTAMP", 1000, 3500).await;
    assert_eq!(status, 200);
    let (frames, duration) = read(&file);
    assert_eq!(starts(&frames), [1000, 2000, 3000]);
    assert_eq!(duration, 3000);
    service.advance(1);
    let (status, _, file) = clip(&service, "SERVER_TIMESTAMP", -1, 1).await;
    assert_eq!((status, read(&file).0.len()), (200, 60));
}

#[tokio::test]
async fn gaps_are_closed_and_what_was_sent_twice_is_there_once_as_it_came_first() {
    let service = Service::with_stream().await;
    service
        .put_seconds(&[NOW_MS, NOW_MS + 1000, NOW_MS + 60_000])
        .await;
    let mut again = second(NOW_MS + 1000);
    let last = again.len() - 1;
    again[last - 9] = 7; // a byte of the last picture
    service.put([header(), again].concat()).await;
    let (_, _, file) = clip(&service, "PRODUCER_TIMESTAMP", 0, 90_000).await;
    let (frames, duration) = read(&file);
    assert_eq!(starts(&frames), [0, 1000, 60_000]);
    assert_eq!(duration, 3000);
    assert!(frames.iter().all(|frame| frame[6] == 1 && frame[7] == 1));
}

#[tokio::test]
async fn a_clip_ends_after_two_hundred_fragments() {
    let service = Service::with_stream().await;
    let starts_ms: Vec<i64> = (0..203).map(|n| NOW_MS + n * 1000).collect();
    service.put_seconds(&starts_ms).await;
    let (_, _, file) = clip(&service, "PRODUCER_TIMESTAMP", 2000, 300_000).await;
    let starts = starts(&read(&file).0);
    assert_eq!((starts.len(), starts[0], starts[199]), (200, 2000, 201_000));
}

#[tokio::test]
async fn a_clip_ends_before_a_hundred_megabytes() {
    let service = Service::with_stream().await;
    let large = 40 << 20;
    let mut unit = ((large - 4) as u32).to_be_bytes().to_vec();
    unit.resize(large, 0x65);
    let mut body = header();
    for n in 0..3 {
        body.extend(write_cluster(
            (NOW_MS + n * 1000).unsigned_abs(),
            &[frame(1, 0, &unit)],
        ));
    }
    service.put(body).await;
    let (_, _, file) = clip(&service, "PRODUCER_TIMESTAMP", 0, 9000).await;
    assert_eq!(read(&file).0.len(), 2);
}

#[tokio::test]
async fn a_clip_whose_decoder_would_change_is_refused() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let mut other = track();
    other.codec_private[3] = 32;
    let changed = [write_header(&[other], "test"), second(NOW_MS + 1000)].concat();
    service.put(changed).await;
    let refused = clip(&service, "PRODUCER_TIMESTAMP", 0, 2000).await;
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (400, "InvalidCodecPrivateDataException")
    );
    let mut other = track();
    (other.number, other.name) = (3, "second picture".into());
    let both = [
        write_header(&[track(), other], "test"),
        write_cluster(
            (NOW_MS + 2000).unsigned_abs(),
            &[
                frame(1, 0, &[0, 0, 0, 1, 0x65]),
                frame(3, 0, &[0, 0, 0, 1, 0x65]),
            ],
        ),
    ]
    .concat();
    service.put(both).await;
    let refused = clip(&service, "PRODUCER_TIMESTAMP", 1000, 3000).await;
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (400, "UnsupportedStreamMediaTypeException")
    );
    assert_eq!(clip(&service, "PRODUCER_TIMESTAMP", 0, 500).await.0, 200);
}

#[tokio::test]
async fn media_of_which_no_clip_can_be_made_is_refused_with_its_reason() {
    let avc = track().codec_private;
    let whole = [0, 0, 0, 1, 0x65];
    for (codec_id, private, data, error) in [
        (
            "V_MS/VFW/FOURCC",
            vec![1; 40],
            &whole[..],
            "UnsupportedStreamMediaTypeException",
        ),
        (
            "V_MPEG4/ISO/AVC",
            vec![],
            &whole,
            "MissingCodecPrivateDataException",
        ),
        (
            "V_MPEG4/ISO/AVC",
            vec![9, 9],
            &whole,
            "InvalidCodecPrivateDataException",
        ),
        (
            "V_MPEG4/ISO/AVC",
            avc,
            &[0, 0, 0, 9, 0x65],
            "InvalidMediaFrameException",
        ),
    ] {
        let service = Service::with_stream().await;
        let mut track = track();
        (track.codec_id, track.codec_private) = (codec_id.into(), private);
        let cluster = write_cluster(NOW_MS.unsigned_abs(), &[frame(1, 0, data)]);
        let body = [write_header(&[track], "test"), cluster].concat();
        service.put(body).await;
        let refused = clip(&service, "PRODUCER_TIMESTAMP", 0, 1000).await;
        assert_eq!((refused.0, refused.1.as_str()), (400, error));
    }
}

#[tokio::test]
async fn malformed_clip_requests_are_refused() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let day_ms = 24 * 3_600_000;
    for (by, start, end, status) in [
        ("PRODUCER_TIMESTAMP", 1000, 1000, 400),
        ("PRODUCER_TIMESTAMP", 1000, 0, 400),
        ("PRODUCER_TIMESTAMP", 0, day_ms + 1, 400),
        ("PRODUCER_TIMESTAMP", 0, day_ms, 200),
        ("SERVER_TIMESTAMP", -1000, 1, 400),
        ("SERVER_TIMESTAMP", -1000, 0, 200),
        ("MOON", 0, 1000, 400),
        ("PRODUCER_TIMESTAMP", 5000, 6000, 404),
    ] {
        let answer = clip(&service, by, start, end).await;
        assert_eq!(answer.0, status, "{by} {start} {end} {}", answer.1);
    }
    let nothing = ask(&service, json!({"StreamName": "cam"})).await;
    assert_eq!(nothing.0, 400);
    service
        .call("createStream", json!({"StreamName": "kept-nowhere"}))
        .await;
    let range = json!({"StartTimestamp": 1, "EndTimestamp": 2});
    let selector = json!({"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range});
    let mut body = json!({"StreamName": "kept-nowhere", "ClipFragmentSelector": selector});
    let refused = ask(&service, body.clone()).await;
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (400, "NoDataRetentionException")
    );
    body["StreamName"] = json!("none");
    assert_eq!(ask(&service, body).await.0, 404);
}
