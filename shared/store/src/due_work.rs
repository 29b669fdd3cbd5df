//! Due work: under its day until it is done or parked for a person.
//!
//! Handing over marks the item where it is. A mark may come after the work was done by a person's command, and brings the
//! item back; its message then finds that the contract does not owe it, and forgets it again.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use ciero_domain::contract::Task;
use ciero_ports::{DueSpan, DueWork, HeldTask, Parked, StoreError, WriteKind};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Attributes, Item, Unwritable, body, key_attributes};
use crate::keys::{self, Key};
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::{Range, pages_of};
use crate::viewing::is_at;
use crate::writing::unwritable;
use crate::{Store, describe};

/// DynamoDB's limit of one batch.
const MOST_IN_BATCH: usize = 25;
/// The same of one read.
const BATCH_READ: usize = 100;
/// How often what a batch left over is written again.
const TRIES: usize = 6;
/// The attribute that counts how often a message failed.
const TRIED: &str = "tries";
/// How long the reason of a failure is kept: longer than a queue tries.
const REASON_KEPT: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Writes a task that waits for its day. Arming it again changes nothing.
pub(crate) fn arm(task: &Task, shards: u16) -> Operations {
    let item = Item::with_body(place(task, shards)?, task)?;
    Ok(vec![Operation::put(
        item,
        Condition::Always,
        WriteKind::Once,
    )])
}

/// Deletes a task.
pub(crate) fn disarm(task: &Task, shards: u16) -> Operations {
    let key = place(task, shards)?;
    Ok(vec![Operation::delete(
        key,
        Condition::Always,
        WriteKind::Once,
    )])
}

/// Returns where a task is kept.
fn place(task: &Task, shards: u16) -> Result<Key, Unwritable> {
    if shards == 0 {
        return Err(Unwritable("this function has no due work".to_owned()));
    }
    Ok(keys::task(task, shards))
}

fn held(item: Attributes) -> Result<HeldTask, StoreError> {
    let handed_at = item.get(keys::HANDED_AT).and_then(|at| at.as_n().ok());
    let handed_at = handed_at.and_then(|at| Timestamp::from_second(at.parse().ok()?).ok());
    let task = body(item)?;
    Ok(HeldTask { task, handed_at })
}

/// Why the last try of a message failed.
#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    reason: String,
    at: Timestamp,
}

impl Store {
    /// Writes requests in batches; what a batch leaves over is written again.
    async fn write_batch(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut left = requests;
        for _ in 0..TRIES {
            let mut over = Vec::new();
            for chunk in left.chunks(MOST_IN_BATCH) {
                let answer = self
                    .client
                    .batch_write_item()
                    .request_items(&self.main, chunk.to_vec())
                    .send()
                    .await
                    .map_err(|error| StoreError::Unavailable(describe(&error)))?;
                let unprocessed = answer.unprocessed_items.unwrap_or_default();
                over.extend(unprocessed.into_values().flatten());
            }
            if over.is_empty() {
                return Ok(());
            }
            left = over;
        }
        Err(StoreError::Unavailable(
            "a batch was not written whole".to_owned(),
        ))
    }

    /// Writes tasks with the mark of their queue, or without one.
    async fn mark(&self, tasks: &[Task], handed_at: Option<Timestamp>) -> Result<(), StoreError> {
        let put = |task: &Task| {
            let item = Item::with_body(place(task, self.due_shards)?, task)?;
            let item = match handed_at {
                None => item,
                Some(at) => item.number(keys::HANDED_AT, at.as_second()),
            };
            let put = PutRequest::builder().set_item(Some(item.into_attributes()));
            let put = put.build().map_err(|error| Unwritable(error.to_string()))?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        let puts = tasks.iter().map(put).collect::<Result<_, _>>();
        self.write_batch(puts.map_err(unwritable)?).await
    }

    async fn delete_item(&self, key: Key) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.main);
        request
            .set_key(Some(key_attributes(key)))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| StoreError::Unavailable(describe(&error)))
    }
}

