//! The legal desk's records: cases with their history and copies, and incidents, in the confidential table alone (21-4).

use ciero_domain::breach::{Breach, Duty, Incident, Protection};
use ciero_domain::disclosure::{
    Command, CopyOrder, DataKind, Disclosure, Entry, HoldCopy, HoldWhen, LegalBasis, Opening,
    Request, RequesterKind, Scope, Stretch, evolve,
};
use ciero_domain::ids::{BreachId, DisclosureId};
use ciero_ports::{CommitError, Decision, Disclosures, Ledger, Write, WriteKind};
use jiff::ToSpan;
use jiff::civil::date;

use crate::samples::*;
use crate::support::{CONFIDENTIAL, MAIN, tables};

fn case_id(n: u8) -> DisclosureId {
    DisclosureId::from_random([n; 10])
}

fn stretch() -> Stretch {
    Stretch {
        camera: camera_id(),
        from: now() - 2.hours(),
        until: now() - 1.hour(),
    }
}

fn opened(n: u8) -> (Disclosure, Entry) {
    let opening = Opening {
        id: case_id(n),
        contract: contract_id(),
        request: Request {
            requester: RequesterKind::Police,
            name: "見本警察署".into(),
            office: "刑事課".into(),
            officer: "見本 一郎".into(),
            contact: "03-0000-0000".into(),
            basis: LegalBasis::Warrant,
            statute: String::new(),
            document_number: "第1号".into(),
            received_on: date(2026, 6, 1),
        },
        scope: Scope {
            data: vec![DataKind::Users],
            recordings: vec![stretch()],
        },
        hold: HoldWhen::Later,
    };
    let entry = opening.decide("operator:ueda", now()).unwrap();
    (evolve(None, &entry).unwrap(), entry)
}

fn written(case: &Disclosure, entry: &Entry) -> Decision {
    let (case, entry) = (Box::new(case.clone()), Box::new(entry.clone()));
    Decision::of(Write::Disclosure(case, entry))
}

fn is_entity(outcome: Result<(), CommitError>) -> bool {
    matches!(outcome, Err(CommitError::Conflict(WriteKind::Entity)))
}

#[tokio::test]
async fn art_21_a_case_comes_back_with_its_history_and_only_its_next_version_is_written() {
    let t = tables().await;
    let (case, entry) = opened(1);
    t.store.commit(&written(&case, &entry)).await.unwrap();
    let held = case.decide(Command::PlaceHold, "operator:ueda", now());
    let held = held.unwrap();
    let next = evolve(Some(&case), &held).unwrap();
    t.store.commit(&written(&next, &held)).await.unwrap();
    assert!(is_entity(t.store.commit(&written(&next, &held)).await));
    let store = &t.store;
    let found = store.disclosure(&case.id).await.unwrap();
    assert_eq!(found, Some(next.clone()));
    assert_eq!(store.disclosures().await.unwrap(), [next]);
    let history = store.disclosure_history(&case.id).await.unwrap();
    assert_eq!(history, [entry, held]);
    assert_eq!(store.disclosure(&case_id(2)).await.unwrap(), None);
    assert_eq!(store.disclosure_history(&case_id(2)).await.unwrap(), []);
    assert_eq!(t.count(MAIN).await, 0);
    assert_eq!(t.count(CONFIDENTIAL).await, 3, "the state and two entries");
}

#[tokio::test]
async fn art_21_a_copy_stands_under_its_case() {
    let t = tables().await;
    let begun = HoldCopy::begin(CopyOrder {
        case: case_id(1),
        contract: contract_id(),
        stretch: stretch(),
        stream_name: "ciero-k".into(),
    });
    let write = |copy: &HoldCopy| Decision::of(Write::HoldCopy(Box::new(copy.clone())));
    t.store.commit(&write(&begun)).await.unwrap();
    let mut read = begun.clone();
    read.version = 2;
    read.read_up_to(stretch().until, now());
    t.store.commit(&write(&read)).await.unwrap();
    assert!(is_entity(t.store.commit(&write(&read)).await));
    let copies = t.store.hold_copies(&case_id(1)).await.unwrap();
    assert_eq!(copies, [read]);
    assert_eq!(t.store.hold_copies(&case_id(2)).await.unwrap(), []);
}

#[tokio::test]
async fn art_21_an_incident_comes_back_with_its_steps() {
    let t = tables().await;
    let incident = Incident {
        id: BreachId::from_random([1; 10]),
        known_at: now(),
        what: "誤送信".into(),
        persons: 2_000,
        protection: Protection::None,
        triggers: Vec::new(),
    };
    let breach = Breach::record(incident, "operator:ueda", now()).unwrap();
    let write = |breach: &Breach| Decision::of(Write::Breach(Box::new(breach.clone())));
    t.store.commit(&write(&breach)).await.unwrap();
    let (day, who) = (date(2026, 6, 1), ("operator:ueda", now()));
    let reported = breach.note(Duty::PromptReport, day, "電話", who).unwrap();
    t.store.commit(&write(&reported)).await.unwrap();
    assert!(is_entity(t.store.commit(&write(&reported)).await));
    let found = t.store.breach(&breach.id).await.unwrap();
    assert_eq!(found, Some(reported.clone()));
    assert_eq!(t.store.breaches().await.unwrap(), [reported]);
    let other = BreachId::from_random([2; 10]);
    assert_eq!(t.store.breach(&other).await.unwrap(), None);
    assert_eq!(t.count(MAIN).await, 0);
}
