//! Kinesis Video as a device uses it: where to send, by whose clock, and the open PutMedia.

use std::sync::Arc;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::Full;
use rustls::ClientConfig;
use serde::Deserialize;
use tracing::{error, info};

use crate::clock::{self, Reading, ServiceClock, SignedBy, Verdict, in_words};
use crate::credentials::{CredentialError, CredentialSource};
use crate::http_client::{Answer, Endpoint, HttpError, call};
use crate::put_media::PutMedia;
use crate::signing::{Signer, SigningFailed};

const PUT_MEDIA_PATH: &str = "/putMedia";
/// What stands in the name or message of a refusal of a call that was signed by a wrong clock.
const TIME_WORDS: [&str; 3] = ["ignature", "Skew", "xpired"];

/// Why a call to Kinesis Video failed.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("{operation} was refused: {reason}")]
    Refused {
        operation: &'static str,
        reason: String,
    },
    #[error("the answer to {operation} cannot be read: {reason}")]
    Unreadable {
        operation: &'static str,
        reason: String,
    },
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    #[error(transparent)]
    Signing(#[from] SigningFailed),
}

/// One stream of one account.
pub struct MediaService {
    pub control: Endpoint,
    pub tls: Arc<ClientConfig>,
    pub region: String,
    pub stream: String,
    pub credentials: CredentialSource,
    pub clock: Arc<ServiceClock>,
}

/// The address of the control plane of a region.
pub fn regional_endpoint(region: &str) -> String {
    format!("https://kinesisvideo.{region}.amazonaws.com")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataEndpoint {
    data_endpoint: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireError {
    #[serde(rename = "Message", alias = "message")]
    message: String,
}

impl MediaService {
    /// Asks where to send pictures. Every answer teaches the service's clock, a refusal too.
    pub async fn data_endpoint(&self) -> Result<Endpoint, MediaError> {
        const OPERATION: &str = "GetDataEndpoint";
        const PATH: &str = "/getDataEndpoint";
        let body = serde_json::json!({ "StreamName": self.stream, "APIName": "PUT_MEDIA" });
        let body = Bytes::from(body.to_string());
        let mut request = self
            .control
            .request("POST", PATH)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body.clone()))
            .map_err(|error| unreadable(OPERATION, &error))?;
        let signed_by = self.clock.signs_by();
        let now = self.clock.signing_time(signed_by);
        let credentials = self.credentials.current(now).await?;
        self.signer(&credentials, signed_by)
            .sign(&self.control, PATH, &mut request, &body)?;
        let asked_at_ms = self.clock.own_now_ms();
        let answer = call(&self.control, &self.tls, request).await?;
        let compared = self.learn(asked_at_ms, &answer);
        if answer.status != StatusCode::OK {
            return Err(self.refused(OPERATION, signed_by, &answer));
        }
        let found: DataEndpoint =
            serde_json::from_slice(&answer.body).map_err(|error| unreadable(OPERATION, &error))?;
        // Without it nobody could say when the pictures were taken.
        if compared == Compared::No {
            return Err(MediaError::Unreadable {
                operation: OPERATION,
                reason: "it does not tell the date".into(),
            });
        }
        Ok(Endpoint::parse(&found.data_endpoint)?)
    }

    /// Opens PutMedia; `start` is what every connection begins with.
    pub async fn put_media(&self, data: &Endpoint, start: Bytes) -> Result<PutMedia, MediaError> {
        const OPERATION: &str = "PutMedia";
        let start_ms = self.clock.now_ms();
        let start_timestamp = format!("{}.{:03}", start_ms / 1000, start_ms % 1000);
        let (body, sender) = crate::put_media::channel(start);
        let mut request = data
            .request("POST", PUT_MEDIA_PATH)
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-amzn-stream-name", &self.stream)
            .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
            .header("x-amzn-fragment-acknowledgment-required", "1")
            .header("x-amzn-producer-start-timestamp", start_timestamp)
            .body(body)
            .map_err(|error| unreadable(OPERATION, &error))?;
        let signed_by = self.clock.signs_by();
        let now = self.clock.signing_time(signed_by);
        let credentials = self.credentials.current(now).await?;
        self.signer(&credentials, signed_by)
            .sign(data, PUT_MEDIA_PATH, &mut request, b"")?;
        let asked_at_ms = self.clock.own_now_ms();
        match PutMedia::open(data, &self.tls, request, sender).await? {
            Ok(open) => Ok(PutMedia {
                keys_end: credentials.expiry(),
                ..open
            }),
            Err(answer) => {
                self.learn(asked_at_ms, &answer);
                Err(self.refused(OPERATION, signed_by, &answer))
            }
        }
    }

    fn signer<'a>(
        &'a self,
        credentials: &'a aws_credential_types::Credentials,
        signed_by: SignedBy,
    ) -> Signer<'a> {
        Signer {
            credentials,
            region: &self.region,
            time: self.clock.signing_time(signed_by),
        }
    }

    /// Reads why a call was refused; the next one is signed by the other clock if it was for the signature.
    fn refused(&self, operation: &'static str, signed_by: SignedBy, answer: &Answer) -> MediaError {
        let refused = refused(operation, answer);
        let said = refused.to_string();
        if TIME_WORDS.iter().any(|word| said.contains(word)) {
            self.clock.signature_refused(signed_by);
        }
        refused
    }

    /// Compares the clocks and says what that changed, whatever else the answer is.
    fn learn(&self, asked_at_ms: i64, answer: &Answer) -> Compared {
        let date = answer
            .headers
            .get(header::DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(clock::parse_date);
        let Some(date_ms) = date else {
            return Compared::No;
        };
        let before = self.clock.refused();
        let verdict = self.clock.learn(Reading {
            asked_at_ms,
            answered_at_ms: self.clock.own_now_ms(),
            date_ms,
        });
        match (before, verdict) {
            (_, Verdict::Moved { by_ms }) => {
                info!("the service clock is followed: it is {}", in_words(by_ms));
            }
            (None, Verdict::Refused { by_ms }) => error!(
                "the clock of the service is {} of this device's: nothing is sent or kept; set the clock",
                in_words(by_ms)
            ),
            (Some(_), Verdict::Agrees) => info!("the clock agrees with the service's again"),
            (None, Verdict::Agrees) | (Some(_), Verdict::Refused { .. }) => {}
        }
        Compared::Yes
    }
}

