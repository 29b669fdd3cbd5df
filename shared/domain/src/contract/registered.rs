//! 登録事項の変更: from which day particulars count, and since when that is known (Art. 4).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Contract, Event, Refusal};
use crate::calendar::tokyo_date;
use crate::particulars::{Particulars, line};

/// The longest address abroad that is taken down.
const MOST_ADDRESS: usize = 300;

/// Particulars that count from a day on, until others of a later day do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    pub effective_on: Date,
    /// When the service came to know it; of two for the same day the one known later corrects the other.
    pub recorded_at: Timestamp,
    pub particulars: Particulars,
}

/// A change of particulars that the customer notified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The number on the customer's receipt.
    pub receipt: String,
    /// The day on which the facts changed.
    pub effective_on: Date,
    pub received_at: Timestamp,
    pub particulars: Particulars,
}

/// A notification of changed particulars, nothing decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewParticulars {
    pub receipt: String,
    pub effective_on: Date,
    pub particulars: Particulars,
}

/// A move to an address outside Japan, as the customer tells it (P-1, 17-1-10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    pub receipt: String,
    pub effective_on: Date,
    /// As it was written; it is never taken into the particulars.
    pub address: String,
}

impl Particulars {
    /// Tells whether a person must look at the change: who the customer is, or where.
    pub fn needs_review(&self, now: &Particulars) -> bool {
        self.customer != now.customer
            || self.name != now.name
            || self.name_kana != now.name_kana
            || self.representative != now.representative
            || self.address != now.address
    }
}

impl Contract {
    /// Returns the particulars of a civil day, as they were known at a moment. Before the first day the first ones count.
    pub fn particulars_on(&self, day: Date, known_at: Timestamp) -> &Particulars {
        let known = self
            .registered
            .iter()
            .filter(|of| of.recorded_at <= known_at);
        let counts = known.filter(|of| of.effective_on <= day);
        let latest = counts.max_by_key(|of| (of.effective_on, of.recorded_at));
        let first = self.registered.first();
        latest
            .or(first)
            .map_or(&self.customer, |of| &of.particulars)
    }

    fn formed_with(&self) -> Registered {
        Registered {
            effective_on: tokyo_date(self.formed_at),
            recorded_at: self.formed_at,
            particulars: self.customer.clone(),
        }
    }

    /// Returns every set of particulars, in the order in which it came to be known.
    pub fn every_particulars(&self) -> Vec<Registered> {
        match self.registered.is_empty() {
            true => vec![self.formed_with()],
            false => self.registered.clone(),
        }
    }

    /// Leaves nothing but the particulars that count now (15-3).
    pub(super) fn forget_earlier_particulars(&mut self) {
        self.registered.clear();
        self.change = None;
    }

    /// The day of a change lies under the contract and not in the future: what has not changed yet is told when it has.
    fn changed_on(&self, day: Date, today: Date) -> Result<Date, Refusal> {
        if day > today {
            return Err(Refusal::ChangeInTheFuture);
        }
        if day < tokyo_date(self.formed_at) {
            return Err(Refusal::ChangeBeforeFormation);
        }
        Ok(day)
    }

    /// Contacts count at once; who the customer is and where waits for an operator (Art. 4, 5-1, P-1).
    pub(super) fn change(&self, new: NewParticulars, at: Timestamp) -> Result<Event, Refusal> {
        let effective_on = self.changed_on(new.effective_on, tokyo_date(at))?;
        if new.particulars == *self.particulars_on(effective_on, Timestamp::MAX) {
            return Err(Refusal::NothingChanged);
        }
        if self.change.is_some() {
            return Err(Refusal::ChangeWaiting);
        }
        let needs_review = new.particulars.needs_review(&self.customer);
        let change = Box::new(Change {
            receipt: new.receipt,
            effective_on,
            received_at: at,
            particulars: new.particulars,
        });
        Ok(match needs_review {
            true => Event::ChangeReceived { change },
            false => Event::ParticularsRegistered { change },
        })
    }

    /// Returns the change that waits under a receipt number: an operator decides what was on the page.
    fn waiting(&self, receipt: &str) -> Result<&Change, Refusal> {
        let waiting = self.change.as_deref();
        waiting
            .filter(|change| change.receipt == receipt)
            .ok_or(Refusal::NoChangeWaiting)
    }

    pub(super) fn confirm_change(&self, receipt: &str) -> Result<Event, Refusal> {
        Ok(Event::ParticularsRegistered {
            change: Box::new(self.waiting(receipt)?.clone()),
        })
    }

    pub(super) fn refuse_change(&self, receipt: &str, reason: &str) -> Result<Event, Refusal> {
        Ok(Event::ChangeRefused {
            receipt: self.waiting(receipt)?.receipt.clone(),
            reason: super::commands::reason(reason)?,
        })
    }

    /// The service is for residents of Japan: a person looks at it, and nothing changes by itself (P-1, D-22).
    pub(super) fn depart(&self, new: Departure, at: Timestamp) -> Result<Event, Refusal> {
        let address = line(&new.address, MOST_ADDRESS).map_err(|_| Refusal::AddressMissing)?;
        Ok(Event::MovedAbroad {
            departure: Departure {
                effective_on: self.changed_on(new.effective_on, tokyo_date(at))?,
                address,
                ..new
            },
        })
    }

    /// Takes in what an event of this part says.
    pub(super) fn register(&mut self, event: &Event, recorded_at: Timestamp) {
        match event {
            Event::ChangeReceived { change } => self.change = Some(change.clone()),
            Event::ChangeRefused { .. } => self.change = None,
            Event::ParticularsRegistered { change } => {
                if self.registered.is_empty() {
                    self.registered.push(self.formed_with());
                }
                self.registered.push(Registered {
                    effective_on: change.effective_on,
                    recorded_at,
                    particulars: change.particulars.clone(),
                });
                self.change = None;
                self.customer = self.particulars_on(Date::MAX, Timestamp::MAX).clone();
            }
            _ => {}
        }
    }
}
