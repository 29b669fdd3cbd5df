//! What screeners decide (3-2, 3-4).

use ciero_domain::application::State;
use ciero_domain::notice::Notice;
use ciero_domain::screening::Ground;
use ciero_ports::{Body, Write};
use serde_json::{Value, json};

use super::bench::{Bench, Scene, now, sample};
use super::records::{application, approval, refusal};

const PATH: &str = "/console/applications/a-0000000000000000/decision";

fn approve() -> Value {
    json!({"decision": "approve", "reason": "確認済み"})
}

fn decline() -> Value {
    json!({"decision": "decline", "ground": "3-4-3", "reason": "内部の理由\r\n二行目"})
}

/// Returns the notices of the only decision.
fn notices(bench: &Bench) -> Vec<Notice> {
    let messages = bench.decision().messages;
    let notices = messages.into_iter().map(|message| match message.body {
        Body::Notice(notice) => notice,
        other => panic!("{other:?} is no notice"),
    });
    notices.collect()
}

#[tokio::test]
async fn an_approval_is_kept_and_the_applicant_told() {
    let bench = Scene::in_screening(None).open();
    let reply = bench
        .post_as("operator-1", PATH, &json!({"decision": "approve"}))
        .await;
    assert_eq!(
        (reply.status, reply.json()["state"].as_str()),
        (200, Some("approved"))
    );
    let decision = bench.decision();
    let [Write::Screening(screening), Write::Application(approved, _)] = &decision.writes[..]
    else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (approved.state, approved.decided_at),
        (State::Approved, Some(now().0))
    );
    assert_eq!(screening.version, 2);
    assert_eq!(screening.judgements[0].by, "operator-1");
    let application = approved.id.clone();
    assert_eq!(
        notices(&bench),
        [Notice::ApplicationApproved { application }]
    );
}

#[tokio::test]
async fn a_refusal_keeps_its_ground_and_reason_in_the_confidential_table() {
    let bench = Scene::in_screening(Some(Ground::AntisocialForces)).open();
    let reply = bench.post_as("operator-1", PATH, &decline()).await;
    assert_eq!(reply.json()["state"], "declined");
    let decision = bench.decision();
    let [Write::Screening(screening), Write::Application(declined, _)] = &decision.writes[..]
    else {
        panic!("{decision:?}");
    };
    assert_eq!(
        screening.judgements[0].ground,
        Some(Ground::EarlierViolation)
    );
    assert_eq!(screening.judgements[0].reason, "内部の理由\n二行目");
    let application = declined.id.clone();
    assert_eq!(
        notices(&bench),
        [Notice::ApplicationDeclined { application }]
    );
}

