//! Article 6: invoices, receipts, credit, demand and suspension for non-payment.

use super::*;
use crate::application::Channel;

const TOTAL: i64 = 12_100;

/// One camera at 11,000 yen, so 12,100 with tax.
fn begun(start: Date) -> Life {
    let mut application = approved();
    application.confirmation.quote = facts().prices[0].quote(30, 1).unwrap();
    let mut life = Life::of(&application, start);
    life.tick(start);
    life
}

#[test]
fn the_invoice_is_issued_on_the_first_day_and_due_at_the_end_of_the_next_month() {
    let life = begun(date(2026, 4, 1));
    let invoice = &life.invoices[0];
    assert_eq!((invoice.number, invoice.issued_on), (1, date(2026, 4, 1)));
    let due = invoice.due.unwrap();
    // 31 May 2026 is a Sunday.
    assert_eq!(
        (due.nominal, due.effective),
        (date(2026, 5, 31), date(2026, 6, 1))
    );
    assert_eq!(invoice.total_yen, Yen(TOTAL));
    assert_eq!(invoice.name(), format!("{}-0001", life.contract.id));
}

#[test]
fn the_same_invoice_is_issued_again_to_the_same_bytes() {
    let life = begun(date(2026, 4, 1));
    let mut contract = None;
    let mut again = Vec::new();
    for entry in &life.history {
        let step = Step::of(contract.as_ref(), entry.clone(), &life.facts.operator).unwrap();
        again.extend(step.invoice);
        contract = Some(step.contract);
    }
    assert_eq!(again[0].bytes(), life.invoices[0].bytes());
    let stored: crate::invoice::Invoice =
        serde_json::from_slice(&life.invoices[0].bytes()).unwrap();
    assert_eq!(stored.hash(), life.invoices[0].hash());
}

#[test]
fn a_term_is_billed_once_and_numbers_have_no_gap() {
    let mut life = begun(date(2026, 4, 1));
    life.run(date(2026, 4, 2), date(2030, 4, 1));
    let numbers: Vec<u32> = life.invoices.iter().map(|i| i.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[test]
fn money_goes_to_the_earliest_due_date_and_the_rest_is_credit_for_the_next_invoice() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(5_000, date(2026, 4, 10)).unwrap();
    assert_eq!(life.contract.account.open_yen(), Yen(7_100));
    life.pay(10_000, date(2026, 4, 20)).unwrap();
    assert_eq!(life.contract.account.open_yen(), Yen(0));
    assert_eq!(life.contract.account.credit, Yen(2_900));
    life.run(date(2026, 4, 21), date(2027, 4, 1));
    assert_eq!(life.contract.account.credit, Yen(0));
    assert_eq!(life.contract.account.open_yen(), Yen(TOTAL - 2_900));
    assert_eq!(life.invoices[1].credit_used_yen, Yen(2_900));
}

#[test]
fn absurd_amounts_and_days_are_refused_and_change_nothing() {
    let mut life = begun(date(2026, 4, 1));
    let before = life.contract.clone();
    let today = date(2026, 4, 10);
    assert_eq!(life.pay(0, today), Err(Refusal::AmountNotPositive));
    assert_eq!(life.pay(-5, today), Err(Refusal::AmountNotPositive));
    assert_eq!(life.pay(i64::MAX, today), Err(Refusal::AmountTooLarge));
    let receive = |on| {
        Command::RecordReceipt(NewReceipt {
            reference: "x".into(),
            received_on: on,
            yen: Yen(1),
        })
    };
    let future = life.ask(receive(date(2026, 4, 11)), today);
    assert_eq!(future, Err(Refusal::ReceivedInTheFuture));
    let early = life.ask(receive(date(2026, 3, 31)), today);
    assert_eq!(early, Err(Refusal::ReceivedBeforeFormation));
    assert_eq!(life.contract, before);
}

#[test]
fn an_unpaid_invoice_is_demanded_and_only_then_suspended() {
    let mut life = begun(date(2026, 4, 1));
    life.run(date(2026, 4, 2), date(2026, 6, 9));
    assert_eq!(life.notices_of("demand"), [date(2026, 6, 9)]);
    life.run(date(2026, 6, 10), date(2026, 6, 23));
    assert_eq!(life.contract.standing, Standing::Active);
    life.run(date(2026, 6, 24), date(2026, 6, 24));
    assert!(
        matches!(&life.contract.standing, Standing::Suspended { clause, .. } if clause == "6-2")
    );
    life.pay(TOTAL - 1, date(2026, 6, 25)).unwrap();
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
    life.pay(1, date(2026, 6, 26)).unwrap();
    assert_eq!(life.contract.standing, Standing::Active);
    assert_eq!(life.notices_of("suspension_lifted"), [date(2026, 6, 26)]);
}

#[test]
fn after_an_outage_the_grace_is_counted_from_the_demand_that_was_really_sent() {
    let mut life = begun(date(2026, 4, 1));
    life.tick(date(2026, 9, 1));
    assert_eq!(life.notices_of("demand"), [date(2026, 9, 1)]);
    assert_eq!(life.contract.standing, Standing::Active);
    life.run(date(2026, 9, 2), date(2026, 9, 15));
    assert_eq!(life.contract.standing, Standing::Active);
    life.tick(date(2026, 9, 16));
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
}

#[test]
fn a_demand_that_did_not_arrive_carries_no_suspension_and_opens_a_case() {
    let mut life = begun(date(2026, 4, 1));
    life.run(date(2026, 4, 2), date(2026, 6, 10));
    let failed = Command::DemandFailed { debt: 1 };
    life.ask_as(failed, "mail", date(2026, 6, 11)).unwrap();
    assert_eq!(life.cases[0].kind, CaseKind::DemandFailed);
    life.run(date(2026, 6, 11), date(2026, 8, 1));
    assert_eq!(life.contract.standing, Standing::Active);
    let posted = Command::DemandSent {
        debt: 1,
        sent_on: date(2026, 8, 1),
        channel: "certified mail".into(),
    };
    life.ask(posted, date(2026, 8, 1)).unwrap();
    life.run(date(2026, 8, 2), date(2026, 8, 16));
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
}

#[test]
fn a_credit_note_takes_the_next_number_and_what_was_paid_becomes_credit() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(10_000, date(2026, 4, 10)).unwrap();
    let credit = |yen| Command::Credit {
        debt: 1,
        yen: Yen(yen),
        reason: "誤請求".into(),
    };
    let none = Command::Credit {
        debt: 1,
        yen: Yen(1),
        reason: " ".into(),
    };
    assert_eq!(
        life.ask(none, date(2026, 4, 11)),
        Err(Refusal::ReasonMissing)
    );
    assert_eq!(
        life.ask(credit(TOTAL + 1), date(2026, 4, 11)),
        Err(Refusal::AmountTooLarge)
    );
    life.ask(credit(3_300), date(2026, 4, 11)).unwrap();
    let note = &life.invoices[1];
    assert_eq!((note.number, note.total_yen), (2, Yen(-3_300)));
    assert_eq!(note.sums[0].tax_yen, Yen(-300));
    assert_eq!(life.contract.account.credit, Yen(1_200));
    assert_eq!(life.contract.account.open_yen(), Yen(0));
}

