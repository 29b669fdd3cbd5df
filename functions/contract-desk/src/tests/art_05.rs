//! One person, one identifier; rights by camera; sessions that end at once (5-1, 5-2).

use ciero_domain::Language;
use ciero_domain::notice::Notice;
use ciero_domain::user::{Right, Role, UserState};
use ciero_ports::{Body, Write, WriteKind};
use serde_json::{Value, json};

use super::bench::{CAMERA, HANAKO, JIRO, Scene, TARO, now, person};

fn newcomer() -> Value {
    json!({"name": "見本 次郎", "email": "Jiro@Example.jp", "role": "user", "language": "en", "attestation": "on"})
}

#[tokio::test]
async fn an_added_user_is_bound_to_an_address_and_invited() {
    let bench = Scene::default().open();
    let reply = bench.post(HANAKO, "/users", &newcomer()).await;
    let decision = bench.decision();
    let [
        Write::User(user),
        Write::ClaimEmail {
            email,
            user: claimed,
        },
        Write::Audit(audit),
    ] = &decision.writes[..]
    else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (reply.status, reply.location),
        (201, format!("/users/{}", user.id))
    );
    assert_eq!(
        (user.version, user.role, user.language),
        (1, Role::User, Language::En)
    );
    assert_eq!(
        user.attested_by.as_ref().map(|id| id.as_str()),
        Some(HANAKO)
    );
    assert!(!user.accepted_terms(), "the person accepts for itself");
    assert_eq!((email.as_str(), claimed), ("jiro@example.jp", &user.id));
    assert_eq!(
        (audit.actor.as_str(), audit.action.as_str()),
        (HANAKO, "user_added")
    );
    let notice = Notice::UserInvited {
        contract: user.contract.clone(),
        user: user.id.clone(),
    };
    assert_eq!(decision.messages[0].body, Body::Notice(notice));
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused() {
    let bench = Scene {
        conflicts: vec![WriteKind::Email],
        ..Scene::default()
    }
    .open();
    let reply = bench.post(HANAKO, "/users", &newcomer()).await;
    assert_eq!(reply.problem(), (409, "email_taken"));
}

#[tokio::test]
async fn each_wrong_field_of_a_new_user_is_named() {
    for (field, value) in [
        ("name", ""),
        ("name", "a\u{7}"),
        ("email", "nobody"),
        ("role", "owner"),
        ("role", ""),
        ("language", "fr"),
        ("attestation", ""),
        ("attestation", "off"),
    ] {
        let mut body = newcomer();
        body[field] = json!(value);
        let bench = Scene::default().open();
        let reply = bench.post(HANAKO, "/users", &body).await;
        assert_eq!(reply.status, 422, "{field}");
        assert_eq!(reply.body["errors"][0]["field"], field);
        assert!(bench.written().is_empty());
    }
    let reply = Scene::default()
        .open()
        .post(HANAKO, "/users", &json!({}))
        .await;
    assert_eq!(reply.body["errors"].as_array().unwrap().len(), 5);
    let mut unattested = newcomer();
    unattested["attestation"] = json!("");
    let reply = Scene::default()
        .open()
        .post(HANAKO, "/users", &unattested)
        .await;
    assert_eq!(reply.problem(), (422, "attestation_missing"));
}

fn rights(user: &str) -> String {
    format!("/users/{user}/rights")
}

