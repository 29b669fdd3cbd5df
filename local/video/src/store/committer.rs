//! The one thread that writes media: it takes whatever is waiting, from all streams, and makes it durable together.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rusqlite::Connection;

use super::feeds::Opened;
use super::lock;
use super::pieces::Pieces;
use super::rows::{self, Erasure, Expired, Tags};
use super::segments::{Place, Segments};
use crate::Now;
use crate::fragment_number::FragmentNumber;

/// Under load commits stand at least this far apart, so that many cameras share one.
const GATHER: Duration = Duration::from_millis(50);
const MOST_IN_BATCH: usize = 512;
const BYTES_IN_BATCH: usize = 64 << 20;
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// What became of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitOutcome {
    Persisted,
    /// The stream was deleted meanwhile.
    StreamGone,
    Failed,
}

/// A complete fragment that waits to be written.
pub(crate) struct PendingFragment {
    pub stream_id: i64,
    pub number: FragmentNumber,
    pub header: Bytes,
    pub producer_ms: i64,
    pub timecode_ms: i64,
    pub length_ms: i64,
    pub frames: i64,
    pub checksum: i32,
    pub data: Pieces,
    /// Told once, after the data and its row are on the disk or cannot be.
    pub done: Box<dyn FnOnce(CommitOutcome) + Send>,
}

/// Work for the thread.
pub(crate) enum Command {
    Fragment(PendingFragment),
    /// A producer's tags behind a fragment, which is held back from readers until they are there.
    Tags {
        stream_id: i64,
        number: FragmentNumber,
        bytes: Bytes,
        follows: Option<Arc<Opened>>,
    },
    /// Remove what is out of retention now, then answer.
    Sweep(SyncSender<()>),
    /// Erase what the index says is to be erased of a stream, then answer.
    Erase(i64, SyncSender<anyhow::Result<()>>),
    Stop,
}

pub(super) struct Committer {
    pub index: Arc<Mutex<Connection>>,
    pub commands: Receiver<Command>,
    pub now: Now,
    pub segments: Segments,
    pub erasing: VecDeque<Erasing>,
}

/// An erasure that is under way, and who waits for it.
pub(super) struct Erasing {
    erasure: Erasure,
    waiting: Vec<SyncSender<anyhow::Result<()>>>,
}

/// What one step of an erasure has erased of it.
enum Erased {
    Some,
    All,
}

/// What becomes durable together.
#[derive(Default)]
struct Batch {
    /// Each is in its file already, and its bytes are let go.
    written: Vec<(PendingFragment, Place)>,
    tags: Vec<Tags>,
    /// The fragments that the tags follow.
    followed: Vec<Arc<Opened>>,
    bytes: usize,
    is_last: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.written.is_empty() && self.tags.is_empty()
    }

    /// Gives up what waits of a stream.
    fn fail(&mut self, stream_id: i64) {
        let of_stream =
            |(fragment, _): &mut (PendingFragment, Place)| fragment.stream_id == stream_id;
        for (fragment, _) in self.written.extract_if(.., of_stream) {
            (fragment.done)(CommitOutcome::Failed);
        }
    }
}

impl Committer {
    pub(super) fn run(mut self) {
        // An erasure may have been cut short by the last end.
        self.sweep();
        let mut last_commit: Option<Instant> = None;
        let mut last_sweep = Instant::now();
        loop {
            let batch = self.gather(last_commit);
            let is_last = batch.is_last;
            if !batch.is_empty() {
                last_commit = Some(Instant::now());
                self.commit(batch);
            }
            if is_last {
                return;
            }
            self.erase_some();
            if last_sweep.elapsed() >= SWEEP_EVERY {
                self.sweep();
                last_sweep = Instant::now();
            }
        }
    }

    fn gather(&mut self, last_commit: Option<Instant>) -> Batch {
        let mut batch = Batch::default();
        let mut wait = self.idle();
        loop {
            match self.commands.recv_timeout(wait) {
                Ok(command) => self.take(command, &mut batch),
                Err(RecvTimeoutError::Timeout) => return batch,
                Err(RecvTimeoutError::Disconnected) => batch.is_last = true,
            }
            let is_full = batch.written.len() + batch.tags.len() >= MOST_IN_BATCH
                || batch.bytes >= BYTES_IN_BATCH;
            if is_full || batch.is_last {
                return batch;
            }
            let since_commit = last_commit.map_or(GATHER, |last| last.elapsed());
            wait = if batch.is_empty() {
                self.idle()
            } else {
                GATHER.saturating_sub(since_commit)
            };
        }
    }

    /// How long nothing may come before there is something to do.
    fn idle(&self) -> Duration {
        match self.erasing.is_empty() {
            true => SWEEP_EVERY,
            false => Duration::ZERO,
        }
    }

    fn take(&mut self, command: Command, batch: &mut Batch) {
        match command {
            Command::Fragment(fragment) => self.append(fragment, batch),
            Command::Tags {
                stream_id,
                number,
                bytes,
                follows,
            } => {
                batch.tags.push((stream_id, number, bytes));
                batch.followed.extend(follows);
            }
            Command::Sweep(done) => {
                // A file that goes must hold nothing that waits for its row.
                self.commit(std::mem::take(batch));
                self.sweep();
                while !self.erasing.is_empty() {
                    self.erase_some();
                }
                let _ = done.send(());
            }
            Command::Erase(stream_id, done) => {
                self.commit(std::mem::take(batch));
                self.when_erased(stream_id, done);
            }
            Command::Stop => batch.is_last = true,
        }
    }

