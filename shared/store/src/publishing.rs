//! Changes of the terms, proofs of their publication, and interruptions of the service (23, 8-1).

use async_trait::async_trait;
use ciero_domain::interruption::Interruption;
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::terms::{Draft, Sighting};
use ciero_ports::{Interruptions, SeenPage, ServiceEnds, StoreError, TermsChanges};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Operation, Operations, Table};
use crate::reading::{Order, Range};
use crate::writing::unwritable;

/// How many interruptions are read: more than anyone looks back at.
const MOST_INTERRUPTIONS: usize = 200;

/// Writes a draft on its version.
pub(crate) fn put_draft(draft: &Draft) -> Operations {
    let item = Item::with_body(keys::terms_draft(&draft.name), draft)?;
    Ok(vec![Operation::put_version(item, draft.version)])
}

/// Writes an interruption on its version.
pub(crate) fn put_interruption(one: &Interruption) -> Operations {
    let item = Item::with_body(keys::interruption(one), one)?;
    Ok(vec![Operation::put_version(item, one.version)])
}

/// Writes the end of the service on its version.
pub(crate) fn put_service_end(end: &ServiceEnd) -> Operations {
    let item = Item::with_body(keys::service_end(), end)?;
    Ok(vec![Operation::put_version(item, end.version)])
}

/// Demands that the end of the service is still at this version.
pub(crate) fn service_end_stands_at(version: u64) -> Operations {
    Ok(vec![Operation::check(keys::service_end(), version)])
}

#[async_trait]
impl ServiceEnds for Store {
    async fn service_end(&self) -> Result<Option<ServiceEnd>, StoreError> {
        self.entity(Table::Main, keys::service_end()).await
    }
}

#[async_trait]
impl TermsChanges for Store {
    async fn draft(&self, name: &str) -> Result<Option<Draft>, StoreError> {
        self.entity(Table::Main, keys::terms_draft(name)).await
    }

    async fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        self.range(Range::all(keys::TERMS, keys::DRAFTS)).await
    }

    async fn sightings(&self, version: &str, most: u16) -> Result<Vec<Sighting>, StoreError> {
        let partition = keys::terms_partition(version);
        let range = Range {
            order: Order::Descending,
            most: usize::from(most),
            ..Range::all(&partition, keys::SIGHTINGS)
        };
        self.range(range).await
    }

    async fn note_sighting(&self, sighting: &Sighting) -> Result<(), StoreError> {
        let item = Item::with_body(keys::sighting(sighting), sighting).map_err(unwritable)?;
        self.append(Table::Main, item).await
    }

    async fn seen_page(&self, version: &str, sha256: &str) -> Result<Option<SeenPage>, StoreError> {
        let key = keys::seen_page(version, sha256);
        self.entity(Table::Main, key).await
    }

    async fn keep_page(&self, page: &SeenPage) -> Result<(), StoreError> {
        let key = keys::seen_page(&page.terms_version, &page.sha256);
        // A page hardly ever changes, and a refused write costs as much as the whole of it.
        if self.has(Table::Main, key.clone()).await? {
            return Ok(());
        }
        let item = Item::with_body(key, page).map_err(unwritable)?;
        self.append(Table::Main, item).await
    }
}

#[async_trait]
impl Interruptions for Store {
    async fn interruptions(&self) -> Result<Vec<Interruption>, StoreError> {
        let range = Range {
            order: Order::Descending,
            most: MOST_INTERRUPTIONS,
            ..Range::all(keys::INTERRUPTIONS, "")
        };
        self.range(range).await
    }
}
