//! The statements that put a batch of fragments into the index, and take expired segments out of it.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::committer::{CommitOutcome, PendingFragment};
use super::segments::Place;
use crate::fragment_number::FragmentNumber;

const SEGMENTS_IN_SWEEP: i64 = 100;

/// A stream, a fragment of it, and the tags that follow that.
pub(super) type Tags = (i64, FragmentNumber, Bytes);

/// A segment whose rows are gone and whose file may go.
pub(super) struct Expired {
    pub stream_id: i64,
    pub segment_id: i64,
}

/// Takes some expired segments out of the index; none are left when the answer is empty.
pub(super) fn remove_expired(
    index: &mut Connection,
    now_ms: i64,
) -> rusqlite::Result<Vec<Expired>> {
    let transaction = index.transaction()?;
    let expired: Vec<(i64, i64, i64, i64)> = transaction
        .prepare_cached(
            "SELECT s.id, s.stream_id, s.first_server_ms, s.last_server_ms FROM streams t
             JOIN segments s ON s.stream_id = t.id AND s.last_server_ms <= ?1 - t.retention_hours * 3600000 LIMIT ?2",
        )?
        .query_map(params![now_ms, SEGMENTS_IN_SWEEP], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for &(segment_id, stream_id, first, last) in &expired {
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
    transaction.commit()?;
    let expired = expired
        .into_iter()
        .map(|(segment_id, stream_id, ..)| Expired {
            stream_id,
            segment_id,
        });
    Ok(expired.collect())
}

/// Lists where the fragments lie that arrived in a stream until a moment, in segments that hold later ones too.
pub(super) fn until(
    index: &Connection,
    stream_id: i64,
    until_ms: i64,
) -> rusqlite::Result<Vec<(i64, u64, u64)>> {
    index
        .prepare_cached(
            "SELECT f.segment_id, f.offset, f.bytes FROM fragments f JOIN segments s ON s.id = f.segment_id
             WHERE f.stream_id = ?1 AND f.server_ms <= ?2 AND s.last_server_ms > ?2",
        )?
        .query_map(params![stream_id, until_ms], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect()
}

/// Takes the fragments that arrived in a stream until a moment out of the index; returns the segments that are empty.
pub(super) fn remove_until(
    index: &mut Connection,
    stream_id: i64,
    until_ms: i64,
) -> rusqlite::Result<Vec<i64>> {
    let transaction = index.transaction()?;
    let of_stream = [stream_id, until_ms];
    transaction.execute(
        "DELETE FROM fragment_tags WHERE stream_id = ?1 AND sequence IN
         (SELECT sequence FROM fragments WHERE stream_id = ?1 AND server_ms <= ?2)",
        of_stream,
    )?;
    transaction.execute(
        "DELETE FROM fragments WHERE stream_id = ?1 AND server_ms <= ?2",
        of_stream,
    )?;
    let emptied = transaction
        .prepare_cached(
            "DELETE FROM segments WHERE stream_id = ?1 AND last_server_ms <= ?2 RETURNING id",
        )?
        .query_map(of_stream, |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    transaction.commit()?;
    Ok(emptied)
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
                "INSERT INTO fragment_tags(stream_id, sequence, position, bytes) SELECT ?1, ?2,
                 (SELECT count(*) FROM fragment_tags WHERE stream_id = ?1 AND sequence = ?2), ?3
                 WHERE EXISTS(SELECT 1 FROM fragments WHERE stream_id = ?1 AND server_ms = ?4 AND sequence = ?2)",
            )?
            .execute(params![
                stream_id,
                number.sequence,
                bytes.as_ref(),
                number.server_ms
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
    let header_id = header_id(transaction, fragment.stream_id, &fragment.header)?;
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
