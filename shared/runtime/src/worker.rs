//! Carries out due work that a queue brings: one read of a batch's contracts, one transaction for each fact.
//!
//! A message only says that a contract has something to do. The contract is brought up to date in the
//! order of its days, so messages may come doubled, late or in any order, and a crash between two facts
//! leaves the rest for the next message or tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use ciero_domain::contract::{Contract, Facts, Task};
use ciero_domain::ids::ContractId;
use ciero_ports::{Body, Contracts, Documents, DueWork};

use crate::catch_up::{Books, catch_up};
use crate::{BatchOutcome, Desk, Moment, QueueItem, facts, note_failure};

/// What carries out due work.
#[derive(Clone)]
pub struct Worker {
    pub contracts: Arc<dyn Contracts>,
    pub documents: Arc<dyn Documents>,
    pub due: Arc<dyn DueWork>,
    pub desk: Desk,
}

/// One contract's messages of a batch.
type Group = Vec<(QueueItem, Task)>;

impl Worker {
    /// Works through a batch. Contracts are worked on side by side, one contract's messages one by one.
    pub async fn work(&self, items: Vec<QueueItem>, now: Moment) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        let facts = match facts(self.documents.as_ref()).await {
            Ok(facts) => facts,
            Err(error) => {
                let error = anyhow::Error::from(error);
                items.iter().for_each(|item| outcome.retry(item, &error));
                return outcome;
            }
        };
        let mut groups: BTreeMap<ContractId, Group> = BTreeMap::new();
        for item in items {
            match read(&item) {
                Ok(task) => {
                    let group = groups.entry(task.contract.clone()).or_default();
                    group.push((item, task));
                }
                Err(error) => {
                    note_failure(self.due.as_ref(), &mut outcome, (&item, &error), now).await;
                }
            }
        }
        let mut contracts = self.read_all(&groups).await;
        let all = groups.into_iter().map(|(id, group)| {
            let contract = contracts.remove(&id);
            self.work_on((id, contract), group, &facts, now)
        });
        for (item, error) in futures::future::join_all(all).await.into_iter().flatten() {
            note_failure(self.due.as_ref(), &mut outcome, (&item, &error), now).await;
        }
        outcome
    }

    /// Reads the contracts of a batch at once. If that fails each is read on its own, so that one that cannot be read holds up no
    /// other.
    async fn read_all(
        &self,
        groups: &BTreeMap<ContractId, Group>,
    ) -> BTreeMap<ContractId, Contract> {
        let ids: Vec<ContractId> = groups.keys().cloned().collect();
        match self.contracts.named(&ids).await {
            Ok(contracts) => contracts
                .into_iter()
                .map(|contract| (contract.id.clone(), contract))
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "the contracts of a batch are read one by one");
                BTreeMap::new()
            }
        }
    }

    async fn work_on(
        &self,
        (id, contract): (ContractId, Option<Contract>),
        group: Group,
        facts: &Facts,
        now: Moment,
    ) -> Vec<(QueueItem, anyhow::Error)> {
        match self.catch_up((&id, contract), &group, facts, now).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                let text = format!("{error:#}");
                let failed = |(item, _)| (item, anyhow::anyhow!("{text}"));
                group.into_iter().map(failed).collect()
            }
        }
    }

    /// Brings a contract up to date, and forgets the messages' own tasks that it does not owe.
    async fn catch_up(
        &self,
        (id, contract): (&ContractId, Option<Contract>),
        group: &Group,
        facts: &Facts,
        now: Moment,
    ) -> anyhow::Result<()> {
        let contract = match contract {
            Some(contract) => contract,
            None => self.books().read(id).await?,
        };
        let (contract, done) = catch_up(self.books(), contract, facts, now).await?;
        let owed = contract.owed();
        for (_, task) in group {
            if !done.contains(task) && !owed.contains(task) {
                self.due.forget(task).await?;
            }
        }
        Ok(())
    }

    fn books(&self) -> Books<'_> {
        Books {
            contracts: self.contracts.as_ref(),
            desk: &self.desk,
        }
    }
}

/// Reads the due work that a message asks for.
fn read(item: &QueueItem) -> anyhow::Result<Task> {
    let message = item.message()?;
    match message.body {
        Body::Work(task) => Ok(task),
        _ => anyhow::bail!("message {} is no due work", message.id),
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
