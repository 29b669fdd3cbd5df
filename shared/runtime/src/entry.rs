//! The entry of every function: it looks at the event and hands HTTP to the router, the rest to the handler.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use ciero_ports::Message;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, Service, service_fn};
use serde_json::{Value, json};

use crate::{Moment, settings};

/// The longest that a warm-up may hold up the start.
const WARM_UP: Duration = Duration::from_millis(300);

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    pub message_id: String,
    pub body: String,
}

impl QueueItem {
    /// Reads the message that the body holds.
    pub fn message(&self) -> anyhow::Result<Message> {
        // The error of the JSON reader could quote the body, which may name people, and the reason is shown to operators.
        serde_json::from_str(&self.body).map_err(|_| anyhow::anyhow!("the body is not a message"))
    }
}

/// What woke a function, other than a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Queue(Vec<QueueItem>),
    /// A schedule, with the time that this run was due.
    Schedule {
        due: Timestamp,
    },
    /// An event of the bus other than a schedule: what a managed service tells of its own accord.
    Notified {
        /// The kind of the event, for example `Email Bounced`.
        detail_type: String,
        detail: Value,
    },
    /// A payload given to the function by name.
    Direct(Value),
}

/// Handles what is not a request.
#[async_trait]
pub trait OnEvent: Send + Sync {
    /// `now` is the invocation's time: its deadline minus the function's timeout.
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value>;
}

/// Which items of a batch failed; only those come again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    failed: Vec<String>,
}

impl BatchOutcome {
    /// Notes that an item failed, with the error for the log.
    pub fn retry(&mut self, item: &QueueItem, error: &anyhow::Error) {
        tracing::error!(
            message_id = item.message_id,
            error = format!("{error:#}"),
            "an item of the queue failed and will come again"
        );
        self.failed.push(item.message_id.clone());
    }

    /// Returns the answer that the event source reads.
    pub fn into_value(self) -> Value {
        let failures: Vec<Value> = self
            .failed
            .into_iter()
            .map(|id| json!({ "itemIdentifier": id }))
            .collect();
        json!({ "batchItemFailures": failures })
    }
}

impl Event {
    /// Reads the event of a queue, a schedule or another service; anything else is a direct payload.
    pub fn read(payload: Value) -> anyhow::Result<Event> {
        if let Some(records) = payload.get("Records").and_then(Value::as_array) {
            let items = records.iter().map(|record| {
                let text = |name: &str| {
                    record[name]
                        .as_str()
                        .map(str::to_owned)
                        .with_context(|| format!("a record has no {name}"))
                };
                Ok(QueueItem {
                    message_id: text("messageId")?,
                    body: text("body")?,
                })
            });
            return items.collect::<anyhow::Result<_>>().map(Event::Queue);
        }
        if payload["source"] == "aws.events" {
            let due = payload["time"]
                .as_str()
                .context("a scheduled event has no time")?
                .parse()?;
            return Ok(Event::Schedule { due });
        }
        if let (Some(detail_type), true) = (
            payload["detail-type"].as_str(),
            payload["source"].is_string(),
        ) {
            return Ok(Event::Notified {
                detail_type: detail_type.to_owned(),
                detail: payload["detail"].clone(),
            });
        }
        Ok(Event::Direct(payload))
    }
}

/// Runs a function until Lambda ends it.
pub async fn run(router: Option<Router>, events: Option<Arc<dyn OnEvent>>) -> Result<(), Error> {
    let timeout_seconds: u64 = settings::number("FUNCTION_TIMEOUT_SECONDS")?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (router, events) = (router.clone(), events.clone());
        async move {
            let is_request = event.payload["requestContext"]["http"].is_object();
            match (router, events) {
                (Some(router), _) if is_request => request(router, event).await,
                (_, Some(events)) if !is_request => {
                    let millis = event
                        .context
                        .deadline
                        .saturating_sub(timeout_seconds * 1000);
                    let now = Moment::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
                    Ok(events.on_event(Event::read(event.payload)?, now).await?)
                }
                _ => Err(Error::from("this function does not take such an event")),
            }
        }
    }))
    .await
}

/// Hands a request to lambda_http, which knows the gateway's format.
async fn request(router: Router, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let payload = serde_json::from_value(event.payload)?;
    let mut adapter = lambda_http::Adapter::from(router);
    let response = adapter
        .call(LambdaEvent::new(payload, event.context))
        .await?;
    Ok(serde_json::to_value(response)?)
}

/// Opens connections before the first event; bounded, and its failure is ignored.
pub async fn warm_up<T>(call: impl Future<Output = T>) {
    if tokio::time::timeout(WARM_UP, call).await.is_err() {
        tracing::debug!("the warm-up took too long and was left");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_kind_of_event_is_told_apart() {
        let queue =
            json!({"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]});
        assert_eq!(
            Event::read(queue).unwrap(),
            Event::Queue(vec![QueueItem {
                message_id: "1".into(),
                body: "{}".into()
            }])
        );
        let schedule = json!({"source": "aws.events", "time": "2026-04-01T00:00:00Z"});
        assert_eq!(
            Event::read(schedule).unwrap(),
            Event::Schedule {
                due: "2026-04-01T00:00:00Z".parse().unwrap()
            }
        );
        let notified =
            json!({"source": "aws.ses", "detail-type": "Email Bounced", "detail": {"a": 1}});
        assert_eq!(
            Event::read(notified).unwrap(),
            Event::Notified {
                detail_type: "Email Bounced".into(),
                detail: json!({"a": 1})
            }
        );
        assert_eq!(
            Event::read(json!({"publish": 1})).unwrap(),
            Event::Direct(json!({"publish": 1}))
        );
        assert!(Event::read(json!({"Records": [{"body": "{}"}]})).is_err());
    }

    #[test]
    fn only_failed_items_come_again() {
        let mut outcome = BatchOutcome::default();
        outcome.retry(
            &QueueItem {
                message_id: "7".into(),
                body: String::new(),
            },
            &anyhow::anyhow!("later"),
        );
        assert_eq!(
            outcome.into_value(),
            json!({"batchItemFailures": [{"itemIdentifier": "7"}]})
        );
    }
}
