//! The batch forms: up to ten entries, each with its own success or failure.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ApiError, Held, Send, queue_name};
use crate::credentials::Principal;
use crate::queues::Queues;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Map<String, Value>>,
}

pub(super) fn send(
    queues: &Queues,
    principal: &Principal,
    batch: Batch,
) -> Result<Value, ApiError> {
    let bytes: usize = batch
        .entries
        .iter()
        .filter_map(|entry| entry.get("MessageBody")?.as_str())
        .map(str::len)
        .sum();
    if bytes > 1_048_576 {
        return Err(ApiError::bad(
            "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes.",
        ));
    }
    each(queues, batch, |entry| {
        super::send(queues, principal, read::<Send>(entry)?)
    })
}

pub(super) fn delete(queues: &Queues, batch: Batch) -> Result<Value, ApiError> {
    each(queues, batch, |entry| {
        super::delete(queues, &read::<Held>(entry)?)
    })
}

pub(super) fn change_visibility(queues: &Queues, batch: Batch) -> Result<Value, ApiError> {
    each(queues, batch, |entry| {
        super::change_visibility(queues, &read::<Held>(entry)?)
    })
}

fn each(
    queues: &Queues,
    batch: Batch,
    mut act: impl FnMut(Value) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    let queue = queue_name(&batch.queue_url)?;
    super::store::settings(&queues.database.lock(), &queue)?;
    let ids = entry_ids(&batch.entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, mut entry) in ids.into_iter().zip(batch.entries) {
        entry.insert("QueueUrl".to_owned(), batch.queue_url.clone().into());
        match act(Value::Object(entry)) {
            Ok(mut answer) => {
                answer["Id"] = id.into();
                successful.push(answer);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "Code": error.code,
                "Message": error.message,
                "SenderFault": error.status.is_client_error(),
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn entry_ids(entries: &[Map<String, Value>]) -> Result<Vec<String>, ApiError> {
    if entries.is_empty() {
        return Err(ApiError::bad(
            "EmptyBatchRequest",
            "There should be at least one entry in the request.",
        ));
    }
    if entries.len() > 10 {
        return Err(ApiError::bad(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10.",
        ));
    }
    let ids: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry.get("Id")?.as_str().map(str::to_owned))
        .collect();
    let distinct: HashSet<&String> = ids.iter().collect();
    if ids.len() != entries.len() {
        return Err(ApiError::bad(
            "MissingParameter",
            "Every entry must contain the parameter Id.",
        ));
    }
    if distinct.len() != ids.len() {
        return Err(ApiError::bad(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries have the same Id.",
        ));
    }
    Ok(ids)
}

fn read<T: serde::de::DeserializeOwned>(entry: Value) -> Result<T, ApiError> {
    serde_json::from_value(entry)
        .map_err(|error| ApiError::bad("InvalidParameterValue", error.to_string()))
}
