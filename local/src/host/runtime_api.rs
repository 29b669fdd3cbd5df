//! The Runtime API of AWS Lambda (2018-06-01), one loopback listener for one worker process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// The largest answer that Lambda hands on, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024;
/// An error's description is a few lines; anything longer is cut off.
const MAX_ERROR_BYTES: usize = 256 * 1024;

/// One invocation as a worker receives it.
#[derive(Debug, Clone)]
pub struct Job {
    pub request_id: String,
    pub payload: Bytes,
    /// Milliseconds since 1970 by the service clock.
    pub deadline_ms: i64,
    pub function_arn: String,
    pub trace_id: String,
}

/// What a worker says.
#[derive(Debug)]
pub enum Call {
    /// It waits for an invocation; the sender hands it one.
    Next(oneshot::Sender<Job>),
    Response(Bytes),
    Error(Bytes),
    InitError(Bytes),
}

struct Exchange {
    calls: mpsc::Sender<Call>,
    /// The invocation that may be answered now.
    current: Mutex<Option<String>>,
}

/// A running listener; it closes when this is dropped.
pub struct RuntimeApi {
    pub address: SocketAddr,
    pub calls: mpsc::Receiver<Call>,
    server: AbortHandle,
}

impl RuntimeApi {
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (calls, inbox) = mpsc::channel(4);
        let exchange = Arc::new(Exchange {
            calls,
            current: Mutex::new(None),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(exchange);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            calls: inbox,
            server: server.abort_handle(),
        })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Exchange {
    fn begin(&self, request_id: &str) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(request_id.to_owned());
    }

    /// True once for the invocation in progress: an answer counts a single time.
    fn finish(&self, request_id: &str) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = current.as_deref() == Some(request_id);
        if matches {
            *current = None;
        }
        matches
    }
}

async fn next(State(exchange): State<Arc<Exchange>>) -> Response {
    let (hand_over, job) = oneshot::channel();
    if exchange.calls.send(Call::Next(hand_over)).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    let Ok(job) = job.await else {
        return StatusCode::GONE.into_response();
    };
    exchange.begin(&job.request_id);
    let headers = [
        ("lambda-runtime-aws-request-id", job.request_id),
        ("lambda-runtime-deadline-ms", job.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", job.function_arn),
        ("lambda-runtime-trace-id", job.trace_id),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, job.payload).into_response()
}

async fn response(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let body = to_bytes(request.into_body(), MAX_RESPONSE_BYTES).await;
    if !exchange.finish(&id) {
        return wrong_request_id();
    }
    let Ok(body) = body else {
        let told = failure(
            "Function.ResponseSizeTooLarge",
            &format!(
                "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            ),
        );
        let _ = exchange.calls.send(Call::Error(told.clone())).await;
        return (StatusCode::PAYLOAD_TOO_LARGE, told).into_response();
    };
    let _ = exchange.calls.send(Call::Response(body)).await;
    accepted()
}

async fn error(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = description(&headers, body).await;
    if !exchange.finish(&id) {
        return wrong_request_id();
    }
    let _ = exchange.calls.send(Call::Error(told)).await;
    accepted()
}

async fn init_error(
    State(exchange): State<Arc<Exchange>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = description(&headers, body).await;
    let _ = exchange.calls.send(Call::InitError(told)).await;
    accepted()
}

/// The worker's own description of its error, or one made from the header when it sent none.
async fn description(headers: &HeaderMap, body: Body) -> Bytes {
    let body = to_bytes(body, MAX_ERROR_BYTES).await.unwrap_or_default();
    if serde_json::from_slice::<serde_json::Value>(&body).is_ok() {
        return body;
    }
    let kind = headers.get("lambda-runtime-function-error-type");
    failure(
        kind.and_then(|kind| kind.to_str().ok())
            .unwrap_or("Unknown"),
        "the function described its error in no readable way",
    )
}

/// An error in the form in which Lambda reports it to the caller.
pub fn failure(kind: &str, message: &str) -> Bytes {
    Bytes::from(json!({ "errorType": kind, "errorMessage": message }).to_string())
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, json!({ "status": "OK" }).to_string()).into_response()
}

fn wrong_request_id() -> Response {
    let told = failure("InvalidRequestID", "Invalid request ID");
    (StatusCode::BAD_REQUEST, told).into_response()
}
