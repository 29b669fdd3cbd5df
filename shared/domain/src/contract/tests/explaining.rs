//! The explanation of a contract, as it was and as it will be.

use super::*;

fn lines(life: &Life, as_of: Date, hypothesis: Option<&str>) -> Vec<(Date, Status, String)> {
    let hypothesis = hypothesis.map(|text| Hypothesis::parse(text).unwrap());
    let told = explain(
        &life.history,
        &life.facts,
        as_of,
        hypothesis,
        Audience::Customer,
    );
    let line = |line: Line| (line.on, line.status, line.clause);
    told.lines.into_iter().map(line).collect()
}

fn life() -> Life {
    let mut life = Life::begin(date(2026, 4, 1));
    life.run(date(2026, 4, 1), date(2026, 5, 1));
    life.pay(life.contract.account.open_yen().0, date(2026, 5, 1))
        .unwrap();
    life.run(date(2026, 5, 2), date(2027, 1, 5));
    life
}

#[test]
fn the_past_is_told_and_the_future_run_ahead_with_their_clauses() {
    let told = lines(&life(), date(2027, 1, 5), None);
    let done = |day, clause: &str| (day, Status::Done, clause.to_owned());
    let due = |day, clause: &str| (day, Status::Due, clause.to_owned());
    assert_eq!(
        told[..6],
        [
            done(date(2026, 4, 1), "3-3"),
            done(date(2026, 4, 1), "6-1"),
            done(date(2026, 5, 1), "6-1"),
            done(date(2026, 12, 31), "11"),
            due(date(2027, 1, 30), "11"),
            due(date(2027, 2, 14), "11"),
        ]
    );
    assert!(told.contains(&due(date(2027, 4, 1), "6-1")));
    assert!(told.contains(&due(date(2027, 6, 8), "13-1-2")));
}

#[test]
fn an_earlier_day_shows_what_was_known_then() {
    let told = lines(&life(), date(2026, 4, 15), None);
    assert!(
        told.iter()
            .all(|(on, status, _)| *status != Status::Done || *on <= date(2026, 4, 15))
    );
    assert!(told.contains(&(date(2026, 6, 9), Status::Due, "13-1-2".into())));
}

#[test]
fn a_hypothesis_shows_what_would_follow() {
    let refused = lines(&life(), date(2027, 1, 5), Some("refuse@2027-02-01"));
    assert!(refused.contains(&(date(2027, 2, 1), Status::Assumed, "11".into())));
    let of_data = |line: &&(Date, Status, String)| line.2 == "15-3";
    assert_eq!(refused.iter().find(of_data).unwrap().0, date(2027, 5, 1));
    let others = refused.iter().filter(|line| !of_data(line));
    assert!(others.clone().all(|(on, _, _)| *on <= date(2027, 4, 1)));
    let late = lines(&life(), date(2027, 1, 5), Some("refuse@2027-03-02"));
    assert!(late.iter().any(|(_, status, _)| *status == Status::Refused));
    let cancelled = lines(&life(), date(2027, 1, 5), Some("cancel@2027-02-10"));
    assert_eq!(
        cancelled.iter().rfind(|line| !of_data(line)).unwrap(),
        &(date(2027, 2, 11), Status::Due, "15-1".into())
    );
    assert_eq!(Hypothesis::parse("pay@2027-02-30"), None);
    assert_eq!(Hypothesis::parse("sell@2027-02-01"), None);
}
