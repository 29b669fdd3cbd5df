//! What changes a stream, and who may.

use axum::body::Body;
use ciero_video::Scope;
use http::Request;
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, send};
use crate::control::check_refused;

#[tokio::test]
async fn retention_changes_with_the_current_version_only() {
    let service = Service::with_stream().await;
    let version = |answer: &Value| answer["StreamInfo"]["Version"].as_str().unwrap().to_owned();
    let (_, before) = service
        .call("describeStream", json!({"StreamName": "cam"}))
        .await;
    let change = |version: &str, operation: &str, hours: i64| json!({"StreamName": "cam", "CurrentVersion": version, "Operation": operation, "DataRetentionChangeInHours": hours});
    let old = version(&before);
    let body = change(&old, "INCREASE_DATA_RETENTION", 6);
    assert_eq!(
        service.call("updateDataRetention", body.clone()).await.0,
        200
    );
    check_refused(
        &service,
        "updateDataRetention",
        body,
        400,
        "VersionMismatchException",
    )
    .await;
    let (_, after) = service
        .call("describeStream", json!({"StreamName": "cam"}))
        .await;
    assert_eq!(after["StreamInfo"]["DataRetentionInHours"], 30);
    let current = version(&after);
    for body in [
        change(&current, "DECREASE_DATA_RETENTION", 31),
        change(&current, "INCREASE_DATA_RETENTION", 0),
        change(&current, "INCREASE_DATA_RETENTION", 90_000),
        change(&current, "DOUBLE", 1),
    ] {
        check_refused(
            &service,
            "updateDataRetention",
            body,
            400,
            "InvalidArgumentException",
        )
        .await;
    }
}

/// The stream's description, and the version to say when changing it.
async fn described(service: &Service) -> (Value, String) {
    let (_, answer) = service
        .call("describeStream", json!({"StreamName": "cam"}))
        .await;
    let version = answer["StreamInfo"]["Version"].as_str().unwrap().to_owned();
    (answer["StreamInfo"].clone(), version)
}

#[tokio::test]
async fn of_two_changes_of_one_version_at_once_one_is_made() {
    let service = Service::with_stream().await;
    for round in 0..50 {
        let (_, version) = described(&service).await;
        let describe = json!({"StreamName": "cam", "CurrentVersion": version, "DeviceName": format!("door-{round}")});
        let keep = json!({"StreamName": "cam", "CurrentVersion": version, "Operation": "INCREASE_DATA_RETENTION", "DataRetentionChangeInHours": 1});
        let (one, other) = futures::join!(
            service.call("updateStream", describe),
            service.call("updateDataRetention", keep)
        );
        let mut answers = [one.0, other.0];
        answers.sort();
        assert_eq!(answers, [200, 400], "{} {}", one.1, other.1);
    }
}

#[tokio::test]
async fn what_describes_a_stream_changes_with_the_current_version_only() {
    let service = Service::with_stream().await;
    let (before, old) = described(&service).await;
    assert!(before["DeviceName"].is_null());
    let change = json!({"StreamName": "cam", "CurrentVersion": old, "DeviceName": "door", "MediaType": "video/h264,audio/aac"});
    assert_eq!(service.call("updateStream", change.clone()).await.0, 200);
    let error = "VersionMismatchException";
    check_refused(&service, "updateStream", change, 400, error).await;
    let (_, version) = described(&service).await;
    let change = json!({"StreamName": "cam", "CurrentVersion": version, "DeviceName": "gate"});
    assert_eq!(service.call("updateStream", change).await.0, 200);
    let (after, version) = described(&service).await;
    assert_eq!(
        (&after["DeviceName"], &after["MediaType"]),
        (&json!("gate"), &json!("video/h264,audio/aac"))
    );
    for (field, value) in [
        ("DeviceName", "a door"),
        ("MediaType", "video"),
        ("DeviceName", ""),
    ] {
        let change = json!({"StreamName": "cam", "CurrentVersion": version, field: value});
        let error = "InvalidArgumentException";
        check_refused(&service, "updateStream", change, 400, error).await;
    }
    let change = json!({"StreamName": "none", "CurrentVersion": version});
    check_refused(
        &service,
        "updateStream",
        change,
        404,
        "ResourceNotFoundException",
    )
    .await;
    assert_eq!(
        described(&service).await.1,
        version,
        "a refusal changes nothing"
    );
}

#[tokio::test]
async fn the_storage_tier_is_kept_and_told() {
    let service = Service::with_stream().await;
    let tier = async |name: &str| {
        let body = json!({"StreamName": name});
        let (status, answer) = service
            .call("describeStreamStorageConfiguration", body)
            .await;
        assert_eq!(
            (status.as_u16(), &answer["StreamName"]),
            (200, &json!(name))
        );
        answer["StreamStorageConfiguration"]["DefaultStorageTier"].clone()
    };
    assert_eq!(tier("cam").await, "HOT");
    let (_, version) = described(&service).await;
    let change = |version: &str, tier: &str| json!({"StreamName": "cam", "CurrentVersion": version, "StreamStorageConfiguration": {"DefaultStorageTier": tier}});
    let operation = "updateStreamStorageConfiguration";
    assert_eq!(
        service.call(operation, change(&version, "WARM")).await.0,
        200
    );
    assert_eq!(tier("cam").await, "WARM");
    let error = "VersionMismatchException";
    check_refused(&service, operation, change(&version, "HOT"), 400, error).await;
    let body =
        json!({"StreamName": "warm", "StreamStorageConfiguration": {"DefaultStorageTier": "WARM"}});
    assert_eq!(service.call("createStream", body).await.0, 200);
    assert_eq!(tier("warm").await, "WARM");
    let (_, version) = described(&service).await;
    let (status, _) = service.call(operation, change(&version, "COLD")).await;
    assert_eq!(status, 400);
    assert_eq!(tier("cam").await, "WARM");
}

