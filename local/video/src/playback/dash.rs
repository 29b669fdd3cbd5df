//! MPEG-DASH: a manifest, and the same segments as HLS has.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use ciero_media::codec::codec_string;
use ciero_media::matroska::TrackKind;

use super::manifest::{Audio, Kind, Manifest, Run, Video};
use super::serve::{self, App, Ask, NEVER_CACHED, answer};
use super::session::{Format, PlaybackMode, Session};
use super::window::{Entry, Window, entries, rates, window};
use super::{TOLERANCE_MS, media, real_now_ms};
use crate::Shared;
use crate::error::ApiError;
use crate::request::blocking;
use crate::store::fragments::Fragment;

const MANIFEST: &str = "application/dash+xml";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/dash/v1/getDASHManifest.mpd",
            get(manifest).options(serve::preflight),
        )
        .route(
            "/dash/v1/getMP4InitFragment.mp4",
            get(serve::init_fragment).options(serve::preflight),
        )
        .route(
            "/dash/v1/getMP4MediaFragment.mp4",
            get(serve::media_fragment).options(serve::preflight),
        )
}

async fn manifest(State(shared): App, Query(ask): Query<Ask>) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared, &[Format::Dash])?;
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
    let (frames_per_second, bits_per_second) = rates(all);
    let mut runs: Vec<Run> = Vec::new();
    for entry in entries(shared, session, all)? {
        match runs.last_mut() {
            Some(run) if goes_on(&run.entries, &entry) => run.entries.push(entry),
            _ => {
                let header = media::header_of(shared, entry.header_id)?;
                let video = media::video_track(&header)?;
                let (width, height) = media::picture_size(video);
                let audio = media::audio_track(&header).map(|track| Audio {
                    codec: codec_string(track).unwrap_or_default(),
                    hertz: match track.kind {
                        TrackKind::Audio { sample_rate, .. } => sample_rate as u32,
                        _ => 0,
                    },
                });
                runs.push(Run {
                    entries: vec![entry],
                    video: Video {
                        codec: codec_string(video).unwrap_or_default(),
                        width,
                        height,
                        frames_per_second,
                        bits_per_second,
                    },
                    audio,
                });
            }
        }
    }
    Ok(runs)
}

fn goes_on(run: &[Entry], next: &Entry) -> bool {
    run.last().is_some_and(|last| {
        let end_ms = last.start_ms.saturating_add(last.length_ms);
        last.header_id == next.header_id
            && next.start_ms > last.start_ms
            && next.start_ms >= end_ms.saturating_sub(TOLERANCE_MS)
    })
}
