//! The endpoint that trades a device's certificate for short-lived keys to its own stream, behind mutual TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::SignedDuration;
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::certificate_id;
use super::registry::{self, CertificateStatus};
use super::{Things, ThingsError};
use crate::wire::{ApiError, json_answer};

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// The id of the certificate that the caller proved to hold.
#[derive(Clone)]
struct CallerCertificate(String);

/// Listens and answers in the background.
pub(super) async fn serve(things: Things, preferred_port: u16) -> Result<SocketAddr, ThingsError> {
    let acceptor = TlsAcceptor::from(Arc::new(tls_config(&things)?));
    let listener = match TcpListener::bind(("127.0.0.1", preferred_port)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(("127.0.0.1", 0)).await?,
    };
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/role-aliases/{alias}/credentials", get(credentials))
        .with_state(things);
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(talk(stream, acceptor.clone(), router.clone()));
                }
                Err(error) => {
                    // Out of file handles, most likely; a pause lets some be closed.
                    tracing::warn!(%error, "the credential provider cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(address)
}

fn tls_config(things: &Things) -> Result<ServerConfig, ThingsError> {
    let failed = |error: &dyn std::fmt::Display| ThingsError::Authority(error.to_string());
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(things.authority.der())
        .map_err(|error| failed(&error))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| failed(&error))?;
    let (certificate, key) = things.authority.server_identity()?;
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .map_err(|error| failed(&error))
}

async fn talk(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await else {
        tracing::debug!("a caller without a certificate of ours was turned away");
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let Some(certificate) = certificates.and_then(|chain| chain.first()) else {
        return;
    };
    let router = router.layer(Extension(CallerCertificate(certificate_id(certificate))));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the credential provider ended early");
    }
}

async fn credentials(
    State(things): State<Things>,
    Extension(CallerCertificate(certificate)): Extension<CallerCertificate>,
    Path(alias): Path<String>,
    headers: HeaderMap,
) -> Response {
    let thing = headers
        .get("x-amzn-iot-thingname")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match issue(&things, &certificate, &alias, thing) {
        Ok(body) => json_answer(StatusCode::OK, "application/json", &body),
        Err(error) => {
            tracing::info!(
                reason = error.message,
                "credentials were refused to a device"
            );
            json_answer(
                error.status,
                "application/json",
                &json!({ "message": error.message }),
            )
        }
    }
}

fn issue(
    things: &Things,
    certificate: &str,
    alias: &str,
    thing: &str,
) -> Result<serde_json::Value, ApiError> {
    let refused = |message: &str| ApiError::with(StatusCode::FORBIDDEN, "AccessDenied", message);
    let alias = {
        let connection = things.database.lock();
        if registry::certificate_status(&connection, certificate)?
            != Some(CertificateStatus::Active)
        {
            return Err(refused("The certificate is not active."));
        }
        if !registry::principals(&connection, thing)?
            .iter()
            .any(|attached| attached == certificate)
        {
            return Err(refused("Invalid thing name passed"));
        }
        if !registry::has_policy(&connection, certificate)? {
            return Err(refused("Access Denied"));
        }
        registry::role_alias(&connection, alias)?.ok_or_else(|| {
            ApiError::with(
                StatusCode::NOT_FOUND,
                "NotFound",
                "Role alias does not exist",
            )
        })?
    };
    // Keys and TLS live on real time, whatever the service clock says.
    let now = things.clock.real_now();
    let expires = now
        .saturating_add(SignedDuration::from_secs(i64::from(alias.duration_seconds)))
        .unwrap_or(now);
    // The device role of template.yaml grants the stream that bears the thing's name.
    let key = things
        .credentials
        .issue_for_stream(thing, thing, now, expires)?;
    Ok(json!({ "credentials": {
        "accessKeyId": key.access_key_id,
        "secretAccessKey": key.secret,
        "sessionToken": key.session_token,
        "expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    } }))
}
