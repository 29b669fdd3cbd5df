//! Reads what operators type: dates, amounts, numbers and reasons.

use ciero_domain::contract::Refusal;
use ciero_domain::money::Yen;
use ciero_domain::particulars::{FieldRule, line};
use ciero_runtime::Problem;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Deserializer};

/// The largest amount that one record takes.
const MOST_YEN: i64 = 1_000_000_000;
/// The longest name of a channel or reference of a payment, in characters.
pub const SHORT: usize = 64;
/// The longest reason, note and evidence, in characters.
pub const LONG: usize = 1_000;
/// The longest document in one language, in bytes: both languages fit into one item of the store.
pub const DOCUMENT: usize = 150_000;

/// One value of a request: forms send every value as text, programs send numbers too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given(pub String);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Scalar {
            Text(String),
            Number(serde_json::Number),
        }
        Ok(match Scalar::deserialize(from)? {
            Scalar::Text(text) => Given(text),
            Scalar::Number(number) => Given(number.to_string()),
        })
    }
}

impl Given {
    /// Reads a civil date. A moment is no day, though it begins with one.
    pub fn date(&self) -> Result<Date, FieldRule> {
        let text = self.0.trim();
        if text.is_empty() {
            return Err(FieldRule::Required);
        }
        match text.parse::<Date>() {
            Ok(day) if day.to_string() == text => Ok(day),
            _ => Err(FieldRule::Date),
        }
    }

    /// Reads a moment: as forms write it, which is a time in Tokyo, or with its offset.
    pub fn moment(&self) -> Result<Timestamp, FieldRule> {
        let text = self.0.trim();
        if text.is_empty() {
            return Err(FieldRule::Required);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(at);
        }
        let local = text.parse::<DateTime>().ok();
        let local = local.filter(|_| text.contains('T'));
        let at = local.and_then(|local| local.in_tz("Asia/Tokyo").ok());
        at.map(|at| at.timestamp()).ok_or(FieldRule::Date)
    }

    /// Reads a document of many lines.
    pub fn document(&self) -> Result<String, FieldRule> {
        let text = self.0.replace("\r\n", "\n");
        if text.trim().is_empty() {
            return Err(FieldRule::Required);
        }
        if text.len() > DOCUMENT {
            return Err(FieldRule::TooLong);
        }
        let printable = |sign: char| matches!(sign, '\n' | '\t') || !sign.is_control();
        match text.chars().all(printable) {
            true => Ok(text),
            false => Err(FieldRule::Unprintable),
        }
    }

    /// Reads a longer text that must be there.
    pub fn needed(&self) -> Result<String, FieldRule> {
        let text = self.long()?;
        match text.is_empty() {
            true => Err(FieldRule::Required),
            false => Ok(text),
        }
    }

