//! The canonical request: the exact text that both sides sign.

use http::HeaderMap;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Claim, Form, sha256_hex};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The canonical request for one payload hash.
pub(super) fn request(claim: &Claim, parts: &Parts, payload_hash: &str) -> String {
    let mut headers = String::new();
    for name in &claim.signed_headers {
        headers.push_str(name);
        headers.push(':');
        headers.push_str(&header_value(&parts.headers, name));
        headers.push('\n');
    }
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload_hash}",
        parts.method,
        path(parts.uri.path()),
        query(claim, parts.uri.query().unwrap_or_default()),
        claim.signed_headers.join(";"),
    )
}

pub(super) fn string_to_sign(claim: &Claim, request: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n{}",
        claim.signed_at_text,
        claim.date,
        claim.region,
        claim.service,
        sha256_hex(request.as_bytes())
    )
}

/// The pairs of a query string, decoded.
pub(super) fn decode_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Every service but S3 signs the path as it travels, normalised and encoded once more; S3 checks its own signatures.
fn path(raw: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let encoded: Vec<String> = segments.iter().map(|segment| encode(segment)).collect();
    let tail = if raw.ends_with('/') && !encoded.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{tail}", encoded.join("/"))
}

fn query(claim: &Claim, raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = decode_query(raw)
        .into_iter()
        .filter(|(name, _)| claim.form == Form::Header || name != "X-Amz-Signature")
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn header_value(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_normalised_and_encoded_once_more() {
        assert_eq!(path("/a//b/./c/../d e%2F/"), "/a/b/d%20e%252F/");
        assert_eq!(path("/"), "/");
        assert_eq!(path(""), "/");
    }

    #[test]
    fn the_query_is_decoded_and_kept_as_pairs() {
        assert_eq!(
            decode_query("b=%E3%81%82&a"),
            vec![
                ("b".to_owned(), "あ".to_owned()),
                ("a".to_owned(), String::new())
            ]
        );
    }
}
