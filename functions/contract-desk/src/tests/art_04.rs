//! A change of particulars: taken down with a receipt number, counted at once or looked at (Art. 4, P-1).

use ciero_domain::contract::Event;
use ciero_domain::notice::Notice;
use ciero_ports::{Body, Write};
use serde_json::{Value, json};

use super::bench::{Bench, HANAKO, JIRO, Reply, Scene};

const PATH: &str = "/contract/particulars";

/// A field and what is written into it.
type Field = (&'static str, &'static str);

/// The form as the page fills it in, with some fields changed.
fn form(bench: &Scene, changed: &[(&str, &str)]) -> Value {
    let mut form = serde_json::to_value(bench.contract.customer.to_raw()).unwrap();
    form["effective_on"] = json!("2026-05-31");
    for (field, value) in changed {
        form[*field] = json!(value);
    }
    form
}

async fn change(changed: &[(&str, &str)]) -> (Bench, Reply) {
    let scene = Scene::default();
    let form = form(&scene, changed);
    let bench = scene.open();
    let reply = bench.post(HANAKO, PATH, &form).await;
    (bench, reply)
}

fn event(bench: &Bench) -> Event {
    let Write::Contract(_, entry) = &bench.decision().writes[0] else {
        panic!("no entry was written first");
    };
    entry.event.clone()
}

#[tokio::test]
async fn a_new_name_waits_for_an_operator_and_the_receipt_says_so() {
    let (bench, reply) = change(&[("name", "株式会社新見本")]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let number = reply.body["receipt"].as_str().unwrap().to_owned();
    assert!(number.starts_with("P-"), "{number}");
    assert_eq!(reply.location, format!("{PATH}?receipt={number}"));
    assert!(matches!(event(&bench), Event::ChangeReceived { .. }));
    let messages = bench.decision().messages;
    assert!(matches!(
        &messages[0].body,
        Body::Notice(Notice::ChangeReceived { receipt, .. }) if *receipt == number
    ));
    assert_eq!(messages.len(), 1, "nothing is screened before it counts");
    let writes = bench.decision().writes;
    assert!(writes.iter().any(|write| matches!(write, Write::Case(_))));
}

#[tokio::test]
async fn a_new_phone_number_counts_at_once_and_the_customer_is_screened_again() {
    let (bench, reply) = change(&[("phone", "03-0000-9999")]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(matches!(event(&bench), Event::ParticularsRegistered { .. }));
    let messages = bench.decision().messages;
    let again = |body: &Body| matches!(body, Body::RescreenCustomer(_));
    assert!(messages.iter().any(|message| again(&message.body)));
}

#[tokio::test]
async fn a_move_abroad_is_taken_down_without_reading_the_other_fields() {
    let scene = Scene::default();
    let bench = scene.open();
    let body =
        json!({"effective_on": "2026-05-31", "abroad": "on", "address_abroad": "1 Sample Street"});
    let reply = bench.post(HANAKO, PATH, &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(matches!(event(&bench), Event::MovedAbroad { .. }));
}

#[tokio::test]
async fn what_is_no_change_is_refused_with_its_reason_and_nothing_is_written() {
    let cases: [(&[Field], u16, &str); 6] = [
        (&[], 409, "nothing_changed"),
        (
            &[("effective_on", "2026-06-02"), ("name", "新")],
            409,
            "change_in_the_future",
        ),
        (
            &[("effective_on", "2026-03-31"), ("name", "新")],
            409,
            "change_before_formation",
        ),
        (
            &[("effective_on", "2026-02-30"), ("name", "新")],
            422,
            "date",
        ),
        (&[("prefecture", "Hawaii")], 422, "prefecture"),
        (
            &[("abroad", "on"), ("address_abroad", "")],
            409,
            "address_missing",
        ),
    ];
    for (changed, status, code) in cases {
        let (bench, reply) = change(changed).await;
        let errors = reply.body["errors"][0]["code"].as_str();
        let came = errors.unwrap_or_else(|| reply.problem().1);
        assert_eq!((reply.status, came), (status, code), "{changed:?}");
        assert!(bench.written().is_empty(), "{changed:?}");
    }
}

#[tokio::test]
async fn a_registered_user_may_not_change_them() {
    let scene = Scene::default();
    let form = form(&scene, &[("phone", "03-0000-9999")]);
    let bench = scene.open();
    let reply = bench.post(JIRO, PATH, &form).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(bench.written().is_empty());
}
