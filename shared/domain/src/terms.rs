//! 利用規約: versions of the terms, and which one is in force (1-1, 23-2).

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Language;

/// A version of the terms without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsVersion {
    pub version: String,
    pub published_on: Date,
    pub effective_from: Date,
    /// SHA-256 of the text in Japanese and in English, in hexadecimal.
    pub hash_ja: String,
    pub hash_en: String,
}

/// A version of the terms with its text in Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsText {
    #[serde(flatten)]
    pub version: TermsVersion,
    pub ja: String,
    pub en: String,
}

impl TermsText {
    /// Returns the text in a language.
    pub fn text(&self, language: Language) -> &str {
        language.t(&self.ja, &self.en)
    }
}

/// Returns the first date from which a version published on a date may apply: a calendar month must
/// have elapsed, the day of publication not counted (23-2, D-35; Civil Code 140, 143-2).
pub fn earliest_effective(published_on: Date) -> Date {
    let first_day = published_on.saturating_add(Span::new().days(1));
    let corresponding = first_day.saturating_add(Span::new().months(1));
    if corresponding.day() == first_day.day() {
        corresponding
    } else {
        // The month has no such day: it ends on its last day, and the version applies from the next.
        corresponding.saturating_add(Span::new().days(1))
    }
}

/// Returns the version in force on a date: the latest one that has begun to apply.
pub fn in_force(versions: &[TermsVersion], on: Date) -> Option<&TermsVersion> {
    versions
        .iter()
        .filter(|v| v.effective_from <= on)
        .max_by_key(|v| v.effective_from)
}

#[cfg(test)]
mod art_23 {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_worked_example_of_a_publication_holds() {
        let rows: serde_json::Value =
            serde_json::from_str(include_str!("../fixtures/vectors.json")).unwrap();
        let rows = rows["terms_publication"].as_array().unwrap();
        assert_eq!(rows.len(), 8);
        for row in rows {
            let day = |name: &str| row[name].as_str().unwrap().parse::<Date>().unwrap();
            assert_eq!(
                earliest_effective(day("published")),
                day("earliest_effective"),
                "{row}"
            );
        }
    }
}
