//! Article 9: who leaves is reminded to save recordings while that is still possible.

use super::*;

const START: Date = date(2026, 4, 1);

/// A contract of 1 April 2026 that lived until a day.
fn lived(until: Date) -> Life {
    let mut life = Life::begin(START);
    life.run(START, until);
    life
}

fn cancelled(on: Date, last: Date) -> Life {
    let mut life = lived(on);
    let cancel = Command::Cancel(Cancellation {
        on: last,
        receipt: "C-1".into(),
        received_on: None,
    });
    life.ask(cancel, on).unwrap();
    life
}

fn refuse(life: &mut Life, order: u16, on: Date) {
    let refuse = Command::RefuseRenewal {
        order,
        receipt: "R-1".into(),
        paper: None,
    };
    life.ask(refuse, on).unwrap();
}

fn reminded(life: &Life) -> Vec<Date> {
    life.notices_of("backup_reminder")
}

#[test]
fn a_reminder_comes_fourteen_days_before_the_last_day_however_it_came_about() {
    let known = date(2026, 8, 1);
    let mut by_customer = cancelled(known, date(2026, 10, 31));
    by_customer.run(date(2026, 8, 2), date(2026, 11, 30));
    assert_eq!(reminded(&by_customer), [date(2026, 10, 17)]);

    let mut refused = lived(known);
    refuse(&mut refused, 1, known);
    refused.run(date(2026, 8, 2), date(2027, 5, 1));
    assert_eq!(reminded(&refused), [date(2027, 3, 17)]);

    let mut with_the_service = lived(known);
    let on = date(2026, 12, 31);
    let end = Command::EndService { on };
    with_the_service.ask(end, known).unwrap();
    with_the_service.run(date(2026, 8, 2), date(2027, 2, 1));
    assert_eq!(reminded(&with_the_service), [date(2026, 12, 17)]);
    let lived = [
        (by_customer, date(2026, 11, 30)),
        (refused, date(2027, 5, 1)),
        (with_the_service, date(2027, 2, 1)),
    ];
    for (life, today) in lived {
        let found = audit(&life.contract, &life.effects, &life.invoices, today);
        assert_eq!(found, []);
    }
}

#[test]
fn whoever_is_told_of_a_last_day_within_fourteen_days_is_not_told_again() {
    let known = date(2026, 8, 1);
    for (last, days) in [(date(2026, 8, 15), 0), (date(2026, 8, 16), 1)] {
        let mut life = cancelled(known, last);
        life.run(date(2026, 8, 2), date(2026, 9, 30));
        assert_eq!(reminded(&life).len(), days, "{last}");
    }
}

#[test]
fn a_contract_that_goes_on_with_another_order_is_not_reminded() {
    let known = date(2026, 8, 1);
    let mut life = lived(known);
    let order = Command::AcceptOrder {
        start: date(2026, 9, 1),
        retention_days: 30,
        cameras: 1,
    };
    life.ask(order, known).unwrap();
    refuse(&mut life, 1, known);
    life.run(date(2026, 8, 2), date(2027, 5, 1));
    assert_eq!(reminded(&life), []);
}

#[test]
fn a_reminder_that_comes_after_the_last_day_is_left_out_and_written_down() {
    let (known, last) = (date(2026, 8, 1), date(2026, 10, 31));
    for (back, told) in [(last, true), (date(2026, 11, 1), false)] {
        let mut life = cancelled(known, last);
        life.tick(back);
        assert_eq!(!reminded(&life).is_empty(), told, "{back}");
        let effect = "backup-reminder/2026-10-31".to_owned();
        assert!(life.effects.contains(&effect));
    }
}
