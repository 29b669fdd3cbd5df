//! SES in front, a mailbox behind: every mail that would have been sent is kept and can be read.

mod api;
mod fate;
mod pages;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use fate::Taken;
pub use fate::{DELIVERY_TAKES, EventKind, Fate};

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
    /// What becomes of it.
    pub state: Fate,
}

/// An event of a mail that the bus has not handed out yet.
#[derive(Clone, Debug, PartialEq)]
pub struct MailEvent {
    /// Rises with every event.
    pub number: i64,
    pub event: Value,
}

/// A mail to keep.
#[derive(Clone, Debug, Default)]
pub struct NewMail {
    pub kind: String,
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub tags: Vec<(String, String)>,
    /// Under which set it was sent; without one nothing is told of it.
    pub configuration_set: Option<String>,
}

/// Why a mail is not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("there is no configuration set {0}")]
    NoSuchSet(String),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<rusqlite::Error> for KeepError {
    fn from(error: rusqlite::Error) -> Self {
        KeepError::Database(error.into())
    }
}

/// All mail. Clones share it.
#[derive(Clone)]
pub struct Mailbox {
    database: ControlDatabase,
    clock: ServiceClock,
    /// The configuration sets, and what each tells the event bus.
    sets: Arc<Mutex<BTreeMap<String, Vec<EventKind>>>>,
    told: Arc<Notify>,
}

impl Mailbox {
    pub(crate) fn new(database: ControlDatabase, clock: ServiceClock) -> Self {
        Self {
            database,
            clock,
            sets: Arc::default(),
            told: Arc::default(),
        }
    }

    /// Provides a configuration set that tells the event bus these kinds of events.
    pub fn ensure_configuration_set(&self, name: &str, kinds: Vec<EventKind>) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.insert(name.to_owned(), kinds);
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

    /// Keeps a mail together with the events that tell its fate.
    pub fn keep(&self, mail: &NewMail) -> Result<String, KeepError> {
        let id = uuid::Uuid::new_v4().to_string();
        let at = self.clock.now();
        let events = match &mail.configuration_set {
            Some(set) => {
                let taken = Taken {
                    mail,
                    id: &id,
                    set,
                    at,
                };
                taken.events(&self.kinds(set)?)
            }
            None => Vec::new(),
        };
        let recipients = serde_json::to_string(&mail.to).unwrap_or_default();
        let mut connection = self.database.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "INSERT INTO mails (id, kind, sender, recipients, subject, text, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![id, mail.kind, mail.from, recipients, mail.subject, mail.text, at.as_millisecond()],
        )?;
        for event in events {
            transaction.execute(
                "INSERT INTO mail_events (event) VALUES (?1)",
                [event.to_string()],
            )?;
        }
        transaction.commit()?;
        self.told.notify_one();
        Ok(id)
    }

    fn kinds(&self, set: &str) -> Result<Vec<EventKind>, KeepError> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let kinds = sets.get(set).cloned();
        kinds.ok_or_else(|| KeepError::NoSuchSet(set.to_owned()))
    }

    /// Waits for events beyond a number, oldest first. They stay until they are forgotten, so a restart tells them again.
    /// For one reader.
    pub async fn events_after(&self, number: i64) -> Result<Vec<MailEvent>, DatabaseError> {
        loop {
            let events = self.waiting_after(number)?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.told.notified().await;
        }
    }

    fn waiting_after(&self, number: i64) -> Result<Vec<MailEvent>, DatabaseError> {
        let connection = self.database.lock();
        let mut statement = connection.prepare_cached(
            "SELECT number, event FROM mail_events WHERE number > ?1 ORDER BY number",
        )?;
        let events = statement.query_map([number], |row| {
            let event: String = row.get(1)?;
            Ok(MailEvent {
                number: row.get(0)?,
                event: serde_json::from_str(&event).unwrap_or_default(),
            })
        })?;
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// How many events are still to be handed out, or are being.
    pub fn events_waiting(&self) -> Result<u64, DatabaseError> {
        let connection = self.database.lock();
        let mut statement = connection.prepare_cached("SELECT COUNT(*) FROM mail_events")?;
        let count: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Ends an event whose functions have run.
    pub fn forget_event(&self, number: i64) -> Result<(), DatabaseError> {
        let connection = self.database.lock();
        connection.execute("DELETE FROM mail_events WHERE number = ?1", [number])?;
        Ok(())
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
    let to: Vec<String> = serde_json::from_str(&recipients).unwrap_or_default();
    Ok(Mail {
        id: row.get(0)?,
        kind: row.get(1)?,
        from: row.get(2)?,
        state: Fate::of_all(&to),
        to,
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
