//! What waits for a person: cases, findings of the audit and stuck work.

use super::console_life::busy;
use super::support::*;

async fn check(path: &str, shown: &[&str]) {
    let world = busy();
    for group in ["billing", "contracts", "support"] {
        let answer = world.open(path, &world.staff(&[group])).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.shows(shown);
    }
    for groups in [vec!["screener"], vec!["legal"], vec![]] {
        let answer = world.ask(path, &world.staff(&groups)).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn open_cases_are_shown_with_the_form_that_closes_them() {
    let closing = "action=\"/console/cases/m-";
    check(
        "/console/cases",
        &["demand/0001", "催告が届きませんでした", closing],
    )
    .await;
}

#[tokio::test]
async fn the_findings_of_the_audit_are_shown() {
    check("/console/audit", &["番号の欠落", "0002", "2026年6月1日"]).await;
    let world = World::new();
    let answer = world
        .open("/console/audit", &world.staff(&["support"]))
        .await;
    answer.shows(&["照合はまだ行われていません。"]);
}

#[tokio::test]
async fn stuck_work_is_shown_with_its_reason_and_a_part_of_its_message() {
    let redrive = "action=\"/console/stuck/6f1c/redrive\"";
    check(
        "/console/stuck",
        &["there is no contract", "&lt;x&gt;", "…", redrive],
    )
    .await;
}
