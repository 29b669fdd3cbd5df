//! The SQS JSON protocol over the queues.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::attributes::{check_name, md5_of_attributes, md5_of_body};
use super::{Message, Outgoing, QueueError, Queues, store};
use crate::credentials::Principal;
use crate::wire::{
    ApiError, Protocol, json_answer, parse_json, target_operation, unknown_operation,
};

mod batch;
mod manage;

pub(super) fn router(queues: Queues) -> Router {
    Router::new().fallback(serve).with_state(queues)
}

async fn serve(
    State(queues): State<Queues>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let operation = target_operation(&headers).unwrap_or_default();
    match answer(&queues, &principal, operation, &body).await {
        Ok(answer) => json_answer(StatusCode::OK, "application/x-amz-json-1.0", &answer),
        Err(error) => {
            let legacy_code = legacy_code(error.code);
            let mut response = error.render(Protocol::AwsJson10);
            // SDKs that once spoke the query protocol still name errors by this header.
            if let Ok(value) = format!("{legacy_code};Sender").parse() {
                response.headers_mut().insert("x-amzn-query-error", value);
            }
            response
        }
    }
}

fn legacy_code(code: &str) -> &str {
    match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight",
        other => other,
    }
}

async fn answer(
    queues: &Queues,
    principal: &Principal,
    operation: &str,
    body: &[u8],
) -> Result<Value, ApiError> {
    match operation {
        "SendMessage" => send(queues, principal, parse_json(body)?),
        "SendMessageBatch" => batch::send(queues, principal, parse_json(body)?),
        "ReceiveMessage" => receive(queues, parse_json(body)?).await,
        "DeleteMessage" => delete(queues, &parse_json(body)?),
        "DeleteMessageBatch" => batch::delete(queues, parse_json(body)?),
        "ChangeMessageVisibility" => change_visibility(queues, &parse_json(body)?),
        "ChangeMessageVisibilityBatch" => batch::change_visibility(queues, parse_json(body)?),
        "GetQueueUrl" => manage::queue_url(queues, &parse_json(body)?),
        "GetQueueAttributes" => manage::queue_attributes(queues, &parse_json(body)?),
        "SetQueueAttributes" => manage::set_attributes(queues, parse_json(body)?),
        "ListQueues" => manage::list_queues(queues, &parse_json(body)?),
        "CreateQueue" => manage::create_queue(queues, &parse_json(body)?),
        "DeleteQueue" => {
            let name = queue_name(&parse_json::<QueueOnly>(body)?.queue_url)?;
            let connection = queues.database.lock();
            store::settings(&connection, &name)?;
            store::delete_queue(&connection, &name)?;
            Ok(json!({}))
        }
        "PurgeQueue" => {
            queues.purge(&queue_name(&parse_json::<QueueOnly>(body)?.queue_url)?)?;
            Ok(json!({}))
        }
        _ => Err(unknown_operation()),
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        let message = error.to_string();
        match error {
            QueueError::NoSuchQueue(_) => {
                ApiError::bad("QueueDoesNotExist", "The specified queue does not exist.")
            }
            QueueError::InvalidReceipt => ApiError::bad(
                "ReceiptHandleIsInvalid",
                "The input receipt handle is invalid.",
            ),
            QueueError::NotInFlight => ApiError::bad("MessageNotInflight", message),
            QueueError::InvalidAttribute(_) => ApiError::bad("InvalidAttributeName", message),
            QueueError::InvalidValue(_) => ApiError::bad("InvalidParameterValue", message),
            QueueError::Database(error) => ApiError::internal(&error),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueOnly {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    queue_url: String,
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: Map<String, Value>,
}

fn send(queues: &Queues, principal: &Principal, request: Send) -> Result<Value, ApiError> {
    let queue = queue_name(&request.queue_url)?;
    let digest = md5_of_body(&request.message_body);
    let attributes_digest = md5_of_attributes(&request.message_attributes);
    let message = Outgoing {
        body: request.message_body,
        delay: seconds(request.delay_seconds, 900, "DelaySeconds")?,
        message_attributes: request.message_attributes,
        sender: principal.name.clone(),
    };
    let message_id = queues.send(&queue, message)?;
    let mut answer = json!({ "MessageId": message_id, "MD5OfMessageBody": digest });
    if let Some(attributes_digest) = attributes_digest {
        answer["MD5OfMessageAttributes"] = attributes_digest.into();
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: String,
    max_number_of_messages: Option<u64>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

async fn receive(queues: &Queues, request: Receive) -> Result<Value, ApiError> {
    let queue = queue_name(&request.queue_url)?;
    let max = request.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&max) {
        return Err(out_of_range("MaxNumberOfMessages"));
    }
    let visibility = seconds(request.visibility_timeout, 43_200, "VisibilityTimeout")?;
    let wait = match seconds(request.wait_time_seconds, 20, "WaitTimeSeconds")? {
        Some(wait) => wait,
        None => store::settings(&queues.database.lock(), &queue)?.wait,
    };
    let max = usize::try_from(max).unwrap_or(1);
    let messages = queues.receive(&queue, max, visibility, wait).await?;
    let system_names: Vec<String> = request
        .attribute_names
        .into_iter()
        .chain(request.message_system_attribute_names)
        .collect();
    let messages: Vec<Value> = messages
        .into_iter()
        .map(|message| show_message(message, &system_names, &request.message_attribute_names))
        .collect();
    Ok(if messages.is_empty() {
        json!({})
    } else {
        json!({ "Messages": messages })
    })
}

fn show_message(message: Message, system_names: &[String], own_names: &[String]) -> Value {
    let mut shown = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.md5_of_body,
        "Body": message.body,
    });
    let attributes: BTreeMap<_, _> = message
        .attributes
        .into_iter()
        .filter(|(name, _)| {
            system_names
                .iter()
                .any(|asked| asked == "All" || asked == name)
        })
        .collect();
    if !attributes.is_empty() {
        shown["Attributes"] = json!(attributes);
    }
    let asked_for = |name: &String| {
        own_names.iter().any(|asked| {
            let prefix = asked.strip_suffix(".*");
            asked == "All" || asked == name || prefix.is_some_and(|prefix| name.starts_with(prefix))
        })
    };
    let own: Map<String, Value> = message
        .message_attributes
        .into_iter()
        .filter(|(name, _)| asked_for(name))
        .collect();
    if let Some(digest) = md5_of_attributes(&own) {
        shown["MD5OfMessageAttributes"] = digest.into();
        shown["MessageAttributes"] = own.into();
    }
    shown
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Held {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<u64>,
}

fn delete(queues: &Queues, request: &Held) -> Result<Value, ApiError> {
    queues.delete(&queue_name(&request.queue_url)?, &request.receipt_handle)?;
    Ok(json!({}))
}

fn change_visibility(queues: &Queues, request: &Held) -> Result<Value, ApiError> {
    let timeout =
        seconds(request.visibility_timeout, 43_200, "VisibilityTimeout")?.ok_or_else(|| {
            ApiError::bad(
                "MissingParameter",
                "The request must contain the parameter VisibilityTimeout.",
            )
        })?;
    let queue = queue_name(&request.queue_url)?;
    queues.change_visibility(&queue, &request.receipt_handle, timeout)?;
    Ok(json!({}))
}

/// The last segment of a queue URL; the host in front of it does not matter, as callers reach us under several names.
fn queue_name(url: &str) -> Result<String, ApiError> {
    let name = url
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    check_name(name).map_err(|_| {
        ApiError::bad(
            "InvalidAddress",
            "The address QueueUrl is not valid for this endpoint.",
        )
    })?;
    Ok(name.to_owned())
}

fn seconds(value: Option<u64>, most: u64, name: &str) -> Result<Option<Duration>, ApiError> {
    match value {
        Some(seconds) if seconds > most => Err(out_of_range(name)),
        value => Ok(value.map(Duration::from_secs)),
    }
}

fn out_of_range(name: &str) -> ApiError {
    ApiError::bad(
        "InvalidParameterValue",
        format!("Value for parameter {name} is invalid. Reason: Out of range."),
    )
}
