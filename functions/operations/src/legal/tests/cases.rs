//! A case through the desk's routes.

use std::sync::Arc;

use ciero_domain::disclosure::{Fragment, Stage};
use ciero_domain::hold::Scope;
use ciero_ports::Body;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::camera;
use super::{World, case_id};
use crate::tests::{now, sample};

const SCAN: &[u8] = b"%PDF-1.7 scan";

/// The body of a sample event.
macro_rules! sample {
    ($name:literal) => {
        sample(include_str!(concat!(
            "../../../../../events/operations/",
            $name,
            ".json"
        )))
    };
}

/// The sample of a request, with other fields.
fn request(change: &[(&str, Value)]) -> Value {
    let mut body = sample!("disclosure");
    body["contract"] = json!(World::contract().id);
    for (name, value) in change {
        body[*name] = value.clone();
    }
    body
}

fn recordings() -> Value {
    let camera = camera().id;
    json!(format!("{camera} 2026-05-31T09:00 2026-05-31T10:00"))
}

async fn opened(change: &[(&str, Value)]) -> Arc<World> {
    let world = Arc::new(World::default());
    let answer = world
        .posts("a", "/console/disclosures", request(change))
        .await;
    assert_eq!(answer, (201, String::new()));
    world
}

fn stage(world: &World) -> Stage {
    world.cases.lock().unwrap()[0].stage()
}

async fn approved(change: &[(&str, Value)]) -> Arc<World> {
    let world = opened(change).await;
    assert_eq!(world.uploads("a", SCAN).await, 200);
    let judgement = sample!("disclosure-judgement");
    assert_eq!(world.on_case("a", "judgement", judgement).await.0, 200);
    for by in ["b", "c"] {
        let approval = sample!("disclosure-approval");
        assert_eq!(world.on_case(by, "approval", approval).await.0, 200);
    }
    world
}

#[tokio::test]
async fn art_21_a_case_with_its_hold_writes_nothing_that_others_read() {
    let world = opened(&[("recordings", recordings())]).await;
    let holds = world.holds.lock().unwrap().clone().unwrap();
    assert_eq!(holds.version, 1);
    assert!(holds.keep_registered_data() && holds.keep_recordings_of(&camera().id));
    let scopes: Vec<&Scope> = holds.holds.iter().map(|hold| &hold.scope).collect();
    assert_eq!(scopes.len(), 2);
    let messages = world.messages.lock().unwrap().clone();
    let Body::CopyHold(order) = &messages[0].body else {
        panic!("the copy was not asked for");
    };
    assert_eq!(order.stream_name, "ciero-k-3");
    assert_eq!((messages.len(), world.copies.lock().unwrap().len()), (1, 1));
    assert_eq!(*world.foreign_writes.lock().unwrap(), 0);
}

