//! Due work: what a contract owes next, and on which day. The store keeps one item for each.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Contract, Standing};
use crate::calendar::days;
use crate::ids::ContractId;

/// What the effects of reminders to save recordings begin with.
pub(super) const BACKUP_REMINDERS: &str = "backup-reminder/";

/// One thing that falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// 6-1: the term's invoice, on its first day.
    Invoice { order: u16, term: u16 },
    /// Art. 11: a reminder of the renewal.
    Reminder {
        order: u16,
        term: u16,
        days_before: u16,
    },
    /// Art. 11: the day after the expiry date: renewed, or run out.
    Renewal { order: u16, term: u16 },
    /// 6-2, 13-1-2: the demand for an unpaid invoice.
    Demand { debt: u32 },
    /// 6-2: the suspension after a demand and its grace; each demand bears one at most.
    Suspension { debt: u32, demand: u16 },
    /// Art. 9, 15-2: what is needed can be saved until the last day of use.
    BackupReminder { last: Date },
    /// 15-1: the day after the last day of a cancelled contract.
    End,
    /// 15-3: the deletion of the customer's data begins.
    Purge,
    /// 15-3: the deletion goes on until nothing is found any more and the certificate is issued.
    Certificate,
    /// 15-3: name and address go once the certificate was sent and nothing is owed.
    Contact,
    /// 15-3: the last recovery copy of the tables expired.
    RecoveryCopies,
}

/// The queue that a piece of work goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Invoice,
    Reminder,
    Renewal,
    Arrears,
    Purge,
}

/// How work is caught up on after an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// Done late exactly as it would have been done in time.
    AsDated,
    /// Done only before this day; afterwards it would be untrue, and that it was left out is recorded.
    UsefulUntil(Date),
    /// Its day is counted from a prerequisite that really happened, so it is never early.
    AfterPrerequisite,
}

/// A piece of due work of one contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Task {
    pub due: Date,
    pub contract: ContractId,
    #[serde(flatten)]
    pub work: Work,
}

impl Work {
    /// Returns the queue's kind.
    pub fn kind(self) -> Kind {
        match self {
            Work::Invoice { .. } => Kind::Invoice,
            Work::Reminder { .. } | Work::BackupReminder { .. } => Kind::Reminder,
            Work::Renewal { .. } | Work::End => Kind::Renewal,
            Work::Demand { .. } | Work::Suspension { .. } => Kind::Arrears,
            Work::Purge | Work::Certificate | Work::Contact | Work::RecoveryCopies => Kind::Purge,
        }
    }

    /// Returns the name of its effect within the contract: civil facts only, never the time of a run.
    pub fn effect(self) -> String {
        match self {
            Work::Invoice { order, term } => format!("invoice/{order:02}/{term:04}"),
            Work::Reminder {
                order,
                term,
                days_before,
            } => format!("reminder/{order:02}/{term:04}/-{days_before}"),
            Work::Renewal { order, term } => format!("renewal/{order:02}/{term:04}"),
            Work::Demand { debt } => format!("demand/{debt:04}"),
            Work::Suspension { debt, demand } => format!("suspension/{debt:04}/{demand:02}"),
            Work::BackupReminder { last } => format!("{BACKUP_REMINDERS}{last}"),
            Work::End => "end".to_owned(),
            Work::Purge => "purge".to_owned(),
            Work::Certificate => "purge/certificate".to_owned(),
            Work::Contact => "purge/contact".to_owned(),
            Work::RecoveryCopies => "purge/recovery-copies".to_owned(),
        }
    }

    /// Returns the clause that it rests on.
    pub fn clause(self) -> &'static str {
        match self {
            Work::Invoice { .. } => "6-1",
            Work::Reminder { .. } | Work::Renewal { .. } => "11",
            Work::Demand { .. } => "13-1-2",
            Work::Suspension { .. } => "6-2",
            Work::BackupReminder { .. } => "9",
            Work::End => "15-1",
            Work::Purge | Work::Certificate | Work::Contact | Work::RecoveryCopies => "15-3",
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [
        Kind::Invoice,
        Kind::Reminder,
        Kind::Renewal,
        Kind::Arrears,
        Kind::Purge,
    ];

    /// Returns the stable name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invoice => "invoice",
            Kind::Reminder => "reminder",
            Kind::Renewal => "renewal",
            Kind::Arrears => "arrears",
            Kind::Purge => "purge",
        }
    }
}

impl Contract {
    /// Returns everything that the contract owes next. It is a function of the contract alone, so what
    /// the table holds can be compared with it at any time.
    pub fn owed(&self) -> Vec<Task> {
        let mut owed = Vec::new();
        let mut owe = |due: Date, work: Work| {
            owed.push(Task {
                due,
                contract: self.id.clone(),
                work,
            });
        };
        for order in self.orders.iter().filter(|order| !order.closed) {
            let (number, running) = (order.number, &order.running);
            let term = running.number;
            let begins = order.last_day.is_none_or(|last| running.term.start <= last);
            if !running.invoiced && begins {
                let work = Work::Invoice {
                    order: number,
                    term,
                };
                owe(running.term.start, work);
            }
            if let (true, Some((days_before, day))) = (order.renews(), running.next_rung()) {
                let work = Work::Reminder {
                    order: number,
                    term,
                    days_before,
                };
                owe(day, work);
            }
            let work = Work::Renewal {
                order: number,
                term,
            };
            // What a cancellation cuts short is closed by the end of the contract.
            let cut = |ending: &super::Ending| ending.on <= running.term.end;
            if !self.ending.as_ref().is_some_and(cut) {
                owe(days(running.term.end, 1), work);
            }
        }
        if let Some((day, work)) = self.backup_owed() {
            owe(day, work);
        }
        if let (Some(ending), false) = (&self.ending, self.is_over()) {
            owe(days(ending.on, 1), Work::End);
        }
        for (day, work) in self.deletion_owed() {
            owe(day, work);
        }
        let may_suspend = matches!(self.standing, Standing::Active);
        for debt in self.account.open().filter(|debt| debt.is_dunned()) {
            let number = debt.number;
            match &debt.demand {
                None => owe(debt.demand_day(), Work::Demand { debt: number }),
                Some(sent) if may_suspend && debt.suspended_after != Some(debt.demands) => {
                    let demand = debt.demands;
                    if let Some(day) = sent.lapses_on(debt.grace_days) {
                        owe(
                            days(day, 1),
                            Work::Suspension {
                                debt: number,
                                demand,
                            },
                        );
                    }
                }
                Some(_) => {}
            }
        }
        owed
    }

    /// Tells whether the end was carried out.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.standing, Standing::Ended { .. })
    }

    /// Returns how a piece of work is caught up on.
    pub fn catch_up(&self, work: Work) -> CatchUp {
        match work {
            Work::Invoice { .. } | Work::Renewal { .. } | Work::End => CatchUp::AsDated,
            Work::Reminder {
                order, days_before, ..
            } => self.order(order).map_or(CatchUp::AsDated, |order| {
                CatchUp::UsefulUntil(order.running.rung_over(days_before))
            }),
            Work::BackupReminder { last } => CatchUp::UsefulUntil(days(last, 1)),
            Work::Demand { .. }
            | Work::Suspension { .. }
            | Work::Purge
            | Work::Certificate
            | Work::Contact
            | Work::RecoveryCopies => CatchUp::AfterPrerequisite,
        }
    }
}
