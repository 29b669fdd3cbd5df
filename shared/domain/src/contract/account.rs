//! What a customer owes and has paid: debts, payments, credit (Art. 6, 13-2, 19).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::days;
use crate::documents::Arrears;
use crate::due_date::DueDate;
use crate::interest::{self, DayCount, Interest};
use crate::money::Yen;

/// What a debt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DebtKind {
    /// A term's fee (6-1).
    Fee { order: u16, term: u16 },
    /// Interest that was billed for another debt (Art. 19); it bears none itself.
    Interest { of: u32 },
}

/// A part of a debt that was paid, with money or with the customer's credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The day on which the money was received; the principal is smaller from it on (D-27, D-28).
    pub on: Date,
    pub yen: Yen,
    /// The receipt's reference, or where the credit came from.
    pub reference: String,
}

/// A demand (催告) that was really sent (6-2, 13-1-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// When the mail service took it, or the day on which it was posted; `None` while it is on its way.
    pub sent_on: Option<Date>,
    /// How: `mail`, or what the operator recorded.
    pub channel: String,
    /// It did not arrive, so nothing may rest on it.
    pub failed: bool,
}

impl Demand {
    /// Returns the last day of the period that the demand set, if it was sent and did not fail.
    pub fn lapses_on(&self, grace_days: u16) -> Option<Date> {
        let sent_on = self.sent_on.filter(|_| !self.failed)?;
        Some(days(sent_on, i64::from(grace_days)))
    }
}

/// What is decided about interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DraftState {
    /// An operator bills or waives it (D-29).
    Waiting,
    Billed {
        debt: u32,
    },
    Waived {
        reason: String,
    },
}

/// Interest of a debt that was settled late, as worked out when it was settled (Art. 19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub interest: Interest,
    #[serde(flatten)]
    pub state: DraftState,
}

/// One debt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// The sequence number of its invoice within the contract, without gaps.
    pub number: u32,
    #[serde(flatten)]
    pub kind: DebtKind,
    pub issued_on: Date,
    pub due: DueDate,
    /// The day on which it fell due early (13-2).
    pub accelerated_to: Option<Date>,
    pub total: Yen,
    /// The rate of the consumption tax that the total contains, in percent; `None` if it contains none.
    #[serde(default)]
    pub tax_percent: Option<i64>,
    /// What credit notes took back of it: it was never owed, so it bears no interest either.
    #[serde(default)]
    pub credited: Yen,
    pub payments: Vec<Payment>,
    /// How its days of delay become years: as the price list said when it was billed (D-26).
    #[serde(default)]
    pub day_count: DayCount,
    /// Days after the due date until a demand is sent, and the period that it sets.
    pub demand_after_days: u16,
    pub grace_days: u16,
    pub demand: Option<Demand>,
    /// How many demands were sent.
    pub demands: u16,
    /// The demand on which the timer's suspension rested; it does not come again when it is lifted (6-2).
    pub suspended_after: Option<u16>,
    pub draft: Option<Draft>,
}

/// What a document bills.
pub(super) struct Billed {
    pub number: u32,
    pub kind: DebtKind,
    pub on: Date,
    pub due: DueDate,
    pub total: Yen,
    pub tax_percent: Option<i64>,
    pub day_count: DayCount,
    /// What the customer's credit pays of it at once.
    pub credit_used: Yen,
}

impl Debt {
    /// Returns the debt that a document leaves behind.
    pub(super) fn of(billed: Billed, arrears: &Arrears) -> Self {
        let payment = (billed.credit_used > Yen(0)).then(|| Payment {
            on: billed.on,
            yen: billed.credit_used,
            reference: "credit".to_owned(),
        });
        Debt {
            number: billed.number,
            kind: billed.kind,
            issued_on: billed.on,
            due: billed.due,
            accelerated_to: None,
            total: billed.total,
            tax_percent: billed.tax_percent,
            credited: Yen(0),
            payments: payment.into_iter().collect(),
            day_count: billed.day_count,
            demand_after_days: arrears.demand_after_days,
            grace_days: arrears.grace_days,
            demand: None,
            demands: 0,
            suspended_after: None,
            draft: None,
        }
    }

    /// Returns the day by which it must be paid: the bank day, or an earlier acceleration (13-2, D-08).
    pub fn due_on(&self) -> Date {
        let due = self.due.effective;
        self.accelerated_to.map_or(due, |early| early.min(due))
    }

    /// Returns what is still to be paid.
    pub fn open_yen(&self) -> Yen {
        Yen((self.owed_yen().0 - self.paid_yen().0).max(0))
    }

    /// Returns what was ever owed: the total without what credit notes took back.
    fn owed_yen(&self) -> Yen {
        self.total - self.credited
    }

    /// Returns what was paid of it.
    pub fn paid_yen(&self) -> Yen {
        Yen(self.payments.iter().map(|payment| payment.yen.0).sum())
    }

