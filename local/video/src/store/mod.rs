//! The store: fragments in files as received, an index beside them, and nothing acknowledged before both are on the disk.

pub(crate) mod check;
pub(crate) mod committer;
pub(crate) mod feeds;
pub(crate) mod fragments;
pub(crate) mod pieces;
mod rows;
mod schema;
mod segments;
pub(crate) mod streams;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use self::committer::{Command, Committer};
use self::feeds::Feeds;
use self::fragments::Fragment;
use self::segments::Segments;
use self::streams::Stream;
use crate::Now;

/// Fragments that wait to be written may take this much memory over all streams, in KiB.
const PENDING_KIB: usize = 96 * 1024;
const MOST_READERS: usize = 4;

/// The media of all streams and what is known about it.
pub(crate) struct Store {
    folder: PathBuf,
    index_path: PathBuf,
    writer: Arc<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
    room: Arc<Semaphore>,
    pub(crate) feeds: Feeds,
    /// Held as long as the store lives, so that no second process writes the same files.
    _lock: File,
}

impl Store {
    /// Opens the store under `folder`; another process that has it open is an error.
    pub(crate) fn open(folder: &Path, now: Now) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let lock = take_lock(folder)?;
        let index_path = folder.join("index.db");
        let media = folder.join("media");
        let writer = schema::open_writer(&index_path)
            .with_context(|| format!("cannot open {}", index_path.display()))?;
        let segments = Segments::new(media.clone(), &writer)?;
        let writer = Arc::new(Mutex::new(writer));
        let (commands, received) = channel();
        let committer = Committer {
            index: Arc::clone(&writer),
            commands: received,
            now,
            segments,
            erasing: VecDeque::new(),
        };
        let thread = std::thread::Builder::new()
            .name("video-committer".into())
            .spawn(move || committer.run())?;
        Ok(Self {
            folder: media,
            index_path,
            writer,
            readers: Mutex::new(Vec::new()),
            commands,
            thread: Some(thread),
            room: Arc::new(Semaphore::new(PENDING_KIB)),
            feeds: Feeds::default(),
            _lock: lock,
        })
    }

    /// Asks the index; call it where blocking is allowed.
    pub(crate) fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let spare = lock(&self.readers).pop();
        let connection = match spare {
            Some(connection) => connection,
            None => schema::open_reader(&self.index_path)?,
        };
        let answer = ask(&connection);
        let mut readers = lock(&self.readers);
        if readers.len() < MOST_READERS {
            readers.push(connection);
        }
        answer
    }

    /// Changes the index; call it where blocking is allowed.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        change(&mut lock(&self.writer))
    }

    /// Reads a fragment as it was received; `None` if it expired meanwhile.
    pub(crate) fn media(&self, fragment: &Fragment) -> anyhow::Result<Option<Vec<u8>>> {
        match segments::read(&self.folder, fragment) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("a persisted fragment cannot be read"),
        }
    }

    /// Hands work to the committing thread.
    pub(crate) fn submit(&self, command: Command) {
        // The thread only ends with the store.
        let _ = self.commands.send(command);
    }

    /// Memory for fragments that wait to be written, in KiB.
    pub(crate) fn room(&self) -> Arc<Semaphore> {
        Arc::clone(&self.room)
    }

    /// Begins an ingest session: its first fragment number stands about a thousand above all before it.
    ///
    /// Answers whether the stream is there.
    pub(crate) fn begin_session(&self, stream_id: i64) -> rusqlite::Result<bool> {
        self.feeds.begin_session(stream_id, |in_use| {
            self.write(|index| streams::reserve_sequence(index, stream_id, in_use))
        })
    }

    /// Writes the settings of a stream in the place of those of `version`, and answers whether that was still its version; for
    /// connections that feed it they hold from the next complete fragment on. What arrived until `erase_until_ms` is erased from the
    /// disk: by [`erase`](Self::erase), or when the store is opened next.
    pub(crate) fn update_stream(
        &self,
        changed: &Stream,
        version: &str,
        erase_until_ms: Option<i64>,
    ) -> rusqlite::Result<bool> {
        self.feeds.change(changed.id, changed.retention_hours, || {
            self.write(|index| streams::update(index, changed, version, erase_until_ms))
        })
    }

    /// Removes everything out of retention and returns when it is gone.
    pub(crate) fn sweep(&self) {
        self.wait_for(Command::Sweep);
    }

    /// Erases what is to be erased of a stream, and returns when it is gone.
    ///
    /// What was handed over before and waits to be written belongs to it.
    pub(crate) fn erase(&self, stream_id: i64) -> anyhow::Result<()> {
        self.wait_for(|done| Command::Erase(stream_id, done))
            .context("the store is closing")?
    }

    /// Deletes a stream of a version, or whatever its version is, with its media; returns when it is gone, and whether it was there.
    pub(crate) fn delete_stream(
        &self,
        stream_id: i64,
        version: Option<&str>,
    ) -> anyhow::Result<bool> {
        let is_deleted = self.feeds.forget(stream_id, || {
            self.write(|index| streams::delete(index, stream_id, version))
        })?;
        if is_deleted {
            self.erase(stream_id)?;
        }
        Ok(is_deleted)
    }

    /// Hands work to the committing thread and waits for its answer; `None` when the thread ends before.
    fn wait_for<T>(&self, command: impl FnOnce(SyncSender<T>) -> Command) -> Option<T> {
        let (done, waited) = sync_channel(1);
        self.submit(command(done));
        waited.recv().ok()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.submit(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // The last connection to go brings its log into the index, which one that only reads cannot.
        lock(&self.readers).clear();
    }
}

/// Keeps other processes away from a store, for as long as the answer lives.
fn take_lock(folder: &Path) -> anyhow::Result<File> {
    let lock = File::create(folder.join("lock"))?;
    lock.try_lock().with_context(|| {
        format!(
            "the video folder {} is in use by another process",
            folder.display()
        )
    })?;
    Ok(lock)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
