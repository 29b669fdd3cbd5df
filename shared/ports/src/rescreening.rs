//! Screening again everyone who was screened before, page by page (3-4, 13-1).

use ciero_domain::contract::stable_id;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decision::{Body, Message};

/// Whom a page looks at. Who is decided or registered meanwhile is met again further on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screened {
    /// Applications that are being screened.
    #[default]
    Undecided,
    /// Applications that wait for their registration.
    Approved,
    Contracts,
}

impl Screened {
    /// Returns who is looked at after all of these.
    pub fn then(self) -> Option<Screened> {
        match self {
            Screened::Undecided => Some(Screened::Approved),
            Screened::Approved => Some(Screened::Contracts),
            Screened::Contracts => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Screened::Undecided => "undecided",
            Screened::Approved => "approved",
            Screened::Contracts => "contracts",
        }
    }
}

/// A list or the register changed, and whoever was screened before is screened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescreening {
    /// Names what changed, so that each change is gone through once.
    pub cause: String,
    #[serde(default)]
    pub of: Screened,
    /// Where the page begins; `None` for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Rescreening {
    /// Returns the message that begins to screen again because of a change.
    pub fn because(cause: String, at: Timestamp) -> Message {
        let of = Screened::default();
        let from = None;
        Rescreening { cause, of, from }.into_message(at)
    }

    /// Returns the message that asks for this page; the same page has the same identifier.
    pub fn into_message(self, at: Timestamp) -> Message {
        let from = self.from.as_deref().unwrap_or_default();
        let page = format!("{}/{}/{from}", self.cause, self.of.name());
        Message {
            id: stable_id(&"rescreening", &page),
            at,
            body: Body::Rescreen(self),
        }
    }
}
