//! Segment files: fragments of one stream one after another, exactly as received.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;

use rusqlite::{Connection, OptionalExtension};

use super::fragments::Fragment;
use super::pieces::Pieces;
use super::rows::Stretch;

const SEGMENT_BYTES: u64 = 64 << 20;
/// A file goes as a whole when its last fragment expires, so none may span much more than an hour.
const SEGMENT_SPAN_MS: i64 = 3_600_000;
/// The disk is asked to begin with this much, so that little is left to wait for when the file is synced.
const BEGIN_BYTES: u64 = 4 << 20;
/// Files kept open for writing; a stream beyond that is reopened where it ended.
const MOST_OPEN: usize = 128;

pub(super) fn stream_folder(folder: &Path, stream_id: i64) -> PathBuf {
    folder.join(stream_id.to_string())
}

pub(super) fn segment_file(folder: &Path, stream_id: i64, segment_id: i64) -> PathBuf {
    stream_folder(folder, stream_id).join(format!("{segment_id:010}.seg"))
}

/// Reads the bytes of a fragment.
pub(super) fn read(folder: &Path, fragment: &Fragment) -> io::Result<Vec<u8>> {
    let file = File::open(segment_file(
        folder,
        fragment.stream_id,
        fragment.segment_id,
    ))?;
    let length = usize::try_from(fragment.bytes).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, fragment.offset)?;
    Ok(bytes)
}

struct OpenSegment {
    id: i64,
    file: File,
    end: u64,
    /// The disk has been asked to write what stands before this.
    begun: u64,
    first_server_ms: i64,
    is_dirty: bool,
    used: u64,
}

impl OpenSegment {
    /// Asks the disk to begin with what was appended, without waiting for it. Of the calls that begin a write this is the one that
    /// needs no unsafe code; what it drops from memory is only what is on the disk already. Where it is missing or refused, syncing
    /// takes longer.
    fn begin_writing(&mut self) {
        #[cfg(target_os = "linux")]
        if let (Ok(offset), Ok(length)) = (
            i64::try_from(self.begun),
            i64::try_from(self.end - self.begun),
        ) {
            use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
            let advice = PosixFadviseAdvice::POSIX_FADV_DONTNEED;
            let _ = posix_fadvise(&self.file, offset, length, advice);
        }
        self.begun = self.end;
    }
}

/// The files that are being written.
pub(super) struct Segments {
    folder: PathBuf,
    open: HashMap<i64, OpenSegment>,
    /// Full files, by stream, that are not on the disk yet.
    full: Vec<(i64, File)>,
    next_id: i64,
    uses: u64,
}

/// Where a fragment was put.
pub(super) struct Place {
    pub segment_id: i64,
    pub offset: u64,
    pub bytes: u64,
}

impl Segments {
    /// Takes up the folder, and removes the files that no row of the index names.
    pub(super) fn new(folder: PathBuf, index: &Connection) -> anyhow::Result<Self> {
        let next_id: i64 =
            index.query_row("SELECT coalesce(max(id), 0) + 1 FROM segments", [], |row| {
                row.get(0)
            })?;
        fs::create_dir_all(&folder)?;
        remove_orphans(&folder, index)?;
        Ok(Self {
            folder,
            open: HashMap::new(),
            full: Vec::new(),
            next_id,
            uses: 0,
        })
    }

    /// Writes a fragment behind the last one of its stream; it is not on the disk before [`sync`](Self::sync). The index is let go
    /// before anything is written.
    pub(super) fn append(
        &mut self,
        index: MutexGuard<'_, Connection>,
        stream_id: i64,
        server_ms: i64,
        media: &Pieces,
    ) -> anyhow::Result<Place> {
        self.uses += 1;
        let is_full = self.open.get(&stream_id).is_none_or(|segment| {
            segment.end >= SEGMENT_BYTES || server_ms - segment.first_server_ms >= SEGMENT_SPAN_MS
        });
        if is_full {
            self.open_for(&index, stream_id, server_ms)?;
        }
        drop(index);
        let Some(segment) = self.open.get_mut(&stream_id) else {
            anyhow::bail!("the segment of stream {stream_id} was not opened");
        };
        media.write_at(&segment.file, segment.end)?;
        let place = Place {
            segment_id: segment.id,
            offset: segment.end,
            bytes: media.len() as u64,
        };
        segment.end += place.bytes;
        segment.is_dirty = true;
        segment.used = self.uses;
        if segment.end - segment.begun >= BEGIN_BYTES {
            segment.begin_writing();
        }
        Ok(place)
    }

