//! The control plane: streams come, change and go.

pub(crate) mod retention;
pub(crate) mod tags;
pub(crate) mod update;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use self::tags::check_tags;
use self::update::{Description, StorageConfiguration};
use crate::Shared;
use crate::error::ApiError;
use crate::request::{Call, StreamRef, blocking, seconds};
use crate::store::streams::{self, Stream};

const MOST_RETENTION_HOURS: i64 = 87_600;

pub(crate) type Answer = Result<Json<Value>, ApiError>;
pub(crate) type App = State<Arc<Shared>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateStream {
    stream_name: String,
    #[serde(flatten)]
    description: Description,
    kms_key_id: Option<String>,
    #[serde(default)]
    data_retention_in_hours: i64,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    stream_storage_configuration: StorageConfiguration,
}

impl CreateStream {
    fn check(&self) -> Result<(), ApiError> {
        let refuse = |message: &str| Err(ApiError::invalid_argument(message));
        if !is_name(&self.stream_name, 256) {
            return refuse("StreamName must be 1 to 256 of the characters a-z A-Z 0-9 _ . -");
        }
        self.description.check()?;
        if !(0..=MOST_RETENTION_HOURS).contains(&self.data_retention_in_hours) {
            return refuse("DataRetentionInHours must be 0 to 87600.");
        }
        check_tags(&self.tags)
    }
}

pub(crate) async fn create_stream(State(shared): App, call: Call<CreateStream>) -> Answer {
    let Call { scope, body } = call;
    scope.allow("CreateStream", Some(&body.stream_name))?;
    body.check()?;
    blocking(&shared, move |shared| {
        let config = &shared.config;
        let created_ms = shared.now_ms();
        shared.usage.of_account("CreateStream")?;
        let there_are = shared.store.read(streams::count)?;
        shared.usage.streams(there_are)?;
        let place = format!("{}:{}", config.region, config.account_id);
        let stream = Stream {
            id: 0,
            arn: format!(
                "arn:aws:kinesisvideo:{place}:stream/{}/{created_ms}",
                body.stream_name
            ),
            name: body.stream_name,
            device_name: body.description.device_name,
            media_type: body.description.media_type,
            kms_key_id: body
                .kms_key_id
                .unwrap_or_else(|| format!("arn:aws:kms:{place}:alias/aws/kinesisvideo")),
            version: new_version(),
            created_ms,
            retention_hours: body.data_retention_in_hours,
            storage_tier: body
                .stream_storage_configuration
                .default_storage_tier
                .name()
                .to_owned(),
        };
        let was_free = shared.store.write(|index| {
            if streams::by_name(index, &stream.name)?.is_some() {
                return Ok(false);
            }
            streams::insert(index, &stream, &body.tags)?;
            Ok(true)
        })?;
        if !was_free {
            return Err(ApiError::bad_request(
                "ResourceInUseException",
                format!("The stream {} already exists.", stream.name),
            ));
        }
        Ok(Json(json!({ "StreamARN": stream.arn })))
    })
    .await
}

pub(crate) async fn describe_stream(State(shared): App, call: Call<StreamRef>) -> Answer {
    blocking(&shared, move |shared| {
        let stream = call.body.find(shared, &call.scope, "DescribeStream")?;
        Ok(Json(json!({ "StreamInfo": stream_info(&stream) })))
    })
    .await
}

