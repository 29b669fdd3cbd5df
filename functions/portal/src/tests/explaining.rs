//! What was and what will be due, as a page and as JSON.

use super::support::*;
use axum::body::Body;
use ciero_domain::contract::{Command, Explanation, Measure, MeasureGround, Status};
use http::Request;
use jiff::civil::date;

const PATH: &str = "/contract/explanation";

async fn open(world: &World, query: &str) -> Answer {
    let cookie = world.customer(&administrator());
    world.open(&format!("{PATH}{query}"), &cookie).await
}

async fn ask(world: &World, query: &str) -> Answer {
    let request = Request::get(format!("{PATH}{query}"))
        .header("accept", "application/json")
        .header("cookie", world.customer(&administrator()));
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn explained(world: &World, query: &str) -> Explanation {
    let answer = ask(world, query).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn each_line_has_its_date_state_clause_and_reading() {
    let world = World::new().lived(date(2026, 4, 2));
    open(&world, "").await.shows(&[
        "契約が成立しました",
        "済み",
        "予定",
        "2026年12月31日",
        r#"href="/terms#art-11""#,
        "第13条第1項第2号",
        "D-11 v1",
        &world.invoices[0].name(),
    ]);
}

#[tokio::test]
async fn a_program_gets_the_explanation_as_json() {
    let world = World::new().lived(date(2026, 4, 2));
    let answer = explained(&world, "").await;
    assert_eq!(answer.as_of, world.today());
    let done = answer.lines.iter().filter(|l| l.status == Status::Done);
    assert_eq!(done.count(), 2);
    let renewal = answer.lines.iter().find(|l| l.on == date(2027, 4, 1));
    assert_eq!(renewal.unwrap().clause, "11");
}

#[tokio::test]
async fn a_browser_gets_a_page_even_where_it_takes_json_too() {
    let world = World::new();
    let request = Request::get(PATH)
        .header("accept", "application/json, text/html")
        .header("cookie", world.customer(&administrator()));
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    answer.shows(&["<!DOCTYPE html>"]);
}

#[tokio::test]
async fn an_assumed_refusal_ends_the_contract_on_its_expiry_date() {
    let world = World::new().lived(date(2026, 4, 2));
    let answer = explained(&world, "?if=refuse@2026-06-01").await;
    let assumed = answer.lines.iter().find(|l| l.status == Status::Assumed);
    assert_eq!(assumed.unwrap().on, date(2026, 6, 1));
    let too_late = explained(&world, "?if=refuse@2027-03-02").await;
    let refused = too_late.lines.iter().find(|l| l.status == Status::Refused);
    assert_eq!(refused.unwrap().reading, "refusal_too_late");
    open(&world, "?if=refuse@2027-03-02").await.shows(&[
        "できません",
        r#"<option value="refuse@2027-03-02" selected>"#,
    ]);
}

#[tokio::test]
async fn an_earlier_day_is_explained_without_what_came_later() {
    let world = World::new().lived(date(2026, 4, 2));
    let answer = explained(&world, "?as_of=2026-03-31").await;
    let done = answer.lines.iter().filter(|l| l.status == Status::Done);
    assert_eq!((answer.as_of, done.count()), (date(2026, 3, 31), 1));
}

#[tokio::test]
async fn a_question_that_cannot_be_read_names_its_part() {
    let world = World::new();
    for (query, field, code) in [
        ("?as_of=2026-02-30", "as_of", "date"),
        ("?as_of=20260601", "as_of", "date"),
        ("?as_of=2026-03-24", "as_of", "date_range"),
        ("?as_of=9999-12-31", "as_of", "date_range"),
        ("?if=refuse", "if", "choice"),
        ("?if=rescind@2026-06-01", "if", "choice"),
        ("?if=refuse@", "if", "date"),
        ("?if=pay@2026-13-01", "if", "date"),
        ("?if=cancel@9999-12-31", "if", "date_range"),
    ] {
        let answer = ask(&world, query).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "invalid_fields".into()),
            "{query}"
        );
        let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let error = &document["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&field.into(), &code.into()),
            "{query}"
        );
    }
    let answer = ask(&world, "?as_of=x&if=x").await;
    let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_operators_only_consider_is_not_shown() {
    let measure = Measure {
        ground: MeasureGround::Breach,
        evidence: "secret evidence".into(),
        arose_on: date(2026, 4, 5),
    };
    let world = World::new().lived(date(2026, 4, 2));
    let world = world.asked(Command::ProposeRescission(measure), date(2026, 4, 6));
    let world = world.lived(date(2026, 4, 7));
    let answer = open(&world, "").await;
    answer.hides(&["解除が提案", "secret evidence", "suzuki"]);
    ask(&world, "")
        .await
        .hides(&["解除が提案", "secret evidence", "suzuki"]);
}
