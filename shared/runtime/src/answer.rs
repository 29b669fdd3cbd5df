//! The answer to a command: JSON for programs, a redirect for a posted form.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// What a command came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    /// The page that shows the result; a posted form is sent there with 303.
    pub location: Option<String>,
    pub body: Value,
}

impl Answer {
    /// 200 with a body and no page.
    pub fn ok(body: Value) -> Self {
        Answer {
            status: StatusCode::OK,
            location: None,
            body,
        }
    }

    /// 200, and the page that shows the result.
    pub fn done(location: impl Into<String>) -> Self {
        Answer {
            status: StatusCode::OK,
            location: Some(location.into()),
            body: json!({}),
        }
    }

    /// 201, the page of what was made, and its identifier.
    pub fn created(location: impl Into<String>, id: &str) -> Self {
        Answer {
            status: StatusCode::CREATED,
            location: Some(location.into()),
            body: json!({ "id": id }),
        }
    }

    /// Adds fields to the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    /// Returns the answer for programs: the body carries the location too.
    pub(crate) fn as_json(&self) -> Response {
        let mut body = self.body.clone();
        if let (Some(location), Value::Object(fields)) = (&self.location, &mut body) {
            fields.insert("location".to_owned(), json!(location));
        }
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE, "application/json")],
            body.to_string(),
        )
            .into_response();
        if let Some(location) = self
            .location
            .as_deref()
            .and_then(|l| HeaderValue::from_str(l).ok())
        {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.as_json();
        // The guard finds it here and redirects where a form was posted.
        response.extensions_mut().insert(self);
        response
    }
}
