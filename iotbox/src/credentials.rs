//! The keys that sign calls: fixed ones, or short-lived ones that the device's certificate opens.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use rustls::ClientConfig;
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::warn;

use crate::http_client::{Answer, Endpoint, HttpError, call};

/// Keys are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The certificate is not active, or not of this device.
    #[error(
        "the service does not accept the certificate of this device (any more): {0}; it may have been retired, see its page \
         in the portal"
    )]
    NotAccepted(String),
    #[error("the service gives this device no keys: {0}")]
    Refused(String),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the keys for this device cannot be read: {0}")]
    Unreadable(String),
}

/// Where keys come from.
pub enum CredentialSource {
    Fixed(Credentials),
    Device(Box<DeviceCredentials>),
}

impl CredentialSource {
    /// Keys that are valid at this time, which is now by the clock that signs.
    pub async fn current(&self, now: SystemTime) -> Result<Credentials, CredentialError> {
        match self {
            Self::Fixed(credentials) => Ok(credentials.clone()),
            Self::Device(device) => device.current(now).await,
        }
    }
}

/// The IoT credential provider, to which the device shows its certificate.
pub struct DeviceCredentials {
    endpoint: Endpoint,
    tls: Arc<ClientConfig>,
    thing_name: String,
    path: String,
    kept: Mutex<Option<Credentials>>,
}

#[derive(Deserialize)]
struct Wire {
    credentials: WireCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: jiff::Timestamp,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireError {
    message: String,
}

impl DeviceCredentials {
    /// `host` may name a port; `tls` shows the device's certificate.
    pub fn new(
        host: &str,
        role_alias: &str,
        thing_name: &str,
        tls: Arc<ClientConfig>,
    ) -> Result<Self, HttpError> {
        Ok(Self {
            endpoint: Endpoint::parse(&format!("https://{host}"))?,
            tls,
            thing_name: thing_name.to_owned(),
            path: format!("/role-aliases/{role_alias}/credentials"),
            kept: Mutex::new(None),
        })
    }

    async fn current(&self, now: SystemTime) -> Result<Credentials, CredentialError> {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref()
            && is_valid(credentials, now + RENEW_BEFORE)
        {
            return Ok(credentials.clone());
        }
        match (self.fetch().await, kept.as_ref()) {
            (Ok(fresh), _) => {
                *kept = Some(fresh.clone());
                Ok(fresh)
            }
            (Err(error), Some(old)) if is_valid(old, now) => {
                warn!(%error, "the keys could not be renewed, the old ones are still valid");
                Ok(old.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn fetch(&self) -> Result<Credentials, CredentialError> {
        let request = self
            .endpoint
            .request("GET", &self.path)
            .header("x-amzn-iot-thingname", &self.thing_name)
            .body(Full::<Bytes>::default())
            .map_err(|error| CredentialError::Unreadable(error.to_string()))?;
        read(&call(&self.endpoint, &self.tls, request).await?)
    }
}

fn is_valid(credentials: &Credentials, at: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > at)
}

fn read(answer: &Answer) -> Result<Credentials, CredentialError> {
    if !answer.status.is_success() {
        let error: WireError = serde_json::from_slice(&answer.body).unwrap_or_default();
        let status = answer.status;
        return Err(match (status, error.message) {
            (StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED, message) if !message.is_empty() => {
                CredentialError::NotAccepted(message)
            }
            (_, message) if message.is_empty() => {
                CredentialError::Refused(format!("it answered {status}"))
            }
            (_, message) => CredentialError::Refused(format!("{message} ({status})")),
        });
    }
    let wire: Wire = serde_json::from_slice(&answer.body)
        .map_err(|error| CredentialError::Unreadable(error.to_string()))?;
    let keys = wire.credentials;
    Ok(Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        Some(keys.session_token),
        Some(keys.expiration.into()),
        "iot",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderMap;

    fn check(status: u16, body: &str) -> Result<Credentials, CredentialError> {
        read(&Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        })
    }

    const KEYS: &str = r#"{"credentials":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T",
        "expiration":"2027-01-15T08:00:00Z"}}"#;

    #[test]
    fn keys_are_read_with_their_expiry() {
        let credentials = check(200, KEYS).unwrap();
        assert_eq!(credentials.access_key_id(), "A");
        assert_eq!(credentials.session_token(), Some("T"));
        let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(credentials.expiry(), Some(expiry));
        assert!(is_valid(&credentials, expiry - Duration::from_secs(1)));
        assert!(!is_valid(&credentials, expiry));
    }

    #[test]
    fn a_refusal_is_told_with_its_reason() {
        let error = check(403, r#"{"message":"Access Denied"}"#).unwrap_err();
        assert!(matches!(error, CredentialError::NotAccepted(reason) if reason == "Access Denied"));
        let error = check(404, "").unwrap_err();
        assert!(error.to_string().contains("it answered 404"));
    }

    #[test]
    fn an_answer_without_keys_is_refused() {
        for body in ["", "{}", "<html>", r#"{"credentials":{"accessKeyId":"A"}}"#] {
            assert!(matches!(
                check(200, body),
                Err(CredentialError::Unreadable(_))
            ));
        }
    }
}
