//! Articles 13, 17 and 19: measures, acceleration, interest.

use super::*;

fn begun() -> Life {
    let mut application = approved();
    application.confirmation.quote = facts().prices[0].quote(30, 1).unwrap();
    let mut life = Life::of(&application, date(2026, 4, 1));
    life.tick(date(2026, 4, 1));
    life
}

fn measure(ground: MeasureGround, arose_on: Date) -> Measure {
    Measure {
        ground,
        evidence: "case 7".into(),
        arose_on,
    }
}

#[test]
fn a_measure_names_its_ground_and_evidence_and_makes_all_debts_due() {
    let mut life = begun();
    let today = date(2026, 4, 20);
    let bare = Measure {
        evidence: " ".into(),
        ..measure(MeasureGround::Breach, today)
    };
    assert_eq!(
        life.ask(Command::Suspend(bare), today),
        Err(Refusal::EvidenceMissing)
    );
    let future = measure(MeasureGround::Breach, date(2026, 4, 21));
    assert_eq!(
        life.ask(Command::Suspend(future), today),
        Err(Refusal::GroundInTheFuture)
    );
    let insolvent = measure(MeasureGround::Insolvency, date(2026, 4, 15));
    life.ask(Command::Suspend(insolvent), today).unwrap();
    let debt = life.contract.account.debt(1).unwrap();
    assert_eq!(debt.due_on(), date(2026, 4, 15));
    life.pay(12_100, date(2026, 4, 25)).unwrap();
    // Not lifted by a payment: only a suspension of 6-2 is.
    assert!(
        matches!(&life.contract.standing, Standing::Suspended { clause, .. } if clause == "13-1")
    );
    let draft = life
        .contract
        .account
        .debt(1)
        .unwrap()
        .draft
        .clone()
        .unwrap();
    assert_eq!(draft.interest.tranches[0].days, 9);
}

#[test]
fn without_a_lapsed_demand_non_payment_is_no_ground() {
    let mut life = begun();
    let today = date(2026, 6, 24);
    let ground = || measure(MeasureGround::NonPayment, date(2026, 6, 24));
    life.run(date(2026, 4, 2), date(2026, 6, 23));
    let early = measure(MeasureGround::NonPayment, date(2026, 6, 23));
    assert_eq!(
        life.ask(Command::Suspend(early), date(2026, 6, 23)),
        Err(Refusal::DemandMissing)
    );
    life.ask(Command::Suspend(ground()), today).unwrap();
}

#[test]
fn a_rescission_needs_two_operators_and_takes_effect_at_once() {
    let mut life = begun();
    let today = date(2026, 5, 1);
    let approve = || Command::ApproveRescission;
    assert_eq!(life.ask(approve(), today), Err(Refusal::NothingProposed));
    let propose = || Command::ProposeRescission(measure(MeasureGround::SoftwareMisuse, today));
    life.ask(propose(), today).unwrap();
    assert_eq!(life.ask(propose(), today), Err(Refusal::AlreadyProposed));
    assert_eq!(
        life.ask(approve(), today),
        Err(Refusal::SecondOperatorNeeded)
    );
    life.ask_as(approve(), "operator:second", today).unwrap();
    let ended = Standing::Ended {
        on: today,
        cause: TerminationCause::RescissionForSoftware,
        at_once: true,
    };
    assert_eq!(life.contract.standing, ended);
    assert!(life.contract.has_ended(today));
    assert_eq!(life.contract.account.debt(1).unwrap().due_on(), today);
    assert!(life.contract.orders.iter().all(|order| order.closed));
}

#[test]
fn a_suspension_is_lifted_by_an_operator_with_a_reason() {
    let mut life = begun();
    let today = date(2026, 5, 1);
    let lift = |reason: &str| Command::Lift {
        reason: reason.into(),
    };
    assert_eq!(life.ask(lift("x"), today), Err(Refusal::NotSuspended));
    life.ask(
        Command::Suspend(measure(MeasureGround::Breach, today)),
        today,
    )
    .unwrap();
    let again = life.ask(
        Command::Suspend(measure(MeasureGround::Breach, today)),
        today,
    );
    assert_eq!(again, Err(Refusal::AlreadySuspended));
    assert_eq!(life.ask(lift(""), today), Err(Refusal::ReasonMissing));
    life.ask(lift("remedied"), today).unwrap();
    assert_eq!(life.contract.standing, Standing::Active);
}

#[test]
fn term_and_fees_go_on_while_suspended() {
    let mut life = begun();
    let today = date(2026, 5, 1);
    life.ask(
        Command::Suspend(measure(MeasureGround::Breach, today)),
        today,
    )
    .unwrap();
    life.run(today, date(2027, 4, 1));
    assert_eq!(life.contract.orders[0].running.number, 2);
    assert_eq!(life.invoices.len(), 2);
}