#[tokio::test]
async fn rights_begin_now_and_those_not_ticked_end() {
    let mut scene = Scene::default();
    let earlier = "2026-05-01T00:00:00Z".parse().unwrap();
    let camera = ciero_domain::ids::CameraId::parse(CAMERA).unwrap();
    let held = [Right::View, Right::Share];
    let user = person(JIRO, Role::User);
    let mut user = user.with_rights(camera.clone(), &held, earlier).unwrap();
    user.version = 1;
    scene.users[1] = user;
    let bench = scene.open();
    let body = json!({"camera": CAMERA, "view": "on", "play_back": "on"});
    let reply = bench.post(HANAKO, &rights(JIRO), &body).await;
    assert_eq!(
        (reply.status, reply.location),
        (200, format!("/users/{JIRO}"))
    );
    let decision = bench.decision();
    let [Write::User(user), Write::Audit(audit)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    let since = |right| user.rights[&camera].since(right);
    assert_eq!(since(Right::View), Some(earlier));
    assert_eq!(since(Right::PlayBack), Some(now().0));
    assert_eq!((since(Right::Export), since(Right::Share)), (None, None));
    assert_eq!(
        (audit.action.as_str(), &audit.camera),
        ("rights_changed", &Some(camera))
    );
    assert_eq!(audit.detail["rights"], json!(["view", "play_back"]));
}

#[tokio::test]
async fn a_camera_that_is_not_the_contracts_is_not_found() {
    let bench = Scene::default().open();
    for camera in ["k-1111111111111111", "", "x"] {
        let body = json!({"camera": camera, "view": "on"});
        let reply = bench.post(HANAKO, &rights(JIRO), &body).await;
        assert_eq!(reply.problem(), (404, "not_found"), "{camera}");
    }
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn an_administrator_needs_no_rights_and_a_removed_user_gets_none() {
    let mut scene = Scene::default();
    scene.users[1].state = UserState::Removed;
    let bench = scene.open();
    let body = json!({"camera": CAMERA, "view": "on"});
    let reply = bench.post(HANAKO, &rights(HANAKO), &body).await;
    assert_eq!(reply.problem(), (409, "administrator_holds_every_right"));
    for command in ["rights", "invitation", "removal"] {
        let reply = bench
            .post(HANAKO, &format!("/users/{JIRO}/{command}"), &body)
            .await;
        assert_eq!(reply.problem(), (409, "user_removed"), "{command}");
    }
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn an_invitation_is_sent_again() {
    let bench = Scene::default().open();
    let reply = bench
        .post(HANAKO, &format!("/users/{JIRO}/invitation"), &json!({}))
        .await;
    assert_eq!(reply.status, 200);
    let decision = bench.decision();
    let [Write::Audit(audit)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    assert_eq!(audit.action, "user_invited");
    assert!(
        matches!(&decision.messages[0].body, Body::Notice(Notice::UserInvited { user, .. }) if user.as_str() == JIRO)
    );
}

#[tokio::test]
async fn a_user_ends_its_own_sessions() {
    for body in [json!({}), json!({"user": JIRO})] {
        let bench = Scene::default().open();
        let reply = bench.post(JIRO, "/session-revocation", &body).await;
        assert_eq!((reply.status, reply.location.as_str()), (200, "/sign-in"));
        let decision = bench.decision();
        let [Write::User(user), Write::Audit(audit)] = &decision.writes[..] else {
            panic!("{decision:?}");
        };
        assert_eq!((user.id.as_str(), user.sessions_after), (JIRO, now().0));
        assert_eq!(audit.action, "sessions_revoked");
    }
}

#[tokio::test]
async fn an_administrator_ends_another_persons_sessions_and_a_user_does_not() {
    let bench = Scene::default().open();
    let reply = bench
        .post(HANAKO, "/session-revocation", &json!({"user": JIRO}))
        .await;
    assert_eq!(
        (reply.status, reply.location),
        (200, format!("/users/{JIRO}"))
    );
    let bench = Scene::default().open();
    for other in [HANAKO, TARO] {
        let reply = bench
            .post(JIRO, "/session-revocation", &json!({"user": other}))
            .await;
        assert_eq!(reply.problem(), (403, "not_administrator"));
    }
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn a_session_issued_before_the_revocation_is_over() {
    let mut scene = Scene::default();
    scene.users[0].sessions_after = "2026-06-01T03:00:01Z".parse().unwrap();
    let bench = scene.open();
    let reply = bench.post(HANAKO, "/users", &newcomer()).await;
    assert_eq!(reply.problem(), (401, "session_expired"));
    assert!(bench.written().is_empty());
}
