//! What should exist for a contract by now, worked out from its dates alone, against what does (effect audit).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::order::RUNGS;
use super::work::BACKUP_REMINDERS;
use super::{Contract, Kind, Order, Standing, Work, recovery_ends};
use crate::calendar::{Term, days, tokyo_date};
use crate::invoice::{Invoice, Subject};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// An effect whose day has passed is not there.
    MissingEffect,
    /// An effect is there that no date of the contract explains.
    UnexpectedEffect,
    /// A term was billed more than once.
    DoubledInvoice,
    /// A number of the contract's documents is missing.
    NumberGap,
    /// Work that the contract owes is in no list.
    MissingTask,
    /// 6-2: a reseller's fee of a month long over is on no invoice.
    UnbilledFee,
    /// 6-2: a fee is on no invoice, and its reseller is not in the operator's settings.
    UnknownReseller,
}

/// One thing that is wrong with a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// The effect, number or work that it is about.
    pub about: String,
}

/// How many days a demand or a suspension may be late: they follow what happened, and are made up after an outage.
const ARREARS_LATE: i64 = 3;
/// More demands for one debt than anybody sends.
const MOST_DEMANDS: u16 = 20;

fn finding(kind: FindingKind, about: impl Into<String>) -> Finding {
    Finding {
        kind,
        about: about.into(),
    }
}

/// Compares a contract with its effects and documents on a day. Work whose day is today may still be under way.
pub fn audit(
    contract: &Contract,
    effects: &[String],
    invoices: &[Invoice],
    today: Date,
) -> Vec<Finding> {
    let found: BTreeSet<&str> = effects.iter().map(String::as_str).collect();
    let mut required = BTreeSet::new();
    let mut allowed = BTreeSet::new();
    for order in &contract.orders {
        expect(contract, order, today, &mut required, &mut allowed);
    }
    if let Some(ending) = &contract.ending {
        allowed.insert(Work::End.effect());
        // A rescission, or the last order's expiry before the end of the service, came first.
        let otherwise =
            matches!(contract.standing, Standing::Ended { cause, .. } if cause != ending.cause);
        if ending.on < days(today, -1) && !otherwise {
            required.insert(Work::End.effect());
        }
    }
    // The end that was foreseen may have become another.
    let reminders = found
        .iter()
        .filter(|name| name.starts_with(BACKUP_REMINDERS));
    allowed.extend(reminders.map(|name| (*name).to_owned()));
    let reminder = contract
        .backup_owed()
        .filter(|(day, _)| *day < days(today, -1));
    required.extend(reminder.map(|(_, work)| work.effect()));
    expect_deletion(contract, today, &mut required, &mut allowed);
    for debt in 1..=contract.account.last_number {
        allowed.insert(Work::Demand { debt }.effect());
        allowed.extend((1..=MOST_DEMANDS).map(|demand| Work::Suspension { debt, demand }.effect()));
    }
    // A demand that was made, or a suspension that was imposed, is not owed any more.
    let overdue = contract
        .owed()
        .into_iter()
        .filter(|task| task.work.kind() == Kind::Arrears && task.due < days(today, -ARREARS_LATE));
    required.extend(overdue.map(|task| task.work.effect()));
    let missing = required
        .iter()
        .filter(|name| !found.contains(name.as_str()));
    let unexpected = found.iter().filter(|name| !allowed.contains(**name));
    let mut findings: Vec<Finding> = missing
        .map(|name| finding(FindingKind::MissingEffect, name))
        .chain(unexpected.map(|name| finding(FindingKind::UnexpectedEffect, *name)))
        .collect();
    findings.extend(documents(contract, &found, invoices));
    findings
}

/// 15-3: the deletion begins on its day. What goes on from there may wait for a hold, which nobody else is to know of
/// (21-4): that work is not forgotten is all that is asked.
fn expect_deletion(
    contract: &Contract,
    today: Date,
    required: &mut BTreeSet<String>,
    allowed: &mut BTreeSet<String>,
) {
    let yesterday = days(today, -1);
    let Some(day) = contract.data_went_on().filter(|day| *day <= today) else {
        return;
    };
    allowed.insert(Work::Purge.effect());
    if day < yesterday {
        required.insert(Work::Purge.effect());
    }
    let Some(on) = contract.deletion.certified_on else {
        return;
    };
    required.insert(Work::Certificate.effect());
    allowed.extend([Work::Certificate, Work::Contact, Work::RecoveryCopies].map(Work::effect));
    if recovery_ends(on) < yesterday {
        required.insert(Work::RecoveryCopies.effect());
    }
}

