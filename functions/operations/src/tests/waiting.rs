//! Cases that are closed, and parked messages that try again.

use ciero_domain::contract::{CaseKind, Closed, Task, Work};
use ciero_domain::ids::MessageId;
use ciero_domain::notice::Notice;
use ciero_ports::{Body, Message};
use jiff::civil::date;

use super::*;

fn id() -> MessageId {
    MessageId::from_random([5; 10])
}

fn case() -> Case {
    Case {
        id: id(),
        version: 1,
        kind: CaseKind::NoticeFailed,
        contract: contract().id,
        opened_at: now().0,
        about: "notice".into(),
        closed: None,
    }
}

async fn close(case: Case, session: &Session, body: Value) -> Came {
    let path = format!("/console/cases/{}/closing", case.id);
    let known = Known {
        cases: vec![case],
        ..Known::default()
    };
    post(known, session, &path, body).await
}

#[tokio::test]
async fn a_case_is_closed_with_a_note_by_any_of_the_desks() {
    let body = sample(include_str!(
        "../../../../events/operations/case-closing.json"
    ));
    for group in ["contracts", "billing", "support"] {
        let came = close(case(), &operator("sato", &[group]), body.clone()).await;
        assert_eq!(came.status, 200);
        let Write::Case(closed) = &came.writes()[0] else {
            panic!("no case");
        };
        let by = closed.closed.as_ref().map(|closed| closed.by.as_str());
        assert_eq!((closed.version, by), (2, Some("operator:sato")));
    }
    let stranger = close(case(), &operator("sato", &["screener"]), body).await;
    stranger.is_refused(404, "not_found");
}

#[tokio::test]
async fn a_case_is_closed_once_and_not_without_a_note() {
    let closed = Case {
        closed: Some(Closed {
            at: now().0,
            by: "operator:suzuki".into(),
            note: "x".into(),
        }),
        ..case()
    };
    let session = operator("sato", &["support"]);
    let came = close(closed, &session, json!({"note": "x"})).await;
    came.is_refused(409, "case_closed");
    close(case(), &session, json!({"note": ""}))
        .await
        .is_refused(422, "required");
}

async fn redrive(body: &str, wanted: &str) -> Came {
    let parked = Parked {
        id: "6f1c2d3e".into(),
        queue: "invoice".into(),
        body: body.to_owned(),
        reason: "there is no contract".into(),
        tries: 0,
        parked_at: now().0,
    };
    let known = Known {
        parked: vec![parked],
        ..Known::default()
    };
    let path = format!("/console/stuck/{wanted}/redrive");
    post(known, &operator("sato", &["support"]), &path, json!({})).await
}

fn message(body: Body) -> String {
    let message = Message {
        id: id(),
        at: now().0,
        body,
    };
    serde_json::to_string(&message).unwrap()
}

#[tokio::test]
async fn parked_work_waits_for_the_next_tick_again() {
    let task = Task {
        due: date(2026, 4, 1),
        contract: contract().id,
        work: Work::Invoice { order: 1, term: 1 },
    };
    let came = redrive(&message(Body::Work(task.clone())), "6f1c2d3e").await;
    assert_eq!(came.status, 200);
    assert!(matches!(&came.writes()[0], Write::Arm(armed) if *armed == task));
    let row = ("operator:sato".to_owned(), "message_redriven".to_owned());
    assert_eq!(came.trail(), [row]);
}

#[tokio::test]
async fn another_message_goes_to_its_queue_again() {
    let notice = Notice::ContractEnded {
        contract: contract().id,
    };
    let came = redrive(&message(Body::Notice(notice.clone())), "6f1c2d3e").await;
    assert_eq!(came.status, 200);
    let sent = &came.committed[0].messages;
    assert_eq!(
        (sent[0].id.clone(), &sent[0].body),
        (id(), &Body::Notice(notice))
    );
}

#[tokio::test]
async fn what_cannot_be_read_or_is_not_there_does_not_try_again() {
    redrive("not a message", "6f1c2d3e")
        .await
        .is_refused(409, "message_unreadable");
    redrive("not a message", "another")
        .await
        .is_refused(404, "not_found");
}
