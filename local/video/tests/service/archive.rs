//! Archived media is listed, read back as it was sent, and never shown beyond its retention.

use crate::common::{NOW_MS, Service, header, second, segment_files, send};
use crate::troubles::{check_gone, list};
use axum::body::Body;
use ciero_media::matroska::write::write_tags;
use ciero_media::matroska::{Event, Limits, Reader, Tag};
use futures::StreamExt as _;
use http::Request;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

async fn check_refused(service: &Service, operation: &str, body: Value, status: u16) {
    let (got, answer) = service.call(operation, body.clone()).await;
    assert_eq!(got, status, "{body}: {answer}");
}

/// Reads one document of the answer: its tags in order and the bytes of its clusters.
pub fn read_document(document: &[u8]) -> (Vec<Tag>, Vec<u8>) {
    let mut reader = Reader::new(Limits::default());
    reader.push(document);
    let (mut found, mut media, mut in_cluster) = (Vec::new(), Vec::new(), false);
    while let Some(item) = reader.next().unwrap() {
        match item.event {
            Event::Header(header) => found.extend(header.tags),
            Event::Tags(tags) => found.extend(tags),
            Event::ClusterStart { .. } => in_cluster = true,
            _ => {}
        }
        if in_cluster {
            media.extend_from_slice(&item.raw);
        }
    }
    (found, media)
}

async fn media(service: &Service, numbers: &[&Value]) -> (u16, Vec<u8>) {
    let body = json!({"StreamName": "cam", "Fragments": numbers});
    let request = Request::post("/getMediaForFragmentList")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, _, body) = send(&service.video, request).await;
    (status.as_u16(), body.to_vec())
}

#[tokio::test]
async fn fragments_are_listed_with_times_length_and_size() {
    let service = Service::with_stream().await;
    service.advance(70);
    service.put_seconds(&[NOW_MS - 2000, NOW_MS - 1000]).await;
    let fragments = service.fragments().await;
    assert_eq!(fragments.len(), 2);
    let first = &fragments[0];
    assert_eq!(first["ProducerTimestamp"], (NOW_MS - 2000) as f64 / 1000.0);
    assert_eq!(first["ServerTimestamp"], (NOW_MS + 70) as f64 / 1000.0);
    assert_eq!(first["FragmentLengthInMilliseconds"], 1000);
    assert_eq!(first["FragmentSizeInBytes"], second(NOW_MS - 2000).len());
}

