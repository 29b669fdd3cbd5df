//! Exports: each step on its version, the newest first, and never another contract's.

use ciero_domain::export::{Export, State, What};
use ciero_domain::ids::{ContractId, ExportId, UserId};
use ciero_ports::{CommitError, Decision, Exports, Ledger, Write, WriteKind};
use jiff::{SignedDuration, Timestamp};

use crate::samples::*;
use crate::support::tables;

fn export(n: u8, asked_at: Timestamp) -> Export {
    let what = What::Recordings {
        camera: camera().id,
        from: asked_at - SignedDuration::from_hours(3),
        until: asked_at,
        visible_from: asked_at - SignedDuration::from_hours(4),
    };
    let (id, by) = (ExportId::from_random([n; 10]), UserId::from_random([1; 10]));
    Export::ask(id, contract_id(), what, by, asked_at)
}

#[tokio::test]
async fn an_export_comes_back_and_only_the_next_version_is_written() {
    let t = tables().await;
    let first = export(1, now());
    let decision = Decision::of(Write::Export(Box::new(first.clone())));
    t.store.commit(&decision).await.unwrap();
    let found = t.store.export(&contract_id(), &first.id).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let other = ContractId::from_random([8; 10]);
    assert_eq!(t.store.export(&other, &first.id).await.unwrap(), None);
    let next = Export {
        version: 2,
        journal: "{}".into(),
        ..first.clone()
    };
    assert!(t.store.put_export(&next).await.unwrap());
    assert!(!t.store.put_export(&next).await.unwrap(), "a doubled step");
    let done = next.ended(State::Done { at: now() });
    assert!(t.store.put_export(&done).await.unwrap());
    let found = t.store.export(&contract_id(), &first.id).await.unwrap();
    assert_eq!(found, Some(done));
}

#[tokio::test]
async fn the_newest_export_is_listed_first() {
    let t = tables().await;
    let (old, new) = (
        export(9, now()),
        export(1, now() + SignedDuration::from_secs(1)),
    );
    for one in [&old, &new] {
        assert!(t.store.put_export(one).await.unwrap());
    }
    assert_eq!(t.store.exports(&contract_id()).await.unwrap(), [new, old]);
}

#[tokio::test]
async fn of_two_that_saw_the_same_exports_one_looks_again() {
    let t = tables().await;
    assert_eq!(t.store.exports_asked(&contract_id()).await.unwrap(), 0);
    let decision = Decision::of(Write::ExportsAsked(contract_id(), 1));
    t.store.commit(&decision).await.unwrap();
    let refused = t.store.commit(&decision).await;
    assert!(matches!(
        refused,
        Err(CommitError::Conflict(WriteKind::Entity))
    ));
    assert_eq!(t.store.exports_asked(&contract_id()).await.unwrap(), 1);
}
