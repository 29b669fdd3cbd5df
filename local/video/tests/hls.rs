//! A player gets playlists and fragmented MP4 for live and recorded media, and nothing beyond its session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use axum::body::Body;
use common::{NOW_MS, Service, header, open, second, send};
use http::{Method, Request};
use mp4_atom::{Decode as _, Ftyp, Mdat, Moof, Moov};
use serde_json::{Value, json};

/// Asks for a session and returns the path of its master playlist.
async fn session(service: &Service, body: Value) -> String {
    let (status, answer) = create(service, body).await;
    assert_eq!(status, 200, "{answer}");
    let url = answer["HLSStreamingSessionURL"].as_str().unwrap();
    let path = url.strip_prefix("http://127.0.0.1:4566").unwrap();
    assert!(path.starts_with("/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken="));
    assert!(path.ends_with('~'));
    path.to_owned()
}

async fn create(service: &Service, mut body: Value) -> (u16, Value) {
    body["StreamName"] = json!("cam");
    let (status, answer) = service.call("getHLSStreamingSessionURL", body).await;
    (status.as_u16(), answer)
}

/// Follows the master playlist to the media playlist and returns its path and text.
async fn media_playlist(service: &Service, master: &str) -> (String, String) {
    let (status, text) = service.get_text(master).await;
    assert_eq!(status, 200, "{text}");
    let last = text.lines().last().unwrap();
    let path = format!("/hls/v1/{last}");
    let (status, text) = service.get_text(&path).await;
    assert_eq!(status, 200, "{text}");
    (path, text)
}

fn segments(playlist: &str) -> Vec<String> {
    let lines = playlist
        .lines()
        .filter(|line| line.starts_with("getMP4MediaFragment"));
    lines.map(|line| format!("/hls/v1/{line}")).collect()
}

fn tag<'a>(playlist: &'a str, name: &str) -> &'a str {
    let prefix = format!("#EXT-X-{name}:");
    playlist
        .lines()
        .find_map(|line| line.strip_prefix(prefix.as_str()))
        .unwrap_or("")
}

