//! The index beside the media: which streams there are, and where each fragment lies.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::fragments::checksum;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS streams(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL,
    device_name TEXT,
    media_type TEXT,
    kms_key_id TEXT NOT NULL,
    version TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    retention_hours INTEGER NOT NULL,
    next_sequence INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '{}',
    storage_tier TEXT NOT NULL DEFAULT 'HOT'
);
CREATE TABLE IF NOT EXISTS headers(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_id INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    checksum INTEGER NOT NULL, -- CRC-32 of the bytes
    last_server_ms INTEGER NOT NULL -- when its last fragment arrived
);
CREATE INDEX IF NOT EXISTS headers_of_stream ON headers(stream_id, checksum);
CREATE TABLE IF NOT EXISTS erasures( -- asked for and not done yet
    stream_id INTEGER PRIMARY KEY,
    until_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS segments(
    id INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    first_server_ms INTEGER NOT NULL,
    last_server_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS segments_of_stream ON segments(stream_id, last_server_ms);
CREATE TABLE IF NOT EXISTS fragments(
    stream_id INTEGER NOT NULL,
    server_ms INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    random INTEGER NOT NULL,
    producer_ms INTEGER NOT NULL,
    start_ms INTEGER NOT NULL, -- producer_ms less the cluster's own timecode, so nothing where that is absolute
    length_ms INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    header_id INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    checksum INTEGER, -- CRC-32 of the bytes; unknown for what arrived before it was kept
    PRIMARY KEY(stream_id, server_ms, sequence)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fragments_by_producer ON fragments(stream_id, producer_ms, sequence);
CREATE TABLE IF NOT EXISTS fragment_tags(
    stream_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    checksum INTEGER, -- CRC-32 of the bytes; unknown for what arrived before it was kept
    PRIMARY KEY(stream_id, sequence, position)
) WITHOUT ROWID;
PRAGMA user_version = 3;
";

/// The version of [`SCHEMA`].
pub(super) const VERSION: i64 = 3;

/// Takes the tables of version 1 out of the way, and afterwards over.
const BEFORE_2: &str = "
DROP INDEX fragments_by_producer;
DROP INDEX fragments_by_server;
ALTER TABLE fragments RENAME TO fragments_1;
ALTER TABLE streams ADD COLUMN storage_tier TEXT NOT NULL DEFAULT 'HOT';
ALTER TABLE segments DROP COLUMN first_sequence;
ALTER TABLE segments DROP COLUMN last_sequence;
";
const INTO_2: &str = "
INSERT INTO fragments SELECT stream_id, server_ms, sequence, random, producer_ms, producer_ms - timecode_ms,
    length_ms, frames, header_id, segment_id, offset, bytes, NULL FROM fragments_1;
DROP TABLE fragments_1;
";

/// Takes the headers of version 2 out of the way, and afterwards over.
const BEFORE_3: &str = "
ALTER TABLE headers RENAME TO headers_2;
ALTER TABLE fragment_tags ADD COLUMN checksum INTEGER;
";
const INTO_3: &str = "
INSERT INTO headers SELECT h.id, h.stream_id, h.bytes, 0, coalesce(max(f.server_ms), 0)
    FROM headers_2 h LEFT JOIN fragments f ON f.stream_id = h.stream_id AND f.header_id = h.id GROUP BY h.id;
DROP TABLE headers_2;
";

/// Opens the connection that writes, and makes the tables.
pub(super) fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A fragment is acknowledged as persisted once its row is committed, so the commit itself must reach the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -4096)?;
    let transaction = connection.transaction()?;
    let before = version(&transaction)?;
    let is_from = |version| (1..=version).contains(&before);
    if is_from(1) {
        transaction.execute_batch(BEFORE_2)?;
    }
    if is_from(2) {
        transaction.execute_batch(BEFORE_3)?;
    }
    transaction.execute_batch(SCHEMA)?;
    if is_from(1) {
        transaction.execute_batch(INTO_2)?;
    }
    if is_from(2) {
        transaction.execute_batch(INTO_3)?;
        add_checksums(&transaction)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Headers are found by their checksum, which version 2 did not keep.
fn add_checksums(index: &Connection) -> rusqlite::Result<()> {
    let mut headers = index.prepare("SELECT id, bytes FROM headers")?;
    let mut headers = headers.query([])?;
    while let Some(header) = headers.next()? {
        let (id, bytes): (i64, Vec<u8>) = (header.get(0)?, header.get(1)?);
        index.execute(
            "UPDATE headers SET checksum = ?2 WHERE id = ?1",
            params![id, checksum(&bytes)],
        )?;
    }
    Ok(())
}

/// Tells which tables an index has: 0 when it has none.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "cache_size", -1024)?;
    Ok(connection)
}
