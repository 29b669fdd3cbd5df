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

pub(crate) fn malformed(detail: &str) -> Problem {
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
            // Without names an array would be read by position.
            if body.trim_ascii_start().first() != Some(&b'{') {
                return Err(malformed("the body is not an object"));
            }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Raw {
        name: String,
    }

    async fn read(kind: &str, body: &str) -> Result<Raw, u16> {
        let request = Request::post("/").header(header::CONTENT_TYPE, kind);
        let request = request.body(body.to_owned().into()).unwrap();
        let read = Input::from_request(request, &()).await;
        read.map(|Input(raw)| raw)
            .map_err(|problem| problem.status.as_u16())
    }

    #[tokio::test]
    async fn an_object_and_a_form_are_read_by_name() {
        let expected = Raw { name: "x".into() };
        let json = read("application/json", " {\"name\": \"x\"}").await;
        assert_eq!(json.unwrap(), expected);
        let form = read("application/x-www-form-urlencoded", "name=x").await;
        assert_eq!(form.unwrap(), expected);
    }

    #[tokio::test]
    async fn what_is_no_object_is_refused() {
        for body in ["[\"x\"]", "[]", "\"x\"", "null", "{", ""] {
            assert_eq!(read("application/json", body).await, Err(400), "{body}");
        }
        assert_eq!(read("text/csv", "name").await, Err(415));
    }
}
