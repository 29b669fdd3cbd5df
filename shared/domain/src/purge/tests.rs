//! The day on which data go, what is kept, and a certificate that cannot be changed (15-3).
#![allow(clippy::unwrap_used)]

mod kills;

use jiff::civil::{Date, date};

use super::*;
use crate::calendar::{days, start_of};
use crate::contract::{
    Cancellation, Command, Contract, Facts, Measure, MeasureGround, Standing, TerminationCause,
    Work, audit, evolve, perform,
};
use crate::documents::{Keeping, Operator};
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

/// A contract since 1 April 2026 whose end came about in one way, with everything done that was due by the day after it, and its
/// last day.
fn ended(cause: TerminationCause, facts: &Facts) -> (Contract, Date) {
    let (contract, _) = samples::contract(date(2026, 4, 1));
    let day = date(2026, 6, 1);
    let rescinded = |ground| {
        let propose = Command::ProposeRescission(Measure {
            ground,
            evidence: "seen".into(),
            arose_on: day,
        });
        let proposed = after(&contract, propose, "operator:a", facts, day);
        let approve = Command::ApproveRescission;
        (after(&proposed, approve, "operator:b", facts, day), day)
    };
    let (contract, last) = match cause {
        TerminationCause::CustomerCancellation => {
            let last = date(2026, 7, 10);
            (cancelled(last, facts, days(last, 1)), last)
        }
        TerminationCause::Expiry => {
            let refuse = Command::RefuseRenewal {
                order: 1,
                receipt: "R-1".into(),
                paper: None,
            };
            let refused = after(&contract, refuse, "user:u", facts, date(2026, 5, 1));
            let last = date(2027, 3, 31);
            (samples::up_to_date(refused, facts, days(last, 1)), last)
        }
        TerminationCause::Rescission => rescinded(MeasureGround::Breach),
        TerminationCause::RescissionForSoftware => rescinded(MeasureGround::SoftwareMisuse),
        TerminationCause::ServiceEnd => {
            let on = date(2026, 12, 31);
            let end = Command::EndService { on };
            let ending = after(&contract, end, "operator:a", facts, day);
            (samples::up_to_date(ending, facts, days(on, 1)), on)
        }
    };
    let standing = &contract.standing;
    assert!(matches!(standing, Standing::Ended { cause: seen, .. } if *seen == cause));
    (contract, last)
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
        for (cause, day) in [
            (TerminationCause::CustomerCancellation, date(2026, 8, 10)),
            (TerminationCause::Expiry, date(2027, 5, 1)),
            (TerminationCause::Rescission, date(2026, 7, 2)),
            (TerminationCause::RescissionForSoftware, date(2026, 7, 2)),
            (TerminationCause::ServiceEnd, date(2027, 1, 31)),
        ] {
            let (contract, _) = ended(cause, &facts);
            assert_eq!(purge_days(&contract), [day], "{cause:?}");
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
