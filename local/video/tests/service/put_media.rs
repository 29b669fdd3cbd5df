//! PutMedia answers as the service does, to good media and to bad.

use ciero_video::Quotas;

use crate::common::{NOW_MS, Service, events, frame, header, second};
use crate::feed::Feed;
use axum::body::{Body, Bytes};
use ciero_media::matroska::write::{write_block, write_cluster_start, write_end_of_fragment};
use futures::StreamExt as _;
use serde_json::{Value, json};

fn shape(acks: &[Value]) -> Vec<&str> {
    acks.iter()
        .map(|ack| ack["EventType"].as_str().unwrap())
        .filter(|kind| *kind != "PERSISTED")
        .collect()
}

#[tokio::test]
async fn each_fragment_is_buffered_received_and_persisted() {
    let service = Service::with_stream().await;
    let mut body = header();
    body.extend(second(NOW_MS));
    body.extend(second(NOW_MS + 1000));
    let acks = service.put(body).await;
    assert_eq!(
        shape(&acks),
        ["BUFFERING", "RECEIVED", "BUFFERING", "RECEIVED"]
    );
    let persisted = events(&acks, "PERSISTED");
    assert_eq!(persisted.len(), 2);
    for (place, ack) in persisted.iter().enumerate() {
        assert_eq!(ack["FragmentTimecode"], NOW_MS + 1000 * place as i64);
        assert_eq!(
            ack["FragmentNumber"],
            events(&acks, "BUFFERING")[place]["FragmentNumber"]
        );
    }
}

#[tokio::test]
async fn fragment_numbers_rise_by_one_within_a_session_and_far_between_sessions() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    service.put_seconds(&[NOW_MS + 2000]).await;
    let fragments = service.fragments().await;
    let numbers: Vec<_> = fragments
        .iter()
        .map(|f| f["FragmentNumber"].as_str().unwrap())
        .collect();
    assert!(numbers.iter().all(|number| number.len() == 47));
    assert!(numbers.is_sorted());
    // The sequence fills the digits above 2^92.
    let sequence = |text: &str| text[..20].parse::<u128>().unwrap();
    let step = sequence(numbers[1]) - sequence(numbers[0]);
    let jump = sequence(numbers[2]) - sequence(numbers[1]);
    assert!(jump > 900 * step, "{step} {jump}");
}

#[tokio::test]
async fn a_stream_without_retention_is_received_and_not_kept() {
    let service = Service::start();
    service
        .call("createStream", json!({"StreamName": "cam"}))
        .await;
    let mut body = header();
    body.extend(second(NOW_MS));
    let acks = service.put(body).await;
    assert_eq!(shape(&acks), ["BUFFERING", "RECEIVED"]);
    assert!(events(&acks, "PERSISTED").is_empty());
    let (status, answer) = service
        .call("listFragments", json!({"StreamName": "cam"}))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (400, &json!("NoDataRetentionException"))
    );
}

#[tokio::test]
async fn a_cut_connection_keeps_complete_fragments_and_drops_the_last() {
    let service = Service::with_stream().await;
    let whole = [header(), second(NOW_MS)].concat();
    let part = second(NOW_MS + 1000)[..40].to_vec();
    let pieces = [
        Ok(Bytes::from(whole)),
        Ok(part.into()),
        Err(std::io::Error::other("cut")),
    ];
    let acks = service
        .put_with(
            "ABSOLUTE",
            None,
            Body::from_stream(futures::stream::iter(pieces)),
        )
        .await;
    assert_eq!(
        shape(&acks),
        ["BUFFERING", "RECEIVED", "BUFFERING", "ERROR"]
    );
    let error = events(&acks, "ERROR")[0];
    assert_eq!(
        (&error["ErrorId"], &error["ErrorCode"]),
        (&json!(4000), &json!("STREAM_READ_ERROR"))
    );
    assert_eq!(error["FragmentTimecode"], NOW_MS + 1000);
    assert_eq!(events(&acks, "PERSISTED").len(), 1);
    assert_eq!(service.fragments().await.len(), 1);
}

#[tokio::test]
async fn relative_timecodes_count_from_the_start_that_was_announced() {
    let service = Service::with_stream().await;
    let body = [header(), second(0), second(5000)].concat();
    let acks = service
        .put_with("RELATIVE", Some("1799999999.14"), body)
        .await;
    assert_eq!(events(&acks, "PERSISTED")[1]["FragmentTimecode"], 5000);
    let fragments = service.fragments().await;
    assert_eq!(fragments[0]["ProducerTimestamp"], 1_799_999_999.14);
    assert_eq!(fragments[1]["ProducerTimestamp"], 1_800_000_004.14);
}

#[tokio::test]
async fn answers_run_while_the_media_is_still_arriving() {
    let service = Service::with_stream().await;
    let mut feed = Feed::open(&service).await.unwrap();
    feed.send([header(), second(NOW_MS)].concat()).await;
    feed.expect_each(&["BUFFERING", "RECEIVED", "PERSISTED"])
        .await;
    feed.send(write_cluster_start(1_800_000_001_000)).await;
    feed.expect("BUFFERING").await;
    feed.send(write_block(&frame(1, 0, b"picture"))).await;
    feed.send(write_end_of_fragment()).await;
    feed.expect("RECEIVED").await;
    feed.expect("PERSISTED").await;
    let Feed {
        pieces,
        mut answers,
    } = feed;
    drop(pieces);
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn two_connections_may_overlap_and_a_third_is_throttled() {
    let service = Service::with_stream_and(Quotas::On).await;
    let first = Feed::open(&service).await.unwrap();
    let mut second_feed = Feed::open(&service).await.unwrap();
    assert_eq!(Feed::open(&service).await.err(), Some(400));
    let Feed {
        pieces,
        mut answers,
    } = first;
    drop(pieces);
    assert!(answers.next().await.is_none());
    assert!(Feed::open(&service).await.is_ok());
    second_feed.send([header(), second(NOW_MS)].concat()).await;
    second_feed.expect("BUFFERING").await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_forty_five_minutes_is_ended_so_that_another_takes_over() {
    let service = Service::with_stream().await;
    let mut feed = Feed::open(&service).await.unwrap();
    let began = tokio::time::Instant::now();
    feed.send(header()).await;
    let last = loop {
        // Padding keeps the line alive and is part of no fragment.
        if feed
            .pieces
            .send(Bytes::from_static(&[0xEC, 0x81, 0]))
            .await
            .is_err()
        {
            panic!("the service hung up without a word");
        }
        let ack = feed.answer().await.unwrap();
        if ack["EventType"] != "IDLE" {
            break ack;
        }
    };
    assert_eq!(
        (&last["ErrorId"], &last["ErrorCode"]),
        (&json!(4003), &json!("MAX_CONNECTION_DURATION_REACHED"))
    );
    assert!((2700..2710).contains(&began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_producer_hears_idle_and_is_let_go_after_thirty_seconds() {
    let service = Service::with_stream().await;
    let began = tokio::time::Instant::now();
    let mut feed = Feed::open(&service).await.unwrap();
    let mut idle = 0;
    while let Some(ack) = feed.answer().await {
        assert_eq!(ack["EventType"], "IDLE");
        idle += 1;
    }
    assert!(idle >= 6);
    assert!((30..36).contains(&began.elapsed().as_secs()));
}
