//! Cases of the operator's list, and the daily audit's report.

use async_trait::async_trait;
use ciero_domain::contract::Case;
use ciero_domain::ids::MessageId;
use ciero_ports::{AuditReport, AuditReports, Cases, StoreError};

use crate::item::Item;
use crate::keys;
use crate::operation::{Operation, Operations, Table};
use crate::{Store, describe};

/// Writes a case on its version.
pub(crate) fn put(case: &Case) -> Operations {
    let item = Item::with_body(keys::case(&case.id), case)?;
    let item = match case.closed {
        Some(_) => item,
        None => item.listed(keys::OPEN_CASES, &keys::sortable(case.opened_at)),
    };
    Ok(vec![Operation::put_version(item, case.version)])
}

#[async_trait]
impl Cases for Store {
    async fn case(&self, id: &MessageId) -> Result<Option<Case>, StoreError> {
        self.entity(Table::Main, keys::case(id)).await
    }

    async fn open_cases(&self) -> Result<Vec<Case>, StoreError> {
        self.list(keys::OPEN_CASES).await
    }
}

#[async_trait]
impl AuditReports for Store {
    async fn report(&self) -> Result<AuditReport, StoreError> {
        let report = self.entity(Table::Main, keys::audit_report()).await?;
        Ok(report.unwrap_or_default())
    }

    async fn put_report(&self, report: &AuditReport) -> Result<(), StoreError> {
        let item = Item::with_body(keys::audit_report(), report)
            .map_err(|error| StoreError::Unavailable(error.0))?;
        let request = self.client.put_item().table_name(&self.main);
        request
            .set_item(Some(item.into_attributes()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| StoreError::Unavailable(describe(&error)))
    }
}
