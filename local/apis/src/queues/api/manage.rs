//! The calls that make, show and change queues.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::queue_name;
use crate::queues::attributes::{QueueSettings, check_name};
use crate::queues::{QueueError, Queues, store};
use crate::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

pub(super) fn queue_url(queues: &Queues, request: &Named) -> Result<Value, ApiError> {
    store::settings(&queues.database.lock(), &request.queue_name)?;
    Ok(json!({ "QueueUrl": queues.url(&request.queue_name) }))
}

pub(super) fn create_queue(queues: &Queues, request: &Named) -> Result<Value, ApiError> {
    check_name(&request.queue_name)?;
    QueueSettings::parse(&request.attributes)?;
    let known = store::attributes(&queues.database.lock(), &request.queue_name);
    match known {
        Err(QueueError::NoSuchQueue(_)) => {
            queues.ensure(&request.queue_name, &request.attributes)?;
        }
        Err(error) => return Err(error.into()),
        Ok((stored, _)) => {
            let differs = request
                .attributes
                .iter()
                .any(|(name, value)| stored.get(name) != Some(value));
            if differs {
                return Err(ApiError::bad(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for an attribute.",
                ));
            }
        }
    }
    Ok(json!({ "QueueUrl": queues.url(&request.queue_name) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WithAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

pub(super) fn set_attributes(queues: &Queues, request: WithAttributes) -> Result<Value, ApiError> {
    let queue = queue_name(&request.queue_url)?;
    let (mut attributes, _) = store::attributes(&queues.database.lock(), &queue)?;
    attributes.extend(request.attributes);
    queues.ensure(&queue, &attributes)?;
    Ok(json!({}))
}

pub(super) fn queue_attributes(
    queues: &Queues,
    request: &WithAttributes,
) -> Result<Value, ApiError> {
    let queue = queue_name(&request.queue_url)?;
    let (stored, created_ms) = store::attributes(&queues.database.lock(), &queue)?;
    let depth = queues.depth(&queue)?;
    let settings = QueueSettings::parse(&stored)?;
    let created = (created_ms / 1000).to_string();
    let mut all: BTreeMap<String, String> = [
        ("ApproximateNumberOfMessages", depth.visible.to_string()),
        (
            "ApproximateNumberOfMessagesNotVisible",
            depth.in_flight.to_string(),
        ),
        (
            "ApproximateNumberOfMessagesDelayed",
            depth.delayed.to_string(),
        ),
        ("CreatedTimestamp", created.clone()),
        ("LastModifiedTimestamp", created),
        (
            "VisibilityTimeout",
            settings.visibility.as_secs().to_string(),
        ),
        ("DelaySeconds", settings.delay.as_secs().to_string()),
        (
            "ReceiveMessageWaitTimeSeconds",
            settings.wait.as_secs().to_string(),
        ),
        ("MaximumMessageSize", settings.maximum_bytes.to_string()),
        ("MessageRetentionPeriod", "345600".to_owned()),
        ("QueueArn", queues.arn(&queue)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    all.extend(stored);
    let asked = &request.attribute_names;
    all.retain(|name, _| asked.iter().any(|asked| asked == "All" || asked == name));
    Ok(json!({ "Attributes": all }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    queue_name_prefix: Option<String>,
}

pub(super) fn list_queues(queues: &Queues, request: &List) -> Result<Value, ApiError> {
    let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
    let urls: Vec<String> = queues
        .names()?
        .iter()
        .filter(|name| name.starts_with(prefix))
        .map(|name| queues.url(name))
        .collect();
    Ok(json!({ "QueueUrls": urls }))
}
