//! The front door: which signatures it takes, and how it words a refusal for each protocol.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use axum::routing::any;
use axum::{Extension, Router};
use ciero_apis::credentials::Principal;
use http::Request;
use jiff::SignedDuration;
use serde_json::json;
use support::{AWS, Answer, Cloud, Signer, call, video_door};

const IDENTITY: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";

fn identity_request() -> Request<Vec<u8>> {
    Request::post(format!("{AWS}/"))
        .header("host", "127.0.0.1:4566")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(IDENTITY.to_vec())
        .unwrap()
}

fn list_tables() -> Request<Vec<u8>> {
    Request::post(format!("{AWS}/"))
        .header("host", "127.0.0.1:4566")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .body(b"{}".to_vec())
        .unwrap()
}

async fn refused(cloud: &Cloud, signer: Signer) -> (Answer, Answer) {
    let json = cloud.signed_by("dynamodb", list_tables(), &signer);
    let xml = cloud.signed_by("sts", identity_request(), &signer);
    (cloud.send(json).await, cloud.send(xml).await)
}

#[tokio::test]
async fn the_developer_is_told_who_it_is() {
    let cloud = Cloud::open();
    let answer = cloud.send(cloud.signed("sts", identity_request())).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text()
            .contains("<Arn>arn:aws:iam::000000000000:user/developer</Arn>")
    );
}

