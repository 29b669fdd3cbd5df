//! Cases of the operator's list, and the daily audit's report and runs.

use async_trait::async_trait;
use ciero_domain::contract::Case;
use ciero_domain::ids::MessageId;
use ciero_ports::{AuditReport, AuditReports, AuditRun, Cases, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Operation, Operations, Table};
use crate::writing::unwritable;

/// How long a run of the audit is kept: longer than its parts may take to try again.
const RUN_KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

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

    async fn run(&self, began: Timestamp) -> Result<Option<AuditRun>, StoreError> {
        self.entity(Table::Main, keys::audit_run(began)).await
    }

    async fn put_run(&self, run: &AuditRun) -> Result<bool, StoreError> {
        let item = Item::with_body(keys::audit_run(run.began), run).map_err(unwritable)?;
        let until = run.began.saturating_add(RUN_KEPT).unwrap_or(Timestamp::MAX);
        self.put_on_version(item.expires(until), run.version).await
    }

    async fn put_report(&self, report: &AuditReport) -> Result<(), StoreError> {
        let item = Item::with_body(keys::audit_report(), report).map_err(unwritable)?;
        self.replace(item).await
    }
}
