//! The frame around a page of the operators' console.

use ciero_domain::Language;
use ciero_domain::documents::Operator;
use maud::Markup;

use crate::{Frame, Section, Visitor, frame};

/// Who reads a page of the console, and where it stands.
#[derive(Debug, Clone)]
pub struct ConsoleFrame<'a> {
    pub language: Language,
    pub visitor: Visitor,
    pub section: Section,
    /// The page's own path, for the language switch.
    pub path: &'a str,
    /// The token that forms carry.
    pub csrf: &'a str,
}

impl ConsoleFrame<'_> {
    /// Puts a page's content into the frame of the company that operates the service.
    pub fn show(self, owner: &Operator, title: &str, content: &Markup) -> Markup {
        let data = Frame {
            language: self.language,
            service_name: &owner.service_name,
            company: owner.company.t(self.language),
            title,
            visitor: self.visitor,
            section: self.section,
            path: self.path,
            csrf: self.csrf,
            scripts: &[],
        };
        frame(&data, content)
    }
}