fn stream_info(stream: &Stream) -> Value {
    let mut info = json!({
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "KmsKeyId": stream.kms_key_id,
        "Version": stream.version,
        "Status": "ACTIVE",
        "CreationTime": seconds(stream.created_ms),
        "DataRetentionInHours": stream.retention_hours,
    });
    if let Some(device_name) = &stream.device_name {
        info["DeviceName"] = json!(device_name);
    }
    if let Some(media_type) = &stream.media_type {
        info["MediaType"] = json!(media_type);
    }
    info
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListStreams {
    max_results: Option<i64>,
    next_token: Option<String>,
    stream_name_condition: Option<NameCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NameCondition {
    comparison_operator: Option<String>,
    comparison_value: Option<String>,
}

pub(crate) async fn list_streams(State(shared): App, call: Call<ListStreams>) -> Answer {
    let Call { scope, body } = call;
    scope.allow("ListStreams", None)?;
    let limit = body.max_results.unwrap_or(10_000);
    if !(1..=10_000).contains(&limit) {
        return Err(ApiError::invalid_argument("MaxResults must be 1 to 10000."));
    }
    let after = body
        .next_token
        .as_deref()
        .map_or(Ok(String::new()), open_token)?;
    let prefix = match body.stream_name_condition {
        None => String::new(),
        Some(condition) => {
            let operator = condition.comparison_operator.as_deref();
            if operator.is_some_and(|operator| operator != "BEGINS_WITH") {
                return Err(ApiError::invalid_argument(
                    "ComparisonOperator must be BEGINS_WITH.",
                ));
            }
            condition.comparison_value.unwrap_or_default()
        }
    };
    shared.usage.of_account("ListStreams")?;
    blocking(&shared, move |shared| {
        let mut found = shared
            .store
            .read(|index| streams::list(index, &after, &prefix, limit + 1))?;
        let more = found.len() as i64 > limit;
        found.truncate(limit as usize);
        let list: Vec<_> = found.iter().map(stream_info).collect();
        let mut answer = json!({ "StreamInfoList": list });
        if let (true, Some(last)) = (more, found.last()) {
            answer["NextToken"] = json!(URL_SAFE_NO_PAD.encode(&last.name));
        }
        Ok(Json(answer))
    })
    .await
}

fn open_token(token: &str) -> Result<String, ApiError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| ApiError::invalid_argument("NextToken is not valid."))
}

#[derive(Deserialize)]
pub(crate) struct DeleteStream {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "CurrentVersion")]
    current_version: Option<String>,
}

pub(crate) async fn delete_stream(State(shared): App, call: Call<DeleteStream>) -> Answer {
    blocking(&shared, move |shared| {
        let stream = call.body.stream.find(shared, &call.scope, "DeleteStream")?;
        let version = call.body.current_version.as_deref();
        check_version(&stream, version)?;
        let is_deleted = shared.store.delete_stream(stream.id, version)?;
        check_written(is_deleted)?;
        shared.recent.forget(stream.id);
        Ok(Json(json!({})))
    })
    .await
}

fn check_version(stream: &Stream, said: Option<&str>) -> Result<(), ApiError> {
    check_written(said.is_none_or(|version| version == stream.version))
}

/// Says that someone else changed the stream, unless a change found its version.
fn check_written(is_latest: bool) -> Result<(), ApiError> {
    if !is_latest {
        return Err(ApiError::bad_request(
            "VersionMismatchException",
            "The stream version that you specified is not the latest version.",
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct GetDataEndpoint {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "APIName")]
    api_name: String,
}

const API_NAMES: [&str; 8] = [
    "PUT_MEDIA",
    "GET_MEDIA",
    "LIST_FRAGMENTS",
    "GET_MEDIA_FOR_FRAGMENT_LIST",
    "GET_HLS_STREAMING_SESSION_URL",
    "GET_DASH_STREAMING_SESSION_URL",
    "GET_CLIP",
    "GET_IMAGES",
];

pub(crate) async fn get_data_endpoint(State(shared): App, call: Call<GetDataEndpoint>) -> Answer {
    if !API_NAMES.contains(&call.body.api_name.as_str()) {
        return Err(ApiError::invalid_argument("APIName is not known."));
    }
    blocking(&shared, move |shared| {
        call.body
            .stream
            .find(shared, &call.scope, "GetDataEndpoint")?;
        Ok(Json(json!({ "DataEndpoint": shared.config.base_url })))
    })
    .await
}

fn is_name(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_media_type(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte))
    };
    text.len() <= 128
        && text.split(',').all(|kind| {
            kind.split_once('/')
                .is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype))
        })
}

/// Writes a changed stream as its next version, unless it was changed since it was read, and erases what arrived until a moment.
fn write_next(shared: &Shared, changed: Stream, erase_until_ms: Option<i64>) -> Answer {
    let next = Stream {
        version: new_version(),
        ..changed
    };
    let is_latest = shared
        .store
        .update_stream(&next, &changed.version, erase_until_ms)?;
    check_written(is_latest)?;
    if erase_until_ms.is_some() {
        shared.store.erase(next.id)?;
    }
    Ok(Json(json!({})))
}

fn new_version() -> String {
    let mut random = [0; 10];
    // Only tells one version from another; a failing source of randomness repeats at worst.
    let _ = getrandom::fill(&mut random);
    hex::encode(random)
}
