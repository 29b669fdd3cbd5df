//! A player of MPEG-DASH reads a manifest and fetches the same segments.

use mp4_atom::{Decode as _, Moof, Moov};
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, header, second, track};
use crate::player::{media_playlist, recorded, session};

async fn create(service: &Service, mut body: Value) -> (u16, Value) {
    body["StreamName"] = json!("cam");
    let (status, answer) = service.call("getDASHStreamingSessionURL", body).await;
    (status.as_u16(), answer)
}

/// Asks for a session and returns the path of its manifest.
pub async fn manifest(service: &Service, body: Value) -> String {
    let (status, answer) = create(service, body).await;
    assert_eq!(status, 200, "{answer}");
    let url = answer["DASHStreamingSessionURL"].as_str().unwrap();
    let path = url.strip_prefix("http://127.0.0.1:4566").unwrap();
    assert!(path.starts_with("/dash/v1/getDASHManifest.mpd?SessionToken="));
    path.to_owned()
}

pub fn on_demand(start: i64, end: i64) -> Value {
    let range = json!({"StartTimestamp": (NOW_MS + start) as f64 / 1000.0, "EndTimestamp": (NOW_MS + end) as f64 / 1000.0});
    json!({"PlaybackMode": "ON_DEMAND", "DASHFragmentSelector": {"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range}})
}

/// The values of an attribute, in order.
fn values<'a>(text: &'a str, element: &str, name: &str) -> Vec<&'a str> {
    let (element, name) = (format!("<{element} "), format!(" {name}=\""));
    let lines = text.lines().filter(|line| line.starts_with(&element));
    lines
        .filter_map(|line| line.split_once(&name)?.1.split('"').next())
        .collect()
}

fn address(text: &str, name: &str, period: usize) -> String {
    let found = values(text, "SegmentTemplate", name)[period];
    format!("/dash/v1/{}", found.replace("&amp;", "&"))
}

#[tokio::test]
async fn a_recorded_range_is_a_manifest_whose_segments_are_there() {
    let service = recorded(5).await;
    let mut body = on_demand(1000, 3500);
    body["DisplayFragmentNumber"] = json!("ALWAYS");
    body["DisplayFragmentTimestamp"] = json!("ALWAYS");
    let path = manifest(&service, body).await;
    let (status, headers, text) = service.get(&path).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/dash+xml");
    assert_eq!(headers["access-control-allow-origin"], "*");
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert_eq!(values(&text, "MPD", "type"), ["static"]);
    assert_eq!(values(&text, "Representation", "codecs"), ["avc1.42c01f"]);
    let fragments = service.fragments().await;
    let numbers: Vec<_> = fragments[1..4]
        .iter()
        .map(|one| one["FragmentNumber"].as_str().unwrap())
        .collect();
    assert_eq!(values(&text, "S", "kvs:fn"), numbers);
    assert_eq!(values(&text, "S", "kvs:ts")[0], "2027-01-15T08:00:01.000Z");
    let (status, _, init) = service.get(&address(&text, "initialization", 0)).await;
    assert_eq!(status, 200);
    assert!(init.windows(4).any(|four| four == b"moov"));
    let media = address(&text, "media", 0);
    for time in values(&text, "S", "t") {
        let (status, _, segment) = service.get(&media.replace("$Time$", time)).await;
        assert_eq!(status, 200);
        let moof = Moof::decode(&mut &segment[..]).unwrap();
        let decoded = moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time;
        assert_eq!(decoded.to_string(), time);
    }
    let outside = media.replace("$Time$", &(NOW_MS + 4000).to_string());
    assert_eq!(service.get(&outside).await.0, 404);
    assert_eq!(service.get(&media).await.0, 400);
}

#[tokio::test]
async fn a_live_manifest_moves_on() {
    let service = recorded(8).await;
    let path = manifest(&service, json!({})).await;
    let (_, before) = service.get_text(&path).await;
    assert_eq!(values(&before, "MPD", "type"), ["dynamic"]);
    assert_eq!(values(&before, "S", "t").len(), 5);
    assert_eq!(values(&before, "Period", "start"), ["PT0.000S"]);
    service.put_seconds(&[NOW_MS + 8000, NOW_MS + 9000]).await;
    let (_, after) = service.get_text(&path).await;
    assert_eq!(
        values(&after, "S", "t")[..3],
        values(&before, "S", "t")[2..]
    );
    assert_eq!(values(&after, "Period", "start"), ["PT2.000S"]);
    assert_eq!(
        values(&after, "Period", "id"),
        values(&before, "Period", "id")
    );
    let available = |text| values(text, "MPD", "availabilityStartTime");
    assert_eq!(available(&after), available(&before));
    service.advance(60_000);
    assert_eq!(service.get(&path).await.0, 404);
    assert_eq!(create(&service, json!({})).await.0, 404);
}

#[tokio::test]
async fn a_replay_lists_what_its_time_has_come_to() {
    let service = recorded(30).await;
    let mut body = on_demand(0, 60_000);
    body["PlaybackMode"] = json!("LIVE_REPLAY");
    let (_, text) = service.get_text(&manifest(&service, body).await).await;
    let times = values(&text, "S", "t");
    assert!((3..6).contains(&times.len()), "{text}");
    assert_eq!(times[0], NOW_MS.to_string());
    assert_eq!(values(&text, "MPD", "type"), ["dynamic"]);
}

#[tokio::test]
async fn other_codec_private_data_begin_another_period() {
    let service = recorded(2).await;
    let mut other = track();
    other.codec_private[3] = 32;
    let other = ciero_media::matroska::write::write_header(&[other], "test");
    service.put([other, second(NOW_MS + 2000)].concat()).await;
    service
        .put([header(), second(NOW_MS + 3000)].concat())
        .await;
    let (_, text) = service
        .get_text(&manifest(&service, on_demand(0, 9000)).await)
        .await;
    let starts = ["PT0.000S", "PT2.000S", "PT3.000S"];
    assert_eq!(values(&text, "Period", "start"), starts);
    let mut levels = Vec::new();
    for period in 0..3 {
        let (_, _, init) = service.get(&address(&text, "initialization", period)).await;
        let at = init.windows(4).position(|four| four == b"moov").unwrap() - 4;
        assert_eq!(Moov::decode(&mut &init[at..]).unwrap().trak.len(), 1);
        let at = init.windows(4).position(|four| four == b"avcC").unwrap();
        levels.push(init[at + 7]);
    }
    assert_eq!(levels, [31, 32, 31]);
}

#[tokio::test]
async fn malformed_requests_and_foreign_tokens_are_refused() {
    let service = recorded(2).await;
    for (name, value) in [
        ("Expires", json!(299)),
        ("Expires", json!(43_201)),
        ("MaxManifestFragmentResults", json!(0)),
        ("MaxManifestFragmentResults", json!(5001)),
        ("PlaybackMode", json!("LIVE_REPLAY")),
        ("DisplayFragmentNumber", json!("SOMETIMES")),
    ] {
        let mut body = json!({});
        body[name] = value;
        let (status, answer) = create(&service, body).await;
        assert_eq!(status, 400, "{answer}");
    }
    assert_eq!(create(&service, on_demand(1000, 0)).await.0, 400);
    assert_eq!(create(&service, on_demand(60_000, 70_000)).await.0, 404);
    let of_hls = session(&service, json!({})).await;
    let (_, token) = of_hls.split_once('?').unwrap();
    let manifest_of_hls = format!("/dash/v1/getDASHManifest.mpd?{token}");
    assert_eq!(service.get(&manifest_of_hls).await.0, 403);
    let path = manifest(&service, json!({})).await;
    let (_, token) = path.split_once('?').unwrap();
    let playlist_of_dash = format!("/hls/v1/getHLSMasterPlaylist.m3u8?{token}");
    assert_eq!(service.get(&playlist_of_dash).await.0, 403);
    media_playlist(&service, &of_hls).await;
}
