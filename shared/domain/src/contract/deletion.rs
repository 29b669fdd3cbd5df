//! データ消去: from which day a contract's data go, and how far their deletion is (15-3, D-05, D-16).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Contract, Entry, Event, Standing, Work, evolve};
use crate::calendar::{days, tokyo_date};
use crate::documents::{DEFAULT_KEPT_DAYS, Operator};

/// For how many days the tables can be restored to any moment: until then a copy of what was deleted exists.
pub const RECOVERY_DAYS: i64 = 35;

/// Where the deletion of an ended contract's data stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deletion {
    /// Days for which the data are kept after the day that follows the end: fixed when the contract ends, so that what
    /// the customer was told stays so.
    pub kept_days: u16,
    /// The day from which they count if it is later than the last day of use: an end that was recorded afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_on: Option<Date>,
    pub begun: bool,
    /// When the certificate was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certified_on: Option<Date>,
    /// Name and address were erased, which comes last.
    pub contact_erased: bool,
    /// The statement that no recovery copy is left was issued.
    pub closed: bool,
}

impl Default for Deletion {
    fn default() -> Self {
        Deletion {
            kept_days: DEFAULT_KEPT_DAYS,
            recorded_on: None,
            begun: false,
            certified_on: None,
            contact_erased: false,
            closed: false,
        }
    }
}

impl Deletion {
    /// Tells whether it says nothing that a contract would not say without it.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Deletion::default()
    }
}

/// Returns the first day on which data may be deleted: never before 00:00 of the day after the last day (15-3, D-16).
fn first_day(last_day: Date, kept_days: u16) -> Date {
    days(last_day, 1 + i64::from(kept_days))
}

/// Returns the first day on which no table can be restored to a moment of this day any more.
pub fn recovery_ends(deleted_on: Date) -> Date {
    days(deleted_on, RECOVERY_DAYS + 1)
}

impl Contract {
    /// Returns the first day on which the data are no longer kept if this is the last day of use (15-3). For an ended
    /// contract that day is fixed; before, it follows the operator's setting.
    pub fn data_go_on(&self, last_day: Date, operator: &Operator) -> Date {
        let fixed = self.data_went_on();
        fixed.unwrap_or_else(|| first_day(last_day, operator.deletion.kept_days))
    }

    /// Returns the day from which an ended contract's data are deleted; `None` while it has not ended.
    pub fn data_went_on(&self) -> Option<Date> {
        let Standing::Ended { on, .. } = self.standing else {
            return None;
        };
        let counted = self.deletion.recorded_on.map_or(on, |day| day.max(on));
        Some(first_day(counted, self.deletion.kept_days))
    }

    /// Returns what the deletion owes next, each with its day.
    pub(super) fn deletion_owed(&self) -> Vec<(Date, Work)> {
        let Some(day) = self.data_went_on() else {
            return Vec::new();
        };
        let deletion = &self.deletion;
        let Some(certified_on) = deletion.certified_on else {
            let next = match deletion.begun {
                false => Work::Purge,
                true => Work::Certificate,
            };
            return vec![(day, next)];
        };
        // Whoever still owes something is still written to.
        let contact = !deletion.contact_erased && self.account.debts.is_empty();
        let contact = contact.then_some((certified_on, Work::Contact));
        let copies =
            (!deletion.closed).then(|| (recovery_ends(certified_on), Work::RecoveryCopies));
        contact.into_iter().chain(copies).collect()
    }

    /// Takes in what the end, or a step of the deletion, leaves of the contract.
    pub(super) fn delete_data(&mut self, had_ended: bool, entry: &Entry) {
        if !had_ended && self.is_over() {
            self.deletion.kept_days = entry.data_kept_days.unwrap_or(DEFAULT_KEPT_DAYS);
            let late = matches!(entry.event, Event::RefusalReceived { .. });
            self.deletion.recorded_on = late.then(|| tokyo_date(entry.at));
        }
        match entry.event {
            Event::PurgeBegun => self.deletion.begun = true,
            Event::Purged => {
                self.deletion.certified_on = Some(tokyo_date(entry.at));
                self.proposal = None;
                self.forget_earlier_particulars();
                if self.account.debts.is_empty() {
                    self.customer = self.customer.contact_alone();
                }
            }
            Event::ContactErased => {
                self.deletion.contact_erased = true;
                self.customer = self.customer.erased();
            }
            Event::RecoveryCopiesGone => self.deletion.closed = true,
            _ => {}
        }
    }
}

impl Entry {
    /// Fixes with the entry that ends a contract for how long its data are kept.
    #[must_use]
    pub(super) fn fixing(mut self, before: &Contract, operator: &Operator) -> Self {
        let ends = !before.is_over() && evolve(Some(before), &self).is_some_and(|c| c.is_over());
        self.data_kept_days = ends.then_some(operator.deletion.kept_days);
        self
    }

    /// Returns the entry without what names people: what happened stays, with its day and its ground (D-05).
    #[must_use]
    pub fn without_names(&self) -> Entry {
        let mut entry = self.clone();
        match &mut entry.event {
            Event::Formed { contract } => {
                contract.customer = contract.customer.erased();
                contract.forget_earlier_particulars();
            }
            Event::ChangeReceived { change } | Event::ParticularsRegistered { change } => {
                change.particulars = change.particulars.erased();
            }
            Event::ChangeRefused { reason, .. } => reason.clear(),
            Event::MovedAbroad { departure } => departure.address.clear(),
            Event::Suspended { measure } | Event::Rescinded { measure } => measure.evidence.clear(),
            Event::RescissionProposed { proposal } => proposal.measure.evidence.clear(),
            Event::Lifted { reason, .. }
            | Event::ProposalWithdrawn { reason }
            | Event::InterestWaived { reason, .. } => reason.clear(),
            _ => {}
        }
        entry
    }
}
