//! What is over the quotas of the service is refused, until its clock has gone on or a place is free again.

use axum::body::Body;
use axum::response::Response;
use ciero_video::Quotas;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::common::{NOW_MS, Service};
use crate::player::{media_playlist, on_demand, segments, session};

const TOO_OFTEN: &str = "ClientLimitExceededException";

async fn limited() -> Service {
    let service = Service::with_stream_and(Quotas::On).await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    service
}

/// Asks as often as is allowed at once, and once more.
async fn check(service: &Service, allowed: usize, operation: &str, body: &Value) -> Value {
    for n in 0..allowed {
        let (status, answer) = service.call(operation, body.clone()).await;
        assert_eq!(status, 200, "{operation} number {n}: {answer}");
    }
    let (status, answer) = service.call(operation, body.clone()).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (400, &json!(TOO_OFTEN))
    );
    answer
}

async fn check_fetch(service: &Service, allowed: usize, path: &str) {
    for n in 0..allowed {
        assert_eq!(service.get(path).await.0, 200, "{path} number {n}");
    }
    let (status, headers, _) = service.get(path).await;
    assert_eq!(
        (status.as_u16(), &headers["x-amzn-errortype"]),
        (400, &TOO_OFTEN.parse().unwrap())
    );
    // A player in a browser can read why.
    assert_eq!(headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_stream_is_described_five_times_a_second() {
    let service = limited().await;
    let cam = json!({"StreamName": "cam"});
    let answer = check(&service, 25, "describeStream", &cam).await;
    assert_eq!(
        answer["Message"],
        "Limit exceeded on number of requests for DescribeStream API for resource 'cam'"
    );
    // Every operation and every stream has a quota of its own.
    let place = json!({"StreamName": "cam", "APIName": "PUT_MEDIA"});
    check(&service, 25, "getDataEndpoint", &place).await;
    service
        .call("createStream", json!({"StreamName": "door"}))
        .await;
    check(
        &service,
        25,
        "describeStream",
        &json!({"StreamName": "door"}),
    )
    .await;
    service.advance(1000);
    check(&service, 5, "describeStream", &cam).await;
}

#[tokio::test]
async fn looking_fragments_up_costs_as_many_points_as_may_be_found() {
    let service = limited().await;
    let list = json!({"StreamName": "cam", "MaxResults": 1000});
    check(&service, 50, "listFragments", &list).await;
    let master = session(&service, on_demand(0, 9000)).await;
    assert_eq!(
        service.get(&master).await.0,
        400,
        "playlists draw on the same points"
    );
    service.advance(100);
    check(&service, 1, "listFragments", &list).await;
}

#[tokio::test]
async fn reading_fragments_costs_a_point_for_each() {
    let service = limited().await;
    let number = service.fragments().await[0]["FragmentNumber"].clone();
    let read = json!({"StreamName": "cam", "Fragments": vec![number; 500]});
    check(&service, 5, "getMediaForFragmentList", &read).await;
    service.advance(1000);
    check(&service, 1, "getMediaForFragmentList", &read).await;
}

#[tokio::test]
async fn a_session_is_made_and_read_so_often_and_another_is_not_held_back() {
    let service = limited().await;
    let mut few = on_demand(0, 9000);
    few["MaxMediaPlaylistFragmentResults"] = json!(10);
    let master = session(&service, few.clone()).await;
    let (media, text) = media_playlist(&service, &master).await;
    check_fetch(&service, 24, &media).await;
    check_fetch(&service, 24, &master).await;
    check_fetch(&service, 100, &segments(&text)[0]).await;
    let other = session(&service, few).await;
    media_playlist(&service, &other).await;
    service.advance(1000);
    check_fetch(&service, 5, &media).await;
    check_fetch(&service, 20, &segments(&text)[1]).await;
}

async fn follow(service: &Service, stream: &str) -> Response {
    let selector = json!({"StartSelectorType": "NOW"});
    let body = json!({"StreamName": stream, "StartSelector": selector});
    let request = Request::post("/getMedia")
        .body(Body::from(body.to_string()))
        .unwrap();
    service.video.router().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn three_may_follow_a_stream_until_one_goes() {
    let service = limited().await;
    let mut following = Vec::new();
    for _ in 0..3 {
        let answer = follow(&service, "cam").await;
        assert_eq!(answer.status(), 200);
        following.push(answer);
    }
    let refused = follow(&service, "cam").await;
    assert_eq!(refused.status(), 400);
    assert_eq!(
        refused.headers()["x-amzn-errortype"],
        "ConnectionLimitExceededException"
    );
    let door = json!({"StreamName": "door", "DataRetentionInHours": 24});
    service.call("createStream", door).await;
    assert_eq!(follow(&service, "door").await.status(), 200);
    following.pop();
    while follow(&service, "cam").await.status() != 200 {
        service.advance(1000);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_account_has_ten_thousand_streams() {
    let many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9998)
        INSERT INTO streams(name, arn, kms_key_id, version, created_ms, retention_hours)
        SELECT 's' || n, 'arn' || n, '', '', 0, 0 FROM n";
    let service = limited().await.restarted_after(|folder| {
        let index = rusqlite::Connection::open(folder.join("index.db")).unwrap();
        assert_eq!(index.execute(many, []).unwrap(), 9998);
    });
    let create = |name: &str| service.call("createStream", json!({"StreamName": name}));
    assert_eq!(create("last").await.0, 200);
    let (status, answer) = create("one-more").await;
    let refused = json!("AccountStreamLimitExceededException");
    assert_eq!((status.as_u16(), &answer["error"]), (400, &refused));
    service
        .call("deleteStream", json!({"StreamName": "last"}))
        .await;
    assert_eq!(create("one-more").await.0, 200);
}
