//! What became of a notice, and its line in the ledger (Art. 24, D-36).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::ids::MessageId;
use crate::language::Language;

/// What became of a notice. It only goes forward: from sent to arrived, and from both to failed. One that was not sent
/// stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// The mail service took it and has told no more.
    #[default]
    Sent,
    /// D-36: the recipient's mail server took it, so it has arrived.
    Arrived { at: Timestamp },
    /// It did not reach the recipient, or nobody there wants it.
    Failed { at: Timestamp, reason: Failure },
    /// No mail was sent, because what it would have told had become untrue by then.
    NotSent { at: Timestamp },
}

/// Why a notice failed. The mail servers' own words are not kept: they quote addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The address takes no mail.
    BouncedForGood,
    /// The mail service tried for hours and gave up; the address may take a later mail.
    BouncedForNow,
    /// The recipient reported it as unwanted.
    Complained,
    /// The mail service would not send it.
    Rejected,
}

/// What there is to do about a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    Nothing,
    /// A person must reach the recipient in another way, for example by telephone or letter.
    SecondChannel,
}

impl Outcome {
    /// Returns the stable name of the outcome.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Sent => "sent",
            Outcome::Arrived { .. } => "arrived",
            Outcome::Failed { .. } => "failed",
            Outcome::NotSent { .. } => "not_sent",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Outcome::Sent => 0,
            Outcome::Arrived { .. } => 1,
            Outcome::Failed { .. } => 2,
            Outcome::NotSent { .. } => 3,
        }
    }
}

/// One line of the notice ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// The outbox message that asked for it; a doubled delivery finds it here.
    pub id: MessageId,
    #[serde(flatten)]
    pub notice: Notice,
    /// Empty if it was not sent.
    pub to: String,
    pub language: Language,
    /// SHA-256 of subject and text, in hexadecimal; empty if there was none.
    pub content_hash: String,
    /// When it was sent, or would have been.
    pub sent_at: Timestamp,
    /// The mail service's own identifier; empty if no mail was sent.
    pub mail_id: String,
    /// Counts the outcomes, from 1.
    #[serde(default = "first_version")]
    pub version: u64,
    #[serde(default)]
    pub outcome: Outcome,
    /// How it went, if it went by another way than the service's mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted: Option<Posted>,
}

/// A notice that a person sent, for example by certified mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    pub channel: String,
    pub sent_on: Date,
    /// What proves it, for example the number of the delivery certificate.
    pub proof: String,
}

/// Lines that were written before outcomes were kept have no version.
fn first_version() -> u64 {
    1
}

impl NoticeRecord {
    /// Returns the line with news of its mail, or `None` if they change nothing: news come twice and out of
    /// order, and a delivery told late does not undo a failure.
    pub fn hear(&self, news: Outcome) -> Option<NoticeRecord> {
        (news.rank() > self.outcome.rank()).then(|| NoticeRecord {
            version: self.version + 1,
            outcome: news,
            ..self.clone()
        })
    }

    /// Returns what a person has to do about it.
    pub fn next_step(&self) -> NextStep {
        match self.outcome {
            Outcome::Sent | Outcome::Arrived { .. } | Outcome::NotSent { .. } => NextStep::Nothing,
            Outcome::Failed { .. } => NextStep::SecondChannel,
        }
    }
}
