//! What is written comes back the same, and only to whom it belongs.

use ciero_domain::application::{Event, State};
use ciero_domain::ids::{ContractId, MessageId};
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_domain::screening::{Reading, Review, Subject};
use ciero_ports::{
    Applications, Audit, Confidential, Contracts, Decision, Devices, Documents, Ledger, Notices,
    People, Viewing, Write,
};
use jiff::civil::date;

use crate::samples::*;
use crate::support::{CONFIDENTIAL, MAIN, tables};

fn other_contract() -> ContractId {
    ContractId::from_random([8; 10])
}

#[tokio::test]
async fn an_application_comes_back_as_it_was_written_and_moves_between_the_lists() {
    let t = tables().await;
    let draft = draft(1);
    let write = Write::Draft(Box::new(draft.clone()));
    t.store.commit(&Decision::of(write)).await.unwrap();
    assert_eq!(
        t.store.application(&draft.id).await.unwrap(),
        Some(draft.clone())
    );
    assert_eq!(
        t.store.applications(State::Draft).await.unwrap(),
        std::slice::from_ref(&draft)
    );
    let (submitted, event) = evolved(draft, Event::Submitted { at: now() });
    let write = Write::Application(submitted.clone(), event);
    t.store.commit(&Decision::of(write)).await.unwrap();
    assert_eq!(t.store.applications(State::Draft).await.unwrap(), []);
    assert_eq!(
        t.store.applications(State::Submitted).await.unwrap(),
        [*submitted]
    );
    assert_eq!(t.store.application(&application_id(2)).await.unwrap(), None);
    assert_eq!(t.count(MAIN).await, 2, "the state and one event");
}

#[tokio::test]
async fn lists_show_the_newest_first_and_at_most_200() {
    let t = tables().await;
    for n in 0..=204_u8 {
        let mut one = draft(n);
        // Fractions of different length: 0.1 s must come before 0.11 s.
        one.drafted_at = at(&format!("2026-06-01T00:00:{:02}.{}Z", n / 10, n % 10));
        let decision = Decision::of(Write::Draft(Box::new(one)));
        t.store.commit(&decision).await.unwrap();
    }
    let listed = t.store.applications(State::Draft).await.unwrap();
    assert_eq!(listed.len(), 200);
    assert_eq!(listed[0].id, application_id(204));
    assert!(listed.is_sorted_by(|a, b| a.drafted_at > b.drafted_at));
}

#[tokio::test]
async fn a_contract_comes_back_and_is_listed() {
    let t = tables().await;
    let (contract, event) = contract();
    let write = Write::Contract(Box::new(contract.clone()), Box::new(event));
    t.store.commit(&Decision::of(write)).await.unwrap();
    assert_eq!(
        t.store.contract(&contract.id).await.unwrap(),
        Some(contract.clone())
    );
    assert_eq!(t.store.contracts().await.unwrap(), [contract]);
    assert_eq!(t.store.contract(&other_contract()).await.unwrap(), None);
}

#[tokio::test]
async fn users_are_found_by_contract_only_and_by_their_pointer() {
    let t = tables().await;
    let (first, second) = (user(2), user(1));
    let decision = Decision::of(Write::User(Box::new(first.clone())))
        .and(Write::User(Box::new(second.clone())));
    t.store.commit(&decision).await.unwrap();
    let store = &t.store;
    assert_eq!(
        store.user(&contract_id(), &first.id).await.unwrap(),
        Some(first.clone())
    );
    assert_eq!(
        store.user(&other_contract(), &first.id).await.unwrap(),
        None
    );
    assert_eq!(
        store.users(&contract_id()).await.unwrap(),
        [second, first.clone()],
        "in the order of their coming, here of their identifiers"
    );
    assert_eq!(store.users(&other_contract()).await.unwrap(), []);
    assert_eq!(
        store.contract_of(&first.id).await.unwrap(),
        Some(contract_id())
    );
    assert_eq!(store.contract_of(&user_id(7)).await.unwrap(), None);
}

#[tokio::test]
async fn devices_cameras_and_codes_come_back() {
    let t = tables().await;
    let decision = Decision::of(Write::Device(Box::new(device(1))))
        .and(Write::Camera(Box::new(camera())))
        .and(Write::Code {
            hash: "c0de".into(),
            contract: contract_id(),
            device: device_id(1),
            expires_at: now(),
        });
    t.store.commit(&decision).await.unwrap();
    let (store, c) = (&t.store, contract_id());
    assert_eq!(
        store.device(&c, &device_id(1)).await.unwrap(),
        Some(device(1))
    );
    assert_eq!(store.devices(&c).await.unwrap(), [device(1)]);
    assert_eq!(
        store.camera(&c, &camera_id()).await.unwrap(),
        Some(camera())
    );
    assert_eq!(store.cameras(&c).await.unwrap(), [camera()]);
    assert_eq!(
        store.camera(&other_contract(), &camera_id()).await.unwrap(),
        None
    );
    assert_eq!(
        store.by_code("c0de").await.unwrap(),
        Some((c, device_id(1)))
    );
    let forget = Decision::of(Write::ForgetCode {
        hash: "c0de".into(),
    });
    store.commit(&forget).await.unwrap();
    store
        .commit(&forget)
        .await
        .expect("a forgotten code is forgotten");
    assert_eq!(store.by_code("c0de").await.unwrap(), None);
}

