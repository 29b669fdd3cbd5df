//! A person corrects the own data and gives them up; who was removed can be erased (21-5).

use ciero_domain::Language;
use ciero_domain::user::{Role, User, UserState};
use ciero_ports::Write;
use jiff::Timestamp;
use serde_json::json;

use super::bench::{Bench, HANAKO, JIRO, Scene, TARO, person};

fn written(bench: &Bench) -> User {
    let Write::User(user) = &bench.decision().writes[0] else {
        panic!("no user was written first");
    };
    user.as_ref().clone()
}

/// A contract whose third person was removed.
fn with_removed() -> Scene {
    let mut scene = Scene::default();
    let removed = person(TARO, Role::User).remove(1, Timestamp::UNIX_EPOCH);
    scene.users.push(removed.unwrap());
    scene
}

#[tokio::test]
async fn everyone_corrects_the_own_name_and_language_and_nothing_else() {
    let bench = Scene::default().open();
    let body = json!({"name": "見本 華子", "language": "en", "role": "administrator", "email": "x@example.jp"});
    let reply = bench.post(JIRO, "/profile", &body).await;
    assert_eq!((reply.status, reply.location.as_str()), (200, "/profile"));
    let (before, after) = (person(JIRO, Role::User), written(&bench));
    assert_eq!(
        (after.name.as_str(), after.language),
        ("見本 華子", Language::En)
    );
    assert_eq!((after.role, after.email), (Role::User, before.email));
}

#[tokio::test]
async fn a_correction_without_a_name_or_with_another_language_is_refused() {
    for (body, code) in [
        (json!({"name": " ", "language": "ja"}), "required"),
        (
            json!({"name": "あ".repeat(101), "language": "ja"}),
            "too_long",
        ),
        (json!({"name": "見本", "language": "fr"}), "choice"),
    ] {
        let bench = Scene::default().open();
        let reply = bench.post(JIRO, "/profile", &body).await;
        assert_eq!(reply.status, 422);
        assert_eq!(reply.body["errors"][0]["code"], code);
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn a_person_leaves_and_the_last_administrator_stays() {
    let bench = Scene::default().open();
    let reply = bench.post(JIRO, "/profile/removal", &json!({})).await;
    assert_eq!((reply.status, reply.location.as_str()), (200, "/sign-in"));
    assert_eq!(written(&bench).state, UserState::Removed);
    let bench = Scene::default().open();
    let reply = bench.post(HANAKO, "/profile/removal", &json!({})).await;
    assert_eq!(reply.problem(), (409, "last_administrator"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn only_who_was_removed_is_erased_and_only_by_an_administrator() {
    let path = |id: &str| format!("/users/{id}/erasure");
    let bench = with_removed().open();
    let reply = bench.post(HANAKO, &path(TARO), &json!({})).await;
    assert_eq!(reply.status, 200);
    let erased = written(&bench);
    assert_eq!((erased.name.as_str(), erased.email.as_str()), (TARO, ""));
    assert!(!erased.acceptances.is_empty(), "consent stays on record");
    for (who, whom, status, code) in [
        (HANAKO, JIRO, 409, "user_active"),
        (JIRO, TARO, 403, "not_administrator"),
        (HANAKO, "u-9999999999999999", 404, "not_found"),
    ] {
        let bench = with_removed().open();
        let reply = bench.post(who, &path(whom), &json!({})).await;
        assert_eq!(reply.problem(), (status, code));
        assert!(bench.written().is_empty());
    }
}
