//! Every way in which Kinesis Video's producers and SDKs sign is taken, and what they signed cannot be changed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use ciero_apis::credentials::IssuedKey;
use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue, Request};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use support::{AWS, Cloud, call, video_door};

const STREAM: &str = "thing-1";
const BODY: &[u8] = b"{\n\t\"StreamName\": \"thing-1\"\n}";

/// What a client hashes as the payload.
#[derive(Clone, Copy)]
enum Hashed {
    Body,
    Nothing,
    /// The words that stand for no hash.
    Unsigned,
}

/// A client, by what it signs.
struct Client {
    path: &'static str,
    hashed: Hashed,
    signed: &'static [(&'static str, &'static str)],
    /// Headers that are sent without being signed.
    unsigned: &'static [(&'static str, &'static str)],
    token: Token,
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    Signed,
    Unsigned,
}

const PUT_MEDIA: [(&str, &str); 4] = [
    ("x-amzn-fragment-acknowledgment-required", "1"),
    ("x-amzn-fragment-timecode-type", "ABSOLUTE"),
    ("x-amzn-producer-start-timestamp", "1795337039.14"),
    ("x-amzn-stream-name", STREAM),
];
const AGENT: (&str, &str) = (
    "user-agent",
    "AWS-SDK-KVS-CPP-CLIENT/3.5.0 GCC/12.2.0  Linux",
);

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

impl Client {
    /// The request as the client sends it, signed here step by step and not by the library that is tested against.
    fn request(&self, cloud: &Cloud, key: &IssuedKey) -> Request<Vec<u8>> {
        let time = cloud.real_now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![("host", "127.0.0.1"), ("x-amz-date", time.as_str())];
        headers.extend(self.signed);
        if self.token == Token::Signed {
            headers.push(("x-amz-security-token", &key.session_token));
        }
        headers.sort_unstable();
        let hash = match self.hashed {
            Hashed::Body => sha256(BODY),
            Hashed::Nothing => sha256(b""),
            Hashed::Unsigned => "UNSIGNED-PAYLOAD".to_owned(),
        };
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| {
                let value: Vec<_> = value.split_whitespace().collect();
                format!("{name}:{}\n", value.join(" "))
            })
            .collect();
        let (path, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let canonical = format!("POST\n{path}\n{query}\n{lines}\n{names}\n{hash}");
        let scope = format!("{}/ap-northeast-1/kinesisvideo/aws4_request", &time[..8]);
        let text = format!(
            "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
            sha256(canonical.as_bytes())
        );
        let signing = scope
            .split('/')
            .fold(format!("AWS4{}", key.secret).into_bytes(), |key, part| {
                hmac(&key, part)
            });
        let signature = hex::encode(hmac(&signing, &text));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            key.access_key_id
        );
        let mut request = Request::post(format!("{AWS}{}", self.path));
        for (name, value) in headers.iter().chain(self.unsigned) {
            request = request.header(*name, *value);
        }
        if self.token == Token::Unsigned {
            request = request.header("x-amz-security-token", &key.session_token);
        }
        request
            .header("authorization", authorization)
            .body(BODY.to_vec())
            .unwrap()
    }
}

/// Checks that the request is taken, that each signed header holds it, and that each unsigned one does not.
async fn check(client: Client) {
    let cloud = Cloud::open();
    let door = video_door(&cloud);
    let now = cloud.real_now();
    let expires = now + SignedDuration::from_hours(1);
    let credentials = &cloud.apis.credentials;
    let key = credentials
        .issue_for_stream(STREAM, STREAM, now, expires)
        .unwrap();
    let answer = call(&door, client.request(&cloud, &key)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().starts_with(STREAM));
    let changed = |name: &'static str| {
        let mut request = client.request(&cloud, &key);
        request.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static("changed"),
        );
        call(&door, request)
    };
    for (name, _) in client.signed {
        let answer = changed(name).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (403, "InvalidSignatureException"),
            "{name}"
        );
    }
    for (name, _) in client.unsigned {
        if *name != "x-amz-content-sha256" {
            assert_eq!(changed(name).await.status, 200, "{name}");
        }
    }
    let mut wrong_token = client.request(&cloud, &key);
    let token = HeaderValue::from_static("another");
    wrong_token
        .headers_mut()
        .insert("x-amz-security-token", token);
    assert_eq!(call(&door, wrong_token).await.status, 403);
    if matches!(client.hashed, Hashed::Body) {
        let mut other = client.request(&cloud, &key);
        other.body_mut().push(b' ');
        assert_eq!(call(&door, other).await.status, 403);
    }
}

#[tokio::test]
async fn the_c_and_cpp_producers_control_calls_are_taken() {
    check(Client {
        path: "/describeStream",
        hashed: Hashed::Body,
        signed: &[AGENT],
        unsigned: &[("content-type", "application/json")],
        token: Token::Unsigned,
    })
    .await;
}

#[tokio::test]
async fn the_c_and_cpp_producers_media_is_taken_with_what_they_sign_of_the_connection() {
    let mut signed = vec![
        AGENT,
        ("connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
    ];
    signed.extend(PUT_MEDIA);
    check(Client {
        path: "/putMedia",
        hashed: Hashed::Nothing,
        signed: signed.leak(),
        unsigned: &[("content-type", "application/json")],
        token: Token::Unsigned,
    })
    .await;
}

#[tokio::test]
async fn the_java_producer_is_taken_with_a_hash_header_that_it_adds_after_signing() {
    check(Client {
        path: "/putMedia",
        hashed: Hashed::Unsigned,
        signed: &PUT_MEDIA,
        unsigned: &[
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("accept", "application/json"),
        ],
        token: Token::Signed,
    })
    .await;
}

#[tokio::test]
async fn the_go_library_is_taken_with_its_expiry_in_the_query() {
    check(Client {
        path: "/putMedia?X-Amz-Expires=86400",
        hashed: Hashed::Nothing,
        signed: &PUT_MEDIA,
        unsigned: &[("content-type", "application/json")],
        token: Token::Signed,
    })
    .await;
}

#[tokio::test]
async fn the_embedded_c_producer_is_taken_with_its_token_signed() {
    let mut signed = vec![AGENT];
    signed.extend(PUT_MEDIA);
    check(Client {
        path: "/putMedia",
        hashed: Hashed::Nothing,
        signed: signed.leak(),
        unsigned: &[("transfer-encoding", "chunked")],
        token: Token::Signed,
    })
    .await;
}

#[tokio::test]
async fn the_sdks_that_read_are_taken() {
    check(Client {
        path: "/describeStream",
        hashed: Hashed::Body,
        signed: &[("content-type", "application/json")],
        unsigned: &[("user-agent", "Boto3/1.43.11")],
        token: Token::Signed,
    })
    .await;
}
