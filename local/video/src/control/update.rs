//! What else about a stream can be changed: what describes it, and the tier that its media is stored in.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, App, check_version, is_media_type, is_name, write_next};
use crate::error::ApiError;
use crate::request::{Call, StreamRef, blocking};
use crate::store::streams::Stream;

#[derive(Deserialize)]
pub(crate) struct UpdateStream {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "CurrentVersion")]
    current_version: String,
    #[serde(flatten)]
    description: Description,
}

/// What the owner says about a stream.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    pub(super) device_name: Option<String>,
    pub(super) media_type: Option<String>,
}

impl Description {
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if !self
            .device_name
            .as_ref()
            .is_none_or(|name| is_name(name, 128))
        {
            return Err(ApiError::invalid_argument(
                "DeviceName must be 1 to 128 of the characters a-z A-Z 0-9 _ . -",
            ));
        }
        if !self
            .media_type
            .as_ref()
            .is_none_or(|kind| is_media_type(kind))
        {
            return Err(ApiError::invalid_argument(
                "MediaType must be type/subtype, separated by commas.",
            ));
        }
        Ok(())
    }
}

pub(crate) async fn update_stream(State(shared): App, call: Call<UpdateStream>) -> Answer {
    blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "UpdateStream")?;
        body.description.check()?;
        check_version(&stream, Some(&body.current_version))?;
        let changed = Stream {
            device_name: body.description.device_name.or(stream.device_name),
            media_type: body.description.media_type.or(stream.media_type),
            ..stream
        };
        write_next(shared, changed, None)
    })
    .await
}

/// Where media is kept. Both tiers are the same disk here; the choice is kept and told.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StorageConfiguration {
    pub(super) default_storage_tier: Tier,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Tier {
    #[default]
    Hot,
    Warm,
}

impl Tier {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hot => "HOT",
            Self::Warm => "WARM",
        }
    }
}

pub(crate) async fn describe_storage(State(shared): App, call: Call<StreamRef>) -> Answer {
    blocking(&shared, move |shared| {
        let operation = "DescribeStreamStorageConfiguration";
        let stream = call.body.find(shared, &call.scope, operation)?;
        Ok(Json(json!({
            "StreamName": stream.name,
            "StreamARN": stream.arn,
            "StreamStorageConfiguration": {"DefaultStorageTier": stream.storage_tier},
        })))
    })
    .await
}

#[derive(Deserialize)]
pub(crate) struct UpdateStorage {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "CurrentVersion")]
    current_version: String,
    #[serde(rename = "StreamStorageConfiguration")]
    storage: StorageConfiguration,
}

pub(crate) async fn update_storage(State(shared): App, call: Call<UpdateStorage>) -> Answer {
    blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let operation = "UpdateStreamStorageConfiguration";
        let stream = body.stream.find(shared, &scope, operation)?;
        check_version(&stream, Some(&body.current_version))?;
        let changed = Stream {
            storage_tier: body.storage.default_storage_tier.name().to_owned(),
            ..stream
        };
        write_next(shared, changed, None)
    })
    .await
}
