//! Signature Version 4 as the services check it: header and query forms, on real time, only what SignedHeaders names.

mod canonical;
mod claim;

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use http::StatusCode;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use claim::{Claim, Form};

use crate::credentials::{Credentials, KnownKey, Principal};
use crate::wire::{ApiError, Protocol};

/// How far a signing time may lie from real time, in seconds.
const SKEW_SECONDS: i64 = 300;
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const CONTENT_HASH_HEADER: &str = "x-amz-content-sha256";

/// Which payload hashes a signature may cover.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// The hash of these bytes and nothing else.
    Body(&'a [u8]),
    /// Kinesis Video's producers also sign the empty payload, or none.
    BodyOrUnsigned(&'a [u8]),
    /// A body that is still arriving and so cannot be hashed; producers sign it as empty, as unsigned, or by a header of their own.
    Streaming,
}

/// Why a signature is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("{0}")]
    Incomplete(String),
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
    #[error("Signature not current: {signed} is more than 5 minutes away from {now}")]
    Skewed { signed: Timestamp, now: Timestamp },
    #[error("Signature expired: {now} is later than the expiry {expiry}")]
    Expired { expiry: Timestamp, now: Timestamp },
    #[error(transparent)]
    Registry(#[from] crate::database::DatabaseError),
}

impl SignatureError {
    /// The refusal with the name and status that services of this protocol give it.
    pub fn api_error(&self, protocol: Protocol) -> ApiError {
        let code = match (self, protocol) {
            (Self::Registry(error), _) => return ApiError::internal(error),
            (Self::Incomplete(_), _) => "IncompleteSignature",
            (Self::UnknownKey, Protocol::Query) => "InvalidClientTokenId",
            (Self::UnknownKey, Protocol::RestXml) => "InvalidAccessKeyId",
            (Self::UnknownKey, _) => "UnrecognizedClientException",
            (Self::ExpiredToken, Protocol::Query | Protocol::RestXml) => "ExpiredToken",
            (Self::ExpiredToken, _) => "ExpiredTokenException",
            (Self::Skewed { .. }, Protocol::RestXml) => "RequestTimeTooSkewed",
            (Self::Expired { .. }, Protocol::RestXml) => "AccessDenied",
            (_, Protocol::Query | Protocol::RestXml) => "SignatureDoesNotMatch",
            _ => "InvalidSignatureException",
        };
        let status = match protocol {
            Protocol::AwsJson10 | Protocol::AwsJson11 => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        };
        ApiError::with(status, code, self.to_string())
    }
}

/// Checks the claim against the request and answers who made it.
pub fn verify(
    claim: &Claim,
    parts: &Parts,
    payload: Payload<'_>,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<Principal, SignatureError> {
    let key = check_key(claim, credentials, now)?;
    let signing_key = signing_key(&key.secret, claim);
    let matches = payload_hashes(parts, payload).iter().any(|hash| {
        let request = canonical::request(claim, parts, hash);
        let text = canonical::string_to_sign(claim, &request);
        same(
            hex::encode(hmac(&signing_key, text.as_bytes())).as_bytes(),
            claim.signature.as_bytes(),
        )
    });
    if matches {
        Ok(key.principal)
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// Checks everything about the claim but the signature itself: its time, its key, and the key's session token.
pub(crate) fn check_key(
    claim: &Claim,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<KnownKey, SignatureError> {
    check_time(claim, now)?;
    let key = credentials
        .find(&claim.access_key_id)?
        .ok_or(SignatureError::UnknownKey)?;
    if let Some(expected) = &key.session_token {
        let given = claim.session_token.as_deref().unwrap_or_default();
        if !same(expected.as_bytes(), given.as_bytes()) {
            return Err(SignatureError::UnknownKey);
        }
    }
    if key.expires.is_some_and(|expires| expires <= now) {
        return Err(SignatureError::ExpiredToken);
    }
    Ok(key)
}

fn check_time(claim: &Claim, now: Timestamp) -> Result<(), SignatureError> {
    let ahead = claim.signed_at.duration_since(now);
    let skew = SignedDuration::from_secs(SKEW_SECONDS);
    let too_old = match claim.form {
        Form::Header => ahead < -skew,
        Form::Query { expires_seconds } => {
            let expiry = claim
                .signed_at
                .saturating_add(SignedDuration::from_secs(expires_seconds))
                .unwrap_or(Timestamp::MAX);
            if now > expiry {
                return Err(SignatureError::Expired { expiry, now });
            }
            false
        }
    };
    if too_old || ahead > skew {
        return Err(SignatureError::Skewed {
            signed: claim.signed_at,
            now,
        });
    }
    Ok(())
}

fn payload_hashes(parts: &Parts, payload: Payload<'_>) -> Vec<String> {
    let stated = parts
        .headers
        .get(CONTENT_HASH_HEADER)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let unsigned = [UNSIGNED_PAYLOAD.to_owned(), sha256_hex(b"")];
    match payload {
        Payload::Body(body) => vec![sha256_hex(body)],
        Payload::BodyOrUnsigned(body) => {
            std::iter::once(sha256_hex(body)).chain(unsigned).collect()
        }
        Payload::Streaming => stated.into_iter().chain(unsigned).collect(),
    }
}

fn signing_key(secret: &str, claim: &Claim) -> Vec<u8> {
    let date = hmac(format!("AWS4{secret}").as_bytes(), claim.date.as_bytes());
    let region = hmac(&date, claim.region.as_bytes());
    let service = hmac(&region, claim.service.as_bytes());
    hmac(&service, b"aws4_request")
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes a key of any length, so this arm is never reached; an empty result matches no signature.
        Err(_) => Vec::new(),
    }
}

fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

pub(crate) fn sha256_hex(data: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(data) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
