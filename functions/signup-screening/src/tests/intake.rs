//! What applicants send, good and bad (3-1).

use axum::http::{Request, header};
use ciero_domain::application::State;
use ciero_domain::ids::ApplicationId;
use ciero_domain::notice::Notice;
use ciero_domain::terms::TermsVersion;
use ciero_ports::{Body, Write, WriteKind};
use jiff::civil::date;
use serde_json::{Value, json};

use super::bench::{PORTAL, Scene, now, sample};
use super::records::{application, prices, raw};

const ID: &str = "a-0000000000000000";

fn form() -> Value {
    serde_json::to_value(raw()).unwrap()
}

fn changed(field: &str, value: &str) -> Value {
    let mut form = form();
    form[field] = json!(value);
    form
}

#[tokio::test]
async fn a_form_becomes_a_draft_with_its_confirmation_screen() {
    let bench = Scene::default().open();
    let reply = bench.post("/applications", &form()).await;
    let id = ApplicationId::from_random([1; 10]);
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), format!("/applications/{id}"));
    let decision = bench.decision();
    let [Write::Draft(draft)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    assert_eq!((draft.version, draft.state), (1, State::Draft));
    assert_eq!(draft.confirmation.quote.total_yen.0, 47_520);
    assert_eq!(reply.json()["confirmation"], draft.confirmation.hash());
    assert!(decision.messages.is_empty());
}

#[tokio::test]
async fn the_applicants_language_is_that_of_the_page() {
    let bench = Scene::default().open();
    let request = Request::post("/applications")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, "lang=en");
    bench
        .send(request.body(form().to_string().into()).unwrap())
        .await;
    let Write::Draft(draft) = &bench.decision().writes[0] else {
        panic!("no draft");
    };
    assert_eq!(draft.language, ciero_domain::Language::En);
}

#[tokio::test]
async fn a_posted_form_leads_to_the_confirmation_screen() {
    let bench = Scene::default().open();
    let token = bench.app.gate.sealer.token(None, now());
    let mut body = format!("csrf={token}");
    for (name, value) in form().as_object().unwrap() {
        let value: String = value
            .as_str()
            .unwrap()
            .bytes()
            .map(|b| format!("%{b:02x}"))
            .collect();
        body.push_str(&format!("&{name}={value}"));
    }
    let request = Request::post("/applications")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html")
        .header(header::ORIGIN, PORTAL);
    let reply = bench.send(request.body(body.into()).unwrap()).await;
    assert_eq!(reply.status, 303);
    assert!(reply.header("location").starts_with("/applications/a-"));
}

#[tokio::test]
async fn every_refused_field_is_named_and_nothing_is_kept() {
    for (field, value) in [
        ("corporate_number", "7123456789013"),
        ("postal_code", "94105"),
        ("prefecture", "California"),
        ("phone", "+1 415 555 0100"),
        ("contact_email", "nobody"),
        ("retention_days", "31"),
        ("cameras", "0"),
        ("consent", ""),
        ("resident_in_japan", ""),
        ("no_transfer_regulation", ""),
        ("no_export_control", ""),
        ("not_antisocial", ""),
        ("kind", "robot"),
    ] {
        let bench = Scene::default().open();
        let reply = bench.post("/applications", &changed(field, value)).await;
        assert_eq!(reply.problem(), (422, "invalid_fields".to_owned()));
        assert_eq!(reply.json()["errors"][0]["field"], field);
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn consent_to_another_version_than_the_one_in_force_is_refused() {
    let reply = Scene::default()
        .open()
        .post("/applications", &changed("terms_version", "2020-04-01"))
        .await;
    assert_eq!(reply.json()["errors"][0]["field"], "consent");
}

#[tokio::test]
async fn malformed_and_foreign_bodies_are_refused() {
    let bench = Scene::default().open();
    let post = |kind: &str, body: &str| {
        let request = Request::post("/applications")
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT, "application/json");
        request.body(body.to_owned().into()).unwrap()
    };
    let reply = bench.send(post("application/json", "{\"kind\": ")).await;
    assert_eq!(reply.problem(), (400, "malformed_body".to_owned()));
    let reply = bench
        .send(post("application/json", "{\"cameras\": 2}"))
        .await;
    assert_eq!(reply.problem(), (400, "malformed_body".to_owned()));
    let reply = bench.send(post("text/plain", "x")).await;
    assert_eq!(reply.problem(), (415, "unsupported_media_type".to_owned()));
    let reply = bench
        .send(post("application/x-www-form-urlencoded", "kind=individual"))
        .await;
    assert_eq!(reply.problem(), (403, "form_token".to_owned()));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn nobody_can_apply_before_terms_and_prices_are_in_force() {
    let scene = Scene {
        prices: None,
        ..Scene::default()
    };
    let reply = scene.open().post("/applications", &form()).await;
    assert_eq!(reply.problem(), (503, "unavailable".to_owned()));
    let mut scene = Scene::default();
    scene.terms[0].effective_from = date(2026, 6, 2);
    let reply = scene.open().post("/applications", &form()).await;
    assert_eq!(reply.problem(), (503, "unavailable".to_owned()));
}

#[tokio::test]
async fn a_draft_is_changed_in_place() {
    let bench = Scene::of(application(State::Draft)).open();
    let mut form = changed("cameras", "5");
    form["draft"] = json!(ID);
    let reply = bench.post("/applications", &form).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (200, "/applications/a-0000000000000000")
    );
    let Write::Draft(draft) = &bench.decision().writes[0] else {
        panic!("no draft");
    };
    assert_eq!((draft.version, draft.form.order.cameras), (2, 5));
}

#[tokio::test]
async fn only_a_draft_can_be_changed() {
    let mut form = form();
    form["draft"] = json!(ID);
    let bench = Scene::of(application(State::Submitted)).open();
    let reply = bench.post("/applications", &form).await;
    assert_eq!(reply.problem(), (409, "application_wrong_state".to_owned()));
    for unknown in ["a-1111111111111111", "x", "../a-0000000000000000"] {
        form["draft"] = json!(unknown);
        let reply = bench.post("/applications", &form).await;
        assert_eq!(reply.problem(), (404, "not_found".to_owned()), "{unknown}");
    }
    assert!(bench.written().is_empty());
}

fn shown() -> Value {
    json!({"confirmation": application(State::Draft).confirmation.hash()})
}

#[tokio::test]
async fn a_confirmed_draft_is_received_and_goes_to_the_checks() {
    let bench = Scene::of(application(State::Draft)).open();
    let reply = bench
        .post("/applications/a-0000000000000000/submission", &shown())
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["state"], "submitted");
    let decision = bench.decision();
    let [Write::Application(submitted, _)] = &decision.writes[..] else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (submitted.version, submitted.submitted_at),
        (2, Some(now().0))
    );
    let id = submitted.id.clone();
    let said: Vec<&Body> = decision.messages.iter().map(|m| &m.body).collect();
    let received = Notice::ApplicationReceived {
        application: id.clone(),
    };
    assert_eq!(said, [&Body::Notice(received), &Body::Screen(id)]);
}

