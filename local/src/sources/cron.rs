//! EventBridge's cron expressions, in UTC: minutes, hours, day of month, month, day of week, year.

use jiff::Timestamp;
use jiff::civil::{Date, date, time};
use jiff::tz::TimeZone;

use super::schedules::ScheduleError;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FIRST_YEAR: u16 = 1970;
const LAST_YEAR: u16 = 2199;

/// The moments at which every field of the expression holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: Vec<u16>,
    hours: Vec<u16>,
    days: Days,
    months: Vec<u16>,
    years: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<u16>),
    LastOfMonth,
    /// Counted from Sunday, which is 1.
    OfWeek(Vec<u16>),
}

impl Cron {
    /// Reads the six fields between the parentheses of `cron(…)`.
    pub fn parse(fields: &str) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return Err(ScheduleError::FieldCount(fields.len()));
        };
        let days = match (*of_month, *of_week) {
            ("L", "?") => Days::LastOfMonth,
            (of_month, "?") => Days::OfMonth(field("day of month", of_month, 1, 31, &[])?),
            ("?", of_week) => Days::OfWeek(field("day of week", of_week, 1, 7, &WEEKDAYS)?),
            _ => return Err(ScheduleError::BothDays),
        };
        Ok(Self {
            minutes: field("minutes", minutes, 0, 59, &[])?,
            hours: field("hours", hours, 0, 23, &[])?,
            days,
            months: field("month", months, 1, 12, &MONTHS)?,
            years: field("year", years, FIRST_YEAR, LAST_YEAR, &[])?,
        })
    }

    /// The first due moment later than `after`; none when the years have run out.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let start = after.to_zoned(TimeZone::UTC).date();
        let end = date(i16::try_from(*self.years.last()?).ok()?, 12, 31);
        let mut day = start;
        while day <= end {
            if self.falls_on(day)
                && let Some(due) = self.first_in_day(day, after)
            {
                return Some(due);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn falls_on(&self, day: Date) -> bool {
        let holds = |values: &[u16], value: i16| {
            u16::try_from(value).is_ok_and(|value| values.contains(&value))
        };
        holds(&self.years, day.year())
            && holds(&self.months, day.month().into())
            && match &self.days {
                Days::OfMonth(days) => holds(days, day.day().into()),
                Days::LastOfMonth => day == day.last_of_month(),
                Days::OfWeek(days) => holds(days, i16::from(day.weekday().to_sunday_one_offset())),
            }
    }

    fn first_in_day(&self, day: Date, after: Timestamp) -> Option<Timestamp> {
        let moments = self
            .hours
            .iter()
            .flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        moments
            .filter_map(|(hour, minute)| {
                let time = time(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
                let zoned = day.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
                Some(zoned.timestamp())
            })
            .find(|moment| *moment > after)
    }
}

/// The sorted values that one field allows.
fn field(
    name: &'static str,
    text: &str,
    low: u16,
    high: u16,
    names: &[&str],
) -> Result<Vec<u16>, ScheduleError> {
    let wrong = || ScheduleError::Field(name, text.to_owned());
    let number = |text: &str| -> Result<u16, ScheduleError> {
        let named = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(index) => u16::try_from(index).ok().map(|index| index + low),
            None => text.parse().ok(),
        };
        number
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(wrong)
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (
                range,
                Some(
                    step.parse::<u16>()
                        .ok()
                        .filter(|step| *step > 0)
                        .ok_or_else(wrong)?,
                ),
            ),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if range == "*" => (low, high),
            // A single value with a step runs to the end of the field.
            None if step.is_some() => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return Err(wrong());
        }
        values.extend((from..=to).step_by(usize::from(step.unwrap_or(1))));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}
