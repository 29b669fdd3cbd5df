//! What is known in memory of the streams that producers feed: the numbers given, which fragments are still open, and whether they are kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::fragments::Position;
use super::lock;
use super::streams::Reserved;
use crate::fragment_number::FragmentNumber;

#[derive(Default)]
struct Feed {
    next_sequence: u64,
    server_ms: i64,
    retention_hours: i64,
}

/// What becomes of a complete fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    /// It is passed on to those who follow the stream, and not kept.
    Passing,
}

impl Feed {
    fn fate(&self) -> Fate {
        if self.retention_hours > 0 {
            Fate::Kept
        } else {
            Fate::Passing
        }
    }
}

/// Fragments of all streams that have their number and are not yet there for readers.
type OpenFragments = Arc<Mutex<BTreeSet<(i64, Position)>>>;

/// The streams that were fed since this process began.
#[derive(Default)]
pub(crate) struct Feeds {
    /// Held while a stream's row and what is known of it here change together; whoever feeds waits for the index never.
    changes: Mutex<()>,
    feeds: Mutex<HashMap<i64, Feed>>,
    open: OpenFragments,
    endings: Arc<watch::Sender<u64>>,
}

/// What readers of a stream cannot see whole yet.
pub(crate) struct Unsettled {
    /// The first place at which a fragment may still appear.
    pub before: Position,
    /// Fragments that have begun, and those whose tags may follow, in order.
    pub open: Vec<Position>,
}

impl Unsettled {
    pub(crate) fn is_open(&self, position: Position) -> bool {
        self.open.binary_search(&position).is_ok()
    }
}

/// A fragment's number, given when it begins. To be held until readers can find the fragment and its tags, or will never.
pub(crate) struct Opened {
    pub number: FragmentNumber,
    stream_id: i64,
    open: OpenFragments,
    endings: Arc<watch::Sender<u64>>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        lock(&self.open).remove(&(self.stream_id, self.number.position()));
        self.endings.send_modify(|endings| *endings += 1);
    }
}

impl Feeds {
    /// Begins an ingest session with the numbers that `reserve` gives above those in use; answers whether there were any.
    pub(super) fn begin_session(
        &self,
        stream_id: i64,
        reserve: impl FnOnce(u64) -> rusqlite::Result<Option<Reserved>>,
    ) -> rusqlite::Result<bool> {
        let _alone = lock(&self.changes);
        let next = |feed: &Feed| feed.next_sequence;
        let in_use = lock(&self.feeds).get(&stream_id).map_or(0, next);
        let Some(reserved) = reserve(in_use)? else {
            return Ok(false);
        };
        let mut feeds = lock(&self.feeds);
        let feed = feeds.entry(stream_id).or_default();
        // A session that overlaps went on meanwhile, by less than lies between two sessions.
        feed.next_sequence = feed.next_sequence.max(reserved.first_sequence);
        feed.server_ms = feed.server_ms.max(reserved.server_ms);
        feed.retention_hours = reserved.retention_hours;
        Ok(true)
    }

    /// Gives the next fragment number; sessions that overlap share one row of numbers, and time never falls in it.
    pub(crate) fn open(&self, stream_id: i64, now_ms: i64) -> Opened {
        let mut feeds = lock(&self.feeds);
        // A stream that was deleted meanwhile has no row any more, and whatever number it gets leads nowhere.
        let mut gone = Feed::default();
        let feed = feeds.get_mut(&stream_id).unwrap_or(&mut gone);
        feed.server_ms = feed.server_ms.max(now_ms);
        let number = FragmentNumber::draw(feed.next_sequence, feed.server_ms);
        feed.next_sequence += 1;
        lock(&self.open).insert((stream_id, number.position()));
        Opened {
            number,
            stream_id,
            open: Arc::clone(&self.open),
            endings: Arc::clone(&self.endings),
        }
    }

    /// What may still appear or change. Whoever asks before reading has seen all else.
    pub(crate) fn unsettled(&self, stream_id: i64, now_ms: i64) -> Unsettled {
        let feeds = lock(&self.feeds);
        let open: Vec<_> = lock(&self.open)
            .range((stream_id, (i64::MIN, i64::MIN))..=(stream_id, (i64::MAX, i64::MAX)))
            .map(|(_, position)| *position)
            .collect();
        let to_come = || match feeds.get(&stream_id) {
            Some(feed) => (
                feed.server_ms,
                i64::try_from(feed.next_sequence).unwrap_or(i64::MAX),
            ),
            None => (now_ms, -1),
        };
        Unsettled {
            before: open.first().copied().unwrap_or_else(to_come),
            open,
        }
    }

    /// Counts fragments that readers can find whole now or never will, and streams that were deleted, so that a reader can wait for
    /// the next.
    pub(crate) fn endings(&self) -> watch::Receiver<u64> {
        self.endings.subscribe()
    }

    /// What becomes of the stream's fragments now; `None` when it was deleted.
    pub(crate) fn fate(&self, stream_id: i64) -> Option<Fate> {
        lock(&self.feeds).get(&stream_id).map(Feed::fate)
    }

    /// Hands a fragment to where it goes, before anything that follows a change of the stream; `None` when it was deleted.
    pub(crate) fn settle<T>(&self, stream_id: i64, hand: impl FnOnce(Fate) -> T) -> Option<T> {
        let feeds = lock(&self.feeds);
        feeds.get(&stream_id).map(|feed| hand(feed.fate()))
    }

    /// Changes how long a stream is kept after its row, which `write` writes if it can, and answers whether it did.
    pub(super) fn change(
        &self,
        stream_id: i64,
        retention_hours: i64,
        write: impl FnOnce() -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<bool> {
        let _alone = lock(&self.changes);
        let is_written = write()?;
        if is_written && let Some(feed) = lock(&self.feeds).get_mut(&stream_id) {
            feed.retention_hours = retention_hours;
        }
        Ok(is_written)
    }

    /// Lets go of a stream that `delete` deletes if it can, and answers whether it did.
    pub(super) fn forget(
        &self,
        stream_id: i64,
        delete: impl FnOnce() -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<bool> {
        let _alone = lock(&self.changes);
        let is_deleted = delete()?;
        if is_deleted {
            lock(&self.feeds).remove(&stream_id);
            self.endings.send_modify(|endings| *endings += 1);
        }
        Ok(is_deleted)
    }
}
