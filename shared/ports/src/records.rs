//! What is read from and written to the two tables.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ciero_domain::application::{Application, State};
use ciero_domain::contract::{Case, Contract, Entry, Receipt, Task};
use ciero_domain::device::{Camera, Device};
use ciero_domain::documents::Operator;
use ciero_domain::hold::Holds;
use ciero_domain::ids::{ApplicationId, CameraId, ContractId, DeviceId, MessageId, UserId};
use ciero_domain::invoice::Invoice;
use ciero_domain::notice::NoticeRecord;
use ciero_domain::prices::PriceList;
use ciero_domain::reseller::{ResellerAccount, ResellerInvoice, ResellerReceipt, ResoldFee};
use ciero_domain::screening::{ListHeader, Reading, RegisterEntry, Review, Screening, Subject};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_domain::user::User;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::decision::{AuditRow, Body, CommitError, Decision, Message};
use crate::remembered::{Caller, Remembered};

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store did not answer or refused; try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// An item is there but cannot be understood: a person must look.
    #[error("an item cannot be read: {0}")]
    Corrupt(String),
}

/// Applications (Art. 3). Reads are strongly consistent unless said.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Applications: Send + Sync {
    async fn application(&self, id: &ApplicationId) -> Result<Option<Application>, StoreError>;
    /// Applications in a state, newest first, at most 200; eventually consistent.
    async fn applications(&self, state: State) -> Result<Vec<Application>, StoreError>;
    /// One page of all applications in a state, oldest first; eventually consistent.
    async fn some_of(
        &self,
        state: State,
        from: Option<String>,
    ) -> Result<ApplicationPage, StoreError>;
}

/// Some of all applications in a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationPage {
    pub applications: Vec<Application>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// Contracts (3-3, Art. 11).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Contracts: Send + Sync {
    async fn contract(&self, id: &ContractId) -> Result<Option<Contract>, StoreError>;
    /// Those of the named contracts that are there, in no order.
    async fn named(&self, ids: &[ContractId]) -> Result<Vec<Contract>, StoreError>;
    /// Contracts, newest first, at most 200; eventually consistent.
    async fn contracts(&self) -> Result<Vec<Contract>, StoreError>;
    /// Every contract in which a demand was made or interest waits or was billed, until nothing of it is open.
    async fn in_arrears(&self) -> Result<Vec<Contract>, StoreError>;
    /// One page of all contracts' identifiers and where the next one begins; eventually consistent.
    async fn page(&self, from: Option<String>) -> Result<ContractPage, StoreError>;
    /// What happened to a contract, oldest first.
    async fn history(&self, id: &ContractId) -> Result<Vec<Entry>, StoreError>;
    /// The names of the effects of a contract.
    async fn effects(&self, id: &ContractId) -> Result<Vec<String>, StoreError>;
}

/// Some of all contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractPage {
    pub contracts: Vec<ContractId>,
    /// `None` on the last page.
    pub next: Option<String>,
}

/// Invoices, credit notes and receipts (6-1).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Billing: Send + Sync {
    async fn invoice(&self, id: &ContractId, number: u32) -> Result<Option<Invoice>, StoreError>;
    /// Documents of a contract by number.
    async fn invoices(&self, id: &ContractId) -> Result<Vec<Invoice>, StoreError>;
    /// Receipts of a contract in the order in which they were recorded.
    async fn receipts(&self, id: &ContractId) -> Result<Vec<Receipt>, StoreError>;
}

/// What resellers are billed for, and their invoices (6-2). Reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Resellers: Send + Sync {
    async fn account(&self, code: &str) -> Result<Option<ResellerAccount>, StoreError>;
    /// Fees of days before this one that are on no invoice yet, the oldest first.
    async fn unbilled(
        &self,
        code: &str,
        before: Date,
        most: u16,
    ) -> Result<Vec<ResoldFee>, StoreError>;
    /// The fees on an invoice, the oldest first.
    async fn billed(&self, code: &str, number: u32) -> Result<Vec<ResoldFee>, StoreError>;
    async fn reseller_invoice(
        &self,
        code: &str,
        number: u32,
    ) -> Result<Option<ResellerInvoice>, StoreError>;
    /// Customers of a reseller whose contracts have not ended, at most so many.
    async fn customers(&self, code: &str, most: u16) -> Result<Vec<ContractId>, StoreError>;
    /// The invoices of a reseller by number.
    async fn reseller_invoices(&self, code: &str) -> Result<Vec<ResellerInvoice>, StoreError>;
    /// The payments of a reseller in the order in which they were recorded.
    async fn reseller_receipts(&self, code: &str) -> Result<Vec<ResellerReceipt>, StoreError>;
}

/// Cases for operators.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Cases: Send + Sync {
    async fn case(&self, id: &MessageId) -> Result<Option<Case>, StoreError>;
    /// Open cases, newest first, at most 200; eventually consistent.
    async fn open_cases(&self) -> Result<Vec<Case>, StoreError>;
}

