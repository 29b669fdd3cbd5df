//! 消去証明書: what was deleted, where and when, what is kept and why; signed, and the same bytes for the same content (15-3).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::contract::TerminationCause;
use crate::documents::Bilingual;
use crate::ids::ContractId;

/// Names the layout of the file.
pub const FORMAT: &str = "ciero-deletion-certificate-1";

/// What a certificate states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// The data were deleted and nothing was found any more.
    DataDeleted,
    /// No recovery copy of what was deleted is left either.
    RecoveryCopiesExpired,
}

impl Statement {
    /// Returns its number among the certificates of a contract.
    pub fn number(self) -> u32 {
        match self {
            Statement::DataDeleted => 1,
            Statement::RecoveryCopiesExpired => 2,
        }
    }
}

/// How much of what was taken away, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    pub step: String,
    pub store: String,
    pub what: Bilingual,
    pub deleted: u64,
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub what: Bilingual,
    pub why: Bilingual,
    /// The last day, or `None` where it depends on what happens.
    pub until: Option<Date>,
}

/// The statement that is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub format: String,
    pub statement: Statement,
    pub operator: Bilingual,
    pub contract: ContractId,
    pub ended_on: Date,
    pub cause: TerminationCause,
    pub begun_at: Timestamp,
    /// When the search of every store found nothing: before that, and under other holds than those, none is issued.
    pub searched_at: Timestamp,
    pub issued_at: Timestamp,
    pub deleted: Vec<Counted>,
    pub kept: Vec<Kept>,
    /// SHA-256 of the last line of the journal, each line of which carries that of the line before.
    pub journal_sha256: String,
    pub journal_lines: u64,
    /// From this day on no recovery copy of the tables holds what was deleted.
    pub recovery_copies_gone_on: Date,
    /// SHA-256 of the public key; a reader trusts the key that it was given, never one that the file names.
    pub key_sha256: String,
}

/// A certificate with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCertificate {
    pub certificate: Certificate,
    /// Ed25519, in hexadecimal.
    pub signature: String,
}

/// The file is no certificate, or not byte for byte as it was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is not a certificate as it is issued")]
pub struct Unreadable;

impl Certificate {
    /// Returns the bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = FORMAT.as_bytes().to_vec();
        bytes.push(b'\n');
        // Plain structs of texts and numbers always serialise.
        bytes.extend(serde_json::to_vec(self).unwrap_or_default());
        bytes
    }
}

impl SignedCertificate {
    /// Returns the file as it is issued.
    pub fn file(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a file; it must be byte for byte what is issued for its content, so that no byte can be changed unseen.
    pub fn read(file: &[u8]) -> Result<Self, Unreadable> {
        let signed: SignedCertificate = serde_json::from_slice(file).map_err(|_| Unreadable)?;
        let same = signed.file().as_bytes() == file && signed.certificate.format == FORMAT;
        same.then_some(signed).ok_or(Unreadable)
    }
}
