//! What the operator says in public beside its documents: changes of the terms, proofs of them, interruptions.

use async_trait::async_trait;
use ciero_domain::Language;
use ciero_domain::ids::ContractId;
use ciero_domain::interruption::Interruption;
use ciero_domain::processor::Register;
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::terms::{Answered, Draft, Sighting};
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::CloudError;
use crate::records::StoreError;

/// A public page exactly as it was seen (D-35).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPage {
    pub terms_version: String,
    pub language: Language,
    /// When it was first seen so.
    pub at: Timestamp,
    /// SHA-256 of the page, in hexadecimal; names it.
    pub sha256: String,
    pub html: String,
}

/// Changes of the terms and the proofs of their publication (23-1, 23-2). Reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TermsChanges: Send + Sync {
    async fn draft(&self, name: &str) -> Result<Option<Draft>, StoreError>;
    /// Every draft, published ones too, by name.
    async fn drafts(&self) -> Result<Vec<Draft>, StoreError>;
    /// The newest looks at a version's public page, newest first.
    async fn sightings(&self, version: &str, most: u16) -> Result<Vec<Sighting>, StoreError>;
    async fn note_sighting(&self, sighting: &Sighting) -> Result<(), StoreError>;
    async fn seen_page(&self, version: &str, sha256: &str) -> Result<Option<SeenPage>, StoreError>;
    /// Keeps a page as it was seen; one with the same content is there already and stays.
    async fn keep_page(&self, page: &SeenPage) -> Result<(), StoreError>;
}

/// Records of interruptions (8-1).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Interruptions: Send + Sync {
    /// Those that began or will begin last, at most 200, the latest first; strongly consistent.
    async fn interruptions(&self) -> Result<Vec<Interruption>, StoreError>;
}

/// Who else takes part: sub-processors (10) and third-party services (25-1). Versions are few and read whole, oldest
/// first; reads are strongly consistent.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Registers: Send + Sync {
    async fn processors(&self) -> Result<Vec<Register>, StoreError>;
    async fn third_party_terms(&self) -> Result<Vec<ThirdPartyTerms>, StoreError>;
    /// The list that was agreed to with a contract; `None` for contracts that are older than the lists.
    async fn agreed_third_party(
        &self,
        contract: &ContractId,
    ) -> Result<Option<AgreedThirdParty>, StoreError>;
}

/// The end of the service (14-1).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ServiceEnds: Send + Sync {
    /// `None` as long as none was announced; strongly consistent.
    async fn service_end(&self) -> Result<Option<ServiceEnd>, StoreError>;
}

/// The public website, read as a visitor reads it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Website: Send + Sync {
    /// Asks for a path in a language, without any session. An error means that nothing answered.
    async fn visit(&self, path: &str, language: Language) -> Result<Answered, CloudError>;
}
