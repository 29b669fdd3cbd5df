//! The host with real worker processes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::{Host, InvokeError};
use crate::testing::{NOW_MS, eventually, function, host, invoke, process_state};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);

fn started(name: &str, timeout: Duration) -> (Arc<Host>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (
        host(vec![function(name, timeout)], directory.path()),
        directory,
    )
}

async fn tell(host: &Host) -> Value {
    invoke(host, "f", json!({ "do": "tell" })).await.unwrap()
}

async fn pid(host: &Host) -> u64 {
    tell(host).await["pid"].as_u64().unwrap()
}

fn message(failure: &Result<Value, Value>) -> &str {
    failure.as_ref().unwrap_err()["errorMessage"]
        .as_str()
        .unwrap()
}

#[tokio::test]
async fn a_worker_is_used_again_and_frozen_in_between() {
    let (host, _logs) = started("f", LONG);
    let first = pid(&host).await;
    eventually("the worker is stopped", || {
        process_state(first) == Some('T')
    })
    .await;
    assert_eq!(pid(&host).await, first);
    eventually("the worker is stopped again", || {
        process_state(first) == Some('T')
    })
    .await;
    host.close().await;
}

#[tokio::test]
async fn a_worker_sees_its_own_environment_only() {
    let (host, _logs) = started("f", LONG);
    let told = tell(&host).await;
    let environment = told["environment"].as_object().unwrap();
    let own = |name: &str| environment[name].as_str().unwrap();
    assert_eq!(own("MAIN_TABLE"), "ciero-main");
    assert_eq!(own("AWS_ACCESS_KEY_ID"), "key-of-f");
    assert_eq!(own("AWS_LAMBDA_FUNCTION_NAME"), "f");
    assert_eq!(own("AWS_ENDPOINT_URL"), "http://127.0.0.1:4566");
    assert_eq!(own("TZ"), "UTC");
    let allowed = |name: &str| name == "MAIN_TABLE" || name.contains("AWS_") || name == "TZ";
    let foreign = environment.keys().filter(|name| !allowed(name));
    let foreign: Vec<&String> = foreign.collect();
    assert_eq!(foreign, ["LAMBDA_TASK_ROOT", "_HANDLER"]);
    host.close().await;
}

#[tokio::test]
async fn an_invocation_carries_the_documented_headers_and_the_deadline_of_the_service_clock() {
    let (host, _logs) = started("f", LONG);
    let told = tell(&host).await;
    let header = |name: &str| told["told"]["headers"][name].as_str().unwrap().to_owned();
    assert_eq!(
        header("lambda-runtime-deadline-ms"),
        (NOW_MS + 20_000).to_string()
    );
    let arn = "arn:aws:lambda:ap-northeast-1:000000000000:function:f";
    assert_eq!(header("lambda-runtime-invoked-function-arn"), arn);
    assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"));
    assert_eq!(header("lambda-runtime-aws-request-id").len(), 36);
    host.close().await;
}

#[tokio::test]
async fn invocations_at_the_same_time_have_a_worker_each() {
    let (host, directory) = started("f", LONG);
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let meet = |mine, other| json!({ "do": "meet", "mine": path(mine), "other": path(other) });
    // Neither could end without the other.
    let both = futures::future::join(
        invoke(&host, "f", meet("a", "b")),
        invoke(&host, "f", meet("b", "a")),
    );
    let (first, second) = both.await;
    assert_eq!(
        (first.unwrap(), second.unwrap()),
        (json!(true), json!(true))
    );
    let pool = host.pool("f");
    eventually("both workers are idle", || {
        pool.idle_process_ids().len() == 2
    })
    .await;
    host.close().await;
}

#[tokio::test]
async fn a_worker_is_killed_at_the_timeout_and_the_next_call_is_served() {
    let (host, _logs) = started("f", SHORT);
    let before = pid(&host).await;
    let failure = invoke(&host, "f", json!({ "do": "hang" })).await;
    assert!(
        message(&failure).ends_with("Task timed out after 0.40 seconds"),
        "{failure:?}"
    );
    assert_eq!(process_state(before), None);
    assert_ne!(pid(&host).await, before);
    host.close().await;
}

#[tokio::test]
async fn a_worker_that_ends_during_a_call_fails_it_and_is_replaced() {
    let (host, _logs) = started("f", LONG);
    let failure = invoke(&host, "f", json!({ "do": "exit" })).await;
    assert_eq!(
        failure.as_ref().unwrap_err()["errorType"],
        "Runtime.ExitError"
    );
    assert!(
        message(&failure).ends_with("Runtime exited with error: exit status: 3"),
        "{failure:?}"
    );
    tell(&host).await;
    host.close().await;
}

#[tokio::test]
async fn a_worker_that_ends_before_its_first_call_fails_the_invocation() {
    let (host, _logs) = started("exits-early", LONG);
    let failure = invoke(&host, "exits-early", json!({})).await;
    assert_eq!(
        failure.as_ref().unwrap_err()["errorType"],
        "Runtime.ExitError"
    );
    assert!(message(&failure).contains("exit status: 7"), "{failure:?}");
}

#[tokio::test]
async fn an_error_of_initialisation_reaches_the_caller() {
    let (host, _logs) = started("fails-early", LONG);
    let failure = invoke(&host, "fails-early", json!({})).await;
    assert_eq!(
        failure.unwrap_err(),
        json!({ "errorType": "Config", "errorMessage": "no table" })
    );
}

