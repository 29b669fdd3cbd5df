//! What an export reads and writes: the archive of a camera, the export's record, and its files.

use async_trait::async_trait;
use bytes::Bytes;
use ciero_domain::export::{Export, Recorded};
use ciero_domain::ids::{ContractId, ExportId};
use jiff::Timestamp;

use crate::cloud::CloudError;
use crate::records::StoreError;

/// The exports of contracts. Reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Exports: Send + Sync {
    async fn export(
        &self,
        contract: &ContractId,
        id: &ExportId,
    ) -> Result<Option<Export>, StoreError>;
    /// The exports of a contract that are listed, the newest first.
    async fn exports(&self, contract: &ContractId) -> Result<Vec<Export>, StoreError>;
    /// How often exports of a contract were asked for. Who asks reads this before the exports.
    async fn exports_asked(&self, contract: &ContractId) -> Result<u64, StoreError>;
    /// Writes an export on top of its version before. `false` if another worker was faster.
    async fn put_export(&self, export: &Export) -> Result<bool, StoreError>;
}

/// The recordings themselves, by the camera's clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Recordings: Send + Sync {
    /// Lists every fragment that begins in [from, until), in no order; none of a stream that is not there or keeps nothing.
    async fn recorded(
        &self,
        stream_name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Recorded>, CloudError>;
    /// Fetches the pictures of fragments, at most 1,000, as Matroska documents one behind the other.
    async fn media(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<Box<dyn Media>, CloudError>;
}

/// Pictures as their bytes arrive.
#[async_trait]
pub trait Media: Send {
    /// Returns the next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, CloudError>;
}

/// A file that arrives in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub key: String,
    /// The store's name for the upload.
    pub id: String,
}

/// The store of exported files. Keys begin with `contracts/<contract>/`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ExportFiles: Send + Sync {
    /// Puts a small file as a whole.
    async fn put(&self, key: &str, content_type: &str, file: Bytes) -> Result<(), CloudError>;
    /// Returns a file whole; one that is not there is an error.
    async fn get(&self, key: &str) -> Result<Bytes, CloudError>;
    /// Begins a file of many parts and returns the upload's name.
    async fn begin(&self, key: &str, content_type: &str) -> Result<String, CloudError>;
    /// Puts a part, from number 1 on; all but the last have 5 MiB or more. Returns its tag. A part that is put again replaces the
    /// first.
    async fn part(&self, upload: &Upload, number: u32, part: Bytes) -> Result<String, CloudError>;
    /// Makes the file of its parts, named by their tags in order.
    async fn complete(&self, upload: &Upload, tags: &[String]) -> Result<(), CloudError>;
    /// Gives an upload up; one that is not there is given up.
    async fn abandon(&self, upload: &Upload) -> Result<(), CloudError>;
    /// Returns an address under which anyone can fetch a file for a number of seconds. It is a secret.
    async fn link(&self, key: &str, lives_seconds: u64) -> Result<String, CloudError>;
}
