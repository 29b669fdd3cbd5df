//! The queues behind the outbox (SQS).

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_types::SdkConfig;
use ciero_ports::{Message, Queues, Topic};

use crate::errors::failed;

const SERVICE: &str = "SQS";

/// SQS takes at most ten messages in one request.
const BATCH: usize = 10;

/// One SQS queue per topic. A message's body is its JSON.
#[derive(Debug, Clone)]
pub struct SqsQueues {
    client: Client,
    urls: HashMap<Topic, String>,
}

impl SqsQueues {
    /// Connects topics to the addresses of their queues.
    pub fn new(config: &SdkConfig, urls: impl IntoIterator<Item = (Topic, String)>) -> Self {
        SqsQueues {
            client: Client::new(config),
            urls: urls.into_iter().collect(),
        }
    }

    /// Sends at most ten messages to one queue and returns those that were accepted.
    async fn send_batch(&self, url: &str, batch: &[&Message]) -> Vec<Message> {
        let entries = batch
            .iter()
            .enumerate()
            .filter_map(|(place, message)| entry(place, message));
        let request = self.client.send_message_batch().queue_url(url);
        let answer = request
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(failed(SERVICE));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, messages = batch.len(), "messages were not sent and stay in the outbox");
                return Vec::new();
            }
        };
        for refused in answer.failed() {
            let code = refused.code();
            tracing::error!(code, "a message was refused and stays in the outbox");
        }
        let places = answer.successful().iter().map(|sent| sent.id().parse());
        places
            .filter_map(|place: Result<usize, _>| batch.get(place.ok()?))
            .map(|message| (*message).clone())
            .collect()
    }
}

/// Writes one entry; its identifier within the batch is its place.
fn entry(place: usize, message: &Message) -> Option<SendMessageBatchRequestEntry> {
    let body = serde_json::to_string(message).ok()?;
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_body(body)
        .build()
        .ok()
}

#[async_trait]
impl Queues for SqsQueues {
    async fn send(&self, messages: &[Message]) -> Vec<Message> {
        let mut accepted = Vec::new();
        let mut topics: Vec<Topic> = messages
            .iter()
            .map(|message| message.body.topic())
            .collect();
        topics.sort();
        topics.dedup();
        for topic in topics {
            let waiting: Vec<&Message> = messages
                .iter()
                .filter(|message| message.body.topic() == topic)
                .collect();
            if waiting.is_empty() {
                continue;
            }
            let Some(url) = self.urls.get(&topic) else {
                tracing::error!(?topic, "there is no queue for a topic");
                continue;
            };
            for batch in waiting.chunks(BATCH) {
                accepted.extend(self.send_batch(url, batch).await);
            }
        }
        accepted
    }
}
