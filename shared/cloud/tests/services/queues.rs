//! Messages reach the queue of their topic, in tens, and only accepted ones are returned.

use ciero_cloud::SqsQueues;
use ciero_domain::ids::{ApplicationId, MessageId};
use ciero_domain::notice::Notice;
use ciero_ports::{Body, Message, Queues, Topic};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fake::{Answer, Asked, Fake, ok, refusal, silence};

fn message(n: u8, body: Body) -> Message {
    Message {
        id: MessageId::from_random([n; 10]),
        at: Timestamp::UNIX_EPOCH,
        body,
    }
}

fn notice(n: u8) -> Message {
    let application = ApplicationId::from_random([n; 10]);
    message(n, Body::Notice(Notice::ApplicationReceived { application }))
}

fn screen(n: u8) -> Message {
    message(n, Body::Screen(ApplicationId::from_random([n; 10])))
}

fn urls(endpoint: &str) -> Vec<(Topic, String)> {
    vec![
        (Topic::Notices, format!("{endpoint}/1/notices")),
        (Topic::Screening, format!("{endpoint}/1/screening")),
    ]
}

/// Accepts every entry but those whose identifier is `refused`.
fn accept(asked: &Asked, refused: &str) -> Answer {
    let entries = asked.body["Entries"].as_array().unwrap();
    let (good, bad): (Vec<&Value>, Vec<&Value>) =
        entries.iter().partition(|entry| entry["Id"] != refused);
    let good: Vec<Value> = good
        .into_iter()
        .map(|entry| {
            let digest = "0".repeat(32);
            json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": digest })
        })
        .collect();
    let bad: Vec<Value> = bad
        .into_iter()
        .map(|entry| json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": false }))
        .collect();
    ok(json!({ "Successful": good, "Failed": bad }))
}

#[tokio::test]
async fn messages_go_in_tens_to_the_queue_of_their_topic_as_json() {
    let fake = Fake::start(|asked| accept(asked, "none")).await;
    let queues = SqsQueues::new(&fake.config, urls(&fake.endpoint));
    let mut messages: Vec<Message> = (0..12).map(notice).collect();
    messages.insert(3, screen(50));
    let accepted = queues.send(&messages).await;
    assert_eq!(accepted.len(), 13);
    let sizes: Vec<(String, usize)> = fake
        .asked()
        .iter()
        .map(|asked| {
            let url = asked.body["QueueUrl"].as_str().unwrap();
            let queue = url.rsplit('/').next().unwrap().to_owned();
            (queue, asked.body["Entries"].as_array().unwrap().len())
        })
        .collect();
    let expected = [("notices", 10), ("notices", 2), ("screening", 1)];
    assert_eq!(
        sizes,
        expected.map(|(queue, size)| (queue.to_owned(), size))
    );
    let first = &fake.asked()[0].body["Entries"][0]["MessageBody"];
    let read: Message = serde_json::from_str(first.as_str().unwrap()).unwrap();
    assert_eq!(read, messages[0]);
}

#[tokio::test]
async fn a_refused_message_is_not_returned() {
    let fake = Fake::start(|asked| accept(asked, "1")).await;
    let queues = SqsQueues::new(&fake.config, urls(&fake.endpoint));
    let messages = [notice(0), notice(1), notice(2)];
    let accepted = queues.send(&messages).await;
    assert_eq!(accepted, [notice(0), notice(2)]);
}

#[tokio::test]
async fn nothing_to_send_asks_nothing() {
    let fake = Fake::start(|asked| accept(asked, "none")).await;
    let queues = SqsQueues::new(&fake.config, urls(&fake.endpoint));
    assert_eq!(queues.send(&[]).await, []);
    assert_eq!(fake.asked(), []);
}

#[tokio::test]
async fn a_queue_that_fails_is_missing_or_unknown_accepts_nothing() {
    let fake = Fake::start(|_| refusal("QueueDoesNotExist")).await;
    let queues = SqsQueues::new(&fake.config, urls(&fake.endpoint));
    assert_eq!(queues.send(&[notice(1)]).await, []);
    let unknown = SqsQueues::new(&fake.config, []);
    assert_eq!(unknown.send(&[notice(1)]).await, []);
    let config = silence().await;
    let unreachable = SqsQueues::new(&config, urls(config.endpoint_url().unwrap()));
    assert_eq!(unreachable.send(&[notice(1)]).await, []);
}