mod art_19 {
    use super::*;

    #[test]
    fn interest_is_drafted_when_a_debt_is_settled_late_and_an_operator_bills_it() {
        let mut life = begun();
        life.run(date(2026, 4, 2), date(2026, 7, 1));
        // Due on 1 June; 2 June is the first day, 30 June the last before payment on 1 July: 29 days.
        life.pay(12_100, date(2026, 7, 1)).unwrap();
        let draft = life
            .contract
            .account
            .debt(1)
            .unwrap()
            .draft
            .clone()
            .unwrap();
        assert_eq!(draft.interest.total, Yen(12_100 * 146 * 29 / 365_000));
        life.ask(Command::BillInterest { of: 1 }, date(2026, 7, 2))
            .unwrap();
        assert_eq!(life.invoices[1].total_yen, draft.interest.total);
        assert!(life.invoices[1].sums.is_empty());
        assert!(life.contract.account.debt(1).is_none());
        let again = life.ask(Command::BillInterest { of: 1 }, date(2026, 7, 2));
        assert_eq!(again, Err(Refusal::NoDraft));
        // No interest on interest, however late it is paid.
        life.pay(draft.interest.total.0, date(2027, 3, 1)).unwrap();
        assert!(life.contract.account.debts.is_empty());
    }

    #[test]
    fn interest_can_be_waived_with_a_reason() {
        let mut life = begun();
        life.run(date(2026, 4, 2), date(2026, 7, 1));
        life.pay(12_100, date(2026, 7, 1)).unwrap();
        let waive = |reason: &str| Command::WaiveInterest {
            of: 1,
            reason: reason.into(),
        };
        assert_eq!(
            life.ask(waive(" "), date(2026, 7, 2)),
            Err(Refusal::ReasonMissing)
        );
        life.ask(waive("少額"), date(2026, 7, 2)).unwrap();
        assert!(life.contract.account.debts.is_empty());
    }

    #[test]
    fn a_payment_by_the_day_after_the_due_date_bears_none() {
        let mut life = begun();
        life.run(date(2026, 4, 2), date(2026, 6, 2));
        life.pay(12_100, date(2026, 6, 2)).unwrap();
        assert!(life.contract.account.debts.is_empty());
    }
}

#[test]
fn no_debt_falls_due_before_it_was_billed() {
    let mut life = begun();
    life.pay(12_100, date(2026, 4, 2)).unwrap();
    life.run(date(2026, 4, 3), date(2027, 4, 10));
    let breach = measure(MeasureGround::Breach, date(2026, 6, 1));
    life.ask(Command::Suspend(breach), date(2027, 4, 10))
        .unwrap();
    let debt = life.contract.account.debt(2).unwrap();
    assert_eq!(debt.due_on(), date(2027, 4, 1), "the day of its issue");
}

#[test]
fn a_ground_that_fell_away_before_the_second_operator_agreed_carries_no_rescission() {
    let mut life = begun();
    life.run(date(2026, 4, 2), date(2026, 6, 24));
    let today = date(2026, 6, 25);
    let unpaid = measure(MeasureGround::NonPayment, date(2026, 6, 24));
    life.ask(Command::ProposeRescission(unpaid), today).unwrap();
    life.pay(12_100, today).unwrap();
    let approved = life.ask_as(Command::ApproveRescission, "operator:second", today);
    assert_eq!(approved, Err(Refusal::DemandMissing));
    assert_eq!(life.contract.standing, Standing::Active);
}

#[test]
fn a_proposal_opens_a_case_for_a_second_operator() {
    let mut life = begun();
    let today = date(2026, 4, 2);
    let forbidden = measure(MeasureGround::SoftwareMisuse, today);
    life.ask(Command::ProposeRescission(forbidden), today)
        .unwrap();
    let proposal = life.contract.proposal.as_ref().unwrap();
    let case = life.cases.last().unwrap();
    assert_eq!(case.kind, CaseKind::RescissionProposed);
    assert_eq!(case.id, Case::id_of(&life.contract.id, &proposal.about()));
}

#[test]
fn arrears_of_6_2_are_no_ground_to_rescind() {
    let mut life = begun();
    life.run(date(2026, 4, 2), date(2026, 6, 24));
    let today = date(2026, 6, 24);
    let arrears = measure(MeasureGround::Arrears, today);
    let proposed = life.ask(Command::ProposeRescission(arrears), today);
    assert_eq!(proposed, Err(Refusal::NoGroundToRescind));
}