#[tokio::test]
async fn the_price_list_in_force_is_the_latest_that_has_begun() {
    let t = tables().await;
    let store = &t.store;
    assert_eq!(store.prices(date(2026, 6, 1)).await.unwrap(), None);
    let (early, late) = (prices("b", date(2026, 4, 1)), prices("a", date(2027, 4, 1)));
    let decision = Decision::of(Write::Prices(Box::new(early.clone())))
        .and(Write::Prices(Box::new(late.clone())));
    store.commit(&decision).await.unwrap();
    let on = async |day| store.prices(day).await.unwrap();
    assert_eq!(on(date(2026, 3, 31)).await, None);
    assert_eq!(on(date(2026, 4, 1)).await, Some(early.clone()));
    assert_eq!(on(date(2027, 3, 31)).await, Some(early));
    assert_eq!(on(date(2027, 4, 1)).await, Some(late.clone()));
    let corrected = prices("a", date(2027, 5, 1));
    let decision = Decision::of(Write::Prices(Box::new(corrected.clone())));
    store.commit(&decision).await.unwrap();
    assert_eq!(on(date(2027, 5, 1)).await, Some(corrected));
    assert_eq!(
        on(date(2027, 4, 30)).await.unwrap().version,
        "b",
        "a corrected version leaves nothing of its former self"
    );
}

#[tokio::test]
async fn the_operators_settings_and_terms_come_back() {
    let t = tables().await;
    let store = &t.store;
    assert_eq!(store.operator().await.unwrap(), None);
    let (old, new) = (terms("z", date(2026, 4, 1)), terms("a", date(2027, 4, 1)));
    let decision = Decision::of(Write::Operator(Box::new(operator())))
        .and(Write::Terms(Box::new(new.clone())))
        .and(Write::Terms(Box::new(old.clone())));
    store.commit(&decision).await.unwrap();
    assert_eq!(store.operator().await.unwrap(), Some(operator()));
    assert_eq!(
        store.terms_versions().await.unwrap(),
        [old.version.clone(), new.version]
    );
    assert_eq!(store.terms("z").await.unwrap(), Some(old));
    assert_eq!(store.terms("unknown").await.unwrap(), None);
    let renamed = ciero_domain::documents::Operator {
        service_name: "Other".into(),
        ..operator()
    };
    let decision = Decision::of(Write::Operator(Box::new(renamed.clone())));
    store.commit(&decision).await.unwrap();
    assert_eq!(store.operator().await.unwrap(), Some(renamed));
}

#[tokio::test]
async fn entitlements_three_items_are_seen_together_or_not_at_all() {
    let t = tables().await;
    let (contract, event) = contract();
    let person = user(1);
    let decision = Decision::of(Write::Contract(Box::new(contract.clone()), Box::new(event)))
        .and(Write::User(Box::new(person.clone())))
        .and(Write::Camera(Box::new(camera())));
    t.store.commit(&decision).await.unwrap();
    let (id, store) = (&contract.id, &t.store);
    let seen = store
        .seen(id, &person.id, &camera_id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.contract, contract);
    assert_eq!(seen.user, person);
    assert_eq!(seen.camera, camera());
    let unknown = store.seen(id, &user_id(7), &camera_id()).await.unwrap();
    assert!(unknown.is_none());
    let foreign = store
        .seen(&other_contract(), &person.id, &camera_id())
        .await
        .unwrap();
    assert!(foreign.is_none());
}

#[tokio::test]
async fn a_user_keeps_acceptances_and_rights() {
    let t = tables().await;
    let mut person = user_with_rights(1);
    person.version = 1;
    let decision = Decision::of(Write::User(Box::new(person.clone())));
    t.store.commit(&decision).await.unwrap();
    let read = t.store.user(&contract_id(), &person.id).await.unwrap();
    assert_eq!(read, Some(person));
}

#[tokio::test]
async fn screening_register_and_lists_live_in_the_confidential_table_alone() {
    let t = tables().await;
    let lists = [screening_list("demo", "1"), screening_list("demo", "2")];
    let published = |at: usize| Write::ScreeningList(Box::new(lists[at].clone()));
    let decision = Decision::of(Write::Screening(Box::new(screening())))
        .and(published(1))
        .and(published(0))
        .and(Write::Register(Box::new(register("r-2"))))
        .and(Write::Register(Box::new(register("r-1"))));
    t.store.commit(&decision).await.unwrap();
    let read = t.store.screening(&application_id(1)).await.unwrap();
    assert_eq!(read, Some(screening()));
    assert_eq!(
        t.store.register().await.unwrap(),
        [register("r-1"), register("r-2")]
    );
    assert_eq!(t.store.screening_lists().await.unwrap(), lists);
    assert_eq!(t.count(MAIN).await, 0);
    assert_eq!(t.count(CONFIDENTIAL).await, 5);
}

