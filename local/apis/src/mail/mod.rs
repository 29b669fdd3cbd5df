//! SES in front, a mailbox behind: every mail that would have been sent is kept and can be read.

mod api;
mod pages;

use axum::Router;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::clock::ServiceClock;
use crate::database::{ControlDatabase, DatabaseError};

const COLUMNS: &str = "id, kind, sender, recipients, subject, at_ms, text";

/// A kept mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    pub id: String,
    /// The notice's type, from the mail's `kind` tag; empty without one.
    pub kind: String,
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    /// RFC 3339 by the service clock, in Tokyo.
    pub at: String,
    pub text: String,
}

/// A mail to keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewMail {
    pub kind: String,
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
}

/// All mail. Clones share it.
#[derive(Clone)]
pub struct Mailbox {
    database: ControlDatabase,
    clock: ServiceClock,
}

impl Mailbox {
    pub(crate) fn new(database: ControlDatabase, clock: ServiceClock) -> Self {
        Self { database, clock }
    }

    /// Every mail, newest last.
    pub fn list(&self) -> Result<Vec<Mail>, DatabaseError> {
        let connection = self.database.lock();
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM mails ORDER BY number"))?;
        let mails = statement.query_map([], read)?;
        Ok(mails.collect::<Result<_, _>>()?)
    }

    /// The mail with this id.
    pub fn find(&self, id: &str) -> Result<Option<Mail>, DatabaseError> {
        let connection = self.database.lock();
        Ok(find(&connection, id)?)
    }

    pub(crate) fn keep(&self, mail: &NewMail) -> Result<String, DatabaseError> {
        let id = uuid::Uuid::new_v4().to_string();
        let recipients = serde_json::to_string(&mail.to).unwrap_or_default();
        self.database.lock().execute(
            "INSERT INTO mails (id, kind, sender, recipients, subject, text, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![id, mail.kind, mail.from, recipients, mail.subject, mail.text, self.clock.now_ms()],
        )?;
        Ok(id)
    }

    /// The pages for people: `/_local/mail.json`, `/_local/mail` and `/_local/mail/{id}`.
    pub fn router(&self) -> Router {
        pages::router(self.clone())
    }

    pub(crate) fn api_router(&self) -> Router {
        api::router(self.clone())
    }
}

fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<Mail>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM mails WHERE id = ?1"))?
        .query_row([id], read)
        .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Mail> {
    let recipients: String = row.get(3)?;
    Ok(Mail {
        id: row.get(0)?,
        kind: row.get(1)?,
        from: row.get(2)?,
        to: serde_json::from_str(&recipients).unwrap_or_default(),
        subject: row.get(4)?,
        at: tokyo(row.get(5)?),
        text: row.get(6)?,
    })
}

/// The moment in Tokyo as RFC 3339, to the second.
fn tokyo(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let zone = TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}
