//! GetMedia: the stream from a chosen place on, then live as it is persisted, or as it passes where nothing is kept.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::archived::media_response;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::media_chunk::Chunk;
use crate::quotas::Connection;
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
    let (stream, after, guard) = blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "GetMedia")?;
        let after = body.start.position(shared, &stream)?;
        let guard = shared.usage.connect(Connection::GetMedia, stream.id)?;
        Ok((stream, after, guard))
    })
    .await?;
    let (documents, body) = mpsc::channel(1);
    tokio::spawn(async move {
        follow(shared, stream.id, after, documents).await;
        drop(guard);
    });
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
        let is_kept = stream.retention_hours > 0;
        match self.start_selector_type {
            StartKind::Earliest => Ok(START),
            StartKind::Now => {
                let newest = if is_kept {
                    newest_kept(shared, stream)?
                } else {
                    shared.recent.newest(stream.id)
                };
                Ok(newest.map_or(START, before))
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
                let since_ms = timestamp()?;
                let first = if is_kept {
                    first_kept(shared, stream, since_ms)?
                } else {
                    shared.recent.first_since(stream.id, since_ms)
                };
                Ok(first.map_or((shared.now_ms(), -1), before))
            }
        }
    }
}

fn newest_kept(shared: &Shared, stream: &Stream) -> Result<Option<Position>, ApiError> {
    let view = archive_of(shared, stream, TimestampKind::Server)?;
    let newest = shared
        .store
        .read(|index| fragments::newest(index, view, 1))?;
    Ok(newest.first().map(|newest| newest.position(view.by)))
}

fn first_kept(
    shared: &Shared,
    stream: &Stream,
    since_ms: i64,
) -> Result<Option<Position>, ApiError> {
    let range = (since_ms, i64::MAX);
    let view = archive_of(shared, stream, TimestampKind::Producer)?;
    let first = shared
        .store
        .read(|index| fragments::in_range(index, view, range, START, 1))?;
    let first = first.first();
    Ok(first.map(|first| first.position(TimestampKind::Server)))
}

fn before((time, sequence): Position) -> Position {
    (time, sequence - 1)
}

fn after_number(text: &str) -> Result<Position, ApiError> {
    let number = FragmentNumber::parse(text)
        .ok_or_else(|| ApiError::invalid_argument("The fragment number is not valid."))?;
    Ok(number.position())
}

/// Sends what there is, then what comes, until the reader or the stream goes.
async fn follow(
    shared: Arc<Shared>,
    stream_id: i64,
    mut after: Position,
    documents: mpsc::Sender<Result<Bytes, ApiError>>,
) {
    let (mut commits, mut arrivals) = (shared.store.commits(), shared.recent.arrivals());
    loop {
        commits.borrow_and_update();
        arrivals.borrow_and_update();
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
                changed = arrivals.changed() => if changed.is_err() { return },
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
    if stream.retention_hours == 0 {
        let now_ms = shared.now_ms();
        let next = shared
            .recent
            .after(stream_id, after, (PAGE as usize, now_ms));
        let last = next.last().map_or(after, Chunk::position);
        let documents = next.iter().map(|chunk| chunk.document(now_ms));
        return Ok(Some((documents.collect(), last)));
    }
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
