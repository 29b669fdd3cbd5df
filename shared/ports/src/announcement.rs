//! What concerns everyone who has a contract, and the message that tells it page by page (8-1, 14-1, 21-3, 23-2).

use ciero_domain::contract::stable_id;
use ciero_domain::ids::{ContractId, InterruptionId};
use ciero_domain::interruption;
use ciero_domain::notice::Notice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decision::{Body, Message};

/// What is told to all who have a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum About {
    /// 23-2: later terms were published.
    Terms { version: String },
    /// 25-2: the list of third-party terms has a later version.
    ThirdPartyTerms { version: u64 },
    /// 8-1, 21-3.
    Interruption {
        interruption: InterruptionId,
        told: interruption::Told,
    },
    /// 14-1: the service will end.
    ServiceEnd,
}

impl About {
    /// Names the fact, so that each contract is told of it once.
    pub fn name(&self) -> String {
        match self {
            About::Terms { version } => format!("terms/{version}"),
            About::ThirdPartyTerms { version } => format!("third-party-terms/{version}"),
            About::Interruption { interruption, told } => {
                format!("interruption/{interruption}/{}", told.name())
            }
            About::ServiceEnd => "service-end".to_owned(),
        }
    }

    /// Returns the notice to one contract.
    pub fn notice(&self, contract: ContractId) -> Notice {
        match self.clone() {
            About::Terms { version } => Notice::TermsPublished {
                terms_version: version,
                contract,
            },
            About::ThirdPartyTerms { version } => Notice::ThirdPartyTermsChanged {
                contract,
                list_version: version,
            },
            About::Interruption { interruption, told } => Notice::Interruption {
                contract,
                interruption,
                told,
            },
            About::ServiceEnd => Notice::ServiceEndAnnounced { contract },
        }
    }
}

/// Something that is being told to those who had a contract at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    #[serde(flatten)]
    pub about: About,
    pub published_at: Timestamp,
    /// Where the next page of contracts begins; `None` for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Announcement {
    /// Begins to tell every contract.
    pub fn of(about: About, published_at: Timestamp) -> Message {
        let whole = Announcement {
            about,
            published_at,
            from: None,
        };
        whole.into_message(published_at)
    }

    /// Returns the message that asks for this page; the same page has the same identifier.
    pub fn into_message(self, at: Timestamp) -> Message {
        let from = self.from.as_deref().unwrap_or_default();
        Message {
            id: stable_id(&"announcement", &format!("{}/{from}", self.about.name())),
            at,
            body: Body::Announce(self),
        }
    }
}
