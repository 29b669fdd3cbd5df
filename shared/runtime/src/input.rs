//! The body of a command: JSON or a form, read into a raw struct of the domain.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::Problem;

/// A command's input.
#[derive(Debug)]
pub struct Input<T>(pub T);

/// Tells whether the body is a form.
pub(crate) fn is_form(headers: &http::HeaderMap) -> bool {
    content_type(headers).starts_with("application/x-www-form-urlencoded")
}

fn content_type(headers: &http::HeaderMap) -> &str {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
}

fn malformed(detail: &str) -> Problem {
    tracing::debug!(detail, "a body was not understood");
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_body",
        "リクエストの本文を読み取れません。",
        "The body of the request cannot be read.",
    )
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = is_form(request.headers());
        let kind = content_type(request.headers()).to_owned();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|e| malformed(&e.to_string()))?;
        if form {
            return serde_urlencoded::from_bytes(&body)
                .map(Input)
                .map_err(|e| malformed(&e.to_string()));
        }
        if kind.starts_with("application/json") {
            return serde_json::from_slice(&body)
                .map(Input)
                .map_err(|e| malformed(&e.to_string()));
        }
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "本文はJSONかフォームで送ってください。",
            "Send JSON or a form.",
        ))
    }
}
