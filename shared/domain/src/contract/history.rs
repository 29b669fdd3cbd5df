//! What happened to a contract. The snapshot is the fold of its entries.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Change, Contract, Debt, Demand, Departure, Draft, Ending, Measure, MeasureGround, Order,
    Pinned, Proposal, Refused,
};
use super::{TerminationCause, Work};
use crate::interest::DayCount;
use crate::money::Yen;
use crate::prices::Quote;

/// Money set against one debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    pub debt: u32,
    pub yen: Yen,
}

/// A payment that was received (6-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The bank's or the operator's own reference; unique in the service.
    pub reference: String,
    /// The day on which the money was received (D-28).
    pub received_on: Date,
    pub yen: Yen,
    pub allocations: Vec<Allocation>,
    /// What no debt took: kept as credit.
    pub credit: Yen,
}

/// A credit note (返還請求書) for a debt (6-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNote {
    /// Its own number.
    pub number: u32,
    pub debt: u32,
    pub yen: Yen,
    /// What the debt did not take any more, set against the other open debts.
    #[serde(default)]
    pub allocations: Vec<Allocation>,
    /// What no debt took: kept as credit.
    pub to_credit: Yen,
    pub reason: String,
    /// Interest of the debts that it settled late, and anew that of a debt which it made smaller (Art. 19).
    #[serde(default)]
    pub drafts: Vec<(u32, Draft)>,
    /// 6-2: the suspension is lifted by it.
    pub lifts: bool,
}

impl CreditNote {
    /// Returns where the payments that it makes come from.
    pub fn reference(&self) -> String {
        format!("credit-note/{:04}", self.number)
    }
}

fn measure_clause() -> String {
    "13-1".to_owned()
}

/// How a reminder came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReminderOutcome {
    Asked,
    /// The next one had taken over, or no refusal was possible any more.
    Overtaken,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// 3-3.
    Formed { contract: Box<Contract> },
    /// D-40: another order was accepted.
    OrderAccepted { order: Box<Order> },
    /// 6-1: a term's invoice was issued. A reseller's contract owes us nothing (6-2).
    Invoiced {
        order: u16,
        term: u16,
        debt: Option<Box<Debt>>,
        /// How much of the customer's credit was set off.
        credit_used: Yen,
    },
    /// Art. 11: a reminder was asked for, or was overtaken.
    Reminded {
        order: u16,
        term: u16,
        days_before: u16,
        outcome: ReminderOutcome,
        /// The first reminder fixes what the next term costs.
        pinned: Option<Box<Pinned>>,
    },
    /// Art. 11: the term was followed by the next one.
    Renewed {
        order: u16,
        /// The number of the term that began.
        term: u16,
        quote: Quote,
        terms_version: String,
    },
    /// Art. 11: the order ran out on its expiry date.
    Expired { order: u16, term: u16 },
    /// Art. 11: a refusal of renewal arrived in time.
    RefusalReceived {
        order: u16,
        /// The expiry date on which the order ends.
        last_day: Date,
        refused: Refused,
        /// The fee of a term that had begun before a refusal on paper was recorded.
        #[serde(default)]
        takes_back: Option<CreditNote>,
    },
    /// 15-1: a cancellation arrived.
    CancellationReceived { ending: Ending },
    /// 14-1: the last day of the service is set; the orders go on until then.
    ServiceEndSet { ending: Ending },
    /// Art. 9: the customer was reminded to save recordings before the last day of use, or it was too late for that.
    BackupReminded {
        last: Date,
        outcome: ReminderOutcome,
    },
    /// 15-1, 14-1: the contract ended on the day that was set.
    EndReached { cause: TerminationCause },
    /// 6-1: money was received.
    ReceiptRecorded {
        receipt: Receipt,
        /// Interest of the debts that it settled late (Art. 19).
        drafts: Vec<(u32, Draft)>,
        /// 6-2: the suspension is lifted by it.
        lifts: bool,
    },
    /// 6-1: a credit note was issued for a debt.
    Credited(CreditNote),
    /// 13-1-2: a demand was asked for, and later sent, or failed.
    Demanded { debt: u32, demand: Demand },
    /// 6-2: suspended by the timer after demand and grace.
    SuspendedForNonPayment { debt: u32, demand: u16 },
    /// 13-1: suspended by an operator; all debts fall due (13-2). On the ground of 6-2 only the use stops.
    Suspended { measure: Measure },
    /// An operator lifted the suspension of a clause.
    Lifted {
        reason: String,
        #[serde(default = "measure_clause")]
        clause: String,
    },
    /// 13-1, 17-2: one operator proposed to rescind.
    RescissionProposed { proposal: Proposal },
    /// The proposal was taken back.
    ProposalWithdrawn { reason: String },
    /// 13-1, 17-2: a second operator agreed; it takes effect at once and all debts fall due (13-2).
    Rescinded { measure: Measure },
    /// Art. 19: an operator billed the interest of a debt.
    InterestBilled {
        of: u32,
        debt: Box<Debt>,
        day_count: DayCount,
        /// How much of the customer's credit was set off.
        #[serde(default)]
        credit_used: Yen,
    },
    /// Art. 19: an operator waived it (D-29).
    InterestWaived { of: u32, reason: String },
    /// Art. 4: a change of particulars arrived that an operator must look at.
    ChangeReceived { change: Box<Change> },
    /// Art. 4: particulars count from their day on, and are known from this entry on.
    ParticularsRegistered { change: Box<Change> },
    /// Art. 4: an operator did not take a change over.
    ChangeRefused { receipt: String, reason: String },
    /// P-1, 17-1-10: the customer told of a move abroad.
    MovedAbroad { departure: Departure },
    /// 15-3: the deletion of the customer's data began.
    PurgeBegun,
    /// 15-3: nothing was found any more, and the certificate was issued.
    Purged,
    /// 15-3: name and address were erased, after the certificate was sent.
    ContactErased,
    /// 15-3: the last recovery copy of the tables expired, and the second statement was issued.
    RecoveryCopiesGone,
}

