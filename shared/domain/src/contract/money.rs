//! Money: payments, credit notes, demands and interest (6-1, 13-1-2, Art. 19).

use jiff::civil::Date;

use super::account::Billed;
use super::commands::{NewReceipt, amount, reason};
use super::evolve::credit_for;
use super::history::{Allocation, CreditNote, Receipt};
use super::{
    Account, ClosedDebt, Contract, Debt, DebtKind, Demand, Draft, DraftState, Event, Facts,
    Payment, Refusal, Standing,
};
use crate::documents::Arrears;
use crate::money::Yen;
use crate::prices;

/// What comes of money that is set against the open debts.
struct Settlement {
    allocations: Vec<Allocation>,
    /// What no debt took.
    left: Yen,
    /// Interest of the debts that it settled late.
    drafts: Vec<(u32, Draft)>,
}

impl Account {
    /// Sets money against the open debts in their order, and drafts the interest of those that it settles late.
    fn settle(&mut self, money: &Payment, arrears: &Arrears) -> Settlement {
        let mut left = money.yen;
        let mut allocations = Vec::new();
        let mut drafts = Vec::new();
        let order: Vec<u32> = self.in_payment_order().iter().map(|d| d.number).collect();
        for number in order {
            let Some(debt) = self.debts.iter_mut().find(|debt| debt.number == number) else {
                continue;
            };
            let yen = left.min(debt.open_yen());
            if yen == Yen(0) {
                continue;
            }
            left = left - yen;
            allocations.push(Allocation { debt: number, yen });
            debt.payments.push(Payment {
                yen,
                ..money.clone()
            });
            if debt.is_settled() {
                drafts.extend(draft(debt, arrears).map(|draft| (number, draft)));
            }
        }
        Settlement {
            allocations,
            left,
            drafts,
        }
    }
}

/// Drafts the interest of a settled debt; what is too small is not asked for (D-29).
fn draft(debt: &Debt, arrears: &Arrears) -> Option<Draft> {
    let interest = debt.interest(debt.last_paid_on()?)?;
    (interest.total >= arrears.interest_from_yen).then_some(Draft {
        interest,
        state: DraftState::Waiting,
    })
}

impl Contract {
    /// Records a payment: what no debt takes is kept as credit, and a suspension of 6-2 ends once nothing that it could
    /// rest on is open.
    pub(super) fn receive(
        &self,
        new: NewReceipt,
        facts: &Facts,
        today: Date,
    ) -> Result<Event, Refusal> {
        if self.is_resold() {
            return Err(Refusal::ResellerBills);
        }
        let yen = amount(new.yen)?;
        self.arrived(new.received_on, today)?;
        let money = Payment {
            on: new.received_on,
            yen,
            reference: new.reference.clone(),
        };
        let mut account = self.account.clone();
        let settled = account.settle(&money, &facts.operator.arrears);
        Ok(Event::ReceiptRecorded {
            drafts: settled.drafts,
            lifts: self.lifts(&account),
            receipt: Receipt {
                reference: new.reference,
                received_on: new.received_on,
                yen,
                allocations: settled.allocations,
                credit: settled.left,
            },
        })
    }

    /// Tells whether a suspension of 6-2 ends: nothing that it could rest on is open any more (D-06).
    fn lifts(&self, after: &Account) -> bool {
        let for_non_payment =
            matches!(&self.standing, Standing::Suspended { clause, .. } if clause == "6-2");
        for_non_payment && !after.open().any(Debt::bears_suspension)
    }

    /// Issues a credit note for all or part of a debt.
    pub(super) fn credit(
        &self,
        number: u32,
        yen: Yen,
        text: &str,
        facts: &Facts,
        today: Date,
    ) -> Result<Event, Refusal> {
        let yen = amount(yen)?;
        let reason = reason(text)?;
        let billed = self.account.billed(number).ok_or(Refusal::NoSuchDebt)?;
        if yen > billed.total - billed.credited {
            return Err(Refusal::AmountTooLarge);
        }
        let note = self.credit_note(&billed, yen, reason, &facts.operator.arrears, today);
        Ok(Event::Credited(note))
    }

