//! The first nine hours of a day in Tokyo, in which UTC still has the day before: what breaks where the zone is not kept.

use super::*;

/// Moments in Tokyo at which UTC's date is the day before. They are written out, so that the zone under test has no say.
fn first_hours(day: Date) -> [Timestamp; 3] {
    ["00:00:00", "00:30:00", "08:59:59"].map(|time| moment(day, time))
}

fn moment(day: Date, time: &str) -> Timestamp {
    format!("{day}T{time}+09:00").parse().unwrap()
}

fn decided(life: &Life, command: &Command, at: Timestamp) -> Result<Date, Refusal> {
    let entry = life
        .contract
        .decide(command.clone(), "operator:second", &life.facts, at)?;
    Ok(entry.on)
}

mod art_11 {
    use super::*;

    /// Breaks with UTC instead of Asia/Tokyo: to 09:00 the day before would still count.
    #[test]
    fn a_refusal_in_the_first_hours_after_the_last_day_is_too_late() {
        let life = Life::begin(date(2026, 4, 1));
        let refuse = Command::RefuseRenewal {
            order: 1,
            receipt: "R".into(),
            paper: None,
        };
        for at in first_hours(date(2027, 3, 2)) {
            let late = decided(&life, &refuse, at);
            assert_eq!(late, Err(Refusal::RefusalTooLate), "{at}");
        }
        for at in first_hours(date(2027, 3, 1)) {
            assert_eq!(decided(&life, &refuse, at), Ok(date(2027, 3, 1)), "{at}");
        }
        let last = moment(date(2027, 3, 1), "23:59:59");
        assert_eq!(decided(&life, &refuse, last), Ok(date(2027, 3, 1)));
    }

    /// Breaks with UTC instead of Asia/Tokyo: a start of yesterday would be taken, and the day of formation be wrong.
    #[test]
    fn a_registration_in_the_first_hours_starts_that_day_at_the_earliest() {
        let id = || ContractId::from_random([3; 10]);
        for at in first_hours(date(2026, 4, 1)) {
            let form = |start| Contract::form(id(), &approved(), start, "operator:first", at);
            let yesterday = form(date(2026, 3, 31)).unwrap_err();
            assert_eq!(yesterday, Refusal::StartInThePast, "{at}");
            let (_, entry) = form(date(2026, 4, 1)).unwrap();
            assert_eq!(entry.on, date(2026, 4, 1), "{at}");
        }
    }

    /// Breaks with UTC instead of Asia/Tokyo: a reminder done late in the night would be sent after the next one's day has begun.
    #[test]
    fn a_reminder_in_the_first_hours_after_the_last_day_is_overtaken() {
        let mut life = Life::begin(date(2026, 4, 1));
        life.run(date(2026, 4, 1), date(2027, 2, 27));
        let task = life.next_due(date(2027, 2, 28)).unwrap();
        let outcome = |at| match perform(&life.contract, &task, &life.facts, at)
            .unwrap()
            .event
        {
            Event::Reminded { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        };
        for at in first_hours(date(2027, 3, 2)) {
            assert_eq!(outcome(at), ReminderOutcome::Overtaken, "{at}");
        }
        let last = moment(date(2027, 3, 1), "23:59:59");
        assert_eq!(outcome(last), ReminderOutcome::Asked);
    }
}

mod art_06 {
    use super::*;

    /// Breaks with UTC instead of Asia/Tokyo: money received today would lie in the future to 09:00.
    #[test]
    fn a_payment_of_the_day_is_recorded_in_the_first_hours() {
        let mut life = Life::begin(date(2026, 4, 1));
        life.tick(date(2026, 4, 1));
        let receive = |received_on| {
            Command::RecordReceipt(NewReceipt {
                reference: "x".into(),
                received_on,
                yen: Yen(1),
            })
        };
        for at in first_hours(date(2026, 4, 10)) {
            let today = decided(&life, &receive(date(2026, 4, 10)), at);
            assert_eq!(today, Ok(date(2026, 4, 10)), "{at}");
            let tomorrow = decided(&life, &receive(date(2026, 4, 11)), at);
            assert_eq!(tomorrow, Err(Refusal::ReceivedInTheFuture), "{at}");
        }
    }

