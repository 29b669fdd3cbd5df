//! What is read from and written to the two tables.

use async_trait::async_trait;
use ciero_domain::application::{Application, State};
use ciero_domain::contract::Contract;
use ciero_domain::device::{Camera, Device};
use ciero_domain::documents::Operator;
use ciero_domain::ids::{ApplicationId, CameraId, ContractId, DeviceId, MessageId, UserId};
use ciero_domain::notice::NoticeRecord;
use ciero_domain::prices::PriceList;
use ciero_domain::screening::{RegisterEntry, Screening};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_domain::user::User;
use jiff::civil::Date;

use crate::decision::{AuditRow, CommitError, Decision, Message, Remembered};

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
}

/// Contracts (3-3, Art. 11).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Contracts: Send + Sync {
    async fn contract(&self, id: &ContractId) -> Result<Option<Contract>, StoreError>;
    /// Contracts, newest first, at most 200; eventually consistent.
    async fn contracts(&self) -> Result<Vec<Contract>, StoreError>;
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
    async fn remembered(&self, caller: &str, key: &str) -> Result<Option<Remembered>, StoreError>;
    /// Returns messages that wait in the outbox, oldest first.
    async fn unsent(&self, most: u16) -> Result<Vec<Message>, StoreError>;
    /// Takes sent messages out of the outbox.
    async fn sent(&self, messages: &[Message]) -> Result<(), StoreError>;
}
