//! What a request says about its own signature, before anything is checked.

use http::HeaderMap;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::SignatureError;
use super::canonical::decode_query;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Header,
    Query { expires_seconds: i64 },
}

/// The signature and its scope as the request states them.
#[derive(Clone, Debug)]
pub struct Claim {
    pub form: Form,
    pub access_key_id: String,
    pub date: String,
    pub region: String,
    pub service: String,
    pub signed_headers: Vec<String>,
    pub signature: String,
    pub signed_at: Timestamp,
    pub signed_at_text: String,
    pub session_token: Option<String>,
}

impl Claim {
    /// Reads the claim; a request without a signature gives `None`.
    pub fn parse(parts: &Parts) -> Result<Option<Self>, SignatureError> {
        if let Some(value) = header(&parts.headers, "authorization") {
            return if value.starts_with(ALGORITHM) {
                Self::from_header(&parts.headers, value).map(Some)
            } else {
                Ok(None)
            };
        }
        let query = decode_query(parts.uri.query().unwrap_or_default());
        let is_signed = query.iter().any(|(name, _)| name == "X-Amz-Signature");
        if is_signed {
            Self::from_query(&query).map(Some)
        } else {
            Ok(None)
        }
    }

    fn from_header(headers: &HeaderMap, value: &str) -> Result<Self, SignatureError> {
        let fields = &value[ALGORITHM.len()..];
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| {
                    incomplete(&format!(
                        "Authorization header requires '{name}' parameter."
                    ))
                })
        };
        let (signed_at_text, signed_at) = signing_time(headers)?;
        Self::assemble(
            Form::Header,
            field("Credential")?,
            (field("SignedHeaders")?, field("Signature")?),
            (signed_at_text, signed_at),
            header(headers, "x-amz-security-token"),
        )
    }

    fn from_query(query: &[(String, String)]) -> Result<Self, SignatureError> {
        let field = |name: &str| {
            query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let required = |name: &str| {
            field(name).ok_or_else(|| {
                incomplete(&format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        if required("X-Amz-Algorithm")? != ALGORITHM {
            return Err(incomplete("only AWS4-HMAC-SHA256 is supported."));
        }
        let expires_seconds = required("X-Amz-Expires")?
            .parse::<i64>()
            .ok()
            .filter(|seconds| (1..=604_800).contains(seconds))
            .ok_or_else(|| incomplete("X-Amz-Expires must be between 1 and 604800 seconds."))?;
        let text = required("X-Amz-Date")?.to_owned();
        let signed_at = parse_amz_date(&text)?;
        Self::assemble(
            Form::Query { expires_seconds },
            required("X-Amz-Credential")?,
            (
                required("X-Amz-SignedHeaders")?,
                required("X-Amz-Signature")?,
            ),
            (text, signed_at),
            field("X-Amz-Security-Token"),
        )
    }

    fn assemble(
        form: Form,
        credential: &str,
        (signed_headers, signature): (&str, &str),
        (signed_at_text, signed_at): (String, Timestamp),
        session_token: Option<&str>,
    ) -> Result<Self, SignatureError> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = parts[..] else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        if !signed_at_text.starts_with(date) {
            return Err(incomplete(
                "Date in Credential scope does not match the signing date.",
            ));
        }
        let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
        if !signed_headers.iter().any(|name| name == "host") {
            return Err(incomplete("'Host' must be a signed header."));
        }
        Ok(Self {
            form,
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            signature: signature.to_owned(),
            signed_at,
            signed_at_text,
            session_token: session_token.map(str::to_owned),
        })
    }
}

fn signing_time(headers: &HeaderMap) -> Result<(String, Timestamp), SignatureError> {
    let text = header(headers, "x-amz-date")
        .ok_or_else(|| incomplete("Authorization header requires existence of 'X-Amz-Date'."))?;
    Ok((text.to_owned(), parse_amz_date(text)?))
}

fn parse_amz_date(text: &str) -> Result<Timestamp, SignatureError> {
    DateTime::strptime("%Y%m%dT%H%M%SZ", text)
        .and_then(|civil| civil.to_zoned(TimeZone::UTC))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| incomplete("Date must be in ISO-8601 'basic format'."))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}
