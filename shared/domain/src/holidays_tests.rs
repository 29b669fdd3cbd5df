//! Article 6-1: the bank days that a due date falls on.
#![allow(clippy::unwrap_used)]

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn plain() -> Overrides {
    Overrides::default()
}

/// Returns every day of a year.
fn days_of(year: i16) -> impl Iterator<Item = Date> {
    date(year, 1, 1)
        .series(1.day())
        .take_while(move |day| day.year() == year)
}

#[test]
fn every_holiday_from_2022_to_2099_is_found_and_no_other() {
    let facts = include_str!("../fixtures/holidays.txt");
    let mut years = 2022..=2099;
    for line in facts.lines().filter(|line| !line.starts_with('#')) {
        let (year, expected) = line.split_once(' ').unwrap();
        let year: i16 = year.parse().unwrap();
        assert_eq!(years.next(), Some(year));
        let found: Vec<String> = days_of(year)
            .filter(|day| holiday(*day, &plain()).is_some())
            .map(|day| day.strftime("%m-%d").to_string())
            .collect();
        assert_eq!(found.join(" "), expected, "{year}");
    }
    assert_eq!(years.next(), None);
}

#[test]
fn every_worked_example_of_a_bank_day_holds() {
    let rows: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/vectors.json")).unwrap();
    let rows = rows["bank_days"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let day = |name: &str| row[name].as_str().unwrap().parse::<Date>().unwrap();
        assert_eq!(
            next_bank_day(day("day"), &plain()),
            day("next_bank_day"),
            "{row}"
        );
    }
}

#[test]
fn every_holiday_of_2026_has_its_name() {
    let found: Vec<(i8, i8, &str)> = days_of(2026)
        .filter_map(|day| Some((day.month(), day.day(), holiday(day, &plain())?)))
        .collect();
    let expected = [
        (1, 1, "元日"),
        (1, 12, "成人の日"),
        (2, 11, "建国記念の日"),
        (2, 23, "天皇誕生日"),
        (3, 20, "春分の日"),
        (4, 29, "昭和の日"),
        (5, 3, "憲法記念日"),
        (5, 4, "みどりの日"),
        (5, 5, "こどもの日"),
        (5, 6, "休日"),
        (7, 20, "海の日"),
        (8, 11, "山の日"),
        (9, 21, "敬老の日"),
        (9, 22, "休日"),
        (9, 23, "秋分の日"),
        (10, 12, "スポーツの日"),
        (11, 3, "文化の日"),
        (11, 23, "勤労感謝の日"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_added_day_is_a_holiday_and_a_removed_one_is_not() {
    let (monday, children, holiday_eve) = (date(2026, 6, 1), date(2027, 5, 5), date(2027, 5, 6));
    let overrides = Overrides {
        added: vec![monday, children],
        removed: vec![date(2027, 5, 4), children],
    };
    assert_eq!(holiday(monday, &overrides), Some("休日"));
    assert_eq!(next_bank_day(monday, &overrides), date(2026, 6, 2));
    assert_eq!(holiday(date(2027, 5, 4), &overrides), None);
    assert_eq!(holiday(children, &overrides), Some("こどもの日"));
    assert_eq!(next_bank_day(children, &overrides), holiday_eve);
}

#[test]
fn a_removed_holiday_leaves_weekends_and_the_new_year_closed() {
    let overrides = Overrides {
        added: vec![],
        removed: vec![date(2026, 1, 1), date(2026, 5, 3)],
    };
    assert!(!is_bank_day(date(2026, 1, 1), &overrides));
    assert!(!is_bank_day(date(2026, 5, 3), &overrides));
}

#[test]
fn overrides_are_read_with_either_list_left_out() {
    let read = |text| serde_json::from_str::<Overrides>(text).unwrap();
    assert_eq!(read("{}"), plain());
    assert_eq!(
        read(r#"{"added":["2026-06-01"]}"#).added,
        [date(2026, 6, 1)]
    );
    assert!(serde_json::from_str::<Overrides>(r#"{"add":[]}"#).is_err());
}

#[test]
fn the_edges_of_the_calendar_hold() {
    assert_eq!(next_bank_day(Date::MAX, &plain()), Date::MAX);
    for year in [-9999, 0, 1900, 9999] {
        let closed = days_of(year).filter(|day| !is_bank_day(*day, &plain()));
        assert!((104..=140).contains(&closed.count()), "{year}");
    }
}

proptest! {
    #[test]
    fn the_next_bank_day_is_open_and_nothing_before_it_is(days in -800_000i64..2_000_000) {
        let day = days_from(date(2026, 1, 1), days);
        let next = next_bank_day(day, &plain());
        prop_assert!(is_bank_day(next, &plain()));
        let closed = day.series(1.day()).take_while(|day| *day < next);
        prop_assert!(closed.into_iter().all(|day| !is_bank_day(day, &plain())));
        prop_assert!((next - day).get_days() <= 10);
    }
}