    /// Breaks with UTC instead of Asia/Tokyo: the quotation of a new order would come from yesterday's price list.
    #[test]
    fn an_order_of_the_first_hours_is_priced_by_the_list_of_its_day() {
        let mut life = Life::begin(date(2026, 4, 1));
        life.facts
            .prices
            .push(list("2026b", date(2026, 7, 1), 22_000));
        let more = Command::AcceptOrder {
            start: date(2026, 7, 1),
            retention_days: 30,
            cameras: 1,
        };
        for at in first_hours(date(2026, 7, 1)) {
            let entry = life.contract.decide(more.clone(), "o", &life.facts, at);
            let Event::OrderAccepted { order } = entry.unwrap().event else {
                panic!("no order");
            };
            assert_eq!(order.running.quote.price_version, "2026b", "{at}");
        }
    }
}

mod art_13 {
    use super::*;

    fn measure(ground: MeasureGround, arose_on: Date) -> Measure {
        Measure {
            ground,
            evidence: "case 7".into(),
            arose_on,
        }
    }

    /// Breaks with UTC instead of Asia/Tokyo: the grace would go on to 09:00 of the day after it.
    #[test]
    fn the_grace_of_a_demand_is_over_from_the_first_second_of_the_next_day() {
        let mut life = Life::begin(date(2026, 4, 1));
        life.run(date(2026, 4, 1), date(2026, 6, 23));
        // Demanded on 9 June with 14 days.
        let suspend = Command::Suspend(measure(MeasureGround::NonPayment, date(2026, 6, 23)));
        let last = moment(date(2026, 6, 23), "23:59:59");
        assert_eq!(decided(&life, &suspend, last), Err(Refusal::DemandMissing));
        for at in first_hours(date(2026, 6, 24)) {
            assert_eq!(decided(&life, &suspend, at), Ok(date(2026, 6, 23)), "{at}");
        }
    }

    /// Breaks with UTC instead of Asia/Tokyo: a rescission of the night would end the contract on the day before.
    #[test]
    fn a_rescission_in_the_first_hours_ends_the_contract_on_that_day() {
        let mut life = Life::begin(date(2026, 4, 1));
        life.tick(date(2026, 4, 1));
        let breach = measure(MeasureGround::Breach, date(2026, 4, 30));
        life.ask(Command::ProposeRescission(breach), date(2026, 4, 30))
            .unwrap();
        for at in first_hours(date(2026, 5, 1)) {
            let approve = Command::ApproveRescission;
            let entry = life
                .contract
                .decide(approve, "operator:second", &life.facts, at)
                .unwrap();
            let ended = evolve(Some(&life.contract), &entry).unwrap();
            assert!(
                matches!(ended.standing, Standing::Ended { on, .. } if on == date(2026, 5, 1)),
                "{at}: {:?}",
                ended.standing
            );
        }
    }
}

mod art_15 {
    use super::*;

    /// Breaks with UTC instead of Asia/Tokyo: yesterday could still be chosen as the last day to 09:00.
    #[test]
    fn a_cancellation_in_the_first_hours_cannot_end_on_the_day_before() {
        let life = Life::begin(date(2026, 4, 1));
        let cancel = |on| {
            Command::Cancel(Cancellation {
                on,
                receipt: "C".into(),
                received_on: None,
            })
        };
        for at in first_hours(date(2026, 7, 10)) {
            let yesterday = decided(&life, &cancel(date(2026, 7, 9)), at);
            assert_eq!(yesterday, Err(Refusal::CancellationInThePast), "{at}");
            let today = decided(&life, &cancel(date(2026, 7, 10)), at);
            assert_eq!(today, Ok(date(2026, 7, 10)), "{at}");
        }
    }
}
