//! The statements that put a batch of fragments into the index, and take expired segments out of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Params, Transaction, params};

use super::committer::{CommitOutcome, PendingFragment};
use super::fragments::checksum;
use super::segments::Place;
use crate::fragment_number::FragmentNumber;

/// Rows of so many segments go in one transaction, so that nobody else waits long for the index.
const SEGMENTS_AT_ONCE: i64 = 20;

/// A stream, a fragment of it, and the tags that follow that.
pub(super) type Tags = (i64, FragmentNumber, Bytes);

/// A segment whose rows are gone and whose file may go.
pub(super) struct Expired {
    pub stream_id: i64,
    pub segment_id: i64,
}

/// What was asked to be erased: all that arrived in a stream until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Erasure {
    pub stream_id: i64,
    pub until_ms: i64,
}

/// A piece of a segment's file.
pub(super) struct Stretch {
    pub offset: u64,
    pub bytes: u64,
}

/// Takes some expired segments out of the index; none are left when the answer is empty.
pub(super) fn remove_expired(
    index: &mut Connection,
    now_ms: i64,
) -> rusqlite::Result<Vec<Expired>> {
    remove_segments(
        index,
        "SELECT s.id, s.stream_id, s.first_server_ms, s.last_server_ms FROM streams t
         JOIN segments s ON s.stream_id = t.id AND s.last_server_ms <= ?1 - t.retention_hours * 3600000 LIMIT ?2",
        params![now_ms, SEGMENTS_AT_ONCE],
    )
}

/// Takes some segments that hold nothing but what is to be erased out of the index; none are left when the answer is empty.
pub(super) fn remove_erased(
    index: &mut Connection,
    erasure: Erasure,
) -> rusqlite::Result<Vec<Expired>> {
    remove_segments(
        index,
        "SELECT id, stream_id, first_server_ms, last_server_ms FROM segments
         WHERE stream_id = ?1 AND last_server_ms <= ?2 LIMIT ?3",
        params![erasure.stream_id, erasure.until_ms, SEGMENTS_AT_ONCE],
    )
}

/// Removes the rows of segments that a query names, and of headers that nothing needs any longer.
fn remove_segments(
    index: &mut Connection,
    query: &str,
    asked: impl Params,
) -> rusqlite::Result<Vec<Expired>> {
    let transaction = index.transaction()?;
    let found: Vec<(i64, i64, i64, i64)> = transaction
        .prepare_cached(query)?
        .query_map(asked, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for &(segment_id, stream_id, first, last) in &found {
        let of_segment = [stream_id, first, last, segment_id];
        transaction
            .prepare_cached(
                "DELETE FROM fragment_tags WHERE stream_id = ?1 AND sequence IN (SELECT sequence FROM fragments
                 WHERE stream_id = ?1 AND server_ms BETWEEN ?2 AND ?3 AND segment_id = ?4)",
            )?
            .execute(of_segment)?;
        transaction
            .prepare_cached(
                "DELETE FROM fragments WHERE stream_id = ?1 AND server_ms BETWEEN ?2 AND ?3 AND segment_id = ?4",
            )?
            .execute(of_segment)?;
        transaction
            .prepare_cached("DELETE FROM segments WHERE id = ?1")?
            .execute([segment_id])?;
    }
    let streams: BTreeSet<i64> = found.iter().map(|&(_, stream_id, ..)| stream_id).collect();
    for stream_id in streams {
        remove_headers(&transaction, stream_id)?;
    }
    transaction.commit()?;
    let expired = found
        .into_iter()
        .map(|(segment_id, stream_id, ..)| Expired {
            stream_id,
            segment_id,
        });
    Ok(expired.collect())
}

/// Removes the headers whose last fragment came before every one that is there: time never falls within a stream.
fn remove_headers(transaction: &Transaction<'_>, stream_id: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM headers WHERE stream_id = ?1 AND last_server_ms <
             coalesce((SELECT min(server_ms) FROM fragments WHERE stream_id = ?1), 9223372036854775807)",
        )?
        .execute([stream_id])?;
    Ok(())
}

/// The erasures that were asked for and are not done, of one stream or of all.
pub(super) fn erasures(
    index: &Connection,
    stream_id: Option<i64>,
) -> rusqlite::Result<Vec<Erasure>> {
    index
        .prepare_cached(
            "SELECT stream_id, until_ms FROM erasures WHERE ?1 IS NULL OR stream_id = ?1",
        )?
        .query_map([stream_id], |row| {
            Ok(Erasure {
                stream_id: row.get(0)?,
                until_ms: row.get(1)?,
            })
        })?
        .collect()
}

