//! Screening reasons, the register and the screening lists, in the table with a key of its own (3-4).

use async_trait::async_trait;
use ciero_domain::hold::Holds;
use ciero_domain::ids::{ApplicationId, ContractId};
use ciero_domain::screening::{ListHeader, Reading, RegisterEntry, Review, Screening, Subject};
use ciero_ports::{Confidential, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::{Order, Range};
use crate::writing::unwritable;

/// Writes the confidential side of an application.
pub(crate) fn put_screening(screening: &Screening) -> Operations {
    let item = Item::with_body(keys::screening(&screening.application), screening)?;
    Ok(vec![
        Operation::put_version(item, screening.version).confidential(),
    ])
}

/// Writes an entry of the register, which changes once at most: when its particulars become hashes.
pub(crate) fn put_register(entry: &RegisterEntry) -> Operations {
    let item = Item::with_body(keys::register(entry.contract.as_ref(), &entry.id), entry)?;
    Ok(vec![
        Operation::put(item, Condition::Absent, WriteKind::Once).confidential(),
    ])
}

/// Replaces an entry of the register by its hashes (D-05).
pub(crate) fn put_hashed(entry: &RegisterEntry) -> Operations {
    let item = Item::with_body(keys::register(entry.contract.as_ref(), &entry.id), entry)?;
    Ok(vec![
        Operation::put(item, Condition::Always, WriteKind::Once).confidential(),
    ])
}

/// Writes a version of a screening list, which is never changed afterwards.
pub(crate) fn put_screening_list(header: &ListHeader) -> Operations {
    let item = Item::with_body(keys::screening_list(&header.list, &header.version), header)?;
    Ok(vec![
        Operation::put(item, Condition::Absent, WriteKind::Once).confidential(),
    ])
}

/// Writes a review on its version.
pub(crate) fn put_review(review: &Review) -> Operations {
    let item = Item::with_body(keys::review(&review.subject), review)?;
    Ok(vec![
        Operation::put_version(item, review.version).confidential(),
    ])
}

/// Writes the holds on a contract's data, on their version.
pub(crate) fn put_holds(holds: &Holds) -> Operations {
    let item = Item::with_body(keys::holds(&holds.contract), holds)?;
    Ok(vec![
        Operation::put_version(item, holds.version).confidential(),
    ])
}

/// Demands that the holds on a contract's data are still at this version.
pub(crate) fn holds_stand_at(contract: &ContractId, version: u64) -> Operations {
    Ok(vec![
        Operation::check(keys::holds(contract), version).confidential(),
    ])
}

#[async_trait]
impl Confidential for Store {
    async fn screening(&self, id: &ApplicationId) -> Result<Option<Screening>, StoreError> {
        self.entity(Table::Confidential, keys::screening(id)).await
    }

    async fn register(&self) -> Result<Vec<RegisterEntry>, StoreError> {
        let range = Range {
            table: Table::Confidential,
            ..Range::all(keys::REGISTER, "")
        };
        self.range(range).await
    }

    async fn screening_lists(&self) -> Result<Vec<ListHeader>, StoreError> {
        let range = Range {
            table: Table::Confidential,
            ..Range::all(keys::SCREENING_LISTS, "")
        };
        self.range(range).await
    }

    async fn review(&self, subject: &Subject) -> Result<Option<Review>, StoreError> {
        let key = keys::review(subject);
        self.entity(Table::Confidential, key).await
    }

    async fn reviews(&self) -> Result<Vec<Review>, StoreError> {
        let range = Range {
            table: Table::Confidential,
            ..Range::all(keys::REVIEWS, "")
        };
        self.range(range).await
    }

    async fn holds(&self, contract: &ContractId) -> Result<Holds, StoreError> {
        let holds = self.entity(Table::Confidential, keys::holds(contract));
        Ok(holds
            .await?
            .unwrap_or_else(|| Holds::none(contract.clone())))
    }

    async fn note_reading(&self, reading: &Reading) -> Result<(), StoreError> {
        let item = Item::with_body(keys::reading(reading), reading).map_err(unwritable)?;
        self.append(Table::Confidential, item).await
    }

    async fn readings(&self, what: &str, most: u16) -> Result<Vec<Reading>, StoreError> {
        let partition = keys::readings_partition(what);
        let range = Range {
            table: Table::Confidential,
            order: Order::Descending,
            most: usize::from(most),
            ..Range::all(&partition, "")
        };
        self.range(range).await
    }
}
