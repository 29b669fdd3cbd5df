//! A player follows what is live, and replays as if it were.

use serde_json::json;

use crate::common::NOW_MS;
use crate::player::{create, media_playlist, on_demand, recorded, segments, session, tag};

#[tokio::test]
async fn a_live_session_lists_the_newest_fragments_and_moves_on() {
    let service = recorded(8).await;
    let master = session(&service, json!({})).await;
    let (_, text) = service.get_text(&master).await;
    assert!(
        text.contains("CODECS=\"avc1.42c01f\",RESOLUTION=1280x720,FRAME-RATE=10.00,BANDWIDTH="),
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
async fn a_fragment_dated_into_the_future_does_not_hold_up_what_is_live() {
    let service = recorded(3).await;
    service.put_seconds(&[NOW_MS + 900_000]).await;
    service.advance(200_000);
    service
        .put_seconds(&[NOW_MS + 200_000, NOW_MS + 201_000])
        .await;
    let selector = json!({"FragmentSelectorType": "PRODUCER_TIMESTAMP"});
    let master = session(&service, json!({"HLSFragmentSelector": selector})).await;
    let (_, text) = media_playlist(&service, &master).await;
    let listed = segments(&text);
    assert_eq!(listed.len(), 2);
    let newest = service.fragments().await[5]["FragmentNumber"].clone();
    assert!(listed[1].contains(newest.as_str().unwrap()));
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
