//! 通知: what is sent to people, and its place in the notice ledger (Art. 24).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, ContractId, MessageId, UserId};
use crate::language::Language;

/// What a notice is about. The kind is also the mail's tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// 3-1: the application arrived.
    ApplicationReceived { application: ApplicationId },
    /// 3-2: the application was approved; the contract is formed by registration.
    ApplicationApproved { application: ApplicationId },
    /// 3-4, D-03: the same bytes whatever the ground.
    ApplicationDeclined { application: ApplicationId },
    /// 3-3: registration is complete, the contract is formed.
    RegistrationCompleted { contract: ContractId },
    /// The person may sign in; an account is made and a first password sent.
    UserInvited { contract: ContractId, user: UserId },
    /// The person was removed; the account is closed.
    UserRemoved { contract: ContractId, user: UserId },
    /// 23-2, 1-1: a later version of the terms was published.
    TermsPublished {
        terms_version: String,
        contract: ContractId,
    },
    /// 6-1: an invoice or a statement of interest was issued.
    InvoiceIssued { contract: ContractId, number: u32 },
    /// Art. 11: a renewal draws near; names the last day to refuse and the next term's price.
    RenewalReminder {
        contract: ContractId,
        order: u16,
        term: u16,
        days_before: u16,
    },
    /// Art. 11: the order was renewed; the number is that of the term that began.
    Renewed {
        contract: ContractId,
        order: u16,
        term: u16,
    },
    /// Art. 11: the order ran out.
    Expired {
        contract: ContractId,
        order: u16,
        term: u16,
    },
    /// Art. 11, 24: a refusal of renewal arrived; with its receipt number.
    RefusalReceived {
        contract: ContractId,
        order: u16,
        receipt: String,
    },
    /// 15-1, 24: a cancellation arrived; with its receipt number.
    CancellationReceived {
        contract: ContractId,
        receipt: String,
    },
    /// 15-1: the contract ended.
    ContractEnded { contract: ContractId },
    /// 13-1-2, 6-2: the demand for an unpaid invoice.
    Demand { contract: ContractId, number: u32 },
    /// 6-2, 13-1: use is suspended.
    Suspended { contract: ContractId },
    /// The suspension is lifted.
    SuspensionLifted { contract: ContractId },
    /// 13-1, 17-2: the contract is rescinded.
    Rescinded { contract: ContractId },
}

impl Notice {
    /// Returns the stable name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Notice::ApplicationReceived { .. } => "application_received",
            Notice::ApplicationApproved { .. } => "application_approved",
            Notice::ApplicationDeclined { .. } => "application_declined",
            Notice::RegistrationCompleted { .. } => "registration_completed",
            Notice::UserInvited { .. } => "user_invited",
            Notice::UserRemoved { .. } => "user_removed",
            Notice::TermsPublished { .. } => "terms_published",
            Notice::InvoiceIssued { .. } => "invoice_issued",
            Notice::RenewalReminder { .. } => "renewal_reminder",
            Notice::Renewed { .. } => "renewed",
            Notice::Expired { .. } => "expired",
            Notice::RefusalReceived { .. } => "refusal_received",
            Notice::CancellationReceived { .. } => "cancellation_received",
            Notice::ContractEnded { .. } => "contract_ended",
            Notice::Demand { .. } => "demand",
            Notice::Suspended { .. } => "suspended",
            Notice::SuspensionLifted { .. } => "suspension_lifted",
            Notice::Rescinded { .. } => "rescinded",
        }
    }

    /// Returns the clause that it rests on.
    pub fn clause(&self) -> &'static str {
        match self {
            Notice::ApplicationReceived { .. } => "3-1",
            Notice::ApplicationApproved { .. } => "3-2",
            Notice::ApplicationDeclined { .. } => "3-4",
            Notice::RegistrationCompleted { .. } => "3-3",
            Notice::UserInvited { .. } | Notice::UserRemoved { .. } => "5-1",
            Notice::TermsPublished { .. } => "23-2",
            Notice::InvoiceIssued { .. } => "6-1",
            Notice::RenewalReminder { .. }
            | Notice::Renewed { .. }
            | Notice::Expired { .. }
            | Notice::RefusalReceived { .. } => "11",
            Notice::CancellationReceived { .. } | Notice::ContractEnded { .. } => "15-1",
            Notice::Demand { .. } => "13-1-2",
            Notice::Suspended { .. } | Notice::SuspensionLifted { .. } => "6-2",
            Notice::Rescinded { .. } => "13-1",
        }
    }

    /// Returns the contract that it belongs to, if there is one yet.
    pub fn contract(&self) -> Option<&ContractId> {
        match self {
            Notice::RegistrationCompleted { contract }
            | Notice::UserInvited { contract, .. }
            | Notice::UserRemoved { contract, .. }
            | Notice::TermsPublished { contract, .. }
            | Notice::InvoiceIssued { contract, .. }
            | Notice::RenewalReminder { contract, .. }
            | Notice::Renewed { contract, .. }
            | Notice::Expired { contract, .. }
            | Notice::RefusalReceived { contract, .. }
            | Notice::CancellationReceived { contract, .. }
            | Notice::ContractEnded { contract }
            | Notice::Demand { contract, .. }
            | Notice::Suspended { contract }
            | Notice::SuspensionLifted { contract }
            | Notice::Rescinded { contract } => Some(contract),
            Notice::ApplicationReceived { .. }
            | Notice::ApplicationApproved { .. }
            | Notice::ApplicationDeclined { .. } => None,
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
    pub to: String,
    pub language: Language,
    /// SHA-256 of subject and text, in hexadecimal.
    pub content_hash: String,
    pub sent_at: Timestamp,
    /// The mail service's own identifier.
    pub mail_id: String,
}
