//! A session shows what it was made for, to whoever holds its token, as long as it lasts.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, second, send};
use crate::player::{create, media_playlist, on_demand, recorded, segments, session};

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
        json!({"ContainerFormat": "MATROSKA"}),
        json!({"PlaybackMode": "ON_DEMAND"}),
        json!({"PlaybackMode": "LIVE_REPLAY"}),
        json!({"PlaybackMode": "BACKWARDS"}),
        with(on_demand(0, 1000), "PlaybackMode", json!("LIVE")),
        on_demand(1000, 0),
        on_demand(0, 24 * 3_600_000 + 1000),
        with(server_future.clone(), "PlaybackMode", json!("LIVE_REPLAY")),
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
        let mut track = crate::common::track();
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
    let service = service.restarted();
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
    // The signature is a header, which a browser sends if it is named alone.
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/getHLSStreamingSessionURL")
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,x-amz-date")
        .body(Body::empty())
        .unwrap();
    let (status, headers, _) = send(&service.video, request).await;
    assert_eq!(status, 200);
    assert_eq!(headers["access-control-allow-methods"], "GET,HEAD,POST");
    let allowed = &headers["access-control-allow-headers"];
    assert_eq!(allowed, "authorization,x-amz-date");
}
