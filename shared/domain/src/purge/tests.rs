//! Purge × hold × end × grace × clock: nothing of a live or held contract is ever asked for, and a kill changes nothing (15-3).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::calendar::{days, start_of};
use crate::contract::{
    Cancellation, Command, Contract, Facts, MeasureGround, TerminationCause, Work, audit, evolve,
    perform,
};
use crate::documents::{Keeping, Operator};
use crate::hold::{Hold, Holds, Scope};
use crate::ids::{CameraId, UserId};
use crate::samples;

fn facts(kept_days: u16) -> Facts {
    Facts {
        operator: Operator {
            deletion: Keeping {
                kept_days,
                ..Keeping::default()
            },
            ..Operator::default()
        },
        prices: Vec::new(),
        terms: Vec::new(),
    }
}

fn after(contract: &Contract, command: Command, by: &str, facts: &Facts, on: Date) -> Contract {
    let entry = contract.decide(command, by, facts, start_of(on)).unwrap();
    evolve(Some(contract), &entry).unwrap()
}

/// A contract since 1 April 2026 that was cancelled to a day, with everything done by another.
fn cancelled(last: Date, facts: &Facts, today: Date) -> Contract {
    let (contract, _) = samples::contract(date(2026, 4, 1));
    let cancel = Command::Cancel(Cancellation {
        on: last,
        receipt: "C-1".into(),
        received_on: None,
    });
    let contract = after(&contract, cancel, "user:u", facts, date(2026, 4, 1));
    samples::up_to_date(contract, facts, today)
}

fn purge_days(contract: &Contract) -> Vec<Date> {
    let owed = contract.owed().into_iter();
    owed.filter(|task| task.work == Work::Purge)
        .map(|task| task.due)
        .collect()
}

mod art_15 {
    use super::*;

    #[test]
    fn the_data_go_on_the_day_after_the_end_and_the_days_for_which_they_are_kept() {
        let last = date(2026, 7, 10);
        for (kept_days, day) in [
            (30, date(2026, 8, 10)),
            (0, date(2026, 7, 11)),
            (1, date(2026, 7, 12)),
        ] {
            let facts = facts(kept_days);
            let contract = cancelled(last, &facts, days(last, 1));
            assert_eq!(purge_days(&contract), [day], "{kept_days}");
            assert_eq!(
                Journal::may_begin(&contract, days(day, -1)),
                Err(Refusal::StillKept)
            );
            assert_eq!(Journal::may_begin(&contract, day), Ok(()));
        }
    }

    #[test]
    fn a_later_setting_does_not_move_the_day_of_a_contract_that_has_ended() {
        let last = date(2026, 7, 10);
        let contract = cancelled(last, &facts(30), days(last, 1));
        assert_eq!(
            contract.data_go_on(last, &facts(0).operator),
            date(2026, 8, 10)
        );
        let (lives, _) = samples::contract(date(2026, 4, 1));
        assert_eq!(
            lives.data_go_on(last, &facts(0).operator),
            date(2026, 7, 11)
        );
    }

    #[test]
    fn every_cause_of_an_end_leads_to_a_purge() {
        let facts = facts(30);
        let (contract, _) = samples::contract(date(2026, 4, 1));
        let refuse = Command::RefuseRenewal {
            order: 1,
            receipt: "R-1".into(),
            paper: None,
        };
        let refused = after(&contract, refuse, "user:u", &facts, date(2026, 5, 1));
        let expired = samples::up_to_date(refused, &facts, date(2027, 4, 1));
        assert_eq!(purge_days(&expired), [date(2027, 5, 1)]);
        for (ground, cause) in [
            (MeasureGround::Breach, TerminationCause::Rescission),
            (
                MeasureGround::SoftwareMisuse,
                TerminationCause::RescissionForSoftware,
            ),
        ] {
            let day = date(2026, 6, 1);
            let measure = crate::contract::Measure {
                ground,
                evidence: "seen".into(),
                arose_on: day,
            };
            let propose = Command::ProposeRescission(measure);
            let proposed = after(&contract, propose, "operator:a", &facts, day);
            let ended = after(
                &proposed,
                Command::ApproveRescission,
                "operator:b",
                &facts,
                day,
            );
            assert!(
                matches!(ended.standing, crate::contract::Standing::Ended { cause: c, .. } if c == cause)
            );
            assert_eq!(purge_days(&ended), [date(2026, 7, 2)]);
        }
    }

