//! Two connections of one stream overlap, as when a producer rotates: whoever follows gets each fragment once.

use serde_json::json;

use crate::common::{NOW_MS, Service, header, second};
use crate::feed::Feed;
use crate::live::{check_next, follow, passing};

const SHORT: i64 = 8;

fn from(kind: &str) -> serde_json::Value {
    json!({"StartSelectorType": kind})
}

/// One fragment lasts ten seconds on one connection, while many begin and end on another.
async fn check_each_is_sent_once(service: Service, events: &[&str]) {
    let mut early = follow(&service, from("EARLIEST")).await;
    let mut long = Feed::open(&service).await.unwrap();
    let whole = second(NOW_MS);
    long.send([header(), whole[..40].to_vec()].concat()).await;
    long.expect("BUFFERING").await;
    let mut short = Feed::open(&service).await.unwrap();
    short.send(header()).await;
    for n in 1..=SHORT {
        service.advance(500);
        short.send(second(NOW_MS + n * 1000)).await;
        short.expect_each(events).await;
        check_next(&mut early, NOW_MS + n * 1000).await;
    }
    let mut newest = follow(&service, from("NOW")).await;
    check_next(&mut newest, NOW_MS + SHORT * 1000).await;
    let mut late = follow(&service, from("EARLIEST")).await;
    for n in 1..=SHORT {
        check_next(&mut late, NOW_MS + n * 1000).await;
    }
    long.send(whole[40..].to_vec()).await;
    long.expect_each(&events[1..]).await;
    check_next(&mut early, NOW_MS).await;
    check_next(&mut late, NOW_MS).await;
    let next = NOW_MS + SHORT * 1000 + 1000;
    for start_ms in [next, next + 1000] {
        short.send(second(start_ms)).await;
        short.expect_each(events).await;
        for reader in [&mut early, &mut late, &mut newest] {
            check_next(reader, start_ms).await;
        }
    }
    let mut all = follow(&service, from("EARLIEST")).await;
    for n in 0..=SHORT + 2 {
        check_next(&mut all, NOW_MS + n * 1000).await;
    }
}

#[tokio::test]
async fn a_fragment_that_ends_after_later_ones_is_sent_once_from_what_is_kept() {
    let service = Service::with_stream().await;
    check_each_is_sent_once(service, &["BUFFERING", "RECEIVED", "PERSISTED"]).await;
}

#[tokio::test]
async fn a_fragment_that_ends_after_later_ones_is_sent_once_from_what_passes() {
    check_each_is_sent_once(passing().await, &["BUFFERING", "RECEIVED"]).await;
}

#[tokio::test]
async fn a_producers_time_that_nothing_has_reached_begins_with_what_is_still_open() {
    let service = Service::with_stream().await;
    let mut feed = Feed::open(&service).await.unwrap();
    let whole = second(NOW_MS);
    feed.send([header(), whole[..40].to_vec()].concat()).await;
    feed.expect("BUFFERING").await;
    service.advance(500);
    let selector =
        json!({"StartSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": NOW_MS / 1000});
    let mut reader = follow(&service, selector).await;
    feed.send(whole[40..].to_vec()).await;
    check_next(&mut reader, NOW_MS).await;
}
