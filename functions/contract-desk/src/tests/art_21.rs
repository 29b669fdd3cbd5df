//! A person corrects the own data and gives them up; who was removed can be erased (21-5).

use ciero_domain::Language;
use ciero_domain::notice::Notice;
use ciero_domain::user::{Role, User, UserState};
use ciero_ports::{Body, Write, WriteKind};
use jiff::Timestamp;
use serde_json::json;

use super::bench::{Bench, HANAKO, JIRO, Scene, TARO, now, person};

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

/// The contract of Jiro, who asked for another address with the code "k7qm".
fn asked() -> Scene {
    let mut scene = Scene::default();
    let jiro = person(JIRO, Role::User);
    let jiro = jiro.ask_address("new@example.jp".into(), "k7qm".into(), now().0);
    scene.users[1] = jiro.unwrap();
    scene
}

#[tokio::test]
async fn a_new_address_waits_for_the_code_that_is_mailed_to_it() {
    let bench = Scene::default().open();
    let body = json!({"email": "New@Example.jp"});
    let reply = bench.post(JIRO, "/profile/address", &body).await;
    assert_eq!((reply.status, reply.location.as_str()), (200, "/profile"));
    let after = written(&bench);
    let change = after.address_change.unwrap();
    assert_eq!(after.email, person(JIRO, Role::User).email);
    assert!(change.email.eq_ignore_ascii_case("new@example.jp"));
    assert!(!reply.body.to_string().contains(&change.code));
    let decision = bench.decision();
    let told = &decision.messages[0].body;
    assert!(
        matches!(told, Body::Notice(Notice::AddressAsked { user, .. }) if user.as_str() == JIRO)
    );
    let log = format!("{:?}", decision.messages);
    assert!(!log.contains(&change.code), "{log}");
}

#[tokio::test]
async fn the_code_moves_the_address_and_frees_the_former_one() {
    let bench = asked().open();
    let body = json!({"code": " K7 qm "});
    let reply = bench.post(JIRO, "/profile/address/proof", &body).await;
    assert_eq!((reply.status, reply.location.as_str()), (200, "/profile"));
    assert_eq!(written(&bench).email, "new@example.jp");
    let former = person(JIRO, Role::User).email;
    let decision = bench.decision();
    let frees = |w: &Write| matches!(w, Write::ReleaseEmail { email, .. } if *email == former);
    let claims =
        |w: &Write| matches!(w, Write::ClaimEmail { email, .. } if email == "new@example.jp");
    assert!(decision.writes.iter().any(frees));
    assert!(decision.writes.iter().any(claims));
    let told = &decision.messages[0].body;
    assert!(
        matches!(told, Body::Notice(Notice::AddressChanged { former: to, .. }) if *to == former)
    );
}

#[tokio::test]
async fn what_is_no_address_and_what_is_not_the_code_change_nothing() {
    let own = person(JIRO, Role::User).email;
    let mut taken = asked();
    taken.conflicts = vec![WriteKind::Email];
    for (scene, path, body, status, code) in [
        (Scene::default(), "", json!({"email": "new"}), 422, "email"),
        (
            Scene::default(),
            "",
            json!({"email": own}),
            409,
            "same_address",
        ),
        (
            Scene::default(),
            "/proof",
            json!({"code": "k7qm"}),
            409,
            "no_address_change",
        ),
        (
            asked(),
            "/proof",
            json!({"code": "k7qn"}),
            409,
            "wrong_code",
        ),
        (asked(), "/proof", json!({}), 409, "wrong_code"),
        (taken, "/proof", json!({"code": "k7qm"}), 409, "email_taken"),
    ] {
        let bench = scene.open();
        let reply = bench
            .post(JIRO, &format!("/profile/address{path}"), &body)
            .await;
        assert_eq!(reply.status, status, "{code}");
        assert!(
            reply.body.to_string().contains(&format!("\"{code}\"")),
            "{}",
            reply.body
        );
        assert!(bench.written().is_empty(), "{code}");
    }
}
