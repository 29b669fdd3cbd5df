//! Cases of the operator's list, and the daily audit's report and runs.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use ciero_domain::contract::Case;
use ciero_domain::ids::MessageId;
use ciero_ports::{AuditReport, AuditReports, AuditRun, Cases, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::item::Item;
use crate::keys;
use crate::operation::{Operation, Operations, Table};
use crate::{Store, describe};

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
        let item = Item::with_body(keys::audit_run(run.began), run)
            .map_err(|error| StoreError::Unavailable(error.0))?;
        let until = run.began.saturating_add(RUN_KEPT).unwrap_or(Timestamp::MAX);
        let item = item.version(run.version).expires(until);
        let request = self.client.put_item().table_name(&self.main);
        let request = request.set_item(Some(item.into_attributes()));
        let request = match run.version {
            0 | 1 => request
                .condition_expression("attribute_not_exists(#name)")
                .expression_attribute_names("#name", keys::PK),
            version => request
                .condition_expression("#name = :before")
                .expression_attribute_names("#name", keys::VERSION)
                .expression_attribute_values(
                    ":before",
                    AttributeValue::N((version - 1).to_string()),
                ),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(StoreError::Unavailable(describe(&error))),
        }
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
