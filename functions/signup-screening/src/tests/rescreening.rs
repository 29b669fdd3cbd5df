//! Screening again when a list or the register changed, and what screeners conclude (3-4, 13-1).

use ciero_domain::application::{Application, State};
use ciero_domain::contract::{Contract, Standing, TerminationCause};
use ciero_domain::ids::{ApplicationId, ContractId};
use ciero_domain::screening::{
    Conclusion, Ground, Opinion, RegisterCause, Review, SignalKind, Subject,
};
use ciero_ports::{Body, Decision, Write, WriteKind};
use ciero_runtime::{Event, OnEvent};
use serde_json::{Value, json};

use super::bench::{Bench, Scene, now, sample};
use super::records::{application, entry, list, screening};

const RESCREENING: &str = include_str!("../../../../events/signup-screening/rescreening.json");

fn contract(number: u8) -> Contract {
    let (contract, _) = ciero_domain::samples::contract(jiff::civil::date(2026, 3, 1));
    Contract {
        id: ContractId::from_random([number; 10]),
        ..contract
    }
}

/// A list on antisocial forces that names whoever represents the sample's customers.
fn scene(contracts: Vec<Contract>) -> Scene {
    let named = contract(0).customer.contact_name;
    Scene {
        contracts,
        lists: vec![list("1", &named, 1)],
        ..Scene::default()
    }
}

async fn run(bench: &Bench, payload: Value) -> Value {
    let event = Event::read(payload).unwrap();
    bench.app.on_event(event, now()).await.unwrap()
}

fn asked() -> Value {
    serde_json::from_str(RESCREENING).unwrap()
}

/// The sample, for the page that a message asks for.
fn next(decision: &Decision) -> Value {
    let mut event = asked();
    let message = serde_json::to_string(&decision.messages[0]).unwrap();
    event["Records"][0]["body"] = json!(message);
    event
}

fn reviews(bench: &Bench) -> Vec<Review> {
    let decisions = bench.written();
    let writes = decisions.iter().flat_map(|decision| &decision.writes);
    let reviews = writes.filter_map(|write| match write {
        Write::Review(review) => Some(review.as_ref().clone()),
        _ => None,
    });
    reviews.collect()
}

fn open_review() -> Review {
    let subject = Subject::Contract(ContractId::from_random([0; 10]));
    let found = screening(Some(Ground::AntisocialForces)).signals;
    Review::of_found(None, &subject, &[], found, now().0).unwrap()
}

#[tokio::test]
async fn every_contract_is_screened_again_page_by_page_and_nothing_else_happens() {
    let bench = scene(vec![contract(1), contract(2), contract(3)]).open();
    let mut event = asked();
    for page in 1..=3 {
        assert_eq!(run(&bench, event).await, json!({"batchItemFailures": []}));
        assert_eq!(reviews(&bench).len(), page);
        let written = bench.written();
        let last = written.last().unwrap();
        if page == 3 {
            assert!(last.messages.is_empty(), "the last page asks for no other");
            break;
        }
        event = next(last);
    }
    let review = &reviews(&bench)[0];
    assert_eq!(review.subject, Subject::Contract(contract(1).id));
    assert_eq!(review.signals[0].kind, SignalKind::ListName);
    assert!(review.is_open() && review.needs_two());
    for decision in bench.written() {
        let told = decision.messages.iter().map(|message| &message.body);
        assert!(told.clone().all(|body| matches!(body, Body::Rescreen(_))));
        let only = |write: &Write| matches!(write, Write::Review(_));
        assert!(
            decision.writes.iter().all(only),
            "confidential writes alone"
        );
    }
}

