//! A civil day in Tokyo as a stretch of time.

use ciero_domain::calendar::start_of;
use ciero_domain::particulars::FieldRule;
use ciero_runtime::Problem;
use jiff::civil::Date;
use jiff::{Span, Timestamp};

/// Returns the bounds of a day given as YYYY-MM-DD; a date that does not exist is refused.
pub fn bounds(date: &str) -> Result<(Timestamp, Timestamp), Problem> {
    let date: Date = date
        .parse()
        .map_err(|_| Problem::field("date", FieldRule::Date))?;
    let next = date
        .checked_add(Span::new().days(1))
        .map_err(|_| Problem::field("date", FieldRule::Date))?;
    Ok((start_of(date), start_of(next)))
}
