//! Who may look at a customer's video, at what of it, and for how long (21-7).
#![allow(clippy::unwrap_used)]

use jiff::ToSpan;
use jiff::civil::date;

use super::*;
use crate::contract::{Standing, TerminationCause};
use crate::samples;

const ASKING: &str = "operator:tanaka";
const GRANTING: &str = "operator:suzuki";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-06-01T03:00:00Z")
}

fn world() -> (Contract, Camera) {
    let (contract, _) = samples::contract(date(2026, 4, 1));
    let camera = samples::camera(&contract.id, at("2026-05-01T00:00:00Z"));
    (contract, camera)
}

fn recorded(from: &str, to: &str) -> Pictures {
    Pictures::Recorded {
        from: at(from),
        to: at(to),
    }
}

/// The hour before noon.
fn an_hour() -> Pictures {
    recorded("2026-06-01T02:00:00Z", "2026-06-01T03:00:00Z")
}

fn ask(pictures: Pictures) -> Result<StaffView, Refusal> {
    let (contract, camera) = world();
    let new = NewStaffView {
        pictures,
        ..samples::new_staff_view()
    };
    let id = StaffViewId::from_random([7; 10]);
    StaffView::ask(id, new, (&contract, &camera), ASKING, now())
}

fn granted(pictures: Pictures) -> StaffView {
    let asked = ask(pictures).unwrap();
    asked.grant(&world().0, GRANTING, now()).unwrap()
}

#[track_caller]
fn admits(view: &StaffView, asked: Pictures, by: &str, now: Timestamp, expected: bool) {
    let (contract, camera) = world();
    let given = view.admits((&contract, &camera), asked, by, now);
    assert_eq!(given, expected, "{asked:?} to {by} at {now}");
}

#[test]
fn nothing_can_be_seen_before_another_operator_grants_it() {
    let asked = ask(Pictures::Live).unwrap();
    admits(&asked, Pictures::Live, ASKING, now(), false);
    let own = asked.grant(&world().0, ASKING, now());
    assert_eq!(own, Err(Refusal::SecondOperatorNeeded));
    admits(
        &granted(Pictures::Live),
        Pictures::Live,
        ASKING,
        now(),
        true,
    );
}

#[test]
fn only_who_asked_may_look() {
    let view = granted(Pictures::Live);
    admits(&view, Pictures::Live, GRANTING, now(), false);
    admits(&view, Pictures::Live, "operator:x", now(), false);
}

#[test]
fn the_end_is_fixed_by_the_grant_and_no_address_outlives_it() {
    let view = granted(Pictures::Live);
    let until = view.grant.clone().unwrap().until;
    assert_eq!(until, now() + 15.minutes());
    let last = until - 5.minutes();
    admits(&view, Pictures::Live, ASKING, last, true);
    admits(&view, Pictures::Live, ASKING, last + 1.millisecond(), false);
    assert_eq!(view.progress(until - 1.millisecond()), Progress::Open);
    assert_eq!(view.progress(until), Progress::Over);
    assert_eq!(
        view.grant(&world().0, "operator:x", now()),
        Err(Refusal::NotWaiting)
    );
}

#[test]
fn a_request_lapses_after_a_day() {
    let asked = ask(Pictures::Live).unwrap();
    let lapses = now() + 24.hours();
    let (contract, _) = world();
    let just = asked.grant(&contract, GRANTING, lapses - 1.millisecond());
    assert!(just.is_ok());
    assert_eq!(
        asked.grant(&contract, GRANTING, lapses),
        Err(Refusal::NotWaiting)
    );
    assert_eq!(asked.progress(lapses), Progress::Lapsed);
}

