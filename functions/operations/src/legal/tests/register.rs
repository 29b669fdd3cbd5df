//! The breach register through the desk's routes.

use std::sync::Arc;

use serde_json::json;

use super::World;
use crate::tests::sample;

const PLACE: &str = "/console/breaches";

#[tokio::test]
async fn art_21_an_incident_is_recorded_with_its_clocks_and_each_step_once() {
    let world = Arc::new(World::default());
    let incident = sample(include_str!("../../../../../events/operations/breach.json"));
    assert_eq!(world.posts("a", PLACE, incident).await.0, 201);
    let (_, page) = world.page("b", PLACE).await;
    for shown in [
        "2026年5月22日",
        "2026年5月24日",
        "2026年6月18日",
        "期限を過ぎています",
        "速やかに",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    let (_, list) = world.page("b", "/console/disclosures").await;
    assert!(list.contains("期限を過ぎた漏えい等の報告があります"));
    let id = world.breaches.lock().unwrap()[0].id.clone();
    let steps = format!("{PLACE}/{id}/steps");
    let step = sample(include_str!(
        "../../../../../events/operations/breach-step.json"
    ));
    for (duty, on, expected) in [
        ("prompt_report", "2026-05-19", (422, "step_day_invalid")),
        ("prompt_report", "2026-05-23", (200, "")),
        ("prompt_report", "2026-05-23", (409, "step_done")),
        ("apology", "2026-05-23", (422, "choice")),
    ] {
        let mut step = step.clone();
        (step["duty"], step["on"]) = (json!(duty), json!(on));
        let answer = world.posts("a", &steps, step).await;
        assert_eq!(answer, (expected.0, expected.1.to_owned()), "{duty} {on}");
    }
    let (_, page) = world.page("b", PLACE).await;
    assert!(!page.contains("期限を過ぎています"));
    assert_eq!(*world.foreign_writes.lock().unwrap(), 0);
}

#[tokio::test]
async fn art_21_an_incident_that_cannot_be_is_refused() {
    let world = Arc::new(World::default());
    for (known_at, persons, code) in [
        ("2026-06-02T00:00", "1", "known_in_the_future"),
        ("soon", "1", "date"),
        ("2026-05-20T10:00", "-1", "choice"),
    ] {
        let incident = json!({"known_at": known_at, "what": "x", "persons": persons});
        let answer = world.posts("a", PLACE, incident).await;
        assert_eq!(answer, (422, code.to_owned()));
    }
    assert!(world.breaches.lock().unwrap().is_empty());
}
