//! Folds one entry into the contract. It decides nothing, so it never fails.

use jiff::Timestamp;
use jiff::civil::Date;

use super::history::{Allocation, CreditNote};
use super::{
    Contract, Debt, Draft, DraftState, Entry, Event, Measure, MeasureGround, Order, Payment,
    Standing, TerminationCause,
};
use crate::calendar::tokyo_date;
use crate::money::Yen;

/// Returns the contract after an entry; the first entry stands alone.
pub fn evolve(before: Option<&Contract>, entry: &Entry) -> Option<Contract> {
    if let Event::Formed { contract } = &entry.event {
        return Some(contract.as_ref().clone());
    }
    let mut contract = before?.clone();
    let had_ended = contract.is_over();
    contract.version += 1;
    contract.latest = contract.latest.max(entry.at);
    apply(&mut contract, entry);
    contract.account.close();
    contract.delete_data(had_ended, entry);
    Some(contract)
}

fn apply(contract: &mut Contract, entry: &Entry) {
    match &entry.event {
        Event::Formed { .. } => {}
        Event::OrderAccepted { order } => contract.orders.push(order.as_ref().clone()),
        Event::Invoiced {
            order,
            debt,
            credit_used,
            ..
        } => {
            with_order(contract, *order, |order| order.running.invoiced = true);
            if let Some(debt) = debt {
                bill(contract, debt);
            }
            contract.account.credit = contract.account.credit - *credit_used;
        }
        Event::Reminded { order, pinned, .. } => with_order(contract, *order, |order| {
            order.running.rungs_done += 1;
            if let Some(pinned) = pinned {
                order.running.next = Some(pinned.as_ref().clone());
            }
        }),
        Event::Renewed {
            order,
            quote,
            terms_version,
            ..
        } => with_order(contract, *order, |order| {
            order.running = order.running.renewed(quote.clone(), terms_version);
        }),
        Event::Expired { order, .. } => {
            with_order(contract, *order, |order| order.closed = true);
            expire(contract, entry.on);
        }
        Event::RefusalReceived {
            order,
            last_day,
            refused,
            takes_back,
        } => {
            with_order(contract, *order, |order| {
                // The end of the service may come first.
                order.last_day = Some(order.last_day.map_or(*last_day, |day| day.min(*last_day)));
                order.refused = Some(refused.clone());
                // A term that had begun by then is none: the order is over.
                order.closed = order.running.term.start > *last_day;
            });
            if let Some(note) = takes_back {
                credit(contract, note, entry.at);
            }
            expire(contract, *last_day);
        }
        Event::CancellationReceived { ending } => {
            for order in &mut contract.orders {
                // A contract under notice begins no further term.
                let term = order.term_on(entry.on).unwrap_or(order.running.term);
                let until = term.end.min(ending.on);
                order.last_day = Some(order.last_day.map_or(until, |last| last.min(until)));
            }
            contract.ending = Some(ending.clone());
        }
        Event::ServiceEndSet { ending } => {
            for order in contract.orders.iter_mut().filter(|order| !order.closed) {
                let last = order.last_day;
                order.last_day = Some(last.map_or(ending.on, |last| last.min(ending.on)));
            }
            contract.ending = Some(ending.clone());
        }
        Event::BackupReminded { last, .. } => contract.backup_reminded = Some(*last),
        Event::EndReached { cause } => {
            let on = contract
                .ending
                .as_ref()
                .map_or(entry.on, |ending| ending.on);
            end(contract, on, *cause, false);
        }
        Event::ReceiptRecorded {
            receipt,
            drafts,
            lifts,
        } => {
            let on = receipt.received_on;
            pay(contract, &receipt.allocations, on, &receipt.reference);
            contract.account.credit = contract.account.credit + receipt.credit;
            draft(contract, drafts);
            lift_if(contract, *lifts);
        }
        Event::Credited(note) => credit(contract, note, entry.at),
        Event::Demanded { debt, demand } => {
            with_debt(contract, *debt, |debt| {
                if demand.sent_on.is_some() && !demand.failed {
                    debt.demands += 1;
                }
                debt.demand = Some(demand.clone());
            });
        }
        Event::SuspendedForNonPayment { debt, demand } => {
            with_debt(contract, *debt, |debt| debt.suspended_after = Some(*demand));
            suspend(contract, "6-2", entry.at);
        }
        Event::Suspended { measure } => {
            if measure.ground == MeasureGround::Arrears {
                suspend(contract, "6-2", entry.at);
                rest_on(contract, |debt| debt.is_overdue(tokyo_date(entry.at)));
            } else {
                suspend(contract, "13-1", entry.at);
                accelerate(contract, measure);
            }
        }
        Event::Lifted { .. } => {
            contract.standing = Standing::Active;
            // What was demanded by then does not suspend again: that takes another demand.
            rest_on(contract, |debt| debt.demand.is_some());
        }
        Event::RescissionProposed { proposal } => contract.proposal = Some(proposal.clone()),
        Event::ProposalWithdrawn { .. } => contract.proposal = None,
        Event::Rescinded { measure } => {
            contract.proposal = None;
            accelerate(contract, measure);
            end(contract, tokyo_date(entry.at), measure.ground.cause(), true);
        }
        Event::InterestBilled {
            of,
            debt,
            credit_used,
            ..
        } => {
            contract.account.credit = contract.account.credit - *credit_used;
            let billed = DraftState::Billed { debt: debt.number };
            settle_draft(contract, *of, billed);
            bill(contract, debt);
        }
        Event::PurgeBegun | Event::Purged | Event::ContactErased | Event::RecoveryCopiesGone => {}
        Event::InterestWaived { of, reason } => {
            let waived = DraftState::Waived {
                reason: reason.clone(),
            };
            settle_draft(contract, *of, waived);
        }
        Event::ChangeReceived { .. }
        | Event::ParticularsRegistered { .. }
        | Event::ChangeRefused { .. }
        | Event::MovedAbroad { .. } => contract.register(&entry.event, entry.at),
    }
}

