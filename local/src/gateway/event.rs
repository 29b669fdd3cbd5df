//! Turns a request into the event that a function gets, in payload format 2.0.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::routes::{Match, decode};
use crate::template::ACCOUNT;

const API_ID: &str = "local";

/// What of an event does not come from the request itself.
pub struct Stamp {
    pub request_id: String,
    /// The service clock.
    pub now: Timestamp,
    pub source_ip: IpAddr,
    /// The port that the request came to.
    pub port: u16,
}

/// The event for this request; `body` is all of its body.
pub fn event(parts: &Parts, body: &[u8], route: &Match<'_>, stamp: &Stamp) -> Value {
    let header = |name: HeaderName| {
        let value = parts.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let domain = header(HOST);
    let domain = domain
        .rsplit_once(':')
        .map_or(domain.as_str(), |(name, _)| name);
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route.key,
        // As it came, because lambda_http builds the request's URI from it; AWS hands it on decoded.
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers(&parts.headers, stamp),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": format!("{:?}", parts.version),
                "sourceIp": stamp.source_ip.to_string(),
                "userAgent": header(USER_AGENT),
            },
            "requestId": stamp.request_id,
            "routeKey": route.key,
            "stage": "$default",
            "time": stamp.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": stamp.now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if let Some(event) = event.as_object_mut() {
        optional(event, parts, query, route);
        add_body(event, &parts.headers, body);
    }
    event
}

/// Parts that an event has only when there is something in them.
fn optional(event: &mut Map<String, Value>, parts: &Parts, query: &str, route: &Match<'_>) {
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), json!(cookies));
    }
    let query = query_parameters(query);
    if !query.is_empty() {
        event.insert("queryStringParameters".to_owned(), json!(query));
    }
    if !route.path_parameters.is_empty() {
        event.insert("pathParameters".to_owned(), json!(route.path_parameters));
    }
}

fn add_body(event: &mut Map<String, Value>, headers: &HeaderMap, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(headers));
    event.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
    let body = text.map_or_else(|| STANDARD.encode(body), str::to_owned);
    event.insert("body".to_owned(), json!(body));
}

/// An HTTP API hands on these kinds as they are and encodes every other, forms included.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(
            kind.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
        || (kind.starts_with("application/") && (kind.ends_with("+json") || kind.ends_with("+xml")))
}

/// Header names in lower case, repeated ones joined by commas; cookies stand apart.
fn headers(headers: &HeaderMap, stamp: &Stamp) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|first| {
                first.push(',');
                first.push_str(&value);
            })
            .or_insert(value);
    }
    let source = stamp.source_ip.to_string();
    let forwarded = match joined.get("x-forwarded-for") {
        Some(before) => format!("{before}, {source}"),
        None => source,
    };
    joined.insert("x-forwarded-for".to_owned(), forwarded);
    joined.insert("x-forwarded-port".to_owned(), stamp.port.to_string());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';'));
    cookies
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Decoded, and repeated names joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decode(&text.replace('+', " "));
        let value = plain(value);
        parameters
            .entry(plain(name))
            .and_modify(|first| {
                first.push(',');
                first.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use axum::http::Request;

    fn check(request: axum::http::request::Builder, body: &[u8]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let route = Match {
            key: "POST /cameras/{id}/recording",
            function: "playback-url",
            path_parameters: BTreeMap::from([("id".to_owned(), "c-1".to_owned())]),
        };
        let stamp = Stamp {
            request_id: "r-1".to_owned(),
            now: "2026-04-01T00:00:00.123Z".parse().unwrap(),
            source_ip: IpAddr::from([127, 0, 0, 1]),
            port: 8080,
        };
        event(&parts, body, &route, &stamp)
    }

    fn post() -> axum::http::request::Builder {
        let path = "/cameras/c-1/recording?from=9%3A00&day=1&day=2&q=a+b&flag";
        Request::post(path).header("host", "127.0.0.1:8080")
    }

    #[test]
    fn an_event_has_the_documented_shape() {
        let request = post()
            .header("user-agent", "test/1")
            .header("accept", "text/html")
            .header("accept", "application/json")
            .header("cookie", "a=1; b=2")
            .header("cookie", "c=3")
            .header("content-type", "application/json");
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /cameras/{id}/recording",
            "rawPath": "/cameras/c-1/recording",
            "rawQueryString": "from=9%3A00&day=1&day=2&q=a+b&flag",
            "cookies": ["a=1", "b=2", "c=3"],
            "headers": {
                "accept": "text/html,application/json",
                "content-type": "application/json",
                "host": "127.0.0.1:8080",
                "user-agent": "test/1",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "8080",
                "x-forwarded-proto": "http"
            },
            "queryStringParameters": { "day": "1,2", "flag": "", "from": "9:00", "q": "a b" },
            "pathParameters": { "id": "c-1" },
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "127.0.0.1",
                "domainPrefix": "127",
                "http": {
                    "method": "POST",
                    "path": "/cameras/c-1/recording",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test/1"
                },
                "requestId": "r-1",
                "routeKey": "POST /cameras/{id}/recording",
                "stage": "$default",
                "time": "01/Apr/2026:00:00:00 +0000",
                "timeEpoch": 1_775_001_600_123_i64
            },
            "body": "{\"a\":1}",
            "isBase64Encoded": false
        });
        assert_eq!(check(request, b"{\"a\":1}"), expected);
    }

    #[test]
    fn a_form_and_bytes_that_are_no_text_are_encoded() {
        let form = check(
            post().header("content-type", "application/x-www-form-urlencoded"),
            b"a=1",
        );
        assert_eq!(
            (&form["body"], &form["isBase64Encoded"]),
            (&json!("YT0x"), &json!(true))
        );
        let bytes = check(post().header("content-type", "text/plain"), &[0xff]);
        assert_eq!(
            (&bytes["body"], &bytes["isBase64Encoded"]),
            (&json!("/w=="), &json!(true))
        );
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let event = check(post(), b"");
        assert!(event.get("body").is_none());
        assert!(event.get("cookies").is_none());
    }
}
