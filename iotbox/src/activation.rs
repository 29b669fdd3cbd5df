//! The first run: trades a one-time code and a certificate request for a certificate.

use std::sync::Arc;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::Full;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ClientConfig;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::http_client::{Answer, Endpoint, HttpError, call};
use crate::state::{Device, StateDir, StateError};

/// Why a device was not activated.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// Trying again will not help.
    #[error("the service refused this device: {0}")]
    Refused(String),
    /// Trying again may help.
    #[error("{0}")]
    NotNow(String),
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<HttpError> for ActivationError {
    fn from(error: HttpError) -> Self {
        Self::NotNow(error.to_string())
    }
}

/// A problem document (RFC 9457) as the service writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    title: String,
    detail: String,
}

/// A one-time code: twelve letters and digits, however they are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationCode(String);

/// What was typed is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has twelve letters and digits, for instance ABCD-EFGH-JKLM")]
pub struct NotACode;

impl std::str::FromStr for ActivationCode {
    type Err = NotACode;

    fn from_str(typed: &str) -> Result<Self, NotACode> {
        let signs: String = typed
            .chars()
            .filter(|sign| !matches!(sign, '-' | ' '))
            .collect();
        if signs.len() != 12 || !signs.bytes().all(|sign| sign.is_ascii_alphanumeric()) {
            return Err(NotACode);
        }
        let signs = signs.to_ascii_uppercase();
        Ok(Self(format!(
            "{}-{}-{}",
            &signs[..4],
            &signs[4..8],
            &signs[8..]
        )))
    }
}

impl ActivationCode {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Asks for a certificate and keeps what the service answers. The answer may be lost on its way, and the code works
/// once: so the same request always carries the same key, under which the service gives its first answer again.
pub async fn activate(
    service: &Endpoint,
    tls: &Arc<ClientConfig>,
    code: &ActivationCode,
    state: &StateDir,
) -> Result<Device, ActivationError> {
    let csr = state.request_pem(certificate_request)?;
    let body = serde_json::json!({ "code": code.as_str(), "csr": csr }).to_string();
    let request = service
        .request("POST", "/devices/activation")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header("idempotency-key", attempt_key(&body))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ActivationError::NotNow(error.to_string()))?;
    let device = read(&call(service, tls, request).await?)?;
    state.keep_device(&device)?;
    Ok(device)
}

/// Names the attempt by all that it says, so that another code is another attempt.
fn attempt_key(body: &str) -> String {
    hex::encode(Sha256::digest(body))
}

/// The service names the device; the request only proves that the device holds the key.
fn certificate_request(key_pem: &str) -> Result<String, rcgen::Error> {
    let key = KeyPair::from_pem(key_pem)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "iotbox");
    params.serialize_request(&key)?.pem()
}

fn read(answer: &Answer) -> Result<Device, ActivationError> {
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|error| {
            let reason = format!("its answer cannot be read ({error})");
            ActivationError::Refused(reason)
        });
    }
    let sentence = sentence(answer);
    let again = answer.status.is_server_error()
        || matches!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    Err(match again {
        true => ActivationError::NotNow(format!("the service cannot activate now: {sentence}")),
        false => ActivationError::Refused(sentence),
    })
}

/// Says in one line what an answer that is no success says.
fn sentence(answer: &Answer) -> String {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = [problem.detail, problem.title]
        .into_iter()
        .find(|text| !text.trim().is_empty());
    let status = answer.status;
    match text {
        Some(text) if problem.code.is_empty() => text,
        Some(text) => format!("{text} ({})", problem.code),
        None => format!("it answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderMap;

    fn check(status: u16, body: &str) -> String {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        match read(&answer) {
            Ok(device) => format!("activated {}", device.stream_name),
            Err(ActivationError::Refused(reason)) => format!("refused: {reason}"),
            Err(other) => format!("again: {other}"),
        }
    }

    #[test]
    fn codes_are_read_however_they_are_grouped() {
        for typed in ["ABCD-EFGH-JKLM", "abcdefghjklm", " abcd efgh jklm "] {
            let code: ActivationCode = typed.parse().unwrap();
            assert_eq!(code.as_str(), "ABCD-EFGH-JKLM");
        }
        for typed in [
            "",
            "ABCD-EFGH",
            "ABCD-EFGH-JKLMN",
            "ABCD-EFGH-JKL!",
            "ＡBCD-EFGH-JK",
        ] {
            assert_eq!(typed.parse::<ActivationCode>(), Err(NotACode), "{typed}");
        }
    }

    #[test]
    fn the_certificate_request_is_signed_by_the_key() {
        let key = KeyPair::generate().unwrap();
        let pem = certificate_request(&key.serialize_pem()).unwrap();
        let csr = rcgen::CertificateSigningRequestParams::from_pem(&pem).unwrap();
        use rcgen::PublicKeyData;
        assert_eq!(csr.public_key.der_bytes(), key.public_key_raw());
    }

    #[test]
    fn a_whole_answer_activates() {
        let body = r#"{"device_id":"d","thing_name":"t","stream_name":"cam-1","region":"ap-northeast-1",
            "certificate_pem":"C","ca_pem":null,"credential_endpoint":"127.0.0.1:4567","role_alias":"r",
            "media_endpoint":null,"news":1}"#;
        assert_eq!(check(200, body), "activated cam-1");
    }

    #[test]
    fn problem_documents_become_one_sentence() {
        let body = r#"{"code":"activation_code_unknown","title":"Unknown code","detail":"This code is not valid"}"#;
        assert_eq!(
            check(404, body),
            "refused: This code is not valid (activation_code_unknown)"
        );
        assert_eq!(check(409, r#"{"title":"Used"}"#), "refused: Used");
        assert_eq!(check(403, "<html>"), "refused: it answered 403 Forbidden");
        assert!(check(200, "{}").starts_with("refused: its answer cannot be read"));
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        assert!(check(503, "").starts_with("again: "));
        assert!(check(429, "{}").starts_with("again: "));
    }
}