    #[test]
    fn an_end_that_was_recorded_afterwards_leaves_all_its_days_from_then() {
        let facts = facts(30);
        let (contract, _) = samples::contract(date(2026, 4, 1));
        let contract = samples::up_to_date(contract, &facts, date(2027, 4, 20));
        let paper = crate::contract::PaperNotice {
            received_on: date(2027, 2, 20),
            channel: "letter".into(),
        };
        let refuse = Command::RefuseRenewal {
            order: 1,
            receipt: "R-1".into(),
            paper: Some(paper),
        };
        let ended = after(&contract, refuse, "operator:a", &facts, date(2027, 4, 20));
        assert_eq!(purge_days(&ended), [date(2027, 5, 21)]);
    }

    #[test]
    fn a_live_contract_is_refused_with_a_code() {
        let (contract, _) = samples::contract(date(2026, 4, 1));
        let refused = Journal::may_begin(&contract, date(2030, 1, 1)).unwrap_err();
        assert_eq!(refused.code(), "contract_lives");
        assert!(
            contract
                .owed()
                .iter()
                .all(|task| task.work.effect() != "purge")
        );
    }

    #[test]
    fn the_address_goes_last_and_stays_while_something_is_owed() {
        let facts = facts(0);
        let last = date(2026, 7, 10);
        let lived = cancelled(last, &facts, days(last, 1));
        let owing = lived.account.debts.len();
        assert_eq!(owing, 1, "the first invoice is open");
        let step = |contract: &Contract, work: Work| {
            let task = contract
                .owed()
                .into_iter()
                .find(|task| task.work == work)
                .unwrap();
            let entry = perform(contract, &task, &facts, start_of(days(last, 3))).unwrap();
            evolve(Some(contract), &entry).unwrap()
        };
        let certified = step(&step(&lived, Work::Purge), Work::Certificate);
        assert_eq!(certified.customer, lived.customer);
        assert!(
            certified
                .owed()
                .iter()
                .all(|task| task.work != Work::Contact)
        );
        let pay = Command::RecordReceipt(crate::contract::NewReceipt {
            reference: "bank-1".into(),
            received_on: days(last, 3),
            yen: certified.account.open_yen(),
        });
        let paid = after(&certified, pay, "operator:a", &facts, days(last, 3));
        let waive = Command::WaiveInterest {
            of: 1,
            reason: "small".into(),
        };
        let paid = after(&paid, waive, "operator:a", &facts, days(last, 3));
        let erased = step(&paid, Work::Contact);
        assert_eq!(erased.customer.contact_email, "");
        assert_eq!(erased.customer.name, crate::particulars::ERASED);
        let closing: Vec<Date> = erased.owed().iter().map(|task| task.due).collect();
        assert_eq!(
            closing,
            [days(last, 3 + 36)],
            "the recovery copies of that day live 35 days"
        );
    }

    #[test]
    fn what_is_certified_is_what_the_audit_expects() {
        let facts = facts(30);
        let last = date(2026, 7, 10);
        let contract = cancelled(last, &facts, days(last, 1));
        let missing = |today: Date| {
            let mut findings = audit(&contract, &["end".to_owned()], &[], today).into_iter();
            findings.any(|finding| finding.about == "purge")
        };
        assert!(!missing(date(2026, 8, 11)) && missing(date(2026, 8, 12)));
    }