    /// Returns the day of the last payment.
    pub fn last_paid_on(&self) -> Option<Date> {
        self.payments.iter().map(|payment| payment.on).max()
    }

    /// Tells whether all of it is paid.
    pub fn is_settled(&self) -> bool {
        self.open_yen() == Yen(0)
    }

    /// Tells whether nothing more can come of it.
    pub fn is_closed(&self) -> bool {
        let waiting = self
            .draft
            .as_ref()
            .is_some_and(|draft| draft.state == DraftState::Waiting);
        self.is_settled() && !waiting
    }

    /// Tells whether a demand and a suspension may follow: fees only, not interest on them.
    pub fn is_dunned(&self) -> bool {
        matches!(self.kind, DebtKind::Fee { .. })
    }

    /// Returns the day on which the demand is due.
    pub fn demand_day(&self) -> Date {
        days(self.due_on(), i64::from(self.demand_after_days))
    }

    /// Tells whether a suspension of 6-2 rests on it, or could: it was demanded, or was overdue when an operator suspended.
    pub fn bears_suspension(&self) -> bool {
        self.demand.is_some() || self.suspended_after.is_some()
    }

    /// Tells whether it is unpaid after its due date.
    pub fn is_overdue(&self, today: Date) -> bool {
        !self.is_settled() && self.due_on() < today
    }

    /// Returns the interest through a day on which it is paid, or would be (Art. 19).
    pub fn interest(&self, paid_on: Date) -> Option<Interest> {
        if !self.is_dunned() {
            return None;
        }
        let payments = self.payments.iter().map(|p| (p.on, p.yen)).collect();
        let debt = interest::Debt::new(self.owed_yen(), self.due_on(), payments).ok()?;
        let interest = debt.interest(paid_on, self.day_count);
        (interest.total > Yen(0)).then_some(interest)
    }
}

/// What stays of a closed debt, so that a credit note can still take it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDebt {
    pub number: u32,
    /// What it was for; unset in what was closed before kinds were kept.
    #[serde(default)]
    pub kind: Option<DebtKind>,
    pub total: Yen,
    pub tax_percent: Option<i64>,
    pub credited: Yen,
}

impl From<&Debt> for ClosedDebt {
    fn from(debt: &Debt) -> Self {
        Self {
            number: debt.number,
            kind: Some(debt.kind),
            total: debt.total,
            tax_percent: debt.tax_percent,
            credited: debt.credited,
        }
    }
}

/// The debts, and what was paid too much.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The last number that an invoice or credit note of this contract took.
    pub last_number: u32,
    /// Those that are not closed.
    pub debts: Vec<Debt>,
    /// Those that are, by number.
    #[serde(default)]
    pub closed: Vec<ClosedDebt>,
    /// Over-payment, set off against the next invoice.
    pub credit: Yen,
}

impl Account {
    /// Returns the debts that are not paid.
    pub fn open(&self) -> impl Iterator<Item = &Debt> {
        self.debts.iter().filter(|debt| !debt.is_settled())
    }

    /// Returns a debt by its number.
    pub fn debt(&self, number: u32) -> Option<&Debt> {
        self.debts.iter().find(|debt| debt.number == number)
    }

    /// Returns what a credit note needs to know of a debt, whether it is closed or not.
    pub fn billed(&self, number: u32) -> Option<ClosedDebt> {
        let closed = || {
            self.closed
                .iter()
                .find(|debt| debt.number == number)
                .cloned()
        };
        self.debt(number).map(ClosedDebt::from).or_else(closed)
    }

    /// Returns the fee of a term, whether it is closed or not.
    pub(super) fn fee(&self, order: u16, term: u16) -> Option<ClosedDebt> {
        let kind = DebtKind::Fee { order, term };
        let open = self.debts.iter().find(|debt| debt.kind == kind);
        let closed = || self.closed.iter().find(|debt| debt.kind == Some(kind));
        open.map(ClosedDebt::from).or_else(|| closed().cloned())
    }

    /// Moves what nothing more can come of to the closed debts.
    pub(super) fn close(&mut self) {
        let (closed, debts) = std::mem::take(&mut self.debts)
            .into_iter()
            .partition::<Vec<_>, _>(Debt::is_closed);
        self.debts = debts;
        self.closed.extend(closed.iter().map(ClosedDebt::from));
    }

    /// Returns the sum of what is still to be paid.
    pub fn open_yen(&self) -> Yen {
        Yen(self.open().map(|debt| debt.open_yen().0).sum())
    }

    /// Returns the open debts in the order in which money is set against them: the earliest due date
    /// first, a fee before interest, then by number (D-27: what stops interest comes first).
    pub fn in_payment_order(&self) -> Vec<&Debt> {
        let mut open: Vec<&Debt> = self.open().collect();
        open.sort_by_key(|debt| (debt.due_on(), !debt.is_dunned(), debt.number));
        open
    }
}
