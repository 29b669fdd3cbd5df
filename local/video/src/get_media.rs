//! GetMedia: the stream from a chosen place on, then live as it is persisted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::archived::media_response;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::request::{Call, StreamRef, archive_of, blocking, millis};
use crate::store::fragments::{self, Position, START, TimestampKind, View};
use crate::store::streams::{self, Stream};
use crate::{Shared, media_chunk};

const PAGE: i64 = 8;

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StartKind {
    Now,
    Earliest,
    FragmentNumber,
    ProducerTimestamp,
    ServerTimestamp,
    ContinuationToken,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartSelector {
    start_selector_type: StartKind,
    after_fragment_number: Option<String>,
    start_timestamp: Option<f64>,
    continuation_token: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct GetMedia {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "StartSelector")]
    start: StartSelector,
}

pub(crate) async fn get_media(
    State(shared): State<Arc<Shared>>,
    call: Call<GetMedia>,
) -> Result<Response, ApiError> {
    let (stream, after) = blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "GetMedia")?;
        let after = body.start.position(shared, &stream)?;
        Ok((stream, after))
    })
    .await?;
    let (documents, body) = mpsc::channel(1);
    tokio::spawn(follow(shared, stream.id, after, documents));
    Ok(media_response(body))
}

impl StartSelector {
    /// The place after which the answer begins, in order of arrival.
    fn position(&self, shared: &Shared, stream: &Stream) -> Result<Position, ApiError> {
        let missing = |name: &str| ApiError::invalid_argument(format!("{name} is missing."));
        let timestamp = || {
            self.start_timestamp
                .ok_or_else(|| missing("StartTimestamp"))
                .and_then(millis)
        };
        match self.start_selector_type {
            StartKind::Earliest => Ok(START),
            StartKind::Now => {
                let view = archive_of(shared, stream, TimestampKind::Server)?;
                let newest = shared
                    .store
                    .read(|index| fragments::newest(index, view, 1))?;
                Ok(newest
                    .first()
                    .map_or(START, |newest| before(newest.position(view.by))))
            }
            StartKind::FragmentNumber => {
                let number = self.after_fragment_number.as_deref();
                after_number(number.ok_or_else(|| missing("AfterFragmentNumber"))?)
            }
            StartKind::ContinuationToken => {
                let number = self.continuation_token.as_deref();
                after_number(number.ok_or_else(|| missing("ContinuationToken"))?)
            }
            StartKind::ServerTimestamp => Ok((timestamp()?, -1)),
            StartKind::ProducerTimestamp => {
                let range = (timestamp()?, i64::MAX);
                let view = archive_of(shared, stream, TimestampKind::Producer)?;
                let first = shared
                    .store
                    .read(|index| fragments::in_range(index, view, range, START, 1))?;
                let now_ms = shared.now_ms();
                Ok(first.first().map_or((now_ms, -1), |first| {
                    before(first.position(TimestampKind::Server))
                }))
            }
        }
    }
}

fn before((time, sequence): Position) -> Position {
    (time, sequence - 1)
}

fn after_number(text: &str) -> Result<Position, ApiError> {
    let number = FragmentNumber::parse(text)
        .ok_or_else(|| ApiError::invalid_argument("The fragment number is not valid."))?;
    let time = i64::try_from(number.server_ms).unwrap_or(i64::MAX);
    Ok((time, i64::try_from(number.sequence).unwrap_or(i64::MAX)))
}

/// Sends what there is, then what comes, until the reader or the stream goes.
async fn follow(
    shared: Arc<Shared>,
    stream_id: i64,
    mut after: Position,
    documents: mpsc::Sender<Result<Bytes, ApiError>>,
) {
    let mut commits = shared.store.commits();
    loop {
        commits.borrow_and_update();
        let page = blocking(&shared, move |shared| next_page(shared, stream_id, after)).await;
        let Ok(Some((page, last))) = page else {
            return;
        };
        let is_at_end = last == after;
        for document in page {
            if documents.send(Ok(document)).await.is_err() {
                return;
            }
        }
        after = last;
        if is_at_end {
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return },
                () = documents.closed() => return,
            }
        }
    }
}

/// Assembles the next fragments; `None` when the stream is gone.
fn next_page(
    shared: &Shared,
    stream_id: i64,
    after: Position,
) -> Result<Option<(Vec<Bytes>, Position)>, ApiError> {
    let stream = shared
        .store
        .read(|index| streams::by_id(index, stream_id))?;
    let Some(stream) = stream else {
        return Ok(None);
    };
    let view: View = archive_of(shared, &stream, TimestampKind::Server)?;
    let range = (i64::MIN, i64::MAX);
    let found = shared
        .store
        .read(|index| fragments::in_range(index, view, range, after, PAGE))?;
    let last = found
        .last()
        .map_or(after, |fragment| fragment.position(view.by));
    let mut documents = Vec::with_capacity(found.len());
    for fragment in &found {
        documents.extend(media_chunk::assemble(shared, fragment)?);
    }
    Ok(Some((documents, last)))
}
