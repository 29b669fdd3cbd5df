//! A session goes on with other codec private data, and not with other codecs or tracks.

use ciero_media::matroska::Track;
use ciero_media::matroska::write::{write_cluster, write_header};
use serde_json::json;

use crate::common::{NOW_MS, Service, frame, header, second, track};
use crate::player::{recorded, session};
use crate::sound::hevc;
use crate::{dash, player};

const REFUSED: (u16, &str) = (400, "UnsupportedStreamMediaTypeException");

/// Sends one fragment with these tracks.
async fn put(service: &Service, tracks: &[Track], start_ms: i64) {
    let frames: Vec<_> = tracks
        .iter()
        .map(|track| frame(track.number, 0, &[0, 0, 0, 1, 0x65]))
        .collect();
    let cluster = write_cluster(start_ms.unsigned_abs(), &frames);
    let acks = service
        .put([write_header(tracks, "test"), cluster].concat())
        .await;
    assert_eq!(crate::common::events(&acks, "PERSISTED").len(), 1);
}

async fn check_refused(service: &Service, path: &str) {
    let (status, headers, _) = service.get(path).await;
    let error = headers.get("x-amzn-errortype");
    let error = error.map_or("", |error| error.to_str().unwrap());
    assert_eq!((status.as_u16(), error), REFUSED, "{path}");
}

fn others() -> [Vec<Track>; 3] {
    let sound = Track::aac(2, 48_000, 2, vec![0x11, 0x90]);
    let moved = Track {
        number: 2,
        ..track()
    };
    [vec![hevc()], vec![track(), sound], vec![moved]]
}

/// The playlist that a session's master playlist leads to.
async fn playlist(service: &Service, master: &str) -> String {
    let (status, text) = service.get_text(master).await;
    assert_eq!(status, 200, "{text}");
    format!("/hls/v1/{}", text.lines().last().unwrap())
}

#[tokio::test]
async fn hls_does_not_go_on_with_another_codec_or_other_tracks() {
    for tracks in others() {
        let service = recorded(2).await;
        let live = session(&service, json!({"MaxMediaPlaylistFragmentResults": 1})).await;
        let live = playlist(&service, &live).await;
        let whole = session(&service, player::on_demand(0, 9000)).await;
        let whole = playlist(&service, &whole).await;
        for path in [&live, &whole] {
            assert_eq!(service.get(path).await.0, 200);
        }
        put(&service, &tracks, NOW_MS + 2000).await;
        for path in [&live, &whole] {
            check_refused(&service, path).await;
        }
        let before = session(&service, player::on_demand(0, 1500)).await;
        let before = playlist(&service, &before).await;
        assert_eq!(service.get(&before).await.0, 200);
    }
}

#[tokio::test]
async fn dash_does_not_go_on_with_another_codec_or_other_tracks() {
    for tracks in others() {
        let service = recorded(2).await;
        let live = dash::manifest(&service, json!({"MaxManifestFragmentResults": 1})).await;
        let whole = dash::manifest(&service, dash::on_demand(0, 9000)).await;
        for path in [&live, &whole] {
            assert_eq!(service.get(path).await.0, 200);
        }
        put(&service, &tracks, NOW_MS + 2000).await;
        for path in [&live, &whole] {
            check_refused(&service, path).await;
        }
        let before = dash::manifest(&service, dash::on_demand(0, 1500)).await;
        assert_eq!(service.get(&before).await.0, 200);
    }
}

#[tokio::test]
async fn other_codec_private_data_and_another_spelling_of_the_codec_are_gone_on_with() {
    let service = recorded(1).await;
    let live = session(&service, json!({"MaxMediaPlaylistFragmentResults": 1})).await;
    let live = playlist(&service, &live).await;
    let mut other = track();
    other.codec_private[3] = 32;
    other.codec_id = "V_MPEG/ISO/AVC".into();
    put(&service, &[other], NOW_MS + 1000).await;
    assert_eq!(service.get(&live).await.0, 200);
    service
        .put([header(), second(NOW_MS + 2000)].concat())
        .await;
    assert_eq!(service.get(&live).await.0, 200);
}
