//! What a purge reads and takes away (15-3), and the deletions that customers ask for (15-2).

use async_trait::async_trait;
use ciero_domain::deletion::Deletion;
use ciero_domain::ids::{ApplicationId, CameraId, ContractId};
use ciero_domain::purge::{Journal, Line, SignedCertificate};
use ciero_domain::screening::RegisterEntry;

use crate::cloud::CloudError;
use crate::decision::Write;
use crate::records::StoreError;

/// Some of the records that a purge takes away, few enough for one transaction.
#[derive(Debug, Clone, Default)]
pub struct Portion {
    pub writes: Vec<Write>,
    /// How many records they are; a claim or pointer goes with its record and is not counted.
    pub count: u64,
    /// Where the next portion begins; `None` after the last.
    pub next: Option<String>,
}

/// The records of purges. All reads are strong.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Purges: Send + Sync {
    async fn journal(&self, contract: &ContractId) -> Result<Option<Journal>, StoreError>;
    /// The lines of a journal, the first one first.
    async fn lines(&self, contract: &ContractId) -> Result<Vec<Line>, StoreError>;
    /// Contracts whose purge has begun and is not certified, at most so many.
    async fn under_way(&self, most: u16) -> Result<Vec<ContractId>, StoreError>;
    /// The next records to be taken away. What is kept is named; everything else goes.
    async fn portion(
        &self,
        contract: &ContractId,
        application: &ApplicationId,
        from: Option<String>,
    ) -> Result<Portion, StoreError>;
    /// What the register has of this contract; what others have there is not read.
    async fn register_of(&self, contract: &ContractId) -> Result<Vec<RegisterEntry>, StoreError>;
}

/// Deletion certificates.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Certificates: Send + Sync {
    /// The certificates of a contract, the first one first.
    async fn certificates(
        &self,
        contract: &ContractId,
    ) -> Result<Vec<SignedCertificate>, StoreError>;
}

/// The deletions of recordings that wait, in the confidential table. Reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Deletions: Send + Sync {
    /// The deletion of a camera's recordings, if one waits.
    async fn deletion(
        &self,
        contract: &ContractId,
        camera: &CameraId,
    ) -> Result<Option<Deletion>, StoreError>;
    /// Every deletion that waits.
    async fn deletions(&self) -> Result<Vec<Deletion>, StoreError>;
}

/// Files, in every bucket that holds some of contracts. A folder is named without a slash at its end.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Files: Send + Sync {
    /// Deletes some of the versions of a folder's files and returns how many; 0 when none is left.
    async fn delete_some(&self, folder: &str) -> Result<u64, CloudError>;
    /// Returns how many versions there are.
    async fn count(&self, folder: &str) -> Result<u64, CloudError>;
}
