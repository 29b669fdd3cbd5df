//! Store and forward: fragments between the camera and the connections, on disk until the service has stored them.
//!
//! A fragment is in a file before it is sent, so a killed program loses none. A file is forced onto the disk only when
//! its pictures wait for longer than a while: over a line that works they are gone before, and flash does not wear out.

pub mod disk;
pub mod record;
pub mod store;
pub mod timecode;
pub mod uncompared;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use nix::errno::Errno;
use tokio::sync::Notify;
use tracing::{error, warn};

use self::store::{Full, SpoolError, Store};
use self::uncompared::Settled;
use crate::clock::{Ahead, in_words};
use crate::replay::{Lane, Next, Owed};

/// What is this much older than the newest picture is no longer live when a connection begins.
const FRESH_MS: u64 = 10_000;
/// A live connection that is this far behind leaves the older pictures to the backlog.
const BEHIND_MS: u64 = 30_000;

/// One fragment as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Epoch milliseconds of its first picture.
    pub timecode_ms: u64,
    /// Changes when the clock jumped or pictures are missing.
    pub run: u32,
    /// The Matroska header with its tracks, which a connection begins with.
    pub header: Bytes,
    pub bytes: Bytes,
    /// The clock that stamped it, if that was not compared with the service's.
    pub uncompared: Option<Ahead>,
}

/// What is sent first after an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The present, and beside it what waited, as far as the line has room.
    #[default]
    LiveFirst,
    /// Everything in the order in which it was recorded, over one connection.
    BacklogFirst,
}

/// Which connection a fragment goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Live,
    Backlog,
}

/// Where and how a camera's fragments are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolPlan {
    pub folder: PathBuf,
    pub limit_bytes: u64,
    /// How long bytes may wait until they are forced onto the disk.
    pub sync_after: Duration,
    pub order: Order,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    pub fragments: usize,
    pub bytes: u64,
    /// How many of them the backlog's connection sends.
    pub backlog: usize,
    /// Fragments that were lost since the start, because the spool was full, they could not be read, or nobody can say
    /// when they were taken.
    pub lost: u64,
}

/// The fragments of one camera, shared by its thread and its connections.
#[derive(Debug)]
pub struct Spool {
    inner: Mutex<Inner>,
    live: Notify,
    backlog: Notify,
    order: Order,
    sync_after: Duration,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    live: Lane,
    backlog: Lane,
    /// The camera's run, header and uncompared clock of the last fragment, and the spool's own number for all together.
    last: Option<(u32, Bytes, Option<Ahead>)>,
    run: u32,
    lost: u64,
    /// Fragments in a row that could not be written.
    unwritten: u64,
    /// Attempts in a row at which no fragment could be read.
    unread: u64,
}

/// A fragment with its bytes, or why there is none to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Send(Bytes),
    NewConnection,
    Nothing,
}

impl Spool {
    /// Opens the folder; what an earlier run left is sent as if the line had been cut.
    pub fn open(plan: &SpoolPlan) -> Result<Self, SpoolError> {
        let (store, owed) = Store::open(&plan.folder, plan.limit_bytes)?;
        let mut inner = Inner {
            run: store.last_run(),
            store,
            live: Lane::default(),
            backlog: Lane::default(),
            last: None,
            lost: 0,
            unwritten: 0,
            unread: 0,
        };
        for one in owed {
            match plan.order {
                Order::LiveFirst => inner.backlog.push(one),
                Order::BacklogFirst => inner.live.push(one),
            }
        }
        Ok(Self {
            inner: Mutex::new(inner),
            live: Notify::new(),
            backlog: Notify::new(),
            order: plan.order,
            sync_after: plan.sync_after,
        })
    }

    pub fn order(&self) -> Order {
        self.order
    }

    /// Keeps a fragment; the oldest make room when there is none.
    pub fn push(&self, fragment: &Fragment) {
        let mut inner = self.locked();
        let right = inner.store.uncompared.right(fragment);
        let fragment = right.as_ref().unwrap_or(fragment);
        inner.keep(fragment);
        if self.order == Order::LiveFirst
            && let Some(first) = inner.live.first()
            && fragment.timecode_ms.abs_diff(first.timecode_ms) > BEHIND_MS
        {
            inner.demote();
            self.backlog.notify_one();
        }
        drop(inner);
        self.live.notify_one();
    }

    /// Takes what an answer of the service said of the right time: pictures of an uncompared clock are moved to it. Comes
    /// before each connection, so none is sent with a time that nobody has compared.
    pub fn settle(&self, right: Ahead) {
        let mut inner = self.locked();
        let settled = inner.store.uncompared.settle(right);
        inner.restamp(&settled);
        inner.give_up(&settled);
    }

