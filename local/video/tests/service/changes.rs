//! The settings of a stream change, or the stream goes, while a producer is sending.

use serde_json::{Value, json};

use crate::archive::retain;
use crate::common::{NOW_MS, Service, header, second};
use crate::feed::Feed;
use crate::live::{check_next, follow, passing};

const PASSING: [&str; 2] = ["BUFFERING", "RECEIVED"];
const KEPT: [&str; 3] = ["BUFFERING", "RECEIVED", "PERSISTED"];

/// Opens a connection and a reader, and lets one fragment pass.
async fn begin(service: &Service, events: &[&str]) -> (Feed, axum::body::BodyDataStream) {
    let mut reader = follow(service, json!({"StartSelectorType": "EARLIEST"})).await;
    let mut feed = Feed::open(service).await.unwrap();
    feed.send([header(), second(NOW_MS)].concat()).await;
    feed.expect_each(events).await;
    check_next(&mut reader, NOW_MS).await;
    (feed, reader)
}

async fn starts(service: &Service) -> Vec<i64> {
    let fragments = service.fragments().await;
    let start = |fragment: &Value| fragment["ProducerTimestamp"].as_f64().unwrap() * 1000.0;
    fragments.iter().map(|f| start(f) as i64 - NOW_MS).collect()
}

#[tokio::test]
async fn a_stream_that_begins_to_be_kept_is_kept_from_the_next_fragment_on() {
    let service = passing().await;
    let (mut feed, mut reader) = begin(&service, &PASSING).await;
    let whole = second(NOW_MS + 1000);
    feed.send(whole[..40].to_vec()).await;
    feed.expect("BUFFERING").await;
    retain(&service, "INCREASE_DATA_RETENTION", 24).await;
    feed.send(whole[40..].to_vec()).await;
    feed.expect_each(&KEPT[1..]).await;
    feed.send(second(NOW_MS + 2000)).await;
    feed.expect_each(&KEPT).await;
    assert_eq!(starts(&service).await, [1000, 2000]);
    for start_ms in [1000, 2000] {
        check_next(&mut reader, NOW_MS + start_ms).await;
    }
}

#[tokio::test]
async fn what_passed_before_a_stream_was_kept_is_older_than_what_is_kept() {
    let service = passing().await;
    let (mut feed, _) = begin(&service, &PASSING).await;
    feed.send(second(NOW_MS + 1000)).await;
    feed.expect_each(&PASSING).await;
    retain(&service, "INCREASE_DATA_RETENTION", 24).await;
    let newest = json!({"StartSelectorType": "NOW"});
    let since =
        json!({"StartSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": NOW_MS / 1000 + 1});
    for selector in [newest.clone(), since] {
        let mut reader = follow(&service, selector).await;
        check_next(&mut reader, NOW_MS + 1000).await;
    }
    feed.send(second(NOW_MS + 2000)).await;
    feed.expect_each(&KEPT).await;
    let mut reader = follow(&service, newest).await;
    check_next(&mut reader, NOW_MS + 2000).await;
}

#[tokio::test]
async fn a_stream_that_is_no_longer_kept_is_passed_on_from_the_next_fragment_on() {
    let service = Service::with_stream().await;
    let (mut feed, mut reader) = begin(&service, &KEPT).await;
    retain(&service, "DECREASE_DATA_RETENTION", 24).await;
    for start_ms in [1000, 2000] {
        feed.send(second(NOW_MS + start_ms)).await;
        feed.expect_each(&PASSING).await;
        check_next(&mut reader, NOW_MS + start_ms).await;
    }
    retain(&service, "INCREASE_DATA_RETENTION", 24).await;
    assert!(starts(&service).await.is_empty());
    feed.send(second(NOW_MS + 3000)).await;
    feed.expect_each(&KEPT).await;
    assert_eq!(starts(&service).await, [3000]);
    check_next(&mut reader, NOW_MS + 3000).await;
}

#[tokio::test]
async fn what_waits_to_be_written_when_a_stream_is_no_longer_kept_is_deleted_too() {
    let service = Service::with_stream().await;
    let (mut feed, _) = begin(&service, &KEPT).await;
    for start_ms in [1000, 2000, 3000] {
        feed.send(second(NOW_MS + start_ms)).await;
    }
    // That the next one has begun says that those before it were handed over.
    feed.send(second(NOW_MS + 4000)[..40].to_vec()).await;
    let mut begun = 0;
    while begun < 4 {
        let event = feed.answer().await.unwrap()["EventType"].clone();
        begun += i32::from(event == "BUFFERING");
    }
    retain(&service, "DECREASE_DATA_RETENTION", 24).await;
    retain(&service, "INCREASE_DATA_RETENTION", 24).await;
    assert!(starts(&service).await.is_empty());
}

async fn check_deleting_ends(service: Service) {
    let mut feed = Feed::open(&service).await.unwrap();
    feed.send(header()).await;
    let cam = json!({"StreamName": "cam"});
    assert_eq!(service.call("deleteStream", cam).await.0, 200);
    feed.send(second(NOW_MS)).await;
    feed.expect_each(&PASSING).await;
    let error = feed.answer().await.unwrap();
    assert_eq!(
        (&error["ErrorId"], &error["ErrorCode"]),
        (&json!(4008), &json!("STREAM_NOT_ACTIVE"))
    );
    assert_eq!(feed.answer().await, None);
}

#[tokio::test]
async fn deleting_a_stream_that_is_kept_ends_a_connection_that_feeds_it() {
    check_deleting_ends(Service::with_stream().await).await;
}

#[tokio::test]
async fn deleting_a_stream_that_is_not_kept_ends_a_connection_that_feeds_it() {
    check_deleting_ends(passing().await).await;
}
