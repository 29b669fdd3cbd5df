//! Carries out due work that a queue brings: one read and one transaction for each fact.
//!
//! A message only says that a contract has something to do. The contract is brought up to date in the
//! order of its days, so messages may come doubled, late or in any order, and a crash between two facts
//! leaves the rest for the next message or tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Contract, Facts, Step, Task, perform};
use ciero_domain::ids::ContractId;
use ciero_ports::{
    Body, CommitError, Contracts, Decision, Documents, DueWork, HeldTask, Message, WriteKind,
};

use crate::{BatchOutcome, Desk, Moment, QueueItem, facts, note_failure};

/// How often a fact is decided anew when someone else wrote first.
const TRIES: usize = 8;
/// A bound on the facts that one message leads to: more than ten years of one contract.
const MOST_FACTS: usize = 500;

/// What carries out due work.
#[derive(Clone)]
pub struct Worker {
    pub contracts: Arc<dyn Contracts>,
    pub documents: Arc<dyn Documents>,
    pub due: Arc<dyn DueWork>,
    pub desk: Desk,
}

/// One contract's messages of a batch.
type Group = Vec<(QueueItem, HeldTask)>;

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
                Ok(held) => {
                    let group = groups.entry(held.task.contract.clone()).or_default();
                    group.push((item, held));
                }
                Err(error) => {
                    note_failure(self.due.as_ref(), &mut outcome, (&item, &error), now).await;
                }
            }
        }
        let all = groups
            .into_iter()
            .map(|(id, group)| self.work_on(id, group, &facts, now));
        for (item, error) in futures::future::join_all(all).await.into_iter().flatten() {
            note_failure(self.due.as_ref(), &mut outcome, (&item, &error), now).await;
        }
        outcome
    }

    async fn work_on(
        &self,
        id: ContractId,
        group: Group,
        facts: &Facts,
        now: Moment,
    ) -> Vec<(QueueItem, anyhow::Error)> {
        let held: Vec<HeldTask> = group.iter().map(|(_, held)| held.clone()).collect();
        match self.catch_up(&id, &held, facts, now).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                let text = format!("{error:#}");
                let failed = |(item, _)| (item, anyhow::anyhow!("{text}"));
                group.into_iter().map(failed).collect()
            }
        }
    }

    /// Does everything of a contract whose day has come, the oldest first, and forgets the messages' own
    /// tasks that it does not owe.
    async fn catch_up(
        &self,
        id: &ContractId,
        held: &[HeldTask],
        facts: &Facts,
        now: Moment,
    ) -> anyhow::Result<()> {
        let mut contract = self.read(id).await?;
        let today = tokyo_date(now.0);
        let mut done: Vec<Task> = Vec::new();
        let mut tries = 0;
        for _ in 0..MOST_FACTS {
            let next = contract.owed().into_iter().min();
            let Some(task) = next.filter(|task| task.due <= today) else {
                break;
            };
            let place = held
                .iter()
                .find(|held| held.task == task)
                .cloned()
                .unwrap_or_else(|| HeldTask::waiting(task.clone()));
            match self.carry_out(&contract, &place, facts, now).await? {
                Some(after) => {
                    contract = after;
                    done.push(task);
                    tries = 0;
                }
                None => {
                    tries += 1;
                    anyhow::ensure!(tries < TRIES, "others kept writing first");
                    contract = self.read(id).await?;
                }
            }
        }
        let owed = contract.owed();
        for held in held {
            if !done.contains(&held.task) && !owed.contains(&held.task) {
                self.due.forget(held).await?;
            }
        }
        Ok(())
    }

    async fn read(&self, id: &ContractId) -> anyhow::Result<Contract> {
        let contract = self.contracts.contract(id).await?;
        contract.with_context(|| format!("there is no contract {id}"))
    }

    /// Carries out one piece of work in one transaction. `None` if someone else wrote first.
    async fn carry_out(
        &self,
        contract: &Contract,
        held: &HeldTask,
        facts: &Facts,
        now: Moment,
    ) -> anyhow::Result<Option<Contract>> {
        let entry = perform(contract, &held.task, facts, now.0);
        let entry = entry.context("the contract does not owe this work")?;
        let step = Step::of(Some(contract), entry, &facts.operator);
        let step = step.context("an entry led to no contract")?;
        let after = step.contract.clone();
        let decision = Decision::default().step(step, Some(held));
        match self.desk.ledger.commit(&decision).await {
            Ok(()) => {
                self.desk.hand_over(&decision).await;
                Ok(Some(after))
            }
            Err(CommitError::Conflict(WriteKind::Entity | WriteKind::Effect | WriteKind::Once)) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads the due work that a message asks for.
fn read(item: &QueueItem) -> anyhow::Result<HeldTask> {
    // The error of the JSON reader could quote the body, which may name people.
    let message: Message = serde_json::from_str(&item.body)
        .map_err(|_| anyhow::anyhow!("the body is not a message"))?;
    match message.body {
        Body::Work(held) => Ok(held),
        _ => anyhow::bail!("message {} is no due work", message.id),
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
