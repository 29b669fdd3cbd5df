//! Rows of fragments, and the questions that readers ask of them.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::fragment_number::FragmentNumber;

/// A fragment that is persisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub stream_id: i64,
    pub number: FragmentNumber,
    pub producer_ms: i64,
    /// The cluster's own timecode, which is relative for some producers.
    pub timecode_ms: i64,
    pub length_ms: i64,
    /// Frames of the first track.
    pub frames: i64,
    pub header_id: i64,
    pub segment_id: i64,
    pub offset: u64,
    pub bytes: u64,
}

impl Fragment {
    pub(crate) fn server_ms(&self) -> i64 {
        self.number.position().0
    }

    pub(crate) fn timestamp(&self, by: TimestampKind) -> i64 {
        match by {
            TimestampKind::Server => self.server_ms(),
            TimestampKind::Producer => self.producer_ms,
        }
    }

    /// Its place among the fragments of its stream: by time, then by order of arrival.
    pub(crate) fn position(&self, by: TimestampKind) -> Position {
        (self.timestamp(by), self.number.position().1)
    }
}

/// What the index keeps of a fragment's bytes, to tell later whether they are still the same.
pub(crate) fn checksum(bytes: &[u8]) -> i32 {
    crc32fast::hash(bytes).cast_signed()
}

/// Time in milliseconds, then sequence.
pub(crate) type Position = (i64, i64);

/// No fragment is longer.
pub(crate) const LONGEST_MS: i64 = 20_000;
/// Timestamps further apart than this are a gap or an overlap.
pub(crate) const TOLERANCE_MS: i64 = 50;

/// Before every fragment.
pub(crate) const START: Position = (i64::MIN, -1);

/// Which clock a time in a request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum TimestampKind {
    #[serde(rename = "SERVER_TIMESTAMP")]
    Server,
    #[serde(rename = "PRODUCER_TIMESTAMP")]
    Producer,
}

const COLUMNS: &str = "stream_id, sequence, server_ms, random, producer_ms, producer_ms - start_ms, length_ms, frames, header_id, segment_id, offset, bytes";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Fragment> {
    Ok(Fragment {
        stream_id: row.get(0)?,
        number: FragmentNumber {
            sequence: row.get(1)?,
            server_ms: row.get(2)?,
            random: row.get(3)?,
        },
        producer_ms: row.get(4)?,
        timecode_ms: row.get(5)?,
        length_ms: row.get(6)?,
        frames: row.get(7)?,
        header_id: row.get(8)?,
        segment_id: row.get(9)?,
        offset: row.get(10)?,
        bytes: row.get(11)?,
    })
}

/// What becomes of a fragment that was sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Keep,
    /// By the producer's clock both have one place: the greater number holds it.
    Drop,
}

/// Where a query reads: one stream, what is still retained, by one of the two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub stream_id: i64,
    /// Fragments that arrived at this service time or before are out of retention.
    pub expired_until_ms: i64,
    pub by: TimestampKind,
    pub duplicates: Duplicates,
}

impl View {
    /// The service's time never falls within a stream, so either order is that of an index and of arrival or of showing.
    fn time_column(self) -> &'static str {
        match self.by {
            TimestampKind::Server => "server_ms",
            TimestampKind::Producer => "producer_ms",
        }
    }

    /// The table by the index of this clock; left alone, the other's may be taken, and the whole stream read.
    fn table(self) -> &'static str {
        match self.by {
            TimestampKind::Server => "fragments f",
            TimestampKind::Producer => "fragments f INDEXED BY fragments_by_producer",
        }
    }

    /// By the producer's clock two fragments of one time have one place, unless both are asked for.
    fn is_same_place(self, one: &Fragment, other: &Fragment) -> bool {
        (self.by, self.duplicates) == (TimestampKind::Producer, Duplicates::Drop)
            && one.producer_ms == other.producer_ms
    }

    fn without_duplicates(self) -> &'static str {
        match (self.by, self.duplicates) {
            (TimestampKind::Producer, Duplicates::Drop) => {
                " AND NOT EXISTS(SELECT 1 FROM fragments later WHERE later.stream_id = f.stream_id
                  AND later.producer_ms = f.producer_ms AND later.sequence > f.sequence)"
            }
            _ => "",
        }
    }
}

/// Fragments whose timestamp lies in `start..=end`, in order, from after the position `after`.
pub(crate) fn in_range(
    index: &Connection,
    view: View,
    (start_ms, end_ms): (i64, i64),
    after: Position,
    limit: i64,
) -> rusqlite::Result<Vec<Fragment>> {
    let (time, table) = (view.time_column(), view.table());
    // The plus keeps SQLite from searching by the position, which is before everything at first, instead of by the range.
    let mut statement = index.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {table} WHERE stream_id = ?1 AND server_ms > ?2
         AND {time} BETWEEN ?3 AND ?4 AND (+{time} > ?5 OR (+{time} = ?5 AND sequence > ?6))
         ORDER BY {time}, sequence"
    ))?;
    let rows = statement.query_map(
        params![
            view.stream_id,
            view.expired_until_ms,
            start_ms.max(after.0),
            end_ms,
            after.0,
            after.1,
        ],
        from_row,
    )?;
    take(rows, limit, |before, next| {
        if view.is_same_place(before, next) {
            *before = *next;
            return true;
        }
        false
    })
}

