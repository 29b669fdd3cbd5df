//! HLS: a session URL for a player, then playlists and fragmented MP4 under it.

mod codecs;
mod playlist;
pub(crate) mod serve;
mod session;
mod window;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use self::session::{Container, DiscontinuityMode, DisplayTimestamp, PlaybackMode, Seal, Session};
use self::window::Progress;
use crate::Shared;
use crate::archived::TimestampRange;
use crate::error::ApiError;
use crate::request::{Call, StreamRef, archive_of, blocking};
use crate::store::fragments::{self, Duplicates, Fragment, START, TimestampKind, View};

const MOST_RANGE_MS: i64 = 24 * 3_600_000;
/// A live session needs a fragment this recent.
pub(crate) const LIVE_WITHIN_MS: i64 = 30_000;
const NOTHING_FOUND: &str = "No fragments found in the stream for the streaming request.";

/// What the sessions of all players share.
pub(crate) struct Hls {
    seal: Seal,
    progress: Progress,
}

impl Hls {
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            seal: Seal::open(folder)?,
            progress: Progress::default(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Selector {
    fragment_selector_type: Option<TimestampKind>,
    timestamp_range: Option<TimestampRange>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateSession {
    #[serde(flatten)]
    stream: StreamRef,
    playback_mode: Option<PlaybackMode>,
    #[serde(rename = "HLSFragmentSelector")]
    selector: Option<Selector>,
    container_format: Option<Container>,
    discontinuity_mode: Option<DiscontinuityMode>,
    display_fragment_timestamp: Option<DisplayTimestamp>,
    expires: Option<i64>,
    max_media_playlist_fragment_results: Option<i64>,
}

pub(crate) async fn create_session(
    State(shared): State<Arc<Shared>>,
    call: Call<CreateSession>,
) -> Result<Json<Value>, ApiError> {
    blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body
            .stream
            .find(shared, &scope, "GetHLSStreamingSessionURL")?;
        let mut session = body.session(stream.id, shared.now_ms())?;
        let view = View {
            duplicates: Duplicates::Drop,
            ..archive_of(shared, &stream, session.by)?
        };
        let found = first_fragments(shared, view, &session)?;
        let first = found
            .first()
            .ok_or_else(|| ApiError::not_found(NOTHING_FOUND))?;
        codecs::check(shared, first)?;
        session.base = first.position(session.by);
        let head = found.len().saturating_sub(1);
        session.head_ms = found[..head]
            .iter()
            .map(|fragment| fragment.length_ms)
            .sum();
        let url = format!(
            "{}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken={}",
            shared.config.base_url,
            shared.hls.seal.seal(&session)?
        );
        Ok(Json(json!({ "HLSStreamingSessionURL": url })))
    })
    .await
}

impl CreateSession {
    fn session(&self, stream_id: i64, now_ms: i64) -> Result<Session, ApiError> {
        let mode = self.playback_mode.unwrap_or(PlaybackMode::Live);
        let selector = self.selector.as_ref();
        let by = selector
            .and_then(|selector| selector.fragment_selector_type)
            .unwrap_or(TimestampKind::Server);
        let range = selector.and_then(|selector| selector.timestamp_range.as_ref());
        let (start_ms, end_ms) = range_of(mode, by, range, now_ms)?;
        let expires = self.expires.unwrap_or(300);
        if !(300..=43_200).contains(&expires) {
            return Err(ApiError::invalid_argument(
                "Expires must be 300 to 43200 seconds.",
            ));
        }
        let usual = if mode == PlaybackMode::OnDemand {
            1000
        } else {
            5
        };
        let most_fragments = self.max_media_playlist_fragment_results.unwrap_or(usual);
        if !(1..=5000).contains(&most_fragments) {
            return Err(ApiError::invalid_argument(
                "MaxMediaPlaylistFragmentResults must be 1 to 5000.",
            ));
        }
        if self.container_format == Some(Container::MpegTs) {
            return Err(ApiError::invalid_argument(
                "The embedded service offers ContainerFormat FRAGMENTED_MP4 only.",
            ));
        }
        let usual = match by {
            TimestampKind::Server => DiscontinuityMode::Always,
            TimestampKind::Producer => DiscontinuityMode::Never,
        };
        let created_ms = real_now_ms();
        Ok(Session {
            stream_id,
            mode,
            by,
            start_ms,
            end_ms,
            discontinuity: self.discontinuity_mode.unwrap_or(usual),
            display: self
                .display_fragment_timestamp
                .unwrap_or(DisplayTimestamp::Never),
            most_fragments,
            created_ms,
            expires_ms: created_ms + expires * 1000,
            base: START,
            head_ms: 0,
            nonce: session::nonce()?,
        })
    }
}

fn range_of(
    mode: PlaybackMode,
    by: TimestampKind,
    range: Option<&TimestampRange>,
    now_ms: i64,
) -> Result<(i64, i64), ApiError> {
    let refuse = |message: &str| Err(ApiError::invalid_argument(message));
    let (start, end) = range.map_or(Ok((None, None)), TimestampRange::bounds)?;
    match (mode, start, end) {
        (PlaybackMode::Live, None, None) if range.is_none() => Ok((0, i64::MAX)),
        (PlaybackMode::Live, ..) => {
            refuse("TimestampRange must not be given for PlaybackMode LIVE.")
        }
        (_, None, _) => {
            refuse("TimestampRange with StartTimestamp is needed for this PlaybackMode.")
        }
        (PlaybackMode::OnDemand, Some(_), None) => {
            refuse("EndTimestamp is needed for PlaybackMode ON_DEMAND.")
        }
        (_, Some(start), Some(end)) if end - start > MOST_RANGE_MS => {
            refuse("TimestampRange must not be longer than 24 hours.")
        }
        (PlaybackMode::OnDemand, Some(_), Some(end))
            if by == TimestampKind::Server && end > now_ms =>
        {
            refuse("EndTimestamp must be in the past for SERVER_TIMESTAMP.")
        }
        (_, Some(start), end) => Ok((start, end.unwrap_or(i64::MAX))),
    }
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