/// One entry of a contract's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was recorded.
    pub at: Timestamp,
    /// The civil date of the fact: of due work its own day, however late it was done.
    pub on: Date,
    /// `work`, `user:<id>`, `operator:<name>` or `mail`.
    pub by: String,
    #[serde(flatten)]
    pub event: Event,
    /// Of the entry that ends the contract: for how many days its data are kept (15-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_kept_days: Option<u16>,
}

impl Event {
    /// Returns the piece of due work that the event carries out.
    pub fn work(&self) -> Option<Work> {
        match self {
            Event::Invoiced { order, term, .. } => Some(Work::Invoice {
                order: *order,
                term: *term,
            }),
            Event::Reminded {
                order,
                term,
                days_before,
                ..
            } => Some(Work::Reminder {
                order: *order,
                term: *term,
                days_before: *days_before,
            }),
            Event::Renewed { order, term, .. } => Some(Work::Renewal {
                order: *order,
                term: term.saturating_sub(1),
            }),
            Event::Expired { order, term } => Some(Work::Renewal {
                order: *order,
                term: *term,
            }),
            Event::BackupReminded { last, .. } => Some(Work::BackupReminder { last: *last }),
            Event::EndReached { .. } => Some(Work::End),
            Event::PurgeBegun => Some(Work::Purge),
            Event::Purged => Some(Work::Certificate),
            Event::ContactErased => Some(Work::Contact),
            Event::RecoveryCopiesGone => Some(Work::RecoveryCopies),
            Event::Demanded { debt, demand } if demand.sent_on.is_none() && !demand.failed => {
                Some(Work::Demand { debt: *debt })
            }
            Event::SuspendedForNonPayment { debt, demand } => Some(Work::Suspension {
                debt: *debt,
                demand: *demand,
            }),
            _ => None,
        }
    }

    /// Returns the credit note that it issues.
    pub fn credit_note(&self) -> Option<&CreditNote> {
        match self {
            Event::Credited(note)
            | Event::RefusalReceived {
                takes_back: Some(note),
                ..
            } => Some(note),
            _ => None,
        }
    }

    /// Returns the number on the receipt of a change of particulars.
    pub fn receipt(&self) -> Option<&str> {
        match self {
            Event::ChangeReceived { change } | Event::ParticularsRegistered { change } => {
                Some(&change.receipt)
            }
            Event::ChangeRefused { receipt, .. } => Some(receipt),
            Event::MovedAbroad { departure } => Some(&departure.receipt),
            _ => None,
        }
    }

    /// Tells whether only operators see it: what is considered but not decided.
    pub fn is_internal(&self) -> bool {
        matches!(
            self,
            Event::RescissionProposed { .. } | Event::ProposalWithdrawn { .. }
        )
    }

    /// Returns the clause and the reading of it that decided.
    pub fn clause(&self) -> (&'static str, &'static str) {
        match self {
            Event::Formed { .. } => ("3-3", "D-02 v1"),
            Event::OrderAccepted { .. } => ("11", "D-40 v1"),
            Event::Invoiced { .. } => ("6-1", "first day of the term v1"),
            Event::Reminded { .. } => ("11", "D-11 v1"),
            Event::Renewed { .. } => ("11", "D-10 v1, price pinned at -90 v1"),
            Event::Expired { .. } => ("11", "D-11 v1"),
            Event::RefusalReceived { .. } => ("11", "D-11 v1"),
            Event::CancellationReceived { .. } => ("15-1", "D-15 v1, no renewed term v1"),
            Event::ServiceEndSet { .. } => ("14-1", "orders go on to the last day v1"),
            Event::BackupReminded { .. } => ("9", "14 days before the last day v1"),
            Event::EndReached { cause } => (cause.clause(), "D-15 v1"),
            Event::ReceiptRecorded { .. } => ("6-1", "earliest due, fee before interest v1"),
            Event::Credited(_) => ("6-1", "credit note v2"),
            Event::Demanded { .. } => ("13-1-2", "D-07 v1"),
            Event::SuspendedForNonPayment { .. } => ("6-2", "D-06 v1, after demand and grace v1"),
            Event::Suspended { measure } if measure.ground == MeasureGround::Arrears => {
                ("6-2", "D-06 v1, by an operator v1")
            }
            Event::Suspended { .. } => ("13-1", "D-06 v1, D-08 v2"),
            Event::Lifted { clause, .. } if clause == "6-2" => ("6-2", "D-06 v1"),
            Event::Lifted { .. } => ("13-1", "D-06 v1"),
            Event::RescissionProposed { .. } | Event::ProposalWithdrawn { .. } => {
                ("13-1", "two operators v1")
            }
            Event::Rescinded { measure } => (measure.ground.cause().clause(), "D-08 v2, D-23 v1"),
            Event::InterestBilled { day_count, .. } => ("19", day_count.reading()),
            Event::InterestWaived { .. } => ("19", "D-29 v1"),
            Event::ChangeReceived { .. }
            | Event::ParticularsRegistered { .. }
            | Event::ChangeRefused { .. } => ("4", "effective and known v1"),
            Event::MovedAbroad { .. } => ("17-1-10", "D-22 v1"),
            Event::PurgeBegun => ("15-3", "D-16 v1, days fixed at the end v1"),
            Event::Purged | Event::ContactErased | Event::RecoveryCopiesGone => ("15-3", "D-05 v1"),
        }
    }
}