#[async_trait]
impl DueWork for Store {
    async fn due(&self, span: DueSpan, most: u16) -> Result<Vec<HeldTask>, StoreError> {
        let text = |text: String| AttributeValue::S(text);
        let lost_since = AttributeValue::N(span.lost_since.as_second().to_string());
        let after = span.after.map(|task| place(&task, self.due_shards));
        let after = after.transpose().map_err(unwritable)?;
        let query = self.client.query().table_name(&self.main);
        let query = query
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk <= :through")
            .filter_expression("attribute_not_exists(#handed) OR #handed <= :lost")
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_names("#handed", keys::HANDED_AT)
            .expression_attribute_values(":pk", text(keys::due_shard(span.shard)))
            .expression_attribute_values(":through", text(keys::through(span.through)))
            .expression_attribute_values(":lost", lost_since);
        pages_of(query, after.map(key_attributes), usize::from(most), held).await
    }

    fn shards(&self) -> u16 {
        self.due_shards
    }

    async fn hand(&self, tasks: &[Task], at: Timestamp) -> Result<(), StoreError> {
        self.mark(tasks, Some(at)).await
    }

    async fn take_back(&self, tasks: &[Task]) -> Result<(), StoreError> {
        self.mark(tasks, None).await
    }

    async fn forget(&self, task: &Task) -> Result<(), StoreError> {
        let key = place(task, self.due_shards).map_err(unwritable)?;
        self.delete_item(key).await
    }

    async fn lost(&self, tasks: &[Task]) -> Result<Vec<Task>, StoreError> {
        let mut lost = Vec::new();
        for tasks in tasks.chunks(BATCH_READ) {
            let keys = tasks.iter().map(|task| place(task, self.due_shards));
            let keys = keys.collect::<Result<Vec<Key>, _>>().map_err(unwritable)?;
            let items = self.batch(&keys).await?;
            let is_there = |key: &Key| items.iter().any(|item| is_at(item, key));
            let places = tasks.iter().zip(&keys);
            let missing = places.filter(|(_, key)| !is_there(key));
            lost.extend(missing.map(|(task, _)| task.clone()));
        }
        if !lost.is_empty() {
            let parked = self.parked().await?;
            let parked: Vec<Task> = parked.iter().filter_map(Parked::work).collect();
            lost.retain(|task| !parked.contains(task));
        }
        Ok(lost)
    }

    async fn failed(&self, body: &str, reason: &str, at: Timestamp) -> Result<(), StoreError> {
        let failure = Failure {
            reason: reason.to_owned(),
            at,
        };
        let failure = serde_dynamo::to_attribute_value(&failure)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let until = at.saturating_add(REASON_KEPT).unwrap_or(Timestamp::MAX);
        let number = |number: i64| AttributeValue::N(number.to_string());
        let request = self.client.update_item().table_name(&self.main);
        request
            .set_key(Some(key_attributes(keys::failure(body))))
            .update_expression("SET #body = :body, #expires = :until ADD #tries :one")
            .expression_attribute_names("#body", keys::BODY)
            .expression_attribute_names("#expires", keys::EXPIRES_AT)
            .expression_attribute_names("#tries", TRIED)
            .expression_attribute_values(":body", failure)
            .expression_attribute_values(":until", number(until.as_second()))
            .expression_attribute_values(":one", number(1))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| StoreError::Unavailable(describe(&error)))
    }

    async fn park(&self, parked: &Parked, task: Option<Task>) -> Result<(), StoreError> {
        let noted = self.item(Table::Main, keys::failure(&parked.body)).await?;
        let mut parked = parked.clone();
        if let Some(noted) = noted {
            let tries = noted.get(TRIED).and_then(|tries| tries.as_n().ok());
            parked.tries = tries.and_then(|tries| tries.parse().ok()).unwrap_or(0);
            parked.reason = body::<Failure>(noted)?.reason;
        }
        let item = Item::with_body(keys::parked(&parked.id), &parked).map_err(unwritable)?;
        self.replace(item).await?;
        match task {
            Some(task) => self.forget(&task).await,
            None => Ok(()),
        }
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        let mut parked: Vec<Parked> = self.range(Range::all(keys::PARKED, "")).await?;
        parked.sort_by_key(|parked| std::cmp::Reverse(parked.parked_at));
        Ok(parked)
    }

    async fn unpark(&self, id: &str) -> Result<(), StoreError> {
        self.delete_item(keys::parked(id)).await
    }
}