#[tokio::test]
async fn an_error_of_the_function_reaches_the_caller_and_the_worker_goes_on() {
    let (host, _logs) = started("f", LONG);
    let before = pid(&host).await;
    let failure = invoke(&host, "f", json!({ "do": "fail" })).await;
    assert_eq!(
        failure.unwrap_err(),
        json!({ "errorType": "Refused", "errorMessage": "no" })
    );
    let failure = invoke(&host, "f", json!({ "do": "fail-unreadably" })).await;
    assert_eq!(failure.unwrap_err()["errorType"], "Unknown");
    assert_eq!(pid(&host).await, before);
    host.close().await;
}

#[tokio::test]
async fn an_invocation_is_answered_once() {
    let (host, _logs) = started("f", LONG);
    let answer = invoke(&host, "f", json!({ "do": "answer-twice" })).await;
    assert_eq!(answer.unwrap(), json!(1));
    assert_eq!(tell(&host).await["told"]["last_status"], 400);
    host.close().await;
}

#[tokio::test]
async fn an_answer_over_six_megabytes_is_refused() {
    let (host, _logs) = started("f", LONG);
    let failure = invoke(&host, "f", json!({ "do": "answer-too-much" })).await;
    assert_eq!(
        failure.unwrap_err()["errorType"],
        "Function.ResponseSizeTooLarge"
    );
    tell(&host).await;
    host.close().await;
}

#[tokio::test]
async fn a_worker_killed_while_it_was_idle_is_replaced_unseen() {
    let (host, _logs) = started("f", LONG);
    let first = pid(&host).await;
    eventually("the worker is stopped", || {
        process_state(first) == Some('T')
    })
    .await;
    let id = nix::unistd::Pid::from_raw(i32::try_from(first).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).unwrap();
    eventually("the worker is dead", || process_state(first) == Some('Z')).await;
    assert_ne!(pid(&host).await, first);
    host.close().await;
}

#[tokio::test]
async fn beyond_the_bound_invocations_are_refused_and_those_within_are_served() {
    let directory = tempfile::tempdir().unwrap();
    let mut narrow = function("f", LONG);
    narrow.reserved_concurrency = Some(1);
    let host = host(vec![narrow], directory.path());
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let meet = json!({ "do": "meet", "mine": path("a"), "other": path("b") }).to_string();
    let holder = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.invoke("f", Bytes::from(meet)).await }
    });
    eventually("the first call runs", || {
        directory.path().join("a").exists()
    })
    .await;
    let tell = Bytes::from_static(br#"{"do":"tell"}"#);
    let calls = (0..101).map(|_| host.invoke("f", tell.clone()));
    let release = async { std::fs::write(path("b"), "").unwrap() };
    let (outcomes, ()) = futures::future::join(futures::future::join_all(calls), release).await;
    let refused = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(InvokeError::TooManyRequests));
    assert_eq!(refused.count(), 1);
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        100
    );
    assert!(holder.await.unwrap().is_ok());
    host.close().await;
}

#[tokio::test]
async fn an_unknown_function_is_refused() {
    let (host, _logs) = started("f", LONG);
    let refused = host.invoke("g", Bytes::new()).await;
    assert_eq!(refused, Err(InvokeError::UnknownFunction));
}

#[tokio::test]
async fn idle_workers_are_ended_first_the_spare_ones_and_then_the_last() {
    let (host, directory) = started("f", LONG);
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let meet = |mine, other| json!({ "do": "meet", "mine": path(mine), "other": path(other) });
    let both = futures::future::join(
        invoke(&host, "f", meet("a", "b")),
        invoke(&host, "f", meet("b", "a")),
    );
    both.await.0.unwrap();
    let pool = host.pool("f");
    eventually("both workers are idle", || {
        pool.idle_process_ids().len() == 2
    })
    .await;
    let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
    pool.reap(Instant::now(), minute, hour).await;
    assert_eq!(pool.idle_process_ids().len(), 2);
    pool.reap(Instant::now() + minute, minute, hour).await;
    assert_eq!(pool.idle_process_ids().len(), 1);
    pool.reap(Instant::now() + hour, minute, hour).await;
    assert!(pool.idle_process_ids().is_empty());
}

#[tokio::test]
async fn closing_ends_idle_and_running_workers() {
    let (host, _logs) = started("f", LONG);
    let idle = pid(&host).await;
    let pool = host.pool("f");
    eventually("the worker is stopped", || process_state(idle) == Some('T')).await;
    let running = tokio::spawn({
        let host = Arc::clone(&host);
        async move { invoke(&host, "f", json!({ "do": "hang" })).await }
    });
    eventually("the worker is taken", || pool.idle_process_ids().is_empty()).await;
    host.close().await;
    assert_eq!(
        running.await.unwrap().unwrap_err()["errorType"],
        "Sandbox.Stopped"
    );
    assert_eq!(process_state(idle), None);
    let refused = host.invoke("f", Bytes::new()).await;
    assert_eq!(refused, Err(InvokeError::Stopping));
}

#[tokio::test]
async fn what_a_worker_writes_is_in_its_log() {
    let (host, logs) = started("f", LONG);
    tell(&host).await;
    let log = logs.path().join("f.log");
    let written = || std::fs::read_to_string(&log).unwrap_or_default();
    eventually("the log has the worker's first line", || {
        written().contains("running 1 test")
    })
    .await;
    host.close().await;
}
