//! One entry with everything that follows from it: what one transaction writes.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::history::ReminderOutcome;
use super::{Contract, Entry, Event, Receipt, Task, evolve};
use crate::documents::Operator;
use crate::ids::{ContractId, ID_BYTES, MessageId};
use crate::invoice::Invoice;
use crate::money::Yen;
use crate::notice::Notice;
use crate::reseller::ResoldFee;

/// A thing that exists once, named by civil facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    pub contract: ContractId,
    pub name: String,
    /// The civil date of the fact.
    pub on: Date,
    pub at: Timestamp,
    pub clause: String,
    pub reading: String,
}

/// What a person must look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// Art. 11: the last reminder of a renewal could not be sent while it was true.
    LastReminderMissed,
    /// Art. 24: a notice did not arrive.
    NoticeFailed,
    /// 13-1-2: a demand did not arrive; nothing rests on it until it is sent another way.
    DemandFailed,
    /// 15-1, 11: the contract ended while the customer has money with us that no invoice will take.
    CreditLeft,
    /// Art. 4: a change of particulars waits for an operator.
    ChangeToReview,
    /// P-1, 17-1-10: the customer told of a move abroad.
    AddressAbroad,
    /// 13-1: a proposal to rescind waits for another operator.
    RescissionProposed,
    /// 21-6: a stream keeps recordings for less than the plan that was ordered.
    PlanNotMet,
}

/// A case of the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub id: MessageId,
    pub version: u64,
    pub kind: CaseKind,
    pub contract: ContractId,
    pub opened_at: Timestamp,
    /// What it is about, for example the effect or the notice.
    pub about: String,
    /// How it was closed, and by whom.
    pub closed: Option<Closed>,
}

impl Case {
    /// Returns the identifier of the case that a contract has about something.
    pub fn id_of(contract: &ContractId, about: &str) -> MessageId {
        stable_id(contract, &format!("case/{about}"))
    }

    /// Returns the case as somebody closed it.
    #[must_use]
    pub fn close(self, by: &str, note: &str, at: Timestamp) -> Case {
        Case {
            version: self.version + 1,
            closed: Some(Closed {
                at,
                by: by.to_owned(),
                note: note.to_owned(),
            }),
            ..self
        }
    }
}

/// The end of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub at: Timestamp,
    pub by: String,
    pub note: String,
}

/// Everything that one entry leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub contract: Contract,
    pub entry: Entry,
    pub effects: Vec<Effect>,
    /// Due work that exists from now on.
    pub armed: Vec<Task>,
    /// Due work that is void from now on.
    pub disarmed: Vec<Task>,
    /// Messages with an identifier that the same fact gives again.
    pub notices: Vec<(MessageId, Notice)>,
    pub receipt: Option<Receipt>,
    pub invoice: Option<Invoice>,
    pub case: Option<Case>,
    /// What a reseller is billed for (6-2).
    pub resold_fee: Option<ResoldFee>,
}

impl Step {
    /// Works out what follows from an entry. `None` only if the first entry forms no contract.
    pub fn of(before: Option<&Contract>, entry: Entry, operator: &Operator) -> Option<Step> {
        let contract = evolve(before, &entry)?;
        let owed_before = before.map(Contract::owed).unwrap_or_default();
        let owed = contract.owed();
        let without = |all: &[Task], others: &[Task]| -> Vec<Task> {
            let left = all.iter().filter(|task| !others.contains(task));
            left.cloned().collect()
        };
        let armed = without(&owed, &owed_before);
        let disarmed = without(&owed_before, &owed);
        let receipt = match &entry.event {
            Event::ReceiptRecorded { receipt, .. } => Some(receipt.clone()),
            _ => None,
        };
        let notices = notices(before, &contract, &entry);
        Some(Step {
            effects: effects(&contract, &entry),
            case: case(before, &contract, &entry),
            resold_fee: ResoldFee::of(&contract, &entry),
            invoice: Invoice::of(before, &contract, &entry, operator),
            armed,
            disarmed,
            notices,
            receipt,
            contract,
            entry,
        })
    }
}

fn effects(contract: &Contract, entry: &Entry) -> Vec<Effect> {
    let (clause, reading) = entry.event.clause();
    let name = entry.event.work().map(|work| work.effect());
    let effect = |name: String| Effect {
        contract: contract.id.clone(),
        name,
        on: entry.on,
        at: entry.at,
        clause: clause.to_owned(),
        reading: reading.to_owned(),
    };
    name.map(effect).into_iter().collect()
}

/// Returns the identifier that a thing of a contract or a reseller has in every run.
pub fn stable_id(whose: &impl Display, name: &str) -> MessageId {
    let digest = Sha256::digest(format!("{whose}/{name}"));
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&digest[..ID_BYTES]);
    MessageId::from_random(bytes)
}

/// Tells whether an ended contract has credit that was not there, or could still be used, before.
fn leaves_credit(before: Option<&Contract>, contract: &Contract) -> bool {
    let of = |contract: &Contract| match contract.is_over() {
        true => contract.account.credit,
        false => Yen(0),
    };
    of(contract) > before.map_or(Yen(0), of)
}

