//! The sample events, each handed to the function as the gateway would.

use super::support::*;
use ciero_runtime::guarded;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Hands an event over; the moment comes from the event itself.
async fn answer(event: &str) -> (u16, String, String) {
    let request = lambda_http::request::from_str(event).unwrap();
    let request = request.map(|body| axum::body::Body::from(body.as_ref().to_vec()));
    let app = World::new().app();
    let response = guarded(crate::router(app.clone()), app.gate)
        .oneshot(request)
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let location = parts
        .headers
        .get("location")
        .map_or("", |v| v.to_str().unwrap())
        .to_owned();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status.as_u16(),
        location,
        String::from_utf8_lossy(&body).into_owned(),
    )
}

macro_rules! sample {
    ($name:literal) => {
        answer(include_str!(concat!(
            "../../../../events/portal/",
            $name,
            ".json"
        )))
        .await
    };
}

#[tokio::test]
async fn the_sample_of_the_landing_page_is_answered() {
    let (status, _, body) = sample!("get-root");
    assert_eq!(status, 200);
    assert!(body.contains("/apply"));
}

#[tokio::test]
async fn the_sample_of_the_terms_takes_its_date_from_the_event() {
    let (status, _, body) = sample!("get-terms-before-any-is-in-force");
    assert_eq!(status, 503);
    assert!(body.contains("not_published"), "{body}");
}

#[tokio::test]
async fn the_sample_without_a_session_is_sent_to_sign_in() {
    let (status, location, _) = sample!("get-cameras-without-a-session");
    assert_eq!(
        (status, location.as_str()),
        (303, "/sign-in?back=%2Fcameras")
    );
}

#[tokio::test]
async fn the_samples_of_the_customers_new_pages_need_a_session() {
    let (status, location, _) = sample!("get-invoices-without-a-session");
    assert_eq!(
        (status, location.as_str()),
        (303, "/sign-in?back=%2Finvoices")
    );
    let (status, _, body) = sample!("get-explanation-without-a-session");
    assert_eq!(status, 401);
    assert!(body.contains("sign_in_needed"), "{body}");
}

#[tokio::test]
async fn the_sample_of_the_sub_processors_is_answered() {
    let (status, _, body) = sample!("get-processors");
    assert_eq!(status, 200);
    assert!(
        body.contains("Sub-processors") || body.contains("再委託先"),
        "{body}"
    );
}

#[tokio::test]
async fn the_sample_of_a_file_is_answered() {
    let (status, _, body) = sample!("get-asset");
    assert_eq!(status, 200);
    assert!(body.contains(":root"));
}

#[tokio::test]
async fn the_sample_of_a_sign_out_without_its_token_is_refused() {
    let (status, _, body) = sample!("post-sign-out-without-its-token");
    assert_eq!(status, 403);
    assert!(body.contains("form_token"), "{body}");
}
