//! Article 11: formation, start, refusal, renewal, reminders.

use super::*;
use crate::contract::history::ReminderOutcome;

fn now() -> Timestamp {
    "2026-03-31T15:00:00Z".parse().unwrap()
}

fn form(application: &Application, start: Date) -> Result<Contract, Refusal> {
    let id = ContractId::from_random([3; 10]);
    Contract::form(id, application, start, "operator:first", now()).map(|(contract, _)| contract)
}

fn refuse(life: &mut Life, on: Date) -> Result<(), Refusal> {
    let command = Command::RefuseRenewal {
        order: 1,
        receipt: "R-1".into(),
        paper: None,
    };
    life.ask_as(command, "user:1", on)
}

fn refuse_on_paper(life: &mut Life, received_on: Date, recorded_on: Date) -> Result<(), Refusal> {
    let command = Command::RefuseRenewal {
        order: 1,
        receipt: "R-1".into(),
        paper: Some(PaperNotice {
            received_on,
            channel: "post".into(),
        }),
    };
    life.ask(command, recorded_on)
}

#[test]
fn the_contract_is_formed_at_registration_and_runs_from_the_start_set_by_the_operator() {
    let contract = form(&approved(), date(2026, 4, 10)).unwrap();
    assert_eq!(contract.formed_at, now());
    let term = contract.orders[0].first_term;
    assert_eq!(
        (term.start, term.end, term.last_day_to_refuse),
        (date(2026, 4, 10), date(2027, 4, 9), date(2027, 3, 10))
    );
}

#[test]
fn a_start_before_today_in_tokyo_is_refused() {
    assert_eq!(
        form(&approved(), date(2026, 3, 31)).unwrap_err(),
        Refusal::StartInThePast
    );
    assert!(form(&approved(), date(2026, 4, 1)).is_ok());
    assert_eq!(
        form(&approved(), date(2027, 4, 1)).unwrap_err(),
        Refusal::StartTooFar
    );
}

#[test]
fn an_application_that_is_not_approved_forms_nothing() {
    assert_eq!(
        form(&submitted(), date(2026, 4, 1)).unwrap_err(),
        Refusal::NotApproved
    );
}

#[test]
fn an_order_goes_on_by_auto_renewal() {
    let order = form(&approved(), date(2026, 4, 1))
        .unwrap()
        .orders
        .remove(0);
    assert_eq!(order.term_on(date(2026, 3, 31)), None);
    for (on, start) in [
        (date(2027, 3, 31), date(2026, 4, 1)),
        (date(2027, 4, 1), date(2027, 4, 1)),
        (date(2036, 7, 1), date(2036, 4, 1)),
    ] {
        assert_eq!(order.term_on(on).unwrap().start, start);
    }
}

#[test]
fn each_reminder_goes_out_on_its_day_and_the_renewal_the_day_after_the_expiry_date() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 4, 1));
    assert_eq!(
        life.notices_of("renewal_reminder"),
        [
            date(2026, 12, 31),
            date(2027, 1, 30),
            date(2027, 2, 14),
            date(2027, 2, 24),
            date(2027, 2, 28)
        ]
    );
    assert_eq!(life.notices_of("renewed"), [date(2027, 4, 1)]);
    assert_eq!(life.contract.orders[0].running.number, 2);
    assert!(life.cases.is_empty());
}

#[test]
fn a_refusal_on_the_last_day_is_accepted_and_ends_the_order_on_its_expiry_date() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 3, 1));
    refuse(&mut life, date(2027, 3, 1)).unwrap();
    life.run(date(2027, 3, 1), date(2027, 6, 1));
    assert_eq!(life.notices_of("refusal_received"), [date(2027, 3, 1)]);
    assert_eq!(life.notices_of("expired"), [date(2027, 4, 1)]);
    assert!(life.notices_of("renewed").is_empty());
    let ended = Standing::Ended {
        on: date(2027, 3, 31),
        cause: TerminationCause::Expiry,
        at_once: false,
    };
    assert_eq!(life.contract.standing, ended);
    assert_eq!(life.invoices.len(), 1);
}

#[test]
fn a_refusal_after_the_last_day_is_refused() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 3, 2));
    let late = refuse(&mut life, date(2027, 3, 2));
    assert_eq!(late, Err(Refusal::RefusalTooLate));
}

#[test]
fn the_last_second_of_the_last_day_in_tokyo_is_in_time() {
    let life = Life::begin(date(2026, 4, 1));
    let refuse = |at: &str| {
        let command = Command::RefuseRenewal {
            order: 1,
            receipt: "R".into(),
            paper: None,
        };
        let at = at.parse().unwrap();
        life.contract
            .decide(command, "user:1", &life.facts, at)
            .map(|_| ())
    };
    assert_eq!(refuse("2027-03-01T23:59:59+09:00"), Ok(()));
    assert_eq!(
        refuse("2027-03-02T00:00:00+09:00"),
        Err(Refusal::RefusalTooLate)
    );
}

