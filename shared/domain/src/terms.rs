//! 利用規約: versions of the terms, and which one is in force (1-1, 23-2).
//!
//! A published version is never edited. An edit is a later publication that supersedes the one not yet in force, and its
//! period begins anew.

mod draft;
mod sighting;

pub use draft::{Approval, Draft, NewDraft, Reasons, Refusal};
pub use sighting::{Answered, Seen, Sighting, to_be_seen};

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
    /// The version that never comes into force because of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
}

impl TermsVersion {
    /// Returns the SHA-256 of the text in a language.
    pub fn hash(&self, language: Language) -> &str {
        language.t(&self.hash_ja, &self.hash_en)
    }

    /// Returns the version that took this one's place before it came into force.
    pub fn superseded_by<'a>(&self, versions: &'a [TermsVersion]) -> Option<&'a TermsVersion> {
        let by = |other: &&TermsVersion| other.supersedes.as_ref() == Some(&self.version);
        versions.iter().find(by)
    }
}

/// Returns the SHA-256 of a text, in hexadecimal.
pub fn text_hash(text: &[u8]) -> String {
    hex::encode(Sha256::digest(text))
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
    /// Puts a version together with its text and the hashes of it.
    pub fn of(
        version: &str,
        (published_on, effective_from): (Date, Date),
        ja: String,
        en: String,
    ) -> Self {
        let version = TermsVersion {
            version: version.to_owned(),
            published_on,
            effective_from,
            hash_ja: text_hash(ja.as_bytes()),
            hash_en: text_hash(en.as_bytes()),
            supersedes: None,
        };
        TermsText { version, ja, en }
    }

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

/// Returns the version in force on a date: the latest one that has begun to apply. One that was superseded never does.
pub fn in_force(versions: &[TermsVersion], on: Date) -> Option<&TermsVersion> {
    versions
        .iter()
        .filter(|v| v.effective_from <= on && v.superseded_by(versions).is_none())
        .max_by_key(|v| v.effective_from)
}

#[cfg(test)]
#[path = "terms/tests.rs"]
mod art_23;