#[tokio::test]
async fn pages_and_ranges_give_each_fragment_once() {
    let service = Service::with_stream().await;
    let starts: Vec<i64> = (0..7).map(|n| NOW_MS + n * 1000).collect();
    service.put_seconds(&starts).await;
    for kind in ["PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP"] {
        let (mut seen, mut token) = (Vec::new(), Value::Null);
        loop {
            let range = json!({"StartTimestamp": 0, "EndTimestamp": NOW_MS / 1000 + 10});
            let selector = json!({"FragmentSelectorType": kind, "TimestampRange": range});
            let body = json!({"StreamName": "cam", "MaxResults": 3, "NextToken": token, "FragmentSelector": selector});
            let (_, answer) = service.call("listFragments", body).await;
            seen.extend(answer["Fragments"].as_array().unwrap().clone());
            token = answer["NextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(seen, service.fragments().await);
    }
    let seconds = |n: i64| NOW_MS / 1000 + n;
    let range = json!({"StartTimestamp": seconds(2), "EndTimestamp": seconds(4)});
    let selector = json!({"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range});
    let body = json!({"StreamName": "cam", "FragmentSelector": selector});
    let (_, answer) = service.call("listFragments", body).await;
    assert_eq!(
        answer["Fragments"].as_array().unwrap().len(),
        3,
        "both ends belong to the range"
    );
}

#[tokio::test]
async fn malformed_listings_are_refused() {
    let service = Service::with_stream().await;
    let range = json!({"StartTimestamp": 5, "EndTimestamp": 4});
    let backwards = json!({"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": range});
    let open = json!({"FragmentSelectorType": "SERVER_TIMESTAMP", "TimestampRange": {"StartTimestamp": 1}});
    let absurd = json!({"FragmentSelectorType": "SERVER_TIMESTAMP", "TimestampRange": {"StartTimestamp": 1, "EndTimestamp": 1e300}});
    for body in [
        json!({"StreamName": "cam", "MaxResults": 0}),
        json!({"StreamName": "cam", "MaxResults": 1001}),
        json!({"StreamName": "cam", "NextToken": "zzz"}),
        json!({"StreamName": "cam", "FragmentSelector": backwards}),
        json!({"StreamName": "cam", "FragmentSelector": open}),
        json!({"StreamName": "cam", "FragmentSelector": absurd}),
        json!({"StreamName": "cam", "FragmentSelector": {"FragmentSelectorType": "MOON"}}),
    ] {
        check_refused(&service, "listFragments", body, 400).await;
    }
    check_refused(&service, "listFragments", json!({"StreamName": "x"}), 404).await;
}

#[tokio::test]
async fn media_comes_back_as_it_was_sent_between_the_tags_of_the_service() {
    let service = Service::with_stream().await;
    let user = Tag {
        name: "site".into(),
        value: "東京".into(),
    };
    let user_tags = write_tags(std::slice::from_ref(&user));
    let body = [
        header(),
        second(NOW_MS),
        user_tags.clone(),
        second(NOW_MS + 1000),
    ]
    .concat();
    service.put(body).await;
    let fragments = service.fragments().await;
    let number = &fragments[0]["FragmentNumber"];
    let (status, document) = media(&service, &[number]).await;
    assert_eq!(status, 200);
    assert!(document.starts_with(&header()));
    let (tags, media) = read_document(&document);
    let names: Vec<_> = tags
        .iter()
        .map(|tag| tag.name.trim_start_matches("AWS_KINESISVIDEO_"))
        .collect();
    assert_eq!(
        names,
        [
            "FRAGMENT_NUMBER",
            "SERVER_TIMESTAMP",
            "PRODUCER_TIMESTAMP",
            "site",
            "MILLIS_BEHIND_NOW",
            "CONTINUATION_TOKEN"
        ]
    );
    assert_eq!(tags[0].value, number.as_str().unwrap());
    assert_eq!(tags[2].value, "1800000000.000");
    assert!(media.starts_with(&[second(NOW_MS), user_tags].concat()));
}

#[tokio::test]
async fn several_fragments_come_in_the_order_asked_for() {
    let service = Service::with_stream().await;
    service
        .put_seconds(&[NOW_MS, NOW_MS + 1000, NOW_MS + 2000])
        .await;
    let fragments = service.fragments().await;
    let numbers: Vec<_> = fragments
        .iter()
        .rev()
        .map(|f| &f["FragmentNumber"])
        .collect();
    let (_, documents) = media(&service, &numbers).await;
    let places: Vec<_> = [2, 1, 0]
        .map(|n| {
            let wanted = second(NOW_MS + n * 1000);
            documents
                .windows(wanted.len())
                .position(|window| window == wanted)
                .unwrap()
        })
        .to_vec();
    assert!(places.is_sorted());
}

#[tokio::test]
async fn unknown_and_malformed_fragment_numbers_are_refused() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let fragments = service.fragments().await;
    let number = fragments[0]["FragmentNumber"].as_str().unwrap();
    let mut other = number.to_owned();
    let last = if other.pop() == Some('1') { '2' } else { '1' };
    other.push(last);
    check_gone(&mut list(&service, &[json!(other)]).await, &json!(other)).await;
    // It keeps nobody from the others.
    let (status, documents) = media(&service, &[&json!(other), &json!(number)]).await;
    let sent = second(NOW_MS);
    assert!(status == 200 && documents.windows(sent.len()).any(|part| part == sent));
    assert_eq!(media(&service, &[&json!("x")]).await.0, 400);
    assert_eq!(media(&service, &[]).await.0, 400);
    assert_eq!(media(&service, &[&json!(number)]).await.0, 200);
}

#[tokio::test]
async fn what_is_out_of_retention_is_not_shown_and_its_file_goes() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let old = service.fragments().await[0]["FragmentNumber"].clone();
    service.advance(23 * HOUR_MS);
    service.put_seconds(&[NOW_MS + 23 * HOUR_MS]).await;
    assert_eq!(service.fragments().await.len(), 2);
    service.advance(HOUR_MS);
    assert_eq!(
        service.fragments().await.len(),
        1,
        "hidden at once, before anything is swept"
    );
    check_gone(&mut list(&service, std::slice::from_ref(&old)).await, &old).await;
    assert_eq!(segment_files(service.folder.path()).len(), 2);
    service.video.sweep();
    assert_eq!(segment_files(service.folder.path()).len(), 1);
    assert_eq!(service.fragments().await.len(), 1);
}

#[tokio::test]
async fn a_clock_that_jumps_years_ends_the_old_and_the_stream_goes_on() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let years = 3 * 365 * 24 * HOUR_MS;
    service.advance(years);
    assert!(service.fragments().await.is_empty());
    service.put_seconds(&[NOW_MS + years]).await;
    service.video.sweep();
    assert_eq!(service.fragments().await.len(), 1);
    assert_eq!(segment_files(service.folder.path()).len(), 1);
}

/// Changes for how long the stream keeps its media.
pub async fn retain(service: &Service, operation: &str, hours: i64) {
    let (_, answer) = service
        .call("describeStream", json!({"StreamName": "cam"}))
        .await;
    let body = json!({"StreamName": "cam", "CurrentVersion": answer["StreamInfo"]["Version"],
        "Operation": operation, "DataRetentionChangeInHours": hours});
    assert_eq!(service.call("updateDataRetention", body).await.0, 200);
}

#[tokio::test]
async fn a_shorter_retention_deletes_at_once() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    service.advance(2 * HOUR_MS);
    retain(&service, "DECREASE_DATA_RETENTION", 23).await;
    assert!(segment_files(service.folder.path()).is_empty());
}

