//! The legal desk's own records and files, and the archive that held recordings are copied from (21-4).

use async_trait::async_trait;
use ciero_domain::breach::Breach;
use ciero_domain::disclosure::{Disclosure, Entry, Fragment, HoldCopy};
use ciero_domain::ids::{BreachId, DisclosureId};
use jiff::Timestamp;

use crate::cloud::CloudError;
use crate::records::StoreError;

/// Disclosure cases and breaches, in the confidential table. Reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Disclosures: Send + Sync {
    async fn disclosure(&self, id: &DisclosureId) -> Result<Option<Disclosure>, StoreError>;
    /// Every case, in no order that means anything.
    async fn disclosures(&self) -> Result<Vec<Disclosure>, StoreError>;
    /// What happened to a case, oldest first.
    async fn disclosure_history(&self, id: &DisclosureId) -> Result<Vec<Entry>, StoreError>;
    /// How far the copies of a case's held recordings are.
    async fn hold_copies(&self, id: &DisclosureId) -> Result<Vec<HoldCopy>, StoreError>;
    async fn breach(&self, id: &BreachId) -> Result<Option<Breach>, StoreError>;
    /// Every incident, in no order that means anything.
    async fn breaches(&self) -> Result<Vec<Breach>, StoreError>;
}

/// The files of disclosure cases: scans, packages and copies, in the locked bucket.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CaseFiles: Send + Sync {
    /// Keeps a file under a key; the same file again changes nothing that can be seen.
    async fn put(&self, key: &str, content_type: &str, file: Vec<u8>) -> Result<(), CloudError>;
    /// Returns an address under which one file can be fetched for some seconds; it is a secret.
    async fn link(&self, key: &str, lives_seconds: u64) -> Result<String, CloudError>;
}

/// What a stream's archive keeps.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Archive: Send + Sync {
    /// Lists the fragments that hold something of a stretch by the camera's clock, in no order; none if the stream is
    /// not there.
    async fn fragments(
        &self,
        stream_name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Fragment>, CloudError>;
    /// Returns fragments as they were received, one Matroska document after the other, at most 1,000. One that has gone
    /// since it was listed is named there without frames. `None` if the stream is not there.
    async fn media(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<Option<Vec<u8>>, CloudError>;
}