#[tokio::test]
async fn where_two_must_agree_the_first_approval_changes_nothing_but_is_kept() {
    let bench = Scene::in_screening(Some(Ground::AntisocialForces)).open();
    let reply = bench.post_as("operator-1", PATH, &approve()).await;
    assert_eq!(reply.json()["second_operator_needed"], true);
    assert_eq!(reply.json()["state"], "screening");
    let decision = bench.decision();
    let [Write::Screening(screening)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    assert_eq!(screening.judgements.len(), 1);
    assert!(decision.messages.is_empty());
}

/// An application that one screener has approved and another must.
fn half_approved() -> Scene {
    let mut scene = Scene::in_screening(Some(Ground::AntisocialForces));
    let screening = scene.screening.as_mut().unwrap();
    screening.judgements.push(approval("operator-1"));
    screening.version = 2;
    scene
}

#[tokio::test]
async fn a_refusal_on_antisocial_forces_takes_a_second_screener() {
    let body = json!({"decision": "decline", "ground": "3-4-2", "reason": "内部の理由"});
    for signal in [None, Some(Ground::AntisocialForces)] {
        let bench = Scene::in_screening(signal).open();
        let reply = bench.post_as("operator-1", PATH, &body).await;
        assert_eq!(reply.json()["second_operator_needed"], true);
        assert_eq!(reply.json()["state"], "screening");
        assert!(bench.decision().messages.is_empty(), "nobody hears of it");
    }
    let mut scene = Scene::in_screening(None);
    let first = refusal("operator-1", Ground::AntisocialForces);
    scene.screening.as_mut().unwrap().judgements.push(first);
    let bench = scene.clone().open();
    let reply = bench.post_as("operator-1", PATH, &body).await;
    assert_eq!(reply.problem(), (409, "second_operator_needed".to_owned()));
    assert!(bench.written().is_empty());
    let reply = bench.post_as("operator-2", PATH, &body).await;
    assert_eq!(reply.json()["state"], "declined");
    let release = scene.open().post_as("operator-2", PATH, &approve()).await;
    assert_eq!(
        release.json()["second_operator_needed"],
        true,
        "a release too"
    );
}

#[tokio::test]
async fn the_second_screener_completes_the_approval() {
    let bench = half_approved().open();
    let reply = bench.post_as("operator-2", PATH, &approve()).await;
    assert_eq!(reply.json()["state"], "approved");
    let Write::Screening(screening) = &bench.decision().writes[0] else {
        panic!("no screening");
    };
    assert_eq!((screening.version, screening.judgements.len()), (3, 2));
}

#[tokio::test]
async fn the_first_screener_cannot_be_the_second() {
    let bench = half_approved().open();
    let reply = bench.post_as("operator-1", PATH, &approve()).await;
    assert_eq!(reply.problem(), (409, "second_operator_needed".to_owned()));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn a_second_screener_may_decline_what_the_first_approved() {
    let bench = half_approved().open();
    let reply = bench.post_as("operator-2", PATH, &decline()).await;
    assert_eq!(reply.json()["state"], "declined");
}

#[tokio::test]
async fn an_approval_where_two_must_agree_needs_a_reason() {
    let bench = Scene::in_screening(Some(Ground::AntisocialForces)).open();
    let body = json!({"decision": "approve", "reason": " \n "});
    let reply = bench.post_as("operator-1", PATH, &body).await;
    assert_eq!(reply.problem(), (422, "reason_missing".to_owned()));
    assert_eq!(reply.json()["errors"][0]["field"], "reason");
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn a_decision_that_is_not_whole_is_refused_beside_its_field() {
    for (body, field) in [
        (json!({}), "decision"),
        (json!({"decision": "perhaps"}), "decision"),
        (json!({"decision": "decline", "reason": "x"}), "ground"),
        (
            json!({"decision": "decline", "ground": "3-4-9", "reason": "x"}),
            "ground",
        ),
        (json!({"decision": "decline", "ground": "3-4-1"}), "reason"),
        (
            json!({"decision": "approve", "reason": "a\u{7}b"}),
            "reason",
        ),
        (
            json!({"decision": "approve", "reason": "あ".repeat(2001)}),
            "reason",
        ),
    ] {
        let bench = Scene::in_screening(None).open();
        let reply = bench.post_as("operator-1", PATH, &body).await;
        assert_eq!(reply.status, 422, "{body}");
        assert_eq!(reply.json()["errors"][0]["field"], field, "{body}");
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn only_an_application_in_screening_can_be_decided() {
    for state in [
        State::Submitted,
        State::Approved,
        State::Declined,
        State::Withdrawn,
    ] {
        let mut scene = Scene::in_screening(None);
        scene.applications = vec![application(state)];
        if state == State::Submitted {
            scene.screening = None;
        }
        let bench = scene.open();
        for body in [approve(), decline()] {
            let reply = bench.post_as("operator-1", PATH, &body).await;
            assert_eq!(
                reply.problem(),
                (409, "application_wrong_state".to_owned()),
                "{state}"
            );
        }
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn an_unknown_application_is_not_found() {
    let bench = Scene::in_screening(None).open();
    for id in ["a-1111111111111111", "c-0000000000000000", "x"] {
        let path = format!("/console/applications/{id}/decision");
        let reply = bench.post_as("operator-1", &path, &decline()).await;
        assert_eq!(reply.problem(), (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn the_samples_of_an_approval_and_of_a_refusal_decide() {
    for (text, state) in [
        (
            include_str!("../../../../events/signup-screening/approval.json"),
            "approved",
        ),
        (
            include_str!("../../../../events/signup-screening/refusal.json"),
            "declined",
        ),
    ] {
        let bench = Scene::in_screening(None).open();
        let mut request = sample(text);
        bench.sign_in(&mut request, "operator-1", &["screener"]);
        assert_eq!(bench.send(request).await.json()["state"], state);
    }
}
