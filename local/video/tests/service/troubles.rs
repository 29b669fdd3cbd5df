//! Answers that run say in their own tags why media that was promised does not follow.

use std::path::Path;

use axum::body::{Body, BodyDataStream};
use ciero_media::matroska::Tag;
use ciero_media::matroska::write::write_cluster_start;
use futures::StreamExt as _;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::archive::read_document;
use crate::common::{NOW_MS, Service, segment_files};
use crate::live::{check_next, follow};

const HOUR_MS: i64 = 3_600_000;

pub async fn list(service: &Service, numbers: &[Value]) -> BodyDataStream {
    let body = json!({"StreamName": "cam", "Fragments": numbers});
    let request = Request::post("/getMediaForFragmentList")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = service.video.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().into_data_stream()
}

/// The tags of the next document, which holds no media.
async fn tags(documents: &mut BodyDataStream) -> Vec<(String, String)> {
    let document = documents.next().await.unwrap().unwrap();
    let cluster = write_cluster_start(0);
    let (tags, media) = read_document(&[document.to_vec(), cluster.clone()].concat());
    assert_eq!(media, cluster);
    let plain = |tag: Tag| {
        let name = tag.name.strip_prefix("AWS_KINESISVIDEO_").unwrap();
        (name.to_owned(), tag.value)
    };
    tags.into_iter().map(plain).collect()
}

/// Checks that the next document says that a fragment is not there, in its place.
pub async fn check_gone(documents: &mut BodyDataStream, number: &Value) {
    let expected = [
        ("ERROR_CODE", "FRAGMENT_NOT_FOUND"),
        ("ERROR_ID", "4000"),
        ("FRAGMENT_NUMBER", number.as_str().unwrap()),
        ("EXCEPTION_ERROR_CODE", "4000"),
        ("EXCEPTION_MESSAGE", "The requested fragment is not found."),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(tags(documents).await, expected);
}

async fn numbers(service: &Service) -> Vec<Value> {
    let fragments = service.fragments().await;
    let numbers = fragments.iter().map(|one| one["FragmentNumber"].clone());
    numbers.collect()
}

fn cut(folder: &Path) {
    for file in segment_files(folder) {
        std::fs::write(file, b"").unwrap();
    }
}

#[tokio::test]
async fn a_fragment_that_expires_while_the_list_is_read_is_named_in_its_place() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    let later = NOW_MS + 23 * HOUR_MS;
    service.advance(23 * HOUR_MS);
    let starts: Vec<i64> = (0..6).map(|n| later + n * 1000).collect();
    service.put_seconds(&starts).await;
    let mut asked = numbers(&service).await;
    let old = asked.remove(0);
    asked.insert(5, old.clone());
    let mut documents = list(&service, &asked).await;
    service.advance(HOUR_MS);
    service.video.sweep();
    for start_ms in &starts[..5] {
        check_next(&mut documents, *start_ms).await;
    }
    check_gone(&mut documents, &old).await;
    check_next(&mut documents, starts[5]).await;
    assert!(documents.next().await.is_none());
}

#[tokio::test]
async fn a_list_whose_media_cannot_be_read_ends_with_an_internal_error() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS, NOW_MS + 1000]).await;
    let asked = numbers(&service).await;
    cut(service.folder.path());
    let mut documents = list(&service, &asked).await;
    let said = tags(&mut documents).await;
    for (name, value) in [("ERROR_ID", "5000"), ("EXCEPTION_ERROR_CODE", "5000")] {
        assert!(
            said.contains(&(name.to_owned(), value.to_owned())),
            "{said:?}"
        );
    }
    assert!(documents.next().await.is_none());
}

#[tokio::test]
async fn get_media_that_cannot_go_on_says_why_and_ends() {
    let service = Service::with_stream().await;
    service.put_seconds(&[NOW_MS]).await;
    cut(service.folder.path());
    let mut documents = follow(&service, json!({"StartSelectorType": "EARLIEST"})).await;
    let expected = [("ERROR_CODE", "INTERNAL_ERROR"), ("ERROR_ID", "5000")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(tags(&mut documents).await, expected);
    assert!(documents.next().await.is_none());
}
