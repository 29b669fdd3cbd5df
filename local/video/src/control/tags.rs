//! Tags of streams: words that the owner hangs on them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, App};
use crate::error::ApiError;
use crate::request::{Call, StreamRef, blocking};
use crate::store::streams;

const MOST_TAGS: usize = 50;

#[derive(Deserialize)]
pub(crate) struct TagStream {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "Tags")]
    tags: BTreeMap<String, String>,
}

pub(crate) async fn tag_stream(State(shared): App, call: Call<TagStream>) -> Answer {
    check_tags(&call.body.tags)?;
    blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "TagStream")?;
        let count = shared.store.write(|index| {
            let mut tags = streams::tags(index, stream.id)?;
            tags.extend(body.tags);
            if tags.len() <= MOST_TAGS {
                streams::set_tags(index, stream.id, &tags)?;
            }
            Ok(tags.len())
        })?;
        if count > MOST_TAGS {
            return Err(too_many_tags());
        }
        Ok(Json(json!({})))
    })
    .await
}

#[derive(Deserialize)]
pub(crate) struct UntagStream {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "TagKeyList")]
    keys: Vec<String>,
}

pub(crate) async fn untag_stream(State(shared): App, call: Call<UntagStream>) -> Answer {
    blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "UntagStream")?;
        shared.store.write(|index| {
            let mut tags = streams::tags(index, stream.id)?;
            tags.retain(|key, _| !body.keys.contains(key));
            streams::set_tags(index, stream.id, &tags)
        })?;
        Ok(Json(json!({})))
    })
    .await
}

pub(crate) async fn list_tags_for_stream(State(shared): App, call: Call<StreamRef>) -> Answer {
    blocking(&shared, move |shared| {
        let stream = call.body.find(shared, &call.scope, "ListTagsForStream")?;
        let tags = shared.store.read(|index| streams::tags(index, stream.id))?;
        Ok(Json(json!({ "Tags": tags })))
    })
    .await
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MOST_TAGS {
        return Err(too_many_tags());
    }
    let is_valid = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    if !tags.iter().all(is_valid) {
        return Err(ApiError::invalid_argument(
            "A tag key has 1 to 128 characters and a value at most 256.",
        ));
    }
    Ok(())
}

fn too_many_tags() -> ApiError {
    ApiError::bad_request(
        "TagsPerResourceExceededLimitException",
        "A stream can have 50 tags.",
    )
}
