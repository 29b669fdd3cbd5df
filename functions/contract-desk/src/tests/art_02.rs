//! Administrators manage the people of their own contract, and one always remains (2-6).

use ciero_domain::notice::Notice;
use ciero_domain::user::{Role, UserState};
use ciero_ports::{Body, Write, WriteKind};
use serde_json::json;

use super::bench::{HANAKO, JIRO, STRANGER, Scene, TARO, now, person};

fn removal(user: &str) -> String {
    format!("/users/{user}/removal")
}

#[tokio::test]
async fn a_removed_user_loses_sessions_address_and_account() {
    let bench = Scene::default().open();
    let reply = bench.post(HANAKO, &removal(JIRO), &json!({})).await;
    assert_eq!((reply.status, reply.location.as_str()), (200, "/users"));
    let decision = bench.decision();
    let [
        Write::User(removed),
        Write::ReleaseEmail { email, user },
        Write::Audit(audit),
    ] = &decision.writes[..]
    else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (removed.state, removed.sessions_after),
        (UserState::Removed, now().0)
    );
    assert_eq!((email, user), (&removed.email, &removed.id));
    assert_eq!(audit.action, "user_removed");
    let notice = Notice::UserRemoved {
        contract: removed.contract.clone(),
        user: removed.id.clone(),
    };
    assert_eq!(decision.messages[0].body, Body::Notice(notice));
}

#[tokio::test]
async fn the_last_administrator_cannot_be_removed() {
    let bench = Scene::default().open();
    let reply = bench.post(HANAKO, &removal(HANAKO), &json!({})).await;
    assert_eq!(reply.problem(), (409, "last_administrator"));
    let mut scene = Scene::default();
    let mut gone = person(TARO, Role::Administrator);
    gone.state = UserState::Removed;
    scene.users.push(gone);
    let bench = scene.open();
    let reply = bench.post(HANAKO, &removal(HANAKO), &json!({})).await;
    assert_eq!(reply.problem(), (409, "last_administrator"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn two_administrators_who_remove_each_other_meet_on_a_version() {
    let mut scene = Scene::default();
    scene.users.push(person(TARO, Role::Administrator));
    let bench = scene.open();
    bench.post(HANAKO, &removal(TARO), &json!({})).await;
    bench.post(TARO, &removal(HANAKO), &json!({})).await;
    for (decision, removed, remaining) in [
        (&bench.written()[0], TARO, HANAKO),
        (&bench.written()[1], HANAKO, TARO),
    ] {
        let written: Vec<(&str, u64)> = decision
            .writes
            .iter()
            .filter_map(|write| match write {
                Write::User(user) => Some((user.id.as_str(), user.version)),
                _ => None,
            })
            .collect();
        // Both write version 2 of both people, so the store lets one of them through.
        assert_eq!(written, [(removed, 2), (remaining, 2)]);
    }
}

#[tokio::test]
async fn a_removal_that_is_overtaken_is_decided_again() {
    let scene = Scene {
        conflicts: vec![WriteKind::Entity],
        ..Scene::default()
    };
    let bench = scene.open();
    assert_eq!(
        bench.post(HANAKO, &removal(JIRO), &json!({})).await.status,
        200
    );
}

#[tokio::test]
async fn a_registered_user_manages_nobody() {
    let user = json!({"name": "x", "email": "x@example.jp", "role": "user", "language": "ja", "attestation": "on"});
    let bench = Scene::default().open();
    for path in [
        "/users".to_owned(),
        removal(HANAKO),
        format!("/users/{HANAKO}/rights"),
        format!("/users/{HANAKO}/invitation"),
    ] {
        let reply = bench.post(JIRO, &path, &user).await;
        assert_eq!(reply.problem(), (403, "not_administrator"), "{path}");
    }
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn another_contracts_user_and_one_that_does_not_exist_get_the_same_answer() {
    let bench = Scene::default().open();
    for command in ["removal", "rights", "invitation"] {
        let body = json!({"camera": "k-0000000000000000", "view": "on"});
        let strange = bench
            .post(HANAKO, &format!("/users/{STRANGER}/{command}"), &body)
            .await;
        assert_eq!(strange.problem(), (404, "not_found"), "{command}");
        for nobody in ["u-8888888888888888", "k-0000000000000000", "x"] {
            let path = format!("/users/{nobody}/{command}");
            assert_eq!(bench.post(HANAKO, &path, &body).await, strange);
        }
    }
    let revoke = |user: &str| json!({"user": user});
    let strange = bench
        .post(HANAKO, "/session-revocation", &revoke(STRANGER))
        .await;
    assert_eq!(strange.problem(), (404, "not_found"));
    assert!(bench.written().is_empty());
}