    #[test]
    fn books_are_kept_from_two_months_after_the_tax_period() {
        let keeping = |books_years| Keeping {
            books_years,
            ..Keeping::default()
        };
        let check = |on, years| books_until(on, &keeping(years));
        assert_eq!(check(date(2026, 10, 31), 7), date(2034, 5, 31));
        assert_eq!(check(date(2026, 10, 31), 10), date(2037, 5, 31));
        assert_eq!(check(date(2027, 3, 31), 7), date(2034, 5, 31));
        assert_eq!(check(date(2027, 4, 1), 7), date(2035, 5, 31));
        let december = Keeping {
            books_years: 7,
            year_ends_in_month: 12,
            ..Keeping::default()
        };
        assert_eq!(
            books_until(date(2026, 12, 31), &december),
            days(date(2034, 3, 1), -1)
        );
    }

    #[test]
    fn a_certificate_with_any_byte_changed_cannot_be_read_as_it_was_issued() {
        let signed = certificate();
        let file = signed.file().into_bytes();
        assert_eq!(SignedCertificate::read(&file), Ok(signed.clone()));
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1;
            // What still reads says something else, and then the signature does not match.
            if let Ok(other) = SignedCertificate::read(&changed) {
                let same = other.certificate.signed_bytes() == signed.certificate.signed_bytes();
                assert!(
                    !(same && other.signature == signed.signature),
                    "byte {place}"
                );
            }
        }
        for more in [&b" "[..], b"\n"] {
            assert_eq!(
                SignedCertificate::read(&[&file[..], more].concat()),
                Err(Unreadable)
            );
        }
    }
}

fn certificate() -> SignedCertificate {
    SignedCertificate {
        certificate: samples::certificate("11".into()),
        signature: "22".into(),
    }
}

/// What there is of two contracts, outside of their entries: the second must never change.
#[derive(Debug, Clone, PartialEq)]
struct World {
    streams: BTreeSet<String>,
    accounts: BTreeSet<String>,
    rows: u64,
    of_another: u64,
}

const CAMERAS: u8 = 3;

fn camera(n: u8) -> CameraId {
    CameraId::from_random([n; 10])
}

fn targets() -> Targets {
    let target = |n| Target {
        camera: camera(n),
        stream: format!("ciero-{}", camera(n)),
        certificate: None,
    };
    Targets {
        cameras: (0..CAMERAS).map(target).collect(),
        users: vec![UserId::from_random([1; 10])],
    }
}

/// What happens before a step is taken.
#[derive(Debug, Clone)]
enum Luck {
    Fine,
    /// Killed before, or after, what was asked for is done.
    Killed {
        done: bool,
    },
    HoldRegistered,
    HoldCamera(u8),
    Release,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Fine),
        2 => any::<bool>().prop_map(|done| Luck::Killed { done }),
        1 => Just(Luck::HoldRegistered),
        1 => (0..CAMERAS).prop_map(Luck::HoldCamera),
        2 => Just(Luck::Release),
    ]
}

fn change(holds: &mut Holds, luck: &Luck, at: Timestamp) {
    let scope = match luck {
        Luck::HoldRegistered => Some(Scope::RegisteredData),
        Luck::HoldCamera(n) => Some(Scope::Recordings {
            camera: camera(*n),
            from: Timestamp::MIN,
            until: Timestamp::MAX,
        }),
        Luck::Release => {
            let open = holds
                .holds
                .iter_mut()
                .filter(|hold| hold.released_at.is_none());
            open.for_each(|hold| hold.released_at = Some(at));
            None
        }
        _ => return,
    };
    holds.holds.extend(scope.map(|scope| Hold {
        case: "c".into(),
        scope,
        placed_at: at,
        released_at: None,
    }));
    holds.version += 1;
}

/// Does what a step asks for; doing it twice is doing it once.
fn act(world: &mut World, journal: &Journal, step: Step, holds: &Holds) -> u64 {
    match step {
        Step::Recordings => {
            let free: Vec<String> = journal
                .free_streams(holds)
                .iter()
                .map(|t| t.stream.clone())
                .collect();
            free.iter()
                .filter(|stream| world.streams.remove(*stream))
                .count() as u64
        }
        Step::Accounts => std::mem::take(&mut world.accounts).len() as u64,
        Step::Records => std::mem::take(&mut world.rows),
        _ => 0,
    }
}

