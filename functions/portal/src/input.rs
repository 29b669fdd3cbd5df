//! What a page is asked with: query parameters and path segments, refused with a problem where they are not right.

use axum::extract::{FromRequestParts, Path, Query};
use ciero_runtime::Problem;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use jiff::civil::Date;
use serde::de::DeserializeOwned;

/// The query of a request.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Parameters(value)),
            Err(error) => {
                tracing::debug!(%error, "a query was not understood");
                Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "malformed_query",
                    "アドレスの指定を読み取れません。",
                    "The address cannot be read.",
                ))
            }
        }
    }
}

/// Tells whether a program asks, and not a browser.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|a| a.contains("application/json") && !a.contains("text/html"))
}

/// Reads a day written as in 2026-06-01; a moment is no day, though it begins with one.
pub fn civil_day(text: &str) -> Option<Date> {
    let day: Date = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}

/// The one variable segment of a path; what cannot be read does not exist.
#[derive(Debug)]
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Segment(text)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// Returns a path of this site that a person may be sent back to, or `None` for anything that a browser
/// could read as another site.
pub fn local_path(text: &str) -> Option<&str> {
    let local = text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    local.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_paths_of_this_site_lead_back() {
        for good in ["/", "/cameras?at=2026-04-01T09:00:00%2B09:00", "/a//b"] {
            assert_eq!(local_path(good), Some(good));
        }
        for bad in [
            "",
            "cameras",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "/日本",
            "/a\r\nSet-Cookie: x",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
    }
}
