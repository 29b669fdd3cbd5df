//! Looks over a store that nobody has open, and names everything in which its index and its files disagree.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::Context as _;
use rusqlite::{Connection, params};

use super::fragments::checksum;
use super::schema::{self, VERSION};
use super::segments::{number_in, segment_file, stream_folder};
use crate::fragment_number::FragmentNumber;

/// A way in which a store can be wrong; its text is the word by which reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inconsistency {
    /// The index itself cannot be read whole.
    IndexDamaged,
    /// Rows belong to a stream that is not there.
    StreamMissing,
    /// A fragment's header is not there, or is another stream's.
    HeaderMissing,
    /// A fragment names a segment that the index does not know, or that is another stream's.
    SegmentMissing,
    /// A segment's row is narrower than its fragments, or has none.
    SegmentWrong,
    /// Two fragments claim the same bytes of a file.
    Overlap,
    /// One sequence names two fragments.
    SequenceTwice,
    /// The service's time falls from one fragment to the next.
    OutOfOrder,
    /// Tags follow a fragment that is not there.
    TagsAlone,
    /// A segment has no file.
    FileMissing,
    /// A file ends before its last fragment does.
    FileShort,
    /// The bytes of a fragment, a header or tags are not those that were acknowledged.
    BytesChanged,
    /// No row names this segment file; the next start removes it.
    OrphanFile,
    /// Something lies among the media that no service put there.
    StrangeFile,
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IndexDamaged => "index-damaged",
            Self::StreamMissing => "stream-missing",
            Self::HeaderMissing => "header-missing",
            Self::SegmentMissing => "segment-missing",
            Self::SegmentWrong => "segment-wrong",
            Self::Overlap => "overlap",
            Self::SequenceTwice => "sequence-twice",
            Self::OutOfOrder => "out-of-order",
            Self::TagsAlone => "tags-alone",
            Self::FileMissing => "file-missing",
            Self::FileShort => "file-short",
            Self::BytesChanged => "bytes-changed",
            Self::OrphanFile => "orphan-file",
            Self::StrangeFile => "strange-file",
        })
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: Inconsistency,
    pub place: String,
}

/// What a look at a whole store showed.
#[derive(Debug, Default)]
pub struct Report {
    pub streams: u64,
    pub fragments: u64,
    /// Fragments that are there but from before checksums were kept.
    pub without_checksum: u64,
    pub findings: Vec<Finding>,
}

/// Rows of fragments that are wrong: every query answers stream, service time, sequence and random part.
const WRONG_FRAGMENTS: [(Inconsistency, &str); 5] = [
    (
        Inconsistency::HeaderMissing,
        "SELECT stream_id, server_ms, sequence, random FROM fragments f WHERE NOT EXISTS
         (SELECT 1 FROM headers h WHERE h.id = f.header_id AND h.stream_id = f.stream_id)",
    ),
    (
        Inconsistency::SegmentMissing,
        "SELECT stream_id, server_ms, sequence, random FROM fragments f WHERE NOT EXISTS
         (SELECT 1 FROM segments s WHERE s.id = f.segment_id AND s.stream_id = f.stream_id)",
    ),
    (
        Inconsistency::Overlap,
        "SELECT stream_id, server_ms, sequence, random FROM (SELECT *,
         lag(offset + bytes) OVER (PARTITION BY segment_id ORDER BY offset) AS before FROM fragments)
         WHERE before > offset",
    ),
    (
        Inconsistency::SequenceTwice,
        "SELECT stream_id, server_ms, sequence, random FROM (SELECT *,
         lag(sequence) OVER (PARTITION BY stream_id ORDER BY sequence) AS before FROM fragments)
         WHERE before = sequence",
    ),
    (
        Inconsistency::OutOfOrder,
        "SELECT stream_id, server_ms, sequence, random FROM (SELECT *,
         lag(sequence) OVER (PARTITION BY stream_id ORDER BY server_ms, sequence) AS before FROM fragments)
         WHERE before > sequence",
    ),
];

