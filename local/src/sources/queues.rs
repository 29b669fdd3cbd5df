//! Hands the messages of a queue to its function in batches, and gives back what the function could not do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ciero_apis::queues::{Message, Queues, Settled};
use serde_json::{Value, json};

use crate::host::{Host, Outcome};
use crate::template::model::{PartialFailures, QueueSource};
use crate::template::{ACCOUNT, REGION};

/// Batches of one queue that may be worked on at once, however many the template allows: with fewer, two cores wait for
/// each other's answers; with ten, they spend a tenth more on the same work.
const CONCURRENCY: usize = 4;
/// A message that failed comes back after this long, and after twice as long each further time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Starts the pollers of one source; they run until the process ends.
pub fn start(source: &QueueSource, queues: &Queues, host: &Arc<Host>) {
    if let Err(error) = queues.give_back(&source.queue) {
        eprintln!("queue {}: {error}", source.queue);
    }
    let pollers = source
        .maximum_concurrency
        .unwrap_or(CONCURRENCY)
        .clamp(1, CONCURRENCY);
    for _ in 0..pollers {
        tokio::spawn(poll(source.clone(), queues.clone(), Arc::clone(host)));
    }
}

async fn poll(source: QueueSource, queues: Queues, host: Arc<Host>) {
    loop {
        let wait = Duration::from_secs(20);
        match queues
            .receive(&source.queue, source.batch_size, None, wait)
            .await
        {
            Ok(batch) if batch.is_empty() => {}
            Ok(batch) => work(&source, &queues, &host, batch).await,
            Err(error) => {
                eprintln!("queue {}: {error}", source.queue);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Runs one batch. What failed becomes visible again, and the queue's redrive policy counts it.
async fn work(source: &QueueSource, queues: &Queues, host: &Host, batch: Vec<Message>) {
    let event = event(source, &batch).to_string();
    let ids: BTreeSet<&str> = batch
        .iter()
        .map(|message| message.message_id.as_str())
        .collect();
    let failed = match host.invoke(&source.function, event.into()).await {
        Ok(Outcome::Answered(answer)) => failed(source.partial_failures, &answer, &ids),
        Ok(Outcome::Failed(_)) | Err(_) => ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let settled: Vec<(&str, Settled)> = batch
        .iter()
        .map(|message| {
            let settled = match failed.contains(&message.message_id) {
                true => Settled::Back(pause(message)),
                false => Settled::Done,
            };
            (message.receipt_handle.as_str(), settled)
        })
        .collect();
    if let Err(error) = queues.settle(&source.queue, &settled) {
        eprintln!("queue {}: {error}", source.queue);
    }
}

fn pause(message: &Message) -> Duration {
    let received = message.attributes.get("ApproximateReceiveCount");
    let received: u32 = received.and_then(|count| count.parse().ok()).unwrap_or(1);
    let factor = 2_u32.saturating_pow(received.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

fn event(source: &QueueSource, batch: &[Message]) -> Value {
    let records = batch.iter().map(|message| {
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": message.attributes,
            "messageAttributes": attributes(message),
            "md5OfBody": message.md5_of_body,
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", source.queue),
            "awsRegion": REGION,
        })
    });
    json!({ "Records": records.collect::<Vec<Value>>() })
}

/// An event writes the members of an attribute with small first letters; the API writes them with capitals.
fn attributes(message: &Message) -> Value {
    let attributes = message.message_attributes.iter().map(|(name, value)| {
        let members = value.as_object().into_iter().flatten();
        let members = members.map(|(member, value)| {
            let mut letters = member.chars();
            let first = letters.next().map(|letter| letter.to_ascii_lowercase());
            (first.into_iter().chain(letters).collect(), value.clone())
        });
        (name.clone(), Value::Object(members.collect()))
    });
    Value::Object(attributes.collect())
}

/// The ids that the function could not do. An answer that makes no sense fails the whole batch, as in Lambda.
fn failed(reports: PartialFailures, answer: &[u8], ids: &BTreeSet<&str>) -> BTreeSet<String> {
    let all = || ids.iter().map(|id| (*id).to_owned()).collect();
    if reports == PartialFailures::NotReported || answer.is_empty() {
        return BTreeSet::new();
    }
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return all();
    };
    let items = match &answer["batchItemFailures"] {
        Value::Null => return BTreeSet::new(),
        Value::Array(items) => items,
        _ => return all(),
    };
    let named = items.iter().map(|item| {
        let id = item["itemIdentifier"].as_str()?;
        ids.contains(id).then(|| id.to_owned())
    });
    named
        .collect::<Option<BTreeSet<String>>>()
        .unwrap_or_else(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use std::collections::BTreeMap;

    fn check(answer: &str) -> Vec<String> {
        let ids = BTreeSet::from(["a", "b", "c"]);
        failed(PartialFailures::Reported, answer.as_bytes(), &ids)
            .into_iter()
            .collect()
    }

    #[test]
    fn only_the_named_messages_come_back() {
        assert_eq!(
            check(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#),
            ["b"]
        );
    }

    #[test]
    fn an_answer_without_failures_is_success() {
        for answer in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
            "1",
        ] {
            assert_eq!(check(answer), [""; 0], "{answer}");
        }
    }

    #[test]
    fn an_answer_that_makes_no_sense_fails_the_whole_batch() {
        for answer in [
            "{",
            r#"{"batchItemFailures":"b"}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"unknown"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{}]}"#,
        ] {
            assert_eq!(check(answer), ["a", "b", "c"], "{answer}");
        }
    }

    #[test]
    fn a_function_that_reports_nothing_succeeds_as_a_whole() {
        let ids = BTreeSet::from(["a"]);
        let answer = br#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#;
        assert!(failed(PartialFailures::NotReported, answer, &ids).is_empty());
    }

    fn message(received: &str) -> Message {
        Message {
            message_id: "m-1".to_owned(),
            receipt_handle: "r-1".to_owned(),
            body: "{}".to_owned(),
            md5_of_body: "99914b932bd37a50b983c5e7c90ae93b".to_owned(),
            attributes: BTreeMap::from([(
                "ApproximateReceiveCount".to_owned(),
                received.to_owned(),
            )]),
            message_attributes: serde_json::from_str(
                r#"{"k":{"DataType":"String","StringValue":"v"}}"#,
            )
            .unwrap(),
        }
    }

    #[test]
    fn a_failed_message_waits_longer_each_time() {
        let pauses = ["1", "2", "3", "30"].map(|received| pause(&message(received)).as_secs());
        assert_eq!(pauses, [1, 2, 4, 60]);
    }

    #[test]
    fn a_batch_has_the_documented_shape() {
        let source = QueueSource {
            queue: "ciero-notices".to_owned(),
            function: "notification".to_owned(),
            batch_size: 10,
            partial_failures: PartialFailures::Reported,
            maximum_concurrency: None,
        };
        let expected = json!({ "Records": [{
            "messageId": "m-1",
            "receiptHandle": "r-1",
            "body": "{}",
            "attributes": { "ApproximateReceiveCount": "1" },
            "messageAttributes": { "k": { "dataType": "String", "stringValue": "v" } },
            "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:ap-northeast-1:000000000000:ciero-notices",
            "awsRegion": "ap-northeast-1"
        }] });
        assert_eq!(event(&source, &[message("1")]), expected);
    }

    /// The numbers of messages left in the queue and in its dead letters, once nothing is visible or in flight.
    async fn left_after(bodies: &[&str]) -> (u64, u64) {
        let directory = tempfile::tempdir().unwrap();
        let apis = crate::testing::apis(directory.path(), "2026-04-01T00:00:00Z");
        let function = crate::testing::function("f", Duration::from_secs(20));
        let host = crate::testing::host(vec![function], directory.path());
        let redrive =
            json!({ "deadLetterTargetArn": apis.queues.arn("dead"), "maxReceiveCount": 1 });
        let attributes = BTreeMap::from([("RedrivePolicy".to_owned(), redrive.to_string())]);
        apis.queues.ensure("dead", &BTreeMap::new()).unwrap();
        apis.queues.ensure("work", &attributes).unwrap();
        for body in bodies {
            let message = ciero_apis::queues::Outgoing {
                body: (*body).to_owned(),
                ..Default::default()
            };
            apis.queues.send("work", message).unwrap();
        }
        let source = QueueSource {
            queue: "work".to_owned(),
            function: "f".to_owned(),
            batch_size: 10,
            partial_failures: PartialFailures::Reported,
            maximum_concurrency: Some(1),
        };
        start(&source, &apis.queues, &host);
        let depth = |queue: &str| apis.queues.depth(queue).unwrap();
        crate::testing::eventually("the queue is empty", || depth("work") == Default::default())
            .await;
        host.close().await;
        (depth("work").visible, depth("dead").visible)
    }

    #[tokio::test]
    async fn what_a_function_did_is_deleted_and_what_it_could_not_do_ends_in_the_dead_letters() {
        assert_eq!(left_after(&["good", "bad", "good"]).await, (0, 1));
    }

    #[tokio::test]
    async fn when_a_function_breaks_off_its_whole_batch_comes_back() {
        assert_eq!(left_after(&["good", "exit"]).await, (0, 2));
    }
}