    /// Waits until something for this line may have come.
    pub async fn rung(&self, line: Line) {
        match line {
            Line::Live => self.live.notified().await,
            Line::Backlog => self.backlog.notified().await,
        }
    }

    /// Before a connection: the header that it begins with; `None` while nothing waits.
    pub fn begin(&self, line: Line) -> Option<Bytes> {
        let mut inner = self.locked();
        if line == Line::Live && self.order == Order::LiveFirst {
            inner.demote();
            self.backlog.notify_one();
        }
        let first = inner.lane(line).first()?;
        inner.store.header_of(first.place)
    }

    /// Says what comes next on the line's open connection and notes it as sent.
    pub fn next(&self, line: Line, now_ms: u64) -> Outgoing {
        let mut inner = self.locked();
        loop {
            let before = inner.lane(line).last_sent();
            let owed = match inner.lane(line).next(now_ms) {
                Next::Send(owed) => owed,
                Next::NewConnection => return Outgoing::NewConnection,
                Next::Nothing => return Outgoing::Nothing,
            };
            match inner.store.read(owed.place) {
                Ok(Some(bytes)) => {
                    inner.unread = 0;
                    return Outgoing::Send(bytes);
                }
                Err(reason) if !is_gone(&reason) => {
                    inner.lane(line).take_back(owed.place, before);
                    inner.unread += 1;
                    if inner.unread == 1 {
                        error!(%reason, "the spool cannot be read, nothing is sent until it can");
                    }
                    return Outgoing::Nothing;
                }
                Ok(None) => warn!(
                    timecode_ms = owed.timecode_ms,
                    "a fragment of the spool is damaged and lost"
                ),
                Err(reason) => warn!(
                    timecode_ms = owed.timecode_ms,
                    %reason,
                    "a fragment of the spool cannot be read and is lost"
                ),
            }
            inner.lost += 1;
            inner.lane(line).forget(owed.place);
            inner.store.done_with(owed.place);
        }
    }

    /// Forgets what the service has stored; false if it is not one that was sent.
    pub fn persisted(&self, line: Line, timecode_ms: u64) -> bool {
        let mut inner = self.locked();
        let stored = inner.lane(line).persisted(timecode_ms);
        if let Some(owed) = stored {
            inner.store.done_with(owed.place);
        }
        stored.is_some()
    }

    /// Notes a rejection; returns the timecode of a fragment that is given up.
    pub fn rejected(&self, line: Line, timecode_ms: Option<u64>) -> Option<u64> {
        let mut inner = self.locked();
        let owed = inner.lane(line).rejected(timecode_ms)?;
        inner.store.done_with(owed.place);
        inner.lost += 1;
        Some(owed.timecode_ms)
    }

    /// The line's connection is gone.
    pub fn cut(&self, line: Line) {
        self.locked().lane(line).cut();
    }

    pub fn oldest_sent_at_ms(&self, line: Line) -> Option<u64> {
        self.locked().lane(line).oldest_sent_at_ms()
    }

    pub fn is_empty(&self, line: Line) -> bool {
        self.locked().lane(line).is_empty()
    }

    /// Whether the backlog may use the line: nothing of the present waits, and nothing of it is long on its way.
    pub fn has_room_beside_live(&self, now_ms: u64, patience_ms: u64) -> bool {
        let inner = self.locked();
        let on_time = |sent_at_ms: u64| now_ms.saturating_sub(sent_at_ms) < patience_ms;
        !inner.live.has_unsent() && inner.live.oldest_sent_at_ms().is_none_or(on_time)
    }

    pub fn waiting(&self) -> Waiting {
        let inner = self.locked();
        Waiting {
            fragments: inner.live.len() + inner.backlog.len(),
            bytes: inner.live.bytes() + inner.backlog.bytes(),
            backlog: inner.backlog.len(),
            lost: inner.lost,
        }
    }

    /// Forces onto the disk what waits for long; may take a while, but holds nobody up.
    pub fn sync(&self) {
        let files = self.locked().store.take_unsynced(self.sync_after);
        for file in files {
            if let Err(reason) = file.sync_data() {
                error!(%reason, "the spool cannot be forced onto the disk");
            }
        }
    }

    /// A panic elsewhere leaves the spool whole: each of its steps is complete.
    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn lane(&mut self, line: Line) -> &mut Lane {
        match line {
            Line::Live => &mut self.live,
            Line::Backlog => &mut self.backlog,
        }
    }

