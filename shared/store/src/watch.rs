//! The camera watch: a ledger for each camera, what customers were told, and the runs with their report (9, 24).

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use ciero_domain::ids::ContractId;
use ciero_domain::watch::{Ledger, Told};
use ciero_ports::{StoreError, Watch, WatchReport, WatchRun, WatchedContract, WatchedPage};
use jiff::{SignedDuration, Timestamp};

use crate::item::{Item, Unwritable, body, key_attributes};
use crate::keys;
use crate::operation::{Operation, Operations, Table};
use crate::reading::{Range, pages_of};
use crate::writing::unwritable;
use crate::{Store, describe};

/// How long a run is kept: a part that comes later than this is of no use, because other runs have followed.
const RUN_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Writes what a customer was told, on its version.
pub(crate) fn put_told(told: &Told) -> Operations {
    let item = Item::with_body(keys::told(&told.contract), told)?;
    Ok(vec![Operation::put_version(item, told.version)])
}

fn item(ledger: &Ledger) -> Result<Item, Unwritable> {
    Item::with_body(keys::ledger(&ledger.contract, &ledger.camera), ledger)
}

/// Writes a ledger as part of a decision.
pub(crate) fn put_ledger(ledger: &Ledger) -> Operations {
    Ok(vec![Operation::put_version(item(ledger)?, ledger.version)])
}

#[async_trait]
impl Watch for Store {
    async fn watched(
        &self,
        after: Option<ContractId>,
        most: u16,
    ) -> Result<WatchedPage, StoreError> {
        let query = self.client.query().table_name(&self.main);
        let query = query
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_values(":pk", AttributeValue::S(keys::WATCHED.to_owned()));
        let after = after.map(|contract| key_attributes(keys::watched(&contract)));
        let most = usize::from(most);
        let contracts: Vec<WatchedContract> = pages_of(query, after, most, body).await?;
        let last = contracts.last().map(|watched| watched.contract.clone());
        let next = last.filter(|_| contracts.len() >= most);
        Ok(WatchedPage { contracts, next })
    }

    async fn unwatch(&self, watched: &WatchedContract) -> Result<(), StoreError> {
        let count = AttributeValue::N(watched.cameras_added.to_string());
        let request = self.client.delete_item().table_name(&self.main);
        let request = request
            .set_key(Some(key_attributes(keys::watched(&watched.contract))))
            .condition_expression("#version = :count")
            .expression_attribute_names("#version", keys::VERSION)
            .expression_attribute_values(":count", count);
        let is_condition = DeleteItemError::is_conditional_check_failed_exception;
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_condition) => Ok(()),
            Err(error) => Err(StoreError::Unavailable(describe(&error))),
        }
    }

    async fn ledgers(&self, contract: &ContractId) -> Result<Vec<Ledger>, StoreError> {
        let partition = keys::contract_partition(contract);
        self.range(Range::all(&partition, keys::LEDGERS)).await
    }

    async fn put_ledger(&self, ledger: &Ledger) -> Result<bool, StoreError> {
        let item = item(ledger).map_err(unwritable)?;
        self.put_on_version(item, ledger.version).await
    }

    async fn told(&self, contract: &ContractId) -> Result<Told, StoreError> {
        let told = self.entity(Table::Main, keys::told(contract)).await?;
        Ok(told.unwrap_or_else(|| Told::nothing(contract.clone())))
    }

    async fn watch_report(&self) -> Result<WatchReport, StoreError> {
        let report = self.entity(Table::Main, keys::watch_report()).await?;
        Ok(report.unwrap_or_default())
    }

    async fn put_watch_report(&self, report: &WatchReport) -> Result<(), StoreError> {
        let item = Item::with_body(keys::watch_report(), report).map_err(unwritable)?;
        self.replace(item).await
    }

    async fn watch_run(&self, began: Timestamp) -> Result<Option<WatchRun>, StoreError> {
        self.entity(Table::Main, keys::watch_run(began)).await
    }

    async fn put_watch_run(&self, run: &WatchRun) -> Result<bool, StoreError> {
        let item = Item::with_body(keys::watch_run(run.began), run).map_err(unwritable)?;
        let until = run.began.saturating_add(RUN_KEPT).unwrap_or(Timestamp::MAX);
        self.put_on_version(item.expires(until), run.version).await
    }
}
