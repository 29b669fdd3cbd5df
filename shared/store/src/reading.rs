//! Reads that every entity shares: one item, a whole range, a list for people.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use ciero_ports::StoreError;
use serde::de::DeserializeOwned;

use crate::item::{Attributes, body, key_attributes};
use crate::keys::{Key, LIST, LIST_KEY, LISTS, PK, SK};
use crate::operation::Table;
use crate::{Store, describe};

/// How many entries a list for people shows.
const LONGEST_LIST: usize = 200;

/// Which end of a range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// A range of one partition, or of one list of the index.
#[derive(Debug, Clone)]
pub(crate) struct Range<'a> {
    pub table: Table,
    pub partition: &'a str,
    /// What the sort key begins with; empty for all of the partition.
    pub prefix: &'a str,
    pub order: Order,
    pub most: usize,
}

impl<'a> Range<'a> {
    /// Returns a range of the main table without a limit, in key order.
    pub fn all(partition: &'a str, prefix: &'a str) -> Self {
        Range {
            table: Table::Main,
            partition,
            prefix,
            order: Order::Ascending,
            most: usize::MAX,
        }
    }
}

impl Store {
    /// Returns the table's name; a function without the confidential table cannot reach it by mistake.
    pub(crate) fn table(&self, table: Table) -> Result<&str, StoreError> {
        match table {
            Table::Main => Ok(&self.main),
            Table::Confidential => self.confidential.as_deref().ok_or_else(|| {
                StoreError::Unavailable("this function has no confidential table".to_owned())
            }),
        }
    }

    /// Reads one item, strongly consistently.
    pub(crate) async fn item(
        &self,
        table: Table,
        key: Key,
    ) -> Result<Option<Attributes>, StoreError> {
        let request = self.client.get_item().table_name(self.table(table)?);
        let answer = request
            .set_key(Some(key_attributes(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::Unavailable(describe(&error)))?;
        Ok(answer.item)
    }

    /// Tells whether an item was there a moment ago; nothing of it is sent.
    pub(crate) async fn has(&self, table: Table, key: Key) -> Result<bool, StoreError> {
        let request = self.client.get_item().table_name(self.table(table)?);
        let answer = request
            .set_key(Some(key_attributes(key)))
            .projection_expression(PK)
            .send()
            .await
            .map_err(|error| StoreError::Unavailable(describe(&error)))?;
        Ok(answer.item.is_some())
    }

    /// Reads the entity of one item, strongly consistently.
    pub(crate) async fn entity<T: DeserializeOwned>(
        &self,
        table: Table,
        key: Key,
    ) -> Result<Option<T>, StoreError> {
        self.item(table, key).await?.map(body).transpose()
    }

    /// Reads the entities of a range, strongly consistently.
    pub(crate) async fn range<T: DeserializeOwned>(
        &self,
        range: Range<'_>,
    ) -> Result<Vec<T>, StoreError> {
        let condition = match range.prefix {
            "" => "#pk = :pk",
            _ => "#pk = :pk AND begins_with(#sk, :prefix)",
        };
        let query = self
            .client
            .query()
            .table_name(self.table(range.table)?)
            .consistent_read(true)
            .key_condition_expression(condition)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(range.partition.to_owned()))
            .scan_index_forward(range.order == Order::Ascending);
        let query = match range.prefix {
            "" => query,
            prefix => query
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
        };
        pages(query, range.most).await
    }

    /// Reads what sorts before a text in a partition of the main table, strongly consistently.
    pub(crate) async fn before<T: DeserializeOwned>(
        &self,
        partition: &str,
        before: &str,
        most: usize,
    ) -> Result<Vec<T>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.main)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk <= :sk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .expression_attribute_values(":sk", AttributeValue::S(before.to_owned()));
        pages(query, most).await
    }

    /// Asks the index for one of its lists, after the list key on which the page before ended.
    pub(crate) fn list_query(
        &self,
        list: &str,
        from: Option<String>,
        order: Order,
    ) -> QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(&self.main)
            .index_name(LISTS)
            .expression_attribute_names("#list", LIST)
            .expression_attribute_values(":list", AttributeValue::S(list.to_owned()))
            .scan_index_forward(order == Order::Ascending);
        match from {
            None => query.key_condition_expression("#list = :list"),
            Some(from) => query
                .key_condition_expression("#list = :list AND #key > :from")
                .expression_attribute_names("#key", LIST_KEY)
                .expression_attribute_values(":from", AttributeValue::S(from)),
        }
    }

    /// Reads one of people's lists from the index, newest first; eventually consistent.
    pub(crate) async fn list<T: DeserializeOwned>(&self, list: &str) -> Result<Vec<T>, StoreError> {
        let query = self.list_query(list, None, Order::Descending);
        pages(query, LONGEST_LIST).await
    }
}

/// Follows a query page by page until it ends or enough is there.
pub(crate) async fn pages<T: DeserializeOwned>(
    query: QueryFluentBuilder,
    most: usize,
) -> Result<Vec<T>, StoreError> {
    pages_of(query, None, most, body).await
}

/// Follows a query after an item, reading each item in its own way.
pub(crate) async fn pages_of<T>(
    query: QueryFluentBuilder,
    mut from: Option<Attributes>,
    most: usize,
    read: impl Fn(Attributes) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut entities = Vec::new();
    loop {
        // A limit above a page's megabyte changes nothing, so the largest number serves as "no limit".
        let left = i32::try_from(most - entities.len()).unwrap_or(i32::MAX);
        let page = query.clone().limit(left).set_exclusive_start_key(from);
        let page = page
            .send()
            .await
            .map_err(|error| StoreError::Unavailable(describe(&error)))?;
        for item in page.items.unwrap_or_default() {
            entities.push(read(item)?);
        }
        from = page.last_evaluated_key.filter(|key| !key.is_empty());
        if from.is_none() || entities.len() >= most {
            return Ok(entities);
        }
    }
}
