//! Dates and amounts as people read them.

use ciero_domain::Language;
use ciero_domain::calendar::{tokyo_datetime, written};
use ciero_domain::money::Yen;
use jiff::Timestamp;
use jiff::civil::Date;

/// Writes a date: 2027年3月1日, or 1 March 2027.
pub fn date(language: Language, on: Date) -> String {
    written(language, on)
}

/// Writes a moment in Tokyo to the minute.
pub fn date_time(language: Language, at: Timestamp) -> String {
    let tokyo = tokyo_datetime(at);
    format!(
        "{} {:02}:{:02}",
        date(language, tokyo.date()),
        tokyo.hour(),
        tokyo.minute()
    )
}

/// Writes an amount: 19,800円, or ¥19,800.
pub fn yen(language: Language, amount: Yen) -> String {
    match language {
        Language::Ja => format!("{amount}円"),
        Language::En => format!("¥{amount}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_in_each_language() {
        let on = jiff::civil::date(2027, 3, 1);
        assert_eq!(date(Language::Ja, on), "2027年3月1日");
        assert_eq!(date(Language::En, on), "1 March 2027");
    }

    #[test]
    fn a_moment_is_written_in_tokyo_time() {
        assert_eq!(
            date_time(Language::Ja, Timestamp::UNIX_EPOCH),
            "1970年1月1日 09:00"
        );
    }
}
