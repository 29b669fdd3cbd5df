//! The screeners' pages, and who does not see them.

use axum::body::Body;
use axum::http::Request;
use ciero_domain::application::State;
use ciero_domain::ids::{ApplicationId, ContractId, UserId};
use ciero_domain::screening::{Evidence, Ground};
use ciero_runtime::{COOKIE, LIFETIME, Role, Session};
use serde_json::json;

use super::bench::{Scene, now, sample};
use super::records::{application, approval};

const LIST: &str = "/console/applications";
const CASE: &str = "/console/applications/a-0000000000000000";

#[tokio::test]
async fn the_list_shows_what_is_open_with_its_age() {
    let bench = Scene::of(application(State::Screening)).open();
    let reply = bench.get_as(&["screener"], LIST).await;
    assert_eq!(reply.status, 200);
    for text in ["株式会社見本商店", "2日", "審査中", "2台・30日保存", CASE] {
        assert!(reply.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn the_list_of_a_state_shows_that_state_alone() {
    let mut scene = Scene::of(application(State::Declined));
    let mut open = application(State::Screening);
    open.id = ApplicationId::from_random([9; 10]);
    scene.applications.push(open.clone());
    let bench = scene.open();
    let reply = bench
        .get_as(&["screener"], "/console/applications?state=declined")
        .await;
    assert!(reply.body.contains(CASE));
    assert!(!reply.body.contains(open.id.as_str()));
}

#[tokio::test]
async fn drafts_and_unknown_states_are_not_listed() {
    let bench = Scene::of(application(State::Draft)).open();
    for query in ["state=draft", "state=x", "state=a&state=b"] {
        let reply = bench
            .get_as(&["screener"], &format!("{LIST}?{query}"))
            .await;
        assert_eq!(reply.problem(), (404, "not_found".to_owned()), "{query}");
    }
    let reply = bench.get_as(&["screener"], CASE).await;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn the_case_shows_signals_judgements_and_the_form_to_decide() {
    let mut scene = Scene::in_screening(Some(Ground::AntisocialForces));
    scene
        .screening
        .as_mut()
        .unwrap()
        .judgements
        .push(approval("operator-2"));
    let reply = scene.open().get_as(&["screener"], CASE).await;
    assert_eq!(reply.status, 200);
    for text in [
        "内部の覚え",
        "3-4-2",
        "operator-2",
        "確認済み",
        "二人の審査担当者",
        "7123456789012",
        "name=\"csrf\"",
    ] {
        assert!(reply.body.contains(text), "{text}");
    }
    assert!(reply.body.contains(&format!("{CASE}/decision")));
    assert!(!reply.body.contains(&format!("{CASE}/registration")));
}

#[tokio::test]
async fn a_reading_of_reasons_is_written_down_and_shown() {
    let bench = Scene::in_screening(Some(Ground::AntisocialForces)).open();
    let reply = bench.get_as(&["screener"], CASE).await;
    let read = ("operator-1".to_owned(), "a-0000000000000000".to_owned());
    assert_eq!(bench.readings(), [read]);
    assert!(reply.body.contains("閲覧の記録"));
    let reply = bench.get_as(&["support"], CASE).await;
    assert_eq!(reply.status, 404);
    assert_eq!(bench.readings().len(), 1, "who sees nothing reads nothing");
}

#[tokio::test]
async fn the_evidence_of_a_likeness_is_shown() {
    let mut scene = Scene::in_screening(Some(Ground::Unsuitable));
    let signal = &mut scene.screening.as_mut().unwrap().signals[0];
    signal.evidence = Some(Evidence {
        list: "un-consolidated".into(),
        version: "2026-04-01-0a1b2c3d".into(),
        entry: "QDi.001".into(),
        given: "見本 太郎".into(),
        listed: "MIHON Tarou".into(),
        given_form: "mihontaro".into(),
        listed_form: "mihontarou".into(),
        likeness_permille: 987,
    });
    let reply = scene.open().get_as(&["screener"], CASE).await;
    for text in [
        "98.7%",
        "un-consolidated 2026-04-01-0a1b2c3d: QDi.001",
        "MIHON Tarou",
        "mihontarou",
    ] {
        assert!(reply.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn an_approved_case_shows_the_registration_with_today_as_its_start() {
    let reply = Scene::of(application(State::Approved))
        .open()
        .get_as(&["screener"], CASE)
        .await;
    assert!(reply.body.contains(&format!("{CASE}/registration")));
    assert!(reply.body.contains("2026-06-01"));
    assert!(!reply.body.contains(&format!("{CASE}/decision")));
}

#[tokio::test]
async fn what_an_applicant_wrote_is_escaped() {
    let mut application = application(State::Screening);
    application.form.particulars.name = "<script>alert(1)</script>".into();
    let bench = Scene::of(application).open();
    for path in [LIST, CASE] {
        let reply = bench.get_as(&["screener"], path).await;
        assert!(reply.body.contains("&lt;script&gt;"));
        assert!(!reply.body.contains("<script>alert"));
    }
}

#[tokio::test]
async fn the_pages_speak_english_too() {
    let bench = Scene::in_screening(None).open();
    let mut request = Request::get(CASE).body(Body::empty()).unwrap();
    bench.sign_in(&mut request, "operator-1", &["screener"]);
    request
        .headers_mut()
        .insert("accept-language", "en".parse().unwrap());
    let reply = bench.send(request).await;
    for text in [
        "What is applied for",
        "In screening",
        "Complete the registration",
        "Decide",
    ] {
        assert_eq!(
            reply.body.contains(text),
            text != "Complete the registration",
            "{text}"
        );
    }
}

#[tokio::test]
async fn to_every_other_operator_a_case_does_not_exist() {
    let bench = Scene::in_screening(None).open();
    let unknown = "/console/applications/a-1111111111111111";
    let missing = bench.get_as(&["screener"], unknown).await;
    assert_eq!(missing.status, 404);
    for path in [LIST, CASE, unknown] {
        let reply = bench.get_as(&["support", "legal", "billing"], path).await;
        assert_eq!(reply, missing);
    }
}

#[tokio::test]
async fn to_a_customer_the_console_does_not_exist_and_a_guest_signs_in_first() {
    let bench = Scene::in_screening(None).open();
    let role = Role::Customer {
        contract: ContractId::from_random([1; 10]),
        user: UserId::from_random([2; 10]),
    };
    let session = Session {
        id: "s".into(),
        at: now().0,
        role,
    };
    let cookie = bench.app.gate.sealer.seal(COOKIE, &session, LIFETIME);
    let request = Request::get(CASE).header("cookie", cookie.split(';').next().unwrap());
    let reply = bench.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()));
    let reply = bench
        .send(Request::get(CASE).body(Body::empty()).unwrap())
        .await;
    assert_eq!(reply.problem(), (401, "sign_in_needed".to_owned()));
    for command in ["decision", "registration"] {
        let reply = bench.post(&format!("{CASE}/{command}"), &json!({})).await;
        assert_eq!(reply.problem(), (401, "sign_in_needed".to_owned()));
    }
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn the_samples_of_the_pages_open() {
    for text in [
        include_str!("../../../../events/signup-screening/console-list.json"),
        include_str!("../../../../events/signup-screening/console-case.json"),
    ] {
        let bench = Scene::in_screening(None).open();
        let mut request = sample(text);
        bench.sign_in(&mut request, "operator-1", &["screener"]);
        let reply = bench.send(request).await;
        assert_eq!(reply.status, 200);
        assert!(reply.body.contains("株式会社見本商店"));
    }
}
