//! The two languages that every sentence to a person exists in.

use serde::{Deserialize, Serialize};

/// Japanese is the default; English is offered everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Ja,
    En,
}

impl Language {
    /// Picks the text of this language.
    pub fn t<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    /// Returns the BCP 47 tag.
    pub fn tag(self) -> &'static str {
        self.t("ja", "en")
    }

    /// Reads a tag as browsers and forms send it; anything unknown is Japanese.
    pub fn from_tag(tag: &str) -> Self {
        if tag.trim().to_ascii_lowercase().starts_with("en") {
            Language::En
        } else {
            Language::Ja
        }
    }
}
