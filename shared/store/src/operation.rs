//! One write of a transaction, with the condition it makes and what a broken condition means.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use ciero_ports::WriteKind;

use crate::item::{Item, Unwritable, key_attributes};
use crate::keys::{EXPIRES_AT, Key, PK, VERSION};

/// Which table an item lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Main,
    Confidential,
}

/// What must hold for a write.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Always,
    /// Nothing is there.
    Absent,
    /// Nothing is there, or its time is over at this epoch second.
    AbsentOrExpired(i64),
    /// The entity is at this version, or not there at all if the version is 0.
    At(u64),
    /// Nothing is there, or it carries this text.
    AbsentOrHeldBy {
        attribute: &'static str,
        value: String,
    },
}

#[derive(Debug, Clone)]
enum Act {
    Put(Item),
    Delete(Key),
    /// Writes nothing.
    Check(Key),
}

/// One write of a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub table: Table,
    /// What it means if the condition does not hold.
    pub kind: WriteKind,
    condition: Condition,
    act: Act,
}

/// What one write of a decision comes to.
pub(crate) type Operations = Result<Vec<Operation>, Unwritable>;

impl Operation {
    /// Puts an item into the main table.
    pub fn put(item: Item, condition: Condition, kind: WriteKind) -> Self {
        Operation {
            table: Table::Main,
            kind,
            condition,
            act: Act::Put(item),
        }
    }

    /// Puts an entity on top of the version before it, or where nothing is if it is the first.
    pub fn put_version(item: Item, version: u64) -> Self {
        let before = Condition::At(version.saturating_sub(1));
        Operation::put(item.version(version), before, WriteKind::Entity)
    }

    /// Deletes an item of the main table.
    pub fn delete(key: Key, condition: Condition, kind: WriteKind) -> Self {
        Operation {
            table: Table::Main,
            kind,
            condition,
            act: Act::Delete(key),
        }
    }

    /// Writes nothing, and refuses the transaction unless the entity is at this version, or not there if it is 0.
    pub fn check(key: Key, version: u64) -> Self {
        Operation {
            table: Table::Main,
            kind: WriteKind::Entity,
            condition: Condition::At(version),
            act: Act::Check(key),
        }
    }

    /// Turns it to the confidential table.
    pub fn confidential(mut self) -> Self {
        self.table = Table::Confidential;
        self
    }

    /// Returns it as the SDK takes it.
    pub fn into_transaction_item(self, table: &str) -> Result<TransactWriteItem, Unwritable> {
        let terms = Terms::of(self.condition);
        let whole = TransactWriteItem::builder();
        let whole = match self.act {
            Act::Put(item) => Put::builder()
                .table_name(table)
                .set_item(Some(item.into_attributes()))
                .set_condition_expression(terms.expression)
                .set_expression_attribute_names(terms.names)
                .set_expression_attribute_values(terms.values)
                .build()
                .map(|put| whole.put(put)),
            Act::Delete(key) => Delete::builder()
                .table_name(table)
                .set_key(Some(key_attributes(key)))
                .set_condition_expression(terms.expression)
                .set_expression_attribute_names(terms.names)
                .set_expression_attribute_values(terms.values)
                .build()
                .map(|delete| whole.delete(delete)),
            Act::Check(key) => ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key_attributes(key)))
                .set_condition_expression(terms.expression)
                .set_expression_attribute_names(terms.names)
                .set_expression_attribute_values(terms.values)
                .build()
                .map(|check| whole.condition_check(check)),
        };
        whole
            .map(|whole| whole.build())
            .map_err(|error| Unwritable(error.to_string()))
    }
}

/// A condition in DynamoDB's words; one name and one value are all that any of them needs.
#[derive(Default)]
struct Terms {
    expression: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Terms {
    fn of(condition: Condition) -> Self {
        let number = |number: String| Some(AttributeValue::N(number));
        let (expression, name, value) = match condition {
            Condition::Always => return Terms::default(),
            Condition::Absent | Condition::At(0) => ("attribute_not_exists(#name)", PK, None),
            Condition::At(version) => ("#name = :value", VERSION, number(version.to_string())),
            Condition::AbsentOrExpired(now) => (
                "attribute_not_exists(#name) OR #name <= :value",
                EXPIRES_AT,
                number(now.to_string()),
            ),
            Condition::AbsentOrHeldBy { attribute, value } => (
                "attribute_not_exists(#name) OR #name = :value",
                attribute,
                Some(AttributeValue::S(value)),
            ),
        };
        Terms {
            expression: Some(expression.to_owned()),
            names: Some(HashMap::from([("#name".to_owned(), name.to_owned())])),
            values: value.map(|value| HashMap::from([(":value".to_owned(), value)])),
        }
    }
}
