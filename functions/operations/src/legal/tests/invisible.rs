//! To everyone outside the desk a case is what does not exist: the same status, headers and body (21-4).

use std::sync::Arc;

use ciero_domain::disclosure::{Disclosure, evolve};
use ciero_domain::ids::UserId;
use ciero_runtime::{Session, testing};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::{World, case_id, legal};
use crate::tests::{now, operator};

/// Every route on one case, and those of the lists.
const ON_CASE: [(&str, &str); 15] = [
    ("GET", ""),
    ("GET", "/files/document-0"),
    ("GET", "/files/package-0"),
    ("POST", "/documents"),
    ("POST", "/hold"),
    ("POST", "/hold/copies"),
    ("POST", "/release"),
    ("POST", "/release/approval"),
    ("POST", "/judgement"),
    ("POST", "/approval"),
    ("POST", "/video-approval"),
    ("POST", "/package"),
    ("POST", "/delivery"),
    ("POST", "/closing"),
    ("GET", "/files/"),
];
const LISTS: [(&str, &str); 5] = [
    ("GET", "/console/disclosures"),
    ("POST", "/console/disclosures"),
    ("GET", "/console/breaches"),
    ("POST", "/console/breaches"),
    ("POST", "/console/breaches/b-0000000000000000/steps"),
];

type Seen = (StatusCode, HeaderMap, String);

/// Everyone but the desk.
fn others() -> Vec<(String, Option<Session>)> {
    let groups = [
        "screener",
        "billing",
        "support",
        "publisher",
        "contracts",
        "reseller",
        "Legal",
        "legal ",
        "",
    ];
    let single = groups.map(|group| (group.to_owned(), Some(operator("x", &[group]))));
    let all = operator("x", &groups);
    let user = UserId::from_random([2; 10]);
    let customer = testing::customer(&World::contract().id, &user, now());
    let mut over = operator("x", &["support"]);
    over.at -= jiff::SignedDuration::from_hours(24);
    single
        .into_iter()
        .chain([
            ("all other groups".to_owned(), Some(all)),
            ("customer".to_owned(), Some(customer)),
            ("a session that is over".to_owned(), Some(over)),
            ("guest".to_owned(), None),
        ])
        .collect()
}

/// A case that exists, with a document.
async fn with_case() -> Arc<World> {
    let world = Arc::new(World::default());
    let opening: ciero_domain::disclosure::Opening = serde_json::from_value(json!({
        "id": case_id(), "contract": World::contract().id, "hold": "later",
        "request": {"requester": "police", "name": "見本警察署", "office": "a", "officer": "b", "contact": "c",
            "basis": "inquiry", "statute": "", "document_number": "1", "received_on": "2026-06-01"},
        "scope": {"data": ["users"], "recordings": []},
    }))
    .unwrap();
    let case: Disclosure = evolve(None, &opening.decide("a", now().0).unwrap()).unwrap();
    world.cases.lock().unwrap().push(case);
    assert_eq!(world.uploads("a", b"%PDF-").await, 200);
    world
}

async fn ask(world: &Arc<World>, who: Option<&Session>, route: (&str, &str)) -> Seen {
    let kind = match route.1.ends_with("/documents") {
        true => "multipart/form-data; boundary=x",
        false => "application/json",
    };
    world.sends(who, route, (kind, b"{}".to_vec())).await
}

#[tokio::test]
async fn art_21_nobody_else_can_tell_a_case_from_what_does_not_exist() {
    let world = with_case().await;
    let missing = "x-0000000000000000";
    let before = world.readings.lock().unwrap().len();
    for (method, tail) in ON_CASE {
        let path = |id: &str| format!("/console/disclosures/{id}{tail}");
        // What the desk itself is told of a case that is not there.
        let desk = legal("a");
        let expected = match (method, tail) {
            ("GET", _) => ask(&world, Some(&desk), (method, &path(missing))).await,
            _ => ask(&world, None, (method, &path(missing))).await,
        };
        assert_eq!(expected.0, 404, "{method} {tail}");
        for (name, who) in others() {
            for id in [case_id().as_str(), missing, "no-id", "x-%FF"] {
                let seen = ask(&world, who.as_ref(), (method, &path(id))).await;
                assert_eq!(seen, expected, "{name}: {method} {tail} of {id}");
            }
        }
    }
    assert_eq!(world.readings.lock().unwrap().len(), before);
    assert_eq!(world.cases.lock().unwrap()[0].version, 2);
}

#[tokio::test]
async fn art_21_nobody_else_can_tell_the_desks_lists_from_what_does_not_exist() {
    let world = with_case().await;
    for route in LISTS {
        let expected = ask(&world, None, (route.0, "/console/no-such-page")).await;
        // The guard lets a router answer a route that it has not; both are the same document.
        assert_eq!(expected.0, 404);
        for (name, who) in others() {
            let seen = ask(&world, who.as_ref(), route).await;
            assert_eq!(seen, expected, "{name}: {route:?}");
        }
    }
    assert!(world.breaches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_operator_of_the_desk_whose_session_is_over_is_asked_to_sign_in() {
    let world = with_case().await;
    let mut over = legal("a");
    over.at -= jiff::SignedDuration::from_hours(24);
    let seen = ask(&world, Some(&over), ("GET", "/console/disclosures")).await;
    assert_eq!(seen.0, 303);
    assert!(
        seen.1["location"]
            .to_str()
            .unwrap()
            .starts_with("/console/sign-in")
    );
}