#[test]
fn a_notice_on_paper_counts_by_the_day_on_which_it_arrived() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 3, 20));
    let late = refuse_on_paper(&mut life, date(2027, 3, 2), date(2027, 3, 20));
    assert_eq!(late, Err(Refusal::RefusalTooLate));
    let future = refuse_on_paper(&mut life, date(2027, 3, 21), date(2027, 3, 20));
    assert_eq!(future, Err(Refusal::ReceivedInTheFuture));
    refuse_on_paper(&mut life, date(2027, 3, 1), date(2027, 3, 20)).unwrap();
    let again = refuse_on_paper(&mut life, date(2027, 3, 1), date(2027, 3, 20));
    assert_eq!(again, Err(Refusal::AlreadyRefused));
}

#[test]
fn a_notice_on_paper_that_came_in_time_ends_the_order_however_late_it_is_recorded() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 4, 2));
    let fee = life.contract.account.open_yen();
    life.pay(fee.0, date(2026, 4, 2)).unwrap();
    life.run(date(2026, 4, 3), date(2027, 4, 2));
    let fee = life.invoices[1].total_yen;
    assert_eq!(life.contract.account.open_yen(), fee);
    let late = refuse_on_paper(&mut life, date(2027, 3, 2), date(2027, 4, 2));
    assert_eq!(late, Err(Refusal::RefusalTooLate), "it came too late");
    refuse_on_paper(&mut life, date(2027, 3, 1), date(2027, 4, 2)).unwrap();
    assert_eq!(life.contract.account.open_yen(), Yen(0), "nothing is owed");
    let note = life.invoices.last().unwrap();
    assert_eq!((note.number, note.total_yen), (3, Yen(-fee.0)));
    let ended = Standing::Ended {
        on: date(2027, 3, 31),
        cause: TerminationCause::Expiry,
        at_once: false,
    };
    assert_eq!(life.contract.standing, ended);
    assert!(life.contract.has_ended(date(2027, 4, 1)));
    let owed = life.contract.owed();
    let owed: Vec<(Date, Work)> = owed.iter().map(|task| (task.due, task.work)).collect();
    // The data are kept for the days that count from when it was recorded.
    assert_eq!(owed, [(date(2027, 5, 3), Work::Purge)]);
    assert_eq!(life.notices_of("credit_note_issued"), [date(2027, 4, 2)]);
    let found = audit(
        &life.contract,
        &life.effects,
        &life.invoices,
        date(2027, 5, 1),
    );
    assert_eq!(found, []);
}

#[test]
fn what_was_paid_for_a_term_that_its_refusal_takes_back_is_left_for_a_person_to_pay_out() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 4, 2));
    let owed = life.contract.account.open_yen();
    life.pay(owed.0, date(2027, 4, 2)).unwrap();
    refuse_on_paper(&mut life, date(2027, 3, 1), date(2027, 4, 2)).unwrap();
    assert_eq!(life.contract.account.credit, life.invoices[1].total_yen);
    assert_eq!(life.cases.last().unwrap().kind, CaseKind::CreditLeft);
}

#[test]
fn a_resellers_invoice_takes_back_the_fee_of_a_term_that_was_refused_in_time() {
    let mut application = approved();
    application.channel = Channel::Reseller("mihon".into());
    let mut life = Life::of(&application, date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 4, 2));
    let fees: Vec<i64> = life.resold.iter().map(|fee| fee.line.net_yen.0).collect();
    assert_eq!(fees.len(), 2, "the second year was billed");
    refuse_on_paper(&mut life, date(2027, 3, 1), date(2027, 4, 2)).unwrap();
    let back = life.resold.last().unwrap();
    assert_eq!((back.on, back.term_number), (date(2027, 4, 2), 2));
    assert_eq!((back.takes_back, back.line.net_yen), (true, Yen(-fees[1])));
    assert!(life.contract.has_ended(date(2027, 4, 1)));
    assert!(life.invoices.is_empty(), "the customer has no invoice");
    let mut in_time = Life::of(&application, date(2026, 4, 1));
    in_time.run(date(2026, 4, 1), date(2027, 2, 1));
    refuse(&mut in_time, date(2027, 2, 1)).unwrap();
    assert_eq!(in_time.resold.len(), 1, "nothing was billed too much");
}

#[test]
fn a_refusal_of_the_term_before_the_last_one_is_refused_by_name() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2028, 4, 2));
    let late = refuse_on_paper(&mut life, date(2027, 3, 1), date(2028, 4, 2));
    assert_eq!(late, Err(Refusal::AlreadyRenewed));
}

#[test]
fn a_refusal_counts_when_it_arrives_even_if_something_later_was_recorded_first() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 3, 1));
    life.contract.latest = start_of(date(2027, 3, 2));
    let refusal = Command::RefuseRenewal {
        order: 1,
        receipt: "R-1".into(),
        paper: None,
    };
    let last_second = start_of(date(2027, 3, 2)) - jiff::SignedDuration::from_secs(1);
    let decided = life
        .contract
        .decide(refusal.clone(), "user:u", &life.facts, last_second);
    let entry = decided.unwrap();
    assert_eq!(
        (entry.on, entry.at),
        (date(2027, 3, 1), life.contract.latest)
    );
    let midnight = start_of(date(2027, 3, 2));
    let late = life
        .contract
        .decide(refusal, "user:u", &life.facts, midnight);
    assert_eq!(late, Err(Refusal::RefusalTooLate));
}

