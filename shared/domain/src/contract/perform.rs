//! Carries out due work. A function of the contract, the work's own day and the published documents:
//! however late it is done, the facts come out the same.

use jiff::Timestamp;
use jiff::civil::Date;

use super::account::Billed;
use super::evolve::credit_for;
use super::history::ReminderOutcome;
use super::{CatchUp, Contract, Debt, DebtKind, Demand, Entry, Event, Order, Pinned, Task, Work};
use crate::calendar::{days, tokyo_date};
use crate::documents::Operator;
use crate::money::Yen;
use crate::prices::{self, PriceList, Quote};
use crate::terms::{self, TermsVersion};

/// The operator's published documents, every version.
#[derive(Debug, Clone)]
pub struct Facts {
    pub operator: Operator,
    pub prices: Vec<PriceList>,
    pub terms: Vec<TermsVersion>,
}

impl Facts {
    /// Returns what an order costs in a term that begins on a date, by what was published through a day. A
    /// plan that is no longer listed goes on at the price that it had.
    fn next_quote(&self, order: &Order, begins: Date, known_on: Date) -> Quote {
        let now = &order.running.quote;
        prices::in_force(&self.prices, begins, known_on)
            .and_then(|list| list.quote(now.retention_days, now.cameras))
            .unwrap_or_else(|| now.clone())
    }

    /// Returns what was known on a day: without what was published later.
    pub(super) fn known_on(&self, day: Date) -> Facts {
        let mut known = self.clone();
        known
            .prices
            .retain(|list| list.published_on.is_none_or(|published| published <= day));
        known.terms.retain(|terms| terms.published_on <= day);
        known
    }

    /// Returns the price list of a quote.
    fn list(&self, quote: &Quote) -> Option<&PriceList> {
        self.prices
            .iter()
            .find(|list| list.version == quote.price_version)
    }
}

/// Carries out a piece of due work. `None` if the contract does not owe it: it was done before, or what
/// happened since made it void.
pub fn perform(contract: &Contract, task: &Task, facts: &Facts, now: Timestamp) -> Option<Entry> {
    if !contract.owed().contains(task) {
        return None;
    }
    let event = match task.work {
        Work::Invoice { order, .. } => invoice(contract, contract.order(order)?, facts),
        Work::Reminder { order, .. } => remind(contract, contract.order(order)?, task, facts, now),
        Work::Renewal { order, .. } => renewal(contract.order(order)?, task.due, facts),
        Work::Demand { debt } => Event::Demanded {
            debt,
            demand: Demand {
                sent_on: None,
                channel: "mail".to_owned(),
                failed: false,
            },
        },
        Work::Suspension { debt, demand } => Event::SuspendedForNonPayment { debt, demand },
        Work::BackupReminder { last } => Event::BackupReminded {
            last,
            outcome: outcome(contract, task.work, now),
        },
        Work::End => Event::EndReached {
            cause: contract.ending.as_ref()?.cause,
        },
        Work::Purge => Event::PurgeBegun,
        Work::Certificate => Event::Purged,
        Work::Contact => Event::ContactErased,
        Work::RecoveryCopies => Event::RecoveryCopiesGone,
    };
    let entry = Entry {
        at: now.max(contract.latest),
        on: task.due,
        by: "work".to_owned(),
        event,
        data_kept_days: None,
    };
    Some(entry.fixing(contract, &facts.operator))
}

/// Issues the invoice of the running term, dated its first day, which lies after the last day to refuse
/// it (6-1). A reseller's contract is billed to the reseller (6-2).
fn invoice(contract: &Contract, order: &Order, facts: &Facts) -> Event {
    let running = &order.running;
    let (number, term) = (order.number, running.number);
    if contract.is_resold() {
        return Event::Invoiced {
            order: number,
            term,
            debt: None,
            credit_used: Yen(0),
        };
    }
    let issued_on = running.term.start;
    let list = facts.list(&running.quote);
    let payment_terms = list.map(|list| list.due).unwrap_or_default();
    let credit_used = credit_for(contract, running.quote.total_yen);
    let billed = Billed {
        number: contract.account.last_number + 1,
        kind: DebtKind::Fee {
            order: number,
            term,
        },
        on: issued_on,
        due: payment_terms.due(issued_on, &facts.operator.holidays),
        total: running.quote.total_yen,
        tax_percent: Some(running.quote.tax_percent),
        day_count: list.map(|list| list.day_count).unwrap_or_default(),
        credit_used,
    };
    let debt = Debt::of(billed, &facts.operator.arrears);
    Event::Invoiced {
        order: number,
        term,
        debt: Some(Box::new(debt)),
        credit_used,
    }
}

/// Asks for a reminder while it is true; the first one fixes the next term's price by what was published before its day, so
/// that the hour of the run decides nothing.
fn remind(contract: &Contract, order: &Order, task: &Task, facts: &Facts, now: Timestamp) -> Event {
    let running = &order.running;
    let days_before = match task.work {
        Work::Reminder { days_before, .. } => days_before,
        _ => 0,
    };
    let pinned = running.next.is_none().then(|| {
        Box::new(Pinned {
            quote: facts.next_quote(order, running.term.next().start, days(task.due, -1)),
            on: task.due,
        })
    });
    Event::Reminded {
        order: order.number,
        term: running.number,
        days_before,
        outcome: outcome(contract, task.work, now),
        pinned,
    }
}

/// A reminder is sent while it is true.
fn outcome(contract: &Contract, work: Work, now: Timestamp) -> ReminderOutcome {
    match contract.catch_up(work) {
        CatchUp::UsefulUntil(over) if tokyo_date(now) >= over => ReminderOutcome::Overtaken,
        _ => ReminderOutcome::Asked,
    }
}

/// Renews the order from the day after its expiry date, or closes it if it was refused in time.
fn renewal(order: &Order, begins: Date, facts: &Facts) -> Event {
    let running = &order.running;
    if !order.renews() {
        return Event::Expired {
            order: order.number,
            term: running.number,
        };
    }
    let quote = match &running.next {
        Some(pinned) => pinned.quote.clone(),
        // Its reminder waits for a person: the price of its day counts all the same.
        None => facts.next_quote(order, begins, days(running.rung_day(super::RUNGS[0]), -1)),
    };
    let in_force = terms::in_force(&facts.terms, begins);
    Event::Renewed {
        order: order.number,
        term: running.number + 1,
        quote,
        terms_version: in_force.map_or_else(
            || running.terms_version.clone(),
            |terms| terms.version.clone(),
        ),
    }
}
