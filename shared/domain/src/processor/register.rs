//! The register of sub-processors and its gate: no data leave for a use that no active entry covers (10, 22-3).
//!
//! The register knows the uses that are made of it, so that whoever adds a use and whoever ends an entry write the same
//! document and never pass each other.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Processor, Use};
use crate::calendar::tokyo_date;
use crate::rules::rules;

rules! {
    /// Why a step of the register is refused.
    Refusal {
        NoNda => ("nda_missing", "データを渡す再委託先には、秘密保持契約の番号が必要です（第22条第3項）。", "Whoever is handed data needs the number of a confidentiality agreement (22-3)."),
        EndsTooEarly => ("ends_before_it_begins", "終了日は、開始日以後の日にしてください。", "The last day cannot lie before the first one."),
        AlreadyEnded => ("processor_ended", "この再委託先の終了日はすでに決まっています。", "The last day of this sub-processor is set already."),
        Uncovered => ("processor_needed", "秘密保持契約と必要なデータの区分を備え、終了日のない有効な登録のある再委託先がなければ、この利用はできません（第10条、第22条第3項）。", "This use needs a sub-processor with an active entry that has no last day, a confidentiality agreement and the classes of data (10, 22-3)."),
        Unknown => ("processor_unknown", "この名前の再委託先は登録されていません。", "No sub-processor of this name is on the register."),
        NothingWaits => ("nothing_waits", "承認を待つ変更はありません。", "No change waits for approval."),
        AuthorApproves => ("second_operator_needed", "変更を申請した人は承認できません。別の担当者が承認してください。", "Whoever proposed the change cannot approve it. Another operator must."),
    }
}

/// A change of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A new entry, or new facts of one that is there.
    Enter { processor: Box<Processor> },
    /// The last day of an entry.
    End { id: String, until: Date },
}

impl Change {
    /// Returns the entry that it is about.
    pub fn id(&self) -> &str {
        match self {
            Change::Enter { processor } => &processor.id,
            Change::End { id, .. } => id,
        }
    }
}

/// A change that waits for a second operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    #[serde(flatten)]
    pub change: Change,
    pub by: String,
    pub at: Timestamp,
}

/// What led to a version of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// The operator's folder laid the register down.
    LaidDown,
    /// Settings or price lists were published that make other uses of it.
    UsesChanged,
    Proposed {
        id: String,
    },
    Approved {
        id: String,
        proposed_by: String,
    },
    Withdrawn {
        id: String,
    },
}

/// One version of the register; earlier ones stay, so that every day shows its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    pub version: u64,
    pub recorded_at: Timestamp,
    pub by: String,
    #[serde(flatten)]
    pub act: Act,
    /// By the day of their beginning as entered.
    pub processors: Vec<Processor>,
    /// What data are handed over for.
    pub uses: BTreeSet<Use>,
    /// At most one change of each entry.
    pub waiting: Vec<Proposal>,
}

/// Returns the uses that no entry covers from a day on.
pub fn uncovered(entries: &[Processor], uses: &BTreeSet<Use>, day: Date) -> Vec<Use> {
    let covered = |one: &Use| entries.iter().any(|entry| entry.covers(one, day));
    uses.iter().filter(|one| !covered(one)).cloned().collect()
}

/// Returns the version that was the register on a day.
pub fn on(versions: &[Register], day: Date) -> Option<&Register> {
    let known = versions
        .iter()
        .filter(|version| tokyo_date(version.recorded_at) <= day);
    known.max_by_key(|version| version.version)
}

impl Register {
    /// Takes over the uses of a publication, and lays the first register down as the operator's folder has it. Nothing
    /// where both are so already; a use that no entry covers is refused.
    pub fn publish(
        before: Option<&Register>,
        folder: Vec<Processor>,
        uses: BTreeSet<Use>,
        (by, now): (&str, Timestamp),
    ) -> Result<Option<Register>, Refusal> {
        let after = match before {
            Some(before) if before.uses == uses => return Ok(None),
            Some(before) => Register {
                uses,
                ..before.next(Act::UsesChanged, (by, now))
            },
            None => Register {
                version: 1,
                recorded_at: now,
                by: by.to_owned(),
                act: Act::LaidDown,
                processors: folder,
                uses,
                waiting: Vec::new(),
            },
        };
        after.processors.iter().try_for_each(Processor::check)?;
        after.gate(tokyo_date(now)).map(Some)
    }

    /// Proposes a change; it takes the place of another one of the same entry that still waits.
    pub fn propose(&self, change: Change, by: &str, now: Timestamp) -> Result<Register, Refusal> {
        self.changed(&change)?.gate(tokyo_date(now))?;
        let id = change.id().to_owned();
        let mut after = self.next(Act::Proposed { id: id.clone() }, (by, now));
        after.waiting.retain(|other| other.change.id() != id);
        let by = by.to_owned();
        after.waiting.push(Proposal {
            change,
            by,
            at: now,
        });
        Ok(after)
    }

    /// Agrees to a change, which counts from now on.
    pub fn approve(&self, id: &str, by: &str, now: Timestamp) -> Result<Register, Refusal> {
        let proposal = self.proposal(id)?;
        if proposal.by == by {
            return Err(Refusal::AuthorApproves);
        }
        let act = Act::Approved {
            id: id.to_owned(),
            proposed_by: proposal.by.clone(),
        };
        let mut after = self.changed(&proposal.change)?.next(act, (by, now));
        after.waiting.retain(|other| other.change.id() != id);
        after.gate(tokyo_date(now))
    }

    /// Takes a change back that still waits.
    pub fn withdraw(&self, id: &str, by: &str, now: Timestamp) -> Result<Register, Refusal> {
        self.proposal(id)?;
        let mut after = self.next(Act::Withdrawn { id: id.to_owned() }, (by, now));
        after.waiting.retain(|other| other.change.id() != id);
        Ok(after)
    }

    /// Returns the entry of an identifier.
    pub fn processor(&self, id: &str) -> Option<&Processor> {
        self.processors.iter().find(|one| one.id == id)
    }

    /// The gate: every use is covered, or nothing changes.
    fn gate(self, day: Date) -> Result<Register, Refusal> {
        match uncovered(&self.processors, &self.uses, day).is_empty() {
            true => Ok(self),
            false => Err(Refusal::Uncovered),
        }
    }

    fn proposal(&self, id: &str) -> Result<&Proposal, Refusal> {
        let found = self.waiting.iter().find(|one| one.change.id() == id);
        found.ok_or(Refusal::NothingWaits)
    }

    fn next(&self, act: Act, (by, now): (&str, Timestamp)) -> Register {
        Register {
            version: self.version + 1,
            recorded_at: now,
            by: by.to_owned(),
            act,
            ..self.clone()
        }
    }

    /// Returns what the register would say with a change, whether or not every use is still covered.
    pub fn changed(&self, change: &Change) -> Result<Register, Refusal> {
        let mut after = self.clone();
        match change {
            Change::Enter { processor } => {
                processor.check()?;
                match after
                    .processors
                    .iter_mut()
                    .find(|one| one.id == processor.id)
                {
                    Some(known) => known.clone_from(processor),
                    None => after.processors.push(processor.as_ref().clone()),
                }
            }
            Change::End { id, until } => {
                let known = after.processors.iter_mut().find(|one| one.id == *id);
                let known = known.ok_or(Refusal::Unknown)?;
                if known.until.is_some() {
                    return Err(Refusal::AlreadyEnded);
                }
                known.until = Some(*until);
                known.check()?;
            }
        }
        Ok(after)
    }
}
