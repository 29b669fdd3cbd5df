//! SQS standard queues, durable in SQLite: visibility timeouts, delays, long polling and redrive.
//!
//! Timeouts and delays run on real time, because the functions that hold a message do; stamps follow the service clock.
//! Messages are kept until they are deleted: the retention period is stored and shown, but nothing expires here.

mod api;
mod attributes;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::ServiceClock;
use crate::database::{ControlDatabase, DatabaseError};
use crate::{ACCOUNT_ID, REGION};

use attributes::QueueSettings;

/// Why a queue operation is refused.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("the queue '{0}' does not exist")]
    NoSuchQueue(String),
    #[error("the receipt handle is not one of this queue")]
    InvalidReceipt,
    #[error("the message is not in flight")]
    NotInFlight,
    #[error("unknown attribute {0}")]
    InvalidAttribute(String),
    #[error("{0}")]
    InvalidValue(String),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A received message.
#[derive(Clone, Debug)]
pub struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
    pub md5_of_body: String,
    /// System attributes by their SQS names, such as `ApproximateReceiveCount`.
    pub attributes: BTreeMap<String, String>,
    /// The sender's own attributes in the JSON form of SendMessage.
    pub message_attributes: Map<String, Value>,
}

/// A message to send.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    pub body: String,
    pub delay: Option<Duration>,
    pub message_attributes: Map<String, Value>,
    pub sender: String,
}

/// How many messages stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

/// All queues of the account. Clones share them.
#[derive(Clone)]
pub struct Queues {
    database: ControlDatabase,
    clock: ServiceClock,
    base_url: Arc<str>,
    bells: Arc<Mutex<HashMap<String, Arc<Notify>>>>,
}

impl Queues {
    pub(crate) fn new(database: ControlDatabase, clock: ServiceClock, base_url: &str) -> Self {
        Self {
            database,
            clock,
            base_url: base_url.trim_end_matches('/').into(),
            bells: Arc::default(),
        }
    }

    /// Creates the queue, or gives an existing one these attributes (SQS names, values as strings).
    pub fn ensure(
        &self,
        name: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), QueueError> {
        attributes::check_name(name)?;
        QueueSettings::parse(attributes)?;
        store::upsert_queue(&self.database.lock(), name, attributes, self.clock.now_ms())
    }

    /// The names of all queues, in order.
    pub fn names(&self) -> Result<Vec<String>, QueueError> {
        store::names(&self.database.lock())
    }