    fn keep(&mut self, fragment: &Fragment) {
        let now = (fragment.run, fragment.header.clone(), fragment.uncompared);
        self.store.uncompared.next = fragment.uncompared;
        if self.last.as_ref() != Some(&now) {
            self.run = self.run.wrapping_add(1);
            self.last = Some(now);
        }
        let bytes = fragment.bytes.len() + fragment.header.len() + 64;
        if !self.store.could_hold(bytes) {
            self.lost += 1;
            return error!(bytes, "a fragment is larger than the spool and is lost");
        }
        while let Some(full) = self.store.full_for(bytes)
            && self.make_room(full)
        {}
        loop {
            let (header, bytes) = (&fragment.header, &fragment.bytes);
            match self
                .store
                .append(self.run, header, fragment.timecode_ms, bytes)
            {
                Ok(owed) => {
                    self.written();
                    return self.live.push(owed);
                }
                // A disk that is full of other things is like a full spool.
                Err(reason) if is_full(&reason) && self.make_room(Full::Disk) => {}
                Err(reason) => return self.not_written(fragment.timecode_ms, &reason),
            }
        }
    }

    /// A fault of the disk costs the fragment that could not be written, and nothing that waits.
    fn not_written(&mut self, timecode_ms: u64, reason: &std::io::Error) {
        self.lost += 1;
        self.unwritten += 1;
        // A disk that is broken for a day is told once.
        if self.unwritten == 1 {
            error!(timecode_ms, %reason, "the spool cannot be written, fragments are lost until it can");
        }
    }

    fn written(&mut self) {
        let lost = std::mem::take(&mut self.unwritten);
        if lost > 0 {
            warn!(lost, "the spool can be written again");
        }
    }

    /// Deletes the oldest segment and says what is lost; false if there is none.
    fn make_room(&mut self, full: Full) -> bool {
        let Some(segment) = self.store.drop_oldest() else {
            return false;
        };
        let lost = self.lose_segment(segment);
        if let (Some(first), Some(last)) = (lost.first(), lost.last()) {
            warn!(
                fragments = lost.len(),
                from_ms = first.timecode_ms,
                to_ms = last.timecode_ms,
                "the {} is full, the oldest pictures are lost",
                match full {
                    Full::Spool => "spool",
                    Full::Disk => "disk",
                }
            );
        }
        true
    }

    /// Takes out and counts what was owed of a segment that is gone.
    fn lose_segment(&mut self, segment: u32) -> Vec<Owed> {
        let mut lost = self.backlog.drop_segment(segment);
        lost.extend(self.live.drop_segment(segment));
        self.lost += lost.len() as u64;
        lost
    }

    fn restamp(&mut self, settled: &[(u32, Settled)]) {
        let (mut fragments, mut furthest_ms) = (0, 0_i64);
        for &(segment, settled) in settled {
            if let Settled::Moved(by_ms) = settled
                && by_ms != 0
            {
                fragments += self.backlog.restamp(segment, by_ms);
                fragments += self.live.restamp(segment, by_ms);
                furthest_ms = std::cmp::max_by_key(furthest_ms, by_ms, |ms| ms.abs());
            }
        }
        if fragments > 0 {
            warn!(
                fragments,
                "the clock was off while pictures waited that are not sent yet: the right time is {} of it, and they are moved there",
                in_words(furthest_ms)
            );
        }
    }

    /// This machine has started again since, and what its clock showed before cannot be compared any more.
    fn give_up(&mut self, settled: &[(u32, Settled)]) {
        let mut lost: Vec<Owed> = Vec::new();
        for &(segment, settled) in settled {
            if settled == Settled::Unknown {
                self.store.delete(segment);
                lost.extend(self.lose_segment(segment));
            }
        }
        if let (Some(first), Some(last)) = (lost.first(), lost.last()) {
            error!(
                fragments = lost.len(),
                from_ms = first.timecode_ms,
                to_ms = last.timecode_ms,
                "pictures are not sent and are lost: this machine started again before their clock was compared, so nobody can say when they were taken"
            );
        }
    }

    fn demote(&mut self) {
        for owed in self.live.take_older(FRESH_MS) {
            self.backlog.push(owed);
        }
    }
}

fn is_full(reason: &std::io::Error) -> bool {
    matches!(
        reason.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// Whether another attempt would read no more than this one.
fn is_gone(reason: &std::io::Error) -> bool {
    let kind = reason.kind();
    matches!(kind, ErrorKind::NotFound | ErrorKind::UnexpectedEof)
        || reason.raw_os_error() == Some(Errno::EIO as i32)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
