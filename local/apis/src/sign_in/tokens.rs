//! The ES256 key kept in the data folder, and the tokens it signs.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::PublicKeyData;
use serde::Serialize;
use serde_json::{Value, json};

use super::SignInError;
use crate::keys::open_or_make_key;
use crate::sigv4::sha256_hex;

/// How long a token is good, in seconds of real time.
pub(super) const TOKEN_SECONDS: i64 = 3600;

pub(super) struct TokenKey {
    encoding: EncodingKey,
    key_id: String,
    x: String,
    y: String,
}

impl TokenKey {
    /// Opens the key, or makes one on the first start.
    pub(super) fn open(path: &Path) -> Result<Self, SignInError> {
        let key = open_or_make_key(path).map_err(SignInError::Key)?;
        let encoding = EncodingKey::from_ec_pem(key.serialize_pem().as_bytes())
            .map_err(|error| SignInError::Key(error.to_string()))?;
        let point = key.der_bytes();
        // An uncompressed point is 0x04, then 32 bytes each of x and y.
        let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else {
            return Err(SignInError::Key("it is not a P-256 key".to_owned()));
        };
        Ok(Self {
            encoding,
            key_id: sha256_hex(point)[..32].to_owned(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// The public key as a JSON Web Key Set.
    pub(super) fn key_set(&self) -> Value {
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
            "kid": self.key_id, "x": self.x, "y": self.y,
        }] })
    }

    pub(super) fn sign(
        &self,
        claims: &impl Serialize,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding)
    }
}
