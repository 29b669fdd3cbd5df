//! Article 18: who may see what.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::application::tests_support::submitted;
use crate::application::{Event as ApplicationEvent, evolve};
use crate::contract::TerminationCause;
use crate::ids::{CameraId, ContractId, DeviceId};
use crate::user::Role;
use crate::user::tests_support::user;
use jiff::civil::date;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

fn contract() -> Contract {
    let approved = evolve(
        submitted(),
        &ApplicationEvent::Approved {
            at: Timestamp::UNIX_EPOCH,
        },
    );
    Contract::form(
        ContractId::from_random([3; 10]),
        &approved,
        date(2026, 4, 1),
        "operator:test",
        at("2026-03-31T15:00:00Z"),
    )
    .unwrap()
    .0
}

fn camera() -> Camera {
    Camera {
        id: CameraId::from_random([5; 10]),
        version: 1,
        contract: contract().id,
        device: DeviceId::from_random([6; 10]),
        name: "玄関".into(),
        stream_name: "ciero-k".into(),
        retention_hours: 720,
        since: at("2026-04-02T00:00:00Z"),
        retired_at: None,
    }
}

fn viewer() -> User {
    let accepted = user(Role::User)
        .accept("2026-04-01", "2026-04-01", "portal", now())
        .unwrap();
    accepted
        .with_rights(
            camera().id,
            &[Right::View, Right::PlayBack],
            at("2026-05-20T00:00:00Z"),
        )
        .unwrap()
}

fn recorded(from: &str, to: &str) -> Ask {
    Ask::Recorded {
        from: at(from),
        to: at(to),
    }
}

fn check(contract: &Contract, user: &User, camera: &Camera, ask: Ask) -> Option<Rule> {
    entitle(contract, user, camera, ask, now()).denial()
}

#[test]
fn a_user_with_every_condition_met_is_granted() {
    assert_eq!(check(&contract(), &viewer(), &camera(), Ask::Live), None);
    assert_eq!(
        check(
            &contract(),
            &viewer(),
            &camera(),
            recorded("2026-05-31T00:00:00Z", "2026-05-31T01:00:00Z")
        ),
        None
    );
}

#[test]
fn each_missing_condition_denies_by_its_own_rule() {
    let live = |contract: &Contract, user: &User, camera: &Camera| {
        check(contract, user, camera, Ask::Live)
    };
    let suspended = Contract {
        standing: Standing::Suspended {
            clause: "6-2".into(),
            since: now(),
        },
        ..contract()
    };
    assert_eq!(
        live(&suspended, &viewer(), &camera()),
        Some(Rule::NotSuspended)
    );
    let ended = Contract {
        standing: Standing::Ended {
            on: date(2026, 5, 31),
            cause: TerminationCause::Expiry,
            at_once: false,
        },
        ..contract()
    };
    assert_eq!(
        live(&ended, &viewer(), &camera()),
        Some(Rule::ContractRunning)
    );
    let mut later = contract();
    later.orders[0].first_term = crate::calendar::Term::starting(date(2026, 6, 2));
    assert_eq!(live(&later, &viewer(), &camera()), Some(Rule::InTerm));
    assert_eq!(
        live(&contract(), &user(Role::User), &camera()),
        Some(Rule::TermsAccepted)
    );
    assert_eq!(
        live(&contract(), &viewer().remove(1, now()).unwrap(), &camera()),
        Some(Rule::UserActive)
    );
    let unasked = viewer()
        .with_rights(camera().id, &[Right::PlayBack], now())
        .unwrap();
    assert_eq!(
        live(&contract(), &unasked, &camera()),
        Some(Rule::RightHeld)
    );
    let foreign = Camera {
        contract: ContractId::from_random([9; 10]),
        ..camera()
    };
    assert_eq!(
        live(&contract(), &viewer(), &foreign),
        Some(Rule::CameraOfContract)
    );
}

#[test]
fn the_last_day_of_use_still_counts_to_24_00() {
    let ends_today = Contract {
        standing: Standing::Ended {
            on: date(2026, 6, 1),
            cause: TerminationCause::Expiry,
            at_once: false,
        },
        ..contract()
    };
    assert_eq!(check(&ends_today, &viewer(), &camera(), Ask::Live), None);
    let rescinded_today = Contract {
        standing: Standing::Ended {
            on: date(2026, 6, 1),
            cause: TerminationCause::Rescission,
            at_once: true,
        },
        ..contract()
    };
    assert_eq!(
        check(&rescinded_today, &viewer(), &camera(), Ask::Live),
        Some(Rule::ContractRunning)
    );
}

