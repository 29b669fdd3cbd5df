//! A stream that keeps nothing is passed on to those who follow it, and GetMedia is the only way to it.

use axum::body::{Body, BodyDataStream};
use ciero_media::matroska::Tag;
use ciero_media::matroska::write::write_tags;
use futures::StreamExt as _;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::archive::read_document;
use crate::common::{NOW_MS, Service, events, header, second};
use crate::feed::Feed;

pub async fn passing() -> Service {
    let service = Service::start();
    let cam = json!({"StreamName": "cam"});
    assert_eq!(service.call("createStream", cam).await.0, 200);
    service
}

/// Sends one-second fragments and returns their numbers.
async fn send(service: &Service, starts_ms: &[i64]) -> Vec<String> {
    let seconds = starts_ms.iter().flat_map(|&start| second(start));
    let acks = service
        .put(header().into_iter().chain(seconds).collect())
        .await;
    assert!(events(&acks, "PERSISTED").is_empty());
    let numbers = events(&acks, "RECEIVED").into_iter();
    numbers
        .map(|ack| ack["FragmentNumber"].as_str().unwrap().to_owned())
        .collect()
}

pub async fn follow(service: &Service, selector: Value) -> BodyDataStream {
    let body = json!({"StreamName": "cam", "StartSelector": selector});
    let request = Request::post("/getMedia")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = service.video.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().into_data_stream()
}

/// Checks that the next document holds the fragment of this second, and returns its tags.
pub async fn check_next(documents: &mut BodyDataStream, start_ms: i64) -> Vec<Tag> {
    let document = documents.next().await.unwrap().unwrap();
    let (tags, media) = read_document(&document);
    assert!(media.starts_with(&second(start_ms)));
    tags
}

#[tokio::test]
async fn what_arrives_is_passed_on_in_the_form_of_every_reader() {
    let service = passing().await;
    let mut documents = follow(&service, json!({"StartSelectorType": "NOW"})).await;
    service.advance(250);
    let numbers = send(&service, &[NOW_MS, NOW_MS + 1000]).await;
    for (n, number) in numbers.iter().enumerate() {
        let tags = check_next(&mut documents, NOW_MS + n as i64 * 1000).await;
        let value = |name: &str| {
            let name = format!("AWS_KINESISVIDEO_{name}");
            tags.iter()
                .find(|tag| tag.name == name)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(&value("FRAGMENT_NUMBER"), number);
        assert_eq!(&value("CONTINUATION_TOKEN"), number);
        assert_eq!(value("SERVER_TIMESTAMP"), "1800000000.250");
    }
}

#[tokio::test]
async fn five_minutes_are_there_for_those_who_come_later() {
    let service = passing().await;
    let old = send(&service, &[NOW_MS]).await;
    service.advance(200_000);
    let numbers = send(&service, &[NOW_MS + 200_000, NOW_MS + 201_000]).await;
    let after = |number: &String| json!({"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": number});
    let earliest = json!({"StartSelectorType": "EARLIEST"});
    let since = |seconds: i64| json!({"StartSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": NOW_MS / 1000 + seconds});
    for (selector, seconds) in [
        (earliest.clone(), 0),
        (json!({"StartSelectorType": "NOW"}), 201),
        (after(&old[0]), 200),
        (after(&numbers[0]), 201),
        (since(1), 200),
        (
            json!({"StartSelectorType": "SERVER_TIMESTAMP", "StartTimestamp": NOW_MS / 1000 + 1}),
            200,
        ),
    ] {
        let mut documents = follow(&service, selector).await;
        check_next(&mut documents, NOW_MS + seconds * 1000).await;
    }
    service.advance(100_000);
    let mut documents = follow(&service, earliest).await;
    check_next(&mut documents, NOW_MS + 200_000).await;
    check_next(&mut documents, NOW_MS + 201_000).await;
    send(&service, &[NOW_MS + 300_000]).await;
    check_next(&mut documents, NOW_MS + 300_000).await;
}

#[tokio::test]
async fn tags_of_the_producer_come_with_what_they_follow() {
    let service = passing().await;
    let tag = Tag {
        name: "door".into(),
        value: "open".into(),
    };
    let body = [
        header(),
        second(NOW_MS),
        write_tags(std::slice::from_ref(&tag)),
    ];
    service.put(body.concat()).await;
    let mut documents = follow(&service, json!({"StartSelectorType": "EARLIEST"})).await;
    assert!(check_next(&mut documents, NOW_MS).await.contains(&tag));
}

#[tokio::test]
async fn the_answer_ends_with_its_stream() {
    let service = passing().await;
    let mut documents = follow(&service, json!({"StartSelectorType": "NOW"})).await;
    send(&service, &[NOW_MS]).await;
    check_next(&mut documents, NOW_MS).await;
    service
        .call("deleteStream", json!({"StreamName": "cam"}))
        .await;
    assert!(documents.next().await.is_none());
}

#[tokio::test]
async fn everything_that_reads_what_is_kept_says_that_nothing_is() {
    let service = passing().await;
    let number = send(&service, &[NOW_MS]).await;
    let range = json!({"StartTimestamp": NOW_MS / 1000, "EndTimestamp": NOW_MS / 1000 + 9});
    let selector = json!({"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range});
    for (operation, body) in [
        ("listFragments", json!({})),
        ("getMediaForFragmentList", json!({"Fragments": number})),
        ("getHLSStreamingSessionURL", json!({})),
        ("getDASHStreamingSessionURL", json!({})),
        ("getClip", json!({"ClipFragmentSelector": selector})),
        (
            "getImages",
            json!({"ImageSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": NOW_MS / 1000, "EndTimestamp": NOW_MS / 1000, "Format": "JPEG"}),
        ),
    ] {
        let mut body = body;
        body["StreamName"] = json!("cam");
        let (status, answer) = service.call(operation, body).await;
        let refused = json!("NoDataRetentionException");
        assert_eq!(
            (status.as_u16(), &answer["error"]),
            (400, &refused),
            "{operation}"
        );
    }
}

/// Checks that tags in a later packet than their fragment are in its document for who follows.
async fn check_tags_are_followed(service: Service, answers: &[&str]) {
    let mut reader = follow(&service, json!({"StartSelectorType": "EARLIEST"})).await;
    let mut feed = Feed::open(&service).await.unwrap();
    feed.send([header(), second(NOW_MS)].concat()).await;
    feed.expect_each(answers).await;
    let door = Tag {
        name: "door".into(),
        value: "open".into(),
    };
    feed.send(write_tags(std::slice::from_ref(&door))).await;
    assert!(check_next(&mut reader, NOW_MS).await.contains(&door));
    // What has no tags is there all the same, before anything else is sent.
    feed.send(second(NOW_MS + 1000)).await;
    assert!(!check_next(&mut reader, NOW_MS + 1000).await.contains(&door));
}

#[tokio::test]
async fn tags_in_a_later_packet_than_their_fragment_are_not_missed_by_who_follows() {
    let kept = Service::with_stream().await;
    check_tags_are_followed(kept, &["BUFFERING", "RECEIVED", "PERSISTED"]).await;
    check_tags_are_followed(passing().await, &["BUFFERING", "RECEIVED"]).await;
}
