//! What one decision of a purge rests on, read together, and how it is written.

use anyhow::Context as _;
use ciero_domain::contract::{Contract, Facts, Step, Task, perform};
use ciero_domain::hold::Holds;
use ciero_domain::ids::ContractId;
use ciero_domain::purge::{Act, Journal};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use ciero_runtime::{Moment, facts};

use crate::App;

/// A contract with the holds on its data and its journal, as they were read; a decision on them fails if they moved on.
pub(crate) struct Books {
    pub contract: Contract,
    pub holds: Holds,
    pub journal: Option<Journal>,
    pub facts: Facts,
}

impl Books {
    /// Reads everything anew.
    pub async fn read(app: &App, id: &ContractId) -> anyhow::Result<Books> {
        let contract = app.contracts.contract(id).await?;
        Ok(Books {
            contract: contract.with_context(|| format!("there is no contract {id}"))?,
            holds: app.confidential.holds(id).await?,
            journal: app.purges.journal(id).await?,
            facts: facts(app.documents.as_ref()).await?,
        })
    }

    /// Begins a decision that rests on both versions.
    pub fn resting(&self) -> Decision {
        let (id, version) = (self.contract.id.clone(), self.contract.version);
        Decision::of(Write::ContractStandsAt(id, version)).and(self.holds_stand())
    }

    fn holds_stand(&self) -> Write {
        Write::HoldsStandAt(self.contract.id.clone(), self.holds.version)
    }

    /// Begins a decision that carries out work of the contract, whose next version is a condition by itself.
    pub fn carrying_out(&self, task: &Task, now: Moment) -> anyhow::Result<(Contract, Decision)> {
        let entry = perform(&self.contract, task, &self.facts, now.0);
        let entry = entry.context("the contract does not owe this work")?;
        let step = Step::of(Some(&self.contract), entry, &self.facts.operator);
        let step = step.context("an entry led to no contract")?;
        let after = step.contract.clone();
        let decision = Decision::default().step(step, Some(task));
        Ok((after, decision.and(self.holds_stand())))
    }
}

/// Adds a journal's next line to a decision.
pub(crate) fn with_line(
    decision: Decision,
    journal: &mut Journal,
    acts: Vec<Act>,
    now: Moment,
) -> Decision {
    let line = journal.write(acts, now.0);
    decision.and(Write::Purge(Box::new(journal.clone()), Box::new(line)))
}

/// Writes a decision. `false` if something that it rests on moved on.
pub(crate) async fn commit(app: &App, decision: &Decision) -> anyhow::Result<bool> {
    match app.desk.ledger.commit(decision).await {
        Ok(()) => {
            app.desk.hand_over(decision).await;
            Ok(true)
        }
        Err(CommitError::Conflict(WriteKind::Entity | WriteKind::Effect | WriteKind::Once)) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
