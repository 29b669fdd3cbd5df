//! Signs calls to Kinesis Video with Signature Version 4.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderName, HeaderValue, Request};

use crate::http_client::Endpoint;

const SERVICE: &str = "kinesisvideo";

/// The request cannot be signed.
#[derive(Debug, thiserror::Error)]
#[error("a call cannot be signed: {0}")]
pub struct SigningFailed(String);

/// Who signs, where, and when.
pub struct Signer<'a> {
    pub credentials: &'a Credentials,
    pub region: &'a str,
    pub time: SystemTime,
}

impl Signer<'_> {
    /// Adds the signature; of a body that is still to come the empty beginning is signed, as producers do.
    pub fn sign<B>(
        &self,
        endpoint: &Endpoint,
        path: &str,
        request: &mut Request<B>,
        body: &[u8],
    ) -> Result<(), SigningFailed> {
        let failed = |error: &dyn std::error::Error| SigningFailed(error.to_string());
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(SERVICE)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let headers = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            request.method().as_str(),
            endpoint.address_of(path),
            headers,
            SignableBody::Bytes(body),
        )
        .map_err(|error| failed(&error))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| failed(&error))?
            .into_parts();
        for (name, value) in instructions.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| failed(&error))?;
            let value = HeaderValue::from_str(value).map_err(|error| failed(&error))?;
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_stream_and_the_token_are_signed_and_the_transfer_is_not() {
        let endpoint = Endpoint::parse("http://127.0.0.1:4566").unwrap();
        let mut request = endpoint
            .request("POST", "/putMedia")
            .header("x-amzn-stream-name", "cam")
            .body(())
            .unwrap();
        let token = Some("token".to_owned());
        let credentials = Credentials::new("AKID", "secret", token, None, "test");
        let signer = Signer {
            credentials: &credentials,
            region: "ap-northeast-1",
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        signer
            .sign(&endpoint, "/putMedia", &mut request, b"")
            .unwrap();
        let header = request.headers()["authorization"].to_str().unwrap();
        assert!(
            header.contains("AKID/20270115/ap-northeast-1/kinesisvideo/aws4_request"),
            "{header}"
        );
        assert!(
            header
                .contains("SignedHeaders=host;x-amz-date;x-amz-security-token;x-amzn-stream-name,"),
            "{header}"
        );
        assert_eq!(request.headers()["x-amz-security-token"], "token");
    }
}
