//! Sessions and intervals: what is asked of the archive, and what its answers mean.

use ciero_cloud::KinesisPlayback;
use ciero_ports::{Interval, Playback, PlaybackError, PlaybackWindow};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fake::{Answer, Asked, Fake, ok, refusal};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A fake whose data endpoint is itself; `script` answers the archive's calls.
pub async fn fake(script: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> Fake {
    let own: std::sync::Arc<std::sync::OnceLock<String>> = std::sync::Arc::default();
    let known = own.clone();
    let fake = Fake::start(move |asked| match asked.what.as_str() {
        "POST /getDataEndpoint" => ok(json!({ "DataEndpoint": known.get().unwrap() })),
        _ => script(asked),
    })
    .await;
    own.set(fake.endpoint.clone()).unwrap();
    fake
}

fn session(_: &Asked) -> Answer {
    ok(json!({ "HLSStreamingSessionURL": "http://play" }))
}

#[tokio::test]
async fn a_live_session_follows_the_time_of_arrival() {
    let fake = fake(session).await;
    let playback = KinesisPlayback::new(&fake.config);
    let url = playback.session("k", PlaybackWindow::Live, 60).await;
    assert_eq!(url.unwrap(), "http://play");
    let asked = &fake.asked()[1];
    assert_eq!(asked.what, "POST /getHLSStreamingSessionURL");
    assert_eq!(
        asked.body,
        json!({
            "StreamName": "k",
            "PlaybackMode": "LIVE",
            "HLSFragmentSelector": { "FragmentSelectorType": "PRODUCER_TIMESTAMP" },
            "ContainerFormat": "FRAGMENTED_MP4",
            "DiscontinuityMode": "ON_DISCONTINUITY",
            "DisplayFragmentTimestamp": "ALWAYS",
            "Expires": 300,
            "MaxMediaPlaylistFragmentResults": 10,
        })
    );
}

#[tokio::test]
async fn a_recorded_session_asks_by_the_cameras_clock_and_leaves_the_end_out() {
    let fake = fake(session).await;
    let playback = KinesisPlayback::new(&fake.config);
    let window = PlaybackWindow::Recorded {
        from: at("2026-06-01T00:00:00Z"),
        to: at("2026-06-01T00:10:00Z"),
    };
    playback.session("k", window, 100_000).await.unwrap();
    let asked = &fake.asked()[1].body;
    assert_eq!(asked["PlaybackMode"], "ON_DEMAND");
    assert_eq!(asked["Expires"], 43_200);
    assert_eq!(asked["MaxMediaPlaylistFragmentResults"], 5_000);
    let selector = &asked["HLSFragmentSelector"];
    assert_eq!(selector["FragmentSelectorType"], "PRODUCER_TIMESTAMP");
    let range = &selector["TimestampRange"];
    let seconds = |value: &Value| value.as_f64().unwrap();
    assert_eq!(seconds(&range["StartTimestamp"]), 1_780_272_000.0);
    assert_eq!(seconds(&range["EndTimestamp"]), 1_780_272_599.999);
}

#[tokio::test]
async fn a_data_endpoint_is_asked_for_once_per_stream_and_api() {
    let fake = fake(session).await;
    let playback = KinesisPlayback::new(&fake.config);
    for stream in ["k", "k", "other"] {
        let window = PlaybackWindow::Live;
        playback.session(stream, window, 300).await.unwrap();
    }
    let endpoints = fake.asked().into_iter();
    let endpoints = endpoints.filter(|asked| asked.what == "POST /getDataEndpoint");
    let asked: Vec<Value> = endpoints.map(|asked| asked.body).collect();
    let hls = "GET_HLS_STREAMING_SESSION_URL";
    assert_eq!(
        asked,
        [
            json!({ "StreamName": "k", "APIName": hls }),
            json!({ "StreamName": "other", "APIName": hls }),
        ],
    );
}

#[tokio::test]
async fn no_fragment_is_no_pictures_and_not_a_failure() {
    let empty = fake(|_| refusal("ResourceNotFoundException")).await;
    let playback = KinesisPlayback::new(&empty.config);
    let opened = playback.session("k", PlaybackWindow::Live, 300).await;
    assert!(matches!(opened, Err(PlaybackError::NoPictures)));
    let (from, to) = (at("2026-06-01T00:00:00Z"), at("2026-06-01T01:00:00Z"));
    assert_eq!(playback.intervals("k", from, to, 100).await.unwrap(), []);
    let no_stream = Fake::start(|_| refusal("ResourceNotFoundException")).await;
    let playback = KinesisPlayback::new(&no_stream.config);
    let opened = playback.session("k", PlaybackWindow::Live, 300).await;
    assert!(matches!(opened, Err(PlaybackError::NoPictures)));
    assert_eq!(playback.intervals("k", from, to, 100).await.unwrap(), []);
}

#[tokio::test]
async fn a_failure_of_the_archive_is_a_failure_and_the_endpoint_is_asked_for_again() {
    let fake = fake(|_| refusal("InvalidArgumentException")).await;
    let playback = KinesisPlayback::new(&fake.config);
    for _ in 0..2 {
        let opened = playback.session("k", PlaybackWindow::Live, 300).await;
        assert!(matches!(opened, Err(PlaybackError::Cloud(_))));
    }
    let endpoint = "POST /getDataEndpoint";
    let names = fake.names();
    assert_eq!(names.iter().filter(|name| *name == endpoint).count(), 2);
}

#[tokio::test]
async fn intervals_come_from_every_page_sorted_joined_and_cut() {
    let fake = fake(|asked| {
        let fragment = |start: f64, length_ms: i64| json!({ "ProducerTimestamp": start, "FragmentLengthInMilliseconds": length_ms });
        match asked.body["NextToken"].as_str() {
            None => ok(json!({ "Fragments": [fragment(1_780_272_061.0, 1_000), fragment(1_780_271_999.5, 1_000)], "NextToken": "two" })),
            Some("two") => ok(json!({ "Fragments": [fragment(1_780_272_060.0, 1_000), {}] })),
            Some(other) => panic!("{other}"),
        }
    })
    .await;
    let playback = KinesisPlayback::new(&fake.config);
    let (from, to) = (at("2026-06-01T00:00:00Z"), at("2026-06-01T00:02:00Z"));
    let found = playback.intervals("k", from, to, 500).await.unwrap();
    let interval = |start: &str, end: &str| Interval {
        start: at(start),
        end: at(end),
    };
    assert_eq!(
        found,
        [
            interval("2026-06-01T00:00:00Z", "2026-06-01T00:00:00.5Z"),
            interval("2026-06-01T00:01:00Z", "2026-06-01T00:01:02Z"),
        ]
    );
    let selector = &fake.asked()[1].body["FragmentSelector"];
    assert_eq!(selector["FragmentSelectorType"], "PRODUCER_TIMESTAMP");
    let start = selector["TimestampRange"]["StartTimestamp"].as_f64();
    assert_eq!(start, Some(1_780_271_980.0), "a fragment may reach in");
}