    /// Puts a fragment into its file while others are still waited for, and lets its bytes go: the disk has something to do, and
    /// the memory is used again while it is warm.
    fn append(&mut self, mut fragment: PendingFragment, batch: &mut Batch) {
        let stream_id = fragment.stream_id;
        let index = lock(&self.index);
        if !rows::stream_exists(&index, stream_id) {
            (fragment.done)(CommitOutcome::StreamGone);
            return;
        }
        let server_ms = i64::try_from(fragment.number.server_ms).unwrap_or(i64::MAX);
        let place = self
            .segments
            .append(index, stream_id, server_ms, &fragment.data);
        match place {
            Ok(place) => {
                batch.bytes += std::mem::take(&mut fragment.data).len();
                batch.written.push((fragment, place));
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, stream_id, "a fragment could not be written");
                // The file is taken up again where the index ends, over what was put behind that.
                self.segments.close(stream_id);
                batch.fail(stream_id);
                (fragment.done)(CommitOutcome::Failed);
            }
        }
    }

    /// Data first, then the rows that make it visible, then the word to those who wait.
    fn commit(&mut self, mut batch: Batch) {
        // The index stays free for others while the disk works.
        for (stream_id, error) in self.segments.sync() {
            tracing::error!(%error, stream_id, "fragments could not be brought to the disk");
            batch.fail(stream_id);
        }
        let Batch {
            written,
            tags,
            followed,
            ..
        } = batch;
        let mut index = lock(&self.index);
        let outcomes = rows::insert(&mut index, &written, &tags);
        drop(index);
        let outcomes = outcomes.unwrap_or_else(|error| {
            tracing::error!(%error, "the index refused a batch of fragments");
            for (fragment, _) in &written {
                self.segments.close(fragment.stream_id);
            }
            vec![CommitOutcome::Failed; written.len()]
        });
        drop(followed);
        for ((fragment, _), outcome) in written.into_iter().zip(outcomes) {
            (fragment.done)(outcome);
        }
    }

    /// Takes up the erasures that the index names, of one stream or of all.
    fn take_up(&mut self, stream_id: Option<i64>) -> rusqlite::Result<()> {
        for erasure in rows::erasures(&lock(&self.index), stream_id)? {
            if !self.erasing.iter().any(|one| one.erasure == erasure) {
                let waiting = Vec::new();
                self.erasing.push_back(Erasing { erasure, waiting });
            }
        }
        Ok(())
    }

    /// Answers when nothing of a stream is to be erased any more.
    fn when_erased(&mut self, stream_id: i64, done: SyncSender<anyhow::Result<()>>) {
        if let Err(error) = self.take_up(Some(stream_id)) {
            let _ = done.send(Err(error.into()));
            return;
        }
        let of_stream = |one: &&mut Erasing| one.erasure.stream_id == stream_id;
        match self.erasing.iter_mut().rev().find(of_stream) {
            Some(last) => last.waiting.push(done),
            None => drop(done.send(Ok(()))),
        }
    }

    /// Erases some more, and lets others write in between. The index names what is to be erased until it is, so that an erasure
    /// that is cut short is taken up again; nobody reads what it covers meanwhile.
    fn erase_some(&mut self) {
        let Some(erasing) = self.erasing.pop_front() else {
            return;
        };
        let outcome = match self.erase(erasing.erasure) {
            Ok(Erased::Some) => return self.erasing.push_front(erasing),
            Ok(Erased::All) => Ok(()),
            // Tried again at the next sweep.
            Err(error) => Err(format!("{error:#}")),
        };
        if let Err(error) = &outcome {
            tracing::error!(error, "media that was to be erased is still there");
        }
        for done in erasing.waiting {
            let outcome = outcome
                .as_ref()
                .map_err(|error| anyhow::anyhow!(error.clone()));
            let _ = done.send(outcome.copied());
        }
    }

    fn erase(&mut self, erasure: Erasure) -> anyhow::Result<Erased> {
        // Files that hold nothing else go whole.
        let removed = rows::remove_erased(&mut lock(&self.index), erasure)?;
        if !removed.is_empty() {
            self.remove_files(removed);
            return Ok(Erased::Some);
        }
        // The index stays free for others while the disk works.
        let stretches = rows::to_blank(&lock(&self.index), erasure)?;
        for (segment_id, stretches) in stretches {
            self.segments
                .blank(erasure.stream_id, segment_id, &stretches)?;
        }
        let mut index = lock(&self.index);
        rows::finish_erasure(&mut index, erasure)?;
        let is_gone = !rows::stream_exists(&index, erasure.stream_id);
        drop(index);
        if is_gone {
            self.segments.remove_stream(erasure.stream_id)?;
        }
        Ok(Erased::All)
    }

    fn remove_files(&mut self, removed: Vec<Expired>) {
        for Expired {
            stream_id,
            segment_id,
        } in removed
        {
            self.segments.remove_segment(stream_id, segment_id);
        }
    }

    /// Removes what is out of retention, and tries again what could not be erased.
    fn sweep(&mut self) {
        let now_ms = (self.now)();
        let mut swept = self.take_up(None);
        while swept.is_ok() {
            let removed = rows::remove_expired(&mut lock(&self.index), now_ms);
            match removed {
                Ok(removed) if removed.is_empty() => return,
                Ok(removed) => self.remove_files(removed),
                Err(error) => swept = Err(error),
            }
        }
        if let Err(error) = swept {
            tracing::error!(%error, "expired media could not be removed");
        }
    }
}
