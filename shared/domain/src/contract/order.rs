//! An accepted order: it runs its own year, again and again (Art. 11, D-40).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::{Term, days};
use crate::prices::Quote;

/// The reminders of a renewal: days before the expiry date (Art. 11, 24).
pub const RUNGS: [u16; 5] = [90, 60, 45, 35, 31];

/// What the next term will cost, fixed when the first reminder is due and never raised afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    pub quote: Quote,
    pub on: Date,
}

/// A refusal of renewal that was received in time (Art. 11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The number on the customer's receipt.
    pub receipt: String,
    /// The day on which it arrived, in Tokyo.
    pub received_on: Date,
    /// `portal`, or how a notice on paper came.
    pub channel: String,
}

/// The term that an order is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// 1 for the first term.
    pub number: u16,
    pub term: Term,
    pub quote: Quote,
    /// The terms that govern it, pinned when it begins.
    pub terms_version: String,
    pub invoiced: bool,
    /// How many reminders of its renewal are done or overtaken.
    pub rungs_done: u8,
    pub next: Option<Pinned>,
}

/// One accepted order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: u16,
    /// The first term; later ones follow by auto-renewal.
    pub first_term: Term,
    pub running: Running,
    pub refused: Option<Refused>,
    /// The last day of use, once it is known: refused, cancelled or ended.
    pub last_day: Option<Date>,
    /// Nothing more will happen to it.
    pub closed: bool,
}

impl Order {
    /// Accepts an order that starts on a date.
    pub fn accepted(number: u16, quote: Quote, start: Date, terms_version: &str) -> Self {
        let term = Term::starting(start);
        Order {
            number,
            first_term: term,
            running: Running {
                number: 1,
                term,
                quote,
                terms_version: terms_version.to_owned(),
                invoiced: false,
                rungs_done: 0,
                next: None,
            },
            refused: None,
            last_day: None,
            closed: false,
        }
    }

    /// Returns the term that a date falls in, through auto-renewals; `None` before the start and after
    /// the last day of use.
    pub fn term_on(&self, date: Date) -> Option<Term> {
        self.numbered_term_on(date).map(|(_, term)| term)
    }

    /// Returns the same with its number, 1 for the first term.
    pub(super) fn numbered_term_on(&self, date: Date) -> Option<(u16, Term)> {
        if date < self.first_term.start || self.last_day.is_some_and(|last| last < date) {
            return None;
        }
        let (mut number, mut term) = (1, self.first_term);
        while term.end < date {
            let next = term.next();
            // At the edge of the calendar a year has no end.
            if next.end <= term.end {
                return None;
            }
            number += 1;
            term = next;
        }
        Some((number, term))
    }

    /// Tells whether the running term will be followed by another one.
    pub fn renews(&self) -> bool {
        let ends = self
            .last_day
            .is_some_and(|last| last <= self.running.term.end);
        !self.closed && !ends
    }
}

impl Running {
    /// Returns the next reminder: days before the expiry date, and its day.
    pub fn next_rung(&self) -> Option<(u16, Date)> {
        let rung = RUNGS.get(usize::from(self.rungs_done))?;
        Some((*rung, self.rung_day(*rung)))
    }

    /// Returns the day of a reminder.
    pub fn rung_day(&self, days_before: u16) -> Date {
        days(self.term.end, -i64::from(days_before))
    }

    /// Returns the first day on which a reminder is of no more use: the next one takes over, and after
    /// the last one no refusal is possible any more.
    pub fn rung_over(&self, days_before: u16) -> Date {
        let next = RUNGS.iter().find(|rung| **rung < days_before);
        next.map_or_else(
            || days(self.term.last_day_to_refuse, 1),
            |rung| self.rung_day(*rung),
        )
    }

    /// Begins the next term, at the pinned price.
    pub fn renewed(&self, quote: Quote, terms_version: &str) -> Self {
        Running {
            number: self.number + 1,
            term: self.term.next(),
            quote,
            terms_version: terms_version.to_owned(),
            invoiced: false,
            rungs_done: 0,
            next: None,
        }
    }
}
