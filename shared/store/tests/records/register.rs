//! The register of earlier measures: what one contract has there costs the same beside few and many others (15-3, D-05).

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use ciero_domain::ids::ContractId;
use ciero_domain::screening::RegisterEntry;
use ciero_ports::{Confidential, Decision, Ledger, Purges, Write};
use ciero_store::Store;
use serde_json::Value;

use crate::samples::register;
use crate::support::{CONFIDENTIAL, MAIN, Tables, config, tables};

fn contract(n: u8) -> ContractId {
    ContractId::from_random([n; 10])
}

fn entry(of: Option<ContractId>, id: &str) -> RegisterEntry {
    RegisterEntry {
        contract: of,
        ..register(id)
    }
}

async fn add(t: &Tables, entries: impl IntoIterator<Item = RegisterEntry>) {
    let writes = entries.into_iter().map(Box::new).map(Write::Register);
    let decision = Decision {
        writes: writes.collect(),
        ..Decision::default()
    };
    t.store.commit(&decision).await.unwrap();
}

/// Returns the one query that the store asks for what a contract has.
async fn asked(of: &ContractId) -> Value {
    let bodies: Arc<Mutex<Vec<Value>>> = Arc::default();
    let seen = bodies.clone();
    let nothing = Router::new().fallback(async move |body: String| {
        seen.lock()
            .unwrap()
            .push(serde_json::from_str(&body).unwrap());
        r#"{"Items":[],"Count":0,"ScannedCount":0}"#
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, nothing).await });
    let config = config(&format!("http://{address}"));
    let store = Store::new(&config, MAIN, Some(CONFIDENTIAL.to_owned()));
    assert_eq!(store.register_of(of).await.unwrap(), []);
    let [query] = std::mem::take(&mut *bodies.lock().unwrap())
        .try_into()
        .unwrap();
    query
}

/// Returns how many items a query goes over.
async fn read(t: &Tables, query: &Value) -> i32 {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pairs = |name: &str| query[name].as_object().unwrap().clone().into_iter();
    let mut request = t.client.query().table_name(CONFIDENTIAL);
    request = request.key_condition_expression(text(&query["KeyConditionExpression"]));
    for (name, value) in pairs("ExpressionAttributeNames") {
        request = request.expression_attribute_names(name, text(&value));
    }
    for (name, value) in pairs("ExpressionAttributeValues") {
        request = request.expression_attribute_values(name, AttributeValue::S(text(&value["S"])));
    }
    request.send().await.unwrap().scanned_count()
}

#[tokio::test]
async fn art_15_what_one_contract_has_is_read_without_what_others_have() {
    let t = tables().await;
    let own = [
        entry(Some(contract(2)), "own-1"),
        entry(Some(contract(2)), "own-2"),
    ];
    add(&t, own.clone()).await;
    let query = asked(&contract(2)).await;
    assert_eq!(read(&t, &query).await, 2);
    for more in 0..3 {
        let of = |n: u8| (!n.is_multiple_of(3)).then(|| contract(n % 3 * 2 - 1));
        add(&t, (0..30).map(|n| entry(of(n), &format!("{more}-{n}")))).await;
        assert_eq!(read(&t, &query).await, 2);
        assert_eq!(t.store.register_of(&contract(2)).await.unwrap(), own);
    }
    assert_eq!(t.store.register().await.unwrap().len(), 92);
    let none = t.store.register_of(&contract(9)).await.unwrap();
    assert_eq!(none, []);
}
