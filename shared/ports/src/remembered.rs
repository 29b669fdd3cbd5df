//! A request that may come again gets the answer that it got (idempotency keys).

use ciero_domain::ids::ContractId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who asks; keys of different callers never meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub name: String,
    /// The contract of a customer's user: what was answered is kept with it, and goes with it (15-3).
    pub contract: Option<ContractId>,
}

/// A request that may come again: the caller, its key, and the SHA-256 of what it asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub caller: Caller,
    pub key: String,
    /// Method, path and body, hashed, in hexadecimal.
    pub request_hash: String,
}

/// How long the answer to an attempt is kept.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The answer to an attempt, kept in the decision's transaction for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub caller: Caller,
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