/// A message that its queue gave up on; it waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Unique; the queue's own message identifier.
    pub id: String,
    /// The kind of work, or the topic, that it belongs to.
    pub queue: String,
    /// What the message said, byte for byte.
    pub body: String,
    /// Why it failed, as far as it is known.
    pub reason: String,
    /// How often it failed with a reason.
    #[serde(default)]
    pub tries: u32,
    pub parked_at: Timestamp,
}

impl Parked {
    /// Reads the message; `None` if what was parked is none.
    pub fn message(&self) -> Option<Message> {
        serde_json::from_str(&self.body).ok()
    }

    /// Returns the due work that it asks for.
    pub fn work(&self) -> Option<Task> {
        match self.message()?.body {
            Body::Work(task) => Some(task),
            _ => None,
        }
    }
}

/// A piece of due work as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTask {
    pub task: Task,
    /// When it was handed to its queue; `None` while it waits for its day.
    pub handed_at: Option<Timestamp>,
}

/// Which work of a shard is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSpan {
    pub shard: u16,
    /// The last day that counts.
    pub through: Date,
    /// What was handed over at this moment or before, and is not done, counts as lost.
    pub lost_since: Timestamp,
    /// Goes on after this one.
    pub after: Option<Task>,
}

/// Due work in the table: waiting, handed to a queue, or parked. All reads are strong.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DueWork: Send + Sync {
    /// Work of a span that is in no queue: it waits for its day, or was handed over so long ago that it got lost. The oldest
    /// first.
    async fn due(&self, span: DueSpan, most: u16) -> Result<Vec<HeldTask>, StoreError>;
    /// How many shards there are.
    fn shards(&self) -> u16;
    /// Notes that work is in its queue since a moment: it is no longer waiting. Doing so twice changes nothing.
    async fn hand(&self, tasks: &[Task], at: Timestamp) -> Result<(), StoreError>;
    /// Lets work wait that no queue took, so that the next tick finds it.
    async fn take_back(&self, tasks: &[Task]) -> Result<(), StoreError>;
    /// Forgets work that a contract does not owe any more.
    async fn forget(&self, task: &Task) -> Result<(), StoreError>;
    /// Returns what of this work is kept nowhere: neither waiting, nor handed to its queue, nor parked.
    async fn lost(&self, tasks: &[Task]) -> Result<Vec<Task>, StoreError>;
    /// Notes why a message failed once more, for the person who will look at it.
    async fn failed(&self, body: &str, reason: &str, at: Timestamp) -> Result<(), StoreError>;
    /// Sets a message aside for a person; it is no longer handed out. Its reason is the last one noted,
    /// and its tries are those that were.
    async fn park(&self, parked: &Parked, task: Option<Task>) -> Result<(), StoreError>;
    /// Everything that is parked.
    async fn parked(&self) -> Result<Vec<Parked>, StoreError>;
    /// Takes a message off the list.
    async fn unpark(&self, id: &str) -> Result<(), StoreError>;
}

/// What the daily audit found, one list that the next run replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// When the run began.
    pub at: Option<Timestamp>,
    pub contracts: u32,
    /// How many findings there were, of which the list may keep only the first.
    #[serde(default)]
    pub missing: u64,
    #[serde(default)]
    pub doubled: u64,
    /// A contract with what is wrong with it.
    pub findings: Vec<(ContractId, ciero_domain::contract::Finding)>,
}

/// A run of the audit that goes on in another part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRun {
    /// Names the run; its day is the day of all its parts.
    pub began: Timestamp,
    /// Counts the parts that are written down; 0 before the first.
    pub version: u64,
    /// Where the next part goes on.
    pub from: Option<String>,
    /// What was found so far.
    pub report: AuditReport,
    /// The codes of the resellers of the contracts so far.
    pub resellers: BTreeSet<String>,
}

impl AuditRun {
    /// Begins a run.
    pub fn begin(began: Timestamp) -> Self {
        AuditRun {
            began,
            version: 0,
            from: None,
            report: AuditReport {
                at: Some(began),
                ..AuditReport::default()
            },
            resellers: BTreeSet::new(),
        }
    }
}

/// The audit's own records.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditReports: Send + Sync {
    async fn report(&self) -> Result<AuditReport, StoreError>;
    async fn put_report(&self, report: &AuditReport) -> Result<(), StoreError>;
    /// Returns a run that goes on, by when it began; it is kept for some days.
    async fn run(&self, began: Timestamp) -> Result<Option<AuditRun>, StoreError>;
    /// Writes a run on top of its version before. `false` if that part was written already.
    async fn put_run(&self, run: &AuditRun) -> Result<bool, StoreError>;
}