    fn open_for(
        &mut self,
        index: &Connection,
        stream_id: i64,
        server_ms: i64,
    ) -> anyhow::Result<()> {
        if self.open.len() >= MOST_OPEN {
            let unused = self.open.iter().filter(|(_, segment)| !segment.is_dirty);
            let oldest = unused.min_by_key(|(_, segment)| segment.used);
            if let Some((&stream_id, _)) = oldest {
                self.open.remove(&stream_id);
            }
        }
        let was_open = self.open.contains_key(&stream_id);
        let last = index
            .query_row(
                "SELECT id, bytes, first_server_ms FROM segments WHERE stream_id = ?1 ORDER BY id DESC LIMIT 1",
                [stream_id],
                |row| Ok((row.get(0)?, row.get::<_, u64>(1)?, row.get::<_, i64>(2)?)),
            )
            .optional()?
            .filter(|&(_, bytes, first_ms)| {
                !was_open && bytes < SEGMENT_BYTES && server_ms - first_ms < SEGMENT_SPAN_MS
            });
        let (id, end, first_server_ms) = match last {
            Some(last) => last,
            None => {
                self.next_id += 1;
                (self.next_id - 1, 0, server_ms)
            }
        };
        let folder = stream_folder(&self.folder, stream_id);
        if !folder.exists() {
            fs::create_dir(&folder)?;
            File::open(&self.folder)?.sync_all()?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(segment_file(&self.folder, stream_id, id))?;
        // What lies behind the last indexed fragment was never acknowledged: a write that a crash cut short.
        file.set_len(end)?;
        File::open(&folder)?.sync_all()?;
        let segment = OpenSegment {
            id,
            file,
            end,
            begun: end,
            first_server_ms,
            is_dirty: false,
            used: self.uses,
        };
        let before = self.open.insert(stream_id, segment);
        self.full.extend(
            before
                .filter(|one| one.is_dirty)
                .map(|one| (stream_id, one.file)),
        );
        Ok(())
    }

    /// Brings everything that was appended to the disk; returns the streams for which that failed.
    pub(super) fn sync(&mut self) -> Vec<(i64, io::Error)> {
        let mut failed = Vec::new();
        let mut sync = |stream_id: i64, file: &File| {
            failed.extend(file.sync_data().err().map(|error| (stream_id, error)));
        };
        for (stream_id, file) in std::mem::take(&mut self.full) {
            sync(stream_id, &file);
        }
        for (&stream_id, segment) in &mut self.open {
            if std::mem::take(&mut segment.is_dirty) {
                sync(stream_id, &segment.file);
                segment.begun = segment.end;
            }
        }
        for (stream_id, _) in &failed {
            self.open.remove(stream_id);
        }
        failed
    }

    /// Overwrites pieces of a file with zeros, on the disk.
    pub(super) fn blank(
        &self,
        stream_id: i64,
        segment_id: i64,
        stretches: &[Stretch],
    ) -> io::Result<()> {
        let path = segment_file(&self.folder, stream_id, segment_id);
        let file = OpenOptions::new().write(true).open(path)?;
        let mut zeros = Vec::new();
        for stretch in stretches {
            zeros.resize(usize::try_from(stretch.bytes).map_err(io::Error::other)?, 0);
            file.write_all_at(&zeros, stretch.offset)?;
        }
        file.sync_data()
    }

    /// Removes everything of a stream that was deleted.
    pub(super) fn remove_stream(&mut self, stream_id: i64) -> io::Result<()> {
        self.open.remove(&stream_id);
        match fs::remove_dir_all(stream_folder(&self.folder, stream_id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Lets go of a stream's file, whose end is then read from the index again.
    pub(super) fn close(&mut self, stream_id: i64) {
        self.open.remove(&stream_id);
    }

    pub(super) fn remove_segment(&mut self, stream_id: i64, segment_id: i64) {
        if self
            .open
            .get(&stream_id)
            .is_some_and(|segment| segment.id == segment_id)
        {
            self.open.remove(&stream_id);
        }
        let path = segment_file(&self.folder, stream_id, segment_id);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, segment_id, "an expired segment could not be removed");
        }
    }
}

fn remove_orphans(folder: &Path, index: &Connection) -> anyhow::Result<()> {
    let mut known = index.prepare("SELECT 1 FROM segments WHERE id = ?1 AND stream_id = ?2")?;
    for stream in fs::read_dir(folder)? {
        let stream = stream?.path();
        let Some(stream_id) = number_in(&stream) else {
            continue;
        };
        for segment in fs::read_dir(&stream)? {
            let segment = segment?.path();
            let Some(segment_id) = number_in(&segment) else {
                continue;
            };
            if !known.exists([segment_id, stream_id])? {
                fs::remove_file(&segment)?;
            }
        }
        // Only an empty folder goes.
        let _ = fs::remove_dir(&stream);
    }
    Ok(())
}

pub(super) fn number_in(path: &Path) -> Option<i64> {
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use bytes::Bytes;

    use super::super::schema;
    use super::*;

    #[test]
    fn a_file_that_another_follows_waits_for_the_disk_too() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let index = Mutex::new(schema::open_writer(&folder.path().join("index"))?);
        let mut segments = {
            let index = index.lock().unwrap_or_else(PoisonError::into_inner);
            Segments::new(folder.path().join("media"), &index)?
        };
        let media = Pieces::from(Bytes::from_static(b"media"));
        let mut places = Vec::new();
        for server_ms in [0, 1, SEGMENT_SPAN_MS] {
            let index = index.lock().unwrap_or_else(PoisonError::into_inner);
            let place = segments.append(index, 7, server_ms, &media)?;
            places.push((place.segment_id, place.offset, place.bytes));
        }
        assert_eq!(places, [(1, 0, 5), (1, 5, 5), (2, 0, 5)]);
        assert_eq!(segments.full.len(), 1);
        assert!(segments.sync().is_empty());
        assert!(segments.full.is_empty() && !segments.open[&7].is_dirty);
        Ok(())
    }
}