#[tokio::test]
async fn art_21_a_copy_that_stands_still_is_asked_for_again_until_it_is_complete() {
    let world = opened(&[("recordings", recordings())]).await;
    let again = || sample!("disclosure-hold-copies");
    assert_eq!(world.on_case("a", "hold/copies", again()).await.0, 200);
    let messages = world.messages.lock().unwrap().clone();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].body, messages[1].body);
    world.copies.lock().unwrap()[0].completed_at = Some(now().0);
    assert_eq!(world.on_case("a", "hold/copies", again()).await.0, 200);
    assert_eq!(world.messages.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn art_21_copies_of_a_case_without_a_hold_are_not_asked_for() {
    let world = opened(&[("hold", json!(""))]).await;
    let again = sample!("disclosure-hold-copies");
    let refused = (409, "hold_missing".to_owned());
    assert_eq!(world.on_case("a", "hold/copies", again).await, refused);
}

#[tokio::test]
async fn art_21_a_request_that_is_not_sound_is_refused_and_nothing_is_written() {
    let camera = camera().id;
    let future = json!(format!("{camera} 2026-05-31T09:00 2026-06-02T10:00"));
    let other = json!("k-0000000000000000 2026-05-31T09:00 2026-05-31T10:00");
    let none = json!("");
    for (change, status, code) in [
        (vec![("requester", json!("neighbour"))], 422, "choice"),
        (vec![("basis", json!("curiosity"))], 422, "choice"),
        (
            vec![("basis", json!("other_statute"))],
            422,
            "statute_missing",
        ),
        (vec![("document_number", none.clone())], 422, "required"),
        (
            vec![("contract", json!("c-0000000000000000"))],
            422,
            "choice",
        ),
        (vec![("recordings", future)], 422, "stretch_invalid"),
        (vec![("recordings", other)], 422, "choice"),
        (
            vec![("data_particulars", none.clone()), ("data_users", none)],
            422,
            "nothing_asked",
        ),
    ] {
        let world = Arc::new(World::default());
        let answer = world
            .posts("a", "/console/disclosures", request(&change))
            .await;
        assert_eq!(answer, (status, code.to_owned()), "{change:?}");
        assert!(world.cases.lock().unwrap().is_empty());
        assert!(world.holds.lock().unwrap().is_none());
    }
}

#[tokio::test]
async fn art_21_an_approval_by_the_person_who_asked_is_refused() {
    let world = opened(&[]).await;
    assert_eq!(world.uploads("a", SCAN).await, 200);
    let judgement = sample!("disclosure-judgement");
    assert_eq!(world.on_case("a", "judgement", judgement).await.0, 200);
    for (by, expected) in [
        ("a", (409, "approval_own")),
        ("b", (200, "")),
        ("b", (409, "approval_repeated")),
    ] {
        let answer = world.on_case(by, "approval", json!({})).await;
        assert_eq!(answer, (expected.0, expected.1.to_owned()), "{by}");
    }
    assert_eq!(stage(&world), Stage::Judged);
    let package = world.on_case("a", "package", json!({})).await;
    assert_eq!(package, (409, "not_approved".to_owned()));
    assert_eq!(world.files.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn art_21_the_package_holds_exactly_the_scope_and_its_hash_names_every_file() {
    let world = approved(&[]).await;
    let package = sample!("disclosure-package");
    assert_eq!(world.on_case("a", "package", package).await.0, 200);
    let case = world.cases.lock().unwrap()[0].clone();
    let package = case.package.unwrap();
    let files = world.files.lock().unwrap().clone();
    let names: Vec<&str> = package
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    let expected = [
        "manifest.json",
        "particulars.json",
        "particulars.csv",
        "users.json",
        "users.csv",
        "index.html",
    ];
    assert_eq!(names, expected);
    for file in &package.files {
        let key = format!(
            "cases/{}/packages/{}/{}",
            case_id(),
            package.sha256,
            file.name
        );
        assert_eq!(hex::encode(Sha256::digest(&files[&key])), file.sha256);
    }
    assert_eq!(package.files[0].sha256, package.sha256);
    let wrong = sample!("disclosure-delivery");
    let answer = world.on_case("a", "delivery", wrong.clone()).await;
    assert_eq!(answer, (422, "hash_differs".to_owned()));
    let mut right = wrong;
    right["acknowledged"] = json!(package.sha256.to_uppercase());
    assert_eq!(world.on_case("a", "delivery", right).await.0, 200);
    assert_eq!(stage(&world), Stage::Delivered);
    assert_eq!(*world.foreign_writes.lock().unwrap(), 0);
}

#[tokio::test]
async fn art_21_video_without_a_warrant_is_refused_and_with_one_needs_its_whole_copy() {
    let judgement = sample!("disclosure-judgement");
    let world = opened(&[("recordings", recordings())]).await;
    assert_eq!(world.uploads("a", SCAN).await, 200);
    let answer = world.on_case("a", "judgement", judgement).await;
    assert_eq!(answer, (409, "video_needs_warrant".to_owned()));
    let warrant = [("recordings", recordings()), ("basis", json!("warrant"))];
    let world = approved(&warrant).await;
    let answer = world.on_case("a", "package", json!({})).await;
    assert_eq!(answer, (409, "video_not_approved".to_owned()));
    let video = sample!("disclosure-video-approval");
    assert_eq!(world.on_case("b", "video-approval", video).await.0, 200);
    let answer = world.on_case("a", "package", json!({})).await;
    assert_eq!(answer, (409, "copy_incomplete".to_owned()));
    complete_copy(&world);
    assert_eq!(world.on_case("a", "package", json!({})).await.0, 200);
    let case = world.cases.lock().unwrap()[0].clone();
    assert_eq!(case.package.unwrap().recordings.len(), 1);
}

fn complete_copy(world: &World) {
    let mut copies = world.copies.lock().unwrap();
    let copy = &mut copies[0];
    let stretch = copy.order.stretch.clone();
    let fragment = Fragment {
        number: "1".into(),
        start: stretch.from,
        end: stretch.until,
        bytes: 1,
    };
    copy.add(&[fragment], 1, "00".into());
    copy.read_up_to(stretch.until, stretch.until);
}

#[tokio::test]
async fn art_21_a_hold_is_released_by_two() {
    let world = opened(&[]).await;
    let reason = sample!("disclosure-release");
    let closing = sample!("disclosure-closing");
    let released = sample!("disclosure-release-approval");
    for (by, command, body, expected) in [
        ("a", "closing", closing.clone(), (409, "hold_in_force")),
        ("a", "release", json!({}), (422, "reason_missing")),
        ("a", "release", reason, (200, "")),
        ("a", "release/approval", json!({}), (409, "release_own")),
        ("b", "release/approval", released, (200, "")),
        ("a", "closing", closing, (200, "")),
    ] {
        let answer = world.on_case(by, command, body).await;
        assert_eq!(
            answer,
            (expected.0, expected.1.to_owned()),
            "{by} {command}"
        );
    }
    let holds = world.holds.lock().unwrap().clone().unwrap();
    assert_eq!((holds.version, holds.in_force().count()), (2, 0));
}

#[tokio::test]
async fn art_21_a_scan_that_is_none_is_refused_and_not_kept() {
    let world = opened(&[]).await;
    assert_eq!(world.uploads("a", b"<html>").await, 422);
    assert_eq!(world.uploads("a", b"").await, 422);
    assert!(world.files.lock().unwrap().is_empty());
    assert_eq!(world.uploads("a", SCAN).await, 200);
}

#[tokio::test]
async fn art_21_every_reading_is_noted_and_shown() {
    let world = approved(&[]).await;
    assert_eq!(world.on_case("a", "package", json!({})).await.0, 200);
    let path = format!("/console/disclosures/{}", case_id());
    let (status, page) = world.page("d", &path).await;
    assert_eq!(status, 200);
    for shown in ["見本警察署", "閲覧の記録", "開示資料", "適法"] {
        assert!(page.contains(shown), "{shown}");
    }
    let file = format!("{path}/files/package-0");
    assert_eq!(world.page("e", &file).await.0, 303);
    for unknown in [
        "package-99",
        "document-9",
        "recording-0-1",
        "x",
        "package--",
    ] {
        assert_eq!(
            world.page("e", &format!("{path}/files/{unknown}")).await.0,
            404
        );
    }
    let readings = world.readings.lock().unwrap().clone();
    let of = |by: &str| readings.iter().filter(|one| one.by == by).count();
    assert_eq!((of("d"), of("e")), (1, 2));
    assert_eq!(world.page("f", "/console/disclosures").await.0, 200);
    assert_eq!(
        world.readings.lock().unwrap().last().unwrap().what,
        "disclosures"
    );
}
