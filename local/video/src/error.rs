//! The errors of the service, in the shape that its clients know.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde_json::json;

/// A refused request: status, name and sentence as the service words them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub name: &'static str,
    pub message: String,
}

impl ApiError {
    pub(crate) fn bad_request(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            name,
            message: message.into(),
        }
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::bad_request("InvalidArgumentException", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::bad_request("ResourceNotFoundException", message)
        }
    }

    pub(crate) fn stream_not_found() -> Self {
        Self::not_found("The requested stream is not found or not active.")
    }

    pub(crate) fn not_authorized(operation: &str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::bad_request(
                "NotAuthorizedException",
                format!(
                    "User is not authorized to perform: kinesisvideo:{operation} on this resource"
                ),
            )
        }
    }

    /// Too many requests in too short a time.
    pub(crate) fn client_limit() -> Self {
        Self::bad_request(
            "ClientLimitExceededException",
            "Kinesis Video Streams has throttled the request because you have exceeded the limit of allowed client calls. Try making the call later.",
        )
    }

    /// Too many of one kind about one stream.
    pub(crate) fn client_limit_of(operation: &str, stream: &str) -> Self {
        Self {
            message: format!(
                "Limit exceeded on number of requests for {operation} API for resource '{stream}'"
            ),
            ..Self::client_limit()
        }
    }

    pub(crate) fn session(message: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            ..Self::bad_request("NotAuthorizedException", message)
        }
    }

    pub(crate) fn no_data_retention() -> Self {
        Self::bad_request(
            "NoDataRetentionException",
            "Data retention for the stream is 0 hours.",
        )
    }

    /// A body that is no JSON or has a value of another type; a value that the operation does not know, or the lack of one that
    /// it needs, is an argument of the request.
    pub(crate) fn unreadable(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        if text.starts_with("unknown variant") || text.starts_with("missing field") {
            let text = text.split(" at line ").next().unwrap_or(&text);
            return Self::invalid_argument(format!("The request has an invalid argument: {text}."));
        }
        Self::bad_request("SerializationException", "The request body is not valid.")
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(
            error = format!("{error:#}"),
            "embedded Kinesis Video failed"
        );
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            name: "InternalFailure",
            message: "The request failed inside the embedded Kinesis Video.".into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = if self.name == "SerializationException" {
            json!({
                "Output": {"__type": "com.amazon.coral.service#SerializationException"},
                "Version": "1.0",
                "Message": self.message,
            })
        } else {
            json!({ "Message": self.message })
        };
        let mut response = (self.status, Json(body)).into_response();
        response
            .headers_mut()
            .insert("x-amzn-ErrorType", HeaderValue::from_static(self.name));
        response
    }
}
