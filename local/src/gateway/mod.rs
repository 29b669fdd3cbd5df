//! The gateway on the portal's port: HTTP API with payload format 2.0 in front of the functions.

mod answer;
mod event;
mod routes;
mod throttle;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use jiff::Timestamp;

use crate::host::{Host, InvokeError, Outcome};
use crate::template::model::{Route, Throttle};
use answer::{answer, message};
use event::{Stamp, event};
use routes::Routes;
pub use routes::decode;
use throttle::Bucket;

/// The largest request body of an HTTP API, in bytes.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// The longest that an HTTP API waits for a function.
const INTEGRATION_LIMIT: Duration = Duration::from_secs(30);

pub struct Gateway {
    routes: Routes,
    host: Arc<Host>,
    bucket: Option<Bucket>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    port: u16,
    integration_limit: Duration,
}

impl Gateway {
    /// `now` is the service clock, which every event carries.
    pub fn new(
        routes: &[Route],
        throttle: Option<Throttle>,
        host: Arc<Host>,
        now: Box<dyn Fn() -> Timestamp + Send + Sync>,
        port: u16,
    ) -> Self {
        Self {
            routes: Routes::new(routes),
            host,
            bucket: throttle.map(|limit| Bucket::new(limit, Instant::now())),
            now,
            port,
            integration_limit: INTEGRATION_LIMIT,
        }
    }

    /// Everything that is no route of the local cloud's own goes to the functions.
    pub fn into_router(self) -> Router {
        Router::new().fallback(serve).with_state(Arc::new(self))
    }

    async fn serve(&self, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let source_ip = source(&parts.extensions);
        let Some(route) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        if self
            .bucket
            .as_ref()
            .is_some_and(|bucket| !bucket.take(Instant::now()))
        {
            return message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        if !is_host_sound(&parts.headers) {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let stamp = Stamp {
            request_id: uuid::Uuid::new_v4().to_string(),
            now: (self.now)(),
            source_ip,
            port: self.port,
        };
        let payload = Bytes::from(event(&parts, &body, &route, &stamp).to_string());
        let invocation = self.host.invoke(route.function, payload);
        match tokio::time::timeout(self.integration_limit, invocation).await {
            Ok(Ok(Outcome::Answered(payload))) => answer(&payload).unwrap_or_else(internal_error),
            Ok(Ok(Outcome::Failed(_)) | Err(InvokeError::UnknownFunction)) => internal_error(),
            Ok(Err(InvokeError::TooManyRequests | InvokeError::Stopping)) | Err(_) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }
}

async fn serve(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    gateway.serve(request).await
}

fn internal_error() -> Response<Body> {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn source(extensions: &axum::http::Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| {
        address.ip()
    })
}

/// Functions build URLs from the host, so one that is no host stops here, as it would at the edge of AWS.
fn is_host_sound(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else {
        return false;
    };
    let authority = host
        .to_str()
        .ok()
        .filter(|host| !host.contains(['/', '?', '#', '@', '\\']));
    authority.is_some_and(|host| format!("http://{host}/").parse::<Uri>().is_ok())
}
