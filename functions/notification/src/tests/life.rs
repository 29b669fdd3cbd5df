//! A contract as the rules make it, entry by entry, with everything that follows; and where each notice belongs.

use ciero_domain::Language;
use ciero_domain::calendar::start_of;
use ciero_domain::contract::{
    Cancellation, Command, Contract, Entry, Facts, Measure, MeasureGround, NewReceipt, Step,
    perform,
};
use ciero_domain::invoice::Invoice;
use ciero_domain::money::Yen;
use ciero_domain::notice::Notice;
use ciero_runtime::Moment;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::samples::*;

/// The first invoice is due on 31 July 2026, its demand on 8 August.
pub const DEMANDED: Date = date(2026, 8, 8);
pub const SUSPENDED: Date = date(2026, 8, 23);
/// The last day to refuse the first renewal.
pub const LAST_DAY: Date = date(2027, 5, 1);
pub const RENEWED: Date = date(2027, 6, 1);

pub fn facts() -> Facts {
    Facts {
        operator: operator(),
        prices: vec![prices()],
        terms: Vec::new(),
    }
}

/// 09:00 in Tokyo of a day.
pub fn morning(on: Date) -> Moment {
    Moment(start_of(on) + 9.hours())
}

#[derive(Clone)]
pub struct Life {
    pub contract: Contract,
    pub history: Vec<Entry>,
    pub invoices: Vec<Invoice>,
    /// What the rules told the customer.
    pub notices: Vec<Notice>,
}

impl Life {
    pub fn begin(language: Language) -> Self {
        Life::of(formed(language))
    }

    pub fn of((contract, entry): (Contract, Entry)) -> Self {
        Life {
            contract,
            history: vec![entry],
            invoices: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Does everything that is due through a day, but sends nothing.
    pub fn through(mut self, day: Date) -> Self {
        let next = |contract: &Contract| {
            let due = contract.owed().into_iter();
            due.filter(|task| task.due <= day).min()
        };
        while let Some(task) = next(&self.contract) {
            let entry = perform(&self.contract, &task, &facts(), start_of(task.due));
            self.take(entry.unwrap());
        }
        self
    }

    pub fn ask(self, command: Command, on: Date) -> Self {
        self.ask_as(command, "operator:first", on)
    }

    pub fn ask_as(mut self, command: Command, by: &str, on: Date) -> Self {
        let entry = self.contract.decide(command, by, &facts(), start_of(on));
        self.take(entry.unwrap());
        self
    }

    /// Takes an entry in as a transaction would.
    pub fn take(&mut self, entry: Entry) {
        let step = Step::of(Some(&self.contract), entry, &operator()).unwrap();
        self.take_step(step);
    }

    pub fn take_step(&mut self, step: Step) {
        self.contract = step.contract;
        self.history.push(step.entry);
        self.invoices.extend(step.invoice);
        let notices = step.notices.into_iter().map(|(_, notice)| notice);
        self.notices.extend(notices);
    }

    pub fn paid(self, yen: i64, on: Date) -> Self {
        let receipt = NewReceipt {
            reference: format!("bank-{}", self.history.len()),
            received_on: on,
            yen: Yen(yen),
        };
        self.ask(Command::RecordReceipt(receipt), on)
    }

    pub fn refused(self, on: Date) -> Self {
        let refusal = Command::RefuseRenewal {
            order: 1,
            receipt: "R-0001".into(),
            paper: None,
        };
        self.ask(refusal, on)
    }

    pub fn cancelled(self, today: Date, on: Date) -> Self {
        let receipt = "R-0001".into();
        self.ask(
            Command::Cancel(Cancellation {
                on,
                receipt,
                received_on: None,
            }),
            today,
        )
    }

    /// Suspended under 6-2, after a demand that was sent.
    pub fn suspended(language: Language) -> Self {
        Life::demanded(language)
            .ask_as(demand_sent("mail"), "mail", DEMANDED)
            .through(SUSPENDED)
    }

    /// The first invoice is demanded, but the demand is on its way.
    pub fn demanded(language: Language) -> Self {
        Life::begin(language).through(DEMANDED)
    }

    /// The first term, paid in time.
    pub fn in_good_standing(language: Language) -> Self {
        let life = Life::begin(language).through(date(2026, 6, 1));
        life.paid(39_600, date(2026, 6, 10))
    }

    pub fn rescinded(self, on: Date) -> Self {
        self.ask(Command::ProposeRescission(breach(on)), on).ask_as(
            Command::ApproveRescission,
            "operator:second",
            on,
        )
    }
}

pub fn demand_sent(channel: &str) -> Command {
    Command::DemandSent {
        debt: 1,
        sent_on: DEMANDED,
        channel: channel.into(),
    }
}

pub fn breach(arose_on: Date) -> Measure {
    Measure {
        ground: MeasureGround::Breach,
        evidence: "ticket 4711".into(),
        arose_on,
    }
}

/// Returns the contract at the moment at which a notice is sent.
pub fn scene(notice: &Notice, language: Language) -> (Life, Moment) {
    let good = || Life::in_good_standing(language);
    let autumn = date(2026, 10, 1);
    let (life, on) = match notice {
        Notice::InvoiceIssued { .. } => {
            let first = date(2026, 6, 1);
            (Life::begin(language).through(first), first)
        }
        Notice::RenewalReminder { .. } => {
            let first = date(2027, 3, 2);
            (good().through(first), first)
        }
        Notice::Renewed { .. } => (good().through(RENEWED), RENEWED),
        Notice::RefusalReceived { .. } => (good().refused(autumn), autumn),
        Notice::Expired { .. } => (good().refused(autumn).through(RENEWED), RENEWED),
        Notice::CancellationReceived { .. } => {
            (good().cancelled(autumn, date(2026, 12, 31)), autumn)
        }
        Notice::BackupReminder { .. } => {
            let near = date(2026, 12, 17);
            let life = good().cancelled(autumn, date(2026, 12, 31));
            (life.through(near), near)
        }
        Notice::ContractEnded { .. } => {
            let over = date(2027, 1, 1);
            let life = Life::begin(language).through(autumn);
            (
                life.cancelled(autumn, date(2026, 12, 31)).through(over),
                over,
            )
        }
        Notice::Demand { .. } => (Life::demanded(language), DEMANDED),
        Notice::Suspended { .. } => (Life::suspended(language), SUSPENDED),
        Notice::SuspensionLifted { .. } => {
            let paid_on = date(2026, 8, 25);
            (Life::suspended(language).paid(39_600, paid_on), paid_on)
        }
        Notice::Rescinded { .. } => {
            let life = Life::begin(language).through(date(2026, 6, 1));
            (life.rescinded(date(2026, 7, 1)), date(2026, 7, 1))
        }
        _ => (Life::begin(language), date(2026, 6, 1)),
    };
    (life, morning(on))
}
