//! Article 16-3: the most that the company answers for.

use super::*;
use crate::application::Channel;
use crate::particulars::{Customer, Purpose};

/// One camera at 11,000 yen, so 12,100 with tax.
fn begun(start: Date) -> Life {
    let mut application = approved();
    application.confirmation.quote = facts().prices[0].quote(30, 1).unwrap();
    let mut life = Life::of(&application, start);
    life.tick(start);
    life
}

fn cap(life: &Life, event: Date) -> i64 {
    life.contract.liability_cap(event).yen.0
}

#[test]
fn the_cap_is_what_is_paid_for_the_term_of_the_event() {
    let mut life = begun(date(2026, 4, 1));
    assert_eq!(cap(&life, date(2026, 6, 1)), 0, "nothing is paid yet");
    life.pay(5_000, date(2026, 4, 10)).unwrap();
    assert_eq!(cap(&life, date(2026, 6, 1)), 5_000);
    life.pay(7_100, date(2026, 4, 20)).unwrap();
    life.run(date(2026, 4, 21), date(2027, 4, 1));
    life.pay(2_000, date(2027, 4, 1)).unwrap();
    assert_eq!(cap(&life, date(2026, 4, 1)), 12_100);
    assert_eq!(cap(&life, date(2027, 3, 31)), 12_100);
    assert_eq!(cap(&life, date(2027, 4, 1)), 2_000);
    let cap = life.contract.liability_cap(date(2027, 4, 1));
    assert_eq!(
        (cap.parts[0].term_number, cap.parts[0].invoice),
        (2, Some(2))
    );
    assert_eq!(cap.warnings, []);
}

#[test]
fn late_interest_is_no_fee_and_what_a_credit_note_took_back_is_not_paid() {
    let mut life = begun(date(2026, 4, 1));
    life.run(date(2026, 4, 2), date(2026, 12, 1));
    life.pay(12_100, date(2026, 12, 1)).unwrap();
    let billed = Command::BillInterest { of: 1 };
    life.ask(billed, date(2026, 12, 2)).unwrap();
    life.pay(1_000, date(2026, 12, 3)).unwrap();
    assert_eq!(cap(&life, date(2026, 6, 1)), 12_100);
    let credit = Command::Credit {
        debt: 1,
        yen: Yen(2_100),
        reason: "x".into(),
    };
    life.ask(credit, date(2026, 12, 4)).unwrap();
    assert_eq!(cap(&life, date(2026, 6, 1)), 10_000);
}

#[test]
fn each_order_counts_with_its_own_term() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(12_100, date(2026, 4, 10)).unwrap();
    let order = Command::AcceptOrder {
        start: date(2026, 7, 1),
        retention_days: 30,
        cameras: 2,
    };
    life.ask(order, date(2026, 6, 1)).unwrap();
    life.run(date(2026, 6, 2), date(2026, 7, 1));
    life.pay(24_200, date(2026, 7, 1)).unwrap();
    assert_eq!(cap(&life, date(2026, 6, 30)), 12_100);
    assert_eq!(cap(&life, date(2026, 7, 1)), 36_300);
}

#[test]
fn a_reseller_a_consumer_and_a_day_outside_every_term_are_flagged() {
    let mut application = approved();
    application.channel = Channel::Reseller("mihon".into());
    application.form.particulars.customer = Customer::Individual {
        purpose: Purpose::Business,
    };
    let mut life = Life::of(&application, date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 6, 1));
    let cap = life.contract.liability_cap(date(2026, 5, 1));
    assert_eq!(cap.yen, Yen(0));
    assert_eq!(cap.warnings, [CapWarning::Reseller, CapWarning::Individual]);
    assert_eq!((cap.clause, cap.reading), ("16-3", "D-20 v1"));
    let before = life.contract.liability_cap(date(2026, 3, 31));
    assert!(before.warnings.contains(&CapWarning::NoTerm));
}
