//! What every operation does first: read its JSON, find its stream, check what the caller may touch.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::store::fragments::{Duplicates, TimestampKind, View};
use crate::store::streams::{self, Stream};
use crate::{Scope, Shared};

/// A parsed body together with the caller's scope.
pub(crate) struct Call<T> {
    pub scope: Scope,
    pub body: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Call<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let scope = scope_of(request.extensions());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let body = serde_json::from_slice(text)
            .map_err(|error| ApiError::unreadable(&error).into_response())?;
        Ok(Self { scope, body })
    }
}

pub(crate) fn scope_of(extensions: &http::Extensions) -> Scope {
    extensions.get().cloned().unwrap_or(Scope::Full)
}

impl Scope {
    /// A device may only describe and feed its own stream.
    pub(crate) fn allow(
        &self,
        operation: &'static str,
        stream: Option<&str>,
    ) -> Result<(), ApiError> {
        let Self::Stream(own) = self else {
            return Ok(());
        };
        let is_device_operation =
            matches!(operation, "DescribeStream" | "GetDataEndpoint" | "PutMedia");
        if is_device_operation && stream == Some(own) {
            return Ok(());
        }
        Err(ApiError::not_authorized(operation))
    }
}

/// How a request names its stream: exactly one of the two.
#[derive(Debug, Default, Clone, serde::Deserialize)]
pub(crate) struct StreamRef {
    #[serde(rename = "StreamName")]
    pub name: Option<String>,
    #[serde(rename = "StreamARN")]
    pub arn: Option<String>,
}

impl StreamRef {
    fn name(&self) -> Result<&str, ApiError> {
        match (&self.name, &self.arn) {
            (Some(name), None) => Ok(name),
            (None, Some(arn)) => name_in_arn(arn)
                .ok_or_else(|| ApiError::invalid_argument("StreamARN is not the ARN of a stream.")),
            _ => Err(ApiError::invalid_argument(
                "Specify either StreamName or StreamARN, and not both.",
            )),
        }
    }

    /// Finds the stream, if the caller may do this with it and has not done so too often.
    pub(crate) fn find(
        &self,
        shared: &Shared,
        scope: &Scope,
        operation: &'static str,
    ) -> Result<Stream, ApiError> {
        let name = self.name()?;
        scope.allow(operation, Some(name))?;
        let stream = shared
            .store
            .read(|index| streams::by_name(index, name))?
            .filter(|stream| self.arn.as_ref().is_none_or(|arn| *arn == stream.arn))
            .ok_or_else(ApiError::stream_not_found)?;
        shared.usage.of_stream(operation, stream.id, &stream.name)?;
        Ok(stream)
    }
}

/// The stream's name in `arn:aws:kinesisvideo:<region>:<account>:stream/<name>/<creation>`.
pub(crate) fn name_in_arn(arn: &str) -> Option<&str> {
    let resource = arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)?;
    let (name, creation) = resource.strip_prefix("stream/")?.split_once('/')?;
    creation
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(name)
}

/// Where archived media is read from; a stream without retention has none.
pub(crate) fn archive_of(
    shared: &Shared,
    stream: &Stream,
    by: TimestampKind,
) -> Result<View, ApiError> {
    if stream.retention_hours == 0 {
        return Err(ApiError::no_data_retention());
    }
    Ok(View {
        stream_id: stream.id,
        expired_until_ms: stream.expired_until(shared.now_ms()),
        by,
        duplicates: Duplicates::Keep,
    })
}

/// Runs work that waits for the disk where that is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let shared = Arc::clone(shared);
    match tokio::task::spawn_blocking(move || work(&shared)).await {
        Ok(result) => result,
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}

/// Times in requests and answers are seconds with a fraction.
pub(crate) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

pub(crate) fn millis(seconds: f64) -> Result<i64, ApiError> {
    let ms = (seconds * 1000.0).round();
    if !(0.0..=253_402_300_799_999.0).contains(&ms) {
        return Err(ApiError::invalid_argument("A timestamp is out of range."));
    }
    Ok(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_read_from_an_arn_of_a_stream_and_of_nothing_else() {
        let arn = "arn:aws:kinesisvideo:ap-northeast-1:111122223333:stream/camera-1/1551924009774";
        assert_eq!(name_in_arn(arn), Some("camera-1"));
        for other in [
            "",
            "camera-1",
            "arn:aws:s3:::bucket",
            "arn:aws:kinesisvideo:r:1:channel/a/1",
            "arn:aws:kinesisvideo:r:1:stream/a",
            "arn:aws:kinesisvideo:r:1:stream/a/x",
        ] {
            assert_eq!(name_in_arn(other), None, "{other}");
        }
    }
}
