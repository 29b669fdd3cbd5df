//! The sample events, each answered as its name says.

use axum::body::Body as Content;
use axum::http::Request;
use ciero_domain::user::Role;

use super::bench::{HANAKO, JIRO, Scene, TARO, now, person};

/// Reads a sample of a request as the gateway sends it.
fn sample(text: &str) -> Request<Content> {
    let (parts, body) = lambda_http::request::from_str(text).unwrap().into_parts();
    let body = match body {
        lambda_http::Body::Text(text) => Content::from(text),
        lambda_http::Body::Binary(bytes) => Content::from(bytes),
        _ => Content::empty(),
    };
    Request::from_parts(parts, body)
}

async fn check(user: &str, text: &str, status: u16) {
    let mut scene = Scene::default();
    let (email, code) = ("jiro.new@example.jp".into(), "k7qm2f9xk7qm2f9x".into());
    let moving = person(JIRO, Role::User).ask_address(email, code, now().0);
    scene.users[1] = moving.unwrap();
    scene.users.push(person(TARO, Role::Administrator));
    let removed = person("u-3333333333333333", Role::User).remove(1, now().0);
    scene.users.push(removed.unwrap());
    let bench = scene.open();
    let mut request = sample(text);
    bench.sign_in(&mut request, user);
    assert_eq!(bench.send(request).await.status, status);
    assert_eq!(bench.written().len(), 1);
}

#[tokio::test]
async fn every_sample_is_answered() {
    check(
        JIRO,
        include_str!("../../../../events/contract-desk/terms-acceptance.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/user.json"),
        201,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/rights.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/invitation.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/removal.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/session-revocation.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/renewal-refusal.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/cancellation.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/particulars.json"),
        200,
    )
    .await;
    check(
        JIRO,
        include_str!("../../../../events/contract-desk/profile.json"),
        200,
    )
    .await;
    check(
        JIRO,
        include_str!("../../../../events/contract-desk/profile-address.json"),
        200,
    )
    .await;
    check(
        JIRO,
        include_str!("../../../../events/contract-desk/profile-address-proof.json"),
        200,
    )
    .await;
    check(
        JIRO,
        include_str!("../../../../events/contract-desk/profile-removal.json"),
        200,
    )
    .await;
    check(
        HANAKO,
        include_str!("../../../../events/contract-desk/erasure.json"),
        200,
    )
    .await;
}