/// Other rows that are wrong: every query answers where.
const WRONG_ROWS: [(Inconsistency, &str); 3] = [
    (
        Inconsistency::StreamMissing,
        "SELECT 'stream ' || stream_id FROM (SELECT stream_id FROM fragments UNION SELECT stream_id FROM segments
         UNION SELECT stream_id FROM headers UNION SELECT stream_id FROM fragment_tags
         EXCEPT SELECT id FROM streams EXCEPT SELECT stream_id FROM erasures)",
    ),
    (
        Inconsistency::SegmentWrong,
        "SELECT 'segment ' || s.id || ' of stream ' || s.stream_id FROM segments s LEFT JOIN
         (SELECT segment_id, min(server_ms) AS first, max(server_ms) AS last, max(offset + bytes) AS bytes
          FROM fragments GROUP BY segment_id) f ON f.segment_id = s.id
         WHERE f.segment_id IS NULL OR f.first < s.first_server_ms OR f.last > s.last_server_ms OR f.bytes > s.bytes",
    ),
    (
        Inconsistency::TagsAlone,
        "SELECT 'sequence ' || sequence || ' of stream ' || stream_id FROM
         (SELECT stream_id, sequence FROM fragment_tags EXCEPT SELECT stream_id, sequence FROM fragments)",
    ),
];

/// Small pieces that the index keeps with their checksums: every query answers where, the bytes and the checksum.
const KEPT_IN_INDEX: [&str; 2] = [
    "SELECT 'header ' || id || ' of stream ' || stream_id, bytes, checksum FROM headers",
    "SELECT 'tags of sequence ' || sequence || ' of stream ' || stream_id, bytes, checksum FROM fragment_tags WHERE checksum IS NOT NULL",
];

/// Checks the store under a folder. A folder without one, or that a process has open, is an error.
pub(crate) fn check(folder: &Path) -> anyhow::Result<Report> {
    let index_path = folder.join("index.db");
    anyhow::ensure!(
        index_path.exists(),
        "there is no video store in {}",
        folder.display()
    );
    let _lock = super::take_lock(folder)?;
    let mut report = Report::default();
    match check_store(folder, &index_path, &mut report) {
        Ok(()) => {}
        // A file that SQLite cannot make sense of is a finding; a version that this program does not know is not.
        Err(error) if error.downcast_ref::<rusqlite::Error>().is_some() => {
            report.find(Inconsistency::IndexDamaged, format!("{error:#}"));
        }
        Err(error) => return Err(error),
    }
    Ok(report)
}

fn check_store(folder: &Path, index_path: &Path, report: &mut Report) -> anyhow::Result<()> {
    let index = schema::open_reader(index_path)?;
    let version = schema::version(&index)?;
    anyhow::ensure!(
        version == VERSION,
        "the index is of version {version} and this program checks version {VERSION}; start the service on it once"
    );
    let is_whole = report.check_index(&index)?;
    if !is_whole {
        return Ok(());
    }
    report.check_rows(&index)?;
    let media = folder.join("media");
    report.check_segments(&index, &media)?;
    report.check_folder(&index, &media)
}

impl Report {
    fn find(&mut self, kind: Inconsistency, place: impl Into<String>) {
        let place = place.into();
        self.findings.push(Finding { kind, place });
    }

    fn check_index(&mut self, index: &Connection) -> rusqlite::Result<bool> {
        let mut statement = index.prepare("PRAGMA integrity_check(20)")?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        for line in lines {
            let line = line?;
            if line != "ok" {
                self.find(Inconsistency::IndexDamaged, line);
            }
        }
        Ok(self.findings.is_empty())
    }