/// Whether an answer told the service's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Yes,
    No,
}

fn unreadable(operation: &'static str, error: &dyn std::error::Error) -> MediaError {
    MediaError::Unreadable {
        operation,
        reason: error.to_string(),
    }
}

fn refused(operation: &'static str, answer: &Answer) -> MediaError {
    let name = answer
        .headers
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(':').next())
        .unwrap_or_default();
    let error: WireError = serde_json::from_slice(&answer.body).unwrap_or_default();
    let status = answer.status;
    let reason = match (name, error.message.as_str()) {
        ("", "") => format!("it answered {status}"),
        (name, "") => format!("{name} ({status})"),
        ("", message) => format!("{message} ({status})"),
        (name, message) => format!("{message} ({name})"),
    };
    MediaError::Refused { operation, reason }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderMap;

    fn check(error_type: Option<&str>, body: &str) -> String {
        let mut headers = HeaderMap::new();
        if let Some(name) = error_type {
            headers.insert("x-amzn-errortype", name.parse().unwrap());
        }
        let answer = Answer {
            status: StatusCode::BAD_REQUEST,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        refused("PutMedia", &answer).to_string()
    }

    #[test]
    fn refusals_are_told_with_name_and_message() {
        let name = Some("ResourceNotFoundException:http://internal.example/");
        assert_eq!(
            check(name, r#"{"Message":"no stream"}"#),
            "PutMedia was refused: no stream (ResourceNotFoundException)"
        );
        assert_eq!(
            check(None, r#"{"message":"Forbidden"}"#),
            "PutMedia was refused: Forbidden (400 Bad Request)"
        );
        assert_eq!(
            check(name, ""),
            "PutMedia was refused: ResourceNotFoundException (400 Bad Request)"
        );
        assert_eq!(
            check(None, "<html>"),
            "PutMedia was refused: it answered 400 Bad Request"
        );
    }
}
