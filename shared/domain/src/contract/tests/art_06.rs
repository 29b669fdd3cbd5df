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
    // What was paid too much goes to the open invoice; no more than an invoice's total is ever taken back.
    assert_eq!(life.contract.account.credit, Yen(0));
    let open = life.invoices[1].total_yen - Yen(3_300) - Yen(3_300);
    assert_eq!(life.contract.account.open_yen(), open);
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

/// A credit note for a debt, issued on a day.
fn credit(life: &mut Life, debt: u32, yen: i64, on: Date) {
    let reason = "誤請求".to_owned();
    let yen = Yen(yen);
    life.ask(Command::Credit { debt, yen, reason }, on).unwrap();
}

#[test]
fn what_a_credit_note_frees_pays_the_invoice_that_is_open_and_lifts_the_suspension() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(TOTAL, date(2026, 4, 10)).unwrap();
    life.run(date(2026, 4, 11), date(2027, 7, 1));
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
    credit(&mut life, 1, TOTAL, date(2027, 7, 2));
    assert_eq!(life.contract.account.open_yen(), Yen(0));
    assert_eq!(life.contract.account.credit, Yen(0));
    assert_eq!(life.contract.standing, Standing::Active);
    assert_eq!(life.notices_of("suspension_lifted"), [date(2027, 7, 2)]);
    assert_eq!(life.notices_of("credit_note_issued"), [date(2027, 7, 2)]);
    // The open one was paid after its due date.
    let paid_late = life.contract.account.debt(2).unwrap();
    assert!(paid_late.draft.is_some());
}

#[test]
fn what_a_credit_note_takes_back_was_never_owed_and_bears_no_interest() {
    let mut life = begun(date(2026, 4, 1));
    life.run(date(2026, 4, 2), date(2026, 6, 5));
    life.pay(6_050, date(2026, 6, 5)).unwrap();
    credit(&mut life, 1, 6_050, date(2026, 8, 1));
    let debt = life.contract.account.debt(1).unwrap();
    let interest = &debt.draft.as_ref().unwrap().interest;
    // Half of it, due on 1 June and paid on 5 June: three days.
    let tranche = &interest.tranches[0];
    assert_eq!((tranche.principal, tranche.days), (Yen(6_050), 3));
    assert_eq!(interest.tranches.len(), 1);
}

#[test]
fn interest_that_waits_is_worked_out_anew_when_a_credit_note_makes_its_invoice_smaller() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(TOTAL, date(2026, 7, 1)).unwrap();
    let drafted = |life: &Life| {
        let debt = life.contract.account.debt(1);
        debt.and_then(|debt| debt.draft.as_ref().map(|draft| draft.interest.total))
    };
    let before = drafted(&life).unwrap();
    credit(&mut life, 1, TOTAL / 2, date(2026, 7, 2));
    assert!(drafted(&life).unwrap() < before);
    credit(&mut life, 1, TOTAL / 2, date(2026, 7, 3));
    assert_eq!(drafted(&life), None, "nothing was ever owed");
    assert_eq!(life.contract.account.credit, Yen(TOTAL));
}

#[test]
fn credit_pays_for_billed_interest_too() {
    let mut life = begun(date(2026, 4, 1));
    life.pay(TOTAL + 10, date(2026, 7, 1)).unwrap();
    life.ask(Command::BillInterest { of: 1 }, date(2026, 7, 2))
        .unwrap();
    assert_eq!(life.contract.account.credit, Yen(0));
    let note = life.invoices.last().unwrap();
    assert_eq!(note.credit_used_yen, Yen(10));
    assert_eq!(life.contract.account.open_yen(), note.total_yen - Yen(10));
}

/// A suspension of 6-2 that an operator imposes.
fn arrears(arose_on: Date) -> Command {
    Command::Suspend(Measure {
        ground: MeasureGround::Arrears,
        evidence: "bank statement".into(),
        arose_on,
    })
}

#[test]
fn an_operator_may_suspend_for_an_overdue_invoice_which_falls_no_other_debt_due() {
    let mut life = begun(date(2026, 4, 1));
    let early = life.ask(arrears(date(2026, 5, 1)), date(2026, 6, 1));
    assert_eq!(early, Err(Refusal::NothingOverdue), "due that day");
    life.ask(arrears(date(2026, 6, 2)), date(2026, 6, 2))
        .unwrap();
    let clause = match &life.contract.standing {
        Standing::Suspended { clause, .. } => clause.clone(),
        _ => String::new(),
    };
    assert_eq!(clause, "6-2");
    assert_eq!(life.contract.account.debts[0].accelerated_to, None);
    let again = life.ask(arrears(date(2026, 6, 2)), date(2026, 6, 3));
    assert_eq!(again, Err(Refusal::AlreadySuspended));
    life.pay(1, date(2026, 6, 3)).unwrap();
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
    life.pay(TOTAL - 1, date(2026, 6, 4)).unwrap();
    assert_eq!(life.contract.standing, Standing::Active);
}

#[test]
fn a_suspension_that_an_operator_lifted_needs_another_demand_to_come_again() {
    let mut life = begun(date(2026, 4, 1));
    let (start, days, cameras) = (date(2026, 4, 10), 30, 1);
    let order = Command::AcceptOrder {
        start,
        retention_days: days,
        cameras,
    };
    life.ask(order, date(2026, 4, 2)).unwrap();
    life.run(date(2026, 4, 2), date(2026, 6, 24));
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
    let lift = Command::Lift {
        reason: "支払いの約束".into(),
    };
    life.ask(lift, date(2026, 6, 25)).unwrap();
    life.run(date(2026, 6, 25), date(2026, 12, 1));
    assert_eq!(
        life.contract.standing,
        Standing::Active,
        "both were demanded by then"
    );
    let demand = Command::DemandSent {
        debt: 2,
        sent_on: date(2026, 12, 1),
        channel: "certified mail".into(),
    };
    life.ask(demand, date(2026, 12, 1)).unwrap();
    life.run(date(2026, 12, 2), date(2026, 12, 16));
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
}

#[test]
fn an_operator_may_suspend_a_resold_contract_on_the_resellers_report() {
    let mut application = approved();
    application.channel = Channel::Reseller("R1".into());
    let mut life = Life::of(&application, date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 8, 1));
    life.ask(arrears(date(2026, 8, 1)), date(2026, 8, 1))
        .unwrap();
    assert!(matches!(life.contract.standing, Standing::Suspended { .. }));
}

#[test]
fn a_contract_of_many_orders_can_be_cancelled() {
    let mut life = begun(date(2026, 4, 1));
    for _ in 0..60 {
        let order = Command::AcceptOrder {
            start: date(2026, 4, 10),
            retention_days: 30,
            cameras: 1,
        };
        life.ask(order, date(2026, 4, 2)).unwrap();
    }
    let cancellation = Cancellation {
        on: date(2026, 5, 1),
        receipt: "C-1".into(),
        received_on: None,
    };
    life.ask(Command::Cancel(cancellation), date(2026, 4, 3))
        .unwrap();
    life.run(date(2026, 4, 3), date(2026, 5, 2));
    assert!(life.contract.is_over());
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
