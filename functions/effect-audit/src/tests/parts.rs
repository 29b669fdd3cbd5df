//! A run in several parts: whatever is doubled or fails, its end is that of a run in one part.

use ciero_ports::AuditRun;
use ciero_runtime::{Event, OnEvent};
use serde_json::json;

use super::SECOND;
use super::world::*;

#[tokio::test]
async fn a_run_in_several_parts_equals_one_in_one_part() {
    let world = |page| World {
        contracts: 45,
        page,
        effects: &["invoice/01/0007"],
        ..World::default()
    };
    let (answer, whole) = audit(world(100), SECOND).await;
    assert_eq!(
        answer,
        json!({"contracts": 45, "missing": 45, "doubled": 45})
    );
    for times in [1, 2] {
        let (app, kept) = app(&world(1));
        run(&app, &kept, SECOND, times).await;
        let kept = kept.lock().unwrap();
        assert_eq!(kept.report, whole, "each message brought {times} times");
        assert_eq!(kept.runs.len(), 2, "45 pages make three parts");
    }
}

#[tokio::test]
async fn the_report_stays_until_a_run_is_complete() {
    let world = World {
        contracts: 25,
        ..World::default()
    };
    let (app, kept) = app(&world);
    let answer = begin(&app, SECOND).await.unwrap();
    assert_eq!(answer, json!({"contracts": 20, "goesOn": true}));
    assert_eq!(kept.lock().unwrap().reports, 0);
    let message = kept.lock().unwrap().messages[0].clone();
    // The last part has the day on which the run began.
    bring(&app, &message, "2026-04-03T00:10:00+09:00").await;
    let kept = kept.lock().unwrap();
    assert_eq!((kept.reports, kept.report.contracts), (1, 25));
    assert_eq!(kept.report.at, Some(moment(SECOND).0));
}

#[tokio::test]
async fn a_part_whose_next_message_was_not_taken_goes_on_when_it_comes_again() {
    let world = World {
        contracts: 45,
        ..World::default()
    };
    let (app, kept) = app(&world);
    begin(&app, SECOND).await.unwrap();
    let first = kept.lock().unwrap().messages[0].clone();
    kept.lock().unwrap().deaf = 1;
    assert_eq!(bring(&app, &first, SECOND).await, 1);
    assert_eq!(bring(&app, &first, SECOND).await, 0);
    assert_eq!(kept.lock().unwrap().report.contracts, 45);
}

#[tokio::test]
async fn a_run_that_ends_after_a_later_one_leaves_its_report() {
    let (app, kept) = app(&World::default());
    begin(&app, "2026-04-03T03:00:00+09:00").await.unwrap();
    begin(&app, SECOND).await.unwrap();
    let later = moment("2026-04-03T03:00:00+09:00").0;
    assert_eq!(kept.lock().unwrap().report.at, Some(later));
}

#[tokio::test]
async fn the_sample_of_the_queue_goes_on_with_a_run_that_is_kept() {
    let (app, kept) = app(&World::default());
    let sample = include_str!("../../../../events/effect-audit/next-part.json");
    let event = || Event::read(serde_json::from_str(sample).unwrap()).unwrap();
    let unknown = app.on_event(event(), moment(SECOND)).await.unwrap();
    assert_eq!(unknown["batchItemFailures"].as_array().unwrap().len(), 1);
    let run = AuditRun {
        version: 1,
        ..AuditRun::begin(moment("2026-06-01T18:00:01Z").0)
    };
    kept.lock().unwrap().runs.insert(1, run);
    let answer = app.on_event(event(), moment(SECOND)).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(kept.lock().unwrap().report.contracts, 1);
}
