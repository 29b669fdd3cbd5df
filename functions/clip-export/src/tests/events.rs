//! The sample events do what they say.

use ciero_domain::export::Export;
use ciero_domain::ids::ExportId;
use ciero_runtime::{Event, OnEvent, testing};
use serde_json::{Value, json};

use super::world::*;
use crate::router;

/// Posts the request of a sample, and returns the status and how many exports there are then.
async fn posted(sample: &str) -> (u16, usize) {
    let event: Value = serde_json::from_str(sample).unwrap();
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    let world = World::new(Vec::new());
    let app = world.app();
    let user = &world.people[0];
    let session = testing::customer(&user.contract, &user.id, now());
    let (gate, path) = (app.gate.clone(), event["rawPath"].as_str().unwrap());
    let (status, _) = testing::post(router(app), &gate, Some(&session), now(), path, &body).await;
    (status, world.look(|kept| kept.exports.len()))
}

#[tokio::test]
async fn the_samples_of_requests_begin_an_export() {
    let one = include_str!("../../../../events/clip-export/one-camera.json");
    let all = include_str!("../../../../events/clip-export/all-cameras.json");
    assert_eq!(posted(one).await, (201, 1));
    assert_eq!(posted(all).await, (201, 1));
    let file: Value =
        serde_json::from_str(include_str!("../../../../events/clip-export/file.json")).unwrap();
    let id = file["pathParameters"]["id"].as_str().unwrap();
    assert!(ExportId::parse(id).is_ok() && file["rawPath"].as_str().unwrap().contains(id));
}

#[tokio::test]
async fn the_sample_of_a_message_goes_on_with_its_export_and_one_that_is_not_there_comes_again() {
    let sample = include_str!("../../../../events/clip-export/go-on.json");
    let read = || Event::read(serde_json::from_str(sample).unwrap()).unwrap();
    let world = World::new(vec![made(1, 0, 1_000)]);
    let answer = world.app().on_event(read(), now()).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
    let export = world.asked(60_000);
    let named = Export {
        id: ExportId::parse("x-0000000000000000").unwrap(),
        ..export.clone()
    };
    world.look(|kept| kept.exports.insert(named.id.clone(), named.clone()));
    let answer = world.app().on_event(read(), now()).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert!(!world.export(&named).is_under_way());
    assert!(world.export(&export).is_under_way());
}
