//! Article 4: changed particulars count from their day, and what was known before stays what it was.

use proptest::prelude::*;

use super::*;
use crate::particulars::Particulars;

fn named(life: &Life, name: &str) -> Particulars {
    Particulars {
        name: name.into(),
        ..life.contract.customer.clone()
    }
}

fn change(particulars: Particulars, effective_on: Date) -> Command {
    Command::ChangeParticulars(Box::new(NewParticulars {
        receipt: "P-1".into(),
        effective_on,
        particulars,
    }))
}

fn confirm(receipt: &str) -> Command {
    Command::ConfirmChange {
        receipt: receipt.into(),
    }
}

#[test]
fn a_new_name_waits_for_an_operator_and_then_counts_from_its_day() {
    let mut life = Life::begin(date(2026, 4, 1));
    let (old, today) = (life.contract.customer.name.clone(), date(2026, 8, 1));
    let new = named(&life, "株式会社新見本");
    life.ask_as(change(new, date(2026, 7, 15)), "user:1", today)
        .unwrap();
    assert_eq!(life.contract.customer.name, old);
    assert_eq!(life.cases[0].kind, CaseKind::ChangeToReview);
    assert_eq!(life.notices_of("change_received"), [today]);
    life.ask(confirm("P-1"), date(2026, 8, 3)).unwrap();
    assert_eq!(life.contract.customer.name, "株式会社新見本");
    assert_eq!(life.contract.change, None);
    assert_eq!(
        life.notices_of("particulars_registered"),
        [date(2026, 8, 3)]
    );
    let name = |on, known| life.contract.particulars_on(on, known).name.clone();
    let now = life.contract.latest;
    assert_eq!(name(date(2026, 7, 14), now), old);
    assert_eq!(name(date(2026, 7, 15), now), "株式会社新見本");
    // On 2 August nobody knew of it yet.
    assert_eq!(name(date(2026, 8, 2), start_of(date(2026, 8, 2))), old);
}

#[test]
fn an_issued_invoice_keeps_the_old_name_and_the_next_one_bears_the_new() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 8, 1));
    let (first, old) = (life.invoices[0].hash(), life.contract.customer.name.clone());
    let new = named(&life, "株式会社新見本");
    life.ask(change(new, date(2026, 7, 15)), date(2026, 8, 1))
        .unwrap();
    life.ask(confirm("P-1"), date(2026, 8, 1)).unwrap();
    life.run(date(2026, 8, 2), date(2027, 4, 1));
    assert_eq!(life.invoices[0].parties.recipient, old);
    assert_eq!(life.invoices[0].hash(), first);
    assert_eq!(life.invoices[1].parties.recipient, "株式会社新見本");
}

#[test]
fn an_invoice_made_late_names_the_customer_of_its_own_day() {
    let mut life = Life::begin(date(2026, 4, 1));
    let old = life.contract.customer.name.clone();
    // An outage: the invoice of 1 April is made after the change of June.
    let new = named(&life, "株式会社新見本");
    life.ask(change(new, date(2026, 6, 1)), date(2026, 6, 2))
        .unwrap();
    life.ask(confirm("P-1"), date(2026, 6, 2)).unwrap();
    life.tick(date(2026, 6, 3));
    assert_eq!(life.invoices[0].issued_on, date(2026, 4, 1));
    assert_eq!(life.invoices[0].parties.recipient, old);
}

#[test]
fn a_new_mail_address_counts_at_once_and_the_former_one_is_told() {
    let mut life = Life::begin(date(2026, 4, 1));
    let today = date(2026, 8, 1);
    let former = life.contract.customer.contact_email.clone();
    let moved = Particulars {
        contact_email: "new@example.jp".into(),
        ..life.contract.customer.clone()
    };
    life.ask_as(change(moved, today), "user:1", today).unwrap();
    assert_eq!(life.contract.customer.contact_email, "new@example.jp");
    assert!(life.cases.is_empty());
    let told = life.notices.iter().find_map(|(_, notice)| match notice {
        crate::notice::Notice::ContactMoved { former, .. } => Some(former.clone()),
        _ => None,
    });
    assert_eq!(told, Some(former));
}

#[test]
fn a_move_abroad_opens_a_case_and_changes_nothing() {
    let mut life = Life::begin(date(2026, 4, 1));
    let (before, today) = (life.contract.customer.clone(), date(2026, 8, 1));
    let depart = |address: &str| {
        Command::Depart(Departure {
            receipt: "P-9".into(),
            effective_on: today,
            address: address.into(),
        })
    };
    assert_eq!(life.ask(depart("  "), today), Err(Refusal::AddressMissing));
    life.ask(depart("1 Sample Street, Sampletown"), today)
        .unwrap();
    assert_eq!(life.contract.customer, before);
    assert_eq!(life.cases[0].kind, CaseKind::AddressAbroad);
    assert_eq!(life.cases[0].about, "P-9");
}

#[test]
fn what_cannot_be_a_change_is_refused_and_nothing_is_kept() {
    let mut life = Life::begin(date(2026, 4, 1));
    let today = date(2026, 8, 1);
    let new = named(&life, "株式会社新見本");
    let same = life.contract.customer.clone();
    let before = life.contract.clone();
    let mut check = |command| life.ask(command, today).unwrap_err();
    assert_eq!(
        check(change(new.clone(), date(2026, 8, 2))),
        Refusal::ChangeInTheFuture
    );
    assert_eq!(
        check(change(new.clone(), date(2026, 3, 31))),
        Refusal::ChangeBeforeFormation
    );
    assert_eq!(check(change(same, today)), Refusal::NothingChanged);
    assert_eq!(check(confirm("P-1")), Refusal::NoChangeWaiting);
    assert_eq!(life.contract, before);
    life.ask(change(new.clone(), today), today).unwrap();
    let mut check = |command| life.ask(command, today).unwrap_err();
    assert_eq!(check(change(new, today)), Refusal::ChangeWaiting);
    assert_eq!(check(confirm("P-2")), Refusal::NoChangeWaiting);
    let refuse = |reason: &str| Command::RefuseChange {
        receipt: "P-1".into(),
        reason: reason.into(),
    };
    assert_eq!(check(refuse(" ")), Refusal::ReasonMissing);
    life.ask(refuse("登記と一致しません。"), today).unwrap();
    assert_eq!(life.contract.change, None);
    assert_eq!(life.contract.customer, before.customer);
}

proptest! {
    /// What was known at a moment about a day is never changed by what comes to be known later.
    #[test]
    fn the_past_knowledge_of_every_day_stays_what_it_was(
        changes in prop::collection::vec((0i64..300, 0i64..40), 1..12),
        asked in 0i64..400,
    ) {
        let start = date(2026, 4, 1);
        let mut life = Life::begin(start);
        let (mut today, mut answers) = (start, Vec::new());
        let day = crate::calendar::days(start, asked);
        for (number, (back, wait)) in changes.into_iter().enumerate() {
            today = crate::calendar::days(today, wait + 1);
            let effective = crate::calendar::days(today, -back).max(start);
            let new = named(&life, &format!("見本{number}"));
            if life.ask(change(new, effective), today).is_ok() {
                life.ask(confirm("P-1"), today).unwrap();
            }
            let known_at = life.contract.latest;
            answers.push((known_at, life.contract.particulars_on(day, known_at).clone()));
        }
        for (known_at, answer) in answers {
            prop_assert_eq!(life.contract.particulars_on(day, known_at), &answer);
        }
    }
}
