//! The Lambda API: Invoke, ListFunctions and GetFunction, so that the usual tools reach the functions.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::host::{Host, InvokeError, Outcome};
use crate::template::model::{Function, function_arn};

/// The largest payload of a synchronous call, in bytes.
const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;
/// The largest payload of an event, in bytes.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

pub fn router(host: Arc<Host>) -> Router {
    Router::new()
        .route("/2015-03-31/functions", get(list))
        .route("/2015-03-31/functions/", get(list))
        .route("/2015-03-31/functions/{name}", get(describe))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .fallback(unknown_operation)
        .with_state(host)
}

async fn list(State(host): State<Arc<Host>>) -> Response {
    let functions: Vec<Value> = host.functions().map(configuration).collect();
    (json_type(), json!({ "Functions": functions }).to_string()).into_response()
}

async fn describe(State(host): State<Arc<Host>>, Path(name): Path<String>) -> Response {
    match host.function(plain_name(&name)) {
        Some(function) => {
            let body = json!({ "Configuration": configuration(function), "Tags": {} });
            (json_type(), body.to_string()).into_response()
        }
        None => not_found(&name),
    }
}

async fn invoke(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let name = plain_name(&name).to_owned();
    if host.function(&name).is_none() {
        return not_found(&name);
    }
    let payload = match payload(body).await {
        Ok(payload) => payload,
        Err(refusal) => return refusal,
    };
    match invocation_type(&parts.headers) {
        "RequestResponse" => answer(&host, &name, payload).await,
        "Event" if payload.len() > MAX_EVENT_BYTES => too_large(MAX_EVENT_BYTES),
        "Event" => {
            let event = serde_json::from_slice(&payload).unwrap_or_default();
            tokio::spawn(async move { host.invoke_event(&name, event).await });
            StatusCode::ACCEPTED.into_response()
        }
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        other => refusal(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            &format!("{other} is not an invocation type."),
        ),
    }
}

async fn answer(host: &Host, name: &str, payload: Bytes) -> Response {
    let version = ("x-amz-executed-version", "$LATEST");
    match host.invoke(name, payload).await {
        Ok(Outcome::Answered(body)) => (json_type(), [version], body).into_response(),
        Ok(Outcome::Failed(body)) => {
            let error = ("x-amz-function-error", "Unhandled");
            (json_type(), [version, error], body).into_response()
        }
        Err(InvokeError::UnknownFunction) => not_found(name),
        Err(InvokeError::TooManyRequests) => refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "Rate Exceeded.",
        ),
        Err(InvokeError::Stopping) => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceException",
            "The host is stopping.",
        ),
    }
}

/// The payload, which has to be JSON; none at all counts as an empty object.
async fn payload(body: Body) -> Result<Bytes, Response> {
    let Ok(payload) = to_bytes(body, MAX_PAYLOAD_BYTES).await else {
        return Err(too_large(MAX_PAYLOAD_BYTES));
    };
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            &format!("Could not parse request body into json: {error}"),
        )),
    }
}

fn invocation_type(headers: &HeaderMap) -> &str {
    let kind = headers.get("x-amz-invocation-type");
    kind.map_or("RequestResponse", |kind| kind.to_str().unwrap_or_default())
}

/// A function may be named by its name, its ARN or part of its ARN, each with or without a version.
fn plain_name(name: &str) -> &str {
    let name = name
        .rsplit_once(":function:")
        .map_or(name, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

fn configuration(function: &Function) -> Value {
    json!({
        "FunctionName": function.name,
        "FunctionArn": function.arn(),
        "Description": function.description,
        "Runtime": "provided.al2023",
        "Handler": function.handler,
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout.as_secs(),
        "Version": "$LATEST",
        "PackageType": "Zip",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "LoggingConfig": {
            "LogFormat": function.log_format,
            "ApplicationLogLevel": function.log_level,
            "LogGroup": format!("/aws/lambda/{}", function.name),
        },
    })
}

fn json_type() -> [(&'static str, &'static str); 1] {
    [("content-type", "application/json")]
}

fn not_found(name: &str) -> Response {
    let arn = function_arn(plain_name(name));
    refusal(
        StatusCode::NOT_FOUND,
        "ResourceNotFoundException",
        &format!("Function not found: {arn}"),
    )
}

fn too_large(limit: usize) -> Response {
    refusal(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestTooLargeException",
        &format!("Request must be smaller than {limit} bytes for the InvokeFunction operation"),
    )
}

async fn unknown_operation() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "UnknownOperationException",
        "The local cloud offers Invoke, ListFunctions and GetFunction.",
    )
}

fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let body = json!({ "Type": "User", "Message": message }).to_string();
    (status, json_type(), [("x-amzn-errortype", kind)], body).into_response()
}
