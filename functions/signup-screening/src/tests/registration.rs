//! Completion of the registration (3-3, Art. 11).

use ciero_domain::application::{Channel, State};
use ciero_domain::documents::{Bilingual, Operator};
use ciero_domain::notice::Notice;
use ciero_domain::samples::{next_third_party_terms, third_party_terms};
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::user::Role;
use ciero_ports::{Body, Write, WriteKind};
use jiff::civil::{Date, date};
use serde_json::json;

use super::bench::{Scene, now, sample};
use super::records::application;

const CASE: &str = "/console/applications/a-0000000000000000";
const PATH: &str = "/console/applications/a-0000000000000000/registration";

#[tokio::test]
async fn registration_forms_the_contract_and_invites_the_first_administrator_in_one_transaction() {
    let bench = Scene::of(application(State::Approved)).open();
    let reply = bench
        .post_as("operator-1", PATH, &json!({"start": "2026-07-01"}))
        .await;
    assert_eq!(reply.status, 201);
    let decision = bench.decision();
    let [
        Write::Contract(contract, _),
        Write::Arm(first_invoice),
        Write::Arm(first_reminder),
        Write::Arm(renewal),
        Write::Application(registered, _),
        Write::ClaimEmail { email, user },
        Write::User(administrator),
        Write::Audit(audit),
        Write::ServiceEndStandsAt(0),
        Write::AgreedThirdParty(third_party),
    ] = &decision.writes[..]
    else {
        panic!("{decision:?}");
    };
    assert_eq!(reply.json()["contract"], contract.id.as_str());
    assert_eq!(reply.json()["administrator"], administrator.id.as_str());
    assert_eq!(
        reply.header("location"),
        format!("/console/contracts/{}", contract.id)
    );
    assert_eq!(contract.formed_at, now().0);
    assert_eq!(
        (&third_party.contract, third_party.version),
        (&contract.id, 0)
    );
    let term = contract.orders[0].first_term;
    assert_eq!(
        (term.start, term.end),
        (date(2026, 7, 1), date(2027, 6, 30))
    );
    assert_eq!(
        [first_invoice.due, first_reminder.due, renewal.due],
        [date(2026, 7, 1), date(2027, 4, 1), date(2027, 7, 1)]
    );
    assert_eq!(registered.state, State::Registered);
    assert_eq!(registered.contract.as_ref(), Some(&contract.id));
    assert_eq!(
        (email.as_str(), user),
        ("hanako@example.jp", &administrator.id)
    );
    assert_eq!(administrator.contract, contract.id);
    assert_eq!(
        (administrator.role, administrator.version),
        (Role::Administrator, 1)
    );
    assert!(!administrator.accepted_terms());
    assert_eq!(
        (audit.actor.as_str(), audit.action.as_str()),
        ("operator:operator-1", "contract_registered")
    );
    let said: Vec<Body> = decision.messages.iter().map(|m| m.body.clone()).collect();
    let completed = Notice::RegistrationCompleted {
        contract: contract.id.clone(),
    };
    let invited = Notice::UserInvited {
        contract: contract.id.clone(),
        user: user.clone(),
    };
    assert_eq!(said, [Body::Notice(completed), Body::Notice(invited)]);
}

/// The end of the service, announced, and set to a day if there is one.
fn ending(last_day: Option<Date>) -> Scene {
    let told = (date(2026, 9, 30), Bilingual::default());
    let by = ("operator:ueda", now().0);
    let announced = ServiceEnd::announce(None, told, 1, by).unwrap();
    let end = last_day.map(|day| announced.set(day, &[], 1, by).unwrap());
    Scene {
        service_end: Some(end.unwrap_or(announced)),
        ..Scene::of(application(State::Approved))
    }
}

#[tokio::test]
async fn art_14_nothing_is_registered_once_the_last_day_of_the_service_is_set() {
    let asked = json!({"start": "2026-07-01"});
    let bench = ending(Some(date(2026, 9, 30))).open();
    let reply = bench.post_as("operator-1", PATH, &asked).await;
    assert_eq!(reply.problem(), (409, "service_ends".to_owned()));
    assert!(bench.written().is_empty());
    let bench = ending(None).open();
    let reply = bench.post_as("operator-1", PATH, &asked).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let decision = bench.decision();
    let stands = |write: &Write| matches!(write, Write::ServiceEndStandsAt(1));
    assert!(
        decision.writes.iter().any(stands),
        "a day that is set meanwhile refuses it"
    );
}