/// Breaks with UTC instead of Asia/Tokyo: what ended would be shown to 09:00, and what began be refused to 09:00.
#[test]
fn in_the_first_hours_of_a_day_in_tokyo_its_own_date_counts() {
    let over = Contract {
        standing: Standing::Ended {
            on: date(2026, 5, 31),
            cause: TerminationCause::Expiry,
            at_once: false,
        },
        ..contract()
    };
    let mut begun = contract();
    begun.orders[0].first_term = crate::calendar::Term::starting(date(2026, 6, 1));
    let denial = |contract: &Contract, time: &str| {
        entitle(contract, &viewer(), &camera(), Ask::Live, at(time)).denial()
    };
    for time in ["2026-06-01T00:00:00+09:00", "2026-06-01T08:59:59+09:00"] {
        assert_eq!(denial(&over, time), Some(Rule::ContractRunning), "{time}");
        assert_eq!(denial(&begun, time), None, "{time}");
    }
    let eve = "2026-05-31T23:59:59+09:00";
    assert_eq!(denial(&over, eve), None);
    assert_eq!(denial(&begun, eve), Some(Rule::InTerm));
}

#[test]
fn recordings_before_the_grant_outside_retention_or_in_the_future_are_denied() {
    let ask = |from: &str, to: &str| check(&contract(), &viewer(), &camera(), recorded(from, to));
    assert_eq!(
        ask("2026-05-19T23:59:59Z", "2026-05-20T00:10:00Z"),
        Some(Rule::AfterGrant)
    );
    assert_eq!(
        ask("2026-04-30T00:00:00Z", "2026-04-30T00:10:00Z"),
        Some(Rule::WithinRetention)
    );
    assert_eq!(
        ask("2026-06-01T00:00:01Z", "2026-06-01T00:10:00Z"),
        Some(Rule::NotInTheFuture)
    );
    assert_eq!(
        ask("2026-05-31T01:00:00Z", "2026-05-31T01:00:00Z"),
        Some(Rule::TimeOrdered)
    );
    assert_eq!(
        ask("2026-05-25T00:00:00Z", "2026-05-26T00:00:01Z"),
        Some(Rule::TimeOrdered)
    );
}

#[test]
fn an_administrator_holds_every_right_from_the_cameras_beginning() {
    let administrator = user(Role::Administrator)
        .accept("2026-04-01", "2026-04-01", "portal", now())
        .unwrap();
    assert_eq!(
        check(
            &contract(),
            &administrator,
            &camera(),
            recorded("2026-05-03T00:00:00Z", "2026-05-03T01:00:00Z")
        ),
        None
    );
}

#[test]
fn an_earlier_accepted_version_locks_nobody_out() {
    let mut early = viewer();
    early.acceptances[0].terms_version = "2020-04-01".into();
    assert_eq!(check(&contract(), &early, &camera(), Ask::Live), None);
}

#[test]
fn every_answer_explains_itself() {
    let denied = entitle(&contract(), &user(Role::User), &camera(), Ask::Live, now());
    let Entitlement::Denial { rule, trail } = denied else {
        panic!("granted")
    };
    assert_eq!(trail.last(), Some(&Finding { rule, holds: false }));
    assert!(trail[..trail.len() - 1].iter().all(|finding| finding.holds));
}

proptest! {
    /// A model that shares no code with `entitle`: any single missing condition must deny.
    #[test]
    fn nothing_is_granted_in_a_state_that_is_not_entitled(
        accepted in any::<bool>(), active in any::<bool>(), suspended in any::<bool>(), begun in any::<bool>(), right in any::<bool>(),
    ) {
        let mut user = viewer();
        if !accepted { user.acceptances.clear(); }
        if !active { user.state = UserState::Removed; }
        if !right { user.rights.clear(); }
        let mut contract = contract();
        if suspended { contract.standing = Standing::Suspended { clause: "13-1".into(), since: now() }; }
        if !begun { contract.orders[0].first_term = crate::calendar::Term::starting(date(2027, 1, 1)); }
        let granted = entitle(&contract, &user, &camera(), Ask::Live, now()).denial().is_none();
        prop_assert_eq!(granted, accepted && active && !suspended && begun && right);
    }
}
