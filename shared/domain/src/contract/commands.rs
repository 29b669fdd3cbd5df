//! What customers and operators may ask of a contract, and why it is refused.

use jiff::Timestamp;
use jiff::civil::Date;

use super::history::CreditNote;
use super::{
    Contract, Departure, Ending, Entry, Event, Facts, Measure, MeasureGround, NewParticulars,
    Order, Proposal, Refusal, Refused, Standing, TerminationCause, check_start,
};
use crate::calendar::{Term, tokyo_date};
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

impl PaperNotice {
    /// A refusal on the portal: it arrives when it is asked for.
    fn none(arrived_on: Date) -> Self {
        PaperNotice {
            received_on: arrived_on,
            channel: "portal".to_owned(),
        }
    }
}

/// A cancellation (15-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The last day of use.
    pub on: Date,
    pub receipt: String,
    /// The day on which it arrived if it came on paper.
    pub received_on: Option<Date>,
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
    /// 14-1: the service ends; this is its last day.
    EndService {
        on: Date,
    },
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
    /// Art. 4: the customer notifies changed particulars.
    ChangeParticulars(Box<NewParticulars>),
    /// Art. 4: an operator found the change right.
    ConfirmChange {
        receipt: String,
    },
    RefuseChange {
        receipt: String,
        reason: String,
    },
    /// P-1, 17-1-10: the customer tells of a move abroad.
    Depart(Departure),
}

pub(super) fn reason(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(text.to_owned())
}

