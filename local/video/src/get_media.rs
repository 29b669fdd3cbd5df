//! GetMedia: the stream from a chosen place on, then live as it is persisted, or as it passes where nothing is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::Shared;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::media_chunk::{self, Chunk, Trouble};
use crate::media_reader::Reader;
use crate::quotas::Connection;
use crate::request::{Call, StreamRef, archive_of, blocking, millis};
use crate::store::fragments::{self, Fragment, Position, START, TimestampKind, View};
use crate::store::streams::{self, Stream};

const PAGE: usize = 8;

#[derive(Clone, Copy, Deserialize)]
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
    let (reader, response) = Reader::open(guard);
    tokio::spawn(follow(shared, stream.id, after, reader));
    Ok(response)
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
                let kept = is_kept.then(|| newest_kept(shared, stream)).transpose()?;
                let newest = kept.flatten().max(shared.recent.newest(stream.id));
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
            kind @ (StartKind::ServerTimestamp | StartKind::ProducerTimestamp) => {
                let by = match kind {
                    StartKind::ServerTimestamp => TimestampKind::Server,
                    _ => TimestampKind::Producer,
                };
                let since_ms = timestamp()?;
                let kept = is_kept.then(|| first_kept(shared, stream, (by, since_ms)));
                let passing = shared.recent.first_since(stream.id, (by, since_ms));
                let first = [kept.transpose()?.flatten(), passing];
                let first = first.into_iter().flatten().min();
                let feeds = &shared.store.feeds;
                let to_come = || feeds.unsettled(stream.id, shared.now_ms()).before;
                Ok(before(first.unwrap_or_else(to_come)))
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

/// The fragment that holds a moment, or else the first one after it.
fn first_kept(
    shared: &Shared,
    stream: &Stream,
    (by, since_ms): (TimestampKind, i64),
) -> Result<Option<Position>, ApiError> {
    let view = archive_of(shared, stream, by)?;
    let first = shared
        .store
        .read(|index| fragments::first_since(index, view, since_ms))?;
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

/// What a reader has: a fragment is there when it ends, and by then others that began later may have been sent.
struct Progress {
    /// Everything up to here was sent, or was not asked for, or will never be there.
    after: Position,
    /// What was sent beyond.
    ahead: BTreeSet<Position>,
}

impl Progress {
    fn begin(after: Position) -> Self {
        Self {
            after,
            ahead: BTreeSet::new(),
        }
    }

    fn lacks(&self, position: Position) -> bool {
        position > self.after && !self.ahead.contains(&position)
    }

    /// Notes what is sent; before `settled_before` nothing is lacking any more.
    fn take(&mut self, sent: impl Iterator<Item = Position>, settled_before: Position) {
        self.ahead.extend(sent);
        let rest = self.ahead.split_off(&settled_before);
        if let Some(&last) = self.ahead.last() {
            self.after = last;
        }
        self.ahead = rest;
    }
}

/// Sends what there is, then what comes, until the reader or the stream goes.
async fn follow(shared: Arc<Shared>, stream_id: i64, after: Position, reader: Reader) {
    let mut progress = Progress::begin(after);
    let mut endings = shared.store.feeds.endings();
    loop {
        endings.borrow_and_update();
        let page = blocking(&shared, move |shared| {
            let page = next_page(shared, stream_id, &mut progress)?;
            Ok(page.map(|page| (page, progress)))
        });
        let page = match page.await {
            Ok(Some((page, further))) => {
                progress = further;
                page
            }
            Ok(None) => return,
            Err(_) => return reader.end(Trouble::Internal.of_get_media()).await,
        };
        for fragment in page.fragments {
            let document = match fragment {
                Lacking::Passing(chunk) => Ok(Some(chunk.document(shared.now_ms()))),
                // Read when its turn comes, so that a reader that is slow holds one at a time.
                Lacking::Kept(fragment) => media_chunk::document(&shared, fragment).await,
            };
            match document {
                Ok(None) => {} // out of retention meanwhile
                Ok(Some(document)) => {
                    if reader.send(document).await.is_err() {
                        return;
                    }
                }
                Err(_) => return reader.end(Trouble::Internal.of_get_media()).await,
            }
        }
        if page.is_last {
            tokio::select! {
                changed = endings.changed() => if changed.is_err() { return },
                () = reader.gone() => return,
            }
        }
    }
}

/// A fragment that a reader lacks.
enum Lacking {
    Passing(Chunk),
    Kept(Fragment),
}

impl Lacking {
    fn position(&self) -> Position {
        match self {
            Self::Passing(chunk) => chunk.position(),
            Self::Kept(fragment) => fragment.position(TimestampKind::Server),
        }
    }
}

struct Page {
    fragments: Vec<Lacking>,
    /// Whether nothing more is there yet.
    is_last: bool,
}

/// Finds the next fragments; `None` when the stream is gone.
fn next_page(
    shared: &Shared,
    stream_id: i64,
    progress: &mut Progress,
) -> Result<Option<Page>, ApiError> {
    let stream = shared
        .store
        .read(|index| streams::by_id(index, stream_id))?;
    let Some(stream) = stream else {
        return Ok(None);
    };
    let now_ms = shared.now_ms();
    // Asked before anything is read: what is there later may be missing in what is read now.
    let unsettled = shared.store.feeds.unsettled(stream_id, now_ms);
    let mut settled_before = unsettled.before;
    let lacks = |at| progress.lacks(at) && !unsettled.is_open(at);
    let passing = shared.recent.next(stream_id, lacks, (PAGE, now_ms));
    let mut next: Vec<_> = passing.into_iter().map(Lacking::Passing).collect();
    if stream.retention_hours > 0 {
        let most = PAGE + progress.ahead.len() + unsettled.open.len();
        let kept = kept(shared, &stream, progress.after, most)?.into_iter();
        let lacking = kept.filter(|fragment| lacks(fragment.position(TimestampKind::Server)));
        next.extend(lacking.take(PAGE).map(Lacking::Kept));
        next.sort_by_key(Lacking::position);
        next.truncate(PAGE);
    }
    let is_last = next.len() < PAGE;
    if !is_last && let Some((time, sequence)) = next.last().map(Lacking::position) {
        settled_before = settled_before.min((time, sequence + 1));
    }
    progress.take(next.iter().map(Lacking::position), settled_before);
    Ok(Some(Page {
        fragments: next,
        is_last,
    }))
}

/// The persisted fragments behind a place.
fn kept(
    shared: &Shared,
    stream: &Stream,
    after: Position,
    most: usize,
) -> Result<Vec<Fragment>, ApiError> {
    let view: View = archive_of(shared, stream, TimestampKind::Server)?;
    let range = (i64::MIN, i64::MAX);
    Ok(shared
        .store
        .read(|index| fragments::in_range(index, view, range, after, most as i64))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(progress: &Progress, sent: &[i64], lacking: &[i64]) {
        for &time in sent {
            assert!(!progress.lacks((time, 0)), "{time} was sent");
        }
        for &time in lacking {
            assert!(progress.lacks((time, 0)), "{time} was not sent");
        }
    }

    #[test]
    fn what_began_earlier_and_ends_later_is_still_lacking_and_nothing_else_is() {
        let mut progress = Progress::begin(START);
        progress.take([(1, 0), (3, 0), (4, 0)].into_iter(), (2, 0));
        check(&progress, &[1, 3, 4], &[2, 5]);
        progress.take([(5, 0)].into_iter(), (2, 0));
        check(&progress, &[1, 3, 4, 5], &[2]);
        progress.take([(2, 0)].into_iter(), (6, 0));
        check(&progress, &[1, 2, 3, 4, 5], &[6]);
        assert!(progress.ahead.is_empty(), "nothing earlier can come");
    }

    #[test]
    fn a_page_that_is_cut_off_settles_nothing_behind_it() {
        let mut progress = Progress::begin(START);
        progress.take([(9, 0)].into_iter(), (1, 0));
        progress.take([(1, 0), (2, 0)].into_iter(), (2, 1));
        check(&progress, &[1, 2, 9], &[3, 8]);
    }
}
