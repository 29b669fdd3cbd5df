//! Laws over 2026–2100: what holds for every contract, whatever customers and operators do.

use proptest::prelude::*;

use super::acts::{Act, acts, start};
use super::*;
use crate::calendar::{days, tokyo_date};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_history_alone_gives_the_contract_again(start in start(), acts in acts()) {
        let life = lived(start, &acts);
        let mut folded = None;
        for entry in &life.history {
            folded = evolve(folded.as_ref(), entry);
        }
        prop_assert_eq!(folded.as_ref(), Some(&life.contract));
    }

    #[test]
    fn work_that_was_done_or_made_void_is_never_done_again(start in start(), acts in acts()) {
        // Every piece of work that was ever owed is delivered again at the end, in reverse order.
        let mut life = Life::begin(start);
        let mut ever: Vec<Task> = life.contract.owed();
        let mut today = start;
        for (day, act) in &acts {
            life.run(today, days(start, *day));
            today = days(start, *day);
            ever.extend(life.contract.owed());
            life.act(act, today);
            ever.extend(life.contract.owed());
        }
        life.tick(today);
        let moment = start_of(today);
        for task in ever.iter().rev().filter(|task| !life.contract.owed().contains(task)) {
            prop_assert_eq!(perform(&life.contract, task, &life.facts, moment), None);
        }
    }

    #[test]
    fn whatever_happens_the_audit_finds_nothing_and_the_terms_are_kept(start in start(), acts in acts()) {
        let life = lived(start, &acts);
        let last = life.history.iter().map(|entry| tokyo_date(entry.at)).max().unwrap();
        let findings = audit(&life.contract, &life.effects, &life.invoices, last);
        prop_assert!(findings.is_empty(), "{:?}", findings);
        kept(&life)?;
    }

    #[test]
    fn the_audit_finds_what_is_missing_and_what_is_doubled(start in start(), drop in any::<prop::sample::Index>()) {
        let mut life = Life::begin(start);
        let end = days(start, 800);
        life.run(start, end);
        let mut effects = life.effects.clone();
        let lost = effects.remove(drop.index(effects.len()));
        let findings = audit(&life.contract, &effects, &life.invoices, days(end, 1));
        let optional = lost.starts_with("demand/") || lost.starts_with("suspension/");
        prop_assert_eq!(findings.iter().any(|f| f.about == lost), !optional);
        let mut doubled = life.invoices.clone();
        doubled.push(life.invoices[drop.index(life.invoices.len())].clone());
        let findings = audit(&life.contract, &life.effects, &doubled, end);
        prop_assert!(findings.iter().any(|f| f.kind == FindingKind::DoubledInvoice));
        let unexpected = [life.effects.clone(), vec!["invoice/01/0099".to_owned()]].concat();
        let findings = audit(&life.contract, &unexpected, &life.invoices, end);
        prop_assert!(findings.iter().any(|f| f.kind == FindingKind::UnexpectedEffect));
    }
}

fn lived(start: Date, acts: &[(i64, Act)]) -> Life {
    let mut life = Life::begin(start);
    let mut today = start;
    for (day, act) in acts {
        life.run(today, days(start, *day));
        today = days(start, *day);
        life.act(act, today);
    }
    life.run(today, days(today, 500));
    life
}

/// The promises to a customer, checked on what came out, without the code that made it.
fn kept(life: &Life) -> Result<(), TestCaseError> {
    let mut terms_billed: Vec<(u16, Date)> = Vec::new();
    for invoice in &life.invoices {
        if let crate::invoice::Subject::Fee { order, term, .. } = invoice.subject {
            prop_assert!(!terms_billed.contains(&(order, term.start)), "billed twice");
            terms_billed.push((order, term.start));
            prop_assert_eq!(invoice.issued_on, term.start);
        }
    }
    suspended_after_demands(life)?;
    reminded_while_true(life)?;
    for entry in &life.history {
        if let Event::ReceiptRecorded {
            receipt, drafts, ..
        } = &entry.event
        {
            for (_, draft) in drafts {
                for tranche in &draft.interest.tranches {
                    // n through the day of payment is one more than the days that bear interest.
                    let most = tranche.principal.0 * 146 * (tranche.days + 1) / 365_000;
                    prop_assert!(tranche.yen.0 <= most);
                    prop_assert!(tranche.to < receipt.received_on);
                }
            }
        }
    }
    Ok(())
}

/// A timer suspends only after a demand that was sent and did not fail, and its grace (6-2).
fn suspended_after_demands(life: &Life) -> Result<(), TestCaseError> {
    let grace = i64::from(life.facts.operator.arrears.grace_days);
    let mut demanded = std::collections::BTreeMap::new();
    for entry in &life.history {
        match &entry.event {
            Event::Demanded { debt, demand } if demand.failed => {
                demanded.remove(debt);
            }
            Event::Demanded { debt, demand } => {
                demanded.extend(demand.sent_on.map(|day| (*debt, day)));
            }
            Event::SuspendedForNonPayment { debt, .. } => {
                let lapsed = demanded.get(debt).map(|sent_on| days(*sent_on, grace));
                let lapsed = lapsed.is_some_and(|last| last < entry.on);
                prop_assert!(lapsed, "suspended without a demand that lapsed");
                prop_assert!(entry.on <= tokyo_date(entry.at), "suspended before its day");
            }
            _ => {}
        }
    }
    Ok(())
}

/// A reminder goes out only while the renewal that it tells of is to come and can be refused (Art. 11).
fn reminded_while_true(life: &Life) -> Result<(), TestCaseError> {
    let mut refused = std::collections::BTreeSet::new();
    let mut over = false;
    for entry in &life.history {
        match &entry.event {
            Event::RefusalReceived { order, .. } => {
                refused.insert(*order);
            }
            Event::CancellationReceived { .. } | Event::Rescinded { .. } => over = true,
            Event::Reminded {
                order,
                term,
                outcome: crate::contract::ReminderOutcome::Asked,
                ..
            } => {
                prop_assert!(!refused.contains(order), "reminded after a refusal");
                prop_assert!(!over, "reminded after a cancellation or rescission");
                let mut named = life.contract.order(*order).unwrap().first_term;
                for _ in 1..*term {
                    named = named.next();
                }
                let sent_on = tokyo_date(entry.at);
                prop_assert!(sent_on <= named.last_day_to_refuse, "an untrue reminder");
                prop_assert!(days(named.end, -90) <= sent_on, "an early reminder");
            }
            _ => {}
        }
    }
    let asked = life.history.iter().filter(|entry| {
        let asked = crate::contract::ReminderOutcome::Asked;
        matches!(&entry.event, Event::Reminded { outcome, .. } if *outcome == asked)
    });
    prop_assert_eq!(asked.count(), life.notices_of("renewal_reminder").len());
    Ok(())
}
