//! What players of every kind fetch: initialisation segments and media segments, with open doors to all origins.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde::Deserialize;

use super::session::{Format, Session};
use super::window::window;
use super::{media, real_now_ms};
use crate::Shared;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::request::{archive_of, blocking};
use crate::store::fragments::{self, Duplicates, Fragment, START, TimestampKind, View};
use crate::store::streams;

const MP4: &str = "video/mp4";
const TS: &str = "video/mp2t";
pub(super) const NEVER_CACHED: &str = "no-cache";
/// A segment never changes, and a session lives for twelve hours at most.
const CACHED: &str = "private, max-age=43200";

pub(super) type App = State<Arc<Shared>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ask {
    #[serde(default)]
    pub session_token: String,
    track_number: Option<u64>,
    sequence_number: Option<i64>,
    fragment_number: Option<String>,
    fragment_time: Option<i64>,
}

impl Ask {
    /// Opens the session for what the service calls `fetch`; a token leads nowhere but to what it was made for.
    pub(super) fn open(
        &self,
        shared: &Shared,
        formats: &[Format],
        fetch: &'static str,
    ) -> Result<(Session, View), ApiError> {
        let seal = &shared.playback.seal;
        let session = seal.open_token(&self.session_token, real_now_ms())?;
        if !formats.contains(&session.format) {
            return Err(ApiError::session("Streaming session token is not valid"));
        }
        shared.usage.of_session(fetch, session.nonce)?;
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

    pub(super) fn track(&self) -> u64 {
        self.track_number.unwrap_or(1)
    }

    /// The session's fragment that the address names by its number, or by its time as manifests do.
    fn fragment(
        &self,
        shared: &Shared,
        view: View,
        session: &Session,
    ) -> Result<Fragment, ApiError> {
        let found = match (self.fragment_time, &self.fragment_number) {
            (Some(time), None) => {
                let view = View {
                    by: TimestampKind::Producer,
                    duplicates: Duplicates::Keep,
                    ..view
                };
                shared
                    .store
                    .read(|index| fragments::in_range(index, view, (time, time), START, 100))?
            }
            (None, Some(number)) => {
                let number = FragmentNumber::parse(number)
                    .ok_or_else(|| ApiError::invalid_argument("FragmentNumber is not valid."))?;
                let found = shared
                    .store
                    .read(|index| fragments::by_number(index, view, number))?;
                found.into_iter().collect()
            }
            _ => return Err(ApiError::invalid_argument("FragmentNumber is missing.")),
        };
        let mut shown = found.into_iter().rev();
        shown
            .find(|fragment| is_shown(session, fragment))
            .ok_or_else(|| ApiError::not_found("The fragment was not found."))
    }
}

/// A session leads to its own fragments and to no others of the stream.
fn is_shown(session: &Session, fragment: &Fragment) -> bool {
    let timestamp = fragment.timestamp(session.by);
    (session.start_ms..=session.end_ms).contains(&timestamp)
        && fragment.position(session.by) >= session.base
}

pub(super) fn answer(
    body: impl Into<Bytes>,
    content_type: &'static str,
    caching: &'static str,
) -> Response {
    let mut response = body.into().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

pub(super) async fn init_fragment(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let formats = [Format::HlsMp4, Format::Dash];
        let (session, view) = ask.open(shared, &formats, "GetMP4InitFragment")?;
        let header_id = match ask.sequence_number {
            Some(id) => shared
                .store
                .read(|index| fragments::header_of_stream(index, session.stream_id, id))?
                .ok_or_else(|| ApiError::not_found("The initialisation segment was not found."))?,
            None => window(shared, view, &session)?.fragments[0].header_id,
        };
        let header = media::header_of(shared, header_id)?;
        let init = media::init(media::track_of(&header, ask.track())?)?;
        Ok(answer(init, MP4, CACHED))
    })
    .await
}

pub(super) async fn media_fragment(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let formats = [Format::HlsMp4, Format::Dash];
        let (session, view) = ask.open(shared, &formats, "GetMP4MediaFragment")?;
        let fragment = ask.fragment(shared, view, &session)?;
        shared.usage.media(session.stream_id, 1)?;
        let segment = media::media_segment(shared, &fragment, ask.track())?;
        Ok(answer(segment, MP4, CACHED))
    })
    .await
}

pub(super) async fn ts_fragment(
    State(shared): App,
    Query(ask): Query<Ask>,
) -> Result<Response, ApiError> {
    blocking(&shared, move |shared| {
        let (session, view) = ask.open(shared, &[Format::HlsTs], "GetTSFragment")?;
        let fragment = ask.fragment(shared, view, &session)?;
        shared.usage.media(session.stream_id, 1)?;
        Ok(answer(media::ts_segment(shared, &fragment)?, TS, CACHED))
    })
    .await
}

/// A browser takes what it is given for what it says it is.
pub(super) async fn no_sniffing(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
