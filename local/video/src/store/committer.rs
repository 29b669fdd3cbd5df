//! The one thread that writes media: it takes whatever is waiting, from all streams, and makes it durable together.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::watch;

use super::pieces::Pieces;
use super::rows::{self, Expired, Tags};
use super::segments::{Place, Segments, stream_folder};
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
    /// A producer's tags behind a fragment.
    Tags {
        stream_id: i64,
        number: FragmentNumber,
        bytes: Bytes,
    },
    /// Remove what is out of retention now, then answer.
    Sweep(std::sync::mpsc::SyncSender<()>),
    /// Erase what arrived in a stream until a moment, then answer.
    Erase {
        stream_id: i64,
        until_ms: i64,
        done: std::sync::mpsc::SyncSender<anyhow::Result<()>>,
    },
    /// A stream was deleted: let go of its file and remove its folder, then answer.
    Forget(i64, std::sync::mpsc::SyncSender<()>),
    Stop,
}

pub(super) struct Committer {
    pub folder: PathBuf,
    pub index: Arc<Mutex<Connection>>,
    pub commands: Receiver<Command>,
    pub commits: watch::Sender<u64>,
    pub now: Now,
    pub segments: Segments,
}

/// What becomes durable together.
#[derive(Default)]
struct Batch {
    /// Each is in its file already, and its bytes are let go.
    written: Vec<(PendingFragment, Place)>,
    tags: Vec<Tags>,
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
            if last_sweep.elapsed() >= SWEEP_EVERY {
                self.sweep();
                last_sweep = Instant::now();
            }
        }
    }

    fn gather(&mut self, last_commit: Option<Instant>) -> Batch {
        let mut batch = Batch::default();
        let mut wait = SWEEP_EVERY;
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
                SWEEP_EVERY
            } else {
                GATHER.saturating_sub(since_commit)
            };
        }
    }

    fn take(&mut self, command: Command, batch: &mut Batch) {
        match command {
            Command::Fragment(fragment) => self.append(fragment, batch),
            Command::Tags {
                stream_id,
                number,
                bytes,
            } => batch.tags.push((stream_id, number, bytes)),
            Command::Sweep(done) => {
                // A file that goes must hold nothing that waits for its row.
                self.commit(std::mem::take(batch));
                self.sweep();
                let _ = done.send(());
            }
            Command::Erase {
                stream_id,
                until_ms,
                done,
            } => {
                self.commit(std::mem::take(batch));
                let _ = done.send(self.erase(stream_id, until_ms));
            }
            Command::Forget(stream_id, done) => {
                self.segments.close(stream_id);
                let folder = stream_folder(&self.folder, stream_id);
                if folder.exists()
                    && let Err(error) = std::fs::remove_dir_all(&folder)
                {
                    tracing::warn!(%error, stream_id, "the media of a deleted stream could not be removed");
                }
                let _ = done.send(());
            }
            Command::Stop => batch.is_last = true,
        }
    }

    /// Puts a fragment into its file while others are still waited for, and lets its bytes go: the disk has something to do, and
    /// the memory is used again while it is warm.
    fn append(&mut self, mut fragment: PendingFragment, batch: &mut Batch) {
        let stream_id = fragment.stream_id;
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
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
        let Batch { written, tags, .. } = batch;
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = rows::insert(&mut index, &written, &tags);
        drop(index);
        let outcomes = outcomes.unwrap_or_else(|error| {
            tracing::error!(%error, "the index refused a batch of fragments");
            for (fragment, _) in &written {
                self.segments.close(fragment.stream_id);
            }
            vec![CommitOutcome::Failed; written.len()]
        });
        for ((fragment, _), outcome) in written.into_iter().zip(outcomes) {
            (fragment.done)(outcome);
        }
        self.commits.send_modify(|commits| *commits += 1);
    }

    /// Bytes first, then the rows: whoever is cut short finds the rows again. Files that hold nothing else go whole.
    fn erase(&mut self, stream_id: i64, until_ms: i64) -> anyhow::Result<()> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let places = rows::until(&index, stream_id, until_ms)?;
        for (segment_id, offset, bytes) in places {
            self.segments.blank(stream_id, segment_id, offset, bytes)?;
        }
        let emptied = rows::remove_until(&mut index, stream_id, until_ms)?;
        drop(index);
        for segment_id in emptied {
            self.segments.remove_segment(stream_id, segment_id);
        }
        Ok(())
    }

    fn sweep(&mut self) {
        loop {
            let now_ms = (self.now)();
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            let expired = rows::remove_expired(&mut index, now_ms);
            drop(index);
            match expired {
                Ok(expired) if expired.is_empty() => return,
                Ok(expired) => {
                    for Expired {
                        stream_id,
                        segment_id,
                    } in expired
                    {
                        self.segments.remove_segment(stream_id, segment_id);
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "expired media could not be removed");
                    return;
                }
            }
        }
    }
}
