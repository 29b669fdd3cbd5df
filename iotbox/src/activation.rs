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

const ACTIVATION_PATH: &str = "/devices/activation";

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
        .request("POST", ACTIVATION_PATH)
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

/// Only the service itself refuses for good, and it does so with a problem document. Whatever else answers (a captive
/// portal, a proxy, a gateway before the service) may be gone at the next try.
fn read(answer: &Answer) -> Result<Device, ActivationError> {
    if answer.status.is_success() {
        let device: Device = serde_json::from_slice(&answer.body)
            .map_err(|error| not_the_service(format!("its answer cannot be read ({error})")))?;
        if let Some(address) = &device.media_endpoint {
            Endpoint::parse_private(address)?;
        }
        return Ok(device);
    }
    if answer.status.is_redirection() {
        return Err(elsewhere(answer));
    }
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let may_pass = !answer.status.is_client_error()
        || matches!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    let is_final = !may_pass && !problem.code.is_empty();
    let sentence = problem.sentence(answer.status);
    Err(match is_final {
        true => ActivationError::Refused(sentence),
        false => ActivationError::NotNow(format!("the service cannot activate now: {sentence}")),
    })
}

fn not_the_service(reason: String) -> ActivationError {
    ActivationError::NotNow(format!(
        "what answers is not the service, or not now: {reason}; does this network ask for a login?"
    ))
}

/// The code goes to no address that nobody has written down.
fn elsewhere(answer: &Answer) -> ActivationError {
    let location = answer.headers.get(header::LOCATION);
    match location.and_then(|location| location.to_str().ok()) {
        Some(location) => {
            let address = location
                .strip_suffix(ACTIVATION_PATH)
                .unwrap_or(location)
                .trim_end_matches('/');
            ActivationError::NotNow(format!(
                "the service is elsewhere: if you trust it, use the address {address}"
            ))
        }
        None => not_the_service(format!("it answered {}", answer.status)),
    }
}

impl Problem {
    /// Says in one line what an answer that is no success says.
    fn sentence(self, status: StatusCode) -> String {
        let text = [self.detail, self.title]
            .into_iter()
            .find(|text| !text.trim().is_empty());
        match text {
            Some(text) if self.code.is_empty() => text,
            Some(text) => format!("{text} ({})", self.code),
            None if self.code.is_empty() => format!("it answered {status}"),
            None => format!("it answered {status} ({})", self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderMap;

    fn check(status: u16, body: &str) -> String {
        outcome(&Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        })
    }

    fn outcome(answer: &Answer) -> String {
        match read(answer) {
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
        let bare = r#"{"code":"gone"}"#;
        assert_eq!(check(410, bare), "refused: it answered 410 Gone (gone)");
    }

    #[test]
    fn what_is_not_the_services_own_refusal_is_tried_again() {
        let portal = check(200, "<html>Welcome to our hotel</html>");
        assert!(
            portal.starts_with("again: what answers is not the service"),
            "{portal}"
        );
        assert!(check(200, "{}").starts_with("again: "));
        assert!(check(403, "<html>").ends_with("it answered 403 Forbidden"));
        assert!(check(404, "").starts_with("again: "));
        assert!(check(409, r#"{"title":"Used"}"#).starts_with("again: "));
    }

    #[test]
    fn a_redirection_names_the_address_to_use_and_is_not_followed() {
        let moved_to = |location: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, location.parse().unwrap());
            outcome(&Answer {
                status: StatusCode::MOVED_PERMANENTLY,
                headers,
                body: Bytes::new(),
            })
        };
        assert_eq!(
            moved_to("https://camera.example.jp/devices/activation"),
            "again: the service is elsewhere: if you trust it, use the address https://camera.example.jp"
        );
        assert!(moved_to("https://a.example/login").ends_with("https://a.example/login"));
        assert!(check(302, "").starts_with("again: "));
    }

    #[test]
    fn pictures_are_not_sent_in_the_clear_because_an_answer_says_so() {
        let body = |address: &str| {
            format!(
                r#"{{"device_id":"d","thing_name":"t","stream_name":"cam-1","region":"r","certificate_pem":"C",
                "ca_pem":null,"credential_endpoint":"a","role_alias":"r","media_endpoint":"{address}"}}"#
            )
        };
        let said = check(200, &body("http://192.168.1.9:4566"));
        assert!(
            said.starts_with("again: http://192.168.1.9:4566 would be"),
            "{said}"
        );
        let local = check(200, &body("http://127.0.0.1:4566"));
        assert_eq!(local, "activated cam-1");
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        assert!(check(503, "").starts_with("again: "));
        assert!(check(429, "{}").starts_with("again: "));
        assert!(check(429, r#"{"code":"slow_down"}"#).starts_with("again: "));
        assert!(check(500, r#"{"code":"internal"}"#).starts_with("again: "));
    }
}
