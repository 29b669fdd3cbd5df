//! Civil dates in Asia/Tokyo and the annual term (Art. 11).

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Language;

/// Days between the last day to refuse and the expiry date, counted inclusively (Art. 11, D-11).
pub const REFUSAL_DAYS: i64 = 30;

/// Japan has no daylight saving time, so the zone is a constant offset.
pub fn tokyo() -> TimeZone {
    TimeZone::fixed(Offset::constant(9))
}

/// Returns the civil date in Tokyo at a moment.
pub fn tokyo_date(at: Timestamp) -> Date {
    tokyo().to_datetime(at).date()
}

/// Returns the civil time in Tokyo at a moment.
pub fn tokyo_datetime(at: Timestamp) -> DateTime {
    tokyo().to_datetime(at)
}

/// Returns the moment at which a civil time in Tokyo begins.
pub fn tokyo_moment(at: DateTime) -> Timestamp {
    // A date at the edge of the calendar has no UTC counterpart; it saturates.
    tokyo().to_timestamp(at).unwrap_or(Timestamp::MAX)
}

/// Returns 00:00 in Tokyo of a date.
pub fn start_of(date: Date) -> Timestamp {
    tokyo_moment(date.to_datetime(Time::midnight()))
}

/// Returns the date a number of days later, or earlier if it is negative.
pub fn days(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Writes a date as people read it: 2027年3月1日, or 1 March 2027.
pub fn written(language: Language, on: Date) -> String {
    match language {
        Language::Ja => format!("{}年{}月{}日", on.year(), on.month(), on.day()),
        Language::En => {
            let month = MONTHS[usize::from(on.month().unsigned_abs()).saturating_sub(1)];
            format!("{} {month} {}", on.day(), on.year())
        }
    }
}

/// One annual term: [start 00:00, end 24:00) in Tokyo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// 利用開始日: the first day, counted from 00:00 (D-10).
    pub start: Date,
    /// 満了日: the last day, to 24:00.
    pub end: Date,
    /// The last day on which a refusal of renewal is accepted, to 24:00 by server receipt (D-11).
    pub last_day_to_refuse: Date,
}

impl Term {
    /// Returns the term that starts on a date: it ends the day before the corresponding day of the
    /// next year, or at the month's end where there is none (Art. 11; Civil Code 143-2).
    pub fn starting(start: Date) -> Self {
        let corresponding = start.saturating_add(Span::new().years(1));
        let end = if corresponding.day() == start.day() {
            corresponding.saturating_sub(Span::new().days(1))
        } else {
            corresponding
        };
        Term {
            start,
            end,
            last_day_to_refuse: end.saturating_sub(Span::new().days(REFUSAL_DAYS)),
        }
    }

    /// Returns the term that follows by auto-renewal: it starts on the day after the expiry date.
    pub fn next(&self) -> Self {
        Term::starting(self.end.saturating_add(Span::new().days(1)))
    }

    /// Tells whether a date lies within the term.
    pub fn contains(&self, date: Date) -> bool {
        self.start <= date && date <= self.end
    }
}

#[cfg(test)]
mod art_11 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_worked_example_of_a_term_holds() {
        let rows: serde_json::Value =
            serde_json::from_str(include_str!("../fixtures/vectors.json")).unwrap();
        let rows = rows["contract_terms"].as_array().unwrap();
        assert_eq!(rows.len(), 9);
        for row in rows {
            let day = |name: &str| row[name].as_str().unwrap().parse::<Date>().unwrap();
            let term = Term::starting(day("start"));
            assert_eq!(term.end, day("end"), "{row}");
            assert_eq!(term.last_day_to_refuse, day("last_day_to_refuse"), "{row}");
        }
    }

    #[test]
    fn a_term_that_began_on_29_february_drifts_to_1_march_for_good() {
        let mut term = Term::starting(date(2028, 2, 29));
        let ends: Vec<String> = (0..4)
            .map(|_| {
                let end = term.end.to_string();
                term = term.next();
                end
            })
            .collect();
        assert_eq!(
            ends,
            ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]
        );
    }

    /// Breaks when the first day is not counted, when the term ends on the corresponding day itself, or when the last
    /// day to refuse is a day off: each moves one of these six dates by a day.
    #[test]
    fn a_term_counts_its_first_day_and_its_last_and_the_day_to_refuse_is_thirty_before() {
        for (start, before, end, after, length) in [
            (
                date(2026, 4, 1),
                date(2026, 3, 31),
                date(2027, 3, 31),
                date(2027, 4, 1),
                365,
            ),
            (
                date(2027, 4, 1),
                date(2027, 3, 31),
                date(2028, 3, 31),
                date(2028, 4, 1),
                366,
            ),
            (
                date(2099, 3, 1),
                date(2099, 2, 28),
                date(2100, 2, 28),
                date(2100, 3, 1),
                365,
            ),
        ] {
            let term = Term::starting(start);
            let held = [before, start, end, after].map(|day| term.contains(day));
            assert_eq!(held, [false, true, true, false], "{start}");
            assert_eq!((end - start).get_days() + 1, length, "{start}");
            assert_eq!(term.end, end, "{start}");
            assert_eq!(term.next().start, after, "{start}");
            // The refusal that arrives on this day leaves thirty whole days and the expiry date itself is the last.
            assert_eq!(days(term.last_day_to_refuse, 30), end, "{start}");
        }
        let term = Term::starting(date(2026, 4, 1));
        assert_eq!(term.last_day_to_refuse, date(2027, 3, 1));
    }

    #[test]
    fn a_day_of_tokyo_begins_at_15_utc_of_the_day_before() {
        let last_second: Timestamp = "2027-03-01T14:59:59Z".parse().unwrap();
        let midnight: Timestamp = "2027-03-01T15:00:00Z".parse().unwrap();
        assert_eq!(tokyo_date(last_second), date(2027, 3, 1));
        assert_eq!(tokyo_date(midnight), date(2027, 3, 2));
        assert_eq!(start_of(date(2027, 3, 2)), midnight);
    }

    proptest::proptest! {
        #[test]
        // To 2100-12-31, so that a year by 100 that is no leap year is passed.
        fn terms_chain_without_gap_or_overlap(days in 0i64..27_394) {
            let start = date(2026, 1, 1).saturating_add(Span::new().days(days));
            let term = Term::starting(start);
            let next = term.next();
            proptest::prop_assert_eq!(term.end.saturating_add(Span::new().days(1)), next.start);
            let length = (term.end - term.start).get_days() + 1;
            let holds_leap_day = (start.year()..=term.end.year()).any(|year| {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                leap && term.contains(date(year, 2, 29))
            });
            // A term that begins on 29 February ends on the last day of the February after it.
            proptest::prop_assert_eq!(length, 365 + i32::from(holds_leap_day));
            proptest::prop_assert_eq!((term.end - term.last_day_to_refuse).get_days(), 30);
        }
    }
}
