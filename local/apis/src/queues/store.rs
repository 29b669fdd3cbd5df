//! The rows behind the queues: who holds which message until when.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::{Map, json};

use super::attributes::{QueueSettings, md5_of_body};
use super::{Depth, Message, Outgoing, QueueError, millis};
use crate::credentials::random_hex;
use crate::{ACCOUNT_ID, REGION};

/// Both times of one moment, in milliseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub real_ms: i64,
    pub service_ms: i64,
}

pub(super) fn upsert_queue(
    connection: &Connection,
    name: &str,
    attributes: &BTreeMap<String, String>,
    now_ms: i64,
) -> Result<(), QueueError> {
    let attributes = to_json(attributes);
    connection.execute(
        "INSERT INTO queues VALUES (?1, ?2, ?3) ON CONFLICT(name) DO UPDATE SET attributes = excluded.attributes",
        params![name, attributes, now_ms],
    )?;
    Ok(())
}

pub(super) fn delete_queue(connection: &Connection, name: &str) -> Result<(), QueueError> {
    connection.execute("DELETE FROM queues WHERE name = ?1", [name])?;
    Ok(())
}

pub(super) fn names(connection: &Connection) -> Result<Vec<String>, QueueError> {
    let mut statement = connection.prepare_cached("SELECT name FROM queues ORDER BY name")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The attributes as they were given, and the time of creation.
pub(super) fn attributes(
    connection: &Connection,
    queue: &str,
) -> Result<(BTreeMap<String, String>, i64), QueueError> {
    let row: Option<(String, i64)> = connection
        .prepare_cached("SELECT attributes, created_ms FROM queues WHERE name = ?1")?
        .query_row([queue], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (attributes, created_ms) = row.ok_or_else(|| QueueError::NoSuchQueue(queue.to_owned()))?;
    Ok((
        serde_json::from_str(&attributes).unwrap_or_default(),
        created_ms,
    ))
}

pub(super) fn settings(connection: &Connection, queue: &str) -> Result<QueueSettings, QueueError> {
    QueueSettings::parse(&attributes(connection, queue)?.0)
}

pub(super) fn insert(
    connection: &Connection,
    queue: &str,
    settings: &QueueSettings,
    message: &Outgoing,
    now: Times,
) -> Result<String, QueueError> {
    if message.body.is_empty() {
        return Err(QueueError::InvalidValue(
            "The request must contain the parameter MessageBody.".to_owned(),
        ));
    }
    if message.body.len() > settings.maximum_bytes {
        return Err(QueueError::InvalidValue(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
            settings.maximum_bytes
        )));
    }
    let message_id = uuid::Uuid::new_v4().to_string();
    let visible_ms = now.real_ms + millis(message.delay.unwrap_or(settings.delay));
    connection
        .prepare_cached(
            "INSERT INTO messages (queue, message_id, body, message_attributes, sender, sent_ms, visible_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            queue,
            message_id,
            message.body,
            to_json(&message.message_attributes),
            message.sender,
            now.service_ms,
            visible_ms
        ])?;
    Ok(message_id)
}

/// Takes visible messages; those received too often move to the dead-letter queue, whose name is answered then.
pub(super) fn take(
    connection: &mut Connection,
    queue: &str,
    settings: &QueueSettings,
    max: usize,
    visibility: Option<Duration>,
    now: Times,
) -> Result<(Vec<Message>, Option<String>), QueueError> {
    let transaction = connection.transaction()?;
    let moved_to = redrive(&transaction, queue, settings, now)?;
    let visible_ms = now.real_ms + millis(visibility.unwrap_or(settings.visibility));
    let mut messages = Vec::new();
    {
        let mut select = transaction.prepare_cached(
            "SELECT id, message_id, body, message_attributes, sender, sent_ms, receive_count, first_received_ms, source_queue
             FROM messages WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3",
        )?;
        let mut update = transaction.prepare_cached(
            "UPDATE messages SET receive_count = receive_count + 1, first_received_ms = ?2, visible_ms = ?3, receipt = ?4
             WHERE id = ?1",
        )?;
        let limit = i64::try_from(max).unwrap_or(10);
        let mut rows = select.query(params![queue, now.real_ms, limit])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let nonce = random_hex(12);
            let first_received_ms = row.get::<_, Option<i64>>(7)?.unwrap_or(now.service_ms);
            messages.push(read_message(row, &nonce, first_received_ms)?);
            update.execute(params![id, first_received_ms, visible_ms, nonce])?;
        }
    }
    transaction.commit()?;
    Ok((messages, moved_to))
}

fn redrive(
    transaction: &Transaction<'_>,
    queue: &str,
    settings: &QueueSettings,
    now: Times,
) -> Result<Option<String>, QueueError> {
    let Some(redrive) = &settings.redrive else {
        return Ok(None);
    };
    // A target that does not exist would swallow messages; they stay where they are.
    let target_exists: bool = transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM queues WHERE name = ?1)")?
        .query_row([&redrive.dead_letter_queue], |row| row.get(0))?;
    if !target_exists {
        return Ok(None);
    }
    let moved = transaction
        .prepare_cached(
            "UPDATE messages SET queue = ?1, source_queue = ?2, visible_ms = ?3, receipt = NULL
             WHERE queue = ?2 AND visible_ms <= ?3 AND receive_count >= ?4",
        )?
        .execute(params![
            redrive.dead_letter_queue,
            queue,
            now.real_ms,
            redrive.max_receive_count
        ])?;
    Ok((moved > 0).then(|| redrive.dead_letter_queue.clone()))
}

