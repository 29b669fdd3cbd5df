//! Disclosure cases with their history, the copies of held recordings, and breaches, in the confidential table (21-4).

use async_trait::async_trait;
use ciero_domain::breach::Breach;
use ciero_domain::disclosure::{Disclosure, Entry, HoldCopy};
use ciero_domain::ids::{BreachId, DisclosureId};
use ciero_ports::{Disclosures, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Writes a case on its version, and what happened to it.
pub(crate) fn put(case: &Disclosure, entry: &Entry) -> Operations {
    let state = Item::with_body(keys::disclosure(&case.id), case)?;
    let event = Item::with_body(keys::disclosure_event(&case.id, entry.version), entry)?;
    Ok(vec![
        Operation::put_version(state, case.version).confidential(),
        Operation::put(event, Condition::Absent, WriteKind::Entity).confidential(),
    ])
}

/// Writes how far a copy is, on its version.
pub(crate) fn put_copy(copy: &HoldCopy) -> Operations {
    let item = Item::with_body(keys::hold_copy(&copy.order), copy)?;
    Ok(vec![
        Operation::put_version(item, copy.version).confidential(),
    ])
}

/// Writes a breach on its version.
pub(crate) fn put_breach(breach: &Breach) -> Operations {
    let item = Item::with_body(keys::breach(&breach.id), breach)?;
    Ok(vec![
        Operation::put_version(item, breach.version).confidential(),
    ])
}

fn confidential<'a>(partition: &'a str, prefix: &'a str) -> Range<'a> {
    Range {
        table: Table::Confidential,
        ..Range::all(partition, prefix)
    }
}

#[async_trait]
impl Disclosures for Store {
    async fn disclosure(&self, id: &DisclosureId) -> Result<Option<Disclosure>, StoreError> {
        self.entity(Table::Confidential, keys::disclosure(id)).await
    }

    async fn disclosures(&self) -> Result<Vec<Disclosure>, StoreError> {
        self.range(confidential(keys::DISCLOSURES, "")).await
    }

    async fn disclosure_history(&self, id: &DisclosureId) -> Result<Vec<Entry>, StoreError> {
        let partition = keys::disclosure_partition(id);
        self.range(confidential(&partition, keys::EVENTS)).await
    }

    async fn hold_copies(&self, id: &DisclosureId) -> Result<Vec<HoldCopy>, StoreError> {
        let partition = keys::disclosure_partition(id);
        self.range(confidential(&partition, keys::HOLD_COPIES))
            .await
    }

    async fn breach(&self, id: &BreachId) -> Result<Option<Breach>, StoreError> {
        self.entity(Table::Confidential, keys::breach(id)).await
    }

    async fn breaches(&self) -> Result<Vec<Breach>, StoreError> {
        self.range(confidential(keys::BREACHES, "")).await
    }
}
