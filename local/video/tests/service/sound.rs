//! Sound in G.711 is played where the service plays it, and refused where it does not.

use axum::body::Body;
use bytes::Bytes;
use ciero_media::matroska::write::{write_cluster, write_header};
use ciero_media::matroska::{Event, G711, Limits, Reader, Track, TrackKind};
use http::Request;
use serde_json::json;

use crate::common::{NOW_MS, Service, frame, send, track};
use crate::player::{create, on_demand};

const PICTURE: [u8; 5] = [0, 0, 0, 1, 0x65];
const SOUND: [u8; 160] = [0xD5; 160];

/// H.265 as a camera sends it.
pub fn hevc() -> Track {
    let mut reader = Reader::new(Limits::default());
    reader.push(include_bytes!(
        "../../../../shared/media/tests/fixtures/hevc-live.mkv"
    ));
    let Event::Header(header) = reader.next().unwrap().unwrap().event else {
        panic!("a file begins with its header");
    };
    Track {
        number: 1,
        ..header.tracks[0].clone()
    }
}

/// A stream with one fragment of picture and sound.
async fn recorded(picture: Track, sound: Track) -> Service {
    let service = Service::with_stream().await;
    let frames = [
        frame(1, 0, &PICTURE),
        frame(2, 0, &SOUND),
        frame(2, 20, &SOUND),
    ];
    let cluster = write_cluster(NOW_MS.unsigned_abs(), &frames);
    service
        .put([write_header(&[picture, sound], "test"), cluster].concat())
        .await;
    assert_eq!(service.fragments().await.len(), 1);
    service
}

async fn clip(service: &Service) -> (u16, String, Bytes) {
    let range = json!({"StartTimestamp": NOW_MS / 1000, "EndTimestamp": NOW_MS / 1000 + 9});
    let selector = json!({"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range});
    let body = json!({"StreamName": "cam", "ClipFragmentSelector": selector}).to_string();
    let request = Request::post("/getClip").body(Body::from(body)).unwrap();
    let (status, headers, file) = send(&service.video, request).await;
    let error = headers.get("x-amzn-errortype");
    let error = error.map_or("", |error| error.to_str().unwrap());
    (status.as_u16(), error.to_owned(), file)
}

async fn dash(service: &Service) -> (u16, String) {
    let (status, answer) = service
        .call("getDASHStreamingSessionURL", json!({"StreamName": "cam"}))
        .await;
    if status == 200 {
        let url = answer["DASHStreamingSessionURL"].as_str().unwrap();
        let path = url.strip_prefix("http://127.0.0.1:4566").unwrap();
        return (200, service.get_text(path).await.1);
    }
    let error = answer["error"].as_str().unwrap();
    (status.as_u16(), error.to_owned())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn the_table_of_the_service_says_who_plays_g711() {
    const UNSUPPORTED: &str = "UnsupportedStreamMediaTypeException";
    for (picture, law, played_in_dash, played_in_clips) in [
        (track(), G711::ALaw, true, true),
        (track(), G711::MuLaw, true, false),
        (hevc(), G711::ALaw, false, false),
        (hevc(), G711::MuLaw, false, false),
    ] {
        let case = format!("{law:?} beside {}", picture.codec_id);
        let service = recorded(picture, Track::g711(2, law, 8_000, 1)).await;
        for container in ["FRAGMENTED_MP4", "MPEG_TS"] {
            let mut hls = on_demand(0, 9000);
            hls["ContainerFormat"] = json!(container);
            let (status, answer) = create(&service, hls).await;
            assert_eq!(
                (status, &answer["error"]),
                (400, &json!(UNSUPPORTED)),
                "{case}"
            );
        }
        let (status, said) = dash(&service).await;
        assert_eq!(status == 200, played_in_dash, "{case}: {said}");
        assert!(played_in_dash || said == UNSUPPORTED, "{case}: {said}");
        let (status, said, _) = clip(&service).await;
        assert_eq!(status == 200, played_in_clips, "{case}: {said}");
        assert!(played_in_clips || said == UNSUPPORTED, "{case}: {said}");
    }
}

#[tokio::test]
async fn a_manifest_names_the_law_and_its_segments_carry_the_sound_as_it_came() {
    for (law, name) in [(G711::ALaw, "alaw"), (G711::MuLaw, "ulaw")] {
        let service = recorded(track(), Track::g711(2, law, 8_000, 1)).await;
        let (_, text) = dash(&service).await;
        assert!(text.contains(&format!("codecs=\"{name}\"")), "{text}");
        assert!(text.contains("audioSamplingRate=\"8000\""));
        let address = |kind: &str| {
            let found = text.split(&format!("{kind}=\"")).nth(2).unwrap();
            let found = found.split('"').next().unwrap().replace("&amp;", "&");
            format!("/dash/v1/{}", found.replace("$Time$", &NOW_MS.to_string()))
        };
        let (status, _, init) = service.get(&address("initialization")).await;
        assert!(status == 200 && holds(&init, name.as_bytes()));
        let (status, _, segment) = service.get(&address("media")).await;
        assert_eq!(status, 200);
        assert!(segment.ends_with(&[SOUND, SOUND].concat()));
    }
}

#[tokio::test]
async fn a_clip_has_the_sound_beside_its_pictures() {
    let service = recorded(track(), Track::g711(2, G711::ALaw, 8_000, 1)).await;
    let (status, said, file) = clip(&service).await;
    assert_eq!(status, 200, "{said}");
    assert!(holds(&file, b"alaw") && holds(&file, &[SOUND, SOUND].concat()));
}

#[tokio::test]
async fn aac_without_its_configuration_is_missing_it() {
    let aac = Track {
        number: 2,
        kind: TrackKind::Audio {
            sample_rate: 48_000.0,
            channels: 1,
        },
        codec_id: "A_AAC".into(),
        codec_private: Vec::new(),
        name: String::new(),
    };
    let service = recorded(track(), aac).await;
    let (status, answer) = create(&service, on_demand(0, 9000)).await;
    let expected = json!("MissingCodecPrivateDataException");
    assert_eq!((status, &answer["error"]), (400, &expected));
    let message = "Missing codec private data in fragment for track 2.";
    assert_eq!(answer["Message"], message);
}
