//! Fills a running `ciero up` with contracts for measurements, each formed by the real transaction.
//!
//! `contracts ENDPOINT HOW_MANY START [direct]`: contracts whose first term begins on START. Without `direct` they belong to a
//! reseller, so their invoices send no mail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use ciero_domain::application::Channel;
use ciero_domain::calendar::{days, start_of};
use ciero_domain::contract::{Contract, Step};
use ciero_domain::documents::Operator;
use ciero_domain::ids::{ContractId, ID_BYTES};
use ciero_ports::{Decision, Ledger};
use ciero_store::Store;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// How many are written side by side.
const SIDE_BY_SIDE: usize = 16;

fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "example");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

fn formed(number: usize, start: Date, channel: &Channel) -> Decision {
    let digest = Sha256::digest(format!("{start}/{number}"));
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&digest[..ID_BYTES]);
    let mut application = ciero_domain::samples::approved();
    application.channel = channel.clone();
    let now = start_of(days(start, -30));
    let id = ContractId::from_random(bytes);
    let (_, entry) = Contract::form(id, &application, start, "operator:example", now).unwrap();
    let step = Step::of(None, entry, &Operator::default()).unwrap();
    Decision::default().step(step, None)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, many, start, channel @ ..] = &arguments[..] else {
        panic!("contracts ENDPOINT HOW_MANY START [direct]");
    };
    let (many, start): (usize, Date) = (many.parse().unwrap(), start.parse().unwrap());
    let channel = match channel {
        [] => Channel::Reseller("mihon-hanbai".to_owned()),
        _ => Channel::Direct,
    };
    let shards = std::env::var("DUE_SHARDS").map_or(4, |shards| shards.parse().unwrap());
    let store = Store::new(&config(endpoint), "ciero-main", None).with_due_work(shards);
    let numbers: Vec<usize> = (0..many).collect();
    for portion in numbers.chunks(SIDE_BY_SIDE) {
        let writes = portion.iter().map(|number| {
            let (store, decision) = (store.clone(), formed(*number, start, &channel));
            tokio::spawn(async move { store.commit(&decision).await })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap().expect("a contract was not written");
        }
    }
}
