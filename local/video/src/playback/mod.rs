//! Sessions of players: an address with a token, then playlists, manifests and segments under it.

pub(crate) mod create;
mod dash;
mod hls;
mod manifest;
pub(crate) mod media;
mod playlist;
pub(crate) mod serve;
mod session;
mod window;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::{Json, Router};
use serde_json::{Value, json};

use self::create::{DashRequest, HlsRequest, Wish};
use self::session::{Format, PlaybackMode, Seal, Session};
use self::window::Progress;
use crate::error::ApiError;
use crate::request::{Call, archive_of, blocking};
use crate::store::fragments::{self, Duplicates, Fragment, START, View};
use crate::{Scope, Shared};

/// A live session needs a fragment this recent.
pub(crate) const LIVE_WITHIN_MS: i64 = 30_000;
pub(crate) const NOTHING_FOUND: &str =
    "No fragments found in the stream for the streaming request.";

/// What the sessions of all players share.
pub(crate) struct Playback {
    seal: Seal,
    progress: Progress,
}

impl Playback {
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            seal: Seal::open(folder)?,
            progress: Progress::default(),
        })
    }
}

/// What players fetch.
pub(crate) fn router() -> Router<Arc<Shared>> {
    hls::router()
        .merge(dash::router())
        .layer(axum::middleware::map_response(serve::no_sniffing))
}

pub(crate) async fn create_hls_session(
    State(shared): State<Arc<Shared>>,
    call: Call<HlsRequest>,
) -> Result<Json<Value>, ApiError> {
    let address = create(&shared, call.scope, call.body.into()).await?;
    Ok(Json(json!({ "HLSStreamingSessionURL": address })))
}

pub(crate) async fn create_dash_session(
    State(shared): State<Arc<Shared>>,
    call: Call<DashRequest>,
) -> Result<Json<Value>, ApiError> {
    let address = create(&shared, call.scope, call.body.into()).await?;
    Ok(Json(json!({ "DASHStreamingSessionURL": address })))
}

async fn create(shared: &Arc<Shared>, scope: Scope, wish: Wish) -> Result<String, ApiError> {
    blocking(shared, move |shared| {
        let stream = wish.stream.find(shared, &scope, wish.operation)?;
        let mut session = wish.session(stream.id, shared.now_ms())?;
        let view = View {
            duplicates: Duplicates::Drop,
            ..archive_of(shared, &stream, session.by)?
        };
        let found = first_fragments(shared, view, &session)?;
        let first = found
            .first()
            .ok_or_else(|| ApiError::not_found(NOTHING_FOUND))?;
        media::check(shared, first, session.format)?;
        session.base = first.position(session.by);
        session.header_id = first.header_id;
        session.origin_ms = first.producer_ms;
        session.shown_ms = found.iter().map(|fragment| fragment.length_ms).sum();
        let last_ms = found.last().map_or(0, |fragment| fragment.length_ms);
        session.head_ms = session.shown_ms - last_ms;
        let place = match session.format {
            Format::Dash => "/dash/v1/getDASHManifest.mpd",
            Format::HlsMp4 | Format::HlsTs => "/hls/v1/getHLSMasterPlaylist.m3u8",
        };
        let token = shared.playback.seal.seal(&session)?;
        Ok(format!(
            "{}{place}?SessionToken={token}",
            shared.config.base_url
        ))
    })
    .await
}

/// The fragments with which a session begins; none if it has nothing to show.
fn first_fragments(
    shared: &Shared,
    view: View,
    session: &Session,
) -> Result<Vec<Fragment>, ApiError> {
    if session.mode == PlaybackMode::Live {
        return window::live(shared, view, session.most_fragments);
    }
    let range = (session.start_ms, session.end_ms);
    let few = session.most_fragments.min(3);
    Ok(shared
        .store
        .read(|index| fragments::in_range(index, view, range, START, few))?)
}

/// Sessions expire by real time, whatever the service's clock says.
pub(crate) fn real_now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}
