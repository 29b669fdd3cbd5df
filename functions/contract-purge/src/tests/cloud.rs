//! What there is outside of the tables, in memory, and a run that can be killed before or after anything it does.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ciero_domain::ids::{ContractId, UserId};
use ciero_ports::{
    Accounts, CloudError, CommitError, Decision, Enrolled, Files, Ledger, Message, Remembered,
    StoreError, Streams, Things,
};
use ciero_store::Store;

/// Counts down to the moment at which a run is killed; below zero nothing happens any more until it is set anew.
#[derive(Clone, Default)]
pub struct Fuse(Arc<AtomicI64>);

impl Fuse {
    pub fn set(&self, left: i64) {
        self.0.store(left, Ordering::SeqCst);
    }

    fn burn(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) <= 0
    }

    fn check(&self) -> Result<(), CloudError> {
        match self.burn() {
            true => Err(CloudError {
                service: "test",
                detail: "killed".into(),
            }),
            false => Ok(()),
        }
    }
}

/// What there is outside of the tables, of both customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    pub streams: BTreeSet<String>,
    pub accounts: BTreeSet<String>,
    pub things: BTreeSet<String>,
    pub files: BTreeSet<String>,
}

#[derive(Clone, Default)]
pub struct Cloud {
    pub state: Arc<Mutex<Held>>,
    pub fuse: Fuse,
}

impl Cloud {
    /// Does something that a kill may come before or after.
    fn act<T>(&self, act: impl FnOnce(&mut Held) -> T) -> Result<T, CloudError> {
        self.fuse.check()?;
        let done = act(&mut self.state.lock().unwrap());
        self.fuse.check()?;
        Ok(done)
    }
}

#[async_trait]
impl Streams for Cloud {
    async fn ensure(&self, _: &str, _: u32) -> Result<(), CloudError> {
        unreachable!()
    }
    async fn retention_hours(&self, _: &str) -> Result<u32, CloudError> {
        unreachable!()
    }
    async fn delete(&self, name: &str) -> Result<bool, CloudError> {
        self.act(|all| all.streams.remove(name))
    }
    async fn exists(&self, name: &str) -> Result<bool, CloudError> {
        self.act(|all| all.streams.contains(name))
    }
}

#[async_trait]
impl Accounts for Cloud {
    async fn invite(&self, _: &UserId, _: &str, _: &str) -> Result<(), CloudError> {
        unreachable!()
    }
    async fn close(&self, _: &UserId) -> Result<(), CloudError> {
        unreachable!()
    }
    async fn delete(&self, user: &UserId) -> Result<bool, CloudError> {
        self.act(|all| all.accounts.remove(user.as_str()))
    }
    async fn exists(&self, user: &UserId) -> Result<bool, CloudError> {
        self.act(|all| all.accounts.contains(user.as_str()))
    }
}

#[async_trait]
impl Things for Cloud {
    async fn enroll(&self, _: &str, _: &str) -> Result<Option<Enrolled>, CloudError> {
        unreachable!()
    }
    async fn revoke(&self, _: &str, _: &str) -> Result<(), CloudError> {
        unreachable!()
    }
    async fn forget(&self, name: &str, _: Option<String>) -> Result<bool, CloudError> {
        self.act(|all| all.things.remove(name))
    }
    async fn exists(&self, name: &str) -> Result<bool, CloudError> {
        self.act(|all| all.things.contains(name))
    }
    async fn credential_endpoint(&self) -> Result<String, CloudError> {
        unreachable!()
    }
}

#[async_trait]
impl Files for Cloud {
    async fn delete_some(&self, contract: &ContractId) -> Result<u64, CloudError> {
        let prefix = format!("contracts/{contract}/");
        self.act(|all| {
            let found = all
                .files
                .iter()
                .find(|key| key.starts_with(&prefix))
                .cloned();
            found.map_or(0, |key| u64::from(all.files.remove(&key)))
        })
    }
    async fn count(&self, contract: &ContractId) -> Result<u64, CloudError> {
        let prefix = format!("contracts/{contract}/");
        self.act(|all| {
            all.files
                .iter()
                .filter(|key| key.starts_with(&prefix))
                .count() as u64
        })
    }
}

/// The ledger of a run that may be killed before a transaction, or after it and before its answer.
pub struct Mortal(pub Arc<Store>, pub Fuse);

#[async_trait]
impl Ledger for Mortal {
    async fn commit(&self, decision: &Decision) -> Result<(), CommitError> {
        let killed = |error: CloudError| CommitError::Unavailable(error.to_string());
        self.1.check().map_err(killed)?;
        self.0.commit(decision).await?;
        self.1.check().map_err(killed)
    }
    async fn remembered(&self, a: &str, b: &str) -> Result<Option<Remembered>, StoreError> {
        self.0.remembered(a, b).await
    }
    async fn unsent(&self, most: u16) -> Result<Vec<Message>, StoreError> {
        self.0.unsent(most).await
    }
    async fn sent(&self, messages: &[Message]) -> Result<(), StoreError> {
        self.0.sent(messages).await
    }
}