    /// Reads an amount as people write it, for example `12100`, `12,100` or `¥12,100`.
    pub fn yen(&self) -> Result<Yen, FieldRule> {
        let text: String = self.0.trim().chars().map(half_width).collect();
        let text = text.trim_start_matches('¥').trim_end_matches('円').trim();
        if text.is_empty() {
            return Err(FieldRule::Required);
        }
        let (sign, digits) = match text.strip_prefix(['-', '−', '▲', '△']) {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let digits = ungrouped(digits).ok_or(FieldRule::Amount)?;
        // More digits than a number holds are too much, whatever they say.
        let yen = digits.parse::<i64>().map_or(i64::MAX, |yen| yen * sign);
        match yen {
            ..=0 => Err(FieldRule::AmountNotPositive),
            1..=MOST_YEN => Ok(Yen(yen)),
            _ => Err(FieldRule::AmountTooLarge),
        }
    }

    /// Reads the number of an order, a document or something else that the page offers.
    pub fn choice<T: std::str::FromStr>(&self) -> Result<T, FieldRule> {
        self.number(FieldRule::Choice)
    }

    /// Reads a whole number; anything else breaks the rule.
    pub fn number<T: std::str::FromStr>(&self, rule: FieldRule) -> Result<T, FieldRule> {
        self.0.trim().parse().map_err(|_| rule)
    }

    /// Reads a short text of one line.
    pub fn short(&self) -> Result<String, FieldRule> {
        line(&self.0, SHORT)
    }

    /// Reads a longer text; line breaks become spaces. An empty one is left to the rule that asks for it.
    pub fn long(&self) -> Result<String, FieldRule> {
        let text: Vec<&str> = self.0.split_whitespace().collect();
        match line(&text.join(" "), LONG) {
            Err(FieldRule::Required) => Ok(String::new()),
            other => other,
        }
    }
}

/// Returns digits without their grouping commas, which stand before every third digit or nowhere.
fn ungrouped(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split(',').collect();
    let grouped = match groups.as_slice() {
        [_] => true,
        [first, rest @ ..] => {
            (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3)
        }
        [] => false,
    };
    let digits = groups.concat();
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (grouped && plain).then_some(digits)
}

/// Turns the signs of a Japanese keyboard into those of numbers.
fn half_width(sign: char) -> char {
    match sign {
        '０'..='９' | '，' | '－' => char::from_u32(sign as u32 - 0xfee0).unwrap_or(sign),
        '￥' => '¥',
        other => other,
    }
}

/// 422 for what is wrong with the request itself, 409 for what the contract does not allow now.
pub fn refused(refusal: Refusal) -> Problem {
    let mut problem = Problem::from(refusal);
    if matches!(
        refusal,
        Refusal::ReasonMissing
            | Refusal::EvidenceMissing
            | Refusal::GroundMissing
            | Refusal::AmountNotPositive
            | Refusal::AmountTooLarge
    ) {
        problem.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    problem
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn given(text: &str) -> Given {
        Given(text.to_owned())
    }

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for text in ["12100", " 12,100 ", "¥12,100", "￥１２，１００", "12100円"] {
            assert_eq!(given(text).yen(), Ok(Yen(12_100)), "{text}");
        }
    }

    #[test]
    fn an_amount_that_is_none_is_refused_by_its_own_rule() {
        for (text, rule) in [
            ("", FieldRule::Required),
            ("many", FieldRule::Amount),
            ("12.5", FieldRule::Amount),
            ("1e3", FieldRule::Amount),
            ("1,2", FieldRule::Amount),
            ("12,1000", FieldRule::Amount),
            ("--5", FieldRule::Amount),
            ("0", FieldRule::AmountNotPositive),
            ("-5", FieldRule::AmountNotPositive),
            ("▲12,100", FieldRule::AmountNotPositive),
            ("1000000001", FieldRule::AmountTooLarge),
            ("99999999999999999999999", FieldRule::AmountTooLarge),
        ] {
            assert_eq!(given(text).yen(), Err(rule), "{text:?}");
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in [
            "2027-02-29",
            "2026-13-01",
            "2026-6-1",
            "20260601",
            "2026-06-01T00:00:00Z",
            "tomorrow",
        ] {
            assert_eq!(given(text).date(), Err(FieldRule::Date), "{text}");
        }
        assert_eq!(given("").date(), Err(FieldRule::Required));
        let leap = jiff::civil::date(2028, 2, 29);
        assert_eq!(given("2028-02-29").date(), Ok(leap));
    }

    #[test]
    fn a_moment_is_a_time_in_tokyo_or_carries_its_offset() {
        let expected: Timestamp = "2026-06-01T00:30:00Z".parse().unwrap();
        for text in [
            "2026-06-01T09:30",
            "2026-06-01T09:30:00",
            "2026-06-01T00:30:00Z",
        ] {
            assert_eq!(given(text).moment(), Ok(expected), "{text}");
        }
        for text in ["2026-06-01", "2026-02-30T09:30", "09:30", "tomorrow"] {
            assert_eq!(given(text).moment(), Err(FieldRule::Date), "{text}");
        }
        assert_eq!(given(" ").moment(), Err(FieldRule::Required));
    }

    #[test]
    fn a_document_keeps_its_lines_and_holds_no_control_signs() {
        let read = given("# 規約\r\n\r\n本文\n").document();
        assert_eq!(read, Ok("# 規約\n\n本文\n".to_owned()));
        for (text, rule) in [
            (" \n ".to_owned(), FieldRule::Required),
            ("a\u{0}".to_owned(), FieldRule::Unprintable),
            ("x".repeat(DOCUMENT + 1), FieldRule::TooLong),
        ] {
            assert_eq!(given(&text).document(), Err(rule));
        }
    }

    #[test]
    fn programs_may_send_numbers() {
        let read: Given = serde_json::from_str("12100").unwrap();
        assert_eq!(read, given("12100"));
        assert!(serde_json::from_str::<Given>("[1]").is_err());
    }
}
