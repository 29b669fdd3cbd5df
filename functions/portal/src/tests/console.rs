//! The operator's view of contracts.

use super::support::*;
use ciero_domain::ids::{ContractId, MessageId};
use ciero_ports::AuditRow;

#[tokio::test]
async fn an_operator_goes_to_the_first_page_that_the_groups_allow() {
    let world = World::new();
    for (group, place) in [
        ("screener", "/console/applications"),
        ("billing", "/console/contracts"),
    ] {
        let answer = world.open("/console", &world.staff(&[group])).await;
        assert_eq!((answer.status, answer.header("location")), (303, place));
    }
}

#[tokio::test]
async fn the_console_is_closed_to_guests_customers_and_operators_without_a_group() {
    let world = World::new();
    let detail = format!("/console/contracts/{}", contract().id);
    for path in ["/console", "/console/contracts", detail.as_str()] {
        let answer = world.open(path, "").await;
        assert!(
            answer
                .header("location")
                .starts_with("/console/sign-in?back="),
            "{path}"
        );
        assert_eq!(
            world
                .ask(path, &world.customer(&administrator()))
                .await
                .status,
            404
        );
        assert_eq!(world.ask(path, &world.staff(&[])).await.status, 404);
    }
}

#[tokio::test]
async fn contracts_are_listed_with_their_dates() {
    let world = World::new();
    let answer = world
        .open("/console/contracts", &world.staff(&["support"]))
        .await;
    answer.shows(&[
        "Mihon Shoten",
        contract().id.as_str(),
        "2027年3月31日",
        "2027年3月1日",
        "2台",
        "有効",
    ]);
}

#[tokio::test]
async fn a_contract_is_shown_with_term_customer_people_devices_and_trail() {
    let world = World::new().with(|w| {
        w.trail.push(AuditRow {
            id: MessageId::from_random([1; 10]),
            at: noon(),
            contract: contract().id,
            actor: "operator:suzuki".into(),
            action: "contract_registered".into(),
            camera: None,
            outcome: "done".into(),
            detail: serde_json::Value::Null,
        });
    });
    let path = format!("/console/contracts/{}", contract().id);
    let answer = world.open(&path, &world.staff(&["legal"])).await;
    answer.shows(&[
        "7123456789012",
        "2027年3月31日",
        "39,600円",
        "2名",
        "SN-0020",
        "開始待ち",
        "suzuki",
        "契約の登録",
    ]);
}

#[tokio::test]
async fn an_unknown_contract_is_not_found() {
    let world = World::new();
    let unknown = format!("/console/contracts/{}", ContractId::from_random([9; 10]));
    for path in [unknown.as_str(), "/console/contracts/nonsense"] {
        assert_eq!(
            world.ask(path, &world.staff(&["legal"])).await.code(),
            "not_found"
        );
    }
}