#[tokio::test]
async fn what_was_not_shown_cannot_be_confirmed() {
    let submit = |scene: Scene, body: Value| async move {
        let bench = scene.open();
        let path = "/applications/a-0000000000000000/submission";
        let reply = bench.post(path, &body).await;
        assert!(bench.written().is_empty());
        reply.problem()
    };
    let outdated = (409, "confirmation_outdated".to_owned());
    let draft = || Scene::of(application(State::Draft));
    assert_eq!(submit(draft(), json!({})).await, outdated);
    assert_eq!(
        submit(draft(), json!({"confirmation": "00"})).await,
        outdated
    );

    let mut dearer = draft();
    let mut list = prices();
    list.plans[0].yearly_yen.0 += 1;
    dearer.prices = Some(list);
    assert_eq!(submit(dearer, shown()).await, outdated);

    let mut gone = draft();
    let mut list = prices();
    list.plans.clear();
    gone.prices = Some(list);
    assert_eq!(submit(gone, shown()).await, outdated);

    let mut new_terms = draft();
    new_terms.terms.push(TermsVersion {
        version: "2026-06-01".into(),
        effective_from: date(2026, 6, 1),
        ..new_terms.terms[0].clone()
    });
    assert_eq!(submit(new_terms, shown()).await, outdated);

    let again = submit(Scene::of(application(State::Submitted)), shown()).await;
    assert_eq!(again, (409, "application_wrong_state".to_owned()));
    let unknown = submit(Scene::default(), shown()).await;
    assert_eq!(unknown, (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_submission_that_is_overtaken_is_decided_again() {
    let mut scene = Scene::of(application(State::Draft));
    scene.conflicts = vec![WriteKind::Entity];
    let bench = scene.open();
    let path = "/applications/a-0000000000000000/submission";
    assert_eq!(bench.post(path, &shown()).await.status, 200);
}

#[tokio::test]
async fn an_application_is_withdrawn_until_it_is_decided_for_good() {
    let path = "/applications/a-0000000000000000/withdrawal";
    for state in [
        State::Draft,
        State::Submitted,
        State::Screening,
        State::Approved,
    ] {
        let bench = Scene::of(application(state)).open();
        let reply = bench.post(path, &json!({})).await;
        assert_eq!(reply.json()["state"], "withdrawn", "{state}");
        assert_eq!(bench.decision().writes.len(), 1);
    }
    for state in [State::Declined, State::Withdrawn] {
        let bench = Scene::of(application(state)).open();
        let reply = bench.post(path, &json!({})).await;
        assert_eq!(reply.problem(), (409, "application_wrong_state".to_owned()));
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn the_sample_of_a_form_becomes_a_draft_at_the_gateways_time() {
    let text = include_str!("../../../../events/signup-screening/application.json");
    let bench = Scene::default().open();
    let reply = bench.send(sample(text)).await;
    assert_eq!(reply.status, 201);
    let Write::Draft(draft) = &bench.decision().writes[0] else {
        panic!("no draft");
    };
    assert_eq!(draft.drafted_at, now().0);
}

#[tokio::test]
async fn the_sample_of_a_submission_is_received() {
    let text = include_str!("../../../../events/signup-screening/submission.json");
    assert!(
        text.contains(shown()["confirmation"].as_str().unwrap()),
        "{}",
        shown()
    );
    let bench = Scene::of(application(State::Draft)).open();
    assert_eq!(bench.send(sample(text)).await.status, 200);
    assert_eq!(bench.decision().messages.len(), 2);
}

#[tokio::test]
async fn the_sample_of_a_withdrawal_withdraws() {
    let text = include_str!("../../../../events/signup-screening/withdrawal.json");
    let bench = Scene::of(application(State::Submitted)).open();
    assert_eq!(bench.send(sample(text)).await.status, 200);
}
