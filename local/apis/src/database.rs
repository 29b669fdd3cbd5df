//! The one SQLite file behind queues, mail, sign-in, things and credentials.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::Connection;

/// A file that cannot be opened, or a statement that failed.
#[derive(Debug, thiserror::Error)]
#[error("the control database failed: {0}")]
pub struct DatabaseError(#[from] rusqlite::Error);

/// A handle to the file. Clones share one connection: statements take well under a millisecond, so no pool is needed.
#[derive(Clone)]
pub(crate) struct ControlDatabase {
    connection: Arc<Mutex<Connection>>,
}

impl ControlDatabase {
    /// Opens or creates the file with every table.
    pub(crate) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // With a write-ahead log, NORMAL loses nothing when the process is killed; only a cut of power may take the last
        // commits, which a stand-in on a developer's machine may lose.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// The connection, for one short piece of work that never awaits.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in another holder rolled its transaction back, so the connection itself is sound.
        self.connection
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS credentials (
    access_key_id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    session_token TEXT NOT NULL,
    name TEXT NOT NULL,
    stream TEXT,
    expires_ms INTEGER
);
CREATE TABLE IF NOT EXISTS queues (
    name TEXT PRIMARY KEY,
    attributes TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queues(name) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    message_attributes TEXT NOT NULL,
    sender TEXT NOT NULL,
    sent_ms INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    first_received_ms INTEGER,
    receipt TEXT,
    source_queue TEXT
);
CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages(queue, visible_ms);
CREATE TABLE IF NOT EXISTS mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS mail_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS users (
    pool TEXT NOT NULL,
    username TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    attributes TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (pool, username)
);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_email ON users(pool, email);
CREATE TABLE IF NOT EXISTS memberships (
    pool TEXT NOT NULL,
    username TEXT NOT NULL,
    group_name TEXT NOT NULL,
    PRIMARY KEY (pool, username, group_name),
    FOREIGN KEY (pool, username) REFERENCES users(pool, username) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS sign_in_failures (
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    failures INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (pool, name)
);
CREATE TABLE IF NOT EXISTS sign_in_tickets (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    pool TEXT NOT NULL,
    username TEXT NOT NULL,
    request TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS things (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    attributes TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS certificates (
    id TEXT PRIMARY KEY,
    pem TEXT NOT NULL,
    status TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS thing_principals (
    thing TEXT NOT NULL REFERENCES things(name),
    certificate TEXT NOT NULL REFERENCES certificates(id),
    PRIMARY KEY (thing, certificate)
);
CREATE TABLE IF NOT EXISTS policies (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS policy_targets (
    policy TEXT NOT NULL REFERENCES policies(name),
    certificate TEXT NOT NULL REFERENCES certificates(id),
    PRIMARY KEY (policy, certificate)
);
CREATE TABLE IF NOT EXISTS role_aliases (
    alias TEXT PRIMARY KEY,
    role_arn TEXT NOT NULL,
    duration_seconds INTEGER NOT NULL
);
";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Without .cargo/config.toml the embedded DynamoDB, whose connection cannot be set up, waits for the disk at every commit.
    #[test]
    fn sqlite_is_compiled_for_one_writer_that_does_not_wait_for_the_disk() {
        let connection = Connection::open_in_memory().unwrap();
        let mut options = connection.prepare("PRAGMA compile_options").unwrap();
        let options = options.query_map([], |row| row.get(0)).unwrap();
        let options: Vec<String> = options.collect::<Result<_, _>>().unwrap();
        for wanted in ["DEFAULT_WAL_SYNCHRONOUS=1", "DEFAULT_CACHE_SIZE=-16000"] {
            assert!(options.iter().any(|option| option == wanted), "{wanted}");
        }
    }
}
