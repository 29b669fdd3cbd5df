//! Folds one entry into the contract. It decides nothing, so it never fails.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Contract, Debt, DraftState, Entry, Event, Measure, Order, Payment, Receipt, Standing};
use crate::calendar::tokyo_date;
use crate::money::Yen;

/// Returns the contract after an entry; the first entry stands alone.
pub fn evolve(before: Option<&Contract>, entry: &Entry) -> Option<Contract> {
    if let Event::Formed { contract } = &entry.event {
        return Some(contract.as_ref().clone());
    }
    let mut contract = before?.clone();
    contract.version += 1;
    contract.latest = contract.latest.max(entry.at);
    apply(&mut contract, entry);
    contract.account.close();
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
            if contract.orders.iter().all(|order| order.closed) {
                let last = contract.orders.iter().filter_map(|o| o.last_day).max();
                end(
                    contract,
                    last.unwrap_or(entry.on),
                    super::TerminationCause::Expiry,
                    false,
                );
            }
        }
        Event::RefusalReceived {
            order,
            last_day,
            refused,
        } => with_order(contract, *order, |order| {
            order.last_day = Some(*last_day);
            order.refused = Some(refused.clone());
        }),
        Event::CancellationReceived { ending } => {
            for order in &mut contract.orders {
                // A contract under notice begins no further term.
                let term = order.term_on(entry.on).unwrap_or(order.running.term);
                let until = term.end.min(ending.on);
                order.last_day = Some(order.last_day.map_or(until, |last| last.min(until)));
            }
            contract.ending = Some(ending.clone());
        }
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
            receive(contract, receipt);
            for (number, draft) in drafts {
                with_debt(contract, *number, |debt| debt.draft = Some(draft.clone()));
            }
            lift_if(contract, *lifts);
        }
        Event::Credited {
            number,
            debt,
            yen,
            to_credit,
            lifts,
            ..
        } => {
            contract.account.last_number = *number;
            let payment = Payment {
                on: entry.on,
                yen: *yen - *to_credit,
                reference: format!("credit-note/{number:04}"),
            };
            with_debt(contract, *debt, |debt| {
                debt.credited = debt.credited + *yen;
                debt.payments.push(payment);
            });
            let closed = contract.account.closed.iter_mut();
            for closed in closed.filter(|closed| closed.number == *debt) {
                closed.credited = closed.credited + *yen;
            }
            contract.account.credit = contract.account.credit + *to_credit;
            lift_if(contract, *lifts);
        }
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
            suspend(contract, "13-1", entry.at);
            accelerate(contract, measure);
        }
        Event::Lifted { .. } => contract.standing = Standing::Active,
        Event::RescissionProposed { proposal } => contract.proposal = Some(proposal.clone()),
        Event::ProposalWithdrawn { .. } => contract.proposal = None,
        Event::Rescinded { measure } => {
            contract.proposal = None;
            accelerate(contract, measure);
            end(contract, tokyo_date(entry.at), measure.ground.cause(), true);
        }
        Event::InterestBilled { of, debt } => {
            let billed = DraftState::Billed { debt: debt.number };
            settle_draft(contract, *of, billed);
            bill(contract, debt);
        }
        Event::InterestWaived { of, reason } => {
            let waived = DraftState::Waived {
                reason: reason.clone(),
            };
            settle_draft(contract, *of, waived);
        }
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

fn receive(contract: &mut Contract, receipt: &Receipt) {
    for allocation in &receipt.allocations {
        let payment = Payment {
            on: receipt.received_on,
            yen: allocation.yen,
            reference: receipt.reference.clone(),
        };
        with_debt(contract, allocation.debt, |debt| {
            debt.payments.push(payment)
        });
    }
    contract.account.credit = contract.account.credit + receipt.credit;
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
            let earlier = debt
                .accelerated_to
                .map_or(measure.arose_on, |day| day.min(measure.arose_on));
            debt.accelerated_to = Some(earlier);
        }
    }
}

/// Nothing of an ended contract runs any more; what is owed stays owed (D-15).
fn end(contract: &mut Contract, on: Date, cause: super::TerminationCause, at_once: bool) {
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
