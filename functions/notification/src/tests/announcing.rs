//! Later terms are told to every contract, however many there are and whatever is cut short.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use ciero_domain::Language;
use ciero_domain::contract::{Contract, Standing, TerminationCause};
use ciero_domain::ids::ContractId;
use ciero_domain::notice::Notice;
use ciero_ports::{
    About, Announcement, Body, CommitError, ContractPage, Message, MockContracts, MockLedger,
    WriteKind,
};
use jiff::ToSpan;
use jiff::civil::date;

use super::mocks::Mocks;
use super::samples::*;
use crate::announce::page;

const PAGE: usize = 100;

fn announcement() -> Announcement {
    Announcement {
        about: About::Terms {
            version: "2027-04-01".into(),
        },
        published_at: now().0,
        from: None,
    }
}

/// This many contracts, which were formed before the publication.
fn contracts(number: u8) -> Vec<Contract> {
    let numbered = (0..number).map(|n| Contract {
        id: ContractId::from_random([n; 10]),
        formed_at: now().0 - 1.hour(),
        ..contract(Language::Ja)
    });
    numbered.collect()
}

/// The outbox, which breaks at some commits.
#[derive(Default)]
struct Outbox {
    messages: Vec<Message>,
    commits: Vec<usize>,
    fail_in: Option<usize>,
}

fn mocks(all: Vec<Contract>, outbox: &Arc<Mutex<Outbox>>) -> Mocks {
    let mut mocks = Mocks::reading(Language::Ja);
    mocks.contracts = MockContracts::new();
    let ids: Vec<ContractId> = all.iter().map(|contract| contract.id.clone()).collect();
    mocks.contracts.expect_page().returning(move |from| {
        let first: usize = from.map_or(0, |from| from.parse().unwrap());
        let next = (first + PAGE).min(ids.len());
        Ok(ContractPage {
            contracts: ids[first..next].to_vec(),
            next: (next < ids.len()).then(|| next.to_string()),
        })
    });
    mocks
        .contracts
        .expect_contract()
        .returning(move |id| Ok(all.iter().find(|contract| contract.id == *id).cloned()));
    mocks.ledger = MockLedger::new();
    let of = outbox.clone();
    mocks.ledger.expect_commit().returning(move |decision| {
        let mut outbox = of.lock().unwrap();
        match &mut outbox.fail_in {
            Some(0) => {
                outbox.fail_in = None;
                return Err(CommitError::Unavailable("gone".into()));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let is_there = |new: &Message| outbox.messages.iter().any(|known| known.id == new.id);
        if decision.messages.iter().any(is_there) {
            return Err(CommitError::Conflict(WriteKind::Once));
        }
        outbox.commits.push(decision.messages.len());
        outbox.messages.extend(decision.messages.clone());
        Ok(())
    });
    // The queue takes nothing, so everything stays in the outbox.
    mocks.queues.expect_send().returning(|_| Vec::new());
    mocks.ledger.expect_sent().returning(|_| Ok(()));
    mocks
}

/// Goes through every page, with one commit that fails on the way; returns the contracts that are told, in order.
async fn told(all: Vec<Contract>, fail_in: Option<usize>) -> (Vec<ContractId>, Vec<usize>) {
    let outbox = Arc::new(Mutex::new(Outbox {
        fail_in,
        ..Outbox::default()
    }));
    let app = mocks(all, &outbox).app();
    let mut next = Some(announcement());
    while let Some(announcement) = next.take() {
        if page(&app, &announcement, now()).await.is_err() {
            // The queue brings the message again.
            page(&app, &announcement, now()).await.unwrap();
        }
        let outbox = outbox.lock().unwrap();
        let later = outbox
            .messages
            .iter()
            .find_map(|message| match &message.body {
                Body::Announce(later) if later.from > announcement.from => Some(later.clone()),
                _ => None,
            });
        next = later;
    }
    let outbox = outbox.lock().unwrap();
    let told = outbox
        .messages
        .iter()
        .filter_map(|message| match &message.body {
            Body::Notice(Notice::TermsPublished {
                contract,
                terms_version,
            }) => {
                assert_eq!(terms_version, "2027-04-01");
                Some(contract.clone())
            }
            _ => None,
        });
    (told.collect(), outbox.commits.clone())
}

#[tokio::test]
async fn every_contract_is_told_once_however_many_there_are() {
    let all = contracts(250);
    let ids: BTreeSet<ContractId> = all.iter().map(|contract| contract.id.clone()).collect();
    let (told, commits) = told(all, None).await;
    assert_eq!(told.len(), 250);
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), ids);
    assert_eq!(commits, [80, 21, 80, 21, 50], "no transaction is too long");
}

#[tokio::test]
async fn a_page_that_is_cut_short_goes_on_and_tells_nobody_twice() {
    for fail_in in 0..5 {
        let (told, _) = told(contracts(250), Some(fail_in)).await;
        let distinct: BTreeSet<&ContractId> = told.iter().collect();
        assert_eq!((told.len(), distinct.len()), (250, 250), "{fail_in}");
    }
}

#[tokio::test]
async fn who_has_no_contract_any_more_or_contracts_later_is_told_nothing() {
    let mut all = contracts(3);
    all[0].standing = Standing::Ended {
        on: date(2026, 5, 1),
        cause: TerminationCause::Expiry,
        at_once: false,
    };
    all[1].formed_at = now().0 + 1.second();
    let expected = all[2].id.clone();
    let (told, _) = told(all, None).await;
    assert_eq!(told, [expected]);
}
