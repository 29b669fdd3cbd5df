//! The one thread that writes media: it takes whatever is waiting, from all streams, and makes it durable together.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::sync::watch;

use super::segments::{Place, Segments, stream_folder};
use crate::Now;
use crate::fragment_number::FragmentNumber;

/// Under load commits stand at least this far apart, so that many cameras share one.
const GATHER: Duration = Duration::from_millis(50);
const MOST_IN_BATCH: usize = 512;
const BYTES_IN_BATCH: usize = 64 << 20;
const SWEEP_EVERY: Duration = Duration::from_secs(10);
const SEGMENTS_IN_SWEEP: i64 = 100;

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
    pub data: Bytes,
    /// Told once, after the data and its row are on the disk or cannot be.
    pub done: Box<dyn FnOnce(CommitOutcome) + Send>,
}

/// Work for the thread.
pub(crate) enum Command {
    Fragment(PendingFragment),
    /// A producer's tags behind a fragment.
    Tags {
        stream_id: i64,
        sequence: u64,
        bytes: Bytes,
    },
    /// Remove what is out of retention now, then answer.
    Sweep(std::sync::mpsc::SyncSender<()>),
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

type Tags = (i64, u64, Bytes);

#[derive(Default)]
struct Batch {
    fragments: Vec<PendingFragment>,
    tags: Vec<Tags>,
    bytes: usize,
    is_last: bool,
}

impl Committer {
    pub(super) fn run(mut self) {
        let mut last_commit: Option<Instant> = None;
        let mut last_sweep = Instant::now();
        loop {
            let batch = self.gather(last_commit);
            let is_last = batch.is_last;
            if !batch.fragments.is_empty() || !batch.tags.is_empty() {
                last_commit = Some(Instant::now());
                self.write(batch);
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
            let is_full = batch.fragments.len() + batch.tags.len() >= MOST_IN_BATCH
                || batch.bytes >= BYTES_IN_BATCH;
            if is_full || batch.is_last {
                return batch;
            }
            let since_commit = last_commit.map_or(GATHER, |last| last.elapsed());
            wait = if batch.fragments.is_empty() && batch.tags.is_empty() {
                SWEEP_EVERY
            } else {
                GATHER.saturating_sub(since_commit)
            };
        }
    }

    fn take(&mut self, command: Command, batch: &mut Batch) {
        match command {
            Command::Fragment(fragment) => {
                batch.bytes += fragment.data.len();
                batch.fragments.push(fragment);
            }
            Command::Tags {
                stream_id,
                sequence,
                bytes,
            } => batch.tags.push((stream_id, sequence, bytes)),
            Command::Sweep(done) => {
                self.sweep();
                let _ = done.send(());
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

    /// Data first, then the rows that make it visible, then the word to those who wait.
    fn write(&mut self, batch: Batch) {
        let mut written = self.append(batch.fragments);
        // The index stays free for others while the disk works.
        for (stream_id, error) in self.segments.sync() {
            tracing::error!(%error, stream_id, "fragments could not be brought to the disk");
            for (fragment, _) in written.extract_if(.., |(f, _)| f.stream_id == stream_id) {
                (fragment.done)(CommitOutcome::Failed);
            }
        }
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = insert(&mut index, &written, &batch.tags);
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

    fn append(&mut self, fragments: Vec<PendingFragment>) -> Vec<(PendingFragment, Place)> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = Vec::with_capacity(fragments.len());
        for fragment in fragments {
            let stream_id = fragment.stream_id;
            if !stream_exists(&index, stream_id) {
                (fragment.done)(CommitOutcome::StreamGone);
                continue;
            }
            let server_ms = i64::try_from(fragment.number.server_ms).unwrap_or(i64::MAX);
            let place = self
                .segments
                .append(&index, stream_id, server_ms, &fragment.data);
            match place {
                Ok(place) => written.push((fragment, place)),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, stream_id, "a fragment could not be written");
                    self.segments.close(stream_id);
                    (fragment.done)(CommitOutcome::Failed);
                }
            }
        }
        written
    }

    fn sweep(&mut self) {
        while let Ok(true) = self.sweep_some() {}
    }

    /// Removes some expired segments; says whether there may be more.
    fn sweep_some(&mut self) -> rusqlite::Result<bool> {
        let now_ms = (self.now)();
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = index.transaction()?;
        let expired: Vec<(i64, i64, i64, i64)> = transaction
            .prepare_cached(
                "SELECT s.id, s.stream_id, s.first_sequence, s.last_sequence FROM streams t
                 JOIN segments s ON s.stream_id = t.id AND s.last_server_ms <= ?1 - t.retention_hours * 3600000 LIMIT ?2",
            )?
            .query_map(params![now_ms, SEGMENTS_IN_SWEEP], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for &(segment_id, stream_id, first, last) in &expired {
            transaction.prepare_cached(
                "DELETE FROM fragment_tags WHERE stream_id = ?1 AND sequence IN (SELECT sequence FROM fragments
                 WHERE stream_id = ?1 AND sequence BETWEEN ?2 AND ?3 AND segment_id = ?4)",
            )?.execute([stream_id, first, last, segment_id])?;
            transaction.prepare_cached(
                "DELETE FROM fragments WHERE stream_id = ?1 AND sequence BETWEEN ?2 AND ?3 AND segment_id = ?4",
            )?.execute([stream_id, first, last, segment_id])?;
            transaction
                .prepare_cached("DELETE FROM segments WHERE id = ?1")?
                .execute([segment_id])?;
        }
        transaction.commit()?;
        drop(index);
        for &(segment_id, stream_id, ..) in &expired {
            self.segments.remove_segment(stream_id, segment_id);
        }
        Ok(expired.len() as i64 == SEGMENTS_IN_SWEEP)
    }
}

fn stream_exists(index: &Connection, stream_id: i64) -> bool {
    index
        .prepare_cached("SELECT 1 FROM streams WHERE id = ?1")
        .and_then(|mut statement| statement.exists([stream_id]))
        .unwrap_or(false)
}

/// Inserts the rows of a batch in one transaction; a stream that was deleted since is left out.
fn insert(
    index: &mut Connection,
    written: &[(PendingFragment, Place)],
    tags: &[Tags],
) -> rusqlite::Result<Vec<CommitOutcome>> {
    let transaction = index.transaction()?;
    let mut outcomes = Vec::with_capacity(written.len());
    for (fragment, place) in written {
        if stream_exists(&transaction, fragment.stream_id) {
            insert_fragment(&transaction, fragment, place)?;
            outcomes.push(CommitOutcome::Persisted);
        } else {
            outcomes.push(CommitOutcome::StreamGone);
        }
    }
    for (stream_id, sequence, bytes) in tags {
        transaction
            .prepare_cached(
                "INSERT INTO fragment_tags(stream_id, sequence, position, bytes) SELECT ?1, ?2,
                 (SELECT count(*) FROM fragment_tags WHERE stream_id = ?1 AND sequence = ?2), ?3
                 WHERE EXISTS(SELECT 1 FROM fragments WHERE stream_id = ?1 AND sequence = ?2)",
            )?
            .execute(params![stream_id, sequence, bytes.as_ref()])?;
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn insert_fragment(
    transaction: &Transaction<'_>,
    fragment: &PendingFragment,
    place: &Place,
) -> rusqlite::Result<()> {
    let header_id = header_id(transaction, fragment.stream_id, &fragment.header)?;
    let number = fragment.number;
    transaction
        .prepare_cached(
            "INSERT INTO fragments(stream_id, sequence, server_ms, random, producer_ms, timecode_ms, length_ms, frames, header_id, segment_id, offset, bytes)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            fragment.stream_id,
            number.sequence,
            number.server_ms,
            number.random,
            fragment.producer_ms,
            fragment.timecode_ms,
            fragment.length_ms,
            fragment.frames,
            header_id,
            place.segment_id,
            place.offset,
            fragment.data.len(),
        ])?;
    transaction
        .prepare_cached(
            "INSERT INTO segments(id, stream_id, first_sequence, last_sequence, first_server_ms, last_server_ms, bytes)
             VALUES(?1, ?2, ?3, ?3, ?4, ?4, ?5) ON CONFLICT(id) DO UPDATE SET
             first_sequence = min(first_sequence, ?3), last_sequence = max(last_sequence, ?3),
             last_server_ms = max(last_server_ms, ?4), bytes = max(bytes, ?5)",
        )?
        .execute(params![
            place.segment_id,
            fragment.stream_id,
            number.sequence,
            number.server_ms,
            place.offset + fragment.data.len() as u64,
        ])?;
    Ok(())
}

fn header_id(
    transaction: &Transaction<'_>,
    stream_id: i64,
    header: &[u8],
) -> rusqlite::Result<i64> {
    let known = transaction
        .prepare_cached("SELECT id FROM headers WHERE stream_id = ?1 AND bytes = ?2")?
        .query_row(params![stream_id, header], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    transaction.execute(
        "INSERT INTO headers(stream_id, bytes) VALUES(?1, ?2)",
        params![stream_id, header],
    )?;
    Ok(transaction.last_insert_rowid())
}
