//! Article 15-1: cancellation by the customer.

use super::*;

fn cancel(on: Date) -> Command {
    Command::Cancel(Cancellation {
        on,
        receipt: "C-1".into(),
        received_on: None,
    })
}

#[test]
fn a_cancelled_contract_ends_on_its_day_and_is_not_renewed() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 8, 1));
    life.ask_as(cancel(date(2026, 8, 31)), "user:1", date(2026, 8, 1))
        .unwrap();
    life.run(date(2026, 8, 2), date(2026, 8, 31));
    assert!(!life.contract.has_ended(date(2026, 8, 31)));
    assert!(life.contract.has_ended(date(2026, 9, 1)));
    life.run(date(2026, 9, 1), date(2027, 6, 1));
    let ended = Standing::Ended {
        on: date(2026, 8, 31),
        cause: TerminationCause::CustomerCancellation,
        at_once: false,
    };
    assert_eq!(life.contract.standing, ended);
    assert_eq!(life.notices_of("contract_ended"), [date(2026, 9, 1)]);
    assert!(life.notices_of("renewal_reminder").is_empty());
    // What was owed stays owed (D-15), and nothing is paid back.
    assert_eq!(life.invoices.len(), 1);
    assert_eq!(life.contract.account.credit, Yen(0));
}

#[test]
fn a_day_in_the_past_or_after_the_expiry_date_is_refused() {
    let mut life = Life::begin(date(2026, 4, 1));
    let today = date(2026, 8, 1);
    life.run(date(2026, 4, 1), today);
    let mut check = |on| life.ask_as(cancel(on), "user:1", today);
    assert_eq!(
        check(date(2026, 7, 31)),
        Err(Refusal::CancellationInThePast)
    );
    assert_eq!(check(date(2027, 4, 1)), Err(Refusal::CancellationTooFar));
    assert_eq!(check(date(2027, 3, 31)), Ok(()));
    assert_eq!(check(date(2027, 3, 31)), Err(Refusal::AlreadyCancelled));
}

#[test]
fn a_cancellation_on_paper_keeps_the_day_on_which_it_arrived() {
    let mut life = Life::begin(date(2026, 4, 1));
    let today = date(2026, 8, 1);
    life.run(date(2026, 4, 1), today);
    let mut check = |received_on| {
        let cancellation = Cancellation {
            on: date(2026, 8, 31),
            receipt: "C-1".into(),
            received_on: Some(received_on),
        };
        life.ask_as(Command::Cancel(cancellation), "operator:1", today)
    };
    assert_eq!(check(date(2026, 8, 2)), Err(Refusal::ReceivedInTheFuture));
    assert_eq!(
        check(date(2026, 2, 1)),
        Err(Refusal::ReceivedBeforeFormation)
    );
    assert_eq!(check(date(2026, 7, 28)), Ok(()));
    let ending = life.contract.ending.unwrap();
    assert_eq!(ending.received_on, date(2026, 7, 28));
    assert_eq!(tokyo_date(ending.received_at), today);
}

#[test]
fn after_the_last_day_to_refuse_a_cancellation_by_the_expiry_date_leaves_no_renewed_term() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 3, 20));
    life.ask_as(cancel(date(2027, 3, 31)), "user:1", date(2027, 3, 20))
        .unwrap();
    life.run(date(2027, 3, 21), date(2027, 5, 1));
    assert_eq!(life.invoices.len(), 1);
    assert!(life.notices_of("renewed").is_empty());
}

#[test]
fn a_contract_under_notice_begins_no_further_term_of_another_order() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 10, 1));
    let more = Command::AcceptOrder {
        start: date(2026, 10, 1),
        retention_days: 30,
        cameras: 1,
    };
    life.ask(more, date(2026, 10, 1)).unwrap();
    life.ask_as(cancel(date(2027, 9, 30)), "user:1", date(2026, 10, 1))
        .unwrap();
    life.run(date(2026, 10, 1), date(2027, 12, 1));
    assert_eq!(life.notices_of("expired"), [date(2027, 4, 1)]);
    assert_eq!(life.notices_of("contract_ended"), [date(2027, 10, 1)]);
    assert_eq!(life.invoices.len(), 2);
}
