//! Reads template.yaml and says what it declares, with every reference resolved to its local value.

mod build;
mod document;
mod functions;
pub mod model;
mod references;
mod resolve;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

pub use document::{Document, SecretSpec};

/// The account that every local resource belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The region of the service; the terms bind all data to Japan.
pub const REGION: &str = "ap-northeast-1";

/// What the machine decides and the template only names.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where browsers reach the portal, without a trailing slash.
    pub portal_url: String,
    /// Where the AWS APIs answer, without a trailing slash.
    pub aws_url: String,
    /// Values that take the place of the parameters' defaults.
    pub parameters: BTreeMap<String, String>,
    /// The value of each declared secret, by its logical name.
    pub secrets: BTreeMap<String, String>,
}

/// A template that cannot be run, with the place in the file and one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The keys from the root to the fault, joined by dots; empty for the whole file.
    pub place: String,
    /// The line in the file where it is known, counted from 1.
    pub line: Option<usize>,
    pub sentence: String,
}

impl TemplateError {
    fn new(place: &str, sentence: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            line: None,
            sentence: sentence.into(),
        }
    }

    /// Adds the line of the deepest key of the place that stands on a line of its own.
    fn located_in(mut self, text: &str) -> Self {
        if self.line.is_none() && !self.place.is_empty() {
            self.line = line_of(text, &self.place);
        }
        self
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.place.is_empty()) {
            (Some(line), false) => write!(f, "line {line}, {}: {}", self.place, self.sentence),
            (Some(line), true) => write!(f, "line {line}: {}", self.sentence),
            (None, false) => write!(f, "{}: {}", self.place, self.sentence),
            (None, true) => write!(f, "{}", self.sentence),
        }
    }
}

impl std::error::Error for TemplateError {}

/// Walks block-style keys by their indentation; keys inside a flow mapping count to the line that opens it.
fn line_of(text: &str, place: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = None;
    let mut from = 0;
    let mut parent_indent: Option<usize> = None;
    'keys: for key in place.split('.') {
        for (index, line) in lines.iter().enumerate().skip(from) {
            let trimmed = line.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let indent = line.len() - trimmed.len();
            if index > 0 && parent_indent.is_some_and(|parent| indent <= parent) {
                break 'keys;
            }
            if parent_indent.is_none() && indent > 0 {
                continue;
            }
            let rest = trimmed.strip_prefix(key);
            if rest.is_some_and(|rest| rest.starts_with(':')) {
                found = Some(index + 1);
                from = index + 1;
                parent_indent = Some(indent);
                continue 'keys;
            }
        }
        break;
    }
    found
}
