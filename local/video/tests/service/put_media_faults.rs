//! PutMedia refuses bad media with the service's errors, and keeps what came before.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use ciero_media::matroska::Tag;
use ciero_media::matroska::write::{
    write_block, write_cluster, write_cluster_start, write_header, write_tags,
};
use http::Request;
use serde_json::json;

use crate::common::{NOW_MS, Service, events, frame, header, second, send, track};

/// Checks that the stream is answered with this error, after one good fragment that stays.
async fn check_fault(rest: Vec<u8>, id: u16, name: &str) {
    let service = Service::with_stream().await;
    let mut body = header();
    body.extend(second(NOW_MS));
    body.extend(rest);
    let acks = service.put(body).await;
    let errors = events(&acks, "ERROR");
    assert_eq!(errors.len(), 1, "{acks:?}");
    assert_eq!(
        (&errors[0]["ErrorId"], &errors[0]["ErrorCode"]),
        (&json!(id), &json!(name))
    );
    assert_eq!(events(&acks, "PERSISTED").len(), 1);
    assert_eq!(
        service.fragments().await.len(),
        1,
        "the earlier fragment is kept"
    );
}

#[tokio::test]
async fn bytes_that_are_not_matroska_are_refused() {
    let service = Service::with_stream().await;
    let acks = service
        .put(b"this is not a Matroska stream at all".to_vec())
        .await;
    assert_eq!(
        acks,
        [json!({"EventType": "ERROR", "ErrorCode": "INVALID_MKV_DATA", "ErrorId": 4006})]
    );
    assert!(service.put(Vec::new()).await.is_empty());
}

#[tokio::test]
async fn broken_matroska_is_refused() {
    check_fault(header(), 4006, "INVALID_MKV_DATA").await;
    check_fault(vec![0; 32], 4006, "INVALID_MKV_DATA").await;
    let whole = second(NOW_MS + 1000);
    check_fault(whole[..whole.len() - 1].to_vec(), 4006, "INVALID_MKV_DATA").await;
}

#[tokio::test]
async fn timecodes_that_go_back_are_refused() {
    let name = "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS";
    check_fault(second(NOW_MS - 1000), 4004, name).await;
    check_fault(second(NOW_MS + 900), 4004, name).await;
}

#[tokio::test]
async fn a_fragment_over_twenty_seconds_is_refused() {
    let long = write_cluster(
        1_800_000_001_000,
        &[frame(1, 0, b"p"), frame(1, 20_001, b"p")],
    );
    check_fault(long, 4002, "MAX_FRAGMENT_DURATION_REACHED").await;
    let before_its_timecode = write_cluster(
        1_800_000_021_000,
        &[frame(1, -12_000, b"p"), frame(1, 8_001, b"p")],
    );
    check_fault(before_its_timecode, 4002, "MAX_FRAGMENT_DURATION_REACHED").await;
}

#[tokio::test]
async fn frames_outside_of_a_cluster_are_refused() {
    check_fault(write_block(&frame(1, 0, b"p")), 4006, "INVALID_MKV_DATA").await;
}

#[tokio::test]
async fn a_fragment_of_one_frame_lasts_as_long_as_it_is_since_the_one_before() {
    let service = Service::with_stream().await;
    let lone = |n: u64| write_cluster(1_800_000_000_000 + n * 1500, &[frame(1, 0, b"p")]);
    service
        .put([header(), lone(0), lone(1), lone(2)].concat())
        .await;
    let fragments = service.fragments().await;
    let lengths: Vec<_> = fragments
        .iter()
        .map(|fragment| &fragment["FragmentLengthInMilliseconds"])
        .collect();
    assert_eq!(lengths, [0, 1500, 1500]);
}

#[tokio::test]
async fn a_track_that_was_not_declared_is_refused() {
    let strange = write_cluster(1_800_000_001_000, &[frame(1, 0, b"p"), frame(2, 0, b"p")]);
    check_fault(strange, 4010, "TRACK_NUMBER_MISMATCH").await;
    check_fault(
        write_cluster(1_800_000_001_000, &[]),
        4011,
        "FRAMES_MISSING_FOR_TRACK",
    )
    .await;
}

#[tokio::test]
async fn a_timecode_that_is_no_date_is_refused() {
    let far = write_cluster(1 << 60, &[frame(1, 0, b"p")]);
    check_fault(far, 4007, "INVALID_PRODUCER_TIMESTAMP").await;
}

#[tokio::test]
async fn too_much_metadata_is_refused() {
    let tag = |name: &str, value: String| Tag {
        name: name.into(),
        value,
    };
    let many: Vec<_> = (0..11).map(|n| tag("n", n.to_string())).collect();
    check_fault(write_tags(&many), 4009, "FRAGMENT_METADATA_LIMIT_REACHED").await;
    // A text ends at its first zero, and whatever stands behind that takes room all the same.
    let padded = tag("n", format!("v\0{}", "x".repeat(9_000)));
    check_fault(
        write_tags(&[padded]),
        4009,
        "FRAGMENT_METADATA_LIMIT_REACHED",
    )
    .await;
    check_fault(
        write_tags(&[tag("n", "v".repeat(257))]),
        4009,
        "FRAGMENT_METADATA_LIMIT_REACHED",
    )
    .await;
    check_fault(
        write_tags(&[tag(&"n".repeat(129), String::new())]),
        4009,
        "FRAGMENT_METADATA_LIMIT_REACHED",
    )
    .await;
}