    /// Works out a credit note: the debt becomes smaller as if it had been billed so, and what was paid of it too much goes
    /// to the other open debts, then to the customer's credit.
    pub(super) fn credit_note(
        &self,
        billed: &ClosedDebt,
        yen: Yen,
        reason: String,
        arrears: &Arrears,
        today: Date,
    ) -> CreditNote {
        let mut note = CreditNote {
            number: self.account.last_number + 1,
            debt: billed.number,
            yen,
            allocations: Vec::new(),
            to_credit: Yen(0),
            reason,
            drafts: Vec::new(),
            lifts: false,
        };
        let mut account = self.account.clone();
        let debts = &mut account.debts;
        let debt = debts.iter_mut().find(|debt| debt.number == billed.number);
        let open = debt.as_ref().map_or(Yen(0), |debt| debt.open_yen());
        if let Some(debt) = debt {
            debt.credited = debt.credited + yen;
            note.drafts.extend(redrafted(debt, arrears, &note));
        }
        let money = Payment {
            on: today,
            yen: Yen((yen.0 - open.0).max(0)),
            reference: note.reference(),
        };
        let settled = account.settle(&money, arrears);
        note.allocations = settled.allocations;
        note.to_credit = settled.left;
        note.drafts.extend(settled.drafts);
        note.lifts = self.lifts(&account);
        note
    }

    pub(super) fn demand_sent(
        &self,
        number: u32,
        sent_on: Date,
        channel: String,
        today: Date,
    ) -> Result<Event, Refusal> {
        if self.is_resold() {
            return Err(Refusal::ResellerBills);
        }
        let debt = self.account.debt(number).filter(|debt| !debt.is_settled());
        let debt = debt.ok_or(Refusal::NoSuchDebt)?;
        if sent_on > today {
            return Err(Refusal::ReceivedInTheFuture);
        }
        // A demand before the due date would demand what is not due.
        if sent_on <= debt.due_on() {
            return Err(Refusal::NoSuchDebt);
        }
        let demand = Demand {
            sent_on: Some(sent_on),
            channel,
            failed: false,
        };
        Ok(Event::Demanded {
            debt: number,
            demand,
        })
    }

    pub(super) fn demand_failed(&self, number: u32) -> Result<Event, Refusal> {
        let debt = self.account.debt(number).filter(|debt| !debt.is_settled());
        let demand = debt.and_then(|debt| debt.demand.clone());
        let demand = demand.ok_or(Refusal::NoSuchDebt)?;
        Ok(Event::Demanded {
            debt: number,
            demand: Demand {
                failed: true,
                ..demand
            },
        })
    }

    pub(super) fn waiting_draft(&self, of: u32) -> Result<&Draft, Refusal> {
        let draft = self.account.debt(of).and_then(|debt| debt.draft.as_ref());
        draft
            .filter(|draft| draft.state == DraftState::Waiting)
            .ok_or(Refusal::NoDraft)
    }

    /// Bills interest as a debt of its own, which bears no interest and no consumption tax (Art. 19).
    pub(super) fn bill_interest(
        &self,
        of: u32,
        facts: &Facts,
        today: Date,
    ) -> Result<Event, Refusal> {
        let interest = &self.waiting_draft(of)?.interest;
        let payment_terms = prices::in_force(&facts.prices, today, today)
            .map(|list| list.due)
            .unwrap_or_default();
        let credit_used = credit_for(self, interest.total);
        let billed = Billed {
            number: self.account.last_number + 1,
            kind: DebtKind::Interest { of },
            on: today,
            due: payment_terms.due(today, &facts.operator.holidays),
            total: interest.total,
            tax_percent: None,
            day_count: interest.day_count,
            credit_used,
        };
        let debt = Debt::of(billed, &facts.operator.arrears);
        Ok(Event::InterestBilled {
            of,
            day_count: interest.day_count,
            credit_used,
            debt: Box::new(debt),
        })
    }
}

/// Works the interest of a debt out anew after a credit note made it smaller; what has been decided stays.
fn redrafted(debt: &Debt, arrears: &Arrears, note: &CreditNote) -> Option<(u32, Draft)> {
    let before = debt.draft.as_ref();
    let decided = before.is_some_and(|draft| draft.state != DraftState::Waiting);
    if decided || !debt.is_settled() {
        return None;
    }
    let after = draft(debt, arrears).or_else(|| {
        before.map(|draft| Draft {
            interest: draft.interest.clone(),
            state: DraftState::Waived {
                reason: note.reference(),
            },
        })
    });
    after.map(|draft| (debt.number, draft))
}
