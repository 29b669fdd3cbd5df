//! The camera watch's records: versions keep doubled runs apart, and one contract never sees another's.

use ciero_domain::ids::ContractId;
use ciero_domain::watch::{Keeps, Ledger as Recorded, News, Outage, Seen, Told, Trouble};
use ciero_ports::{
    CommitError, Decision, Ledger, Watch, WatchReport, WatchRun, WatchedPage, Write, WriteKind,
};

use crate::samples::*;
use crate::support::tables;

fn ledger() -> Recorded {
    let seen = Seen {
        arrivals: Vec::new(),
        read_to: now(),
        keeps: Keeps::Recordings,
    };
    Recorded::begin(&camera(), now()).observe(&seen, now())
}

#[tokio::test]
async fn a_ledger_comes_back_under_its_contract_and_only_the_next_version_is_written() {
    let t = tables().await;
    let first = ledger();
    assert!(t.store.put_ledger(&first).await.unwrap());
    assert!(!t.store.put_ledger(&first).await.unwrap(), "a doubled run");
    assert_eq!(
        t.store.ledgers(&contract_id()).await.unwrap(),
        std::slice::from_ref(&first)
    );
    let other = ContractId::from_random([8; 10]);
    assert_eq!(t.store.ledgers(&other).await.unwrap(), []);
    let skipping = Recorded {
        version: 3,
        ..first.clone()
    };
    assert!(!t.store.put_ledger(&skipping).await.unwrap());
    let second = Recorded {
        version: 2,
        ..first
    };
    assert!(t.store.put_ledger(&second).await.unwrap());
    assert_eq!(t.store.ledgers(&contract_id()).await.unwrap(), [second]);
}

#[tokio::test]
async fn what_was_told_is_written_once_with_its_notice() {
    let t = tables().await;
    let nothing = t.store.told(&contract_id()).await.unwrap();
    assert_eq!(nothing, Told::nothing(contract_id()));
    let news = News {
        stopped: vec![Outage {
            camera: camera_id(),
            since: now(),
            trouble: Trouble::Offline,
        }],
        ..News::default()
    };
    let told = nothing.after(&news, now());
    let decision = Decision {
        messages: vec![message(1, "2026-06-01T00:00:00Z")],
        ..Decision::of(Write::Told(Box::new(told.clone())))
    };
    t.store.commit(&decision).await.unwrap();
    assert_eq!(t.store.told(&contract_id()).await.unwrap(), told);
    let doubled = t.store.commit(&decision).await.unwrap_err();
    assert!(matches!(doubled, CommitError::Conflict(WriteKind::Entity)));
    assert_eq!(t.store.unsent(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_goes_on_once_and_its_report_replaces_the_one_before() {
    let t = tables().await;
    let run = WatchRun {
        version: 1,
        ..WatchRun::begin(now())
    };
    assert_eq!(t.store.watch_run(now()).await.unwrap(), None);
    assert!(t.store.put_watch_run(&run).await.unwrap());
    assert!(!t.store.put_watch_run(&run).await.unwrap());
    assert_eq!(t.store.watch_run(now()).await.unwrap(), Some(run));
    let report = WatchReport {
        at: Some(now()),
        ..WatchReport::default()
    };
    assert_eq!(
        t.store.watch_report().await.unwrap(),
        WatchReport::default()
    );
    t.store.put_watch_report(&report).await.unwrap();
    assert_eq!(t.store.watch_report().await.unwrap(), report);
}

#[tokio::test]
async fn a_contract_is_listed_from_its_first_camera_until_it_is_taken_off_at_the_same_count() {
    let t = tables().await;
    let add = async |contract: &ContractId, count| {
        let decision = Decision::of(Write::CameraAdded(contract.clone(), count));
        t.store.commit(&decision).await.unwrap();
    };
    let (first, second) = (contract_id(), ContractId::from_random([250; 10]));
    assert_eq!(
        t.store.watched(None, 10).await.unwrap(),
        WatchedPage::default()
    );
    add(&first, 1).await;
    add(&second, 1).await;
    let page = t.store.watched(None, 1).await.unwrap();
    assert_eq!(page.next.as_ref(), Some(&page.contracts[0].contract));
    let rest = t.store.watched(page.next, 10).await.unwrap();
    assert_eq!((rest.contracts.len(), &rest.next), (1, &None));
    let known = page.contracts[0].clone();
    add(&known.contract, 2).await;
    t.store.unwatch(&known).await.unwrap();
    let all = t.store.watched(None, 10).await.unwrap().contracts;
    assert_eq!(all.len(), 2, "a camera came in between");
    for watched in &all {
        t.store.unwatch(watched).await.unwrap();
        t.store.unwatch(watched).await.unwrap();
    }
    assert_eq!(
        t.store.watched(None, 10).await.unwrap(),
        WatchedPage::default()
    );
}
