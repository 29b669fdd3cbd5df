//! SQS as SDKs speak it, and as the host uses it in this process.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use ciero_apis::queues::{Depth, Outgoing, QueueError, Settled};
use serde_json::{Value, json};
use support::{AWS, Cloud};

fn url(name: &str) -> String {
    format!("{AWS}/000000000000/{name}")
}

async fn sqs(cloud: &Cloud, operation: &str, body: Value) -> support::Answer {
    cloud
        .target("sqs", &format!("AmazonSQS.{operation}"), &body)
        .await
}

fn with_redrive(cloud: &Cloud, count: u32) {
    cloud.apis.queues.ensure("dead", &BTreeMap::new()).unwrap();
    let policy =
        json!({ "deadLetterTargetArn": cloud.apis.queues.arn("dead"), "maxReceiveCount": count });
    let attributes = BTreeMap::from([
        ("RedrivePolicy".to_owned(), policy.to_string()),
        ("VisibilityTimeout".to_owned(), "60".to_owned()),
    ]);
    cloud.apis.queues.ensure("work", &attributes).unwrap();
}

fn send(cloud: &Cloud, body: &str) {
    let message = Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    };
    cloud.apis.queues.send("work", message).unwrap();
}

async fn take(cloud: &Cloud) -> Vec<ciero_apis::queues::Message> {
    cloud
        .apis
        .queues
        .receive("work", 10, None, Duration::ZERO)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_was_held_when_the_cloud_stopped_comes_back_at_once_and_what_is_delayed_does_not() {
    let cloud = Cloud::open_at(None);
    with_redrive(&cloud, 5);
    send(&cloud, "held");
    let held = take(&cloud).await;
    let delayed = Outgoing {
        body: "delayed".to_owned(),
        delay: Some(Duration::from_secs(60)),
        ..Outgoing::default()
    };
    cloud.apis.queues.send("work", delayed).unwrap();
    assert!(take(&cloud).await.is_empty());
    cloud.apis.queues.give_back("work").unwrap();
    let again = take(&cloud).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].body, "held");
    assert_eq!(again[0].attributes["ApproximateReceiveCount"], "2");
    assert_ne!(again[0].receipt_handle, held[0].receipt_handle);
}

#[tokio::test]
async fn a_message_goes_through_the_api_with_its_attributes_and_digests() {
    let cloud = Cloud::open_at(Some("2026-04-01T00:00:00Z"));
    let created = sqs(&cloud, "CreateQueue", json!({ "QueueName": "work" })).await;
    assert_eq!(created.json()["QueueUrl"], url("work"));
    let sent = sqs(
        &cloud,
        "SendMessage",
        json!({
            "QueueUrl": url("work"), "MessageBody": "hello",
            "MessageAttributes": { "kind": { "DataType": "String", "StringValue": "x" } },
        }),
    )
    .await;
    assert_eq!(
        sent.json()["MD5OfMessageBody"],
        "5d41402abc4b2a76b9719d911017c592"
    );
    let received = sqs(
        &cloud,
        "ReceiveMessage",
        json!({
            "QueueUrl": url("work"), "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
        }),
    )
    .await
    .json();
    let message = &received["Messages"][0];
    assert_eq!(message["Body"], "hello");
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(message["Attributes"]["SentTimestamp"], "1775001600000");
    assert_eq!(message["MessageAttributes"]["kind"]["StringValue"], "x");
    assert_eq!(
        message["MD5OfMessageAttributes"],
        sent.json()["MD5OfMessageAttributes"]
    );
    let deleted = sqs(
        &cloud,
        "DeleteMessage",
        json!({ "QueueUrl": url("work"), "ReceiptHandle": message["ReceiptHandle"] }),
    )
    .await;
    assert_eq!(deleted.status, 200);
    assert_eq!(cloud.apis.queues.depth("work").unwrap(), Depth::default());
}