fn on_demand(start: i64, end: i64) -> Value {
    let range = json!({"StartTimestamp": (NOW_MS + start) as f64 / 1000.0, "EndTimestamp": (NOW_MS + end) as f64 / 1000.0});
    json!({"PlaybackMode": "ON_DEMAND", "HLSFragmentSelector": {"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range}})
}

async fn recorded(count: i64) -> Service {
    let service = Service::with_stream().await;
    let starts: Vec<i64> = (0..count).map(|n| NOW_MS + n * 1000).collect();
    service.put_seconds(&starts).await;
    service
}

#[tokio::test]
async fn a_live_session_lists_the_newest_fragments_and_moves_on() {
    let service = recorded(8).await;
    let master = session(&service, json!({})).await;
    let (_, text) = service.get_text(&master).await;
    assert!(
        text.contains("CODECS=\"avc1.42C01F\",RESOLUTION=1280x720,FRAME-RATE=10.00,BANDWIDTH="),
        "{text}"
    );
    let (path, text) = media_playlist(&service, &master).await;
    assert_eq!(segments(&text).len(), 5);
    assert_eq!(
        (tag(&text, "MEDIA-SEQUENCE"), tag(&text, "TARGETDURATION")),
        ("0", "1")
    );
    assert_eq!(
        text.matches("#EXT-X-DISCONTINUITY").count(),
        5,
        "the service's clock cuts before each"
    );
    assert!(!text.contains("ENDLIST") && !text.contains("PLAYLIST-TYPE"));
    service.put_seconds(&[NOW_MS + 8000, NOW_MS + 9000]).await;
    let (_, later) = service.get_text(&path).await;
    assert_eq!(tag(&later, "MEDIA-SEQUENCE"), "2");
    assert_eq!(segments(&later)[..3], segments(&text)[2..]);
    let (_, again) = service.get_text(&path).await;
    assert_eq!(again, later);
}

#[tokio::test]
async fn the_number_of_the_first_fragment_goes_on_when_old_ones_expire() {
    let service = recorded(6).await;
    let (path, _) = media_playlist(
        &service,
        &session(&service, json!({"Expires": 43_200})).await,
    )
    .await;
    service.advance(20_000);
    service.put_seconds(&[NOW_MS + 20_000]).await;
    let (_, text) = service.get_text(&path).await;
    assert_eq!(tag(&text, "MEDIA-SEQUENCE"), "1");
    for hour in 1..=26_i64 {
        service.advance(3_600_000);
        service.put_seconds(&[NOW_MS + hour * 3_600_000]).await;
        service.video.sweep();
        let (status, text) = service.get_text(&path).await;
        assert_eq!(status, 200);
        assert_eq!(
            segments(&text).len(),
            1,
            "an interruption ends what is live"
        );
        assert_eq!(tag(&text, "MEDIA-SEQUENCE"), (5 + hour).to_string());
    }
}

#[tokio::test]
async fn a_silent_camera_is_not_live() {
    let service = recorded(1).await;
    let (path, _) = media_playlist(&service, &session(&service, json!({})).await).await;
    service.advance(31_001);
    assert_eq!(service.get(&path).await.0, 404);
    let (status, answer) = create(&service, json!({})).await;
    assert_eq!(
        (status, &answer["error"]),
        (404, &json!("ResourceNotFoundException"))
    );
    assert_eq!(
        answer["Message"],
        "No fragments found in the stream for the streaming request."
    );
}

#[tokio::test]
async fn live_goes_on_after_the_clock_jumped_a_year() {
    let service = recorded(4).await;
    let year = 365 * 24 * 3_600_000_i64;
    service.advance(year);
    assert_eq!(create(&service, json!({})).await.0, 404);
    service.put_seconds(&[NOW_MS + year]).await;
    let master = session(&service, json!({})).await;
    assert_eq!(
        segments(&media_playlist(&service, &master).await.1).len(),
        1
    );
}

#[tokio::test]
async fn a_recorded_range_is_listed_whole_and_ends() {
    let service = recorded(10).await;
    let mut body = on_demand(2000, 6500);
    body["DisplayFragmentTimestamp"] = json!("ALWAYS");
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(segments(&text).len(), 5);
    assert_eq!(tag(&text, "PLAYLIST-TYPE"), "VOD");
    assert_eq!(tag(&text, "PROGRAM-DATE-TIME"), "2027-01-15T08:00:02.000Z");
    assert!(text.ends_with("#EXT-X-ENDLIST\n"));
    assert!(
        !text.contains("#EXT-X-DISCONTINUITY"),
        "the producer's clock makes one time line"
    );
    let mut body = on_demand(0, 9000);
    body["MaxMediaPlaylistFragmentResults"] = json!(3);
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(segments(&text).len(), 3);
}

#[tokio::test]
async fn segments_are_fragmented_mp4_on_the_producers_time() {
    let service = recorded(3).await;
    let (_, text) = media_playlist(&service, &session(&service, on_demand(0, 9000)).await).await;
    let init = tag(&text, "MAP").split('"').nth(1).unwrap();
    let (status, headers, init) = service.get(&format!("/hls/v1/{init}")).await;
    assert_eq!(
        (status.as_u16(), headers["content-type"].to_str().unwrap()),
        (200, "video/mp4")
    );
    let mut bytes = &init[..];
    Ftyp::decode(&mut bytes).unwrap();
    assert_eq!(Moov::decode(&mut bytes).unwrap().trak.len(), 1);
    for (path, n) in segments(&text).iter().zip(0..) {
        let (status, _, segment) = service.get(path).await;
        assert_eq!(status, 200);
        let mut bytes = &segment[..];
        let moof = Moof::decode(&mut bytes).unwrap();
        let time = moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time;
        assert_eq!(time, (NOW_MS + n * 1000).unsigned_abs());
        let durations = moof.traf[0].trun[0]
            .samples
            .iter()
            .filter_map(|sample| sample.duration);
        assert_eq!(durations.sum::<u32>(), 1000);
        assert_eq!(Mdat::decode(&mut bytes).unwrap().data.len(), 160);
    }
}

#[tokio::test]
async fn relative_timecodes_play_on_the_producers_time_too() {
    let service = Service::with_stream().await;
    let body = [header(), second(0), second(1000)].concat();
    service
        .put_with("RELATIVE", Some("1800000000.000"), body)
        .await;
    let (_, text) = media_playlist(&service, &session(&service, on_demand(0, 9000)).await).await;
    let (_, _, segment) = service.get(&segments(&text)[1]).await;
    let moof = Moof::decode(&mut &segment[..]).unwrap();
    assert_eq!(
        moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time,
        (NOW_MS + 1000).unsigned_abs()
    );
}

#[tokio::test]
async fn a_fragment_sent_twice_is_listed_once_with_its_greater_number() {
    let service = recorded(3).await;
    service.put_seconds(&[NOW_MS + 1000, NOW_MS + 2000]).await;
    let fragments = service.fragments().await;
    assert_eq!(fragments.len(), 5);
    let (_, text) = media_playlist(&service, &session(&service, on_demand(0, 9000)).await).await;
    let listed = segments(&text);
    assert_eq!(listed.len(), 3);
    for (path, place) in listed.iter().zip([0, 3, 4]) {
        assert!(path.contains(fragments[place]["FragmentNumber"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_gap_is_a_discontinuity_where_that_is_asked_for() {
    let service = Service::with_stream().await;
    service
        .put_seconds(&[NOW_MS, NOW_MS + 1000, NOW_MS + 5000])
        .await;
    let mut body = on_demand(0, 9000);
    body["DiscontinuityMode"] = json!("ON_DISCONTINUITY");
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY").count(), 1);
    assert_eq!(text.matches("#EXT-X-MAP").count(), 1);
}

#[tokio::test]
async fn a_replay_begins_at_its_start_and_ends_at_its_end() {
    let service = recorded(30).await;
    service.advance(60_000);
    let mut body = on_demand(0, 29_500);
    body["PlaybackMode"] = json!("LIVE_REPLAY");
    let (path, text) = media_playlist(&service, &session(&service, body.clone()).await).await;
    assert_eq!(tag(&text, "MEDIA-SEQUENCE"), "0");
    let listed = segments(&text).len();
    assert!(
        (3..=5).contains(&listed),
        "a head start and what has elapsed, {listed}"
    );
    assert!(!text.contains("ENDLIST"));
    assert_eq!(service.get(&path).await.0, 200);
    body["HLSFragmentSelector"]["TimestampRange"]["EndTimestamp"] =
        json!((NOW_MS + 1500) as f64 / 1000.0);
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(segments(&text).len(), 2);
    assert!(text.ends_with("#EXT-X-ENDLIST\n"));
}

#[tokio::test]
async fn malformed_session_requests_are_refused() {
    let service = recorded(2).await;
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    let server_future = json!({"PlaybackMode": "ON_DEMAND", "HLSFragmentSelector": {"TimestampRange":
        {"StartTimestamp": NOW_MS / 1000, "EndTimestamp": NOW_MS / 1000 + 60}}});
    for body in [
        json!({"Expires": 299}),
        json!({"Expires": 43_201}),
        json!({"MaxMediaPlaylistFragmentResults": 0}),
        json!({"MaxMediaPlaylistFragmentResults": 5001}),
        json!({"ContainerFormat": "MPEG_TS"}),
        json!({"PlaybackMode": "ON_DEMAND"}),
        json!({"PlaybackMode": "LIVE_REPLAY"}),
        json!({"PlaybackMode": "BACKWARDS"}),
        with(on_demand(0, 1000), "PlaybackMode", json!("LIVE")),
        on_demand(1000, 0),
        on_demand(0, 24 * 3_600_000 + 1000),
        server_future,
    ] {
        let (status, answer) = create(&service, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    assert_eq!(create(&service, on_demand(60_000, 70_000)).await.0, 404);
}

#[tokio::test]
async fn media_that_no_player_shows_is_refused_with_its_reason() {
    for (codec_id, private, error) in [
        (
            "V_MS/VFW/FOURCC",
            vec![1; 40],
            "UnsupportedStreamMediaTypeException",
        ),
        (
            "V_MPEG4/ISO/AVC",
            vec![],
            "MissingCodecPrivateDataException",
        ),
        (
            "V_MPEG4/ISO/AVC",
            vec![9, 9],
            "InvalidCodecPrivateDataException",
        ),
    ] {
        let service = Service::with_stream().await;
        let mut track = common::track();
        track.codec_id = codec_id.into();
        track.codec_private = private;
        let mut body = ciero_media::matroska::write::write_header(&[track], "test");
        body.extend(second(NOW_MS));
        service.put(body).await;
        let (status, answer) = create(&service, json!({})).await;
        assert_eq!((status, &answer["error"]), (400, &json!(error)));
    }
}

#[tokio::test]
async fn a_token_is_needed_and_leads_to_its_own_session_only() {
    let service = recorded(10).await;
    let (path, text) =
        media_playlist(&service, &session(&service, on_demand(2000, 4000)).await).await;
    let outside = service.fragments().await[8]["FragmentNumber"]
        .as_str()
        .unwrap()
        .to_owned();
    let inside = segments(&text)[0].clone();
    let start = inside.find("FragmentNumber=").unwrap() + "FragmentNumber=".len();
    let mut other = inside.clone();
    other.replace_range(start..start + 47, &outside);
    assert_eq!(service.get(&inside).await.0, 200);
    assert_eq!(service.get(&other).await.0, 404);
    let forged = path.replace("SessionToken=", "SessionToken=A");
    for path in [
        forged.as_str(),
        "/hls/v1/getHLSMediaPlaylist.m3u8",
        "/hls/v1/getMP4InitFragment.mp4?SessionToken=~",
    ] {
        let (status, text) = service.get_text(path).await;
        assert_eq!(status, 403, "{text}");
    }
    for missing in ["&TrackNumber=9", "&TrackNumber=2"] {
        let path = inside.replace("&TrackNumber=1", missing);
        assert_eq!(service.get(&path).await.0, 404);
    }
    let malformed = inside.replace("FragmentNumber=", "FragmentNumber=x");
    assert_eq!(service.get(&malformed).await.0, 400);
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_with_its_stream() {
    let service = recorded(5).await;
    let (path, text) = media_playlist(&service, &session(&service, json!({})).await).await;
    let Service {
        folder,
        video,
        clock,
    } = service;
    drop(video);
    let service = Service {
        video: open(folder.path(), &clock),
        folder,
        clock,
    };
    let (status, after) = service.get_text(&path).await;
    assert_eq!((status.as_u16(), after), (200, text));
    let (_, answer) = service
        .call("describeStream", json!({"StreamName": "cam"}))
        .await;
    let arn = &answer["StreamInfo"]["StreamARN"];
    service
        .call("deleteStream", json!({"StreamARN": arn}))
        .await;
    assert_eq!(service.get(&path).await.0, 404);
}

#[tokio::test]
async fn a_page_of_any_origin_may_play() {
    let service = recorded(1).await;
    let master = session(&service, json!({})).await;
    let (_, headers, _) = service.get(&master).await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    let (status, headers, _) = service.get("/hls/v1/getHLSMediaPlaylist.m3u8").await;
    assert_eq!(
        (
            status.as_u16(),
            headers["access-control-allow-origin"].to_str().unwrap()
        ),
        (403, "*")
    );
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(&master)
        .body(Body::empty())
        .unwrap();
    let (status, headers, _) = send(&service.video, request).await;
    assert_eq!(
        (
            status.as_u16(),
            headers["access-control-allow-methods"].to_str().unwrap()
        ),
        (204, "GET, HEAD, OPTIONS")
    );
}
