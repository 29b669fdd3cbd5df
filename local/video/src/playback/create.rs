//! What a player may ask of a session, and what comes of it.

use serde::Deserialize;

use super::real_now_ms;
use super::session::{self, DiscontinuityMode, Display, Format, PlaybackMode, Session};
use crate::archived::TimestampRange;
use crate::error::ApiError;
use crate::request::StreamRef;
use crate::store::fragments::{START, TimestampKind};

const MOST_RANGE_MS: i64 = 24 * 3_600_000;
const MOST_FRAGMENTS: i64 = 5000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Selector {
    fragment_selector_type: Option<TimestampKind>,
    timestamp_range: Option<TimestampRange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Container {
    #[serde(rename = "FRAGMENTED_MP4")]
    FragmentedMp4,
    #[serde(rename = "MPEG_TS")]
    MpegTs,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HlsRequest {
    #[serde(flatten)]
    stream: StreamRef,
    playback_mode: Option<PlaybackMode>,
    #[serde(rename = "HLSFragmentSelector")]
    selector: Option<Selector>,
    container_format: Option<Container>,
    discontinuity_mode: Option<DiscontinuityMode>,
    display_fragment_timestamp: Option<Display>,
    expires: Option<i64>,
    max_media_playlist_fragment_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DashRequest {
    #[serde(flatten)]
    stream: StreamRef,
    playback_mode: Option<PlaybackMode>,
    #[serde(rename = "DASHFragmentSelector")]
    selector: Option<Selector>,
    display_fragment_timestamp: Option<Display>,
    display_fragment_number: Option<Display>,
    expires: Option<i64>,
    max_manifest_fragment_results: Option<i64>,
}

/// What both kinds of sessions are made of.
pub(super) struct Wish {
    pub stream: StreamRef,
    pub operation: &'static str,
    format: Format,
    mode: PlaybackMode,
    selector: Selector,
    discontinuity: Option<DiscontinuityMode>,
    display_timestamp: Display,
    display_number: Display,
    expires: i64,
    most_fragments: Option<i64>,
    most_name: &'static str,
}

impl From<HlsRequest> for Wish {
    fn from(request: HlsRequest) -> Self {
        Self {
            stream: request.stream,
            operation: "GetHLSStreamingSessionURL",
            format: match request.container_format {
                Some(Container::MpegTs) => Format::HlsTs,
                _ => Format::HlsMp4,
            },
            mode: request.playback_mode.unwrap_or(PlaybackMode::Live),
            selector: request.selector.unwrap_or_default(),
            discontinuity: request.discontinuity_mode,
            display_timestamp: request.display_fragment_timestamp.unwrap_or(Display::Never),
            display_number: Display::Never,
            expires: request.expires.unwrap_or(300),
            most_fragments: request.max_media_playlist_fragment_results,
            most_name: "MaxMediaPlaylistFragmentResults",
        }
    }
}

impl From<DashRequest> for Wish {
    fn from(request: DashRequest) -> Self {
        Self {
            stream: request.stream,
            operation: "GetDASHStreamingSessionURL",
            format: Format::Dash,
            mode: request.playback_mode.unwrap_or(PlaybackMode::Live),
            selector: request.selector.unwrap_or_default(),
            discontinuity: None,
            display_timestamp: request.display_fragment_timestamp.unwrap_or(Display::Never),
            display_number: request.display_fragment_number.unwrap_or(Display::Never),
            expires: request.expires.unwrap_or(300),
            most_fragments: request.max_manifest_fragment_results,
            most_name: "MaxManifestFragmentResults",
        }
    }
}

impl Wish {
    /// The session without what its first fragments tell.
    pub(super) fn session(&self, stream_id: i64, now_ms: i64) -> Result<Session, ApiError> {
        let selector = &self.selector;
        let by = selector
            .fragment_selector_type
            .unwrap_or(TimestampKind::Server);
        let range = selector.timestamp_range.as_ref();
        let (start_ms, end_ms) = range_of(self.mode, by, range, now_ms)?;
        if !(300..=43_200).contains(&self.expires) {
            return Err(ApiError::invalid_argument(
                "Expires must be 300 to 43200 seconds.",
            ));
        }
        let usual = match self.mode {
            PlaybackMode::OnDemand => 1000,
            _ => 5,
        };
        let most_fragments = self.most_fragments.unwrap_or(usual);
        if !(1..=MOST_FRAGMENTS).contains(&most_fragments) {
            let name = self.most_name;
            return Err(ApiError::invalid_argument(format!(
                "{name} must be 1 to {MOST_FRAGMENTS}."
            )));
        }
        let usual = match by {
            TimestampKind::Server => DiscontinuityMode::Always,
            TimestampKind::Producer => DiscontinuityMode::Never,
        };
        let created_ms = real_now_ms();
        Ok(Session {
            stream_id,
            format: self.format,
            mode: self.mode,
            by,
            start_ms,
            end_ms,
            discontinuity: self.discontinuity.unwrap_or(usual),
            display_timestamp: self.display_timestamp,
            display_number: self.display_number,
            most_fragments,
            created_ms,
            expires_ms: created_ms + self.expires * 1000,
            base: START,
            header_id: 0,
            origin_ms: 0,
            head_ms: 0,
            shown_ms: 0,
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
        (_, Some(start), Some(end)) => {
            check_span(start, end)?;
            check_past(by, end, now_ms)?;
            Ok((start, end))
        }
        (_, Some(start), None) => Ok((start, i64::MAX)),
    }
}

/// Both ends of a range of recorded media, as the service limits them.
pub(crate) fn check_span(start: i64, end: i64) -> Result<(), ApiError> {
    if end <= start {
        return Err(ApiError::invalid_argument(
            "EndTimestamp must be after StartTimestamp.",
        ));
    }
    if end - start > MOST_RANGE_MS {
        return Err(ApiError::invalid_argument(
            "TimestampRange must not be longer than 24 hours.",
        ));
    }
    Ok(())
}

/// What has not arrived yet cannot be asked for by the time of arrival.
pub(crate) fn check_past(by: TimestampKind, end: i64, now_ms: i64) -> Result<(), ApiError> {
    if by == TimestampKind::Server && end > now_ms {
        return Err(ApiError::invalid_argument(
            "EndTimestamp must be in the past for SERVER_TIMESTAMP.",
        ));
    }
    Ok(())
}
