//! One embedded cloud in a temporary folder, on a real time that only the test moves, with signed calls to it.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SigningCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::body::{Body, Bytes};
use axum::routing::{any, post};
use axum::{Extension, Router};
use ciero_apis::clock::ServiceClock;
use ciero_apis::credentials::{Principal, Scope};
use ciero_apis::{Apis, ApisConfig};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub const REAL_START: &str = "2026-11-22T00:00:00Z";
pub const PORTAL: &str = "http://127.0.0.1:8080";
pub const AWS: &str = "http://127.0.0.1:4566";

pub struct Cloud {
    pub dir: TempDir,
    pub apis: Apis,
    pub door: Router,
    real_ms: Arc<AtomicI64>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error's name, wherever the protocol puts it.
    pub fn error(&self) -> String {
        let header = self.headers.get("x-amzn-errortype");
        match header.and_then(|value| value.to_str().ok()) {
            Some(name) => name.to_owned(),
            None => self.json()["__type"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

impl Cloud {
    pub fn open() -> Self {
        Self::open_at(None)
    }

    pub fn open_at(start: Option<&str>) -> Self {
        let real: Timestamp = REAL_START.parse().unwrap();
        let real_ms = Arc::new(AtomicI64::new(real.as_millisecond()));
        Self::in_dir(tempfile::tempdir().unwrap(), real_ms, start)
    }

    fn in_dir(dir: TempDir, real_ms: Arc<AtomicI64>, start: Option<&str>) -> Self {
        let apis = open(dir.path(), &real_ms, start);
        let door = apis.front_door().into_router();
        Self {
            dir,
            apis,
            door,
            real_ms,
        }
    }

    /// Drops everything without a farewell, as a killed process would, and opens the same folder again.
    pub fn restart(self) -> Self {
        let Self {
            dir,
            apis,
            door,
            real_ms,
        } = self;
        drop((apis, door));
        Self::in_dir(dir, real_ms, None)
    }

    pub fn pass(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap();
        self.real_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn real_now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.real_ms.load(Ordering::SeqCst)).unwrap()
    }

    /// A JSON call with an `X-Amz-Target`, signed as the developer.
    pub async fn target(&self, service: &str, target: &str, body: &Value) -> Answer {
        let version = if service == "cognito-idp" {
            "1.1"
        } else {
            "1.0"
        };
        let request = Request::post(format!("{AWS}/"))
            .header("host", "127.0.0.1:4566")
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", target)
            .body(body.to_string().into_bytes())
            .unwrap();
        self.send(self.signed(service, request)).await
    }

    /// A REST call, signed as the developer.
    pub async fn rest(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{AWS}{path}"))
            .header("host", "127.0.0.1:4566");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).unwrap();
        self.send(self.signed(service, request)).await
    }

    pub fn signed(&self, service: &str, request: Request<Vec<u8>>) -> Request<Vec<u8>> {
        self.signed_by(service, request, &Signer::developer())
    }

    pub fn signed_by(
        &self,
        service: &str,
        mut request: Request<Vec<u8>>,
        signer: &Signer,
    ) -> Request<Vec<u8>> {
        let time = signer.time.unwrap_or_else(|| self.real_now());
        let identity = SigningCredentials::new(
            signer.key.clone(),
            signer.secret.clone(),
            signer.token.clone(),
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        if service == "s3" {
            settings.percent_encoding_mode = aws_sigv4::http_request::PercentEncodingMode::Single;
            settings.payload_checksum_kind =
                aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode =
                aws_sigv4::http_request::UriPathNormalizationMode::Disabled;
        }
        if let Some(expires) = signer.presign {
            settings.signature_location = aws_sigv4::http_request::SignatureLocation::QueryParams;
            settings.expires_in = Some(expires);
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("ap-northeast-1")
            .name(service)
            .time(SystemTime::from(time))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = request.uri().to_string();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let body = match &signer.payload {
            Some(text) => SignableBody::Precomputed(text.clone()),
            None => SignableBody::Bytes(request.body()),
        };
        let signable = SignableRequest::new(request.method().as_str(), &uri, pairs, body).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    pub async fn send(&self, request: Request<Vec<u8>>) -> Answer {
        call(&self.door, request).await
    }
}

/// Who signs, when, and over which payload.
pub struct Signer {
    pub key: String,
    pub secret: String,
    pub token: Option<String>,
    pub time: Option<Timestamp>,
    pub payload: Option<String>,
    pub presign: Option<Duration>,
}

impl Signer {
    pub fn developer() -> Self {
        Self {
            key: "test".to_owned(),
            secret: "test".to_owned(),
            token: None,
            time: None,
            payload: None,
            presign: None,
        }
    }
}

pub async fn call(router: &Router, request: Request<Vec<u8>>) -> Answer {
    let response = router
        .clone()
        .oneshot(request.map(Body::from))
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

fn open(dir: &Path, real_ms: &Arc<AtomicI64>, start: Option<&str>) -> Apis {
    let real_ms = real_ms.clone();
    let real_time =
        Arc::new(move || Timestamp::from_millisecond(real_ms.load(Ordering::SeqCst)).unwrap());
    let start = start.map(|text| text.parse().unwrap());
    Apis::open(&ApisConfig {
        data_dir: dir.to_owned(),
        clock: ServiceClock::open_on(dir, start, real_time).unwrap(),
        aws_url: AWS.to_owned(),
        portal_url: PORTAL.to_owned(),
    })
    .unwrap()
}

/// A door behind which `describeStream` tells whose key was used, and `putMedia` how much arrived too.
pub fn video_door(cloud: &Cloud) -> Router {
    let video = Router::new()
        .route(
            "/putMedia",
            post(
                |Extension(Seen(name)): Extension<Seen>, body: axum::body::Bytes| async move {
                    format!("{name} {}", body.len())
                },
            ),
        )
        .route(
            "/describeStream",
            post(|Extension(Seen(name)): Extension<Seen>| async move { name }),
        )
        .route("/hls/v1/master.m3u8", any(|| async { "#EXTM3U" }));
    let hook = |principal: &Principal, extensions: &mut http::Extensions| {
        let seen = match &principal.scope {
            Scope::Full => "full".to_owned(),
            Scope::Stream(stream) => stream.clone(),
        };
        extensions.insert(Seen(seen));
    };
    cloud
        .apis
        .front_door()
        .mount_with("kinesisvideo", video, hook)
        .into_router()
}

#[derive(Clone)]
pub struct Seen(String);
