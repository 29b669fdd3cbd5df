//! Streams come, change and go as the service's control plane says.

use crate::common::{NOW_MS, Service, send};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

pub async fn check_refused(
    service: &Service,
    operation: &str,
    body: Value,
    status: u16,
    error: &str,
) {
    let (got, answer) = service.call(operation, body.clone()).await;
    assert_eq!(
        (got.as_u16(), answer["error"].as_str()),
        (status, Some(error)),
        "{operation} {body}: {answer}"
    );
    if error != "SerializationException" {
        assert!(answer["Message"].is_string());
    }
}

#[tokio::test]
async fn a_created_stream_is_described() {
    let service = Service::start();
    let body = json!({"StreamName": "a.b-c_1", "DeviceName": "box", "MediaType": "video/h264,audio/aac", "DataRetentionInHours": 48});
    let (status, created) = service.call("createStream", body).await;
    assert_eq!(status, 200);
    let arn = created["StreamARN"].as_str().unwrap();
    assert_eq!(
        arn,
        format!("arn:aws:kinesisvideo:ap-northeast-1:111122223333:stream/a.b-c_1/{NOW_MS}")
    );
    for body in [json!({"StreamName": "a.b-c_1"}), json!({"StreamARN": arn})] {
        let (status, answer) = service.call("describeStream", body).await;
        assert_eq!(status, 200);
        let info = &answer["StreamInfo"];
        assert_eq!(info["Status"], "ACTIVE");
        assert_eq!(info["DataRetentionInHours"], 48);
        assert_eq!(info["CreationTime"], NOW_MS as f64 / 1000.0);
        assert_eq!(info["DeviceName"], "box");
        assert_eq!(info["MediaType"], "video/h264,audio/aac");
    }
}

#[tokio::test]
async fn a_name_can_be_used_once() {
    let service = Service::with_stream().await;
    let body = json!({"StreamName": "cam"});
    check_refused(
        &service,
        "createStream",
        body,
        400,
        "ResourceInUseException",
    )
    .await;
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let service = Service::with_stream().await;
    for body in [
        json!({"StreamName": ""}),
        json!({"StreamName": "a b"}),
        json!({"StreamName": "x".repeat(257)}),
        json!({"StreamName": "y", "DataRetentionInHours": -1}),
        json!({"StreamName": "y", "DataRetentionInHours": 87_601}),
        json!({"StreamName": "y", "MediaType": "video"}),
        json!({"StreamName": "y", "DeviceName": "a/b"}),
        json!({"StreamName": "y", "Tags": {"": "v"}}),
    ] {
        check_refused(
            &service,
            "createStream",
            body,
            400,
            "InvalidArgumentException",
        )
        .await;
    }
    let both = json!({"StreamName": "cam", "StreamARN": "arn"});
    for body in [json!({}), both, json!({"StreamARN": "arn:aws:s3:::x"})] {
        check_refused(
            &service,
            "describeStream",
            body,
            400,
            "InvalidArgumentException",
        )
        .await;
    }
    for body in [json!({"StreamName": 7}), json!([1])] {
        check_refused(
            &service,
            "createStream",
            body,
            400,
            "SerializationException",
        )
        .await;
    }
    for (operation, body) in [
        (
            "getDataEndpoint",
            json!({"StreamName": "cam", "APIName": "PUT_IT"}),
        ),
        ("getDataEndpoint", json!({"StreamName": "cam"})),
        (
            "getHLSStreamingSessionURL",
            json!({"StreamName": "cam", "PlaybackMode": "BACKWARDS"}),
        ),
        ("getImages", json!({"StreamName": "cam", "Format": "GIF"})),
        ("getMedia", json!({"StreamName": "cam"})),
    ] {
        check_refused(&service, operation, body, 400, "InvalidArgumentException").await;
    }
    let request = Request::post("/createStream")
        .body(Body::from("{"))
        .unwrap();
    assert_eq!(send(&service.video, request).await.0, 400);
    let (status, answer) = service.call("listStreams", json!({})).await;
    assert_eq!(
        (
            status.as_u16(),
            answer["StreamInfoList"].as_array().unwrap().len()
        ),
        (200, 1)
    );
}

#[tokio::test]
async fn an_unknown_stream_is_not_found() {
    let service = Service::with_stream().await;
    let arn = "arn:aws:kinesisvideo:ap-northeast-1:111122223333:stream/cam/1";
    for body in [json!({"StreamName": "other"}), json!({"StreamARN": arn})] {
        check_refused(
            &service,
            "describeStream",
            body,
            404,
            "ResourceNotFoundException",
        )
        .await;
    }
}

#[tokio::test]
async fn an_unknown_operation_is_named_as_such() {
    let service = Service::start();
    let request = Request::post("/createSignalingChannel")
        .body(Body::from("{}"))
        .unwrap();
    let (status, headers, body) = send(&service.video, request).await;
    assert_eq!(status, 404);
    assert_eq!(headers["x-amzn-errortype"], "UnknownOperationException");
    assert!(body.starts_with(b"{\"Output\""));
}

#[tokio::test]
async fn streams_are_listed_in_pages_and_by_prefix() {
    let service = Service::start();
    for name in ["b2", "a1", "b1", "c1", "b3"] {
        service
            .call("createStream", json!({"StreamName": name}))
            .await;
    }
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let body = json!({"MaxResults": 2, "NextToken": token});
        let (_, answer) = service.call("listStreams", body).await;
        for info in answer["StreamInfoList"].as_array().unwrap() {
            names.push(info["StreamName"].as_str().unwrap().to_owned());
        }
        token = answer["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(names, ["a1", "b1", "b2", "b3", "c1"]);
    let condition = json!({"ComparisonOperator": "BEGINS_WITH", "ComparisonValue": "b"});
    let (_, answer) = service
        .call("listStreams", json!({"StreamNameCondition": condition}))
        .await;
    assert_eq!(answer["StreamInfoList"].as_array().unwrap().len(), 3);
    for body in [json!({"MaxResults": 0}), json!({"NextToken": "%"})] {
        check_refused(
            &service,
            "listStreams",
            body,
            400,
            "InvalidArgumentException",
        )
        .await;
    }
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let service = Service::start();
    let second = ciero_video::Video::open(ciero_video::VideoConfig {
        data_dir: service.folder.path().to_owned(),
        base_url: String::new(),
        account_id: String::new(),
        region: String::new(),
        now: std::sync::Arc::new(|| 0),
        quotas: ciero_video::Quotas::Off,
    });
    assert!(second.is_err());
}
