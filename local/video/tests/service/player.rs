//! Does what a player does: asks for a session and follows its playlists.

use serde_json::{Value, json};

use crate::common::{NOW_MS, Service};

/// Asks for a session and returns the path of its master playlist.
pub async fn session(service: &Service, body: Value) -> String {
    let (status, answer) = create(service, body).await;
    assert_eq!(status, 200, "{answer}");
    let url = answer["HLSStreamingSessionURL"].as_str().unwrap();
    let path = url.strip_prefix("http://127.0.0.1:4566").unwrap();
    assert!(path.starts_with("/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken="));
    assert!(path.ends_with('~'));
    path.to_owned()
}

pub async fn create(service: &Service, mut body: Value) -> (u16, Value) {
    body["StreamName"] = json!("cam");
    let (status, answer) = service.call("getHLSStreamingSessionURL", body).await;
    (status.as_u16(), answer)
}

/// Follows the master playlist to the media playlist and returns its path and text.
pub async fn media_playlist(service: &Service, master: &str) -> (String, String) {
    let (status, text) = service.get_text(master).await;
    assert_eq!(status, 200, "{text}");
    let last = text.lines().last().unwrap();
    let path = format!("/hls/v1/{last}");
    let (status, text) = service.get_text(&path).await;
    assert_eq!(status, 200, "{text}");
    (path, text)
}

pub fn segments(playlist: &str) -> Vec<String> {
    let lines = playlist
        .lines()
        .filter(|line| line.starts_with("getMP4MediaFragment"));
    lines.map(|line| format!("/hls/v1/{line}")).collect()
}

pub fn tag<'a>(playlist: &'a str, name: &str) -> &'a str {
    let prefix = format!("#EXT-X-{name}:");
    playlist
        .lines()
        .find_map(|line| line.strip_prefix(prefix.as_str()))
        .unwrap_or("")
}

pub fn on_demand(start: i64, end: i64) -> Value {
    let range = json!({"StartTimestamp": (NOW_MS + start) as f64 / 1000.0, "EndTimestamp": (NOW_MS + end) as f64 / 1000.0});
    json!({"PlaybackMode": "ON_DEMAND", "HLSFragmentSelector": {"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range}})
}

pub async fn recorded(count: i64) -> Service {
    let service = Service::with_stream().await;
    let starts: Vec<i64> = (0..count).map(|n| NOW_MS + n * 1000).collect();
    service.put_seconds(&starts).await;
    service
}
