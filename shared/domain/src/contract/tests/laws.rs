//! Laws over 2026–2100: catching up equals running day by day, whatever crashes, doubles or reorders.

use proptest::prelude::*;

use super::*;
use crate::calendar::{days, tokyo_date};

/// What a customer or operator may do on a day.
#[derive(Debug, Clone)]
enum Act {
    Pay(i64),
    Refuse,
    Cancel(i64),
    MoreCameras,
    Suspend,
    Lift,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1i64..40_000).prop_map(Act::Pay),
        1 => Just(Act::Refuse),
        1 => (0i64..400).prop_map(Act::Cancel),
        1 => Just(Act::MoreCameras),
        1 => Just(Act::Suspend),
        1 => Just(Act::Lift),
    ]
}

fn command(act: &Act, today: Date, number: usize) -> Command {
    match act {
        Act::Pay(yen) => Command::RecordReceipt(NewReceipt {
            reference: format!("r{number}"),
            received_on: today,
            yen: Yen(*yen),
        }),
        Act::Refuse => Command::RefuseRenewal {
            order: 1,
            receipt: "R".into(),
            paper: None,
        },
        Act::Cancel(ahead) => Command::Cancel(Cancellation {
            on: days(today, *ahead),
            receipt: "C".into(),
        }),
        Act::MoreCameras => Command::AcceptOrder {
            start: days(today, 3),
            retention_days: 30,
            cameras: 1,
        },
        Act::Suspend => Command::Suspend(Measure {
            ground: MeasureGround::Breach,
            evidence: "e".into(),
            arose_on: today,
        }),
        Act::Lift => Command::Lift { reason: "r".into() },
    }
}

/// Acts sorted by day: days after the start.
fn acts() -> impl Strategy<Value = Vec<(i64, Act)>> {
    prop::collection::vec((1i64..1_200, act()), 0..8).prop_map(|mut acts| {
        acts.sort_by_key(|(day, _)| *day);
        acts
    })
}

fn start() -> impl Strategy<Value = Date> {
    (0i64..26_000).prop_map(|ahead| days(date(2026, 4, 1), ahead))
}

/// The civil facts of a contract: what may not depend on when work was done. A demand counts from its
/// sending, so what follows from it is left out by paying in time.
fn facts_of(life: &Life) -> (Vec<crate::invoice::Invoice>, Vec<Order>, u32) {
    let mut orders = life.contract.orders.clone();
    for order in &mut orders {
        order.running.rungs_done = 0;
    }
    (
        life.invoices.clone(),
        orders,
        life.contract.account.last_number,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn catching_up_in_one_jump_equals_running_day_by_day(start in start(), length in 1i64..1_500) {
        let mut daily = Life::begin(start);
        let mut jump = daily.clone();
        daily.run(start, days(start, length));
        jump.tick(days(start, length));
        // The same facts in the same order of their days; only reminders may be overtaken.
        prop_assert_eq!(facts_of(&daily), facts_of(&jump));
        for order in &jump.contract.orders {
            prop_assert_eq!(order.running.rungs_done, daily.contract.order(order.number).unwrap().running.rungs_done);
        }
    }

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
        for (number, (day, act)) in acts.iter().enumerate() {
            life.run(today, days(start, *day));
            today = days(start, *day);
            ever.extend(life.contract.owed());
            let _ = life.ask_as(command(act, today, number), "user:1", today);
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
    for (number, (day, act)) in acts.iter().enumerate() {
        life.run(today, days(start, *day));
        today = days(start, *day);
        // Refused commands are part of life.
        let _ = life.ask_as(command(act, today, number), "user:1", today);
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
    let mut demanded = std::collections::BTreeMap::new();
    for entry in &life.history {
        match &entry.event {
            Event::Demanded { debt, demand } => {
                demanded.extend(demand.sent_on.map(|day| (*debt, day)));
            }
            Event::SuspendedForNonPayment { debt, .. } => {
                let demanded = demanded.get(debt).copied().unwrap_or(Date::MAX);
                prop_assert!(demanded < entry.on, "suspended before its demand");
            }
            Event::ReceiptRecorded {
                receipt, drafts, ..
            } => {
                for (_, draft) in drafts {
                    for tranche in &draft.interest.tranches {
                        // n through the day of payment is one more than the days that bear interest.
                        let most = tranche.principal.0 * 146 * (tranche.days + 1) / 365_000;
                        prop_assert!(tranche.yen.0 <= most);
                        prop_assert!(tranche.to < receipt.received_on);
                    }
                }
            }
            _ => {}
        }
    }
    for (sent_on, notice) in &life.notices {
        let crate::notice::Notice::RenewalReminder { order, term, .. } = notice else {
            continue;
        };
        let mut named = life.contract.order(*order).map(|o| o.first_term);
        for _ in 1..*term {
            named = named.map(|term| term.next());
        }
        prop_assert!(
            *sent_on <= named.unwrap().last_day_to_refuse,
            "an untrue reminder"
        );
    }
    Ok(())
}
