//! One item: its key, its entity as a map, and what the table and the index need beside it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use ciero_ports::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keys::{BODY, EXPIRES_AT, Key, LIST, LIST_KEY, PK, SK, VERSION};

/// The attributes of an item as the SDK takes and gives them.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// An entity that has no form in the table; only a mistake in the program makes one.
#[derive(Debug)]
pub(crate) struct Unwritable(pub String);

/// An item under construction.
#[derive(Debug, Clone)]
pub(crate) struct Item(Attributes);

impl Item {
    /// Starts an item that consists of its key alone.
    pub fn at(key: Key) -> Self {
        Item(key_attributes(key))
    }

    /// Starts an item that carries an entity.
    pub fn with_body<T: Serialize>(key: Key, entity: &T) -> Result<Self, Unwritable> {
        let name = key.to_string();
        let body = serde_dynamo::to_attribute_value(entity)
            .map_err(|error| Unwritable(format!("{name}: {error}")))?;
        let mut item = Item::at(key);
        item.0.insert(BODY.to_owned(), body);
        Ok(item)
    }

    /// Adds the version that the next write must stand on.
    pub fn version(self, version: u64) -> Self {
        self.set(VERSION, AttributeValue::N(version.to_string()))
    }

    /// Shows the item in one of people's lists.
    pub fn listed(self, list: &str, key: &str) -> Self {
        self.text(LIST, list).text(LIST_KEY, key)
    }

    /// Lets the table drop the item some time after a moment.
    pub fn expires(self, at: Timestamp) -> Self {
        self.number(EXPIRES_AT, at.as_second())
    }

    /// Adds a plain number.
    pub fn number(self, name: &str, value: i64) -> Self {
        self.set(name, AttributeValue::N(value.to_string()))
    }

    /// Adds a plain text.
    pub fn text(self, name: &str, value: &str) -> Self {
        self.set(name, AttributeValue::S(value.to_owned()))
    }

    fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Returns the attributes for the SDK.
    pub fn into_attributes(self) -> Attributes {
        self.0
    }
}

/// Returns the two key attributes.
pub(crate) fn key_attributes(key: Key) -> Attributes {
    HashMap::from([
        (PK.to_owned(), AttributeValue::S(key.pk)),
        (SK.to_owned(), AttributeValue::S(key.sk)),
    ])
}

/// Reads the entity of an item. The error names the item but none of its content, which may be personal.
pub(crate) fn body<T: DeserializeOwned>(mut item: Attributes) -> Result<T, StoreError> {
    let entity = item.remove(BODY);
    entity
        .and_then(|entity| serde_dynamo::from_attribute_value(entity).ok())
        .ok_or_else(|| corrupt(&item))
}

/// Reads a plain text of an item through its own parser.
pub(crate) fn parsed<T, E>(
    item: &Attributes,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, StoreError> {
    let text = item.get(name).and_then(|value| value.as_s().ok());
    text.and_then(|text| parse(text).ok())
        .ok_or_else(|| corrupt(item))
}

fn corrupt(item: &Attributes) -> StoreError {
    let part = |name: &str| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.map_or("?", String::as_str).to_owned()
    };
    StoreError::Corrupt(format!("{}/{}", part(PK), part(SK)))
}
