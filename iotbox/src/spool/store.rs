//! The spool's folder: append-only segments, and beside each the list of its fragments that the service has stored.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::disk::Reserve;
use super::record::{self, RECORD_HEAD};
use super::timecode;
use super::uncompared::Uncompared;
use crate::replay::{Owed, Place};

/// A segment is deleted as a whole, so that the oldest pictures go in steps of an eighth of the spool at most.
const SEGMENTS: u64 = 8;
const LARGEST_SEGMENT: u64 = 8 << 20;
/// A segment that is owed nothing goes after this long, well before the kernel writes it onto the disk by itself (30 s).
const WRITTEN_FOR: Duration = Duration::from_secs(10);

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("the spool {path} is in use by another iotbox")]
    InUse { path: String },
    #[error("the spool {path} cannot be used: {reason}")]
    Unusable {
        path: String,
        reason: std::io::Error,
    },
}

impl SpoolError {
    /// Whether another try may find it better: a disk comes, a program ends, but a file never becomes a folder.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::InUse { .. } => true,
            Self::Unusable { reason, .. } => !matches!(
                reason.kind(),
                ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::InvalidFilename
            ),
        }
    }
}

/// What has no room for a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    Spool,
    /// Others have filled it.
    Disk,
}

#[derive(Debug)]
struct Segment {
    run: u32,
    header: Bytes,
    bytes: u64,
    /// Fragments that the service does not have.
    owed: u32,
    /// Owed fragments that are not known to be on the disk itself, by their offsets, and since when; oldest first.
    unsynced: VecDeque<(u32, Instant)>,
}

/// The segment that is written to.
#[derive(Debug)]
struct Open {
    number: u32,
    file: File,
    since: Instant,
}

/// The segments of one camera.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    limit: u64,
    segments: BTreeMap<u32, Segment>,
    open: Option<Open>,
    next_number: u32,
    bytes: u64,
    pub reserve: Reserve,
    pub uncompared: Uncompared,
    /// Holds the folder for this process.
    _lock: File,
}

