//! The audit trail of a contract; rows are added and never changed.

use async_trait::async_trait;
use ciero_domain::ids::ContractId;
use ciero_ports::{Audit, AuditRow, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::{Order, Range};
use crate::writing::unwritable;

/// Writes a row as part of a decision.
pub(crate) fn put(row: &AuditRow) -> Operations {
    let item = Item::with_body(keys::audit(row), row)?;
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Once,
    )])
}

#[async_trait]
impl Audit for Store {
    async fn append(&self, row: &AuditRow) -> Result<(), StoreError> {
        let item = Item::with_body(keys::audit(row), row).map_err(unwritable)?;
        self.append(Table::Main, item).await
    }

    async fn trail(&self, contract: &ContractId, most: u16) -> Result<Vec<AuditRow>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let partition = keys::contract_partition(contract);
        let range = Range {
            order: Order::Descending,
            most: usize::from(most),
            ..Range::all(&partition, keys::AUDIT)
        };
        self.range(range).await
    }
}
