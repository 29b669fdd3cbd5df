//! What stands in the way of a decision is named, and nothing of the decision is written.

use ciero_domain::application::Event;
use ciero_domain::ids::CameraId;
use ciero_domain::notice::{NoticeRecord, Outcome};
use ciero_ports::{
    Caller, CommitError, Decision, Devices, Documents, Ledger, People, Write, WriteKind,
};
use ciero_store::Store;
use jiff::civil::date;

use crate::samples::*;
use crate::support::{CONFIDENTIAL, MAIN, Tables, tables};

/// Commits `first`, then checks that `second` meets a conflict of the kind and leaves nothing behind,
/// although it also brings things that nothing stands against.
async fn check(first: Write, second: Write, expected: WriteKind) {
    let t = tables().await;
    t.store.commit(&Decision::of(first)).await.unwrap();
    let before = (t.count(MAIN).await, t.count(CONFIDENTIAL).await);
    let decision = Decision::of(Write::User(Box::new(user(77))))
        .and(second)
        .and(Write::Audit(Box::new(audit(77, "2026-06-01T00:00:00Z"))))
        .say(
            message_id(77),
            now(),
            message(77, "2026-06-01T00:00:00Z").body,
        );
    assert_eq!(conflict(&t, &decision).await, Some(expected));
    let after = (t.count(MAIN).await, t.count(CONFIDENTIAL).await);
    assert_eq!(before, after, "a refused decision left something");
    assert_eq!(t.store.contract_of(&user_id(77)).await.unwrap(), None);
}

async fn conflict(t: &Tables, decision: &Decision) -> Option<WriteKind> {
    match t.store.commit(decision).await {
        Ok(()) => None,
        Err(CommitError::Conflict(kind)) => Some(kind),
        Err(other) => panic!("{other}"),
    }
}

fn claim_serial(n: u8) -> Write {
    Write::ClaimSerial {
        model: "BOX#1".into(),
        serial: "SN-0001".into(),
        contract: contract_id(),
        device: device_id(n),
    }
}

fn claim_email(n: u8) -> Write {
    Write::ClaimEmail {
        email: "hanako@example.jp".into(),
        user: user_id(n),
    }
}

fn application() -> Write {
    Write::Draft(Box::new(draft(1)))
}

#[tokio::test]
async fn a_second_first_version_is_a_conflict_of_the_entity() {
    let (contract, event) = contract();
    let formed = Write::Contract(Box::new(contract), Box::new(event));
    for write in [
        application(),
        formed,
        Write::User(Box::new(user(1))),
        Write::Device(Box::new(device(1))),
        Write::Camera(Box::new(camera())),
        Write::CameraAdded(contract_id(), 1),
        Write::Screening(Box::new(screening())),
    ] {
        check(write.clone(), write, WriteKind::Entity).await;
    }
}

#[tokio::test]
async fn a_version_that_does_not_follow_is_a_conflict_of_the_entity() {
    let (mut submitted, event) = evolved(draft(1), Event::Submitted { at: now() });
    submitted.version = 3;
    let gap = Write::Application(submitted.clone(), event.clone());
    check(application(), gap, WriteKind::Entity).await;
    let ahead = Write::Application(submitted, event);
    let nothing_there = Write::Prices(Box::new(prices("p", date(2026, 4, 1))));
    check(nothing_there, ahead, WriteKind::Entity).await;
}

#[tokio::test]
async fn of_two_decisions_on_one_version_only_the_first_is_written() {
    let t = tables().await;
    t.store.commit(&Decision::of(application())).await.unwrap();
    let (submitted, event) = evolved(draft(1), Event::Submitted { at: now() });
    let submit = Decision::of(Write::Application(submitted, event));
    let (withdrawn, event) = evolved(draft(1), Event::Withdrawn { at: now() });
    let withdraw = Decision::of(Write::Application(withdrawn, event));
    assert_eq!(conflict(&t, &submit).await, None);
    assert_eq!(conflict(&t, &withdraw).await, Some(WriteKind::Entity));
}

#[tokio::test]
async fn many_at_once_on_one_version_leave_exactly_one_written() {
    let t = tables().await;
    t.store.commit(&Decision::of(application())).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = t.store.clone();
        tasks.spawn(async move {
            let (submitted, event) = evolved(draft(1), Event::Submitted { at: now() });
            let decision = Decision::of(Write::Application(submitted, event));
            store.commit(&decision).await.is_ok()
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|written| **written).count(), 1);
}

