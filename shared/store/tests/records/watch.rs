//! The camera watch's records: versions keep doubled runs apart, and one contract never sees another's.

use ciero_domain::ids::ContractId;
use ciero_domain::watch::{Keeps, Ledger as Recorded, News, Outage, Seen, Told, Trouble};
use ciero_ports::{CommitError, Decision, Ledger, Watch, WatchReport, WatchRun, Write, WriteKind};

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