/// Walks an order's terms up to today.
fn expect(
    contract: &Contract,
    order: &Order,
    today: Date,
    required: &mut BTreeSet<String>,
    allowed: &mut BTreeSet<String>,
) {
    let number = order.number;
    let stopped = stopped_on(contract, order);
    let mut term = order.first_term;
    for index in 1u16.. {
        let cut = order.last_day.is_some_and(|last| last < term.start);
        // A refusal on paper may be recorded after the next term began: what was done by then is there, and nothing is missing.
        if term.start > today || (cut && index > order.running.number) {
            return;
        }
        let mut expect = |work: Work, day: Date, needed: bool| {
            if day <= today {
                allowed.insert(work.effect());
            }
            if needed && !cut && day < today {
                required.insert(work.effect());
            }
        };
        let invoice = Work::Invoice {
            order: number,
            term: index,
        };
        expect(
            invoice,
            term.start,
            stopped.is_none_or(|day| term.start < day),
        );
        for days_before in RUNGS {
            let day = days(term.end, -i64::from(days_before));
            let work = Work::Reminder {
                order: number,
                term: index,
                days_before,
            };
            expect(work, day, stopped.is_none_or(|stopped| day < stopped));
        }
        let renewal = Work::Renewal {
            order: number,
            term: index,
        };
        let needed = match &contract.standing {
            Standing::Ended { on, .. } => term.end < *on,
            _ => true,
        };
        expect(
            renewal,
            days(term.end, 1),
            needed && !is_cut_short(contract, &term),
        );
        term = term.next();
    }
}

/// A cancelled contract closes the term that it cuts short by its end.
fn is_cut_short(contract: &Contract, term: &Term) -> bool {
    contract
        .ending
        .as_ref()
        .is_some_and(|ending| ending.on <= term.end)
}

/// Returns the first day on which it was known that the order would not go on.
fn stopped_on(contract: &Contract, order: &Order) -> Option<Date> {
    let refused = order.refused.as_ref().map(|refused| refused.received_on);
    let cancelled = contract
        .ending
        .as_ref()
        .map(|ending| tokyo_date(ending.received_at));
    let ended = match &contract.standing {
        Standing::Ended { on, .. } => Some(*on),
        _ => None,
    };
    [refused, cancelled, ended].into_iter().flatten().min()
}

fn documents(contract: &Contract, found: &BTreeSet<&str>, invoices: &[Invoice]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut billed: BTreeMap<(u16, u16), u32> = BTreeMap::new();
    for invoice in invoices {
        if let Subject::Fee {
            order, term_number, ..
        } = invoice.subject
        {
            *billed.entry((order, term_number)).or_default() += 1;
        }
    }
    for ((order, term), times) in &billed {
        let name = Work::Invoice {
            order: *order,
            term: *term,
        }
        .effect();
        if *times > 1 {
            findings.push(finding(FindingKind::DoubledInvoice, name));
        } else if !found.contains(name.as_str()) {
            findings.push(finding(FindingKind::MissingEffect, name));
        }
    }
    let numbers: BTreeSet<u32> = invoices.iter().map(|invoice| invoice.number).collect();
    let expected = 1..=contract.account.last_number;
    let gaps = expected.filter(|number| !numbers.contains(number));
    findings.extend(gaps.map(|number| finding(FindingKind::NumberGap, format!("{number:04}"))));
    findings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::civil::date;

    use super::super::{Command, Facts, evolve, perform};
    use super::*;
    use crate::calendar::start_of;
    use crate::documents::Operator;

    fn facts() -> Facts {
        Facts {
            operator: Operator::default(),
            prices: Vec::new(),
            terms: Vec::new(),
        }
    }

    /// A contract since 1 April 2026 whose first invoice is due on 1 June, as its 31 May is a Sunday.
    fn invoiced() -> Contract {
        let (contract, _) = crate::samples::contract(date(2026, 4, 1));
        let task = contract.owed().into_iter().min().unwrap();
        let entry = perform(&contract, &task, &facts(), start_of(task.due)).unwrap();
        evolve(Some(&contract), &entry).unwrap()
    }

    fn missing(contract: &Contract, effects: &[&str], today: Date) -> Vec<String> {
        let effects: Vec<String> = effects.iter().map(|name| (*name).to_owned()).collect();
        let findings = audit(contract, &effects, &[], today).into_iter();
        let missing = findings.filter(|finding| finding.kind == FindingKind::MissingEffect);
        missing.map(|finding| finding.about).collect()
    }

    #[test]
    fn a_demand_whose_day_is_long_past_is_missing() {
        let contract = invoiced();
        let due = date(2026, 6, 9);
        let made = ["invoice/01/0001"];
        assert_eq!(missing(&contract, &made, days(due, 3)), [""; 0]);
        assert_eq!(missing(&contract, &made, days(due, 4)), ["demand/0001"]);
    }

    #[test]
    fn a_suspension_whose_day_is_long_past_is_missing() {
        let contract = invoiced();
        let sent_on = date(2026, 6, 9);
        let sent = Command::DemandSent {
            debt: 1,
            sent_on,
            channel: "post".into(),
        };
        let entry = contract.decide(sent, "operator:test", &facts(), start_of(sent_on));
        let contract = evolve(Some(&contract), &entry.unwrap()).unwrap();
        let due = date(2026, 6, 24);
        let made = ["invoice/01/0001"];
        assert_eq!(missing(&contract, &made, days(due, 3)), [""; 0]);
        assert_eq!(
            missing(&contract, &made, days(due, 4)),
            ["suspension/0001/01"]
        );
    }
}
