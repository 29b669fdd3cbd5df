//! A player of MPEG transport streams gets segments that stand alone.

use ciero_media::matroska::write::{write_cluster, write_header};
use ciero_media::matroska::{Track, TrackKind};
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, frame, track};
use crate::player::{media_playlist, on_demand, recorded, session};

fn as_ts(mut body: Value) -> Value {
    body["ContainerFormat"] = json!("MPEG_TS");
    body
}

fn segments(playlist: &str) -> Vec<String> {
    let lines = playlist
        .lines()
        .filter(|line| line.starts_with("getTSFragment.ts?FragmentNumber="));
    lines.map(|line| format!("/hls/v1/{line}")).collect()
}

#[tokio::test]
async fn a_recorded_range_is_listed_without_initialisation_segments() {
    let service = recorded(4).await;
    let master = session(&service, as_ts(on_demand(0, 9000))).await;
    let (_, text) = media_playlist(&service, &master).await;
    assert_eq!(segments(&text).len(), 4);
    assert!(!text.contains("EXT-X-MAP") && text.contains("#EXT-X-VERSION:6\n"));
    for path in segments(&text) {
        let (status, headers, segment) = service.get(&path).await;
        assert_eq!(
            (status.as_u16(), headers["content-type"].to_str().unwrap()),
            (200, "video/mp2t")
        );
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(segment.len() % 188, 0);
        assert!(segment.chunks(188).all(|packet| packet[0] == 0x47));
    }
    let init = master.replace("getHLSMasterPlaylist.m3u8", "getMP4InitFragment.mp4");
    assert_eq!(service.get(&init).await.0, 403);
}

fn sound(number: u64) -> Track {
    Track {
        number,
        kind: TrackKind::Audio {
            sample_rate: 48_000.0,
            channels: 2,
        },
        codec_id: "A_AAC".into(),
        codec_private: vec![0x11, 0x90],
        name: "sound".into(),
    }
}

#[tokio::test]
async fn sound_travels_with_the_picture() {
    let service = Service::with_stream().await;
    let picture = [0, 0, 0, 1, 0x65];
    let frames = [
        frame(1, 0, &picture),
        frame(2, 0, &[0x5A; 40]),
        frame(2, 21, &[0x5B; 40]),
    ];
    let cluster = write_cluster(NOW_MS.unsigned_abs(), &frames);
    let body = [write_header(&[track(), sound(2)], "test"), cluster].concat();
    service.put(body).await;
    let master = session(&service, as_ts(on_demand(0, 9000))).await;
    let (_, text) = service.get_text(&master).await;
    assert!(text.contains("CODECS=\"avc1.42c01f,mp4a.40.2\"") && !text.contains("TYPE=AUDIO"));
    let (_, text) = media_playlist(&service, &master).await;
    let (_, _, segment) = service.get(&segments(&text)[0]).await;
    let pid = |packet: &[u8]| u16::from_be_bytes([packet[1] & 0x1F, packet[2]]);
    let pids: Vec<_> = segment.chunks(188).map(pid).collect();
    assert_eq!(pids, [0, 0x1000, 0x100, 0x101]);
    let carried = segment.iter().filter(|&&byte| byte == 0x5B).count();
    assert_eq!(carried, 40);
}

#[tokio::test]
async fn sound_alone_is_played_too() {
    let service = Service::with_stream().await;
    let frames = [frame(1, 0, &[0x5A; 40]), frame(1, 21, &[0x5B; 40])];
    let cluster = write_cluster(NOW_MS.unsigned_abs(), &frames);
    let body = [write_header(&[sound(1)], "test"), cluster].concat();
    service.put(body).await;
    for request in [on_demand(0, 9000), as_ts(on_demand(0, 9000))] {
        let master = session(&service, request).await;
        let (_, text) = service.get_text(&master).await;
        assert!(text.contains("#EXT-X-STREAM-INF:CODECS=\"mp4a.40.2\",BANDWIDTH="));
        assert!(
            media_playlist(&service, &master)
                .await
                .1
                .contains("#EXTINF")
        );
    }
}