    fn check_rows(&mut self, index: &Connection) -> rusqlite::Result<()> {
        let count = |table: &str| {
            index.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, u64>(0)
            })
        };
        (self.streams, self.fragments) = (count("streams")?, count("fragments")?);
        for (kind, query) in WRONG_ROWS {
            let mut statement = index.prepare(query)?;
            for place in statement.query_map([], |row| row.get::<_, String>(0))? {
                self.find(kind, place?);
            }
        }
        for (kind, query) in WRONG_FRAGMENTS {
            let mut statement = index.prepare(query)?;
            let found = statement.query_map([], |row| {
                let number = FragmentNumber {
                    server_ms: row.get(1)?,
                    sequence: row.get(2)?,
                    random: row.get(3)?,
                };
                Ok((row.get(0)?, number))
            })?;
            for fragment in found {
                let (stream_id, number) = fragment?;
                self.find(kind, name(stream_id, number));
            }
        }
        for query in KEPT_IN_INDEX {
            let mut statement = index.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if checksum(row.get_ref(1)?.as_blob()?) != row.get::<_, i32>(2)? {
                    self.find(Inconsistency::BytesChanged, row.get::<_, String>(0)?);
                }
            }
        }
        Ok(())
    }

    fn check_segments(&mut self, index: &Connection, media: &Path) -> anyhow::Result<()> {
        let mut segments = index.prepare("SELECT stream_id, id FROM segments ORDER BY 1, 2")?;
        let segments = segments.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for segment in segments {
            let (stream_id, segment_id) = segment?;
            let path = segment_file(media, stream_id, segment_id);
            match File::open(&path) {
                Ok(file) => self.check_file(index, (stream_id, segment_id), &file)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.find(Inconsistency::FileMissing, path.display().to_string());
                }
                Err(error) => return Err(error).context(path.display().to_string()),
            }
        }
        Ok(())
    }

    fn check_file(
        &mut self,
        index: &Connection,
        (stream_id, segment_id): (i64, i64),
        file: &File,
    ) -> anyhow::Result<()> {
        let length = file.metadata()?.len();
        let mut fragments = index.prepare_cached(
            "SELECT f.server_ms, f.sequence, f.random, f.offset, f.bytes, f.checksum
             FROM segments s JOIN fragments f ON f.stream_id = s.stream_id AND f.segment_id = s.id
             AND f.server_ms BETWEEN s.first_server_ms AND s.last_server_ms WHERE s.id = ?1 AND s.stream_id = ?2
             AND NOT EXISTS(SELECT 1 FROM erasures e WHERE e.stream_id = s.stream_id AND e.until_ms >= f.server_ms)",
        )?;
        let mut rows = fragments.query(params![segment_id, stream_id])?;
        let mut bytes = Vec::new();
        while let Some(row) = rows.next()? {
            let number = FragmentNumber {
                server_ms: row.get(0)?,
                sequence: row.get(1)?,
                random: row.get(2)?,
            };
            let (offset, size): (u64, u64) = (row.get(3)?, row.get(4)?);
            if offset.saturating_add(size) > length {
                self.find(Inconsistency::FileShort, name(stream_id, number));
                continue;
            }
            bytes.resize(usize::try_from(size)?, 0);
            file.read_exact_at(&mut bytes, offset)?;
            match row.get::<_, Option<i32>>(5)? {
                None => self.without_checksum += 1,
                Some(known) if known != checksum(&bytes) => {
                    self.find(Inconsistency::BytesChanged, name(stream_id, number));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn check_folder(&mut self, index: &Connection, media: &Path) -> anyhow::Result<()> {
        let mut known = index.prepare("SELECT stream_id, id FROM segments")?;
        let known: HashSet<_> = known
            .query_map([], |row| Ok(segment_file(media, row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for entry in fs::read_dir(media)? {
            let folder = entry?.path();
            let stream_id = number_in(&folder).filter(|&id| stream_folder(media, id) == folder);
            let (Some(stream_id), true) = (stream_id, folder.is_dir()) else {
                self.find(Inconsistency::StrangeFile, folder.display().to_string());
                continue;
            };
            for entry in fs::read_dir(&folder)? {
                let file = entry?.path();
                let is_segment =
                    number_in(&file).is_some_and(|id| segment_file(media, stream_id, id) == file);
                if !is_segment {
                    self.find(Inconsistency::StrangeFile, file.display().to_string());
                } else if !known.contains(&file) {
                    self.find(Inconsistency::OrphanFile, file.display().to_string());
                }
            }
        }
        Ok(())
    }
}

fn name(stream_id: i64, number: FragmentNumber) -> String {
    format!("fragment {number} of stream {stream_id}")
}