#[tokio::test]
async fn what_was_seen_at_the_screening_or_in_a_review_is_no_news() {
    let bench = scene(vec![contract(1)]).open();
    run(&bench, asked()).await;
    let review = reviews(&bench).remove(0);
    let mut screened = scene(vec![contract(1)]);
    let mut of_application = screening(None);
    of_application.signals = review.signals.clone();
    screened.screening = Some(of_application);
    let mut reviewed = scene(vec![contract(1)]);
    reviewed.reviews = vec![review];
    for scene in [screened, reviewed] {
        let bench = scene.open();
        run(&bench, asked()).await;
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn neither_an_ended_contract_nor_the_one_of_the_entry_is_looked_at() {
    let mut ended = contract(1);
    let on = jiff::civil::date(2026, 4, 1);
    ended.standing = Standing::Ended {
        on,
        cause: TerminationCause::CustomerCancellation,
        at_once: false,
    };
    let mut own = entry(RegisterCause::Measure);
    own.phone = contract(2).customer.phone;
    own.contract = Some(contract(2).id);
    let mut scene = scene(vec![ended]);
    let bench = scene.clone().open();
    run(&bench, asked()).await;
    assert!(bench.written().is_empty());
    scene.contracts = vec![contract(2)];
    scene.lists = Vec::new();
    scene.register = vec![own.clone()];
    let bench = scene.clone().open();
    run(&bench, asked()).await;
    assert!(bench.written().is_empty());
    own.contract = Some(contract(3).id);
    scene.register = vec![own];
    let bench = scene.open();
    run(&bench, asked()).await;
    assert_eq!(
        reviews(&bench).len(),
        1,
        "the measure on another contract is news"
    );
}

#[tokio::test]
async fn an_undecided_application_gets_the_signal_and_an_approved_one_a_review() {
    let listed = || vec![list("1", "見本太郎", 1)];
    let scene = Scene {
        lists: listed(),
        ..Scene::in_screening(None)
    };
    let bench = scene.open();
    run(&bench, asked()).await;
    let Write::Screening(screening) = &bench.decision().writes[0] else {
        panic!("no screening");
    };
    assert_eq!((screening.version, screening.signals.len()), (2, 1));
    let mut scene = Scene::in_screening(None);
    scene.lists = listed();
    scene.applications = vec![application(State::Approved)];
    let bench = scene.clone().open();
    run(&bench, asked()).await;
    let review = reviews(&bench).remove(0);
    scene.reviews = vec![review];
    let path = "/console/applications/a-0000000000000000/registration";
    let body = json!({"start": "2026-06-01"});
    let reply = scene.open().post_as("operator-1", path, &body).await;
    assert_eq!(reply.problem(), (409, "review_open".to_owned()));
}

/// Applications of both states that the list names, more than one page of each.
fn crowd() -> Scene {
    let of = |number: u8, state| Application {
        id: ApplicationId::from_random([number; 10]),
        ..application(state)
    };
    Scene {
        lists: vec![list("1", "見本太郎", 1)],
        applications: vec![
            of(1, State::Screening),
            of(2, State::Screening),
            of(3, State::Screening),
            of(4, State::Approved),
            of(5, State::Approved),
        ],
        contracts: vec![contract(1)],
        ..Scene::in_screening(None)
    }
}

#[tokio::test]
async fn every_application_is_screened_again_however_many_there_are() {
    let bench = crowd().open();
    let mut event = asked();
    let mut messages = 0;
    loop {
        let before = bench.written().len();
        assert_eq!(run(&bench, event).await, json!({"batchItemFailures": []}));
        let written = bench.written();
        let last = written[before..].last().unwrap();
        if last.messages.is_empty() {
            break;
        }
        messages += 1;
        event = next(last);
    }
    let written = bench.written();
    let writes = written.iter().flat_map(|decision| &decision.writes);
    let undecided = writes.filter(|write| matches!(write, Write::Screening(_)));
    assert_eq!(
        (undecided.count(), reviews(&bench).len(), messages),
        (3, 3, 3)
    );
    assert_eq!(
        reviews(&bench)[2].subject,
        Subject::Contract(contract(1).id)
    );
}

#[tokio::test]
async fn a_page_of_approved_applications_goes_on_where_it_says() {
    let text = include_str!("../../../../events/signup-screening/rescreening-next-page.json");
    let bench = crowd().open();
    run(&bench, serde_json::from_str(text).unwrap()).await;
    let subjects: Vec<Subject> = reviews(&bench).into_iter().map(|one| one.subject).collect();
    let second = Subject::Application(ApplicationId::from_random([5; 10]));
    assert_eq!(subjects, [second, Subject::Contract(contract(1).id)]);
}

#[tokio::test]
async fn a_page_whose_write_was_overtaken_comes_again() {
    let mut scene = scene(vec![contract(1)]);
    scene.conflicts = vec![WriteKind::Entity];
    let bench = scene.open();
    let message = asked()["Records"][0]["messageId"].clone();
    let again = json!({"batchItemFailures": [{"itemIdentifier": message}]});
    assert_eq!(run(&bench, asked()).await, again);
}

#[tokio::test]
async fn the_reviews_are_shown_to_screeners_alone_and_each_reading_is_noted() {
    let scene = Scene {
        reviews: vec![open_review()],
        ..Scene::default()
    };
    let bench = scene.open();
    let reply = bench
        .get_as(&["support", "contracts"], "/console/reviews")
        .await;
    assert_eq!(reply.status, 404);
    assert!(bench.readings().is_empty());
    let reply = bench.get_as(&["screener"], "/console/reviews").await;
    for text in [
        "c-0000000000000000",
        "内部の覚え",
        "二人の審査担当者",
        "/conclusion",
    ] {
        assert!(reply.body.contains(text), "{text}");
    }
    assert_eq!(
        bench.readings(),
        [("operator-1".to_owned(), "reviews".to_owned())]
    );
}

#[tokio::test]
async fn a_conclusion_on_antisocial_forces_takes_two_screeners() {
    let text = include_str!("../../../../events/signup-screening/review-conclusion.json");
    let mut scene = Scene {
        reviews: vec![open_review()],
        ..Scene::default()
    };
    let bench = scene.clone().open();
    let mut request = sample(text);
    bench.sign_in(&mut request, "operator-1", &["screener"]);
    let reply = bench.send(request).await;
    assert_eq!(reply.json()["second_operator_needed"], true);
    let first = reviews(&bench).remove(0);
    assert!(first.is_open());
    scene.reviews = vec![first];
    let path = "/console/reviews/c-0000000000000000/conclusion";
    let body = json!({"conclusion": "cleared", "reason": "別人"});
    let bench = scene.open();
    let reply = bench.post_as("operator-1", path, &body).await;
    assert_eq!(reply.problem(), (409, "second_operator_needed".to_owned()));
    assert!(bench.written().is_empty());
    let reply = bench.post_as("operator-2", path, &body).await;
    assert_eq!(reply.json()["conclusion"], "cleared");
    assert_eq!(reviews(&bench)[0].concluded, Some(Conclusion::Cleared));
}

#[tokio::test]
async fn a_conclusion_that_is_not_whole_or_comes_too_late_is_refused() {
    let path = "/console/reviews/c-0000000000000000/conclusion";
    let mut concluded = open_review();
    concluded.concluded = Some(Conclusion::ToAct);
    concluded.opinions = vec![Opinion {
        conclusion: Conclusion::ToAct,
        reason: "x".into(),
        by: "operator-2".into(),
        at: now().0,
    }];
    let bench = Scene {
        reviews: vec![concluded],
        ..Scene::default()
    }
    .open();
    for (body, field) in [
        (
            json!({"conclusion": "perhaps", "reason": "x"}),
            "conclusion",
        ),
        (json!({"conclusion": "cleared", "reason": " "}), "reason"),
    ] {
        let reply = bench.post_as("operator-1", path, &body).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["field"]),
            (422, &json!(field))
        );
    }
    let whole = json!({"conclusion": "cleared", "reason": "x"});
    let reply = bench.post_as("operator-1", path, &whole).await;
    assert_eq!(reply.problem(), (409, "review_concluded".to_owned()));
    let other = "/console/reviews/c-1111111111111111/conclusion";
    for path in [other, "/console/reviews/x/conclusion"] {
        let reply = bench.post_as("operator-1", path, &whole).await;
        assert_eq!(reply.status, 404);
    }
    assert!(bench.written().is_empty());
}