#[tokio::test]
async fn a_function_signs_with_keys_of_its_own() {
    let cloud = Cloud::open();
    let key = cloud.apis.credentials.issue("portal").unwrap();
    let signer = Signer {
        key: key.access_key_id,
        secret: key.secret,
        token: Some(key.session_token),
        ..Signer::developer()
    };
    let answer = cloud
        .send(cloud.signed_by("sts", identity_request(), &signer))
        .await;
    assert!(
        answer.text().contains("assumed-role/portal/portal"),
        "{}",
        answer.text()
    );
    let without_token = Signer {
        token: None,
        ..signer
    };
    let answer = cloud
        .send(cloud.signed_by("sts", identity_request(), &without_token))
        .await;
    assert!(answer.text().contains("InvalidClientTokenId"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_in_the_words_of_each_protocol() {
    let cloud = Cloud::open();
    let signer = Signer {
        secret: "wrong".to_owned(),
        ..Signer::developer()
    };
    let (json, xml) = refused(&cloud, signer).await;
    assert_eq!(
        (json.status.as_u16(), json.error().as_str()),
        (400, "InvalidSignatureException")
    );
    assert_eq!(xml.status, 403);
    assert!(xml.text().contains("<Code>SignatureDoesNotMatch</Code>"));
}

#[tokio::test]
async fn an_unknown_key_is_refused_in_the_words_of_each_protocol() {
    let cloud = Cloud::open();
    let signer = Signer {
        key: "AKIANOBODY".to_owned(),
        ..Signer::developer()
    };
    let (json, xml) = refused(&cloud, signer).await;
    assert_eq!(json.error(), "UnrecognizedClientException");
    assert!(xml.text().contains("<Code>InvalidClientTokenId</Code>"));
}

#[tokio::test]
async fn a_signing_time_more_than_five_minutes_off_is_refused() {
    let cloud = Cloud::open();
    for minutes in [-6, 6] {
        let time = cloud.real_now() + SignedDuration::from_mins(minutes);
        let signer = Signer {
            time: Some(time),
            ..Signer::developer()
        };
        let (json, _) = refused(&cloud, signer).await;
        assert_eq!(json.error(), "InvalidSignatureException", "{minutes}");
        assert!(json.text().contains("Signature not current"));
    }
    let time = cloud.real_now() - SignedDuration::from_mins(4);
    let signer = Signer {
        time: Some(time),
        ..Signer::developer()
    };
    let answer = cloud
        .send(cloud.signed_by("sts", identity_request(), &signer))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn signatures_are_checked_on_real_time_and_not_on_the_service_clock() {
    let cloud = Cloud::open_at(Some("2024-02-29T00:00:00Z"));
    let answer = cloud.send(cloud.signed("sts", identity_request())).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_changed_body_header_or_path_breaks_the_signature() {
    let cloud = Cloud::open();
    let mut request = cloud.signed("dynamodb", list_tables());
    *request.body_mut() = b"{\"Limit\":1}".to_vec();
    assert_eq!(
        cloud.send(request).await.error(),
        "InvalidSignatureException"
    );

    let mut request = cloud.signed("dynamodb", list_tables());
    request.headers_mut().insert(
        "x-amz-target",
        "DynamoDB_20120810.DeleteTable".parse().unwrap(),
    );
    assert_eq!(
        cloud.send(request).await.error(),
        "InvalidSignatureException"
    );

    let mut request = cloud.signed("dynamodb", list_tables());
    *request.uri_mut() = format!("{AWS}/other").parse().unwrap();
    assert_eq!(
        cloud.send(request).await.error(),
        "InvalidSignatureException"
    );
}

#[tokio::test]
async fn an_unsigned_request_misses_its_token() {
    let cloud = Cloud::open();
    let answer = cloud.send(list_tables()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (403, "MissingAuthenticationToken")
    );
    let bare = Request::get(format!("{AWS}/things/x"))
        .body(Vec::new())
        .unwrap();
    assert_eq!(cloud.send(bare).await.status, 403);
}

#[tokio::test]
async fn half_a_signature_is_incomplete() {
    let cloud = Cloud::open();
    for header in [
        "AWS4-HMAC-SHA256 Credential=a/b",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=a/20261122/r/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    ] {
        let mut request = list_tables();
        request
            .headers_mut()
            .insert("authorization", header.parse().unwrap());
        let answer = cloud.send(request).await;
        assert_eq!(answer.error(), "IncompleteSignature", "{header}");
    }
}

#[tokio::test]
async fn paths_with_encoded_characters_and_queries_verify() {
    let cloud = Cloud::open();
    let echo = Router::new().fallback(any(
        |Extension(principal): Extension<Principal>| async move { principal.name },
    ));
    let door = cloud.apis.front_door().mount("lambda", echo).into_router();
    for path in [
        "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=%24LATEST&b=2&a=x%20y",
        "/a%20b/%E3%81%82?empty&z=%2B",
    ] {
        let request = Request::get(format!("{AWS}{path}"))
            .header("host", "127.0.0.1:4566")
            .body(Vec::new())
            .unwrap();
        let answer = call(&door, cloud.signed("lambda", request)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str()),
            (200, "developer"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_presigned_request_is_good_until_it_expires() {
    let cloud = Cloud::open();
    let signer = || Signer {
        presign: Some(Duration::from_secs(900)),
        ..Signer::developer()
    };
    let request = || {
        Request::post(format!(
            "{AWS}/?Action=GetCallerIdentity&Version=2011-06-15"
        ))
        .header("host", "127.0.0.1:4566")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(IDENTITY.to_vec())
        .unwrap()
    };
    let signed = cloud.signed_by("sts", request(), &signer());
    let late = cloud.signed_by("sts", request(), &signer());
    cloud.pass(Duration::from_secs(899));
    assert_eq!(cloud.send(signed).await.status, 200);
    cloud.pass(Duration::from_secs(2));
    let answer = cloud.send(late).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("Signature expired"));
}

#[tokio::test]
async fn put_media_verifies_with_every_payload_that_producers_sign() {
    let cloud = Cloud::open();
    let door = video_door(&cloud);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for payload in [empty, "UNSIGNED-PAYLOAD"] {
        let request = Request::post(format!("{AWS}/putMedia"))
            .header("host", "127.0.0.1")
            .header("transfer-encoding", "chunked")
            .header("x-amzn-stream-name", "s1")
            .body(vec![7; 3_000_000])
            .unwrap();
        let signer = Signer {
            payload: Some(payload.to_owned()),
            ..Signer::developer()
        };
        let answer = call(&door, cloud.signed_by("kinesisvideo", request, &signer)).await;
        assert_eq!(answer.text(), "full 3000000", "{payload}");
    }
}

#[tokio::test]
async fn a_device_key_reaches_video_with_its_scope_and_nothing_else() {
    let cloud = Cloud::open();
    let door = video_door(&cloud);
    let now = cloud.real_now();
    let expires = now + SignedDuration::from_hours(1);
    let key = cloud
        .apis
        .credentials
        .issue_for_stream("thing-1", "thing-1", now, expires)
        .unwrap();
    let signer = Signer {
        key: key.access_key_id,
        secret: key.secret,
        token: Some(key.session_token),
        ..Signer::developer()
    };
    let describe = || {
        Request::post(format!("{AWS}/describeStream"))
            .header("host", "127.0.0.1")
            .body(b"{}".to_vec())
            .unwrap()
    };
    let answer = call(&door, cloud.signed_by("kinesisvideo", describe(), &signer)).await;
    assert_eq!(answer.text(), "thing-1");
    for service in ["dynamodb", "s3"] {
        let answer = call(&door, cloud.signed_by(service, list_tables(), &signer)).await;
        assert!(
            answer.text().contains("AccessDenied"),
            "{service}: {}",
            answer.text()
        );
    }
    cloud.pass(Duration::from_secs(3601));
    let answer = call(&door, cloud.signed_by("kinesisvideo", describe(), &signer)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (403, "ExpiredTokenException")
    );
}

#[tokio::test]
async fn players_need_no_signature_but_only_for_reading_playlists() {
    let cloud = Cloud::open();
    let door = video_door(&cloud);
    for (method, path, status) in [
        ("GET", "/hls/v1/master.m3u8", 200),
        ("OPTIONS", "/hls/v1/master.m3u8", 403),
        ("POST", "/hls/v1/master.m3u8", 403),
        ("POST", "/putMedia", 403),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("{AWS}{path}"))
            .body(Vec::new())
            .unwrap();
        assert_eq!(
            call(&door, request).await.status.as_u16(),
            status,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_ask_for_video_and_read_why_they_are_refused() {
    let cloud = Cloud::open();
    let door = video_door(&cloud);
    // A browser asks before it sends what is signed.
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri(format!("{AWS}/describeStream"))
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "POST")
        .body(Vec::new())
        .unwrap();
    // The service has it, which answers such a request with what its pages may do.
    assert_eq!(call(&door, preflight).await.status, 405);
    let wrong = Signer {
        secret: "wrong".into(),
        ..Signer::developer()
    };
    let answer = call(
        &door,
        cloud.signed_by("kinesisvideo", list_tables(), &wrong),
    )
    .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_body_over_the_services_limit_is_refused() {
    let cloud = Cloud::open();
    let body = json!({ "QueueUrl": "x".repeat(3 * 1024 * 1024) });
    let answer = cloud.target("sqs", "AmazonSQS.SendMessage", &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (413, "RequestEntityTooLargeException")
    );
}

#[tokio::test]
async fn a_service_that_is_not_here_says_so() {
    let cloud = Cloud::open();
    let answer = cloud.rest("polly", "GET", "/v1/voices", &[], b"").await;
    assert_eq!(answer.error(), "UnknownOperationException");
    assert!(answer.headers.contains_key("x-amzn-requestid"));
}
