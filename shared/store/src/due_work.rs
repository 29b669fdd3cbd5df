//! Due work: waiting under its day, handed to a queue, or parked for a person.
//!
//! Handing over writes the new place before it deletes the old one, so a crash in between leaves work in
//! both and it is handed over twice; the effect's name makes the second time do nothing.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use ciero_domain::contract::Task;
use ciero_ports::{DueWork, HeldTask, Parked, StoreError, WriteKind};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Item, Unwritable, body, key_attributes};
use crate::keys::{self, Key};
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;
use crate::writing::unwritable;
use crate::{Store, describe};

/// DynamoDB's limit of one batch.
const MOST_IN_BATCH: usize = 25;
/// How often what a batch left over is written again.
const TRIES: usize = 6;
/// The attribute that counts how often a message failed.
const TRIED: &str = "tries";
/// How long the reason of a failure is kept: longer than a queue tries.
const REASON_KEPT: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Writes a task that waits for its day. Arming it again changes nothing.
pub(crate) fn arm(task: &Task, shards: u16) -> Operations {
    let item = Item::with_body(place(&HeldTask::waiting(task.clone()), shards)?, task)?;
    Ok(vec![Operation::put(
        item,
        Condition::Always,
        WriteKind::Once,
    )])
}

/// Deletes a task from where it is kept.
pub(crate) fn disarm(held: &HeldTask, shards: u16) -> Operations {
    let key = place(held, shards)?;
    Ok(vec![Operation::delete(
        key,
        Condition::Always,
        WriteKind::Once,
    )])
}

/// Returns where a task is kept.
fn place(held: &HeldTask, shards: u16) -> Result<Key, Unwritable> {
    if shards == 0 {
        return Err(Unwritable("this function has no due work".to_owned()));
    }
    Ok(keys::held_task(held, shards))
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

    fn put_request(&self, held: &HeldTask) -> Result<WriteRequest, StoreError> {
        let key = place(held, self.due_shards).map_err(unwritable)?;
        let item = match held.handed_at {
            None => Item::with_body(key, &held.task),
            Some(_) => Item::with_body(key, held),
        };
        let item = item.map_err(unwritable)?.into_attributes();
        let put = PutRequest::builder().set_item(Some(item)).build();
        put.map(|put| WriteRequest::builder().put_request(put).build())
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn delete_request(&self, held: &HeldTask) -> Result<WriteRequest, StoreError> {
        let key = place(held, self.due_shards).map_err(unwritable)?;
        let delete = DeleteRequest::builder().set_key(Some(key_attributes(key)));
        delete
            .build()
            .map(|delete| WriteRequest::builder().delete_request(delete).build())
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Puts tasks where they go, then takes them from where they were.
    async fn shift(&self, to: &[HeldTask], from: &[HeldTask]) -> Result<(), StoreError> {
        let puts = to.iter().map(|held| self.put_request(held));
        self.write_batch(puts.collect::<Result<_, _>>()?).await?;
        let deletes = from.iter().map(|held| self.delete_request(held));
        self.write_batch(deletes.collect::<Result<_, _>>()?).await
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
    async fn due(&self, shard: u16, today: Date, most: u16) -> Result<Vec<Task>, StoreError> {
        let partition = keys::due_shard(shard);
        self.before(&partition, &keys::through(today), usize::from(most))
            .await
    }

    fn shards(&self) -> u16 {
        self.due_shards
    }

    async fn hand(&self, tasks: &[HeldTask]) -> Result<(), StoreError> {
        let waiting: Vec<HeldTask> = tasks
            .iter()
            .map(|held| HeldTask::waiting(held.task.clone()))
            .collect();
        self.shift(tasks, &waiting).await
    }

    async fn overdue(&self, shard: u16, before: Timestamp) -> Result<Vec<HeldTask>, StoreError> {
        let partition = keys::handed_shard(shard);
        self.before(&partition, &keys::sortable(before), usize::MAX)
            .await
    }

    async fn take_back(&self, tasks: &[HeldTask]) -> Result<(), StoreError> {
        let waiting: Vec<HeldTask> = tasks
            .iter()
            .map(|held| HeldTask::waiting(held.task.clone()))
            .collect();
        self.shift(&waiting, tasks).await
    }

    async fn forget(&self, task: &HeldTask) -> Result<(), StoreError> {
        let key = place(task, self.due_shards).map_err(unwritable)?;
        self.delete_item(key).await
    }

    async fn is_held(&self, task: &Task) -> Result<bool, StoreError> {
        let waiting = HeldTask::waiting(task.clone());
        let key = place(&waiting, self.due_shards).map_err(unwritable)?;
        if self.item(Table::Main, key).await?.is_some() {
            return Ok(true);
        }
        // Only work that was handed over or lost gets here, so reading a whole shard is rare.
        let handed = HeldTask {
            handed_at: Some(Timestamp::UNIX_EPOCH),
            ..waiting
        };
        let shard = place(&handed, self.due_shards).map_err(unwritable)?.pk;
        let handed: Vec<HeldTask> = self.range(Range::all(&shard, "")).await?;
        if handed.iter().any(|held| held.task == *task) {
            return Ok(true);
        }
        let parked = self.parked().await?;
        let mut works = parked.iter().filter_map(Parked::work);
        Ok(works.any(|held| held.task == *task))
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

    async fn park(&self, parked: &Parked, task: Option<HeldTask>) -> Result<(), StoreError> {
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
