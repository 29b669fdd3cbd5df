//! 支払期日: the payment terms of a price list and the day they give (6-1; RULES B).

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::holidays::{Overrides, next_bank_day};

/// When an invoice is to be paid: the end of the following month unless the price list says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentTerms {
    /// Months from the month of issue to the month of payment.
    pub months_after: u8,
    pub day: DueDay,
}

impl Default for PaymentTerms {
    fn default() -> Self {
        PaymentTerms {
            months_after: 1,
            day: DueDay::MonthEnd,
        }
    }
}

/// The day of the month of payment, written `end` or as a number from 1 to 28.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenDay", into = "WrittenDay")]
pub enum DueDay {
    MonthEnd,
    Day(DayOfMonth),
}

/// A day that every month has: 1 to 28.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayOfMonth(i8);

impl DayOfMonth {
    /// Returns a day of the month, which exists in February too.
    pub fn new(day: u8) -> Result<Self, InvalidDueDay> {
        match i8::try_from(day) {
            Ok(day @ 1..=28) => Ok(DayOfMonth(day)),
            _ => Err(InvalidDueDay),
        }
    }
}

/// The day of payment is neither the end of the month nor one that every month has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a due day is `end` or a number from 1 to 28")]
pub struct InvalidDueDay;

/// A due day as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenDay {
    Number(u8),
    Word(String),
}

const MONTH_END: &str = "end";

impl TryFrom<WrittenDay> for DueDay {
    type Error = InvalidDueDay;
    fn try_from(written: WrittenDay) -> Result<Self, InvalidDueDay> {
        match written {
            WrittenDay::Number(day) => Ok(DueDay::Day(DayOfMonth::new(day)?)),
            WrittenDay::Word(word) if word == MONTH_END => Ok(DueDay::MonthEnd),
            WrittenDay::Word(_) => Err(InvalidDueDay),
        }
    }
}

impl From<DueDay> for WrittenDay {
    fn from(day: DueDay) -> WrittenDay {
        match day {
            DueDay::MonthEnd => WrittenDay::Word(MONTH_END.to_owned()),
            DueDay::Day(day) => WrittenDay::Number(day.0.unsigned_abs()),
        }
    }
}

/// A due date as the price list gives it and as banks can keep it; both stay on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueDate {
    pub nominal: Date,
    /// The first bank day on or after the nominal date: late interest runs from here.
    pub effective: Date,
}

impl PaymentTerms {
    /// Returns the due date of an invoice issued on a date, which is never earlier than that date.
    ///
    /// If the day of payment has passed when an invoice is issued for the same month, it is that day of the next month.
    pub fn due(&self, issued_on: Date, overrides: &Overrides) -> DueDate {
        let months = i64::from(self.months_after);
        let this_month = self.day.in_month_of(issued_on, months);
        let nominal = if this_month < issued_on {
            self.day.in_month_of(issued_on, months + 1)
        } else {
            this_month
        };
        DueDate {
            nominal,
            effective: next_bank_day(nominal, overrides),
        }
    }
}

impl DueDay {
    /// Returns this day in the month that lies some months after a date's; it stays within the calendar.
    fn in_month_of(self, date: Date, months_after: i64) -> Date {
        let first = date.saturating_add(months_after.months()).first_of_month();
        match self {
            DueDay::MonthEnd => first.last_of_month(),
            DueDay::Day(DayOfMonth(day)) => first.saturating_add((day - 1).days()),
        }
    }
}

