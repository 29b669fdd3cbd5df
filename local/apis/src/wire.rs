//! How each AWS service words an answer and an error on the wire.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The protocol that a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    AwsJson10,
    AwsJson11,
    RestJson,
    Query,
    RestXml,
}

impl Protocol {
    /// The protocol of the service that a credential scope names.
    pub fn of(service: &str) -> Self {
        match service {
            "dynamodb" | "sqs" => Self::AwsJson10,
            "cognito-idp" | "events" | "secretsmanager" | "kms" | "logs" => Self::AwsJson11,
            "sts" | "iam" | "sns" | "cloudformation" => Self::Query,
            "s3" => Self::RestXml,
            _ => Self::RestJson,
        }
    }
}

/// A refusal with the service's own name for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
}

impl ApiError {
    /// A refusal with status 400, which most services use for most errors.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, code, message)
    }

    pub fn with(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A fault of ours: it is logged here, once, and the caller learns no detail.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "an embedded API failed");
        Self::with(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        )
    }

    /// Words the refusal in the protocol.
    pub fn render(&self, protocol: Protocol) -> Response {
        match protocol {
            Protocol::AwsJson10 => json_answer(
                self.status,
                "application/x-amz-json-1.0",
                &self.json_with_type(),
            ),
            Protocol::AwsJson11 => json_answer(
                self.status,
                "application/x-amz-json-1.1",
                &self.json_with_type(),
            ),
            Protocol::RestJson => {
                let body = json!({ "message": self.message, "Message": self.message });
                let mut response = json_answer(self.status, "application/json", &body);
                response
                    .headers_mut()
                    .insert("x-amzn-errortype", HeaderValue::from_static(self.code));
                response
            }
            Protocol::Query => xml_answer(self.status, self.query_xml()),
            Protocol::RestXml => xml_answer(self.status, self.rest_xml()),
        }
    }

    fn json_with_type(&self) -> Value {
        json!({ "__type": self.code, "message": self.message })
    }

    fn query_xml(&self) -> String {
        let kind = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        format!(
            "<ErrorResponse><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
            self.code,
            escape_xml(&self.message),
            request_id()
        )
    }

    fn rest_xml(&self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message><RequestId>{}</RequestId></Error>",
            self.code,
            escape_xml(&self.message),
            request_id()
        )
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<crate::database::DatabaseError> for ApiError {
    fn from(error: crate::database::DatabaseError) -> Self {
        Self::internal(&error)
    }
}

/// An id for the `x-amzn-RequestId` header.
pub(crate) fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) fn json_answer(
    status: StatusCode,
    content_type: &'static str,
    body: &impl Serialize,
) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, content_type)], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(crate) fn xml_answer(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "text/xml")], Body::from(body)).into_response()
}

/// Reads a request's JSON; an empty body counts as an empty object, as the services take it.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad("SerializationException", error.to_string()))
}

/// The operation that `X-Amz-Target` names, after the service's prefix and the dot.
pub(crate) fn target_operation(headers: &HeaderMap) -> Option<&str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.split_once('.').map(|(_, operation)| operation)
}

pub(crate) fn unknown_operation() -> ApiError {
    ApiError::bad(
        "UnknownOperationException",
        "The requested operation is not offered here.",
    )
}

pub(crate) fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_json_error_names_itself_in_the_header() {
        let response = ApiError::bad("ConflictException", "taken").render(Protocol::RestJson);
        assert_eq!(
            response.headers().get("x-amzn-errortype").unwrap(),
            "ConflictException"
        );
    }

    #[test]
    fn text_in_xml_errors_is_escaped() {
        let error = ApiError::bad("Sender", "<a> & b");
        assert!(error.query_xml().contains("&lt;a&gt; &amp; b"));
        assert!(error.rest_xml().contains("&lt;a&gt; &amp; b"));
    }

    #[test]
    fn malformed_json_is_a_serialization_exception() {
        let refused = parse_json::<Value>(b"{\"a\":").unwrap_err();
        assert_eq!(
            (refused.code, refused.status.as_u16()),
            ("SerializationException", 400)
        );
    }
}