impl Store {
    /// Opens the folder and lists what an earlier run left, oldest first.
    pub fn open(folder: &Path, limit: u64) -> Result<(Self, Vec<Owed>), SpoolError> {
        let path = folder.display().to_string();
        let unusable = |error: std::io::Error| SpoolError::Unusable {
            path: path.clone(),
            reason: error,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(unusable)?;
        let lock = own_file(&folder.join("lock"), false).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut store = Self {
            folder: folder.to_owned(),
            limit,
            segments: BTreeMap::new(),
            open: None,
            next_number: 1,
            bytes: 0,
            reserve: Reserve::default(),
            uncompared: Uncompared::open(folder),
            _lock: lock,
        };
        let owed = store.recover().map_err(unusable)?;
        Ok((store, owed))
    }

    fn recover(&mut self) -> std::io::Result<Vec<Owed>> {
        let numbers = self.numbers(".spool")?;
        // The list of a segment that is gone would name fragments of the next one with its number.
        for orphan in self.numbers(".done")? {
            if numbers.binary_search(&orphan).is_err() {
                remove(&self.done_path(orphan));
            }
        }
        let mut all = Vec::new();
        for number in numbers {
            self.next_number = number + 1;
            let file = File::open(self.path(number))?;
            let length = file.metadata()?.len();
            let Some(scan) = record::scan(file, length)? else {
                self.delete(number);
                continue;
            };
            let done = self.done(number)?;
            let owed: Vec<Owed> = scan
                .records
                .iter()
                .filter(|found| !done.contains(&found.offset))
                .map(|found| Owed {
                    timecode_ms: found.timecode_ms,
                    run: scan.run,
                    place: Place {
                        segment: number,
                        offset: found.offset,
                        length: found.length,
                    },
                })
                .collect();
            if owed.is_empty() {
                self.delete(number);
                continue;
            }
            self.bytes += length;
            self.uncompared.found(number, scan.uncompared);
            self.segments.insert(
                number,
                Segment {
                    run: scan.run,
                    header: scan.header.into(),
                    bytes: length,
                    owed: owed.len() as u32,
                    unsynced: VecDeque::new(),
                },
            );
            all.extend(owed);
        }
        Ok(all)
    }

    /// The numbers of the files with this ending, in their order.
    fn numbers(&self, ending: &str) -> std::io::Result<Vec<u32>> {
        let mut numbers: Vec<u32> = fs::read_dir(&self.folder)?
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                name.strip_suffix(ending)?.parse().ok()
            })
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The offsets of what the service has stored already.
    fn done(&self, number: u32) -> std::io::Result<HashSet<u32>> {
        match fs::read(self.done_path(number)) {
            Ok(bytes) => Ok(bytes
                .as_chunks()
                .0
                .iter()
                .map(|offset| u32::from_le_bytes(*offset))
                .collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(HashSet::new()),
            Err(error) => Err(error),
        }
    }

    /// The highest run of any segment.
    pub fn last_run(&self) -> u32 {
        let runs = self.segments.values().map(|segment| segment.run);
        runs.max().unwrap_or(0)
    }

    /// The Matroska header of the fragment's run.
    pub fn header_of(&self, place: Place) -> Option<Bytes> {
        let segment = self.segments.get(&place.segment)?;
        Some(segment.header.clone())
    }

    /// Why so many bytes more go in only when something is deleted; `None` if there is room for them.
    pub fn full_for(&mut self, bytes: usize) -> Option<Full> {
        let then = self.bytes + bytes as u64;
        if then > self.limit {
            return Some(Full::Spool);
        }
        let bound = self.reserve.bound(&self.folder, self.bytes);
        (then > bound).then_some(Full::Disk)
    }

    /// Whether so many bytes go in when everything else is deleted.
    pub fn could_hold(&self, bytes: usize) -> bool {
        bytes as u64 <= self.limit
    }

    /// Deletes the oldest segment and returns its number; `None` if there is none.
    pub fn drop_oldest(&mut self) -> Option<u32> {
        let number = *self.segments.keys().next()?;
        self.delete(number);
        Some(number)
    }

    /// Appends a fragment. What an error leaves behind is never read.
    pub fn append(
        &mut self,
        run: u32,
        header: &Bytes,
        timecode_ms: u64,
        fragment: &[u8],
    ) -> std::io::Result<Owed> {
        // An error leaves no segment open, so that the next fragment begins another.
        let mut open = self.segment_for(run, header)?;
        let number = open.number;
        let segment = self.segments.get_mut(&number).ok_or(ErrorKind::NotFound)?;
        let offset = u32::try_from(segment.bytes).map_err(std::io::Error::other)?;
        let length = u32::try_from(fragment.len()).map_err(std::io::Error::other)?;
        let head = record::write_record_head(timecode_ms, fragment);
        let written = open.file.write_all(&head);
        if let Err(error) = written.and_then(|()| open.file.write_all(fragment)) {
            // Half a fragment takes room for nothing.
            let _ = open.file.set_len(segment.bytes);
            self.delete_if_done(number);
            return Err(error);
        }
        let written = (RECORD_HEAD + fragment.len()) as u64;
        segment.bytes += written;
        segment.owed += 1;
        segment.unsynced.push_back((offset, Instant::now()));
        self.bytes += written;
        self.open = Some(open);
        Ok(Owed {
            timecode_ms,
            run,
            place: Place {
                segment: number,
                offset,
                length,
            },
        })
    }

    /// Takes out the segment that a fragment of this run goes into.
    fn segment_for(&mut self, run: u32, header: &Bytes) -> std::io::Result<Open> {
        let largest = (self.limit / SEGMENTS).min(LARGEST_SEGMENT);
        let segments = &self.segments;
        let has_room = |open: &mut Open| {
            let segment = segments.get(&open.number);
            segment.is_some_and(|segment| segment.run == run && segment.bytes < largest)
        };
        if let Some(open) = self.open.take_if(has_room) {
            return Ok(open);
        }
        self.close();
        let number = self.next_number;
        self.next_number += 1;
        remove(&self.done_path(number));
        let mut file = own_file(&self.path(number), true)?;
        let head = record::write_segment_head(run, header, self.uncompared.next);
        self.uncompared.found(number, self.uncompared.next);
        let written = file.write_all(&head);
        self.bytes += head.len() as u64;
        self.segments.insert(
            number,
            Segment {
                run,
                header: header.clone(),
                bytes: head.len() as u64,
                owed: 0,
                unsynced: VecDeque::new(),
            },
        );
        if let Err(error) = written {
            self.delete(number);
            return Err(error);
        }
        let since = Instant::now();
        Ok(Open {
            number,
            file,
            since,
        })
    }

    /// Ends the open segment, which goes if nothing in it is owed.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.delete_if_done(open.number);
        }
    }

    /// Reads a fragment; `None` if it is not what was written.
    pub fn read(&self, place: Place) -> std::io::Result<Option<Bytes>> {
        let mut bytes = vec![0; RECORD_HEAD + place.length as usize];
        let file = File::open(self.path(place.segment))?;
        file.read_exact_at(&mut bytes, place.offset.into())?;
        let whole = record::fragment_of(&bytes).is_some();
        Ok(match self.uncompared.moved_by(place.segment) {
            _ if !whole => None,
            0 => Some(Bytes::from(bytes).slice(RECORD_HEAD..)),
            by_ms => timecode::moved(&bytes[RECORD_HEAD..], by_ms),
        })
    }

    /// Notes that the service has a fragment, or that nobody will ever have it.
    pub fn done_with(&mut self, place: Place) {
        let Some(segment) = self.segments.get_mut(&place.segment) else {
            return;
        };
        segment.owed = segment.owed.saturating_sub(1);
        segment
            .unsynced
            .retain(|(offset, _)| *offset != place.offset);
        if segment.owed == 0 && !self.is_written_to(place.segment) {
            return self.delete(place.segment);
        }
        let noted = own_file(&self.done_path(place.segment), true)
            .and_then(|mut file| file.write_all(&place.offset.to_le_bytes()));
        if let Err(error) = noted {
            tracing::warn!(%error, "what the service has stored cannot be noted, it may be sent twice after a restart");
        }
    }

    /// Files with an owed fragment that has waited for the disk for this long; they are no longer listed then.
    pub fn take_unsynced(&mut self, waited: Duration) -> Vec<File> {
        let mut files = Vec::new();
        for (number, segment) in &mut self.segments {
            let oldest = segment.unsynced.front();
            if oldest.is_some_and(|(_, since)| since.elapsed() >= waited)
                && let Ok(file) = File::open(self.folder.join(format!("{number:010}.spool")))
            {
                segment.unsynced.clear();
                files.push(file);
            }
        }
        if !files.is_empty() {
            files.extend(File::open(&self.folder));
        }
        files
    }

    /// Whether the next fragment goes into this segment, which is not for long.
    fn is_written_to(&self, number: u32) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.number == number && open.since.elapsed() < WRITTEN_FOR)
    }

    fn is_open(&self, number: u32) -> bool {
        self.open.as_ref().is_some_and(|open| open.number == number)
    }

    fn delete_if_done(&mut self, number: u32) {
        let done = self
            .segments
            .get(&number)
            .is_some_and(|segment| segment.owed == 0);
        if done {
            self.delete(number);
        }
    }

    /// A file that cannot be deleted is found again at the next start, and sent again.
    pub fn delete(&mut self, number: u32) {
        self.uncompared.gone(number);
        if let Some(segment) = self.segments.remove(&number) {
            self.bytes -= segment.bytes;
        }
        if self.is_open(number) {
            self.open = None;
        }
        // A kill between the two sends something twice; the other way round it would lose what comes under this number.
        if remove(&self.done_path(number)) {
            remove(&self.path(number));
        }
    }

    /// Lets time pass for the open segment.
    #[cfg(test)]
    pub fn pass(&mut self, time: Duration) {
        if let Some(open) = &mut self.open {
            open.since = open.since.checked_sub(time).unwrap_or(open.since);
        }
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:010}.spool"))
    }

    fn done_path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:010}.done"))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// Deletes a file; false if it is still there.
fn remove(path: &Path) -> bool {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "a file of the spool cannot be deleted");
            false
        }
        _ => true,
    }
}

fn own_file(path: &Path, append: bool) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(append)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}
