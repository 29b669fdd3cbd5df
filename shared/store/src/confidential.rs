//! Screening reasons, the register and the screening lists, in the table with a key of its own (3-4).

use async_trait::async_trait;
use ciero_domain::ids::ApplicationId;
use ciero_domain::screening::{ListHeader, RegisterEntry, Screening};
use ciero_ports::{Confidential, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Writes the confidential side of an application.
pub(crate) fn put_screening(screening: &Screening) -> Operations {
    let item = Item::with_body(keys::screening(&screening.application), screening)?;
    Ok(vec![
        Operation::put_version(item, screening.version).confidential(),
    ])
}

/// Writes an entry of the register, which is never changed afterwards.
pub(crate) fn put_register(entry: &RegisterEntry) -> Operations {
    let item = Item::with_body(keys::register(&entry.id), entry)?;
    Ok(vec![
        Operation::put(item, Condition::Absent, WriteKind::Once).confidential(),
    ])
}

/// Writes a version of a screening list, which is never changed afterwards.
pub(crate) fn put_screening_list(header: &ListHeader) -> Operations {
    let item = Item::with_body(keys::screening_list(&header.list, &header.version), header)?;
    Ok(vec![
        Operation::put(item, Condition::Absent, WriteKind::Once).confidential(),
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
}