/// The newest fragments, oldest of them first.
pub(crate) fn newest(
    index: &Connection,
    view: View,
    limit: i64,
) -> rusqlite::Result<Vec<Fragment>> {
    let (time, table) = (view.time_column(), view.table());
    let mut statement = index.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {table} WHERE stream_id = ?1 AND server_ms > ?2
         ORDER BY {time} DESC, sequence DESC"
    ))?;
    let rows = statement.query_map(params![view.stream_id, view.expired_until_ms], from_row)?;
    let mut found = take(rows, limit, |before, next| view.is_same_place(before, next))?;
    found.reverse();
    Ok(found)
}

/// The first fragment that holds a moment or begins after it. One that ends within the tolerance behind the moment does not hold it:
/// lengths are estimates, and what begins there is the next.
pub(crate) fn first_since(
    index: &Connection,
    view: View,
    since_ms: i64,
) -> rusqlite::Result<Option<Fragment>> {
    let (time, table) = (view.time_column(), view.table());
    index
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {table} WHERE stream_id = ?1 AND server_ms > ?2 AND {time} >= ?3
             AND ({time} >= ?4 OR {time} + length_ms > ?5) ORDER BY {time}, sequence LIMIT 1"
        ))?
        .query_row(
            params![
                view.stream_id,
                view.expired_until_ms,
                since_ms.saturating_sub(LONGEST_MS),
                since_ms,
                since_ms.saturating_add(TOLERANCE_MS),
            ],
            from_row,
        )
        .optional()
}

/// Takes as many rows as are asked for, and steps through no more than it must. `joins` says that a row belongs to the one before it.
fn take(
    rows: impl Iterator<Item = rusqlite::Result<Fragment>>,
    limit: i64,
    mut joins: impl FnMut(&mut Fragment, &Fragment) -> bool,
) -> rusqlite::Result<Vec<Fragment>> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let mut found: Vec<Fragment> = Vec::new();
    for row in rows {
        let next = row?;
        if found.last_mut().is_some_and(|before| joins(before, &next)) {
            continue;
        }
        if found.len() == limit {
            break;
        }
        found.push(next);
    }
    Ok(found)
}

/// How many fragments stand in the positions `from..to`.
pub(crate) fn count_between(
    index: &Connection,
    view: View,
    from: Position,
    to: Position,
) -> rusqlite::Result<i64> {
    let (time, unique) = (view.time_column(), view.without_duplicates());
    index
        .prepare_cached(&format!(
            "SELECT count(*) FROM fragments f WHERE stream_id = ?1 AND {time} BETWEEN ?2 AND ?4
             AND ({time} > ?2 OR sequence >= ?3) AND ({time} < ?4 OR sequence < ?5){unique}"
        ))?
        .query_row(params![view.stream_id, from.0, from.1, to.0, to.1], |row| {
            row.get(0)
        })
}

/// Finds one fragment by its whole number.
pub(crate) fn by_number(
    index: &Connection,
    view: View,
    number: FragmentNumber,
) -> rusqlite::Result<Option<Fragment>> {
    let Ok(sequence) = i64::try_from(number.sequence) else {
        return Ok(None);
    };
    if i64::try_from(number.server_ms).is_err() {
        return Ok(None);
    }
    let found = index
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM fragments WHERE stream_id = ?1 AND server_ms > ?2 AND server_ms = ?4 AND sequence = ?3"
        ))?
        .query_row(
            params![
                view.stream_id,
                view.expired_until_ms,
                sequence,
                number.server_ms
            ],
            from_row,
        )
        .optional()?;
    Ok(found.filter(|fragment| fragment.number == number))
}

/// The header with which a fragment was sent, as received.
pub(crate) fn header(index: &Connection, header_id: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    index
        .prepare_cached("SELECT bytes FROM headers WHERE id = ?1")?
        .query_row([header_id], |row| row.get(0))
        .optional()
}

/// The producer's tags that followed a fragment, as received.
pub(crate) fn tags(index: &Connection, fragment: &Fragment) -> rusqlite::Result<Vec<Vec<u8>>> {
    index
        .prepare_cached("SELECT bytes FROM fragment_tags WHERE stream_id = ?1 AND sequence = ?2 ORDER BY position")?
        .query_map(
            params_from_iter([
                fragment.stream_id,
                i64::try_from(fragment.number.sequence).unwrap_or(i64::MAX),
            ]),
            |row| row.get(0),
        )?
        .collect()
}

/// Checks that a header belongs to the stream.
pub(crate) fn header_of_stream(
    index: &Connection,
    stream_id: i64,
    header_id: i64,
) -> rusqlite::Result<Option<i64>> {
    index
        .prepare_cached("SELECT id FROM headers WHERE id = ?1 AND stream_id = ?2")?
        .query_row([header_id, stream_id], |row| row.get(0))
        .optional()
}
