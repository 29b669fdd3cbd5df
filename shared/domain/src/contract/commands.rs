//! What customers and operators may ask of a contract, and why it is refused.

use jiff::Timestamp;
use jiff::civil::Date;

use super::history::{Allocation, Receipt};
use super::{
    Contract, Debt, DebtKind, Demand, Draft, DraftState, Ending, Entry, Event, Facts, Measure,
    Order, Proposal, Refusal, Refused, Standing, TerminationCause, check_start,
};
use crate::calendar::tokyo_date;
use crate::due_date::DueDate;
use crate::money::Yen;
use crate::prices;
use crate::terms;

/// The largest amount that one record takes.
const MOST_YEN: i64 = 1_000_000_000;

/// A notice on paper that an operator records (Art. 11, 24).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperNotice {
    /// The day on which it arrived.
    pub received_on: Date,
    /// How it came, for example `post`.
    pub channel: String,
}

/// A cancellation (15-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The last day of use.
    pub on: Date,
    pub receipt: String,
}

/// A payment to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    pub reference: String,
    pub received_on: Date,
    pub yen: Yen,
}

/// What is asked of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// D-40: an operator accepts another order.
    AcceptOrder {
        start: Date,
        retention_days: u16,
        cameras: u16,
    },
    /// Art. 11: a refusal of renewal, on the portal or on paper.
    RefuseRenewal {
        order: u16,
        receipt: String,
        paper: Option<PaperNotice>,
    },
    Cancel(Cancellation),
    RecordReceipt(NewReceipt),
    /// 6-1: a credit note.
    Credit {
        debt: u32,
        yen: Yen,
        reason: String,
    },
    /// The mail service took the demand, or an operator posted it.
    DemandSent {
        debt: u32,
        sent_on: Date,
        channel: String,
    },
    DemandFailed {
        debt: u32,
    },
    Suspend(Measure),
    Lift {
        reason: String,
    },
    ProposeRescission(Measure),
    WithdrawProposal {
        reason: String,
    },
    ApproveRescission,
    BillInterest {
        of: u32,
    },
    WaiveInterest {
        of: u32,
        reason: String,
    },
}

fn reason(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(text.to_owned())
}

fn amount(yen: Yen) -> Result<Yen, Refusal> {
    match yen.0 {
        ..=0 => Err(Refusal::AmountNotPositive),
        1..=MOST_YEN => Ok(yen),
        _ => Err(Refusal::AmountTooLarge),
    }
}

