//! The contract's life by article, and its laws over 2026–2100.
#![allow(clippy::unwrap_used)]

mod acts;
mod art_04;
mod art_06;
mod art_09;
mod art_11;
mod art_13;
mod art_14;
mod art_15;
mod art_16;
mod catching_up;
mod explaining;
mod hours;
mod laws;

use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::*;
use crate::application::tests_support::submitted;
use crate::application::{Event as ApplicationEvent, evolve as evolve_application};
use crate::calendar::start_of;
use crate::documents::Operator;
use crate::due_date::PaymentTerms;
use crate::money::Yen;
use crate::prices::{Plan, PriceList};
use crate::terms::TermsVersion;

pub(super) fn approved() -> Application {
    evolve_application(
        submitted(),
        &ApplicationEvent::Approved {
            at: Timestamp::UNIX_EPOCH,
        },
    )
}

fn list(version: &str, from: Date, yearly_yen: i64) -> PriceList {
    PriceList {
        version: version.into(),
        effective_from: from,
        published_on: None,
        day_count: Default::default(),
        due: PaymentTerms::default(),
        plans: vec![Plan {
            retention_days: 30,
            yearly_yen: Yen(yearly_yen),
        }],
        tax_percent: 10,
        payment_ja: String::new(),
        payment_en: String::new(),
    }
}

pub(super) fn facts() -> Facts {
    Facts {
        operator: Operator::default(),
        prices: vec![list("2026", date(2026, 1, 1), 11_000)],
        terms: vec![TermsVersion {
            version: "2026-04-01".into(),
            published_on: date(2026, 3, 1),
            effective_from: date(2026, 4, 1),
            hash_ja: String::new(),
            hash_en: String::new(),
            supersedes: None,
        }],
    }
}

/// A contract under test, with everything that it made.
#[derive(Clone)]
pub(super) struct Life {
    pub contract: Contract,
    pub facts: Facts,
    pub history: Vec<Entry>,
    pub effects: Vec<String>,
    pub invoices: Vec<crate::invoice::Invoice>,
    pub notices: Vec<(Date, crate::notice::Notice)>,
    pub cases: Vec<Case>,
    pub resold: Vec<crate::reseller::ResoldFee>,
}

impl Life {
    pub fn begin(start: Date) -> Life {
        Life::of(&approved(), start)
    }

    pub fn of(application: &Application, start: Date) -> Life {
        let id = ContractId::from_random([3; 10]);
        let now = start_of(start);
        let (contract, entry) =
            Contract::form(id, application, start, "operator:first", now).unwrap();
        Life {
            contract,
            facts: facts(),
            history: vec![entry],
            effects: Vec::new(),
            invoices: Vec::new(),
            notices: Vec::new(),
            cases: Vec::new(),
            resold: Vec::new(),
        }
    }

    /// Takes an entry in as a transaction would: an effect that exists stops all of it.
    pub fn take(&mut self, entry: Entry) {
        let step = Step::of(Some(&self.contract), entry, &self.facts.operator).unwrap();
        for effect in &step.effects {
            assert!(
                !self.effects.contains(&effect.name),
                "doubled {}",
                effect.name
            );
            self.effects.push(effect.name.clone());
        }
        let sent_on = crate::calendar::tokyo_date(step.entry.at);
        self.notices.extend(
            step.notices
                .into_iter()
                .map(|(_, notice)| (sent_on, notice)),
        );
        self.invoices.extend(step.invoice);
        self.cases.extend(step.case);
        self.resold.extend(step.resold_fee);
        self.history.push(step.entry);
        self.contract = step.contract;
    }

    pub fn ask(&mut self, command: Command, on: Date) -> Result<(), Refusal> {
        self.ask_as(command, "operator:first", on)
    }

    pub fn ask_as(&mut self, command: Command, by: &str, on: Date) -> Result<(), Refusal> {
        let entry = self
            .contract
            .decide(command, by, &self.facts, start_of(on))?;
        self.take(entry);
        Ok(())
    }

    /// Does everything that is due by a day, as a tick of that day would; mail goes out at once.
    pub fn tick(&mut self, today: Date) {
        while let Some(task) = self.next_due(today) {
            let entry = perform(&self.contract, &task, &self.facts, start_of(today)).unwrap();
            self.take(entry);
            if let Work::Demand { debt } = task.work {
                let sent = Command::DemandSent {
                    debt,
                    sent_on: today,
                    channel: "mail".into(),
                };
                self.ask_as(sent, "mail", today).unwrap();
            }
        }
    }

    pub fn next_due(&self, today: Date) -> Option<Task> {
        let due = self.contract.owed().into_iter();
        due.filter(|task| task.due <= today).min()
    }

    /// Ticks on every day up to and including the last.
    pub fn run(&mut self, from: Date, through: Date) {
        let mut today = from;
        while today <= through {
            self.tick(today);
            today = crate::calendar::days(today, 1);
        }
    }

    pub fn pay(&mut self, yen: i64, on: Date) -> Result<(), Refusal> {
        let reference = format!("bank-{}", self.history.len());
        let receipt = NewReceipt {
            reference,
            received_on: on,
            yen: Yen(yen),
        };
        self.ask(Command::RecordReceipt(receipt), on)
    }

    pub fn notices_of(&self, kind: &str) -> Vec<Date> {
        let of_kind = self.notices.iter().filter(|(_, n)| n.kind() == kind);
        of_kind.map(|(on, _)| *on).collect()
    }
}