#[tokio::test]
async fn names_of_the_service_are_refused_but_for_those_that_ask_it_for_something() {
    let tag = |name: &str| Tag {
        name: name.into(),
        value: "on".into(),
    };
    check_fault(
        write_tags(&[tag("AWS_KINESISVIDEO_FRAGMENT_NUMBER")]),
        4009,
        "FRAGMENT_METADATA_LIMIT_REACHED",
    )
    .await;
    let service = Service::with_stream().await;
    let events_asked_for = write_tags(&[
        tag("AWS_KINESISVIDEO_IMAGE_GENERATION"),
        tag("AWS_KINESISVIDEO_IMAGE_PREFIX"),
        tag("AWS_KINESISVIDEO_NOTIFICATION"),
    ]);
    let acks = service
        .put([header(), second(NOW_MS), events_asked_for].concat())
        .await;
    assert!(events(&acks, "ERROR").is_empty(), "{acks:?}");
}

/// Sends one fragment and checks that it is answered with this error and not with PERSISTED.
async fn check_failure(service: &Service, id: u16, name: &str) {
    let acks = service.put([header(), second(NOW_MS)].concat()).await;
    let errors = events(&acks, "ERROR");
    assert_eq!(errors.len(), 1, "{acks:?}");
    assert_eq!(
        (&errors[0]["ErrorId"], &errors[0]["ErrorCode"]),
        (&json!(id), &json!(name))
    );
    assert!(events(&acks, "PERSISTED").is_empty());
}

#[tokio::test]
async fn a_fragment_that_cannot_be_written_is_an_archival_error() {
    let service = Service::with_stream().await;
    // A file stands where the stream's folder would be made.
    std::fs::write(service.folder.path().join("media/1"), "").unwrap();
    check_failure(&service, 5001, "ARCHIVAL_ERROR").await;
    std::fs::remove_file(service.folder.path().join("media/1")).unwrap();
    service.put_seconds(&[NOW_MS]).await;
}

#[tokio::test]
async fn a_failure_inside_the_service_is_told_as_one() {
    let Service {
        folder,
        video,
        clock,
        quotas,
    } = Service::with_stream().await;
    drop(video);
    let video = ciero_video::Video::open(ciero_video::VideoConfig {
        data_dir: folder.path().to_owned(),
        base_url: "http://127.0.0.1:4566".into(),
        account_id: "111122223333".into(),
        region: "ap-northeast-1".into(),
        now: std::sync::Arc::new(|| panic!("the clock has stopped")),
        quotas,
    })
    .unwrap();
    let service = Service {
        folder,
        video,
        clock,
        quotas,
    };
    check_failure(&service, 5000, "INTERNAL_ERROR").await;
}

#[tokio::test]
async fn more_than_three_tracks_are_refused() {
    let service = Service::with_stream().await;
    let tracks: Vec<_> = (1..=4)
        .map(|number| ciero_media::matroska::Track { number, ..track() })
        .collect();
    let mut body = write_header(&tracks, "test");
    body.extend(second(NOW_MS));
    let acks = service.put(body).await;
    assert_eq!(
        acks,
        [
            json!({"EventType": "ERROR", "ErrorCode": "MORE_THAN_ALLOWED_TRACKS_FOUND", "ErrorId": 4012})
        ]
    );
}

#[tokio::test]
async fn a_fragment_over_fifty_megabytes_is_refused_while_it_arrives() {
    let block = Bytes::from(write_block(&frame(1, 0, &vec![7; 1 << 20])));
    let start = [
        header(),
        second(NOW_MS),
        write_cluster_start(1_800_000_001_000),
    ]
    .concat();
    let pieces = std::iter::once(Bytes::from(start)).chain(std::iter::repeat_n(block, 60));
    let service = Service::with_stream().await;
    let body = Body::from_stream(futures::stream::iter(pieces.map(Ok::<_, Infallible>)));
    let acks = service.put_with("ABSOLUTE", None, body).await;
    let error = events(&acks, "ERROR")[0];
    assert_eq!(
        (&error["ErrorId"], &error["FragmentTimecode"]),
        (&json!(4001), &json!(1_800_000_001_000_i64))
    );
    assert_eq!(service.fragments().await.len(), 1);
}

#[tokio::test]
async fn one_announced_block_over_the_limit_is_refused_before_it_arrives() {
    let mut rest = write_cluster_start(1_800_000_001_000);
    rest.extend([0xA3, 0x08, 0x7F, 0xFF, 0xFF, 0xFF]);
    check_fault(rest, 4001, "MAX_FRAGMENT_SIZE_REACHED").await;
}

#[tokio::test]
async fn requests_that_say_too_little_are_refused_before_the_media() {
    let service = Service::with_stream().await;
    let request = |headers: &[(&str, &str)]| {
        let mut request = Request::post("/putMedia");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    };
    let kind = ("x-amzn-fragment-timecode-type", "ABSOLUTE");
    let name = ("x-amzn-stream-name", "cam");
    for headers in [
        &[kind][..],
        &[name],
        &[name, ("x-amzn-stream-arn", "arn"), kind],
        &[name, ("x-amzn-fragment-timecode-type", "SIDEREAL")],
        &[name, ("x-amzn-fragment-timecode-type", "RELATIVE")],
        &[
            name,
            ("x-amzn-fragment-timecode-type", "RELATIVE"),
            ("x-amzn-producer-start-timestamp", "soon"),
        ],
    ] {
        assert_eq!(
            send(&service.video, request(headers)).await.0,
            400,
            "{headers:?}"
        );
    }
    let (status, headers, _) = send(
        &service.video,
        request(&[("x-amzn-stream-name", "none"), kind]),
    )
    .await;
    assert_eq!(
        (
            status.as_u16(),
            headers["x-amzn-errortype"].to_str().unwrap()
        ),
        (404, "ResourceNotFoundException")
    );
}
