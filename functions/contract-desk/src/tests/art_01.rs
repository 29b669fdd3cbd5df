//! Consent to the terms in force, before anything is watched (1-1).

use axum::body::Body;
use axum::http::{Request, header};
use ciero_domain::user::Role;
use ciero_ports::{Write, WriteKind};
use serde_json::{Value, json};

use super::bench::{Bench, HANAKO, JIRO, Reply, Scene, TERMS, now, person};

fn newcomer() -> Scene {
    let mut user = person(JIRO, Role::User);
    user.acceptances.clear();
    Scene {
        users: vec![person(HANAKO, Role::Administrator), user],
        ..Scene::default()
    }
}

async fn accept(bench: &Bench, body: Value) -> Reply {
    bench.post(JIRO, "/terms-acceptance", &body).await
}

#[tokio::test]
async fn a_user_accepts_the_version_in_force_and_goes_on() {
    let bench = newcomer().open();
    let body = json!({"version": TERMS, "back": "/cameras/k-1?at=2026"});
    let reply = accept(&bench, body).await;
    assert_eq!(
        (reply.status, reply.location.as_str()),
        (200, "/cameras/k-1?at=2026")
    );
    let decision = bench.decision();
    let [Write::User(user), Write::Audit(audit)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    assert_eq!(user.version, 2);
    let acceptance = &user.acceptances[0];
    assert_eq!(acceptance.terms_version, TERMS);
    assert_eq!(
        (acceptance.at, acceptance.channel.as_str()),
        (now().0, "portal")
    );
    assert_eq!(
        (audit.actor.as_str(), audit.action.as_str()),
        (JIRO, "terms_accepted")
    );
}

#[tokio::test]
async fn only_a_path_of_the_portal_is_gone_on_to() {
    for back in [
        "",
        "cameras",
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\r\nb",
    ] {
        let bench = newcomer().open();
        let reply = accept(&bench, json!({"version": TERMS, "back": back})).await;
        assert_eq!(reply.location, "/cameras", "{back}");
    }
}

#[tokio::test]
async fn an_earlier_and_a_coming_version_cannot_be_accepted() {
    for version in ["2020-04-01", "2026-06-02", "", "x"] {
        let bench = newcomer().open();
        let reply = accept(&bench, json!({"version": version})).await;
        assert_eq!(reply.problem(), (409, "terms_not_in_force"), "{version}");
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn nobody_accepts_before_terms_are_in_force() {
    let mut scene = newcomer();
    scene.terms.clear();
    let reply = accept(&scene.open(), json!({"version": TERMS})).await;
    assert_eq!(reply.problem(), (503, "unavailable"));
}

#[tokio::test]
async fn an_acceptance_that_is_overtaken_is_taken_again() {
    let mut scene = newcomer();
    scene.conflicts = vec![WriteKind::Entity];
    let bench = scene.open();
    assert_eq!(accept(&bench, json!({"version": TERMS})).await.status, 200);
}

#[tokio::test]
async fn a_guest_accepts_nothing() {
    let bench = newcomer().open();
    let request = Request::post("/terms-acceptance")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({"version": TERMS}).to_string()));
    let reply = bench.send(request.unwrap()).await;
    assert_eq!(reply.problem(), (401, "sign_in_needed"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn an_administrator_who_has_not_accepted_the_terms_manages_nobody() {
    let mut scene = Scene::default();
    scene.users[0].acceptances.clear();
    let bench = scene.open();
    let path = format!("/users/{JIRO}/removal");
    assert_eq!(bench.post(HANAKO, &path, &json!({})).await.status, 403);
    assert!(bench.written().is_empty());
}