#[test]
fn a_refusal_stops_the_reminders() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2027, 1, 1));
    refuse(&mut life, date(2027, 1, 1)).unwrap();
    life.run(date(2027, 1, 1), date(2027, 4, 1));
    assert_eq!(life.notices_of("renewal_reminder"), [date(2026, 12, 31)]);
}

#[test]
fn the_price_of_the_next_term_is_fixed_by_the_first_reminder_and_never_raised_afterwards() {
    let mut life = Life::begin(date(2026, 4, 1));
    let mut dearer = list("2027", date(2027, 1, 15), 99_000);
    dearer.published_on = Some(date(2027, 1, 5));
    life.facts.prices.push(dearer);
    life.run(date(2026, 4, 1), date(2027, 4, 1));
    let quote = &life.contract.orders[0].running.quote;
    assert_eq!(
        (quote.price_version.as_str(), quote.unit_yen),
        ("2026", Yen(11_000))
    );
}

#[test]
fn a_price_published_before_the_first_reminder_counts_even_if_the_reminder_is_late() {
    let mut life = Life::begin(date(2026, 4, 1));
    let mut early = list("2027a", date(2027, 1, 15), 12_000);
    early.published_on = Some(date(2026, 12, 30));
    let mut late = list("2027b", date(2027, 1, 20), 99_000);
    late.published_on = Some(date(2027, 1, 2));
    life.facts.prices.extend([early, late]);
    life.tick(date(2026, 4, 1));
    life.tick(date(2027, 2, 1));
    let pinned = life.contract.orders[0].running.next.clone().unwrap();
    assert_eq!(pinned.quote.price_version, "2027a");
}

#[test]
fn a_reminder_is_suppressed_once_the_next_one_has_taken_over() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.tick(date(2026, 4, 1));
    life.tick(date(2027, 2, 20));
    let outcomes: Vec<(u16, ReminderOutcome)> = life
        .history
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Reminded {
                days_before,
                outcome,
                ..
            } => Some((*days_before, *outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (90, ReminderOutcome::Overtaken),
            (60, ReminderOutcome::Overtaken),
            (45, ReminderOutcome::Asked)
        ]
    );
}

#[test]
fn a_missed_last_reminder_opens_a_case() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.tick(date(2026, 4, 1));
    life.tick(date(2027, 3, 2));
    assert!(life.notices_of("renewal_reminder").is_empty());
    assert_eq!(life.cases[0].kind, CaseKind::LastReminderMissed);
}

#[test]
fn the_terms_of_a_renewed_term_are_those_in_force_when_it_begins() {
    let mut life = Life::begin(date(2026, 4, 1));
    let mut next = life.facts.terms[0].clone();
    next.version = "2027-04-01".into();
    next.effective_from = date(2027, 4, 1);
    life.facts.terms.push(next);
    life.run(date(2026, 4, 1), date(2027, 4, 1));
    let order = &life.contract.orders[0];
    assert_eq!(order.running.terms_version, "2027-04-01");
}

#[test]
fn each_accepted_order_runs_its_own_year() {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 6, 1));
    let more = |cameras| Command::AcceptOrder {
        start: date(2026, 6, 10),
        retention_days: 30,
        cameras,
    };
    life.ask(more(2), date(2026, 6, 1)).unwrap();
    life.run(date(2026, 6, 1), date(2027, 6, 10));
    let second = life.contract.order(2).unwrap();
    assert_eq!(second.running.term.start, date(2027, 6, 10));
    assert_eq!(
        life.contract.order(1).unwrap().running.term.start,
        date(2027, 4, 1)
    );
    let issued: Vec<Date> = life.invoices.iter().map(|i| i.issued_on).collect();
    assert_eq!(
        issued,
        [
            date(2026, 4, 1),
            date(2026, 6, 10),
            date(2027, 4, 1),
            date(2027, 6, 10)
        ]
    );
    let unknown = Command::AcceptOrder {
        start: date(2027, 7, 1),
        retention_days: 31,
        cameras: 1,
    };
    let refused = life.ask(unknown, date(2027, 6, 10));
    assert_eq!(refused, Err(Refusal::NoSuchPlan));
}

#[test]
fn a_price_published_on_the_day_of_the_first_reminder_counts_for_no_run_of_that_day() {
    let first_reminder = date(2026, 12, 31);
    let mut same_day = list("2027", date(2027, 1, 15), 12_000);
    same_day.published_on = Some(first_reminder);
    for publication_comes_first in [true, false] {
        let mut life = Life::begin(date(2026, 4, 1));
        life.run(date(2026, 4, 1), date(2026, 12, 30));
        if publication_comes_first {
            life.facts.prices.push(same_day.clone());
        }
        life.tick(first_reminder);
        let pinned = life.contract.orders[0].running.next.clone().unwrap();
        assert_eq!(pinned.quote.price_version, "2026");
    }
}
