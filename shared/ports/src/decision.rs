//! One transaction is one decision: everything that it writes, or nothing.

use ciero_domain::application::{Application, Event as ApplicationEvent};
use ciero_domain::contract::{Contract, Event as ContractEvent};
use ciero_domain::device::{Camera, Device};
use ciero_domain::documents::Operator;
use ciero_domain::ids::{ApplicationId, CameraId, ContractId, DeviceId, MessageId, UserId};
use ciero_domain::notice::{Notice, NoticeRecord};
use ciero_domain::prices::PriceList;
use ciero_domain::screening::{RegisterEntry, Screening};
use ciero_domain::terms::TermsText;
use ciero_domain::user::User;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One row of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Unique; the rows of a contract sort by `at`, then by this.
    pub id: MessageId,
    pub at: Timestamp,
    pub contract: ContractId,
    /// Who did it: a user's identifier, or `operator:<name>`, or `device:<id>`.
    pub actor: String,
    /// What was done, for example `live`, `recording`, `user_added`.
    pub action: String,
    pub camera: Option<CameraId>,
    /// What it came to: `granted`, or the code of the rule that denied.
    pub outcome: String,
    /// Further facts, for people; no secrets.
    pub detail: Value,
}

/// One thing that a decision writes. Entities carry their version: the store writes version n only on
/// top of n − 1, and version 1 only where nothing is.
#[derive(Debug, Clone)]
pub enum Write {
    Application(Box<Application>, Box<ApplicationEvent>),
    /// A draft is not an event yet.
    Draft(Box<Application>),
    Contract(Box<Contract>, Box<ContractEvent>),
    User(Box<User>),
    Device(Box<Device>),
    Camera(Box<Camera>),
    /// Binds a serial to a contract; refused if it is bound (2-11).
    ClaimSerial {
        model: String,
        serial: String,
        contract: ContractId,
        device: DeviceId,
    },
    ReleaseSerial {
        model: String,
        serial: String,
        device: DeviceId,
    },
    /// Binds an e-mail address to one user of the service; refused if it is bound.
    ClaimEmail {
        email: String,
        user: UserId,
    },
    ReleaseEmail {
        email: String,
        user: UserId,
    },
    /// Lets a device be found by the SHA-256 of its one-time code until the code expires.
    Code {
        hash: String,
        contract: ContractId,
        device: DeviceId,
        expires_at: Timestamp,
    },
    ForgetCode {
        hash: String,
    },
    Audit(Box<AuditRow>),
    Notice(Box<NoticeRecord>),
    /// What became of a notice: its next version, by itself and under its contract.
    NoticeOutcome(Box<NoticeRecord>),
    /// Confidential table.
    Screening(Box<Screening>),
    /// Confidential table; version 1 only.
    Register(Box<RegisterEntry>),
    /// The operator's settings; replaces what is there.
    Operator(Box<Operator>),
    /// A version of the price list; replaces only the same version.
    Prices(Box<PriceList>),
    /// A version of the terms; refused if the version exists.
    Terms(Box<TermsText>),
}

/// What kind of write met something in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// An entity moved on since it was read: read again and decide again.
    Entity,
    Serial,
    Email,
    /// The same idempotency key was used before.
    Remembered,
    /// The version of a document, a notice or a register entry exists already.
    Once,
}

/// Where a message of the outbox goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Notices,
    Screening,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Tell people.
    Notice(Notice),
    /// Check a submitted application.
    Screen(ApplicationId),
}

impl Body {
    /// Returns the queue that takes it.
    pub fn topic(&self) -> Topic {
        match self {
            Body::Notice(_) => Topic::Notices,
            Body::Screen(_) => Topic::Screening,
        }
    }
}

/// A message of the outbox, written in the decision's transaction and sent after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    /// When the decision was taken.
    pub at: Timestamp,
    pub body: Body,
}

/// A request that may come again: the caller, its key, and the SHA-256 of what it asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Who asks; keys of different callers never meet.
    pub caller: String,
    pub key: String,
    /// Method, path and body, hashed, in hexadecimal.
    pub request_hash: String,
}

/// How long the answer to an attempt is kept.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The answer to an attempt, kept in the decision's transaction for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub caller: String,
    pub key: String,
    pub request_hash: String,
    pub at: Timestamp,
    pub status: u16,
    pub location: Option<String>,
    pub body: Value,
}

impl Remembered {
    /// Returns when the answer is forgotten: from then on the same key is a new request.
    pub fn kept_until(&self) -> Timestamp {
        self.at
            .saturating_add(REMEMBERED_FOR)
            .unwrap_or(Timestamp::MAX)
    }
}

/// Everything that one decision writes.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    pub writes: Vec<Write>,
    pub messages: Vec<Message>,
    pub remembered: Option<Remembered>,
}

impl Decision {
    /// Starts with one write.
    pub fn of(write: Write) -> Self {
        Decision {
            writes: vec![write],
            ..Decision::default()
        }
    }

    /// Adds a write.
    #[must_use]
    pub fn and(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// Adds a message to the outbox.
    #[must_use]
    pub fn say(mut self, id: MessageId, at: Timestamp, body: Body) -> Self {
        self.messages.push(Message { id, at, body });
        self
    }
}

/// Why a decision was not written. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something stands in the way of a write of this kind.
    #[error("a condition of the transaction did not hold: {0:?}")]
    Conflict(WriteKind),
    /// The store did not answer or refused; try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}