/// Adds a camera if fewer than this many are there, as a registration does; tells whether it was added.
async fn add_camera(store: &Store, n: u8, limit: usize) -> bool {
    loop {
        let added = store.cameras_added(&contract_id()).await.unwrap();
        if store.cameras(&contract_id()).await.unwrap().len() >= limit {
            return false;
        }
        let mut one = camera();
        one.id = CameraId::from_random([n; 10]);
        let decision = Decision::of(Write::Camera(Box::new(one)))
            .and(Write::CameraAdded(contract_id(), added + 1));
        match store.commit(&decision).await {
            Ok(()) => return true,
            Err(CommitError::Conflict(WriteKind::Entity)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn many_cameras_added_at_once_never_pass_the_limit() {
    let t = tables().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = t.store.clone();
        tasks.spawn(async move { add_camera(&store, n, 3).await });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|added| **added).count(), 3);
    let cameras = t.store.cameras(&contract_id()).await.unwrap();
    assert_eq!(cameras.len(), 3);
    assert_eq!(t.store.cameras_added(&contract_id()).await.unwrap(), 3);
}

#[tokio::test]
async fn a_bound_serial_is_a_conflict_until_its_own_device_releases_it() {
    check(claim_serial(1), claim_serial(2), WriteKind::Serial).await;
    let t = tables().await;
    let release = |n| {
        Decision::of(Write::ReleaseSerial {
            model: "BOX#1".into(),
            serial: "SN-0001".into(),
            device: device_id(n),
        })
    };
    t.store
        .commit(&Decision::of(claim_serial(1)))
        .await
        .unwrap();
    assert_eq!(conflict(&t, &release(2)).await, Some(WriteKind::Serial));
    assert_eq!(conflict(&t, &release(1)).await, None);
    assert_eq!(conflict(&t, &release(1)).await, None);
    assert_eq!(conflict(&t, &Decision::of(claim_serial(2))).await, None);
}

#[tokio::test]
async fn a_bound_address_is_a_conflict_until_its_own_user_releases_it() {
    check(claim_email(1), claim_email(2), WriteKind::Email).await;
    let t = tables().await;
    let release = |n| {
        Decision::of(Write::ReleaseEmail {
            email: "hanako@example.jp".into(),
            user: user_id(n),
        })
    };
    t.store.commit(&Decision::of(claim_email(1))).await.unwrap();
    assert_eq!(conflict(&t, &release(2)).await, Some(WriteKind::Email));
    assert_eq!(conflict(&t, &release(1)).await, None);
    assert_eq!(conflict(&t, &Decision::of(claim_email(2))).await, None);
}

#[tokio::test]
async fn what_is_written_once_is_not_written_twice() {
    let code = Write::Code {
        hash: "c0de".into(),
        contract: contract_id(),
        device: device_id(1),
        expires_at: now(),
    };
    for write in [
        Write::Terms(Box::new(terms("v", date(2026, 4, 1)))),
        Write::Notice(Box::new(notice(1))),
        Write::Register(Box::new(register("r-1"))),
        Write::ScreeningList(Box::new(screening_list("demo", "1"))),
        Write::Audit(Box::new(audit(1, "2026-06-01T00:00:00Z"))),
        code,
    ] {
        check(write.clone(), write, WriteKind::Once).await;
    }
}

#[tokio::test]
async fn an_outcome_stands_on_the_version_that_was_read() {
    let first = Write::Notice(Box::new(notice(1)));
    let arrived = notice(1).hear(Outcome::Arrived { at: now() }).unwrap();
    let mut later = arrived.clone();
    later.version += 1;
    let unknown = NoticeRecord {
        id: message_id(2),
        ..arrived.clone()
    };
    for stray in [later, unknown] {
        let stray = Write::NoticeOutcome(Box::new(stray));
        check(first.clone(), stray, WriteKind::Entity).await;
    }
    let t = tables().await;
    t.store.commit(&Decision::of(first)).await.unwrap();
    let outcome = Decision::of(Write::NoticeOutcome(Box::new(arrived)));
    assert_eq!(conflict(&t, &outcome).await, None);
    assert_eq!(conflict(&t, &outcome).await, Some(WriteKind::Entity));
}

#[tokio::test]
async fn a_refused_version_of_the_terms_leaves_the_first() {
    let t = tables().await;
    let first = terms("v", date(2026, 4, 1));
    let write = Write::Terms(Box::new(first.clone()));
    t.store.commit(&Decision::of(write)).await.unwrap();
    let other = Write::Terms(Box::new(terms("v", date(2028, 1, 1))));
    assert_eq!(
        conflict(&t, &Decision::of(other)).await,
        Some(WriteKind::Once)
    );
    assert_eq!(t.store.terms("v").await.unwrap(), Some(first.clone()));
    assert_eq!(t.store.terms_versions().await.unwrap(), [first.version]);
}

#[tokio::test]
async fn the_first_item_in_the_way_names_the_conflict() {
    let t = tables().await;
    let both = Decision::of(claim_email(1)).and(claim_serial(1));
    t.store.commit(&both).await.unwrap();
    let again = Decision::of(claim_serial(2)).and(claim_email(2));
    assert_eq!(conflict(&t, &again).await, Some(WriteKind::Serial));
    assert_eq!(t.store.by_code("none").await.unwrap(), None);
}

#[tokio::test]
async fn the_same_key_is_a_conflict_for_its_day_and_free_after_it() {
    let t = tables().await;
    let decision = |moment: &str, n: u8| Decision {
        remembered: Some(remembered("k-1", moment)),
        ..Decision::of(Write::User(Box::new(user(n))))
    };
    let first = decision("2026-06-01T00:00:00Z", 1);
    t.store.commit(&first).await.unwrap();
    let kept = remembered("k-1", "2026-06-01T00:00:00Z");
    assert_eq!(
        t.store.remembered(&kept.caller, "k-1").await.unwrap(),
        Some(kept.clone())
    );
    let somebody = Caller {
        name: "somebody".into(),
        ..kept.caller.clone()
    };
    assert_eq!(t.store.remembered(&somebody, "k-1").await.unwrap(), None);
    let within = decision("2026-06-01T23:59:59Z", 2);
    assert_eq!(conflict(&t, &within).await, Some(WriteKind::Remembered));
    assert_eq!(t.store.contract_of(&user_id(2)).await.unwrap(), None);
    let after = decision("2026-06-02T00:00:00Z", 2);
    assert_eq!(conflict(&t, &after).await, None);
    let kept = t.store.remembered(&kept.caller, "k-1").await.unwrap();
    assert_eq!(kept, Some(remembered("k-1", "2026-06-02T00:00:00Z")));
}