#[tokio::test]
async fn a_received_message_is_hidden_until_its_timeout_and_then_comes_again() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    send(&cloud, "a");
    let first = take(&cloud).await;
    assert_eq!(first.len(), 1);
    assert!(take(&cloud).await.is_empty());
    assert_eq!(cloud.apis.queues.depth("work").unwrap().in_flight, 1);
    cloud.pass(Duration::from_secs(60));
    let second = take(&cloud).await;
    assert_eq!(second[0].attributes["ApproximateReceiveCount"], "2");
    // The first receipt is outdated: it deletes nothing.
    cloud
        .apis
        .queues
        .delete("work", &first[0].receipt_handle)
        .unwrap();
    assert_eq!(cloud.apis.queues.depth("work").unwrap().in_flight, 1);
}

#[tokio::test]
async fn a_message_received_too_often_moves_to_the_dead_letter_queue() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 2);
    send(&cloud, "poison");
    for _ in 0..2 {
        let messages = take(&cloud).await;
        cloud
            .apis
            .queues
            .make_visible("work", &messages[0].receipt_handle)
            .unwrap();
    }
    assert!(take(&cloud).await.is_empty());
    assert_eq!(cloud.apis.queues.depth("work").unwrap(), Depth::default());
    let dead = cloud
        .apis
        .queues
        .receive("dead", 1, None, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(dead[0].body, "poison");
    assert_eq!(
        dead[0].attributes["DeadLetterQueueSourceArn"],
        cloud.apis.queues.arn("work")
    );
}

#[tokio::test]
async fn messages_and_their_timeouts_outlive_a_killed_process() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    send(&cloud, "held");
    let held = take(&cloud).await;
    send(&cloud, "waiting");
    let cloud = cloud.restart();
    let depth = cloud.apis.queues.depth("work").unwrap();
    assert_eq!((depth.visible, depth.in_flight), (1, 1));
    cloud
        .apis
        .queues
        .delete("work", &held[0].receipt_handle)
        .unwrap();
    assert_eq!(take(&cloud).await[0].body, "waiting");
}

#[tokio::test]
async fn queues_have_work_while_a_message_is_visible_or_in_flight() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    let has_work = |queues: &[&str]| {
        let queues: Vec<String> = queues.iter().map(|name| (*name).to_owned()).collect();
        cloud.apis.queues.has_work(&queues).unwrap()
    };
    assert!(!has_work(&["work"]));
    let later = Outgoing {
        body: "later".to_owned(),
        delay: Some(Duration::from_secs(10)),
        ..Outgoing::default()
    };
    cloud.apis.queues.send("work", later).unwrap();
    assert!(!has_work(&["work"]), "delayed");
    cloud.pass(Duration::from_secs(10));
    assert!(has_work(&["work"]), "visible");
    assert!(!has_work(&["dead"]), "of another queue");
    let taken = take(&cloud).await;
    assert!(has_work(&["dead", "work"]), "in flight");
    let done = [(taken[0].receipt_handle.as_str(), Settled::Done)];
    cloud.apis.queues.settle("work", &done).unwrap();
    assert!(!has_work(&["work"]));
}

#[tokio::test]
async fn a_delayed_message_appears_after_its_delay() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    let message = Outgoing {
        body: "later".to_owned(),
        delay: Some(Duration::from_secs(10)),
        ..Outgoing::default()
    };
    cloud.apis.queues.send("work", message).unwrap();
    assert_eq!(cloud.apis.queues.depth("work").unwrap().delayed, 1);
    assert!(take(&cloud).await.is_empty());
    cloud.pass(Duration::from_secs(10));
    assert_eq!(take(&cloud).await.len(), 1);
}

