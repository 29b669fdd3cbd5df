//! Decisions, the answers kept under idempotency keys, and the outbox with its relay.

use async_trait::async_trait;
use ciero_ports::{Caller, CommitError, Decision, Ledger, Message, Remembered, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::key_attributes;
use crate::keys;
use crate::operation::Table;
use crate::reading::Range;
use crate::{Store, describe};

/// A remembered answer as it is kept: the body stays text, so that it comes back byte for byte.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    caller: Caller,
    key: String,
    request_hash: String,
    at: Timestamp,
    status: u16,
    location: Option<String>,
    json: String,
}

impl Answer {
    /// Writes an answer down.
    pub fn of(remembered: &Remembered) -> Self {
        Answer {
            caller: remembered.caller.clone(),
            key: remembered.key.clone(),
            request_hash: remembered.request_hash.clone(),
            at: remembered.at,
            status: remembered.status,
            location: remembered.location.clone(),
            json: remembered.body.to_string(),
        }
    }

    fn read(self) -> Result<Remembered, StoreError> {
        let body = serde_json::from_str(&self.json)
            .map_err(|_| StoreError::Corrupt("a remembered answer".to_owned()))?;
        Ok(Remembered {
            caller: self.caller,
            key: self.key,
            request_hash: self.request_hash,
            at: self.at,
            status: self.status,
            location: self.location,
            body,
        })
    }
}

#[async_trait]
impl Ledger for Store {
    async fn commit(&self, decision: &Decision) -> Result<(), CommitError> {
        self.transact(decision).await
    }

    async fn remembered(
        &self,
        caller: &Caller,
        key: &str,
    ) -> Result<Option<Remembered>, StoreError> {
        let kept: Option<Answer> = self
            .entity(Table::Main, keys::idempotency(caller, key))
            .await?;
        kept.map(Answer::read).transpose()
    }

    async fn unsent(&self, most: u16) -> Result<Vec<Message>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let shard = |shard| async move {
            let partition = keys::outbox_shard(shard);
            let range = Range {
                most: usize::from(most),
                ..Range::all(&partition, "")
            };
            self.range(range).await
        };
        let shards = futures::future::try_join_all((0..keys::OUTBOX_SHARDS).map(shard));
        let mut messages: Vec<Message> = shards.await?.concat();
        messages.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        messages.truncate(usize::from(most));
        Ok(messages)
    }

    async fn sent(&self, messages: &[Message]) -> Result<(), StoreError> {
        for message in messages {
            let request = self.client.delete_item().table_name(&self.main);
            request
                .set_key(Some(key_attributes(keys::outbox(message))))
                .send()
                .await
                .map_err(|error| StoreError::Unavailable(describe(&error)))?;
        }
        Ok(())
    }
}