/// Administrators and registered users (2-6, 2-7).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait People: Send + Sync {
    async fn user(&self, contract: &ContractId, id: &UserId) -> Result<Option<User>, StoreError>;
    async fn users(&self, contract: &ContractId) -> Result<Vec<User>, StoreError>;
    /// Which contract a user belongs to, for sign-in.
    async fn contract_of(&self, id: &UserId) -> Result<Option<ContractId>, StoreError>;
}

/// Devices and their cameras (2-11).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Devices: Send + Sync {
    async fn device(
        &self,
        contract: &ContractId,
        id: &DeviceId,
    ) -> Result<Option<Device>, StoreError>;
    async fn devices(&self, contract: &ContractId) -> Result<Vec<Device>, StoreError>;
    async fn camera(
        &self,
        contract: &ContractId,
        id: &CameraId,
    ) -> Result<Option<Camera>, StoreError>;
    async fn cameras(&self, contract: &ContractId) -> Result<Vec<Camera>, StoreError>;
    /// How often cameras were added to a contract. Who adds one reads this before the cameras.
    async fn cameras_added(&self, contract: &ContractId) -> Result<u64, StoreError>;
    /// Finds the device that a one-time code belongs to, by the code's SHA-256.
    async fn by_code(&self, hash: &str) -> Result<Option<(ContractId, DeviceId)>, StoreError>;
}

/// The operator's documents: settings, price lists and terms.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Documents: Send + Sync {
    /// `None` before the operator has published its settings.
    async fn operator(&self) -> Result<Option<Operator>, StoreError>;
    /// The price list in force on a date.
    async fn prices(&self, on: Date) -> Result<Option<PriceList>, StoreError>;
    /// Every version of the price list, the earliest to apply first.
    async fn price_lists(&self) -> Result<Vec<PriceList>, StoreError>;
    /// Every version of the terms, oldest first.
    async fn terms_versions(&self) -> Result<Vec<TermsVersion>, StoreError>;
    async fn terms(&self, version: &str) -> Result<Option<TermsText>, StoreError>;
}

/// The three items that entitlement rests on, read in one round trip and strongly (18-1-1).
#[derive(Debug, Clone)]
pub struct Seen {
    pub contract: Contract,
    pub user: User,
    pub camera: Camera,
}

/// Entitlement's read.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Viewing: Send + Sync {
    /// `None` if any of the three is not there.
    async fn seen(
        &self,
        contract: &ContractId,
        user: &UserId,
        camera: &CameraId,
    ) -> Result<Option<Seen>, StoreError>;
}

/// Screening reasons and registers, in the table with a key of its own (3-4).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Confidential: Send + Sync {
    async fn screening(&self, id: &ApplicationId) -> Result<Option<Screening>, StoreError>;
    async fn register(&self) -> Result<Vec<RegisterEntry>, StoreError>;
    /// Every published version of every screening list.
    async fn screening_lists(&self) -> Result<Vec<ListHeader>, StoreError>;
    async fn review(&self, subject: &Subject) -> Result<Option<Review>, StoreError>;
    /// Every review, in no order that means anything.
    async fn reviews(&self) -> Result<Vec<Review>, StoreError>;
    /// The holds on a contract's data (21-4).
    async fn holds(&self, contract: &ContractId) -> Result<Holds, StoreError>;
    /// Writes down that reasons are read; whoever shows them does this first.
    async fn note_reading(&self, reading: &Reading) -> Result<(), StoreError>;
    /// The newest readings of one thing, newest first.
    async fn readings(&self, what: &str, most: u16) -> Result<Vec<Reading>, StoreError>;
}

/// The notice ledger (Art. 24).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Notices: Send + Sync {
    async fn notice(&self, id: &MessageId) -> Result<Option<NoticeRecord>, StoreError>;
    /// The newest notices of a contract, newest first.
    async fn of_contract(
        &self,
        contract: &ContractId,
        most: u16,
    ) -> Result<Vec<NoticeRecord>, StoreError>;
}

/// The audit trail.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Audit: Send + Sync {
    /// Appends one row on its own, for what decides nothing else (a view).
    async fn append(&self, row: &AuditRow) -> Result<(), StoreError>;
    /// The newest rows of a contract, newest first.
    async fn trail(&self, contract: &ContractId, most: u16) -> Result<Vec<AuditRow>, StoreError>;
}

/// Writes decisions and keeps the outbox.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes a decision in one transaction, or nothing of it.
    async fn commit(&self, decision: &Decision) -> Result<(), CommitError>;
    /// Returns the answer kept under a caller's key.
    async fn remembered(
        &self,
        caller: &Caller,
        key: &str,
    ) -> Result<Option<Remembered>, StoreError>;
    /// Returns messages that wait in the outbox, oldest first.
    async fn unsent(&self, most: u16) -> Result<Vec<Message>, StoreError>;
    /// Takes sent messages out of the outbox.
    async fn sent(&self, messages: &[Message]) -> Result<(), StoreError>;
}