#[test]
fn a_view_shows_exactly_the_span_that_was_granted() {
    let view = granted(an_hour());
    admits(&view, an_hour(), ASKING, now(), true);
    for (from, to, expected) in [
        ("2026-06-01T02:10:00Z", "2026-06-01T02:20:00Z", true),
        ("2026-06-01T01:59:59Z", "2026-06-01T02:20:00Z", false),
        ("2026-06-01T02:10:00Z", "2026-06-01T03:00:01Z", false),
        ("2026-06-01T02:20:00Z", "2026-06-01T02:20:00Z", false),
    ] {
        admits(&view, recorded(from, to), ASKING, now(), expected);
    }
    admits(&view, Pictures::Live, ASKING, now(), false);
    admits(&granted(Pictures::Live), an_hour(), ASKING, now(), false);
}

#[test]
fn another_camera_and_another_contract_are_not_seen() {
    let (contract, camera) = world();
    let view = granted(Pictures::Live);
    let other = Camera {
        id: CameraId::from_random([9; 10]),
        ..camera.clone()
    };
    assert!(!view.admits((&contract, &other), Pictures::Live, ASKING, now()));
    let foreign = Contract {
        id: ContractId::from_random([9; 10]),
        ..contract.clone()
    };
    assert!(!view.admits((&foreign, &camera), Pictures::Live, ASKING, now()));
    let retired = Camera {
        retired_at: Some(now()),
        ..camera
    };
    assert!(!view.admits((&contract, &retired), Pictures::Live, ASKING, now()));
}

#[test]
fn either_closes_it_and_then_it_shows_nothing() {
    for by in [ASKING, GRANTING] {
        let closed = granted(Pictures::Live).close(by, now()).unwrap();
        admits(&closed, Pictures::Live, ASKING, now(), false);
        assert_eq!(closed.close(by, now()), Err(Refusal::AlreadyOver));
    }
    let withdrawn = ask(Pictures::Live).unwrap().close(ASKING, now()).unwrap();
    let granted = withdrawn.grant(&world().0, GRANTING, now());
    assert_eq!(granted, Err(Refusal::NotWaiting));
}

#[test]
fn a_span_is_bounded() {
    for (from, to, refusal) in [
        (
            "2026-06-01T02:00:00Z",
            "2026-06-01T02:00:00Z",
            Refusal::SpanEmpty,
        ),
        (
            "2026-05-31T02:59:59Z",
            "2026-06-01T03:00:00Z",
            Refusal::SpanTooLong,
        ),
        (
            "2026-06-01T02:00:00Z",
            "2026-06-01T03:00:01Z",
            Refusal::SpanInTheFuture,
        ),
        (
            "2026-05-02T02:59:59Z",
            "2026-05-02T04:00:00Z",
            Refusal::SpanNotRetained,
        ),
    ] {
        assert_eq!(ask(recorded(from, to)), Err(refusal));
    }
    assert!(ask(recorded("2026-05-31T03:00:00Z", "2026-06-01T03:00:00Z")).is_ok());
    assert!(ask(recorded("2026-05-02T03:00:00Z", "2026-05-02T04:00:00Z")).is_ok());
}

#[test]
fn what_is_being_deleted_is_looked_at_by_nobody() {
    let (contract, camera) = world();
    let ended = Contract {
        standing: Standing::Ended {
            on: date(2026, 5, 1),
            cause: TerminationCause::CustomerCancellation,
            at_once: false,
        },
        ..contract
    };
    // The data of 1 May are kept for 30 days after the day that follows.
    let last = at("2026-05-31T14:59:59Z");
    let purged = at("2026-05-31T15:00:00Z");
    let asked = |now| {
        let id = StaffViewId::from_random([7; 10]);
        StaffView::ask(
            id,
            samples::new_staff_view(),
            (&ended, &camera),
            ASKING,
            now,
        )
    };
    let view = asked(last).unwrap();
    assert_eq!(asked(purged), Err(Refusal::DataGo));
    assert_eq!(view.grant(&ended, GRANTING, purged), Err(Refusal::DataGo));
    let open = view.grant(&ended, GRANTING, last).unwrap();
    assert!(open.admits((&ended, &camera), Pictures::Live, ASKING, last));
    assert!(!open.admits((&ended, &camera), Pictures::Live, ASKING, purged));
}
