//! Brings a contract up to date: everything whose day has come, the oldest first, one transaction for each fact.

use anyhow::Context as _;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Contract, Facts, Kind, Step, Task, perform};
use ciero_domain::ids::ContractId;
use ciero_ports::{CommitError, Contracts, Decision, StoreError, WriteKind};

use crate::{Desk, Moment};

/// How often a fact is decided anew when someone else wrote first.
const TRIES: usize = 8;
/// A bound on the facts of one run: more than ten years of one contract.
const MOST_FACTS: usize = 500;

/// Where contracts are read and written.
#[derive(Clone, Copy)]
pub struct Books<'a> {
    pub contracts: &'a dyn Contracts,
    pub desk: &'a Desk,
}

/// Does everything of a contract, as it was just read, whose day has come; returns the contract and what was done.
pub(crate) async fn catch_up(
    books: Books<'_>,
    mut contract: Contract,
    facts: &Facts,
    now: Moment,
) -> anyhow::Result<(Contract, Vec<Task>)> {
    let today = tokyo_date(now.0);
    let mut done: Vec<Task> = Vec::new();
    let mut tries = 0;
    for _ in 0..MOST_FACTS {
        // A purge takes more than an entry; its own function does it.
        let owed = contract.owed().into_iter();
        let next = owed.filter(|task| task.work.kind() != Kind::Purge).min();
        let Some(task) = next.filter(|task| task.due <= today) else {
            break;
        };
        match books.carry_out(&contract, &task, facts, now).await? {
            Some(after) => {
                contract = after;
                done.push(task);
                tries = 0;
            }
            None => {
                tries += 1;
                anyhow::ensure!(tries < TRIES, "others kept writing first");
                contract = books.read(&contract.id).await?;
            }
        }
    }
    Ok((contract, done))
}

impl Books<'_> {
    /// Returns a contract, brought up to date before a person's command is decided on it, so that an outage does not change what
    /// the command meets. What cannot be done stays due: it must not keep a customer from refusing a renewal in time.
    pub async fn up_to_date(
        self,
        id: &ContractId,
        facts: &Facts,
        now: Moment,
    ) -> Result<Option<Contract>, StoreError> {
        let Some(contract) = self.contracts.contract(id).await? else {
            return Ok(None);
        };
        match catch_up(self, contract, facts, now).await {
            Ok((contract, _)) => Ok(Some(contract)),
            Err(error) => {
                tracing::warn!(contract = %id, %error, "due work was left for later");
                self.contracts.contract(id).await
            }
        }
    }

    pub(crate) async fn read(&self, id: &ContractId) -> anyhow::Result<Contract> {
        let contract = self.contracts.contract(id).await?;
        contract.with_context(|| format!("there is no contract {id}"))
    }

    /// Carries out one piece of work in one transaction. `None` if someone else wrote first.
    async fn carry_out(
        &self,
        contract: &Contract,
        task: &Task,
        facts: &Facts,
        now: Moment,
    ) -> anyhow::Result<Option<Contract>> {
        let entry = perform(contract, task, facts, now.0);
        let entry = entry.context("the contract does not owe this work")?;
        let step = Step::of(Some(contract), entry, &facts.operator);
        let step = step.context("an entry led to no contract")?;
        let after = step.contract.clone();
        let decision = Decision::default().step(step, Some(task));
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
