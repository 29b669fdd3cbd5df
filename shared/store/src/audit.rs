//! The audit trail of a contract; rows are added and never changed.

use async_trait::async_trait;
use ciero_domain::ids::ContractId;
use ciero_ports::{Audit, AuditRow, StoreError, WriteKind};

use crate::item::Item;
use crate::keys::{self, PK};
use crate::operation::{Condition, Operation, Operations};
use crate::reading::{Order, Range};
use crate::{Store, describe};

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
        let item = Item::with_body(keys::audit(row), row)
            .map_err(|unwritable| StoreError::Unavailable(unwritable.0))?;
        let request = self.client.put_item().table_name(&self.main);
        let answer = request
            .set_item(Some(item.into_attributes()))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            // A row's identifier is drawn once, so this is the same row: an attempt whose answer was lost.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(StoreError::Unavailable(describe(&error))),
        }
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
