//! MPEG-DASH: a manifest, and the same segments as HLS has.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use ciero_media::codec::codec_string;
use ciero_media::matroska::{Header, Track, TrackKind};

use super::manifest::{Audio, Kind, Manifest, Run, Video};
use super::serve::{self, App, Ask, NEVER_CACHED, answer};
use super::session::{Format, PlaybackMode, Session};
use super::window::{Entry, Window, entries, rates, window};
use super::{media, real_now_ms};
use crate::Shared;
use crate::error::ApiError;
use crate::request::blocking;
use crate::store::fragments::{Fragment, TOLERANCE_MS};

const MANIFEST: &str = "application/dash+xml";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/dash/v1/getDASHManifest.mpd", get(manifest))
        .route("/dash/v1/getMP4InitFragment.mp4", get(serve::init_fragment))
        .route(
            "/dash/v1/getMP4MediaFragment.mp4",
            get(serve::media_fragment),
        )
}

async fn manifest(State(shared): App, Query(ask): Query<Ask>) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared, &[Format::Dash], "GetDASHManifest")?;
        let Window {
            fragments,
            is_complete,
            ..
        } = window(shared, view, &session)?;
        let manifest = Manifest {
            token: &ask.session_token,
            kind: match (session.mode, is_complete) {
                (PlaybackMode::OnDemand, _) => Kind::Recorded,
                (_, true) => Kind::Ended,
                (_, false) => Kind::Live,
            },
            origin_ms: session.origin_ms,
            available_ms: session.created_ms - session.shown_ms,
            published_ms: real_now_ms(),
            display_number: session.display_number,
            display_timestamp: session.display_timestamp,
        };
        let runs = runs(shared, &session, &fragments)?;
        Ok(answer(manifest.text(&runs), MANIFEST, NEVER_CACHED))
    })
    .await
}

/// Cuts a list where the tracks change, and where the producer's time goes back, which no time line can.
fn runs(shared: &Shared, session: &Session, all: &[Fragment]) -> Result<Vec<Run>, ApiError> {
    let mut runs: Vec<Run> = Vec::new();
    for entry in entries(shared, session, all)? {
        match runs.last_mut() {
            Some(run) if goes_on(&run.entries, &entry) => run.entries.push(entry),
            _ => {
                let header = media::header_of(shared, entry.header_id)?;
                let (video, audio) = tracks(&header, rates(all))?;
                runs.push(Run {
                    entries: vec![entry],
                    video,
                    audio,
                });
            }
        }
    }
    Ok(runs)
}

/// What a manifest says of the tracks.
fn tracks(
    header: &Header,
    (frames_per_second, bits_per_second): (f64, i64),
) -> Result<(Option<Video>, Option<Audio>), ApiError> {
    let lead = media::lead_track(header)?;
    let (width, height) = media::picture_size(lead);
    let codec = |track: &Track| codec_string(track).unwrap_or_default();
    let audio = |track: &Track| match track.kind {
        TrackKind::Audio { sample_rate, .. } => Some(Audio {
            track: track.number,
            codec: codec(track),
            hertz: sample_rate as u32,
        }),
        _ => None,
    };
    if let Some(sound) = audio(lead) {
        return Ok((None, Some(sound)));
    }
    let video = Video {
        codec: codec(lead),
        width,
        height,
        frames_per_second,
        bits_per_second,
    };
    Ok((
        Some(video),
        media::audio_track(header, Format::Dash).and_then(audio),
    ))
}

fn goes_on(run: &[Entry], next: &Entry) -> bool {
    run.last().is_some_and(|last| {
        let end_ms = last.start_ms.saturating_add(last.length_ms);
        last.header_id == next.header_id
            && next.start_ms > last.start_ms
            && next.start_ms >= end_ms.saturating_sub(TOLERANCE_MS)
    })
}
