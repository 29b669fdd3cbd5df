//! 国民の祝日 by rule and the days on which banks are open (6-1; RULES B).

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

/// The name of a rest day that is not itself a national holiday (Holidays Act 3-2 and 3-3).
const REST_DAY: &str = "休日";

/// What an operator knows better than the rules: a special law, or an equinox gazetted otherwise.
///
/// It is applied last, day by day: whoever moves a holiday also names the substitute days that come and go with it. A day in both
/// lists is a holiday, because a later due date never claims too much.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    pub added: Vec<Date>,
    pub removed: Vec<Date>,
}

/// Returns the Japanese name of the holiday on a date; substitute (3-2), sandwiched (3-3) and added days are "休日".
///
/// The rules are those in force since 2022 and are proved for 2022 to 2099. Other years get the same rules without a claim to be
/// right: before 2022 the law differed, and from 2100 the equinox formula drifts.
pub fn holiday(date: Date, overrides: &Overrides) -> Option<&'static str> {
    let by_rule = national(date).or_else(|| is_substitute_or_sandwiched(date).then_some(REST_DAY));
    if overrides.added.contains(&date) {
        return by_rule.or(Some(REST_DAY));
    }
    by_rule.filter(|_| !overrides.removed.contains(&date))
}

/// Tells whether banks are open: Saturdays, Sundays, holidays and 31 December to 3 January are rest days.
pub fn is_bank_day(date: Date, overrides: &Overrides) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let new_year = matches!((date.month(), date.day()), (12, 31) | (1, 1..=3));
    !weekend && !new_year && holiday(date, overrides).is_none()
}

/// Returns the first bank day on or after a date, or the last day of the calendar (9999-12-31) if none is left.
pub fn next_bank_day(date: Date, overrides: &Overrides) -> Date {
    let mut day = date;
    while day < Date::MAX && !is_bank_day(day, overrides) {
        day = days_from(day, 1);
    }
    day
}

/// Returns the name of the 国民の祝日 on a date (Holidays Act 2).
fn national(date: Date) -> Option<&'static str> {
    let name = match (date.month(), date.day()) {
        (1, 1) => "元日",
        (1, _) if is_monday_of_week(date, 2) => "成人の日",
        (2, 11) => "建国記念の日",
        (2, 23) => "天皇誕生日",
        (3, day) if i64::from(day) == equinox_day(date.year(), SPRING) => "春分の日",
        (4, 29) => "昭和の日",
        (5, 3) => "憲法記念日",
        (5, 4) => "みどりの日",
        (5, 5) => "こどもの日",
        (7, _) if is_monday_of_week(date, 3) => "海の日",
        (8, 11) => "山の日",
        (9, _) if is_monday_of_week(date, 3) => "敬老の日",
        (9, day) if i64::from(day) == equinox_day(date.year(), AUTUMN) => "秋分の日",
        (10, _) if is_monday_of_week(date, 2) => "スポーツの日",
        (11, 3) => "文化の日",
        (11, 23) => "勤労感謝の日",
        _ => return None,
    };
    Some(name)
}

/// Tells whether a date that is no 国民の祝日 is the first such day after one on a Sunday (3-2), or lies between two of them (3-3).
fn is_substitute_or_sandwiched(date: Date) -> bool {
    let beside = [-1, 1].map(|days| national(days_from(date, days)));
    // A week holds one Sunday, so nothing beyond it matters.
    let mut run_before = (1..=7)
        .map(|days| days_from(date, -days))
        .take_while(|day| national(*day).is_some());
    beside.iter().all(Option::is_some) || run_before.any(|day| day.weekday() == Weekday::Sunday)
}

fn is_monday_of_week(date: Date, nth: i8) -> bool {
    date.weekday() == Weekday::Monday && (date.day() - 1) / 7 + 1 == nth
}

/// The equinoxes of 1980 as a day of March and of September, in millionths.
const SPRING: i64 = 20_843_100;
const AUTUMN: i64 = 23_248_800;

/// Returns the day of the month of an equinox: int(base + 0.242194 × (y − 1980) − int((y − 1980) / 4)), made for 1980 to 2099.
fn equinox_day(year: i16, base_millionths: i64) -> i64 {
    let years = i64::from(year) - 1980;
    (base_millionths + 242_194 * years).div_euclid(1_000_000) - years.div_euclid(4)
}

/// Returns a date some days away; it stays within the calendar.
fn days_from(date: Date, days: i64) -> Date {
    let span: Span = days.days();
    date.saturating_add(span)
}

#[cfg(test)]
#[path = "holidays_tests.rs"]
mod art_06;
