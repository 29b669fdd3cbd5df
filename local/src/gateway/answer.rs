//! Turns a function's answer into the HTTP response, adding nothing to it.

use axum::body::{Body, Bytes};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The function's answer in the form of HTTP; `None` when it is not one that an HTTP API can send.
pub fn answer(payload: &Bytes) -> Option<Response<Body>> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    let Some(status) = value.get("statusCode") else {
        // Format 2.0 takes an answer without a status for the body itself.
        return with_json_type(StatusCode::OK, inferred_body(value));
    };
    let status = match status {
        Value::String(status) => status.parse().ok()?,
        status => u16::try_from(status.as_u64()?).ok()?,
    };
    let mut response = Response::new(body(&value)?);
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in value["headers"].as_object().into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        response
            .headers_mut()
            .append(name, HeaderValue::from_str(&text).ok()?);
    }
    for cookie in value["cookies"].as_array().into_iter().flatten() {
        let cookie = HeaderValue::from_str(cookie.as_str()?).ok()?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Some(response)
}

fn inferred_body(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

fn body(value: &Value) -> Option<Body> {
    let text = match &value["body"] {
        Value::Null => return Some(Body::empty()),
        Value::String(text) => text,
        _ => return None,
    };
    match value["isBase64Encoded"].as_bool() {
        Some(true) => Some(Body::from(STANDARD.decode(text).ok()?)),
        _ => Some(Body::from(text.clone())),
    }
}

/// A message of the gateway itself.
pub fn message(status: StatusCode, text: &str) -> Response<Body> {
    let body = json!({ "message": text }).to_string();
    with_json_type(status, body).unwrap_or_default()
}

fn with_json_type(status: StatusCode, body: String) -> Option<Response<Body>> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(body))
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    async fn check(payload: Value) -> Option<(u16, Vec<(String, String)>, Vec<u8>)> {
        let response = answer(&Bytes::from(payload.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1024).await.unwrap();
        let headers = parts.headers.iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Some((parts.status.as_u16(), headers.collect(), body.to_vec()))
    }

    #[tokio::test]
    async fn cookies_become_headers_and_base64_becomes_bytes() {
        let payload = json!({
            "statusCode": 303,
            "headers": { "Location": "/a" },
            "cookies": ["a=1; HttpOnly", "b=2"],
            "body": "/w==",
            "isBase64Encoded": true
        });
        let (status, headers, body) = check(payload).await.unwrap();
        let expected = [
            ("location", "/a"),
            ("set-cookie", "a=1; HttpOnly"),
            ("set-cookie", "b=2"),
        ];
        assert_eq!(status, 303);
        assert_eq!(
            headers,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(body, [0xff]);
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_the_body_itself() {
        let (status, headers, body) = check(json!({ "a": 1 })).await.unwrap();
        assert_eq!((status, body.as_slice()), (200, br#"{"a":1}"#.as_slice()));
        assert_eq!(
            headers,
            [("content-type".to_owned(), "application/json".to_owned())]
        );
    }

    #[tokio::test]
    async fn an_answer_that_http_cannot_carry_is_refused() {
        for payload in [
            json!({ "statusCode": 99 }),
            json!({ "statusCode": "abc" }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "headers": { "a": "b\nc" } }),
            json!({ "statusCode": 200, "cookies": [1] }),
            json!({ "statusCode": 200, "body": { "a": 1 } }),
            json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
        ] {
            assert_eq!(check(payload.clone()).await, None, "{payload}");
        }
        assert!(answer(&Bytes::from_static(b"not json")).is_none());
    }
}