    pub fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT_ID}/{name}", self.base_url)
    }

    pub fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}")
    }

    /// Stores the message and answers its id.
    pub fn send(&self, queue: &str, message: Outgoing) -> Result<String, QueueError> {
        let now = self.times();
        let message_id = {
            let connection = self.database.lock();
            let settings = store::settings(&connection, queue)?;
            store::insert(&connection, queue, &settings, &message, now)?
        };
        self.ring(queue);
        Ok(message_id)
    }

    /// Takes up to `max` visible messages, waiting up to `wait` for the first. `visibility` overrides the queue's timeout.
    pub async fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let deadline = Instant::now() + wait;
        loop {
            let bell = self.bell(queue);
            let rings = bell.notified();
            tokio::pin!(rings);
            // The bell is armed before the look, so that a message sent between look and wait is not missed.
            rings.as_mut().enable();
            let now = self.times();
            let messages = self.take(queue, max, visibility, now)?;
            if !messages.is_empty() || Instant::now() >= deadline {
                return Ok(messages);
            }
            let pause = self.until_next_visible(queue, now.real_ms)?;
            let wake = deadline.min(Instant::now() + pause);
            let _ = tokio::time::timeout_at(wake, rings).await;
        }
    }

    /// Returns when a message of the queue can be received; does not take it.
    pub async fn wait_for_message(&self, queue: &str) -> Result<(), QueueError> {
        loop {
            let bell = self.bell(queue);
            let rings = bell.notified();
            tokio::pin!(rings);
            rings.as_mut().enable();
            let now_ms = self.clock.real_now_ms();
            if self.depth_at(queue, now_ms)?.visible > 0 {
                return Ok(());
            }
            let pause = self.until_next_visible(queue, now_ms)?;
            let _ = tokio::time::timeout(pause, rings).await;
        }
    }

    fn take(
        &self,
        queue: &str,
        max: usize,
        visibility: Option<Duration>,
        now: store::Times,
    ) -> Result<Vec<Message>, QueueError> {
        let (messages, moved_to) = {
            let mut connection = self.database.lock();
            let settings = store::settings(&connection, queue)?;
            store::take(&mut connection, queue, &settings, max, visibility, now)?
        };
        if let Some(dead_letters) = moved_to {
            self.ring(&dead_letters);
        }
        Ok(messages)
    }

    /// Deletes a received message; an outdated receipt deletes nothing and is no error, as in SQS.
    pub fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), QueueError> {
        let connection = self.database.lock();
        store::settings(&connection, queue)?;
        store::delete(&connection, queue, receipt_handle)
    }

    /// Sets how long the received message stays hidden from now on.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt_handle: &str,
        timeout: Duration,
    ) -> Result<(), QueueError> {
        let visible_ms = self.clock.real_now_ms() + millis(timeout);
        {
            let connection = self.database.lock();
            store::settings(&connection, queue)?;
            store::change_visibility(
                &connection,
                queue,
                receipt_handle,
                visible_ms,
                self.clock.real_now_ms(),
            )?;
        }
        self.ring(queue);
        Ok(())
    }

    /// Settles the messages of a batch, by receipt, in one transaction. An outdated receipt changes nothing, as when the
    /// work took longer than the message was hidden.
    pub fn settle(&self, queue: &str, batch: &[(&str, Settled)]) -> Result<(), QueueError> {
        let now_ms = self.clock.real_now_ms();
        {
            let mut connection = self.database.lock();
            let transaction = connection.transaction()?;
            for (receipt, settled) in batch {
                match settled {
                    Settled::Done => store::delete(&transaction, queue, receipt)?,
                    Settled::Back(pause) => {
                        let visible_ms = now_ms + millis(*pause);
                        let changed = store::change_visibility(
                            &transaction,
                            queue,
                            receipt,
                            visible_ms,
                            now_ms,
                        );
                        match changed {
                            Ok(()) | Err(QueueError::NotInFlight) => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
            }
            transaction.commit()?;
        }
        if batch.iter().any(|(_, settled)| *settled != Settled::Done) {
            self.ring(queue);
        }
        Ok(())
    }

    /// Gives a received message back at once, as when its batch failed.
    pub fn make_visible(&self, queue: &str, receipt_handle: &str) -> Result<(), QueueError> {
        self.change_visibility(queue, receipt_handle, Duration::ZERO)
    }

    /// Gives all messages of a queue back that its functions held when the cloud was stopped: those functions ended with it.
    pub fn give_back(&self, queue: &str) -> Result<(), QueueError> {
        let given = {
            let connection = self.database.lock();
            store::settings(&connection, queue)?;
            store::give_back(&connection, queue, self.clock.real_now_ms())?
        };
        if given > 0 {
            self.ring(queue);
        }
        Ok(())
    }

    pub fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        self.depth_at(queue, self.clock.real_now_ms())
    }

    /// Tells whether any of these queues has a message that is visible or in flight.
    pub fn has_work(&self, queues: &[String]) -> Result<bool, QueueError> {
        store::has_work(&self.database.lock(), queues, self.clock.real_now_ms())
    }

    fn depth_at(&self, queue: &str, now_ms: i64) -> Result<Depth, QueueError> {
        let connection = self.database.lock();
        store::settings(&connection, queue)?;
        store::depth(&connection, queue, now_ms)
    }

    /// Deletes every message of the queue.
    pub fn purge(&self, queue: &str) -> Result<(), QueueError> {
        let connection = self.database.lock();
        store::settings(&connection, queue)?;
        store::purge(&connection, queue)
    }

    pub(crate) fn router(&self) -> Router {
        api::router(self.clone())
    }

    /// How long until a message appears that was hidden at `now_ms`; without one, a minute, after which the caller looks again.
    ///
    /// `now_ms` is the moment of the caller's own look: at a later one, a message that has just appeared would be overlooked.
    fn until_next_visible(&self, queue: &str, now_ms: i64) -> Result<Duration, QueueError> {
        let next = store::next_visible_ms(&self.database.lock(), queue, now_ms)?;
        let pause_ms = next.map_or(60_000, |at_ms| (at_ms - now_ms).clamp(1, 60_000));
        Ok(Duration::from_millis(u64::try_from(pause_ms).unwrap_or(1)))
    }

    fn times(&self) -> store::Times {
        store::Times {
            real_ms: self.clock.real_now_ms(),
            service_ms: self.clock.now_ms(),
        }
    }

    fn bell(&self, queue: &str) -> Arc<Notify> {
        let mut bells = self
            .bells
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        bells.entry(queue.to_owned()).or_default().clone()
    }

    fn ring(&self, queue: &str) {
        self.bell(queue).notify_waiters();
    }
}

/// What a worker of a queue did with one message that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// Comes back after this long.
    Back(Duration),
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_message_that_appears_just_after_the_look_is_not_waited_for_in_vain() {
        let directory = tempfile::tempdir().unwrap();
        let database = ControlDatabase::open(&directory.path().join("control.db")).unwrap();
        let clock = ServiceClock::open(directory.path(), None).unwrap();
        let queues = Queues::new(database, clock, "http://127.0.0.1:4566");
        queues.ensure("work", &BTreeMap::new()).unwrap();
        let body = "{}".to_owned();
        queues
            .send(
                "work",
                Outgoing {
                    body,
                    ..Outgoing::default()
                },
            )
            .unwrap();
        // The look was a moment before the message appeared; the question of how long to wait comes after.
        let look_ms = queues.clock.real_now_ms() - 5;
        let sent = store::next_visible_ms(&queues.database.lock(), "work", look_ms).unwrap();
        let pause = queues.until_next_visible("work", look_ms).unwrap();
        assert_eq!(millis(pause), sent.unwrap() - look_ms);
    }
}