#[tokio::test]
async fn what_a_shorter_retention_deleted_never_comes_back_and_is_not_on_the_disk() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let old = service.fragments().await[0]["FragmentNumber"].clone();
    service.advance(HOUR_MS / 2);
    let kept_from = NOW_MS + HOUR_MS / 2;
    service.put_seconds(&[kept_from]).await;
    service.advance(HOUR_MS / 2);
    let on_disk = |wanted: &[u8]| {
        let files = segment_files(service.folder.path());
        let holds = |file: &std::path::PathBuf| {
            let bytes = std::fs::read(file).unwrap();
            bytes.windows(wanted.len()).any(|part| part == wanted)
        };
        files.iter().any(holds)
    };
    assert!(on_disk(&second(NOW_MS)), "both lie in one file");
    assert_eq!(segment_files(service.folder.path()).len(), 1);
    retain(&service, "DECREASE_DATA_RETENTION", 23).await;
    retain(&service, "INCREASE_DATA_RETENTION", 23).await;
    let left = service.fragments().await;
    assert_eq!(left.len(), 1);
    check_gone(&mut list(&service, std::slice::from_ref(&old)).await, &old).await;
    assert!(!on_disk(&second(NOW_MS)) && on_disk(&second(kept_from)));
    let number = left[0]["FragmentNumber"].clone();
    assert_eq!(media(&service, &[&number]).await.0, 200);
    service.put_seconds(&[NOW_MS + HOUR_MS]).await;
    assert_eq!(service.fragments().await.len(), 2);
}

#[tokio::test]
async fn get_media_begins_where_asked_and_follows_live() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    let first = service.fragments().await[0]["FragmentNumber"].clone();
    let selector = json!({"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": first});
    let body = json!({"StreamName": "cam", "StartSelector": selector});
    let request = Request::post("/getMedia")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = tower::ServiceExt::oneshot(service.video.router(), request)
        .await
        .unwrap();
    let mut documents = response.into_body().into_data_stream();
    let (_, media) = read_document(&documents.next().await.unwrap().unwrap());
    assert!(media.starts_with(&second(NOW_MS + 1000)));
    service.put_seconds(&[NOW_MS + 2000]).await;
    let (_, media) = read_document(&documents.next().await.unwrap().unwrap());
    assert!(media.starts_with(&second(NOW_MS + 2000)));
}

#[tokio::test]
async fn get_media_begins_with_the_fragment_that_holds_a_moment_or_the_next() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    service.advance(10_000);
    service.put_seconds(&[NOW_MS + 10_000]).await;
    for (kind, offset_ms, first_ms) in [
        ("PRODUCER_TIMESTAMP", -5_000, 0),
        ("PRODUCER_TIMESTAMP", 900, 0),
        ("PRODUCER_TIMESTAMP", 990, 1_000),
        ("PRODUCER_TIMESTAMP", 1_500, 1_000),
        ("PRODUCER_TIMESTAMP", 2_000, 10_000),
        ("SERVER_TIMESTAMP", 2_000, 10_000),
        ("SERVER_TIMESTAMP", 10_400, 10_000),
    ] {
        let moment = (NOW_MS + offset_ms) as f64 / 1000.0;
        let selector = json!({"StartSelectorType": kind, "StartTimestamp": moment});
        let mut reader = crate::live::follow(&service, selector).await;
        crate::live::check_next(&mut reader, NOW_MS + first_ms).await;
    }
}

#[tokio::test]
async fn get_media_refuses_a_start_that_names_no_place() {
    let service = Service::with_stream().await;
    for selector in [
        json!({"StartSelectorType": "YESTERDAY"}),
        json!({"StartSelectorType": "FRAGMENT_NUMBER"}),
        json!({"StartSelectorType": "CONTINUATION_TOKEN", "ContinuationToken": "x"}),
        json!({"StartSelectorType": "SERVER_TIMESTAMP"}),
    ] {
        check_refused(
            &service,
            "getMedia",
            json!({"StreamName": "cam", "StartSelector": selector}),
            400,
        )
        .await;
    }
}
