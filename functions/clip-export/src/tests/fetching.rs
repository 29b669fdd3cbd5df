//! Article 18: an address is given to who may have the file now, and each time is written down.

use axum::body::Body;
use ciero_domain::export::{Export, KEPT, State};
use ciero_domain::ids::ContractId;
use ciero_domain::user::{Right, Role};
use ciero_runtime::{COOKIE, LIFETIME, Moment, guarded, testing};
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::copying::suspended;
use super::world::*;
use crate::router;

/// Asks for a file of the export and returns status, where it leads, and the answer.
async fn get(world: &World, file: &str, accept: &str, at: Moment) -> (u16, String, Value) {
    let app = world.app();
    let user = &world.people[0];
    let session = testing::customer(&user.contract, &user.id, at);
    let cookie = app.gate.sealer.seal(COOKIE, &session, LIFETIME);
    let id = world.look(|kept| kept.exports.keys().next().unwrap().clone());
    let request = Request::get(format!("/exports/{id}/files/{file}"))
        .header("cookie", cookie.split(';').next().unwrap())
        .header("accept", accept);
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(at);
    let gate = app.gate.clone();
    let response = guarded(router(app), gate).oneshot(request).await.unwrap();
    let place = response
        .headers()
        .get("location")
        .map_or("", |v| v.to_str().unwrap())
        .to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        place,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

async fn done() -> (World, Export) {
    let world = World::new(vec![made(1, 0, 1_000)]);
    let export = world.asked(60_000);
    world.work(&export).await.unwrap();
    let export = world.export(&export);
    (world, export)
}

#[tokio::test]
async fn art_18_a_program_is_told_the_address_and_a_browser_is_led_there() {
    let (world, export) = done().await;
    let (status, _, answer) = get(&world, "manifest.json", "application/json", now()).await;
    let url = format!(
        "https://files.example.jp/{}/manifest.json?lives=300",
        export.folder()
    );
    assert_eq!((status, answer["url"].as_str()), (200, Some(url.as_str())));
    assert_eq!(answer["expires_at"], "2026-06-01T05:05:00Z");
    let (status, place, _) = get(&world, "manifest.json", "text/html", now()).await;
    assert_eq!((status, place), (303, url));
    let rows = world.look(|kept| kept.rows.clone());
    let fetched = rows
        .iter()
        .filter(|row| row.action == "export_fetched" && row.outcome == "granted");
    assert_eq!(fetched.count(), 2);
}

#[tokio::test]
async fn art_18_no_address_is_given_without_a_right_or_a_file() {
    let (world, export) = done().await;
    let code = |answer: (u16, String, Value)| {
        (
            answer.0,
            answer.2["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let json = "application/json";
    let none = code(get(&world, "other.mp4", json, now()).await);
    assert_eq!(none, (404, "not_found".to_owned()));
    let late = Moment(now().0 + KEPT);
    assert_eq!(
        code(get(&world, "manifest.json", json, late).await),
        (409, "export_expired".to_owned())
    );
    let mut halted = world.clone();
    halted.seen.as_mut().unwrap().contract.standing = suspended();
    assert_eq!(
        code(get(&halted, "manifest.json", json, now()).await),
        (403, "suspended".to_owned())
    );
    let contract = seen().contract.id;
    let rights = [Right::Export];
    let other = person(6, &contract, Role::User);
    let other = other
        .with_rights(seen().camera.id, &rights, at("2026-05-31T00:00:00Z"))
        .unwrap();
    for stranger in [
        other,
        person(1, &ContractId::from_random([9; 10]), Role::Administrator),
    ] {
        let mut theirs = world.clone();
        theirs.people = vec![stranger];
        assert_eq!(code(get(&theirs, "manifest.json", json, now()).await), none);
    }
    world.look(|kept| {
        let one = kept.exports.get_mut(&export.id).unwrap();
        one.state = State::UnderWay;
    });
    assert_eq!(
        code(get(&world, "manifest.json", json, now()).await),
        (409, "export_not_ready".to_owned())
    );
}
