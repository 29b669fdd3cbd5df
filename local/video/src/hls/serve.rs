//! What a player fetches: playlists, initialisation segments and media segments.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ciero_media::codec::codec_string;
use ciero_media::matroska::{Header, TrackKind};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::playlist::{self, Entry, Kind, MediaPlaylist, Variant};
use super::session::{PlaybackMode, Session};
use super::window::{Window, window};
use super::{codecs, real_now_ms};
use crate::Shared;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::request::{archive_of, blocking};
use crate::store::fragments::{self, Duplicates, Fragment, View};
use crate::store::streams;

const PLAYLIST: &str = "application/x-mpegURL";
const MP4: &str = "video/mp4";
const NEVER_CACHED: &str = "no-cache";
/// A segment never changes, and a session lives for twelve hours at most.
const CACHED: &str = "private, max-age=43200";

type App = State<Arc<Shared>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Ask {
    #[serde(default)]
    session_token: String,
    track_number: Option<u64>,
    sequence_number: Option<i64>,
    fragment_number: Option<String>,
}

impl Ask {
    fn open(&self, shared: &Shared) -> Result<(Session, View), ApiError> {
        let session = shared
            .hls
            .seal
            .open_token(&self.session_token, real_now_ms())?;
        let stream = shared
            .store
            .read(|index| streams::by_id(index, session.stream_id))?
            .ok_or_else(ApiError::stream_not_found)?;
        let view = View {
            duplicates: Duplicates::Drop,
            ..archive_of(shared, &stream, session.by)?
        };
        Ok((session, view))
    }

    fn track(&self) -> u64 {
        self.track_number.unwrap_or(1)
    }
}

fn answer(body: impl Into<Bytes>, content_type: &'static str, caching: &'static str) -> Response {
    let mut response = body.into().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

pub(crate) async fn master_playlist(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared)?;
        let window = window(shared, view, &session)?;
        let last = &window.fragments[window.fragments.len() - 1];
        let header = codecs::header_of(shared, last.header_id)?;
        let variant = variant(&header, &window.fragments)?;
        let text = playlist::master(&ask.session_token, &variant);
        Ok(answer(text, PLAYLIST, NEVER_CACHED))
    })
    .await
}

fn variant(header: &Header, fragments: &[Fragment]) -> Result<Variant, ApiError> {
    let video = codecs::video_track(header)?;
    let audio = codecs::audio_track(header);
    let names: Vec<_> = [Some(video), audio]
        .into_iter()
        .flatten()
        .filter_map(codec_string)
        .collect();
    let (width, height) = match video.kind {
        TrackKind::Video { width, height } => (width, height),
        _ => (0, 0),
    };
    // A few fragments tell rate and bandwidth well enough.
    let recent = &fragments[fragments.len().saturating_sub(10)..];
    let length_ms: i64 = recent.iter().map(|fragment| fragment.length_ms).sum();
    let length_ms = length_ms.max(1);
    let frames: i64 = recent.iter().map(|fragment| fragment.frames).sum();
    let bytes: u64 = recent.iter().map(|fragment| fragment.bytes).sum();
    Ok(Variant {
        codecs: names.join(","),
        width,
        height,
        frames_per_second: frames as f64 * 1000.0 / length_ms as f64,
        bits_per_second: (bytes.saturating_mul(8000) / length_ms.unsigned_abs()) as i64,
        has_audio: audio.is_some(),
    })
}

pub(crate) async fn media_playlist(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared)?;
        let Window {
            fragments,
            sequence,
            is_complete,
        } = window(shared, view, &session)?;
        let entries = entries(shared, &session, &fragments)?;
        let playlist = MediaPlaylist {
            token: &ask.session_token,
            track: ask.track(),
            sequence,
            discontinuity: session.discontinuity,
            display: session.display,
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

/// Lists fragments under the first header that has the same tracks, so that a reconnected camera makes no cut.
fn entries(
    shared: &Shared,
    session: &Session,
    fragments: &[Fragment],
) -> Result<Vec<Entry>, ApiError> {
    let mut entries = Vec::with_capacity(fragments.len());
    let mut current: Option<(i64, i64, Header)> = None;
    for fragment in fragments {
        let is_same = current
            .as_ref()
            .is_some_and(|(last_id, _, _)| *last_id == fragment.header_id);
        if !is_same {
            let header = codecs::header_of(shared, fragment.header_id)?;
            let shown_id = match &current {
                Some((_, shown_id, shown)) if shown.tracks == header.tracks => *shown_id,
                _ => fragment.header_id,
            };
            current = Some((fragment.header_id, shown_id, header));
        }
        let shown_id = current
            .as_ref()
            .map_or(fragment.header_id, |(_, shown_id, _)| *shown_id);
        entries.push(Entry {
            number: fragment.number.to_string(),
            start_ms: fragment.producer_ms,
            length_ms: fragment.length_ms,
            timestamp_ms: fragment.timestamp(session.by),
            header_id: shown_id,
        });
    }
    Ok(entries)
}

pub(crate) async fn init_fragment(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared)?;
        let header_id = match ask.sequence_number {
            Some(id) => shared
                .store
                .read(|index| fragments::header_of_stream(index, session.stream_id, id))?
                .ok_or_else(|| ApiError::not_found("The initialisation segment was not found."))?,
            None => window(shared, view, &session)?.fragments[0].header_id,
        };
        let header = codecs::header_of(shared, header_id)?;
        let init = codecs::init(codecs::track_of(&header, ask.track())?)?;
        Ok(answer(init, MP4, CACHED))
    })
    .await
}

pub(crate) async fn media_fragment(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared)?;
        let number = ask
            .fragment_number
            .as_deref()
            .and_then(FragmentNumber::parse)
            .ok_or_else(|| ApiError::invalid_argument("FragmentNumber is not valid."))?;
        let fragment = shared
            .store
            .read(|index| fragments::by_number(index, view, number))?
            .filter(|fragment| is_shown(&session, fragment))
            .ok_or_else(|| ApiError::not_found("The fragment was not found."))?;
        let segment = codecs::media_segment(shared, &fragment, ask.track())?;
        Ok(answer(segment, MP4, CACHED))
    })
    .await
}

/// A session leads to its own fragments and to no others of the stream.
fn is_shown(session: &Session, fragment: &Fragment) -> bool {
    let timestamp = fragment.timestamp(session.by);
    (session.start_ms..=session.end_ms).contains(&timestamp)
        && fragment.position(session.by) >= session.base
}

pub(crate) async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Players in a browser come from the portal's origin, which is another one.
pub(crate) async fn open_to_all_origins(mut response: Response) -> Response {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "*"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