#[tokio::test]
async fn a_review_and_who_read_reasons_live_in_the_confidential_table_alone() {
    let t = tables().await;
    let subject = Subject::Contract(contract_id());
    let found = screening().signals;
    let review = Review::of_found(None, &subject, &[], found, now()).unwrap();
    let decision = Decision::of(Write::Review(Box::new(review.clone())));
    t.store.commit(&decision).await.unwrap();
    let read = t.store.review(&subject).await.unwrap();
    assert_eq!(read, Some(review.clone()));
    assert_eq!(t.store.reviews().await.unwrap(), [review]);
    let reading = |number: u8, at: &str| Reading {
        id: MessageId::from_random([number; 10]),
        at: at.parse().unwrap(),
        by: "suzuki".into(),
        what: "reviews".into(),
    };
    let readings = [
        reading(1, "2026-06-02T00:00:00Z"),
        reading(2, "2026-06-01T00:00:00Z"),
    ];
    for reading in readings.iter().chain(&readings) {
        t.store.note_reading(reading).await.unwrap();
    }
    assert_eq!(t.store.readings("reviews", 10).await.unwrap(), readings);
    assert_eq!(t.store.readings("reviews", 1).await.unwrap(), readings[..1]);
    assert_eq!(t.store.readings("register", 10).await.unwrap(), []);
    assert_eq!(t.count(MAIN).await, 0);
    assert_eq!(t.count(CONFIDENTIAL).await, 3);
}

#[tokio::test]
async fn a_notice_is_found_by_its_message() {
    let t = tables().await;
    let write = Write::Notice(Box::new(notice(1)));
    t.store.commit(&Decision::of(write)).await.unwrap();
    let read = t.store.notice(&message_id(1)).await.unwrap();
    assert_eq!(read, Some(notice(1)));
    assert_eq!(t.store.notice(&message_id(2)).await.unwrap(), None);
}

#[tokio::test]
async fn what_became_of_a_notice_stands_by_its_message_and_under_its_contract() {
    let t = tables().await;
    let write = Write::Notice(Box::new(notice(1)));
    t.store.commit(&Decision::of(write)).await.unwrap();
    let arrived = notice(1).hear(Outcome::Arrived { at: now() }).unwrap();
    let write = Write::NoticeOutcome(Box::new(arrived.clone()));
    t.store.commit(&Decision::of(write)).await.unwrap();
    let read = t.store.notice(&message_id(1)).await.unwrap();
    assert_eq!(read.as_ref(), Some(&arrived));
    let listed = t.store.of_contract(&contract_id(), 10).await.unwrap();
    assert_eq!(listed, [arrived]);
}

#[tokio::test]
async fn the_notices_of_a_contract_are_read_newest_first_and_without_those_of_no_contract() {
    let t = tables().await;
    let sent = |n, moment| NoticeRecord {
        sent_at: at(moment),
        ..notice(n)
    };
    let without = NoticeRecord {
        notice: Notice::ApplicationReceived {
            application: application_id(1),
        },
        ..notice(9)
    };
    let notices = [
        sent(3, "2026-06-01T00:00:00Z"),
        sent(1, "2026-06-01T00:00:00.5Z"),
        sent(2, "2026-06-01T00:00:01Z"),
        without,
    ];
    for record in notices.clone() {
        let write = Write::Notice(Box::new(record));
        t.store.commit(&Decision::of(write)).await.unwrap();
    }
    let contract = contract_id();
    let read = |most| t.store.of_contract(&contract, most);
    let [first, second, third, _] = notices;
    assert_eq!(read(2).await.unwrap(), [third.clone(), second.clone()]);
    assert_eq!(read(100).await.unwrap(), [third, second, first]);
    assert_eq!(read(0).await.unwrap(), []);
    let others = t.store.of_contract(&other_contract(), 9).await;
    assert_eq!(others.unwrap(), []);
}

#[tokio::test]
async fn the_audit_trail_shows_the_newest_rows_first_and_keeps_a_repeated_row_once() {
    let t = tables().await;
    let rows = [
        audit(1, "2026-06-01T00:00:00Z"),
        audit(2, "2026-06-01T00:00:00.5Z"),
        audit(3, "2026-06-01T00:00:01Z"),
    ];
    for row in &rows[..2] {
        t.store.append(row).await.unwrap();
    }
    t.store.append(&rows[0]).await.unwrap();
    let write = Write::Audit(Box::new(rows[2].clone()));
    t.store.commit(&Decision::of(write)).await.unwrap();
    let trail = t.store.trail(&contract_id(), 2).await.unwrap();
    assert_eq!(trail, [rows[2].clone(), rows[1].clone()]);
    assert_eq!(t.store.trail(&contract_id(), 100).await.unwrap().len(), 3);
    assert_eq!(t.store.trail(&contract_id(), 0).await.unwrap(), []);
    assert_eq!(t.store.trail(&other_contract(), 9).await.unwrap(), []);
}
