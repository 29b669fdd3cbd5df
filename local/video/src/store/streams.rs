//! Rows of streams.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

/// One stream and its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub id: i64,
    pub name: String,
    pub arn: String,
    pub device_name: Option<String>,
    pub media_type: Option<String>,
    pub kms_key_id: String,
    /// Changes with every change of the settings.
    pub version: String,
    pub created_ms: i64,
    pub retention_hours: i64,
    /// `HOT` or `WARM`, as the owner said.
    pub storage_tier: String,
}

impl Stream {
    /// Fragments that arrived at this time or before are out of retention.
    pub(crate) fn expired_until(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.retention_hours.saturating_mul(3_600_000))
    }
}

const COLUMNS: &str = "id, name, arn, device_name, media_type, kms_key_id, version, created_ms, retention_hours, storage_tier";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Stream> {
    Ok(Stream {
        id: row.get(0)?,
        name: row.get(1)?,
        arn: row.get(2)?,
        device_name: row.get(3)?,
        media_type: row.get(4)?,
        kms_key_id: row.get(5)?,
        version: row.get(6)?,
        created_ms: row.get(7)?,
        retention_hours: row.get(8)?,
        storage_tier: row.get(9)?,
    })
}

pub(crate) fn by_name(index: &Connection, name: &str) -> rusqlite::Result<Option<Stream>> {
    index
        .prepare_cached(&format!("SELECT {COLUMNS} FROM streams WHERE name = ?1"))?
        .query_row([name], from_row)
        .optional()
}

pub(crate) fn by_id(index: &Connection, id: i64) -> rusqlite::Result<Option<Stream>> {
    index
        .prepare_cached(&format!("SELECT {COLUMNS} FROM streams WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

/// Lists streams in the order of their names, from after `after`, whose names begin with `prefix`.
pub(crate) fn list(
    index: &Connection,
    after: &str,
    prefix: &str,
    limit: i64,
) -> rusqlite::Result<Vec<Stream>> {
    index
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM streams WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3"
        ))?
        .query_map(params![after, prefix, limit], from_row)?
        .collect()
}

/// How many streams there are.
pub(crate) fn count(index: &Connection) -> rusqlite::Result<i64> {
    index
        .prepare_cached("SELECT count(*) FROM streams")?
        .query_row([], |row| row.get(0))
}

/// Adds a stream; its `id` is given by the table.
pub(crate) fn insert(
    index: &Connection,
    stream: &Stream,
    tags: &BTreeMap<String, String>,
) -> rusqlite::Result<()> {
    index.execute(
        "INSERT INTO streams(name, arn, device_name, media_type, kms_key_id, version, created_ms, retention_hours, tags, storage_tier)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            stream.name,
            stream.arn,
            stream.device_name,
            stream.media_type,
            stream.kms_key_id,
            stream.version,
            stream.created_ms,
            stream.retention_hours,
            serde_json::json!(tags).to_string(),
            stream.storage_tier,
        ],
    )?;
    Ok(())
}

/// Writes the settings of a stream, its new version among them, in the place of those of `version`; answers whether those were
/// there. What arrived until `erase_until_ms` is to be erased.
pub(crate) fn update(
    index: &mut Connection,
    stream: &Stream,
    version: &str,
    erase_until_ms: Option<i64>,
) -> rusqlite::Result<bool> {
    let transaction = index.transaction()?;
    let changed = transaction.execute(
        "UPDATE streams SET device_name = ?3, media_type = ?4, version = ?5, retention_hours = ?6, storage_tier = ?7
         WHERE id = ?1 AND version = ?2",
        params![
            stream.id,
            version,
            stream.device_name,
            stream.media_type,
            stream.version,
            stream.retention_hours,
            stream.storage_tier,
        ],
    )?;
    if let (1, Some(until_ms)) = (changed, erase_until_ms) {
        ask_to_erase(&transaction, stream.id, until_ms)?;
    }
    transaction.commit()?;
    Ok(changed == 1)
}

/// Removes a stream of a version, or whatever its version is; answers whether it was there. Its media are to be erased.
pub(crate) fn delete(
    index: &mut Connection,
    id: i64,
    version: Option<&str>,
) -> rusqlite::Result<bool> {
    let transaction = index.transaction()?;
    let deleted = transaction.execute(
        "DELETE FROM streams WHERE id = ?1 AND version = coalesce(?2, version)",
        params![id, version],
    )?;
    if deleted == 1 {
        ask_to_erase(&transaction, id, i64::MAX)?;
    }
    transaction.commit()?;
    Ok(deleted == 1)
}

/// Notes that what arrived in a stream until a moment is to be erased.
fn ask_to_erase(index: &Connection, id: i64, until_ms: i64) -> rusqlite::Result<()> {
    index.execute(
        "INSERT INTO erasures(stream_id, until_ms) VALUES(?1, ?2)
         ON CONFLICT(stream_id) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)",
        [id, until_ms],
    )?;
    Ok(())
}

pub(crate) fn tags(index: &Connection, id: i64) -> rusqlite::Result<BTreeMap<String, String>> {
    let text: String = index.query_row("SELECT tags FROM streams WHERE id = ?1", [id], |row| {
        row.get(0)
    })?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

pub(crate) fn set_tags(
    index: &Connection,
    id: i64,
    tags: &BTreeMap<String, String>,
) -> rusqlite::Result<()> {
    index.execute(
        "UPDATE streams SET tags = ?2 WHERE id = ?1",
        params![id, serde_json::json!(tags).to_string()],
    )?;
    Ok(())
}

/// What a new ingest session begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub first_sequence: u64,
    /// When the stream's last fragment arrived.
    pub server_ms: i64,
    pub retention_hours: i64,
}

/// Reserves the sequence numbers of a new ingest session; `None` if there is no such stream.
///
/// Every session begins about a thousand above what came before, as in the service.
pub(crate) fn reserve_sequence(
    index: &Connection,
    id: i64,
    in_use: u64,
) -> rusqlite::Result<Option<Reserved>> {
    let known: Option<(i64, i64, Option<i64>, Option<i64>)> = index
        .query_row(
            "SELECT t.next_sequence, t.retention_hours, f.sequence, f.server_ms FROM streams t LEFT JOIN fragments f ON f.stream_id = t.id
             WHERE t.id = ?1 ORDER BY f.server_ms DESC, f.sequence DESC LIMIT 1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((reserved, retention_hours, persisted, server_ms)) = known else {
        return Ok(None);
    };
    let in_use = i64::try_from(in_use).unwrap_or(i64::MAX);
    let highest = reserved.max(persisted.unwrap_or(-1)).max(in_use);
    let first = highest.saturating_add(1000);
    index.execute(
        "UPDATE streams SET next_sequence = ?2 WHERE id = ?1",
        params![id, first],
    )?;
    Ok(Some(Reserved {
        first_sequence: first.unsigned_abs(),
        server_ms: server_ms.unwrap_or(0),
        retention_hours,
    }))
}