/// Lists where the fragments lie that are to be erased from segments that hold later ones too, by segment.
pub(super) fn to_blank(
    index: &Connection,
    erasure: Erasure,
) -> rusqlite::Result<BTreeMap<i64, Vec<Stretch>>> {
    let mut statement = index.prepare_cached(
        "SELECT segment_id, offset, bytes FROM fragments WHERE stream_id = ?1 AND server_ms <= ?2",
    )?;
    let mut rows = statement.query([erasure.stream_id, erasure.until_ms])?;
    let mut found: BTreeMap<i64, Vec<Stretch>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(0)?).or_default().push(Stretch {
            offset: row.get(1)?,
            bytes: row.get(2)?,
        });
    }
    Ok(found)
}

/// Takes what was erased out of the index, and the erasure with it, unless more was asked for meanwhile.
pub(super) fn finish_erasure(index: &mut Connection, erasure: Erasure) -> rusqlite::Result<()> {
    let transaction = index.transaction()?;
    let asked = [erasure.stream_id, erasure.until_ms];
    transaction.execute(
        "DELETE FROM fragment_tags WHERE stream_id = ?1 AND sequence IN
         (SELECT sequence FROM fragments WHERE stream_id = ?1 AND server_ms <= ?2)",
        asked,
    )?;
    transaction.execute(
        "DELETE FROM fragments WHERE stream_id = ?1 AND server_ms <= ?2",
        asked,
    )?;
    remove_headers(&transaction, erasure.stream_id)?;
    transaction.execute(
        "DELETE FROM erasures WHERE stream_id = ?1 AND until_ms = ?2",
        asked,
    )?;
    transaction.commit()
}

pub(super) fn stream_exists(index: &Connection, stream_id: i64) -> bool {
    index
        .prepare_cached("SELECT 1 FROM streams WHERE id = ?1")
        .and_then(|mut statement| statement.exists([stream_id]))
        .unwrap_or(false)
}

/// Inserts the rows of a batch in one transaction; a stream that was deleted since is left out.
pub(super) fn insert(
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
    for (stream_id, number, bytes) in tags {
        transaction
            .prepare_cached(
                "INSERT INTO fragment_tags(stream_id, sequence, position, bytes, checksum) SELECT ?1, ?2,
                 (SELECT count(*) FROM fragment_tags WHERE stream_id = ?1 AND sequence = ?2), ?3, ?5
                 WHERE EXISTS(SELECT 1 FROM fragments WHERE stream_id = ?1 AND server_ms = ?4 AND sequence = ?2)",
            )?
            .execute(params![
                stream_id,
                number.sequence,
                bytes.as_ref(),
                number.server_ms,
                checksum(bytes),
            ])?;
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn insert_fragment(
    transaction: &Transaction<'_>,
    fragment: &PendingFragment,
    place: &Place,
) -> rusqlite::Result<()> {
    let header_id = header_id(transaction, fragment)?;
    let number = fragment.number;
    transaction
        .prepare_cached(
            "INSERT INTO fragments(stream_id, sequence, server_ms, random, producer_ms, start_ms, length_ms, frames, header_id, segment_id, offset, bytes, checksum)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            fragment.stream_id,
            number.sequence,
            number.server_ms,
            number.random,
            fragment.producer_ms,
            fragment.producer_ms.wrapping_sub(fragment.timecode_ms),
            fragment.length_ms,
            fragment.frames,
            header_id,
            place.segment_id,
            place.offset,
            place.bytes,
            fragment.checksum,
        ])?;
    transaction
        .prepare_cached(
            "INSERT INTO segments(id, stream_id, first_server_ms, last_server_ms, bytes)
             VALUES(?1, ?2, ?3, ?3, ?4) ON CONFLICT(id) DO UPDATE SET
             last_server_ms = max(last_server_ms, ?3), bytes = max(bytes, ?4)",
        )?
        .execute(params![
            place.segment_id,
            fragment.stream_id,
            number.server_ms,
            place.offset + place.bytes,
        ])?;
    Ok(())
}

/// Finds or adds the header of a fragment, and notes when the fragment came.
fn header_id(transaction: &Transaction<'_>, fragment: &PendingFragment) -> rusqlite::Result<i64> {
    let (header, server_ms) = (fragment.header.as_ref(), fragment.number.server_ms);
    let known: Option<i64> = transaction
        .prepare_cached(
            "UPDATE headers SET last_server_ms = max(last_server_ms, ?4)
             WHERE stream_id = ?1 AND checksum = ?2 AND bytes = ?3 RETURNING id",
        )?
        .query_row(
            params![fragment.stream_id, checksum(header), header, server_ms],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    transaction.execute(
        "INSERT INTO headers(stream_id, bytes, checksum, last_server_ms) VALUES(?1, ?2, ?3, ?4)",
        params![fragment.stream_id, header, checksum(header), server_ms],
    )?;
    Ok(transaction.last_insert_rowid())
}