#[cfg(test)]
mod art_06 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn terms(text: &str) -> PaymentTerms {
        serde_json::from_str(text).unwrap()
    }

    fn check(text: &str, issued_on: Date, nominal: Date, effective: Date) {
        let due = terms(text).due(issued_on, &Overrides::default());
        assert_eq!(due, DueDate { nominal, effective }, "{text} {issued_on}");
    }

    #[test]
    fn the_end_of_the_next_month_is_the_default() {
        let (saturday, monday) = (date(2026, 10, 31), date(2026, 11, 2));
        for day in [1, 15, 30] {
            check("{}", date(2026, 9, day), saturday, monday);
        }
        let (saturday, monday) = (date(2026, 2, 28), date(2026, 3, 2));
        check("{}", date(2026, 1, 31), saturday, monday);
        let leap_day = date(2028, 2, 29);
        check("{}", date(2028, 1, 31), leap_day, leap_day);
        // 2100 is no leap year, and its 28 February is a Sunday.
        let (sunday, monday) = (date(2100, 2, 28), date(2100, 3, 1));
        check("{}", date(2100, 1, 31), sunday, monday);
    }

    #[test]
    fn a_due_date_at_the_end_of_the_year_waits_for_the_banks() {
        let (thursday, monday) = (date(2026, 12, 31), date(2027, 1, 4));
        check("{}", date(2026, 11, 10), thursday, monday);
        let next_year = date(2027, 1, 27);
        check(r#"{"day":27}"#, date(2026, 12, 1), next_year, next_year);
    }

    #[test]
    fn a_day_of_the_month_and_the_months_are_taken_from_the_price_list() {
        let (sunday, monday) = (date(2026, 12, 27), date(2026, 12, 28));
        let text = r#"{"months_after":2,"day":27}"#;
        check(text, date(2026, 10, 31), sunday, monday);
    }

    #[test]
    fn an_invoice_is_never_due_before_it_is_issued() {
        let text = r#"{"months_after":0,"day":27}"#;
        let day = date(2026, 10, 27);
        check(text, day, day, day);
        let day = date(2026, 11, 27);
        check(text, date(2026, 10, 28), day, day);
        let text = r#"{"months_after":0,"day":"end"}"#;
        let (saturday, monday) = (date(2026, 10, 31), date(2026, 11, 2));
        check(text, saturday, saturday, monday);
    }

    #[test]
    fn a_day_that_an_operator_adds_moves_only_the_effective_date() {
        let day = date(2026, 11, 2);
        let overrides = Overrides {
            added: vec![day],
            removed: vec![date(2026, 11, 3)],
        };
        let due = PaymentTerms::default().due(date(2026, 9, 1), &overrides);
        assert_eq!(due.nominal, date(2026, 10, 31));
        assert_eq!(due.effective, date(2026, 11, 3));
    }

    #[test]
    fn terms_are_written_as_they_are_read() {
        for text in [
            r#"{"months_after":1,"day":"end"}"#,
            r#"{"months_after":0,"day":28}"#,
        ] {
            assert_eq!(serde_json::to_string(&terms(text)).unwrap(), text);
        }
        for day in ["0", "29", "31", "300", "-1", "1.5", r#""END""#, r#""27""#] {
            let text = format!(r#"{{"day":{day}}}"#);
            assert!(
                serde_json::from_str::<PaymentTerms>(&text).is_err(),
                "{text}"
            );
        }
        assert!(serde_json::from_str::<PaymentTerms>(r#"{"month":1}"#).is_err());
    }

    proptest! {
        #[test]
        fn both_dates_follow_the_issue_and_banks_are_open(days in 0i64..27_394, months in 0u8..=255, day in 0u8..=28) {
            let issued_on = date(2026, 1, 1).saturating_add(days.days());
            let day = DayOfMonth::new(day).map_or(DueDay::MonthEnd, DueDay::Day);
            let terms = PaymentTerms { months_after: months, day };
            let due = terms.due(issued_on, &Overrides::default());
            prop_assert!(issued_on <= due.nominal && due.nominal <= due.effective);
            prop_assert_eq!(due.effective, next_bank_day(due.nominal, &Overrides::default()));
        }
    }

    #[test]
    fn the_end_of_the_calendar_holds() {
        let due = PaymentTerms::default().due(Date::MAX, &Overrides::default());
        assert_eq!((due.nominal, due.effective), (Date::MAX, Date::MAX));
    }
}
