//! HLS: a master playlist, a playlist for each track, and their segments.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use ciero_media::codec::codec_string;
use ciero_media::matroska::Header;

use super::media;
use super::playlist::{self, Kind, MediaPlaylist, Segments, Variant};
use super::serve::{self, App, Ask, NEVER_CACHED, answer};
use super::session::{Format, PlaybackMode};
use super::window::{Window, entries, rates, window};
use crate::Shared;
use crate::error::ApiError;
use crate::request::blocking;
use crate::store::fragments::Fragment;

const PLAYLIST: &str = "application/x-mpegURL";
const FORMATS: [Format; 2] = [Format::HlsMp4, Format::HlsTs];

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/hls/v1/getHLSMasterPlaylist.m3u8", get(master_playlist))
        .route("/hls/v1/getHLSMediaPlaylist.m3u8", get(media_playlist))
        .route("/hls/v1/getMP4InitFragment.mp4", get(serve::init_fragment))
        .route(
            "/hls/v1/getMP4MediaFragment.mp4",
            get(serve::media_fragment),
        )
        .route("/hls/v1/getTSFragment.ts", get(serve::ts_fragment))
}

async fn master_playlist(State(shared): App, Query(ask): Query<Ask>) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared, &FORMATS, "GetHLSMasterPlaylist")?;
        let window = window(shared, view, &session)?;
        let last = &window.fragments[window.fragments.len() - 1];
        let header = media::header_of(shared, last.header_id)?;
        let variant = variant(&header, &window.fragments, session.format)?;
        let text = playlist::master(&ask.session_token, &variant);
        Ok(answer(text, PLAYLIST, NEVER_CACHED))
    })
    .await
}

fn variant(header: &Header, fragments: &[Fragment], format: Format) -> Result<Variant, ApiError> {
    let lead = media::lead_track(header)?;
    let audio = media::audio_track(header, format);
    let names: Vec<_> = [Some(lead), audio]
        .into_iter()
        .flatten()
        .filter_map(codec_string)
        .collect();
    let (width, height) = media::picture_size(lead);
    let (frames_per_second, bits_per_second) = rates(fragments);
    Ok(Variant {
        codecs: names.join(","),
        width,
        height,
        frames_per_second,
        bits_per_second,
        // A transport stream carries picture and sound together.
        has_audio: audio.is_some() && format == Format::HlsMp4,
    })
}

async fn media_playlist(State(shared): App, Query(ask): Query<Ask>) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared, &FORMATS, "GetHLSMediaPlaylist")?;
        let Window {
            fragments,
            sequence,
            is_complete,
        } = window(shared, view, &session)?;
        let entries = entries(shared, &session, &fragments)?;
        let playlist = MediaPlaylist {
            token: &ask.session_token,
            segments: match session.format {
                Format::HlsTs => Segments::Ts,
                _ => Segments::Mp4 { track: ask.track() },
            },
            sequence,
            discontinuity: session.discontinuity,
            display: session.display_timestamp,
            kind: match (session.mode, is_complete) {
                (PlaybackMode::OnDemand, _) => Kind::Vod,
                (_, true) => Kind::Ended,
                (_, false) => Kind::Live,
            },
        };
        Ok(answer(playlist.text(&entries), PLAYLIST, NEVER_CACHED))
    })
    .await
}
