//! The index beside the media: which streams there are, and where each fragment lies.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

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
    tags TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS headers(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_id INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE(stream_id, bytes)
);
CREATE TABLE IF NOT EXISTS segments(
    id INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    first_server_ms INTEGER NOT NULL,
    last_server_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS segments_of_stream ON segments(stream_id, last_server_ms);
CREATE TABLE IF NOT EXISTS fragments(
    stream_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    server_ms INTEGER NOT NULL,
    random INTEGER NOT NULL,
    producer_ms INTEGER NOT NULL,
    timecode_ms INTEGER NOT NULL,
    length_ms INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    header_id INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY(stream_id, sequence)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fragments_by_producer ON fragments(stream_id, producer_ms, sequence);
CREATE INDEX IF NOT EXISTS fragments_by_server ON fragments(stream_id, server_ms, sequence);
CREATE TABLE IF NOT EXISTS fragment_tags(
    stream_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY(stream_id, sequence, position)
) WITHOUT ROWID;
PRAGMA user_version = 1;
";

/// Opens the connection that writes, and makes the tables.
pub(super) fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A fragment is acknowledged as persisted once its row is committed, so the commit itself must reach the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -4096)?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
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
