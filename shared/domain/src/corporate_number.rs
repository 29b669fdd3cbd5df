//! 法人番号: thirteen digits, the first of which checks the other twelve.

use serde::{Deserialize, Serialize};

/// A corporate number whose check digit is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CorporateNumber(String);

/// The text is not a corporate number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a corporate number")]
pub struct InvalidCorporateNumber;

impl CorporateNumber {
    /// Reads thirteen digits; the check digit is 9 − (Σ PₙQₙ mod 9), Q being 1 and 2 by turns from the right.
    pub fn parse(text: &str) -> Result<Self, InvalidCorporateNumber> {
        let digits: Vec<u32> = text
            .chars()
            .map(|c| c.to_digit(10))
            .collect::<Option<_>>()
            .ok_or(InvalidCorporateNumber)?;
        if digits.len() != 13 {
            return Err(InvalidCorporateNumber);
        }
        let sum: u32 = digits[1..]
            .iter()
            .rev()
            .zip([1, 2].into_iter().cycle())
            .map(|(p, q)| p * q)
            .sum();
        if digits[0] == 9 - sum % 9 {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCorporateNumber)
        }
    }

    /// Returns the thirteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CorporateNumber {
    type Error = InvalidCorporateNumber;
    fn try_from(text: String) -> Result<Self, InvalidCorporateNumber> {
        Self::parse(&text)
    }
}

impl From<CorporateNumber> for String {
    fn from(number: CorporateNumber) -> String {
        number.0
    }
}

#[cfg(test)]
mod art_03 {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_worked_example_of_a_corporate_number_holds() {
        let rows: serde_json::Value =
            serde_json::from_str(include_str!("../fixtures/vectors.json")).unwrap();
        let rows = rows["corporate_numbers"].as_array().unwrap();
        assert_eq!(rows.len(), 4);
        for row in rows {
            let valid = CorporateNumber::parse(row["number"].as_str().unwrap()).is_ok();
            assert_eq!(valid, row["valid"].as_bool().unwrap(), "{row}");
        }
    }

    #[test]
    fn other_lengths_and_characters_are_refused() {
        for text in [
            "",
            "712345678901",
            "71234567890123",
            "712345678901x",
            "７１２３４５６７８９０１２",
        ] {
            assert!(CorporateNumber::parse(text).is_err(), "{text}");
        }
    }
}