fn with_order(contract: &mut Contract, number: u16, change: impl FnOnce(&mut Order)) {
    if let Some(order) = contract.orders.iter_mut().find(|o| o.number == number) {
        change(order);
    }
}

fn with_debt(contract: &mut Contract, number: u32, change: impl FnOnce(&mut Debt)) {
    let debts = &mut contract.account.debts;
    if let Some(debt) = debts.iter_mut().find(|debt| debt.number == number) {
        change(debt);
    }
}

fn bill(contract: &mut Contract, debt: &Debt) {
    contract.account.last_number = debt.number;
    contract.account.debts.push(debt.clone());
}

/// Sets money against debts.
fn pay(contract: &mut Contract, allocations: &[Allocation], on: Date, reference: &str) {
    for allocation in allocations {
        let payment = Payment {
            on,
            yen: allocation.yen,
            reference: reference.to_owned(),
        };
        with_debt(contract, allocation.debt, |debt| {
            debt.payments.push(payment)
        });
    }
}

fn draft(contract: &mut Contract, drafts: &[(u32, Draft)]) {
    for (number, draft) in drafts {
        with_debt(contract, *number, |debt| debt.draft = Some(draft.clone()));
    }
}

/// Takes a credit note in: its debt is smaller, and what was paid too much is set off or kept.
fn credit(contract: &mut Contract, note: &CreditNote, at: Timestamp) {
    let account = &mut contract.account;
    account.last_number = note.number;
    account.credit = account.credit + note.to_credit;
    for closed in account.closed.iter_mut().filter(|c| c.number == note.debt) {
        closed.credited = closed.credited + note.yen;
    }
    with_debt(contract, note.debt, |debt| {
        debt.credited = debt.credited + note.yen;
    });
    pay(
        contract,
        &note.allocations,
        tokyo_date(at),
        &note.reference(),
    );
    draft(contract, &note.drafts);
    lift_if(contract, note.lifts);
}

/// Marks the debts that a suspension of 6-2 rests on, or rested on.
fn rest_on(contract: &mut Contract, does: impl Fn(&Debt) -> bool) {
    for debt in contract.account.debts.iter_mut().filter(|debt| does(debt)) {
        debt.suspended_after = Some(debt.demands);
    }
}

/// A measure of Art. 13 replaces a suspension of 6-2, which a payment would lift.
fn suspend(contract: &mut Contract, clause: &str, at: Timestamp) {
    let since = match &contract.standing {
        Standing::Suspended { since, .. } => *since,
        _ => at,
    };
    contract.standing = Standing::Suspended {
        clause: clause.to_owned(),
        since,
    };
}

fn lift_if(contract: &mut Contract, lifts: bool) {
    if lifts {
        contract.standing = Standing::Active;
    }
}

/// All debts fall due on the day on which the ground arose (13-2, D-08).
fn accelerate(contract: &mut Contract, measure: &Measure) {
    for debt in &mut contract.account.debts {
        if !debt.is_settled() {
            // No debt falls due before it was there.
            let day = measure.arose_on.max(debt.issued_on);
            let earlier = debt.accelerated_to.map_or(day, |other| day.min(other));
            debt.accelerated_to = Some(earlier);
        }
    }
}

/// Ends the contract once its last order is closed (D-40).
fn expire(contract: &mut Contract, on: Date) {
    if contract.orders.iter().all(|order| order.closed) {
        let last = contract.orders.iter().filter_map(|o| o.last_day).max();
        end(
            contract,
            last.unwrap_or(on),
            TerminationCause::Expiry,
            false,
        );
    }
}

/// Nothing of an ended contract runs any more; what is owed stays owed (D-15).
fn end(contract: &mut Contract, on: Date, cause: TerminationCause, at_once: bool) {
    for order in &mut contract.orders {
        order.closed = true;
        order.last_day = Some(order.last_day.map_or(on, |last| last.min(on)));
    }
    contract.standing = Standing::Ended { on, cause, at_once };
}

fn settle_draft(contract: &mut Contract, of: u32, state: DraftState) {
    with_debt(contract, of, |debt| {
        if let Some(draft) = &mut debt.draft {
            draft.state = state;
        }
    });
}

/// Returns the credit that an invoice may take.
pub(super) fn credit_for(contract: &Contract, total: Yen) -> Yen {
    contract.account.credit.min(total)
}
