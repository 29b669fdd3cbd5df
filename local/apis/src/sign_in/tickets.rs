//! One-time tickets: the authorization codes and the right to choose a new password. Only their hashes are stored.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::credentials::random_hex;
use crate::sigv4::sha256_hex;

const LIFETIME_MS: i64 = 5 * 60 * 1000;

/// What a ticket is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    NewPassword,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::NewPassword => "new-password",
        }
    }
}

/// The request that a ticket belongs to; the token endpoint checks against it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Granted {
    pub client_id: String,
    pub redirect_uri: String,
    pub scope: String,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    /// By the service clock, with which the service compares it.
    pub signed_in_seconds: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub pool: String,
    pub username: String,
    pub granted: Granted,
}

/// Stores the ticket and answers the secret that redeems it within five minutes.
pub(super) fn issue(
    connection: &Connection,
    kind: Kind,
    ticket: &Ticket,
    now_ms: i64,
) -> rusqlite::Result<String> {
    connection.execute(
        "DELETE FROM sign_in_tickets WHERE expires_ms < ?1",
        [now_ms],
    )?;
    let secret = random_hex(24);
    connection.execute(
        "INSERT INTO sign_in_tickets VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            sha256_hex(secret.as_bytes()),
            kind.name(),
            ticket.pool,
            ticket.username,
            serde_json::to_string(&ticket.granted).unwrap_or_default(),
            now_ms + LIFETIME_MS
        ],
    )?;
    Ok(secret)
}

/// Reads the ticket without using it up.
pub(super) fn peek(
    connection: &Connection,
    kind: Kind,
    secret: &str,
    now_ms: i64,
) -> rusqlite::Result<Option<Ticket>> {
    connection
        .query_row(
            "SELECT pool, username, request FROM sign_in_tickets WHERE hash = ?1 AND kind = ?2 AND expires_ms >= ?3",
            params![sha256_hex(secret.as_bytes()), kind.name(), now_ms],
            |row| {
                let granted: String = row.get(2)?;
                Ok(Ticket {
                    pool: row.get(0)?,
                    username: row.get(1)?,
                    granted: serde_json::from_str(&granted).unwrap_or_default(),
                })
            },
        )
        .optional()
}

/// Uses the ticket up: a second call with the same secret finds nothing.
pub(super) fn redeem(
    connection: &Connection,
    kind: Kind,
    secret: &str,
    now_ms: i64,
) -> rusqlite::Result<Option<Ticket>> {
    let ticket = peek(connection, kind, secret, now_ms)?;
    connection.execute(
        "DELETE FROM sign_in_tickets WHERE hash = ?1 AND kind = ?2",
        params![sha256_hex(secret.as_bytes()), kind.name()],
    )?;
    Ok(ticket)
}

/// Takes back every ticket of the user.
pub(super) fn revoke(connection: &Connection, pool: &str, username: &str) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM sign_in_tickets WHERE pool = ?1 AND username = ?2",
        params![pool, username],
    )?;
    Ok(())
}