fn search(world: &World, journal: &Journal, holds: &Holds) -> Vec<(Step, u64)> {
    let free = journal.free_streams(holds);
    let streams = free
        .iter()
        .filter(|t| world.streams.contains(&t.stream))
        .count() as u64;
    let registered = !holds.keep_registered_data();
    let mut found = vec![(Step::Recordings, streams)];
    if registered {
        found.extend([
            (Step::Accounts, world.accounts.len() as u64),
            (Step::Records, world.rows),
        ]);
    }
    found.retain(|(_, count)| *count > 0);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn kills_and_holds_change_when_but_never_what_is_deleted(kept_days in 0u16..60, asked in 0i64..120, lucks in prop::collection::vec(luck(), 0..40)) {
        let facts = facts(kept_days);
        let last = date(2026, 7, 10);
        let today = days(last, asked);
        let contract = cancelled(last, &facts, days(last, 1));
        let allowed = today >= days(last, 1 + i64::from(kept_days));
        prop_assert_eq!(Journal::may_begin(&contract, today).is_ok(), allowed);
        if !allowed {
            return Ok(());
        }
        let at = start_of(today);
        let whole = World {
            streams: targets().cameras.into_iter().map(|t| t.stream).collect(),
            accounts: BTreeSet::from(["a".to_owned()]),
            rows: 7,
            of_another: 9,
        };
        let (mut world, mut holds) = (whole.clone(), Holds::none(contract.id.clone()));
        let (mut journal, first) = Journal::begin(&contract, targets(), at);
        let mut lines = vec![first];
        // However it went, everything is released in the end and the purge is asked for until it is done.
        let calm = std::iter::repeat_n(Luck::Fine, 60);
        let lucks = lucks.into_iter().chain([Luck::Release]).chain(calm);
        let mut certified = false;
        for luck in lucks {
            change(&mut holds, &luck, at);
            let before = world.clone();
            let mut next = journal.clone();
            if next.waits_for.is_some_and(|version| version != holds.version) {
                next.wake();
            }
            match next.next(&holds) {
                Next::Wait => {
                    let act = next.wait(&holds);
                    if journal.waits_for.is_none() { lines.push(next.write(vec![act], at)); journal = next; }
                }
                Next::Pass(step) => {
                    let act = next.pass(step);
                    lines.push(next.write(vec![act], at));
                    journal = next;
                }
                Next::Ask(Step::Certificate) => {
                    prop_assert!(search(&world, &next, &holds).is_empty());
                    prop_assert!(world.streams.is_empty() && world.accounts.is_empty() && world.rows == 0);
                    certified = true;
                    break;
                }
                Next::Ask(step) => {
                    lines.push(next.write(vec![Act::Asked { step }], at));
                    journal = next.clone();
                    if matches!(luck, Luck::Killed { done: false }) { continue; }
                    if step == Step::Search {
                        let (acts, _) = next.searched(&search(&world, &next, &holds), &holds, at);
                        lines.push(next.write(acts, at));
                    } else {
                        let count = act(&mut world, &next, step, &holds);
                        let done = next.done(step, count, None);
                        lines.push(next.write(vec![done], at));
                    }
                    if matches!(luck, Luck::Killed { .. }) {
                        lines.pop();
                        continue;
                    }
                    journal = next;
                }
            }
            // Nothing that is held now, and nothing of another contract, was touched.
            prop_assert_eq!(world.of_another, whole.of_another);
            if holds.keep_registered_data() {
                prop_assert_eq!((&world.accounts, world.rows), (&before.accounts, before.rows));
            }
            for target in targets().cameras {
                if holds.keep_recordings_of(&target.camera) {
                    prop_assert_eq!(world.streams.contains(&target.stream), before.streams.contains(&target.stream));
                }
            }
        }
        prop_assert!(certified);
        for (n, line) in lines.iter().enumerate() {
            prop_assert_eq!(line.number, n as u64 + 1);
            prop_assert_eq!(&line.before, &n.checked_sub(1).map(|n| lines[n].hash()).unwrap_or_default());
        }
        prop_assert_eq!(&journal.head, &lines.last().unwrap().hash());
    }
}