fn case(before: Option<&Contract>, contract: &Contract, entry: &Entry) -> Option<Case> {
    let kind = match &entry.event {
        Event::Reminded {
            days_before: 31,
            outcome: ReminderOutcome::Overtaken,
            ..
        } => CaseKind::LastReminderMissed,
        Event::Demanded { demand, .. } if demand.failed => CaseKind::DemandFailed,
        Event::ChangeReceived { .. } => CaseKind::ChangeToReview,
        Event::MovedAbroad { .. } => CaseKind::AddressAbroad,
        Event::RescissionProposed { .. } => CaseKind::RescissionProposed,
        _ if leaves_credit(before, contract) => CaseKind::CreditLeft,
        _ => return None,
    };
    let about = match (&entry.event, entry.event.work(), entry.event.receipt()) {
        (Event::RescissionProposed { proposal }, ..) => proposal.about(),
        (_, Some(work), _) => work.effect(),
        (_, None, Some(receipt)) => receipt.to_owned(),
        (_, None, None) => format!("version {}", contract.version),
    };
    Some(Case {
        id: Case::id_of(&contract.id, &about),
        version: 1,
        kind,
        contract: contract.id.clone(),
        opened_at: entry.at,
        about,
        closed: None,
    })
}

/// Returns what the customer is told, each under an identifier of its own.
fn notices(
    before: Option<&Contract>,
    contract: &Contract,
    entry: &Entry,
) -> Vec<(MessageId, Notice)> {
    // A version is written once, so this names the decision; due work is named by its effect.
    let name = match entry.event.work() {
        Some(work) => work.effect(),
        None => format!("version/{}", contract.version),
    };
    let note = entry.event.credit_note();
    let credited = note.map(|note| Notice::CreditNoteIssued {
        contract: contract.id.clone(),
        number: note.number,
    });
    let lifted = note.filter(|note| note.lifts);
    let lifted = lifted.map(|_| Notice::SuspensionLifted {
        contract: contract.id.clone(),
    });
    let told = [
        (
            format!("{name}/former"),
            contact_moved(before, contract, entry),
        ),
        (name.clone(), notice(contract, entry)),
        (format!("{name}/credit-note"), credited),
        (format!("{name}/lifted"), lifted),
    ];
    told.into_iter()
        .filter_map(|(name, notice)| Some((stable_id(&contract.id, &name), notice?)))
        .collect()
}

/// Tells the former address that it is none any more.
fn contact_moved(before: Option<&Contract>, contract: &Contract, entry: &Entry) -> Option<Notice> {
    let former = &before?.customer.contact_email;
    let receipt = entry.event.receipt()?.to_owned();
    (*former != contract.customer.contact_email).then(|| Notice::ContactMoved {
        contract: contract.id.clone(),
        receipt,
        former: former.clone(),
    })
}

/// Returns what an entry is chiefly about.
fn notice(contract: &Contract, entry: &Entry) -> Option<Notice> {
    let id = contract.id.clone();
    let notice = match &entry.event {
        Event::Invoiced {
            debt: Some(debt), ..
        } => Notice::InvoiceIssued {
            contract: id,
            number: debt.number,
        },
        Event::InterestBilled { debt, .. } => Notice::InvoiceIssued {
            contract: id,
            number: debt.number,
        },
        Event::Reminded {
            order,
            term,
            days_before,
            outcome: ReminderOutcome::Asked,
            ..
        } => Notice::RenewalReminder {
            contract: id,
            order: *order,
            term: *term,
            days_before: *days_before,
        },
        Event::Renewed { order, term, .. } => Notice::Renewed {
            contract: id,
            order: *order,
            term: *term,
        },
        Event::Expired { order, term } => Notice::Expired {
            contract: id,
            order: *order,
            term: *term,
        },
        Event::RefusalReceived { order, refused, .. } => Notice::RefusalReceived {
            contract: id,
            order: *order,
            receipt: refused.receipt.clone(),
        },
        Event::CancellationReceived { ending } => Notice::CancellationReceived {
            contract: id,
            receipt: ending.receipt.clone(),
        },
        Event::ServiceEndSet { .. } => Notice::ServiceEndSet { contract: id },
        Event::BackupReminded {
            last,
            outcome: ReminderOutcome::Asked,
        } => Notice::BackupReminder {
            contract: id,
            last: *last,
        },
        Event::EndReached { .. } => Notice::ContractEnded { contract: id },
        Event::Demanded { debt, demand } if demand.sent_on.is_none() && !demand.failed => {
            Notice::Demand {
                contract: id,
                number: *debt,
            }
        }
        Event::SuspendedForNonPayment { .. } | Event::Suspended { .. } => {
            Notice::Suspended { contract: id }
        }
        Event::Lifted { .. } => Notice::SuspensionLifted { contract: id },
        Event::ReceiptRecorded { lifts: true, .. } => Notice::SuspensionLifted { contract: id },
        Event::OrderAccepted { order } => Notice::OrderAccepted {
            contract: id,
            order: order.number,
        },
        Event::Rescinded { .. } => Notice::Rescinded { contract: id },
        Event::ChangeReceived { .. } | Event::MovedAbroad { .. } => Notice::ChangeReceived {
            contract: id,
            receipt: entry.event.receipt()?.to_owned(),
        },
        Event::ParticularsRegistered { change } => Notice::ParticularsRegistered {
            contract: id,
            receipt: change.receipt.clone(),
        },
        Event::ChangeRefused { receipt, reason } => Notice::ChangeRefused {
            contract: id,
            receipt: receipt.clone(),
            reason: reason.clone(),
        },
        Event::Purged => Notice::DataDeleted { contract: id },
        _ => return None,
    };
    Some(notice)
}
