//! What there is outside of the tables, in memory, and a run that can be killed before or after anything it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ciero_domain::ids::UserId;
use ciero_domain::purge::{Act, Step};
use ciero_ports::{
    Accounts, Caller, CloudError, CommitError, Decision, Enrolled, Files, Kept, Ledger, Message,
    Remembered, StoreError, Streams, Things, Write,
};
use ciero_store::Store;

/// For how long streams keep recordings.
pub const HOURS: u32 = 720;

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
    /// Each certificate with the thing that it is on.
    pub certificates: BTreeMap<String, Option<String>>,
    pub files: BTreeSet<String>,
    /// For how many hours streams keep recordings, where that is not as ever.
    pub changed: BTreeMap<String, u32>,
}

impl Held {
    pub fn hours(&self, stream: &str) -> u32 {
        self.changed.get(stream).copied().unwrap_or(HOURS)
    }
}

#[derive(Clone, Default)]
pub struct Cloud {
    pub state: Arc<Mutex<Held>>,
    pub fuse: Fuse,
    lowered: Arc<Mutex<Vec<(String, u32)>>>,
    lasting: Arc<Mutex<Option<String>>>,
}

impl Cloud {
    /// To how many hours the retention of streams was lowered, in order.
    pub fn lowered(&self) -> Vec<(String, u32)> {
        self.lowered.lock().unwrap().clone()
    }

    /// Lets a certificate stay, although its deletion is confirmed.
    pub fn lasts(&self, certificate: Option<&str>) {
        *self.lasting.lock().unwrap() = certificate.map(str::to_owned);
    }

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
    async fn kept(&self, name: &str) -> Result<Option<Kept>, CloudError> {
        let version = || "v".to_owned();
        self.act(|all| {
            all.streams.contains(name).then(|| Kept {
                hours: all.hours(name),
                version: version(),
            })
        })
    }
    async fn keep(&self, name: &str, was: &Kept, hours: u32) -> Result<bool, CloudError> {
        self.act(|all| {
            if !all.streams.contains(name) || all.hours(name) != was.hours {
                return false;
            }
            if hours < was.hours {
                self.lowered.lock().unwrap().push((name.to_owned(), hours));
            }
            all.changed.insert(name.to_owned(), hours);
            all.changed.retain(|_, hours| *hours != HOURS);
            true
        })
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
    async fn readdress(&self, _: &UserId, _: &str) -> Result<(), CloudError> {
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
    /// Each certificate goes in a call of its own, so a kill may come between any two.
    async fn forget(&self, name: &str, certificates: &[String]) -> Result<(), CloudError> {
        for id in certificates {
            self.act(|all| all.certificates.get_mut(id).and_then(Option::take))?;
            let lasts = self.lasting.lock().unwrap().as_ref() == Some(id);
            self.act(|all| (!lasts).then(|| all.certificates.remove(id)))?;
        }
        let is_on_it = |on: &Option<String>| on.as_deref() == Some(name);
        self.act(|all| {
            assert!(!all.certificates.values().any(is_on_it), "{name}");
            all.things.remove(name)
        })?;
        Ok(())
    }
    async fn certificates(&self, name: &str) -> Result<Option<Vec<String>>, CloudError> {
        self.act(|all| {
            let on_it = all.certificates.iter();
            let on_it = on_it.filter(|(_, thing)| thing.as_deref() == Some(name));
            let ids = on_it.map(|(id, _)| id.clone()).collect();
            all.things.contains(name).then_some(ids)
        })
    }
    async fn has_certificate(&self, id: &str) -> Result<bool, CloudError> {
        self.act(|all| all.certificates.contains_key(id))
    }
    async fn credential_endpoint(&self) -> Result<String, CloudError> {
        unreachable!()
    }
}

#[async_trait]
impl Files for Cloud {
    async fn delete_some(&self, folder: &str) -> Result<u64, CloudError> {
        let prefix = format!("{folder}/");
        self.act(|all| {
            let found = all
                .files
                .iter()
                .find(|key| key.starts_with(&prefix))
                .cloned();
            found.map_or(0, |key| u64::from(all.files.remove(&key)))
        })
    }
    async fn count(&self, folder: &str) -> Result<u64, CloudError> {
        let prefix = format!("{folder}/");
        self.act(|all| {
            all.files
                .iter()
                .filter(|key| key.starts_with(&prefix))
                .count() as u64
        })
    }
}

/// What happens just before a decision.
pub struct Before {
    /// The step that the decision asks for; without it the next decision is meant.
    pub step: Option<Step>,
    /// What somebody else writes then.
    pub writes: Option<Decision>,
    /// Whether the run is killed, at the next thing that it does.
    pub kills: bool,
}

impl Before {
    fn is_of(&self, decision: &Decision) -> bool {
        let asks = |step| {
            decision.writes.iter().any(|write| match write {
                Write::Purge(_, line) => {
                    let mut acts = line.acts.iter();
                    acts.any(|act| matches!(act, Act::Asked { step: of, .. } if *of == step))
                }
                _ => false,
            })
        };
        self.step.is_none_or(asks)
    }
}

/// The ledger of a run that may be killed before a transaction, or after it and before its answer, or overtaken.
pub struct Mortal {
    pub store: Arc<Store>,
    pub fuse: Fuse,
    pub before: Arc<Mutex<Option<Before>>>,
}

impl Mortal {
    /// Takes out what happens before this decision.
    fn taken(&self, decision: &Decision) -> Option<Before> {
        let mut before = self.before.lock().unwrap();
        before.take_if(|before| before.is_of(decision))
    }
}

#[async_trait]
impl Ledger for Mortal {
    async fn commit(&self, decision: &Decision) -> Result<(), CommitError> {
        let killed = |error: CloudError| CommitError::Unavailable(error.to_string());
        self.fuse.check().map_err(killed)?;
        if let Some(before) = self.taken(decision) {
            if before.kills {
                self.fuse.set(0);
            }
            match before.writes {
                Some(writes) => self.store.commit(&writes).await?,
                None => self.fuse.check().map_err(killed)?,
            }
        }
        self.store.commit(decision).await?;
        self.fuse.check().map_err(killed)
    }
    async fn remembered(&self, a: &Caller, b: &str) -> Result<Option<Remembered>, StoreError> {
        self.store.remembered(a, b).await
    }
    async fn unsent(&self, most: u16) -> Result<Vec<Message>, StoreError> {
        self.store.unsent(most).await
    }
    async fn sent(&self, messages: &[Message]) -> Result<(), StoreError> {
        self.store.sent(messages).await
    }
}