#[tokio::test]
async fn a_deleted_stream_is_gone_with_its_media() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    let (_, answer) = service
        .call("describeStream", json!({"StreamName": "cam"}))
        .await;
    let arn = answer["StreamInfo"]["StreamARN"].clone();
    let wrong = json!({"StreamARN": arn, "CurrentVersion": "old"});
    check_refused(
        &service,
        "deleteStream",
        wrong,
        400,
        "VersionMismatchException",
    )
    .await;
    assert_eq!(
        service
            .call("deleteStream", json!({"StreamARN": arn}))
            .await
            .0,
        200
    );
    let body = json!({"StreamName": "cam"});
    check_refused(
        &service,
        "listFragments",
        body.clone(),
        404,
        "ResourceNotFoundException",
    )
    .await;
    assert!(crate::common::segment_files(service.folder.path()).is_empty());
    service.advance(5);
    let again = json!({"StreamName": "cam", "DataRetentionInHours": 24});
    assert_eq!(service.call("createStream", again).await.0, 200);
    assert!(service.fragments().await.is_empty());
}

#[tokio::test]
async fn every_data_endpoint_is_the_base_url() {
    let service = Service::with_stream().await;
    for api in [
        "PUT_MEDIA",
        "LIST_FRAGMENTS",
        "GET_HLS_STREAMING_SESSION_URL",
    ] {
        let body = json!({"StreamName": "cam", "APIName": api});
        let (status, answer) = service.call("getDataEndpoint", body).await;
        assert_eq!(
            (status.as_u16(), &answer["DataEndpoint"]),
            (200, &json!("http://127.0.0.1:4566"))
        );
    }
    let body = json!({"StreamName": "cam", "APIName": "PUT_CAKE"});
    check_refused(
        &service,
        "getDataEndpoint",
        body,
        400,
        "InvalidArgumentException",
    )
    .await;
}

#[tokio::test]
async fn tags_are_kept_and_taken_away() {
    let service = Service::with_stream().await;
    let tags = |keys: &[&str]| {
        let pairs = keys.iter().map(|key| (key.to_string(), json!("v")));
        Value::Object(pairs.collect())
    };
    let body = json!({"StreamName": "cam", "Tags": tags(&["a", "b"])});
    assert_eq!(service.call("tagStream", body).await.0, 200);
    let body = json!({"StreamName": "cam", "TagKeyList": ["a", "z"]});
    assert_eq!(service.call("untagStream", body).await.0, 200);
    let (_, answer) = service
        .call("listTagsForStream", json!({"StreamName": "cam"}))
        .await;
    assert_eq!(answer["Tags"], tags(&["b"]));
    let many: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let body = json!({"StreamName": "cam", "Tags": tags(&many)});
    check_refused(
        &service,
        "tagStream",
        body,
        400,
        "TagsPerResourceExceededLimitException",
    )
    .await;
}

#[tokio::test]
async fn a_device_reaches_its_own_stream_and_no_other() {
    let service = Service::with_stream().await;
    service
        .call("createStream", json!({"StreamName": "other"}))
        .await;
    let device = || Scope::Stream("cam".into());
    let own = json!({"StreamName": "cam"});
    assert_eq!(
        service
            .call_as(device(), "describeStream", own.clone())
            .await
            .0,
        200
    );
    let endpoint = json!({"StreamName": "cam", "APIName": "PUT_MEDIA"});
    assert_eq!(
        service
            .call_as(device(), "getDataEndpoint", endpoint)
            .await
            .0,
        200
    );
    for (operation, body) in [
        ("describeStream", json!({"StreamName": "other"})),
        ("describeStream", json!({"StreamName": "missing"})),
        (
            "getDataEndpoint",
            json!({"StreamName": "other", "APIName": "PUT_MEDIA"}),
        ),
        ("listStreams", json!({})),
        ("createStream", json!({"StreamName": "new"})),
        ("listFragments", own.clone()),
        ("getHLSStreamingSessionURL", own.clone()),
    ] {
        let (status, answer) = service.call_as(device(), operation, body).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]),
            (401, &json!("NotAuthorizedException")),
            "{operation}"
        );
    }
    let request = Request::post("/putMedia")
        .header("x-amzn-stream-name", "other")
        .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
        .extension(device())
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(&service.video, request).await.0, 401);
}

#[tokio::test]
async fn a_restart_keeps_streams_and_tags() {
    let service = Service::with_stream().await;
    service
        .call(
            "tagStream",
            json!({"StreamName": "cam", "Tags": {"site": "東京"}}),
        )
        .await;
    let service = service.restarted();
    let (_, answer) = service
        .call("listTagsForStream", json!({"StreamName": "cam"}))
        .await;
    assert_eq!(answer["Tags"], json!({"site": "東京"}));
}