#[tokio::test]
async fn a_waiting_receiver_is_woken_by_a_message() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    let queues = cloud.apis.queues.clone();
    let waiting = tokio::spawn(async move {
        queues
            .receive("work", 1, None, Duration::from_secs(20))
            .await
            .unwrap()
    });
    let watching = {
        let queues = cloud.apis.queues.clone();
        tokio::spawn(async move { queues.wait_for_message("dead").await })
    };
    tokio::task::yield_now().await;
    send(&cloud, "wake");
    let received = tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(received[0].body, "wake");
    cloud
        .apis
        .queues
        .send(
            "dead",
            Outgoing {
                body: "x".to_owned(),
                ..Outgoing::default()
            },
        )
        .unwrap();
    tokio::time::timeout(Duration::from_secs(5), watching)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_batch_answers_each_entry_on_its_own() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    let sent = sqs(&cloud, "SendMessageBatch", json!({ "QueueUrl": url("work"), "Entries": [
        { "Id": "a", "MessageBody": "1" }, { "Id": "b", "MessageBody": "" }, { "Id": "c", "MessageBody": "3", "DelaySeconds": 901 },
    ] })).await.json();
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert_eq!(
        (
            sent["Failed"][0]["Id"].as_str(),
            sent["Failed"][1]["Id"].as_str()
        ),
        (Some("b"), Some("c"))
    );
    let handle = take(&cloud).await[0].receipt_handle.clone();
    let changed = sqs(
        &cloud,
        "ChangeMessageVisibilityBatch",
        json!({ "QueueUrl": url("work"), "Entries": [
        { "Id": "x", "ReceiptHandle": handle, "VisibilityTimeout": 0 } ] }),
    )
    .await
    .json();
    assert_eq!(changed["Successful"][0]["Id"], "x");
    let handle = take(&cloud).await[0].receipt_handle.clone();
    let deleted = sqs(
        &cloud,
        "DeleteMessageBatch",
        json!({ "QueueUrl": url("work"), "Entries": [
        { "Id": "x", "ReceiptHandle": handle }, { "Id": "y", "ReceiptHandle": "nonsense" } ] }),
    )
    .await
    .json();
    assert_eq!(deleted["Successful"][0]["Id"], "x");
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn bad_requests_get_the_names_that_sqs_gives_them() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    let work = url("work");
    let entries: Vec<Value> = (0..11)
        .map(|n| json!({ "Id": n.to_string(), "MessageBody": "x" }))
        .collect();
    let cases = [
        (
            "SendMessage",
            json!({ "QueueUrl": url("missing"), "MessageBody": "x" }),
            "QueueDoesNotExist",
        ),
        (
            "GetQueueUrl",
            json!({ "QueueName": "missing" }),
            "QueueDoesNotExist",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": work }),
            "SerializationException",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": work, "MessageBody": "" }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": work, "MessageBody": "x", "DelaySeconds": 901 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": work, "MaxNumberOfMessages": 11 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": work, "WaitTimeSeconds": 21 }),
            "InvalidParameterValue",
        ),
        (
            "DeleteMessage",
            json!({ "QueueUrl": work, "ReceiptHandle": "x" }),
            "ReceiptHandleIsInvalid",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": work, "Entries": [] }),
            "EmptyBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": work, "Entries": entries }),
            "TooManyEntriesInBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": work, "Entries": [{ "Id": "a" }, { "Id": "a" }] }),
            "BatchEntryIdsNotDistinct",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "a/b" }),
            "InvalidParameterValue",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "work", "Attributes": { "VisibilityTimeout": "1" } }),
            "QueueNameExists",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "q", "Attributes": { "Colour": "blue" } }),
            "InvalidAttributeName",
        ),
        ("TurnAround", json!({}), "UnknownOperationException"),
    ];
    for (operation, body, error) in cases {
        let answer = sqs(&cloud, operation, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (400, error),
            "{operation} {body}"
        );
    }
}

#[tokio::test]
async fn attributes_show_the_depth_and_a_purge_empties_the_queue() {
    let cloud = Cloud::open();
    with_redrive(&cloud, 5);
    send(&cloud, "a");
    let shown = sqs(
        &cloud,
        "GetQueueAttributes",
        json!({ "QueueUrl": url("work"), "AttributeNames": ["All"] }),
    )
    .await
    .json();
    assert_eq!(shown["Attributes"]["ApproximateNumberOfMessages"], "1");
    assert_eq!(shown["Attributes"]["VisibilityTimeout"], "60");
    let listed = sqs(&cloud, "ListQueues", json!({ "QueueNamePrefix": "w" }))
        .await
        .json();
    assert_eq!(listed["QueueUrls"], json!([url("work")]));
    sqs(&cloud, "PurgeQueue", json!({ "QueueUrl": url("work") })).await;
    assert_eq!(cloud.apis.queues.depth("work").unwrap(), Depth::default());
    assert!(matches!(
        cloud.apis.queues.depth("missing"),
        Err(QueueError::NoSuchQueue(_))
    ));
}
