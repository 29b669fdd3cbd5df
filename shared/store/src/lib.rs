//! The service's records in two DynamoDB tables: one file per entity, keys in one module.
//!
//! `main` holds the service, `confidential` screening reasons and registers. A decision is one
//! `TransactWriteItems`; whatever decides something is read strongly consistently. Lists for people come
//! from the index `lists`, which is only eventually consistent and decides nothing.

mod applications;
mod audit;
mod billing;
mod cases;
mod commit;
mod confidential;
mod contracts;
mod deletions;
mod devices;
mod disclosures;
mod documents;
mod due_work;
mod exports;
mod item;
mod keys;
mod ledger;
mod notices;
mod operation;
mod people;
mod publishing;
mod purge;
mod reading;
mod registers;
mod resellers;
mod staff_views;
mod viewing;
mod watch;
mod writing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_types::SdkConfig;
use ciero_domain::terms::TermsText;

/// The records of the service. A clone shares the client.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    main: String,
    confidential: Option<String>,
    /// Over how many partitions due work is spread; 0 in a function that writes none.
    due_shards: u16,
    /// Published texts that were read: they never change, and each is nine read units.
    texts: Arc<Mutex<BTreeMap<String, TermsText>>>,
}

impl Store {
    /// Opens the tables by name; a function that has no business with the confidential one gives `None`.
    pub fn new(config: &SdkConfig, main_table: &str, confidential_table: Option<String>) -> Self {
        Store {
            client: Client::new(config),
            main: main_table.to_owned(),
            confidential: confidential_table,
            due_shards: 0,
            texts: Arc::default(),
        }
    }

    /// Lets the function write due work. The number of shards must be the same everywhere.
    #[must_use]
    pub fn with_due_work(mut self, shards: u16) -> Self {
        self.due_shards = shards;
        self
    }
}

/// Says what went wrong without the raw answer, which may hold personal data.
fn describe<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(refused) = error.as_service_error() {
        let code = refused.code().unwrap_or("unknown error");
        return format!("{code}: {}", refused.message().unwrap_or_default());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