#[tokio::test]
async fn a_start_that_is_no_date_or_out_of_range_is_refused() {
    for (start, refusal) in [
        ("", (422, "invalid_fields")),
        ("2026-02-30", (422, "invalid_fields")),
        ("tomorrow", (422, "invalid_fields")),
        ("2026-05-31", (409, "start_in_the_past")),
        ("2027-06-01", (409, "start_too_far")),
    ] {
        let bench = Scene::of(application(State::Approved)).open();
        let reply = bench
            .post_as("operator-1", PATH, &json!({"start": start}))
            .await;
        assert_eq!(
            reply.problem(),
            (refusal.0, refusal.1.to_owned()),
            "{start}"
        );
        assert!(bench.written().is_empty());
    }
}

/// An application that waits for registration with an operator who has a reseller.
fn with_reseller() -> Scene {
    let operator = Operator {
        resellers: vec![ciero_domain::samples::reseller()],
        ..Operator::default()
    };
    Scene {
        operator: Some(operator),
        ..Scene::of(application(State::Approved))
    }
}

#[tokio::test]
async fn art_06_the_operator_says_through_which_reseller_a_customer_contracts() {
    let form = with_reseller().open();
    let page = form.get_as(&["screener"], CASE).await;
    assert!(page.body.contains("見本販売株式会社"), "{}", page.body);
    for (reseller, channel) in [
        ("mihon", Channel::Reseller("mihon".into())),
        ("", Channel::Direct),
    ] {
        let bench = with_reseller().open();
        let asked = json!({"start": "2026-07-01", "reseller": reseller});
        let reply = bench.post_as("operator-1", PATH, &asked).await;
        assert_eq!(reply.status, 201);
        let decision = bench.decision();
        let contract = decision.writes.iter().find_map(|write| match write {
            Write::Contract(contract, _) => Some(contract.channel.clone()),
            _ => None,
        });
        assert_eq!(contract, Some(channel.clone()));
        let kept = decision.writes.iter().find_map(|write| match write {
            Write::Application(application, _) => Some(application.channel.clone()),
            _ => None,
        });
        assert_eq!(kept, Some(channel));
    }
}

#[tokio::test]
async fn art_06_a_reseller_that_the_settings_do_not_name_is_refused() {
    let bench = with_reseller().open();
    let asked = json!({"start": "2026-07-01", "reseller": "other"});
    let reply = bench.post_as("operator-1", PATH, &asked).await;
    assert_eq!(reply.problem(), (422, "invalid_fields".to_owned()));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn only_an_approved_application_is_registered() {
    for state in [
        State::Draft,
        State::Submitted,
        State::Screening,
        State::Declined,
        State::Withdrawn,
    ] {
        let bench = Scene::of(application(state)).open();
        let reply = bench
            .post_as("operator-1", PATH, &json!({"start": "2026-07-01"}))
            .await;
        assert_eq!(
            reply.problem(),
            (409, "application_not_approved".to_owned()),
            "{state}"
        );
        assert!(bench.written().is_empty());
    }
}

#[tokio::test]
async fn a_contact_whose_address_is_taken_is_named_as_such() {
    let mut scene = Scene::of(application(State::Approved));
    scene.conflicts = vec![WriteKind::Email];
    let bench = scene.open();
    let reply = bench
        .post_as("operator-1", PATH, &json!({"start": "2026-07-01"}))
        .await;
    assert_eq!(reply.problem(), (409, "email_taken".to_owned()));
}

#[tokio::test]
async fn the_sample_of_a_registration_registers() {
    let text = include_str!("../../../../events/signup-screening/registration.json");
    let bench = Scene::of(application(State::Approved)).open();
    let mut request = sample(text);
    bench.sign_in(&mut request, "operator-1", &["screener"]);
    assert_eq!(bench.send(request).await.status, 201);
}

#[tokio::test]
async fn art_25_the_contract_is_formed_with_the_list_of_third_party_terms_of_that_instant() {
    let first = third_party_terms();
    let newest = next_third_party_terms(&first);
    let scene = Scene {
        third_party_terms: vec![first, newest.clone()],
        ..Scene::of(application(State::Approved))
    };
    let bench = scene.open();
    let body = json!({"start": "2026-07-01"});
    assert_eq!(bench.post_as("operator-1", PATH, &body).await.status, 201);
    let decision = bench.decision();
    let agreed = decision.writes.iter().find_map(|write| match write {
        Write::AgreedThirdParty(agreed) => Some(agreed),
        _ => None,
    });
    let agreed = agreed.unwrap();
    assert_eq!((agreed.version, &agreed.sha256), (2, &newest.sha256));
    assert_eq!(agreed.at, now().0);
    let audited = decision
        .writes
        .iter()
        .any(|write| matches!(write, Write::Audit(row) if row.detail["third_party_terms"] == 2));
    assert!(audited);
}
