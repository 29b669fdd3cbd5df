//! Orders, refusals on paper and cancellations that an operator records (Art. 11, 15-1, D-40).

use ciero_domain::contract::Event;
use ciero_domain::notice::Notice;
use ciero_ports::Body;

use super::*;

fn suzuki() -> Session {
    operator("suzuki", &["contracts"])
}

async fn check(command: &str, body: Value) -> Came {
    let contract = running();
    post(with(&contract), &suzuki(), &path(&contract, command), body).await
}

fn event(came: &Came) -> &Event {
    let found = came.writes().iter().find_map(|write| match write {
        Write::Contract(_, entry) => Some(&entry.event),
        _ => None,
    });
    found.unwrap()
}

#[tokio::test]
async fn another_order_runs_its_own_year_and_is_invoiced_on_its_first_day() {
    let order = include_str!("../../../../events/operations/order.json");
    let came = check("orders", sample(order)).await;
    assert_eq!(
        (came.status, &came.body["end"]),
        (200, &json!("2027-06-14"))
    );
    assert!(matches!(event(&came), Event::OrderAccepted { order } if order.number == 2));
    let armed = came
        .writes()
        .iter()
        .filter(|write| matches!(write, Write::Arm(_)));
    assert_eq!(armed.count(), 3, "invoice, reminder and renewal");
    let row = ("operator:suzuki".to_owned(), "order_accepted".to_owned());
    assert_eq!(came.trail(), [row]);
}

#[tokio::test]
async fn an_order_with_nonsense_in_it_is_refused_beside_each_field() {
    let body = json!({"start": "2027-02-29", "retention_days": "a month", "cameras": "0"});
    let came = check("orders", body).await;
    came.is_refused(422, "date");
    let fields = came.body["errors"].as_array().unwrap();
    let codes: Vec<&Value> = fields.iter().map(|field| &field["code"]).collect();
    assert_eq!(codes, ["date", "plan", "cameras"]);
    let unknown = json!({"start": "2026-06-15", "retention_days": "8", "cameras": "1"});
    check("orders", unknown)
        .await
        .is_refused(409, "no_such_plan");
}

#[tokio::test]
async fn a_refusal_on_paper_counts_by_the_day_on_which_it_arrived() {
    let body = include_str!("../../../../events/operations/paper-refusal.json");
    let came = check("refusal", sample(body)).await;
    assert_eq!(came.status, 200);
    let receipt = came.body["receipt"].as_str().unwrap();
    assert!(receipt.starts_with("R-"), "{receipt}");
    let told = &came.committed[0].messages;
    let expected = Notice::RefusalReceived {
        contract: running().id,
        order: 1,
        receipt: receipt.to_owned(),
    };
    assert_eq!(told[0].body, Body::Notice(expected));
}

#[tokio::test]
async fn a_refusal_of_no_order_or_of_tomorrow_is_refused() {
    let body = json!({"order": "7", "received_on": "2026-05-29", "channel": "post"});
    check("refusal", body)
        .await
        .is_refused(409, "no_such_order");
    let body = json!({"order": "1", "received_on": "2026-06-02", "channel": "post"});
    check("refusal", body)
        .await
        .is_refused(409, "received_in_the_future");
    let body = json!({"order": "first", "received_on": "2026-05-29", "channel": ""});
    check("refusal", body).await.is_refused(422, "choice");
}

#[tokio::test]
async fn a_cancellation_gets_a_receipt_number() {
    let body = include_str!("../../../../events/operations/cancellation.json");
    let came = check("cancellation", sample(body)).await;
    assert_eq!(came.status, 200);
    assert!(came.body["receipt"].as_str().unwrap().starts_with("C-"));
    let past = json!({"on": "2026-05-31", "received_on": "2026-05-29"});
    check("cancellation", past)
        .await
        .is_refused(409, "cancellation_in_the_past");
}

#[tokio::test]
async fn a_cancellation_on_paper_keeps_the_day_on_which_it_arrived() {
    let on = |received_on: &str| json!({"on": "2026-12-31", "received_on": received_on});
    let came = check("cancellation", on("2026-05-29")).await;
    assert_eq!(came.status, 200);
    let row = came.writes().iter().find_map(|write| match write {
        Write::Audit(row) => Some(row.detail.clone()),
        _ => None,
    });
    assert_eq!(row.unwrap()["received_on"], "2026-05-29");
    for (received_on, status, code) in [
        ("2026-06-02", 409, "received_in_the_future"),
        ("2026-02-28", 409, "received_before_formation"),
        ("2026-02-30", 422, "date"),
        ("", 422, "required"),
    ] {
        let came = check("cancellation", on(received_on)).await;
        came.is_refused(status, code);
    }
}

#[tokio::test]
async fn to_other_groups_the_commands_do_not_exist() {
    let contract = running();
    let body = json!({"start": "2026-06-15", "retention_days": "30", "cameras": "1"});
    for command in [
        "orders",
        "refusal",
        "cancellation",
        "measures",
        "lift",
        "rescission",
    ] {
        let session = operator("sato", &["billing", "support", "legal", "screener"]);
        let came = post(
            with(&contract),
            &session,
            &path(&contract, command),
            body.clone(),
        )
        .await;
        came.is_refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_contract_that_is_not_there_is_not_found() {
    let contract = running();
    let body = json!({"on": "2026-12-31", "received_on": "2026-06-01"});
    for id in ["c-zzzzzzzzzzzzzzzz", "nonsense"] {
        let path = format!("/console/contracts/{id}/cancellation");
        let came = post(with(&contract), &suzuki(), &path, body.clone()).await;
        came.is_refused(404, "not_found");
    }
}