impl Contract {
    /// Decides a command. `by` is who asks: a rescission needs two different ones.
    pub fn decide(
        &self,
        command: Command,
        by: &str,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Entry, Refusal> {
        let at = now.max(self.latest);
        let today = tokyo_date(at);
        let mut on = today;
        let event = match command {
            Command::AcceptOrder {
                start,
                retention_days,
                cameras,
            } => self.accept_order(start, retention_days, cameras, facts, today)?,
            Command::RefuseRenewal {
                order,
                receipt,
                paper,
            } => {
                on = paper.as_ref().map_or(today, |paper| paper.received_on);
                self.refuse_renewal(order, receipt, paper, today)?
            }
            Command::Cancel(cancellation) => self.cancel(cancellation, at)?,
            Command::RecordReceipt(receipt) => {
                on = receipt.received_on;
                self.receive(receipt, facts, today)?
            }
            Command::Credit { debt, yen, reason } => self.credit(debt, yen, &reason)?,
            Command::DemandSent {
                debt,
                sent_on,
                channel,
            } => {
                on = sent_on;
                self.demand_sent(debt, sent_on, channel, today)?
            }
            Command::DemandFailed { debt } => self.demand_failed(debt)?,
            Command::Suspend(measure) => {
                on = measure.arose_on;
                self.suspend(measure, today)?
            }
            Command::Lift { reason: text } => self.lift(&text)?,
            Command::ProposeRescission(measure) => self.propose(measure, by, at)?,
            Command::WithdrawProposal { reason: text } => {
                self.proposal.as_ref().ok_or(Refusal::NothingProposed)?;
                Event::ProposalWithdrawn {
                    reason: reason(&text)?,
                }
            }
            Command::ApproveRescission => self.approve(by)?,
            Command::BillInterest { of } => self.bill_interest(of, facts, today)?,
            Command::WaiveInterest { of, reason: text } => {
                self.waiting_draft(of)?;
                Event::InterestWaived {
                    of,
                    reason: reason(&text)?,
                }
            }
        };
        Ok(Entry {
            at,
            on,
            by: by.to_owned(),
            event,
        })
    }

    fn must_go_on(&self) -> Result<(), Refusal> {
        if self.is_over() {
            return Err(Refusal::ContractEnded);
        }
        Ok(())
    }

    fn accept_order(
        &self,
        start: Date,
        retention_days: u16,
        cameras: u16,
        facts: &Facts,
        today: Date,
    ) -> Result<Event, Refusal> {
        self.must_go_on()?;
        if self.ending.is_some() {
            return Err(Refusal::AlreadyCancelled);
        }
        check_start(start, today)?;
        let list = prices::in_force(&facts.prices, today, today);
        let quote = list.and_then(|list| list.quote(retention_days, cameras));
        let quote = quote.ok_or(Refusal::NoSuchPlan)?;
        let terms = terms::in_force(&facts.terms, today);
        let version = terms.map_or(self.terms_version.as_str(), |terms| &terms.version);
        let number = self.orders.iter().map(|order| order.number).max();
        let order = Order::accepted(number.unwrap_or(0) + 1, quote, start, version);
        Ok(Event::OrderAccepted {
            order: Box::new(order),
        })
    }

    /// A refusal counts by the day on which it arrives, to 24:00 of the last day (Art. 11, D-11).
    fn refuse_renewal(
        &self,
        number: u16,
        receipt: String,
        paper: Option<PaperNotice>,
        today: Date,
    ) -> Result<Event, Refusal> {
        self.must_go_on()?;
        let order = self.order(number).ok_or(Refusal::NoSuchOrder)?;
        if order.refused.is_some() {
            return Err(Refusal::AlreadyRefused);
        }
        if self.ending.is_some() {
            return Err(Refusal::AlreadyCancelled);
        }
        let received_on = paper.as_ref().map_or(today, |paper| paper.received_on);
        if received_on > today {
            return Err(Refusal::ReceivedInTheFuture);
        }
        if received_on < tokyo_date(self.formed_at) {
            return Err(Refusal::ReceivedBeforeFormation);
        }
        // The day of arrival tells which renewal it is about, however late it is recorded.
        let term = order.term_on(received_on).unwrap_or(order.first_term);
        if order.closed || term.end < today {
            return Err(Refusal::AlreadyRenewed);
        }
        if received_on > term.last_day_to_refuse {
            return Err(Refusal::RefusalTooLate);
        }
        Ok(Event::RefusalReceived {
            order: number,
            last_day: term.end,
            refused: Refused {
                receipt,
                received_on,
                channel: paper.map_or_else(|| "portal".to_owned(), |paper| paper.channel),
            },
        })
    }

    fn cancel(&self, cancellation: Cancellation, at: Timestamp) -> Result<Event, Refusal> {
        self.must_go_on()?;
        if self.ending.is_some() {
            return Err(Refusal::AlreadyCancelled);
        }
        let (on, today) = (cancellation.on, tokyo_date(at));
        if on < today {
            return Err(Refusal::CancellationInThePast);
        }
        let last = self.last_expiry(today).ok_or(Refusal::ContractEnded)?;
        if on > last {
            return Err(Refusal::CancellationTooFar);
        }
        Ok(Event::CancellationReceived {
            ending: Ending {
                on,
                cause: TerminationCause::CustomerCancellation,
                receipt: cancellation.receipt,
                received_at: at,
            },
        })
    }

    /// Sets money against the open debts, keeps the rest as credit, drafts the interest of what it
    /// settles late, and lifts a suspension of 6-2 once nothing demanded is open.
    fn receive(&self, new: NewReceipt, facts: &Facts, today: Date) -> Result<Event, Refusal> {
        if self.is_resold() {
            return Err(Refusal::ResellerBills);
        }
        let yen = amount(new.yen)?;
        if new.received_on > today {
            return Err(Refusal::ReceivedInTheFuture);
        }
        if new.received_on < tokyo_date(self.formed_at) {
            return Err(Refusal::ReceivedBeforeFormation);
        }
        let mut left = yen.0;
        let mut allocations = Vec::new();
        for debt in self.account.in_payment_order() {
            let yen = left.min(debt.open_yen().0);
            if yen > 0 {
                allocations.push(Allocation {
                    debt: debt.number,
                    yen: Yen(yen),
                });
                left -= yen;
            }
        }
        let settled = |debt: &Debt| {
            let share = allocations.iter().find(|a| a.debt == debt.number);
            share.is_some_and(|share| share.yen == debt.open_yen())
        };
        let drafts = self.account.open().filter(|debt| settled(debt));
        let drafts = drafts.filter_map(|debt| {
            let paid_on = debt
                .payments
                .iter()
                .map(|payment| payment.on)
                .fold(new.received_on, Date::max);
            let mut paid = debt.clone();
            paid.payments.push(super::Payment {
                on: new.received_on,
                yen: debt.open_yen(),
                reference: new.reference.clone(),
            });
            let interest = paid.interest(paid_on, facts.operator.arrears.day_count)?;
            (interest.total >= facts.operator.arrears.interest_from_yen).then_some((
                debt.number,
                Draft {
                    interest,
                    state: DraftState::Waiting,
                },
            ))
        });
        Ok(Event::ReceiptRecorded {
            drafts: drafts.collect(),
            lifts: self.lifts(settled),
            receipt: Receipt {
                reference: new.reference,
                received_on: new.received_on,
                yen,
                allocations,
                credit: Yen(left),
            },
        })
    }

    /// Tells whether a suspension of 6-2 ends: every demanded debt is settled (D-06).
    fn lifts(&self, settled: impl Fn(&Debt) -> bool) -> bool {
        let for_non_payment =
            matches!(&self.standing, Standing::Suspended { clause, .. } if clause == "6-2");
        let demanded = self.account.open().filter(|debt| debt.demand.is_some());
        let mut demanded = demanded;
        for_non_payment && demanded.all(settled)
    }

    fn credit(&self, number: u32, yen: Yen, text: &str) -> Result<Event, Refusal> {
        let yen = amount(yen)?;
        let reason = reason(text)?;
        let billed = self.account.billed(number).ok_or(Refusal::NoSuchDebt)?;
        if yen > billed.total - billed.credited {
            return Err(Refusal::AmountTooLarge);
        }
        let open = self.account.debt(number).map_or(Yen(0), Debt::open_yen);
        let to_credit = Yen((yen.0 - open.0).max(0));
        let settled = |other: &Debt| other.number == number && yen >= open;
        Ok(Event::Credited {
            number: self.account.last_number + 1,
            debt: number,
            yen,
            to_credit,
            reason,
            lifts: self.lifts(settled),
        })
    }

    fn demand_sent(
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

    fn demand_failed(&self, number: u32) -> Result<Event, Refusal> {
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

    fn suspend(&self, measure: Measure, today: Date) -> Result<Event, Refusal> {
        self.must_go_on()?;
        self.check_measure(&measure, today)?;
        if matches!(&self.standing, Standing::Suspended { clause, .. } if clause != "6-2") {
            return Err(Refusal::AlreadySuspended);
        }
        Ok(Event::Suspended { measure })
    }

    fn lift(&self, text: &str) -> Result<Event, Refusal> {
        if !matches!(self.standing, Standing::Suspended { .. }) {
            return Err(Refusal::NotSuspended);
        }
        Ok(Event::Lifted {
            reason: reason(text)?,
        })
    }

    fn propose(&self, measure: Measure, by: &str, at: Timestamp) -> Result<Event, Refusal> {
        self.must_go_on()?;
        self.check_measure(&measure, tokyo_date(at))?;
        if self.proposal.is_some() {
            return Err(Refusal::AlreadyProposed);
        }
        Ok(Event::RescissionProposed {
            proposal: Proposal {
                measure,
                by: by.to_owned(),
                at,
            },
        })
    }

    fn approve(&self, by: &str) -> Result<Event, Refusal> {
        self.must_go_on()?;
        let proposal = self.proposal.as_ref().ok_or(Refusal::NothingProposed)?;
        if proposal.by == by {
            return Err(Refusal::SecondOperatorNeeded);
        }
        Ok(Event::Rescinded {
            measure: proposal.measure.clone(),
        })
    }

    fn waiting_draft(&self, of: u32) -> Result<&Draft, Refusal> {
        let draft = self.account.debt(of).and_then(|debt| debt.draft.as_ref());
        draft
            .filter(|draft| draft.state == DraftState::Waiting)
            .ok_or(Refusal::NoDraft)
    }

    /// Bills interest as a debt of its own, which bears no interest and no consumption tax (Art. 19).
    fn bill_interest(&self, of: u32, facts: &Facts, today: Date) -> Result<Event, Refusal> {
        let draft = self.waiting_draft(of)?;
        let payment_terms = prices::in_force(&facts.prices, today, today)
            .map(|list| list.due)
            .unwrap_or_default();
        let due: DueDate = payment_terms.due(today, &facts.operator.holidays);
        let arrears = &facts.operator.arrears;
        let debt = Debt {
            number: self.account.last_number + 1,
            kind: DebtKind::Interest { of },
            issued_on: today,
            due,
            accelerated_to: None,
            total: draft.interest.total,
            tax_percent: None,
            credited: Yen(0),
            payments: Vec::new(),
            demand_after_days: arrears.demand_after_days,
            grace_days: arrears.grace_days,
            demand: None,
            demands: 0,
            suspended_after: None,
            draft: None,
        };
        Ok(Event::InterestBilled {
            of,
            debt: Box::new(debt),
        })
    }
}
