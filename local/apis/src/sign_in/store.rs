//! The users of all pools as rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

const COLUMNS: &str =
    "username, subject, attributes, password_hash, status, enabled, created_ms, changed_ms";

/// What a user must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Confirmed,
    ForceChangePassword,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
        }
    }

    fn parse(text: &str) -> Self {
        if text == Self::Confirmed.name() {
            Self::Confirmed
        } else {
            Self::ForceChangePassword
        }
    }
}

/// Whether a user may sign in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Enabled,
    Disabled,
}

#[derive(Clone, Debug)]
pub(super) struct User {
    pub username: String,
    pub subject: String,
    pub attributes: BTreeMap<String, String>,
    pub password_hash: String,
    pub status: Status,
    pub access: Access,
    pub created_ms: i64,
    pub changed_ms: i64,
}

impl User {
    pub(super) fn fresh(
        username: &str,
        attributes: BTreeMap<String, String>,
        status: Status,
        now_ms: i64,
    ) -> Self {
        Self {
            username: username.to_owned(),
            subject: uuid::Uuid::new_v4().to_string(),
            attributes,
            password_hash: String::new(),
            status,
            access: Access::Enabled,
            created_ms: now_ms,
            changed_ms: now_ms,
        }
    }

    pub(super) fn email(&self) -> Option<&str> {
        self.attributes.get("email").map(String::as_str)
    }

    pub(super) fn alias(&self) -> Option<&str> {
        alias(&self.attributes)
    }
}

/// The address that the user may sign in with instead of the name: none that is known to be somebody else's.
pub(super) fn alias(attributes: &BTreeMap<String, String>) -> Option<&str> {
    let known = attributes.get("email_verified").map(String::as_str);
    let email = attributes.get("email").filter(|_| known != Some("false"));
    email.map(String::as_str)
}

/// Finds the user by username or, as the pools' alias, by e-mail address.
pub(super) fn find(
    connection: &Connection,
    pool: &str,
    name: &str,
) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users WHERE pool = ?1 AND (username = ?2 OR email = ?3) ORDER BY username = ?2 DESC LIMIT 1"
        ))?
        .query_row(params![pool, name, name.to_lowercase()], read)
        .optional()
}

/// Users in order of their names, after the given one.
pub(super) fn list(
    connection: &Connection,
    pool: &str,
    after: &str,
) -> rusqlite::Result<Vec<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users WHERE pool = ?1 AND username > ?2 ORDER BY username"
        ))?
        .query_map(params![pool, after], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let attributes: String = row.get(2)?;
    let status: String = row.get(4)?;
    Ok(User {
        username: row.get(0)?,
        subject: row.get(1)?,
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
        password_hash: row.get(3)?,
        status: Status::parse(&status),
        access: if row.get(5)? {
            Access::Enabled
        } else {
            Access::Disabled
        },
        created_ms: row.get(6)?,
        changed_ms: row.get(7)?,
    })
}

pub(super) fn insert(
    connection: &Connection,
    pool: &str,
    user: &User,
    password_hash: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO users (pool, username, subject, email, attributes, password_hash, status, enabled, created_ms, changed_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?8)",
        params![
            pool,
            user.username,
            user.subject,
            user.alias(),
            to_json(&user.attributes),
            password_hash,
            user.status.name(),
            user.created_ms
        ],
    )?;
    Ok(())
}

pub(super) fn set_password(
    connection: &Connection,
    pool: &str,
    username: &str,
    password_hash: &str,
    status: Status,
    now_ms: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET password_hash = ?3, status = ?4, changed_ms = ?5 WHERE pool = ?1 AND username = ?2",
        params![pool, username, password_hash, status.name(), now_ms],
    )?;
    Ok(())
}

pub(super) fn set_access(
    connection: &Connection,
    pool: &str,
    username: &str,
    access: Access,
    now_ms: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET enabled = ?3, changed_ms = ?4 WHERE pool = ?1 AND username = ?2",
        params![pool, username, access == Access::Enabled, now_ms],
    )?;
    Ok(())
}

pub(super) fn set_attributes(
    connection: &Connection,
    pool: &str,
    username: &str,
    attributes: &BTreeMap<String, String>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE users SET attributes = ?3, email = ?4, changed_ms = ?5 WHERE pool = ?1 AND username = ?2",
        params![pool, username, to_json(attributes), alias(attributes), now_ms],
    )?;
    Ok(())
}

pub(super) fn delete(connection: &Connection, pool: &str, username: &str) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM users WHERE pool = ?1 AND username = ?2",
        params![pool, username],
    )?;
    Ok(())
}

pub(super) fn groups(
    connection: &Connection,
    pool: &str,
    username: &str,
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT group_name FROM memberships WHERE pool = ?1 AND username = ?2 ORDER BY group_name",
        )?
        .query_map(params![pool, username], |row| row.get(0))?
        .collect()
}

pub(super) fn add_to_group(
    connection: &Connection,
    pool: &str,
    username: &str,
    group: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO memberships VALUES (?1, ?2, ?3)",
        params![pool, username, group],
    )?;
    Ok(())
}

pub(super) fn remove_from_group(
    connection: &Connection,
    pool: &str,
    username: &str,
    group: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM memberships WHERE pool = ?1 AND username = ?2 AND group_name = ?3",
        params![pool, username, group],
    )?;
    Ok(())
}

/// Maps of strings are always writable as JSON.
fn to_json(attributes: &BTreeMap<String, String>) -> String {
    serde_json::to_string(attributes).unwrap_or_else(|_| "{}".to_owned())
}
