//! The Lambda API with real worker processes behind it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::time::Duration;
use tower::ServiceExt;

const PATH: &str = "/2015-03-31/functions";

struct Setup {
    host: Arc<Host>,
    directory: tempfile::TempDir,
}

fn setup() -> Setup {
    let directory = tempfile::tempdir().unwrap();
    let function = crate::testing::function("f", Duration::from_secs(20));
    Setup {
        host: crate::testing::host(vec![function], directory.path()),
        directory,
    }
}

async fn send(setup: &Setup, request: Request) -> (u16, HeaderMap, Value) {
    let response = router(Arc::clone(&setup.host))
        .oneshot(request)
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status.as_u16(),
        parts.headers,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

fn invocation(name: &str, kind: &str, payload: impl Into<Body>) -> Request {
    let request = Request::post(format!("{PATH}/{name}/invocations"));
    request
        .header("x-amz-invocation-type", kind)
        .body(payload.into())
        .unwrap()
}

#[tokio::test]
async fn a_function_is_invoked_by_its_name_and_by_its_arn() {
    let setup = setup();
    for name in [
        "f",
        "f:$LATEST",
        "000000000000:function:f",
        "arn:aws:lambda:ap-northeast-1:000000000000:function:f",
    ] {
        let request = invocation(name, "RequestResponse", r#"{"a":1}"#);
        let (status, headers, body) = send(&setup, request).await;
        assert_eq!((status, &body["statusCode"]), (200, &json!(201)), "{name}");
        assert_eq!(headers["x-amz-executed-version"], "$LATEST");
        assert!(!headers.contains_key("x-amz-function-error"));
    }
    setup.host.close().await;
}

#[tokio::test]
async fn an_error_of_the_function_is_marked() {
    let setup = setup();
    let request = invocation("f", "RequestResponse", r#"{"do":"fail"}"#);
    let (status, headers, body) = send(&setup, request).await;
    assert_eq!((status, &body["errorType"]), (200, &json!("Refused")));
    assert_eq!(headers["x-amz-function-error"], "Unhandled");
    setup.host.close().await;
}

#[tokio::test]
async fn an_event_is_accepted_and_done_and_a_dry_run_does_nothing() {
    let setup = setup();
    let append = |file: &str| {
        let file = setup.directory.path().join(file);
        json!({ "do": "append", "file": file }).to_string()
    };
    assert_eq!(
        send(&setup, invocation("f", "Event", append("event")))
            .await
            .0,
        202
    );
    let done = || setup.directory.path().join("event").exists();
    crate::testing::eventually("the event is done", done).await;
    assert_eq!(
        send(&setup, invocation("f", "DryRun", append("dry")))
            .await
            .0,
        204
    );
    setup.host.close().await;
    assert!(!setup.directory.path().join("dry").exists());
}

#[tokio::test]
async fn what_cannot_be_invoked_is_refused_as_lambda_refuses_it() {
    let setup = setup();
    let check = async |request: Request, status: u16, kind: &str| {
        let (got, headers, body) = send(&setup, request).await;
        assert_eq!(
            (got, headers["x-amzn-errortype"].to_str().unwrap()),
            (status, kind)
        );
        assert!(body["Message"].is_string());
    };
    let call = "RequestResponse";
    check(
        invocation("g", call, "{}"),
        404,
        "ResourceNotFoundException",
    )
    .await;
    check(
        invocation("f", call, "{"),
        400,
        "InvalidRequestContentException",
    )
    .await;
    check(
        invocation("f", "Later", "{}"),
        400,
        "InvalidParameterValueException",
    )
    .await;
    let long = vec![b' '; MAX_PAYLOAD_BYTES + 1];
    check(invocation("f", call, long), 413, "RequestTooLargeException").await;
    let long = format!("\"{}\"", "a".repeat(MAX_EVENT_BYTES));
    check(
        invocation("f", "Event", long),
        413,
        "RequestTooLargeException",
    )
    .await;
    let unknown = Request::delete(format!("{PATH}/f/x"))
        .body(Body::empty())
        .unwrap();
    check(unknown, 404, "UnknownOperationException").await;
}

#[tokio::test]
async fn functions_are_listed_and_described() {
    let setup = setup();
    let get = |path: &str| {
        Request::get(format!("{PATH}{path}"))
            .body(Body::empty())
            .unwrap()
    };
    for path in ["", "/"] {
        let (_, _, body) = send(&setup, get(path)).await;
        assert_eq!(body["Functions"][0]["FunctionName"], "f");
    }
    let (_, _, body) = send(&setup, get("/f")).await;
    assert_eq!(body["Configuration"]["MemorySize"], 256);
    assert_eq!(send(&setup, get("/g")).await.0, 404);
}
