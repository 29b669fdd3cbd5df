//! Exports stand under their contract; each step of the work is written on its version (9, 15-2).

use async_trait::async_trait;
use ciero_domain::export::{Export, LISTED};
use ciero_domain::ids::{ContractId, ExportId};
use ciero_ports::{Exports, StoreError};
use jiff::Timestamp;

use crate::Store;
use crate::item::{Item, Unwritable};
use crate::keys;
use crate::operation::{Operation, Operations, Table};
use crate::reading::Range;
use crate::writing::unwritable;

fn item(export: &Export) -> Result<Item, Unwritable> {
    let until = export.asked_at.saturating_add(LISTED);
    let item = Item::with_body(keys::export(&export.contract, &export.id), export)?;
    Ok(item.expires(until.unwrap_or(Timestamp::MAX)))
}

/// Writes an export as part of a decision.
pub(crate) fn put(export: &Export) -> Operations {
    Ok(vec![Operation::put_version(item(export)?, export.version)])
}

/// Counts that exports were asked for, on top of the count before.
pub(crate) fn put_asked(contract: &ContractId, count: u64) -> Operations {
    let item = Item::with_body(keys::exports_asked(contract), &count)?;
    Ok(vec![Operation::put_version(item, count)])
}

#[async_trait]
impl Exports for Store {
    async fn export(
        &self,
        contract: &ContractId,
        id: &ExportId,
    ) -> Result<Option<Export>, StoreError> {
        self.entity(Table::Main, keys::export(contract, id)).await
    }

    async fn exports(&self, contract: &ContractId) -> Result<Vec<Export>, StoreError> {
        let partition = keys::contract_partition(contract);
        let mut exports: Vec<Export> = self.range(Range::all(&partition, keys::EXPORTS)).await?;
        exports.sort_by(|a, b| (b.asked_at, &b.id).cmp(&(a.asked_at, &a.id)));
        Ok(exports)
    }

    async fn exports_asked(&self, contract: &ContractId) -> Result<u64, StoreError> {
        let count = self.entity(Table::Main, keys::exports_asked(contract));
        Ok(count.await?.unwrap_or(0))
    }

    async fn put_export(&self, export: &Export) -> Result<bool, StoreError> {
        let item = item(export).map_err(unwritable)?;
        self.put_on_version(item, export.version).await
    }
}
