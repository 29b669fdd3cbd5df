//! The gateway in front of real worker processes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::Gateway;
use crate::host::Host;
use crate::template::model::{Route, Throttle};
use crate::testing::{NOW_MS, function, host};

struct Setup {
    router: axum::Router,
    host: Arc<Host>,
    _logs: TempDir,
}

fn setup(throttle: Option<Throttle>, integration_limit: Duration) -> Setup {
    let logs = tempfile::tempdir().unwrap();
    let host = host(vec![function("f", Duration::from_secs(20))], logs.path());
    let route = |path: &str| Route {
        method: "POST".to_owned(),
        path: path.to_owned(),
        function: "f".to_owned(),
    };
    let routes = [
        "/cameras/{id}",
        "/hang",
        "/exit",
        "/fail",
        "/answer-nonsense",
    ]
    .map(route);
    let now = Box::new(|| Timestamp::from_millisecond(NOW_MS).unwrap());
    let mut gateway = Gateway::new(&routes, throttle, Arc::clone(&host), now, 8080);
    gateway.integration_limit = integration_limit;
    Setup {
        router: gateway.into_router(),
        host,
        _logs: logs,
    }
}

async fn post(setup: &Setup, path: &str, body: Vec<u8>) -> (u16, Value, Vec<String>) {
    let request = Request::post(path)
        .header("host", "127.0.0.1:8080")
        .body(Body::from(body));
    send(setup, request.unwrap()).await
}

async fn send(setup: &Setup, request: Request<Body>) -> (u16, Value, Vec<String>) {
    let response = setup.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let names = parts.headers.keys().map(ToString::to_string).collect();
    (
        parts.status.as_u16(),
        serde_json::from_slice(&body).unwrap(),
        names,
    )
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_request_reaches_its_function_and_the_answer_gets_nothing_added() {
    let setup = setup(None, LONG);
    let (status, body, headers) = post(&setup, "/cameras/c-1?a=b", b"x".to_vec()).await;
    assert_eq!(status, 201);
    // The length belongs to the transport and not to the answer.
    assert_eq!(headers, ["set-cookie", "content-length"]);
    assert_eq!(body["event"]["pathParameters"], json!({ "id": "c-1" }));
    assert_eq!(body["event"]["requestContext"]["timeEpoch"], NOW_MS);
    assert_eq!(body["event"]["body"], "eA==");
    setup.host.close().await;
}

#[tokio::test]
async fn the_gateway_refuses_in_its_own_words() {
    let setup = setup(None, Duration::from_millis(300));
    let check = async |path: &str, body: usize| {
        let (status, answer, _) = post(&setup, path, vec![b' '; body]).await;
        (
            status,
            answer["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let said = |status: u16, message: &str| (status, message.to_owned());
    assert_eq!(check("/nowhere", 0).await, said(404, "Not Found"));
    assert_eq!(check("/fail", 0).await, said(500, "Internal Server Error"));
    assert_eq!(check("/exit", 0).await, said(500, "Internal Server Error"));
    assert_eq!(
        check("/answer-nonsense", 0).await,
        said(500, "Internal Server Error")
    );
    assert_eq!(check("/hang", 0).await, said(503, "Service Unavailable"));
    let too_long = 10 * 1024 * 1024 + 1;
    assert_eq!(
        check("/fail", too_long).await,
        said(413, "Request Entity Too Large")
    );
    setup.host.close().await;
}

#[tokio::test]
async fn a_method_that_the_template_does_not_name_has_no_route() {
    let setup = setup(None, LONG);
    let request = Request::get("/fail")
        .header("host", "127.0.0.1")
        .body(Body::empty());
    assert_eq!(send(&setup, request.unwrap()).await.0, 404);
}

#[tokio::test]
async fn a_host_that_is_none_does_not_reach_the_function() {
    let setup = setup(None, LONG);
    for host in ["a b", "a/b", "user@a", "[", ""] {
        let request = Request::post("/fail")
            .header("host", host)
            .body(Body::empty());
        assert_eq!(send(&setup, request.unwrap()).await.0, 400, "{host}");
    }
}

#[tokio::test]
async fn beyond_the_burst_requests_are_refused() {
    let throttle = Throttle {
        requests_per_second: 0.001,
        burst: 2.0,
    };
    let setup = setup(Some(throttle), LONG);
    let mut answers = Vec::new();
    for _ in 0..3 {
        let (status, body, _) = post(&setup, "/fail", Vec::new()).await;
        answers.push((status, body["message"].clone()));
    }
    assert_eq!(answers[1].0, 500);
    assert_eq!(answers[2], (429, json!("Too Many Requests")));
    setup.host.close().await;
}
