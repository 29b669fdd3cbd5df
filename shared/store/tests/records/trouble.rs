//! A store that cannot answer, an item that cannot be read, a decision that does not fit.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::http::StatusCode;
use ciero_domain::application::State;
use ciero_ports::{
    Applications, Audit, CommitError, Confidential, Contracts, Decision, Documents, Ledger, People,
    StoreError, Write,
};
use ciero_store::Store;

use crate::samples::*;
use crate::support::{MAIN, Tables, config, tables};

async fn put(t: &Tables, pk: &str, sk: &str, body: Option<AttributeValue>) {
    let request = t.client.put_item().table_name(MAIN);
    let request = request
        .item("PK", AttributeValue::S(pk.to_owned()))
        .item("SK", AttributeValue::S(sk.to_owned()))
        .item("list", AttributeValue::S("APPLICATIONS#draft".to_owned()))
        .item("list_key", AttributeValue::S(pk.to_owned()));
    let request = match body {
        Some(body) => request.item("body", body),
        None => request,
    };
    request.send().await.unwrap();
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_named_without_its_content() {
    let t = tables().await;
    let secret = AttributeValue::S("見本 花子".to_owned());
    let pk = format!("APPLICATION#{}", application_id(1));
    put(&t, &pk, "STATE", Some(secret)).await;
    let error = t.store.application(&application_id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)));
    let text = error.to_string();
    assert!(text.contains(&pk), "{text}");
    assert!(!text.contains("花子"), "{text}");
    let listed = t.store.applications(State::Draft).await;
    assert!(matches!(listed, Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn an_item_without_its_entity_is_corrupt() {
    let t = tables().await;
    put(&t, &format!("CONTRACT#{}", contract_id()), "STATE", None).await;
    let read = t.store.contract(&contract_id()).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))));
    put(&t, &format!("USER#{}", user_id(1)), "CONTRACT", None).await;
    let pointer = t.store.contract_of(&user_id(1)).await;
    assert!(matches!(pointer, Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn a_decision_of_more_than_a_hundred_items_is_refused_whole() {
    let t = tables().await;
    let rows = (0..101_u8).map(|n| Write::Audit(Box::new(audit(n, "2026-06-01T00:00:00Z"))));
    let mut decision = Decision {
        writes: rows.collect(),
        ..Decision::default()
    };
    let Err(CommitError::Unavailable(text)) = t.store.commit(&decision).await else {
        panic!("written");
    };
    assert!(text.contains("101 items"), "{text}");
    assert_eq!(t.count(MAIN).await, 0);
    decision.writes.truncate(100);
    t.store.commit(&decision).await.unwrap();
    assert_eq!(t.store.trail(&contract_id(), 200).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_decision_that_writes_nothing_is_done() {
    let t = tables().await;
    t.store.commit(&Decision::default()).await.unwrap();
}

#[tokio::test]
async fn a_function_without_the_confidential_table_cannot_reach_it() {
    let t = tables().await;
    let store = Store::new(&t.config, MAIN, None);
    let read = store.screening(&application_id(1)).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))));
    let decision =
        Decision::of(Write::Screening(Box::new(screening()))).and(Write::User(Box::new(user(1))));
    let written = store.commit(&decision).await;
    assert!(matches!(written, Err(CommitError::Unavailable(_))));
    assert_eq!(t.count(MAIN).await, 0);
}

/// A DynamoDB that answers everything with one error.
async fn failing(body: &'static str) -> Store {
    let app = Router::new().fallback(move || async move {
        let headers = [("content-type", "application/x-amz-json-1.0")];
        (StatusCode::BAD_REQUEST, headers, body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Store::new(&config(&format!("http://{address}")), MAIN, None)
}

#[tokio::test]
async fn a_refusal_of_the_service_is_unavailable_with_its_name() {
    let store = failing(
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}"#,
    )
    .await;
    let Err(StoreError::Unavailable(text)) = store.operator().await else {
        panic!("answered");
    };
    assert_eq!(text, "ResourceNotFoundException: no table");
    let decision = Decision::of(Write::User(Box::new(user(1))));
    let written = store.commit(&decision).await;
    assert!(matches!(written, Err(CommitError::Unavailable(_))));
    let appended = store.append(&audit(1, "2026-06-01T00:00:00Z")).await;
    assert!(matches!(appended, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_transaction_that_keeps_meeting_another_is_given_up_in_the_end() {
    let store = failing(
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"cancelled","CancellationReasons":[{"Code":"TransactionConflict","Message":"busy"},{"Code":"None"}]}"#,
    )
    .await;
    let decision = Decision::of(Write::User(Box::new(user(1))));
    let Err(CommitError::Unavailable(text)) = store.commit(&decision).await else {
        panic!("written");
    };
    assert!(text.starts_with("TransactionCanceledException"), "{text}");
}

#[tokio::test]
async fn a_store_that_nobody_answers_for_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let store = Store::new(&config(&format!("http://{address}")), MAIN, None);
    let read = store.operator().await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))));
    let decision = Decision::of(Write::User(Box::new(user(1))));
    let written = store.commit(&decision).await;
    assert!(matches!(written, Err(CommitError::Unavailable(_))));
}
