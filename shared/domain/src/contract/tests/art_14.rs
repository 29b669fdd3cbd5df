//! Article 14-1: the service ends, and every contract with it on the day that was set.

use super::*;

fn end(on: Date) -> Command {
    Command::EndService { on }
}

fn ended(life: &Life, on: Date, cause: TerminationCause) {
    let ended = Standing::Ended {
        on,
        cause,
        at_once: false,
    };
    assert_eq!(life.contract.standing, ended);
    let found = audit(
        &life.contract,
        &life.effects,
        &life.invoices,
        date(2028, 1, 1),
    );
    assert_eq!(found, [], "the audit explains all of it");
}

/// A contract of 1 April 2026 that lived until a day.
fn lived(until: Date) -> Life {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), until);
    life
}

#[test]
fn a_contract_ends_with_the_service_within_its_term() {
    let today = date(2026, 8, 1);
    let mut life = lived(today);
    life.ask(end(date(2026, 12, 31)), today).unwrap();
    assert_eq!(life.notices_of("service_end_set"), [today]);
    life.run(date(2026, 8, 2), date(2026, 12, 31));
    assert!(!life.contract.has_ended(date(2026, 12, 31)));
    life.run(date(2027, 1, 1), date(2027, 6, 1));
    ended(&life, date(2026, 12, 31), TerminationCause::ServiceEnd);
    assert_eq!(life.notices_of("contract_ended"), [date(2027, 1, 1)]);
    assert!(life.notices_of("renewal_reminder").is_empty());
    assert_eq!(life.invoices.len(), 1);
}

#[test]
fn an_order_is_renewed_before_the_end_of_the_service_and_not_after_it() {
    let today = date(2026, 8, 1);
    let mut life = lived(today);
    life.ask(end(date(2027, 6, 30)), today).unwrap();
    life.run(date(2026, 8, 2), date(2027, 12, 1));
    ended(&life, date(2027, 6, 30), TerminationCause::ServiceEnd);
    assert_eq!(life.notices_of("renewed"), [date(2027, 4, 1)]);
    assert_eq!(life.invoices.len(), 2);
}

#[test]
fn the_customer_may_still_refuse_or_cancel_before_the_end_of_the_service() {
    let today = date(2026, 8, 1);
    let refuse = Command::RefuseRenewal {
        order: 1,
        receipt: "R-1".into(),
        paper: None,
    };
    let mut life = lived(today);
    life.ask(end(date(2027, 6, 30)), today).unwrap();
    life.ask_as(refuse, "user:1", today).unwrap();
    life.run(date(2026, 8, 2), date(2027, 12, 1));
    ended(&life, date(2027, 3, 31), TerminationCause::Expiry);
    let cancel = |on| {
        Command::Cancel(Cancellation {
            on,
            receipt: "C-1".into(),
            received_on: None,
        })
    };
    let mut life = lived(today);
    life.ask(end(date(2026, 12, 31)), today).unwrap();
    let late = life.ask_as(cancel(date(2027, 1, 1)), "user:1", today);
    assert_eq!(late, Err(Refusal::CancellationTooFar));
    life.ask_as(cancel(date(2026, 10, 31)), "user:1", today)
        .unwrap();
    life.run(date(2026, 8, 2), date(2027, 12, 1));
    ended(
        &life,
        date(2026, 10, 31),
        TerminationCause::CustomerCancellation,
    );
}

#[test]
fn what_ends_by_then_anyway_is_left_alone_and_nothing_ends_in_the_past() {
    let today = date(2026, 8, 1);
    let mut life = lived(today);
    let past = life.ask(end(date(2026, 7, 31)), today);
    assert_eq!(past, Err(Refusal::CancellationInThePast));
    life.ask(end(date(2026, 12, 31)), today).unwrap();
    let twice = life.ask(end(date(2026, 12, 31)), today);
    assert_eq!(twice, Err(Refusal::AlreadyCancelled));
    let order = life.ask(
        Command::AcceptOrder {
            start: date(2026, 9, 1),
            retention_days: 30,
            cameras: 1,
        },
        today,
    );
    assert_eq!(order, Err(Refusal::AlreadyCancelled));
}
