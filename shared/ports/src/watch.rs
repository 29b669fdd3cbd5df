//! The camera watch's own records: the cameras' ledgers, what customers were told, and its runs.

use async_trait::async_trait;
use ciero_domain::ids::{CameraId, ContractId};
use ciero_domain::watch::{Ledger, Service, Tally, Told, Trouble};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::records::StoreError;

/// A camera that does not record, for the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedCamera {
    pub contract: ContractId,
    pub camera: CameraId,
    pub since: Timestamp,
    pub trouble: Trouble,
}

/// A contract that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedContract {
    pub contract: ContractId,
    /// How many cameras were ever added; another one brings the contract back.
    pub cameras_added: u64,
}

/// Some of the contracts that are watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchedPage {
    pub contracts: Vec<WatchedContract>,
    /// After which contract the next page goes on; `None` on the last.
    pub next: Option<ContractId>,
}

/// What the newest complete run saw, one item that the next run replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchReport {
    /// When the run began.
    pub at: Option<Timestamp>,
    pub tally: Tally,
    pub service: Service,
    /// The longest stopped first, as many as the list keeps; the tally counts all.
    pub stopped: Vec<StoppedCamera>,
}

/// A run that goes on in another part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchRun {
    /// Names the run.
    pub began: Timestamp,
    /// Counts the parts that are written down; 0 before the first.
    pub version: u64,
    /// After which contract the next part goes on.
    pub after: Option<ContractId>,
    pub tally: Tally,
    pub stopped: Vec<StoppedCamera>,
    /// Contracts with something to tell, which waits until all cameras were looked at.
    pub with_news: Vec<ContractId>,
}

impl WatchRun {
    /// Begins a run.
    pub fn begin(began: Timestamp) -> Self {
        WatchRun {
            began,
            version: 0,
            after: None,
            tally: Tally::default(),
            stopped: Vec::new(),
            with_news: Vec::new(),
        }
    }
}

/// The camera watch's records. Reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Watch: Send + Sync {
    /// Contracts to which cameras were added, in the order of their identifiers and after one of them: at most so many.
    async fn watched(
        &self,
        after: Option<ContractId>,
        most: u16,
    ) -> Result<WatchedPage, StoreError>;
    /// Takes a contract off that list, unless a camera was added since it was read.
    async fn unwatch(&self, contract: &WatchedContract) -> Result<(), StoreError>;
    /// The ledgers of a contract's cameras.
    async fn ledgers(&self, contract: &ContractId) -> Result<Vec<Ledger>, StoreError>;
    /// Writes a ledger on top of its version before. `false` if another run was faster.
    async fn put_ledger(&self, ledger: &Ledger) -> Result<bool, StoreError>;
    /// What a contract's customer was told.
    async fn told(&self, contract: &ContractId) -> Result<Told, StoreError>;
    /// What the newest complete run saw.
    async fn watch_report(&self) -> Result<WatchReport, StoreError>;
    async fn put_watch_report(&self, report: &WatchReport) -> Result<(), StoreError>;
    /// Returns a run that goes on, by when it began.
    async fn watch_run(&self, began: Timestamp) -> Result<Option<WatchRun>, StoreError>;
    /// Writes a run on top of its version before. `false` if that part was written already.
    async fn put_watch_run(&self, run: &WatchRun) -> Result<bool, StoreError>;
}
