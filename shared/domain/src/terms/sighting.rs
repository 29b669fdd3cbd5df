//! 公示の証拠: what the public page showed of published terms, looked at from outside (23-2, D-35).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{TermsVersion, in_force, text_hash};
use crate::Language;

/// What an address of the website answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What was seen of the terms in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// The published text, to the byte; the page that people read has this SHA-256.
    Shown { page_sha256: String },
    /// Another text than the published one.
    Changed { page_sha256: String },
    /// The website answered, but not with the terms.
    Missing { status: u16 },
    /// The website did not answer.
    Unreachable,
}

/// One look at the public page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub terms_version: String,
    pub language: Language,
    pub at: Timestamp,
    #[serde(flatten)]
    pub seen: Seen,
}

impl Sighting {
    /// Judges a look: `text` is what the text's own address answered and `page` the page; `None` where there was no answer.
    pub fn of(
        version: &TermsVersion,
        (language, at): (Language, Timestamp),
        text: Option<&Answered>,
        page: Option<&Answered>,
    ) -> Sighting {
        let seen = match (text, page) {
            (Some(text), Some(page)) => {
                match [text.status, page.status].iter().find(|s| **s != 200) {
                    Some(status) => Seen::Missing { status: *status },
                    None => {
                        let page_sha256 = text_hash(&page.body);
                        match text_hash(&text.body) == version.hash(language) {
                            true => Seen::Shown { page_sha256 },
                            false => Seen::Changed { page_sha256 },
                        }
                    }
                }
            }
            _ => Seen::Unreachable,
        };
        Sighting {
            terms_version: version.version.clone(),
            language,
            at,
            seen,
        }
    }

    /// Tells whether the published text could be read.
    pub fn is_shown(&self) -> bool {
        matches!(self.seen, Seen::Shown { .. })
    }
}

/// Returns the versions that must be on the website on a day: the one in force and those to come.
pub fn to_be_seen(versions: &[TermsVersion], today: Date) -> Vec<&TermsVersion> {
    let now = in_force(versions, today).map(|version| &version.version);
    let is_due = |version: &&TermsVersion| {
        let comes = version.effective_from > today && version.superseded_by(versions).is_none();
        comes || now == Some(&version.version)
    };
    versions.iter().filter(is_due).collect()
}
