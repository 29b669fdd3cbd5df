//! Payments, credit notes, demands and late interest (6-1, 13-1-2, Art. 19).

use ciero_domain::contract::{Command, NewReceipt};
use ciero_domain::money::Yen;
use ciero_domain::notice::{Notice, Outcome, Posted};
use jiff::civil::date;

use super::*;

fn tanaka() -> Session {
    operator("tanaka", &["billing"])
}

async fn check(command: &str, body: Value) -> Came {
    let contract = running();
    post(with(&contract), &tanaka(), &path(&contract, command), body).await
}

fn payment(reference: &str, yen: &str) -> Value {
    json!({"reference": reference, "received_on": "2026-05-29", "yen": yen})
}

#[tokio::test]
async fn a_payment_is_set_against_the_debt_and_the_rest_is_kept() {
    let total = running().account.open_yen().0;
    let came = check("receipts", payment("2026-0001", &(total + 500).to_string())).await;
    assert_eq!(came.status, 200);
    assert_eq!(came.body["allocations"], json!([{"debt": 1, "yen": total}]));
    assert_eq!(came.body["credit"], 500);
    let row = ("operator:tanaka".to_owned(), "receipt_recorded".to_owned());
    assert_eq!(came.trail(), [row]);
}

#[tokio::test]
async fn a_payment_is_recorded_once() {
    let contract = running();
    let known = Known {
        references: vec!["2026-0001".into()],
        ..with(&contract)
    };
    let body = sample(include_str!("../../../../events/operations/receipt.json"));
    let came = post(known, &tanaka(), &path(&contract, "receipts"), body).await;
    came.is_refused(409, "receipt_recorded");
}

#[tokio::test]
async fn an_amount_that_is_none_is_refused() {
    for (yen, code) in [
        ("-100", "amount_not_positive"),
        ("0", "amount_not_positive"),
        ("much", "amount"),
        ("9999999999999999999999", "amount_too_large"),
        ("", "required"),
    ] {
        check("receipts", payment("r", yen))
            .await
            .is_refused(422, code);
    }
}

#[tokio::test]
async fn a_day_that_does_not_exist_or_has_not_come_is_refused() {
    let mut body = payment("r", "100");
    body["received_on"] = json!("2026-02-30");
    check("receipts", body.clone())
        .await
        .is_refused(422, "date");
    body["received_on"] = json!("2026-06-02");
    check("receipts", body)
        .await
        .is_refused(409, "received_in_the_future");
}

#[tokio::test]
async fn a_credit_note_takes_the_next_number_and_needs_its_reason() {
    let body = sample(include_str!(
        "../../../../events/operations/credit-note.json"
    ));
    let came = check("credit-notes", body).await;
    assert_eq!((came.status, &came.body["number"]), (200, &json!(2)));
    let issued = came
        .writes()
        .iter()
        .any(|write| matches!(write, Write::Invoice(note) if note.number == 2));
    assert!(issued);
    let unexplained = json!({"debt": "1", "yen": "1100", "reason": " "});
    check("credit-notes", unexplained)
        .await
        .is_refused(422, "reason_missing");
    let unknown = json!({"debt": "9", "yen": "1100", "reason": "x"});
    check("credit-notes", unknown)
        .await
        .is_refused(409, "no_such_debt");
}

#[tokio::test]
async fn a_demand_by_certified_mail_is_recorded_and_sets_its_period() {
    let body = sample(include_str!("../../../../events/operations/demand.json"));
    let came = check("demands", body).await;
    assert_eq!(
        (came.status, &came.body["sent_on"]),
        (200, &json!("2026-06-01"))
    );
    let suspension = came.writes().iter().any(|write| {
        matches!(write, Write::Arm(task) if task.work.effect() == "suspension/0001/01" && task.due == date(2026, 6, 16))
    });
    assert!(suspension, "the day after the period of 14 days");
}

#[tokio::test]
async fn a_demand_by_certified_mail_stands_in_the_notice_ledger_with_its_proof() {
    let body = sample(include_str!("../../../../events/operations/demand.json"));
    let came = check("demands", body.clone()).await;
    let lines = came.writes().iter().filter_map(|write| match write {
        Write::Notice(record) => Some(record.as_ref().clone()),
        _ => None,
    });
    let [line] = lines.collect::<Vec<_>>().try_into().unwrap();
    let contract = running();
    assert!(line.to.ends_with(&contract.customer.address.line));
    let demand = Notice::Demand {
        contract: contract.id,
        number: 1,
    };
    assert_eq!((line.notice, line.outcome), (demand, Outcome::Sent));
    let posted = Posted {
        channel: "内容証明郵便".into(),
        sent_on: date(2026, 6, 1),
        proof: "配達証明 123-45-67890-1".into(),
    };
    assert_eq!(line.posted, Some(posted));
    for proof in [json!(""), json!(" ")] {
        let mut unproved = body.clone();
        unproved["proof"] = proof;
        check("demands", unproved).await.is_refused(422, "required");
    }
}

/// A contract that was paid late, so that interest waits for a decision.
fn paid_late() -> Contract {
    let contract = running();
    let receipt = NewReceipt {
        reference: "late".into(),
        received_on: date(2026, 5, 29),
        yen: Yen(contract.account.open_yen().0),
    };
    let command = Command::RecordReceipt(receipt);
    let entry = contract
        .decide(command, "operator:tanaka", &facts(), now().0)
        .unwrap();
    evolve(Some(&contract), &entry).unwrap()
}

async fn on_interest(body: Value) -> Came {
    let contract = paid_late();
    post(
        with(&contract),
        &tanaka(),
        &path(&contract, "interest"),
        body,
    )
    .await
}

#[tokio::test]
async fn drafted_interest_is_billed_or_waived_with_a_reason() {
    let billed = on_interest(json!({"of": 1, "decision": "bill"})).await;
    assert_eq!((billed.status, &billed.body["number"]), (200, &json!(2)));
    let body = sample(include_str!("../../../../events/operations/interest.json"));
    let waived = on_interest(body).await;
    assert_eq!((waived.status, &waived.body["of"]), (200, &json!(1)));
    let silent = json!({"of": "1", "decision": "waive"});
    on_interest(silent).await.is_refused(422, "reason_missing");
    let neither = json!({"of": "1", "decision": "forget"});
    on_interest(neither).await.is_refused(422, "choice");
    let none = json!({"of": "1", "decision": "bill"});
    check("interest", none).await.is_refused(409, "no_draft");
}

#[tokio::test]
async fn to_other_groups_the_commands_do_not_exist() {
    let contract = running();
    let session = operator("suzuki", &["contracts", "support", "legal"]);
    for command in ["receipts", "credit-notes", "demands", "interest"] {
        let came = post(
            with(&contract),
            &session,
            &path(&contract, command),
            payment("r", "1"),
        )
        .await;
        came.is_refused(404, "not_found");
    }
}