#[test]
fn a_credit_note_keeps_the_tax_rate_of_its_invoice_after_the_next_term_has_another() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(TOTAL, date(2026, 4, 10)).unwrap();
    life.facts.prices[0].tax_percent = 12;
    life.run(date(2026, 4, 11), date(2027, 4, 1));
    let credit = |debt| Command::Credit {
        debt,
        yen: Yen(3_300),
        reason: "誤請求".into(),
    };
    for debt in [1, 2] {
        life.ask(credit(debt), date(2027, 4, 2)).unwrap();
    }
    let rates: Vec<i64> = life
        .invoices
        .iter()
        .map(|one| one.sums[0].tax_percent)
        .collect();
    assert_eq!(rates, [10, 12, 10, 12]);
    // The paid one becomes credit; no more than an invoice's total is ever taken back.
    assert_eq!(life.contract.account.credit, Yen(3_300));
    let rest = Command::Credit {
        debt: 1,
        yen: Yen(TOTAL - 3_300 + 1),
        reason: "誤請求".into(),
    };
    assert_eq!(
        life.ask(rest, date(2027, 4, 3)),
        Err(Refusal::AmountTooLarge)
    );
}

#[test]
fn a_resellers_contract_gives_the_customer_no_invoice_no_demand_and_no_suspension() {
    let mut application = approved();
    application.channel = Channel::Reseller("R1".into());
    let mut life = Life::of(&application, date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2028, 4, 1));
    assert!(life.invoices.is_empty());
    assert!(life.effects.contains(&"invoice/01/0002".to_owned()));
    assert!(life.notices_of("demand").is_empty());
    assert_eq!(life.contract.standing, Standing::Active);
    let paid = life.pay(1, date(2028, 4, 1));
    assert_eq!(paid, Err(Refusal::ResellerBills));
}