fn read_message(row: &Row<'_>, nonce: &str, first_received_ms: i64) -> rusqlite::Result<Message> {
    let id: i64 = row.get(0)?;
    let body: String = row.get(2)?;
    let message_attributes: String = row.get(3)?;
    let count: i64 = row.get(6)?;
    let source: Option<String> = row.get(8)?;
    let mut attributes = BTreeMap::from([
        (
            "ApproximateReceiveCount".to_owned(),
            (count + 1).to_string(),
        ),
        (
            "ApproximateFirstReceiveTimestamp".to_owned(),
            first_received_ms.to_string(),
        ),
        ("SenderId".to_owned(), row.get(4)?),
        (
            "SentTimestamp".to_owned(),
            row.get::<_, i64>(5)?.to_string(),
        ),
    ]);
    if let Some(source) = source {
        attributes.insert(
            "DeadLetterQueueSourceArn".to_owned(),
            format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{source}"),
        );
    }
    Ok(Message {
        message_id: row.get(1)?,
        receipt_handle: URL_SAFE_NO_PAD.encode(format!("{id}:{nonce}")),
        md5_of_body: md5_of_body(&body),
        body,
        attributes,
        message_attributes: serde_json::from_str::<Map<_, _>>(&message_attributes)
            .unwrap_or_default(),
    })
}

pub(super) fn delete(
    connection: &Connection,
    queue: &str,
    receipt_handle: &str,
) -> Result<(), QueueError> {
    let (id, nonce) = parse_receipt(receipt_handle)?;
    connection
        .prepare_cached("DELETE FROM messages WHERE id = ?1 AND queue = ?2 AND receipt = ?3")?
        .execute(params![id, queue, nonce])?;
    Ok(())
}

pub(super) fn change_visibility(
    connection: &Connection,
    queue: &str,
    receipt_handle: &str,
    visible_ms: i64,
    now_ms: i64,
) -> Result<(), QueueError> {
    let (id, nonce) = parse_receipt(receipt_handle)?;
    let changed = connection
        .prepare_cached(
            "UPDATE messages SET visible_ms = ?4 WHERE id = ?1 AND queue = ?2 AND receipt = ?3 AND visible_ms > ?5",
        )?
        .execute(params![id, queue, nonce, visible_ms, now_ms])?;
    if changed == 0 {
        return Err(QueueError::NotInFlight);
    }
    Ok(())
}

/// Ends the hiding of every message that somebody received.
pub(super) fn give_back(
    connection: &Connection,
    queue: &str,
    now_ms: i64,
) -> Result<usize, QueueError> {
    Ok(connection.execute(
        "UPDATE messages SET visible_ms = ?2, receipt = NULL
         WHERE queue = ?1 AND visible_ms > ?2 AND receipt IS NOT NULL",
        params![queue, now_ms],
    )?)
}

pub(super) fn depth(
    connection: &Connection,
    queue: &str,
    now_ms: i64,
) -> Result<Depth, QueueError> {
    let depth = connection
        .prepare_cached(
            "SELECT coalesce(sum(visible_ms <= ?2), 0),
                    coalesce(sum(visible_ms > ?2 AND receipt IS NOT NULL), 0),
                    coalesce(sum(visible_ms > ?2 AND receipt IS NULL), 0)
             FROM messages WHERE queue = ?1",
        )?
        .query_row(params![queue, now_ms], |row| {
            Ok(Depth {
                visible: row.get(0)?,
                in_flight: row.get(1)?,
                delayed: row.get(2)?,
            })
        })?;
    Ok(depth)
}

pub(super) fn has_work(
    connection: &Connection,
    queues: &[String],
    now_ms: i64,
) -> Result<bool, QueueError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM messages
                            WHERE queue IN (SELECT value FROM json_each(?1))
                              AND (visible_ms <= ?2 OR receipt IS NOT NULL))",
        )?
        .query_row(params![json!(queues).to_string(), now_ms], |row| row.get(0))?)
}

pub(super) fn next_visible_ms(
    connection: &Connection,
    queue: &str,
    now_ms: i64,
) -> Result<Option<i64>, QueueError> {
    Ok(connection
        .prepare_cached(
            "SELECT min(visible_ms) FROM messages WHERE queue = ?1 AND visible_ms > ?2",
        )?
        .query_row(params![queue, now_ms], |row| row.get(0))?)
}

pub(super) fn purge(connection: &Connection, queue: &str) -> Result<(), QueueError> {
    connection.execute("DELETE FROM messages WHERE queue = ?1", [queue])?;
    Ok(())
}

fn parse_receipt(handle: &str) -> Result<(i64, String), QueueError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(handle)
        .map_err(|_| QueueError::InvalidReceipt)?;
    let text = String::from_utf8(bytes).map_err(|_| QueueError::InvalidReceipt)?;
    let (id, nonce) = text.split_once(':').ok_or(QueueError::InvalidReceipt)?;
    let id = id.parse().map_err(|_| QueueError::InvalidReceipt)?;
    Ok((id, nonce.to_owned()))
}

/// Maps of strings and JSON values are always writable as JSON.
fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}
