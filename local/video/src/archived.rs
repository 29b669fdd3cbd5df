//! Archived media: which fragments there are, and the fragments themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Shared;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::media_chunk::{self, Trouble};
use crate::media_reader::Reader;
use crate::quotas::Connection;
use crate::request::{Call, StreamRef, archive_of, blocking, millis, seconds};
use crate::store::fragments::{self, Fragment, Position, START, TimestampKind};

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
            numbers.iter().map(find).collect::<rusqlite::Result<_>>()
        })?;
        Ok((numbers.into_iter().zip(found), guard))
    })
    .await?;
    let (reader, response) = Reader::open(guard);
    tokio::spawn(async move {
        for (number, fragment) in found {
            let document = match fragment {
                Some(fragment) => media_chunk::document(&shared, fragment).await,
                None => Ok(None),
            };
            let document = match document {
                Ok(Some(document)) => document,
                // One that is not there, or not any longer, keeps nobody from the others.
                Ok(None) => Trouble::FragmentNotFound(number).of_fragment_list(),
                Err(_) => return reader.end(Trouble::Internal.of_fragment_list()).await,
            };
            if reader.send(document).await.is_err() {
                return;
            }
        }
    });
    Ok(response)
}
