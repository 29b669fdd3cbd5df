//! Writes of one item by itself, outside of a decision: what decides nothing else.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use ciero_ports::StoreError;

use crate::item::{Item, Unwritable};
use crate::operation::Table;
use crate::{Store, describe, keys};

impl Store {
    /// Puts an entity on top of the version before it, or where nothing is if it is the first. `false` if it is not so.
    pub(crate) async fn put_on_version(
        &self,
        item: Item,
        version: u64,
    ) -> Result<bool, StoreError> {
        let request = self.client.put_item().table_name(&self.main);
        let request = request.set_item(Some(item.version(version).into_attributes()));
        let request = match version {
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
        kept(request).await
    }

    /// Puts an item whose identifier was drawn for it alone. What is there already is the same item: an attempt whose answer
    /// was lost.
    pub(crate) async fn append(&self, table: Table, item: Item) -> Result<(), StoreError> {
        let request = self.client.put_item().table_name(self.table(table)?);
        let request = request
            .set_item(Some(item.into_attributes()))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", keys::PK);
        kept(request).await.map(|_| ())
    }

    /// Puts an item in the place of whatever is there.
    pub(crate) async fn replace(&self, item: Item) -> Result<(), StoreError> {
        let request = self.client.put_item().table_name(&self.main);
        let answer = request.set_item(Some(item.into_attributes())).send().await;
        answer
            .map(|_| ())
            .map_err(|error| StoreError::Unavailable(describe(&error)))
    }
}

/// Sends a write; `false` if its condition did not hold.
async fn kept(request: PutItemFluentBuilder) -> Result<bool, StoreError> {
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

/// Only a mistake in the program makes an item that has no form in the table.
pub(crate) fn unwritable(error: Unwritable) -> StoreError {
    StoreError::Unavailable(error.0)
}