/// Reads an amount that a person gave: positive, and below what no invoice can reach.
pub(crate) fn amount(yen: Yen) -> Result<Yen, Refusal> {
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
                // What counts is when it reached the service, whatever was recorded meanwhile.
                let arrived_on = tokyo_date(now);
                on = paper.as_ref().map_or(arrived_on, |paper| paper.received_on);
                let paper = paper.unwrap_or_else(|| PaperNotice::none(arrived_on));
                self.refuse_renewal(order, receipt, paper, facts, today)?
            }
            Command::Cancel(cancellation) => self.cancel(cancellation, at)?,
            Command::EndService { on: last_day } => self.end_service(last_day, at)?,
            Command::RecordReceipt(receipt) => {
                on = receipt.received_on;
                self.receive(receipt, facts, today)?
            }
            Command::Credit { debt, yen, reason } => {
                self.credit(debt, yen, &reason, facts, today)?
            }
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
            Command::ApproveRescission => self.approve(by, today)?,
            Command::ChangeParticulars(new) => self.change(*new, at)?,
            Command::ConfirmChange { receipt } => self.confirm_change(&receipt)?,
            Command::RefuseChange { receipt, reason } => self.refuse_change(&receipt, &reason)?,
            Command::Depart(departure) => self.depart(departure, at)?,
            Command::BillInterest { of } => self.bill_interest(of, facts, today)?,
            Command::WaiveInterest { of, reason: text } => {
                self.waiting_draft(of)?;
                Event::InterestWaived {
                    of,
                    reason: reason(&text)?,
                }
            }
        };
        let entry = Entry {
            at,
            on,
            by: by.to_owned(),
            event,
            data_kept_days: None,
        };
        Ok(entry.fixing(self, &facts.operator))
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

    /// A refusal counts by the day on which it arrives, to 24:00 of the last day (Art. 11, D-11), however late it is recorded.
    fn refuse_renewal(
        &self,
        number: u16,
        receipt: String,
        notice: PaperNotice,
        facts: &Facts,
        today: Date,
    ) -> Result<Event, Refusal> {
        self.must_go_on()?;
        let order = self.order(number).ok_or(Refusal::NoSuchOrder)?;
        if order.refused.is_some() {
            return Err(Refusal::AlreadyRefused);
        }
        if self.is_cancelled() {
            return Err(Refusal::AlreadyCancelled);
        }
        let received_on = self.arrived(notice.received_on, today)?;
        // The day of arrival tells which renewal it is about.
        let term = order.term_on(received_on).unwrap_or(order.first_term);
        if order.closed {
            return Err(Refusal::AlreadyRenewed);
        }
        if received_on > term.last_day_to_refuse {
            return Err(Refusal::RefusalTooLate);
        }
        Ok(Event::RefusalReceived {
            order: number,
            last_day: term.end,
            takes_back: self.take_back(order, term, &receipt, facts, today)?,
            refused: Refused {
                receipt,
                received_on,
                channel: notice.channel,
            },
        })
    }

    /// What comes from the customer arrives under a contract, and not tomorrow.
    pub(super) fn arrived(&self, on: Date, today: Date) -> Result<Date, Refusal> {
        if on > today {
            return Err(Refusal::ReceivedInTheFuture);
        }
        if on < tokyo_date(self.formed_at) {
            return Err(Refusal::ReceivedBeforeFormation);
        }
        Ok(on)
    }

    /// A term that had begun before its refusal was recorded did not begin for the customer: its fee is taken back. Only the
    /// latest term can be: what is older was used and paid as renewed.
    fn take_back(
        &self,
        order: &Order,
        refused: Term,
        receipt: &str,
        facts: &Facts,
        today: Date,
    ) -> Result<Option<CreditNote>, Refusal> {
        let running = &order.running;
        if running.term.start <= refused.end {
            return Ok(None);
        }
        if refused.next().start != running.term.start {
            return Err(Refusal::AlreadyRenewed);
        }
        // A reseller's next invoice takes the fee back (`ResoldFee::of`): the contract owes nothing.
        let fee = self.account.fee(order.number, running.number);
        Ok(fee.and_then(|fee| {
            let yen = fee.total - fee.credited;
            let reason = format!("更新拒絶の受付（{receipt}）");
            let arrears = &facts.operator.arrears;
            (yen > Yen(0)).then(|| self.credit_note(&fee, yen, reason, arrears, today))
        }))
    }

    fn cancel(&self, cancellation: Cancellation, at: Timestamp) -> Result<Event, Refusal> {
        self.must_go_on()?;
        if self.is_cancelled() {
            return Err(Refusal::AlreadyCancelled);
        }
        let (on, today) = (cancellation.on, tokyo_date(at));
        let received_on = match cancellation.received_on {
            Some(day) => self.arrived(day, today)?,
            None => today,
        };
        if on < today {
            return Err(Refusal::CancellationInThePast);
        }
        let last = self.last_expiry(today).ok_or(Refusal::ContractEnded)?;
        let service = self.ending.as_ref().map(|ending| ending.on);
        if on > service.map_or(last, |end| end.min(last)) {
            return Err(Refusal::CancellationTooFar);
        }
        Ok(Event::CancellationReceived {
            ending: Ending {
                on,
                cause: TerminationCause::CustomerCancellation,
                receipt: cancellation.receipt,
                received_at: at,
                received_on,
            },
        })
    }

    /// Tells whether the customer has cancelled (15-1).
    pub fn is_cancelled(&self) -> bool {
        let cancelled = |ending: &Ending| ending.cause == TerminationCause::CustomerCancellation;
        self.ending.as_ref().is_some_and(cancelled)
    }

    /// The orders go on as they would have, renewals included, until the service ends: a customer who refuses or cancels
    /// ends earlier. What ends by then anyway needs nothing (14-1).
    fn end_service(&self, on: Date, at: Timestamp) -> Result<Event, Refusal> {
        self.must_go_on()?;
        let today = tokyo_date(at);
        if on < today {
            return Err(Refusal::CancellationInThePast);
        }
        let ends = |last: Option<Date>| last.is_some_and(|last| last <= on);
        let mut running = self.orders.iter().filter(|order| !order.closed);
        let ending = self.ending.as_ref().map(|ending| ending.on);
        if ends(ending) || running.all(|order| ends(order.last_day)) {
            return Err(Refusal::AlreadyCancelled);
        }
        Ok(Event::ServiceEndSet {
            ending: Ending {
                on,
                cause: TerminationCause::ServiceEnd,
                receipt: String::new(),
                received_at: at,
                received_on: today,
            },
        })
    }

    fn suspend(&self, measure: Measure, today: Date) -> Result<Event, Refusal> {
        self.must_go_on()?;
        self.check_measure(&measure, today)?;
        match &self.standing {
            // A measure of Art. 13 replaces a suspension of 6-2, never the other way round.
            Standing::Suspended { clause, .. }
                if clause != "6-2" || measure.ground == MeasureGround::Arrears =>
            {
                Err(Refusal::AlreadySuspended)
            }
            _ => Ok(Event::Suspended { measure }),
        }
    }

    fn lift(&self, text: &str) -> Result<Event, Refusal> {
        let Standing::Suspended { clause, .. } = &self.standing else {
            return Err(Refusal::NotSuspended);
        };
        Ok(Event::Lifted {
            reason: reason(text)?,
            clause: clause.clone(),
        })
    }

    fn propose(&self, measure: Measure, by: &str, at: Timestamp) -> Result<Event, Refusal> {
        self.must_go_on()?;
        if !measure.ground.may_rescind() {
            return Err(Refusal::NoGroundToRescind);
        }
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

    /// The ground must still hold: what was owed may have been paid since.
    fn approve(&self, by: &str, today: Date) -> Result<Event, Refusal> {
        self.must_go_on()?;
        let proposal = self.proposal.as_ref().ok_or(Refusal::NothingProposed)?;
        if proposal.by == by {
            return Err(Refusal::SecondOperatorNeeded);
        }
        self.check_measure(&proposal.measure, today)?;
        Ok(Event::Rescinded {
            measure: proposal.measure.clone(),
        })
    }
}
