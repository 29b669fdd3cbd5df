//! Article 9 and 18: who may ask for what; a refusal has its code and changes nothing.

use ciero_domain::export::{AT_ONCE, Export, State, What};
use ciero_domain::ids::{ContractId, ExportId};
use ciero_domain::user::{Right, Role};
use ciero_runtime::testing;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::copying::suspended;
use super::world::*;
use crate::router;

const CAMERA: &str = "/cameras/k-0000000000000000/exports";

async fn post_as(world: &World, user: usize, path: &str, body: Value) -> (u16, Value) {
    let app = world.app();
    let user = &world.people[user];
    let session = testing::customer(&user.contract, &user.id, now());
    let gate = app.gate.clone();
    testing::post(router(app), &gate, Some(&session), now(), path, &body).await
}

async fn refused(world: &World, path: &str, body: Value) -> (u16, String) {
    let before = world.look(|kept| kept.exports.clone());
    let (status, body) = post_as(world, 0, path, body).await;
    assert_eq!(
        world.look(|kept| kept.exports.clone()),
        before,
        "nothing changed"
    );
    assert!(world.look(|kept| kept.messages.is_empty()));
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn span(from: &str, until: &str) -> Value {
    json!({ "from": from, "until": until })
}

fn good() -> Value {
    span("2026-06-01T02:00:00Z", "2026-06-01T04:00:00Z")
}

#[tokio::test]
async fn art_09_an_administrator_asks_for_a_span_in_either_spelling() {
    for body in [good(), span("2026-06-01T11:00", "2026-06-01T13:00:00")] {
        let world = World::new(Vec::new());
        let (status, answer) = post_as(&world, 0, CAMERA, body).await;
        assert_eq!((status, &answer["location"]), (201, &json!("/exports")));
        let exports = world.look(|kept| kept.exports.clone());
        let export = exports.values().next().unwrap();
        let What::Recordings { from, until, .. } = &export.what else {
            panic!("{export:?}")
        };
        assert_eq!(
            (*from, *until),
            (at("2026-06-01T02:00:00Z"), at("2026-06-01T04:00:00Z"))
        );
        assert_eq!(world.look(|kept| kept.messages.len()), 1);
    }
}

#[tokio::test]
async fn art_18_a_span_that_may_not_be_had_is_refused_with_its_code() {
    let mut world = World::new(Vec::new());
    if let Some(seen) = &mut world.seen {
        seen.camera.retention_hours = 24;
        seen.camera.since = at("2026-05-20T00:00:00Z");
    }
    let cases = [
        (
            "2026-06-01T04:00:00Z",
            "2026-06-01T04:00:00Z",
            422,
            "span_empty",
        ),
        (
            "2026-06-01T04:00:00Z",
            "2026-06-01T03:00:00Z",
            422,
            "span_empty",
        ),
        (
            "2026-06-01T04:00:00Z",
            "2026-06-01T05:00:01Z",
            422,
            "span_in_the_future",
        ),
        (
            "2026-05-31T04:59:59Z",
            "2026-06-01T05:00:00Z",
            422,
            "span_longer_than_retention",
        ),
        (
            "2026-05-31T04:59:59Z",
            "2026-06-01T04:00:00Z",
            403,
            "outside_retention",
        ),
        ("yesterday", "2026-06-01T04:00:00Z", 422, "invalid_fields"),
    ];
    for (from, until, status, code) in cases {
        let found = refused(&world, CAMERA, span(from, until)).await;
        assert_eq!(found, (status, code.to_owned()), "{from} {until}");
    }
    if let Some(seen) = &mut world.seen {
        seen.camera.since = at("2026-06-01T03:00:00Z");
    }
    assert_eq!(
        refused(&world, CAMERA, good()).await,
        (403, "before_grant".to_owned())
    );
    let rows = world.look(|kept| kept.rows.clone());
    assert_eq!(
        rows.last().unwrap().outcome,
        "before_grant",
        "who asks is written down"
    );
}

#[tokio::test]
async fn art_18_the_right_to_export_is_needed_and_counts_from_its_start() {
    let mut world = World::new(Vec::new());
    let user = person(5, &seen().contract.id, Role::User);
    let may = |rights: &[Right], since: &str| {
        user.clone()
            .with_rights(seen().camera.id, rights, at(since))
            .unwrap()
    };
    world.people = vec![may(&[Right::View, Right::PlayBack], "2026-05-31T00:00:00Z")];
    assert_eq!(
        refused(&world, CAMERA, good()).await,
        (403, "export_right_missing".to_owned())
    );
    world.people = vec![may(&[Right::Export], "2026-06-01T02:00:01Z")];
    assert_eq!(
        refused(&world, CAMERA, good()).await,
        (403, "before_grant".to_owned())
    );
    world.people = vec![may(&[Right::Export], "2026-06-01T02:00:00Z")];
    assert_eq!(post_as(&world, 0, CAMERA, good()).await.0, 201);
    let data = json!({ "what": "registered_data" });
    let (status, answer) = post_as(&world, 0, "/exports", data).await;
    assert_eq!(
        (status, &answer["code"]),
        (403, &json!("data_right_missing"))
    );
}

#[tokio::test]
async fn art_07_another_customers_camera_is_answered_like_none() {
    let world = World::new(Vec::new());
    let unknown = "/cameras/k-zzzzzzzzzzzzzzzz/exports";
    let mut foreign = World::new(Vec::new());
    foreign.people = vec![person(
        1,
        &ContractId::from_random([9; 10]),
        Role::Administrator,
    )];
    let answers = [
        post_as(&world, 0, unknown, good()).await,
        post_as(&world, 0, "/cameras/nonsense/exports", good()).await,
        post_as(&foreign, 0, CAMERA, good()).await,
    ];
    assert!(
        answers
            .iter()
            .all(|answer| *answer == answers[0] && answer.0 == 404),
        "{answers:?}"
    );
}

#[tokio::test]
async fn art_06_suspension_and_the_end_of_the_contract_stop_every_export() {
    let mut world = World::new(Vec::new());
    world.seen.as_mut().unwrap().contract.standing = suspended();
    let asked = [
        (CAMERA, good()),
        ("/exports", json!({ "what": "recordings" })),
        ("/exports", json!({ "what": "registered_data" })),
    ];
    for (path, body) in asked {
        assert_eq!(
            refused(&world, path, body).await,
            (403, "suspended".to_owned())
        );
    }
}

#[tokio::test]
async fn a_contract_has_so_many_exports_under_way_and_no_more() {
    let world = World::new(Vec::new());
    let export = world.asked(1_000);
    world.look(|kept| {
        for n in 0..AT_ONCE as u8 {
            let id = ExportId::from_random([100 + n; 10]);
            kept.exports.insert(
                id.clone(),
                Export {
                    id,
                    ..export.clone()
                },
            );
        }
        kept.exports.remove(&export.id);
    });
    assert_eq!(
        refused(&world, CAMERA, good()).await,
        (409, "too_many_exports".to_owned())
    );
    world.look(|kept| {
        let first = kept.exports.values_mut().next().unwrap();
        first.state = State::Done { at: now().0 };
    });
    assert_eq!(post_as(&world, 0, CAMERA, good()).await.0, 201);
}

#[tokio::test]
async fn art_15_all_recordings_are_one_export_for_each_camera_that_has_none_under_way() {
    let world = World::new(Vec::new());
    let all = json!({ "what": "recordings" });
    let (status, answer) = post_as(&world, 0, "/exports", all.clone()).await;
    assert_eq!(
        (status, &answer["exports"], &answer["left"]),
        (201, &json!(1), &json!(0))
    );
    let export = world.look(|kept| kept.exports.values().next().unwrap().clone());
    let What::Recordings { from, until, .. } = export.what else {
        panic!("{export:?}")
    };
    assert_eq!(
        until.duration_since(from),
        SignedDuration::from_hours(29),
        "since the camera exists"
    );
    world.look(|kept| kept.messages.clear());
    assert_eq!(
        refused(&world, "/exports", all).await,
        (409, "nothing_to_export".to_owned())
    );
    let strange = json!({ "what": "everything" });
    assert_eq!(
        refused(&world, "/exports", strange).await,
        (422, "invalid_fields".to_owned())
    );
}
