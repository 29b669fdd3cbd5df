//! Archived media: which fragments there are, and the fragments themselves.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::media_chunk::Trouble;
use crate::quotas::Connection;
use crate::request::{Call, StreamRef, archive_of, blocking, millis, seconds};
use crate::store::fragments::{self, Fragment, Position, START, TimestampKind};
use crate::{Shared, media_chunk};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TimestampRange {
    pub start_timestamp: Option<f64>,
    pub end_timestamp: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FragmentSelector {
    fragment_selector_type: TimestampKind,
    timestamp_range: TimestampRange,
}

impl TimestampRange {
    /// Both ends in milliseconds; a range that ends before it begins is refused.
    pub(crate) fn bounds(&self) -> Result<(Option<i64>, Option<i64>), ApiError> {
        let start = self.start_timestamp.map(millis).transpose()?;
        let end = self.end_timestamp.map(millis).transpose()?;
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(ApiError::invalid_argument(
                "EndTimestamp must not be before StartTimestamp.",
            ));
        }
        Ok((start, end))
    }
}

#[derive(Deserialize)]
pub(crate) struct ListFragments {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "MaxResults")]
    max_results: Option<i64>,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
    #[serde(rename = "FragmentSelector")]
    selector: Option<FragmentSelector>,
}

pub(crate) async fn list_fragments(
    State(shared): State<Arc<Shared>>,
    call: Call<ListFragments>,
) -> Result<Json<Value>, ApiError> {
    let Call { scope, body } = call;
    let limit = body.max_results.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::invalid_argument("MaxResults must be 1 to 1000."));
    }
    let after = body.next_token.as_deref().map_or(Ok(START), open_token)?;
    let (by, range) = match &body.selector {
        None => (TimestampKind::Server, (0, i64::MAX)),
        Some(selector) => {
            let (start, end) = selector.timestamp_range.bounds()?;
            let (Some(start), Some(end)) = (start, end) else {
                return Err(ApiError::invalid_argument(
                    "TimestampRange needs StartTimestamp and EndTimestamp.",
                ));
            };
            (selector.fragment_selector_type, (start, end))
        }
    };
    blocking(&shared, move |shared| {
        let stream = body.stream.find(shared, &scope, "ListFragments")?;
        let view = archive_of(shared, &stream, by)?;
        shared.usage.metadata(stream.id, limit)?;
        let mut found = shared
            .store
            .read(|index| fragments::in_range(index, view, range, after, limit + 1))?;
        let more = found.len() as i64 > limit;
        found.truncate(limit as usize);
        let list: Vec<_> = found.iter().map(describe).collect();
        let mut answer = json!({ "Fragments": list });
        if let (true, Some(last)) = (more, found.last()) {
            answer["NextToken"] = json!(seal_token(last.position(by)));
        }
        Ok(Json(answer))
    })
    .await
}

fn describe(fragment: &Fragment) -> Value {
    json!({
        "FragmentNumber": fragment.number.to_string(),
        "FragmentSizeInBytes": fragment.bytes,
        "ProducerTimestamp": seconds(fragment.producer_ms),
        "ServerTimestamp": seconds(fragment.server_ms()),
        "FragmentLengthInMilliseconds": fragment.length_ms,
    })
}

fn seal_token((time, sequence): Position) -> String {
    URL_SAFE_NO_PAD.encode(format!("{time}/{sequence}"))
}

fn open_token(token: &str) -> Result<Position, ApiError> {
    let open = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (time, sequence) = text.split_once('/')?;
        Some((time.parse().ok()?, sequence.parse().ok()?))
    };
    open().ok_or_else(|| ApiError::invalid_argument("NextToken is not valid."))
}

#[derive(Deserialize)]
pub(crate) struct GetMediaForFragmentList {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "Fragments")]
    fragments: Vec<String>,
}

pub(crate) async fn get_media_for_fragment_list(
    State(shared): State<Arc<Shared>>,
    call: Call<GetMediaForFragmentList>,
) -> Result<Response, ApiError> {
    let Call { scope, body } = call;
    if !(1..=1000).contains(&body.fragments.len()) {
        return Err(ApiError::invalid_argument(
            "Fragments must name 1 to 1000 fragments.",
        ));
    }
    let numbers: Option<Vec<_>> = body
        .fragments
        .iter()
        .map(|text| FragmentNumber::parse(text))
        .collect();
    let numbers =
        numbers.ok_or_else(|| ApiError::invalid_argument("A fragment number is not valid."))?;
    let (found, guard) = blocking(&shared, move |shared| {
        let stream = body
            .stream
            .find(shared, &scope, "GetMediaForFragmentList")?;
        let view = archive_of(shared, &stream, TimestampKind::Server)?;
        let kind = Connection::GetMediaForFragmentList;
        let guard = shared.usage.connect(kind, stream.id)?;
        shared.usage.media(stream.id, numbers.len())?;
        let found: Vec<_> = shared.store.read(|index| {
            let find = |&number| fragments::by_number(index, view, number);
            numbers.iter().map(find).collect()
        })?;
        let found: Option<Vec<_>> = found.into_iter().collect();
        let found =
            found.ok_or_else(|| ApiError::not_found("A requested fragment was not found."))?;
        Ok((found, guard))
    })
    .await?;
    let (pieces, body) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let _guard = guard;
        for fragment in found {
            let read = media_chunk::read(&shared, &fragment);
            let is_last = read.is_err();
            let document = match read {
                Ok(Some(chunk)) => chunk.document(shared.now_ms()),
                // It was there when the answer began.
                Ok(None) => Trouble::FragmentNotFound(fragment.number).of_fragment_list(),
                Err(_) => Trouble::Internal.of_fragment_list(),
            };
            let is_gone = pieces.blocking_send(document).is_err();
            if is_gone || is_last {
                return;
            }
        }
    });
    Ok(media_response(body))
}

/// Answers with Matroska documents as they come.
pub(crate) fn media_response(mut documents: mpsc::Receiver<Bytes>) -> Response {
    let stream = futures::stream::poll_fn(move |context| documents.poll_recv(context));
    let stream = futures::StreamExt::map(stream, Ok::<_, std::convert::Infallible>);
    let mut response = Body::from_stream(stream).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("video/webm"));
    response
}
