//! The single port for all AWS APIs: verifies each request and passes it to the service that its signature names.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use http::request::Parts;
use http::{Extensions, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::ServiceExt;

use crate::clock::ServiceClock;
use crate::credentials::{Credentials, Principal, Scope};
use crate::sigv4::{self, Claim, Payload, SignatureError};
use crate::tally::Tally;
use crate::wire::{ApiError, Protocol, request_id};

const VIDEO: &str = "kinesisvideo";
const OBJECTS: &str = "s3";
const SIGN_IN: &str = "cognito-idp";
const MIB: usize = 1024 * 1024;

/// Tells a mounted service about the principal in a type of its own.
pub type PrincipalHook = Arc<dyn Fn(&Principal, &mut Extensions) + Send + Sync>;

#[derive(Clone)]
struct Mounted {
    router: Router,
    hook: Option<PrincipalHook>,
}

/// The door; `mount` the services, then turn it into a router.
#[derive(Clone)]
pub struct FrontDoor {
    credentials: Credentials,
    clock: ServiceClock,
    tally: Tally,
    services: HashMap<String, Mounted>,
}

impl FrontDoor {
    pub fn new(credentials: Credentials, clock: ServiceClock, tally: Tally) -> Self {
        Self {
            credentials,
            clock,
            tally,
            services: HashMap::new(),
        }
    }

    /// Serves the service with this signing name; its requests carry a verified `Principal` extension.
    pub fn mount(self, service: &str, router: Router) -> Self {
        self.put(service, router, None)
    }

    /// The same, with a hook that may add extensions for the principal.
    pub fn mount_with(
        self,
        service: &str,
        router: Router,
        hook: impl Fn(&Principal, &mut Extensions) + Send + Sync + 'static,
    ) -> Self {
        self.put(service, router, Some(Arc::new(hook)))
    }

    fn put(mut self, service: &str, router: Router, hook: Option<PrincipalHook>) -> Self {
        // The door limits each body by its service's own limit, so the framework's general one is switched off.
        let router = router.layer(DefaultBodyLimit::disable());
        self.services
            .insert(service.to_owned(), Mounted { router, hook });
        self
    }

    pub fn into_router(self) -> Router {
        Router::new().fallback(enter).with_state(Arc::new(self))
    }

    async fn admit(&self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        if let Some(service) = unsigned_service(&parts) {
            return self
                .pass_on(service, Request::from_parts(parts, body))
                .await;
        }
        let claim = match Claim::parse(&parts) {
            Ok(Some(claim)) => claim,
            Ok(None) => return missing_token().render(guess_protocol(&parts)),
            Err(error) => {
                let protocol = guess_protocol(&parts);
                return error.api_error(protocol).render(protocol);
            }
        };
        let protocol = Protocol::of(&claim.service);
        self.tally.count(&claim.service, &parts);
        match self.verified(&claim, parts, body).await {
            Ok(request) => self.pass_on(&claim.service, request).await,
            Err(error) => {
                let mut refusal = error.render(protocol);
                if claim.service == VIDEO {
                    // As with its answers: a page that reads no refusal would take it for a broken line.
                    let anyone = HeaderValue::from_static("*");
                    let headers = refusal.headers_mut();
                    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone.clone());
                    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, anyone);
                }
                refusal
            }
        }
    }

    /// Verifies the request and puts it together again for its service.
    async fn verified(
        &self,
        claim: &Claim,
        mut parts: Parts,
        body: Body,
    ) -> Result<Request<Body>, ApiError> {
        let protocol = Protocol::of(&claim.service);
        let now = self.clock.real_now();
        let refused = |error: SignatureError| error.api_error(protocol);
        if claim.service == OBJECTS {
            // The object service checks S3's own variants of the signature itself, chunk signatures included.
            let key = sigv4::check_key(claim, &self.credentials, now).map_err(refused)?;
            require_full_scope(&key.principal)?;
            return Ok(Request::from_parts(parts, body));
        }
        let (principal, body) = if is_streaming(claim, &parts) {
            let principal =
                sigv4::verify(claim, &parts, Payload::Streaming, &self.credentials, now)
                    .map_err(refused)?;
            (principal, body)
        } else {
            let bytes = collect(body, body_limit(&claim.service)).await?;
            let payload = if claim.service == VIDEO {
                Payload::BodyOrUnsigned(&bytes)
            } else {
                Payload::Body(&bytes)
            };
            let principal =
                sigv4::verify(claim, &parts, payload, &self.credentials, now).map_err(refused)?;
            (principal, Body::from(bytes))
        };
        if claim.service != VIDEO {
            require_full_scope(&principal)?;
        }
        if let Some(hook) = self
            .services
            .get(&claim.service)
            .and_then(|mounted| mounted.hook.as_ref())
        {
            hook(&principal, &mut parts.extensions);
        }
        parts.extensions.insert(principal);
        Ok(Request::from_parts(parts, body))
    }

    async fn pass_on(&self, service: &str, request: Request<Body>) -> Response {
        let Some(mounted) = self.services.get(service) else {
            return ApiError::bad(
                "UnknownOperationException",
                format!("The service '{service}' is not offered here."),
            )
            .render(Protocol::of(service));
        };
        match mounted.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

async fn enter(State(door): State<Arc<FrontDoor>>, request: Request<Body>) -> Response {
    let mut response = door.admit(request).await;
    if !response.headers().contains_key("x-amzn-requestid")
        && let Ok(id) = HeaderValue::from_str(&request_id())
    {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// The service of a request without a signature of version 4: players carry a session token in the URL, key sets are public.
fn unsigned_service(parts: &Parts) -> Option<&'static str> {
    let path = parts.uri.path();
    let is_preflight = parts.method == Method::OPTIONS
        && parts
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if is_preflight {
        // No other service answers pages of other origins.
        return Some(VIDEO);
    }
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if reads && (path.starts_with("/hls/") || path.starts_with("/dash/")) {
        return Some(VIDEO);
    }
    if parts.method == Method::GET && path.ends_with("/.well-known/jwks.json") {
        return Some(SIGN_IN);
    }
    // Some SDKs still presign S3 addresses in the older form, which the object service checks itself.
    let query = parts.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.starts_with(name));
    (has("AWSAccessKeyId=") && has("Signature=")).then_some(OBJECTS)
}

fn is_streaming(claim: &Claim, parts: &Parts) -> bool {
    claim.service == VIDEO && parts.uri.path() == "/putMedia"
}

fn body_limit(service: &str) -> usize {
    match service {
        "dynamodb" => 16 * MIB,
        "ses" => 40 * MIB,
        "lambda" => 7 * MIB,
        "sqs" => 2 * MIB,
        "sts" => MIB / 16,
        _ => MIB,
    }
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::with(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            format!("The request body is over {limit} bytes."),
        )),
        Err(_) => Err(ApiError::bad(
            "IncompleteBody",
            "The request body did not arrive as a whole.",
        )),
    }
}

fn require_full_scope(principal: &Principal) -> Result<(), ApiError> {
    match &principal.scope {
        Scope::Full => Ok(()),
        Scope::Stream(stream) => Err(ApiError::with(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            format!("{} may only use the video stream {stream}.", principal.name),
        )),
    }
}

fn missing_token() -> ApiError {
    ApiError::with(
        StatusCode::FORBIDDEN,
        "MissingAuthenticationToken",
        "Missing Authentication Token",
    )
}

/// Without a credential scope only the headers tell which protocol the caller speaks.
fn guess_protocol(parts: &Parts) -> Protocol {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if header("content-type").starts_with("application/x-amz-json-1.1") {
        Protocol::AwsJson11
    } else if !header("x-amz-target").is_empty() {
        Protocol::AwsJson10
    } else if header("content-type").starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else {
        Protocol::RestJson
    }
}
