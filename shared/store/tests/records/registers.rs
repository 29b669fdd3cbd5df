//! Sub-processors and third-party terms come back version by version, and whoever was overtaken writes nothing (10, 25).

use std::collections::BTreeSet;

use ciero_domain::ids::ContractId;
use ciero_domain::processor::{Change, Register, Use};
use ciero_domain::samples::{next_third_party_terms, processor, third_party_terms};
use ciero_domain::third_party::ThirdPartyTerms;
use ciero_ports::{CommitError, Decision, Ledger, Registers, Write, WriteKind};

use crate::samples::*;
use crate::support::{MAIN, Tables, tables};

async fn commit(t: &Tables, write: Write) -> Option<WriteKind> {
    match t.store.commit(&Decision::of(write)).await {
        Ok(()) => None,
        Err(CommitError::Conflict(kind)) => Some(kind),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn art_10_every_version_of_the_register_comes_back_in_order_and_each_is_written_once() {
    let t = tables().await;
    assert_eq!(t.store.processors().await.unwrap(), []);
    let uses = BTreeSet::from([Use::Storage, Use::Reseller("mihon".into())]);
    let entries = vec![processor("cloud", &["storage", "reseller/mihon"])];
    let laid = Register::publish(None, entries, uses, ("publication", now()));
    let first = laid.unwrap().unwrap();
    let change = Change::Enter {
        processor: Box::new(processor("card", &["card"])),
    };
    let second = first.propose(change, "operator:mori", now()).unwrap();
    let third = second.approve("card", "operator:ueda", now()).unwrap();
    let versions = [first, second, third];
    for one in &versions {
        let write = Write::Processors(Box::new(one.clone()));
        assert_eq!(commit(&t, write).await, None);
    }
    assert_eq!(t.store.processors().await.unwrap(), versions);
    let again = Write::Processors(Box::new(versions[2].clone()));
    assert_eq!(commit(&t, again).await, Some(WriteKind::Entity));
}

#[tokio::test]
async fn art_25_what_was_agreed_to_is_the_newest_list_or_nothing_is_written() {
    let t = tables().await;
    let contract = |n: u8| ContractId::from_random([n; 10]);
    let agreed = |n: u8, list: Option<&ThirdPartyTerms>| {
        let agreed = ThirdPartyTerms::agreed(list, contract(n), now());
        Write::AgreedThirdParty(Box::new(agreed))
    };
    assert_eq!(commit(&t, agreed(1, None)).await, None);
    let first = third_party_terms();
    let next = next_third_party_terms(&first);
    for list in [&first, &next] {
        let write = Write::ThirdPartyTerms(Box::new(list.clone()));
        assert_eq!(commit(&t, write).await, None);
    }
    let before = t.count(MAIN).await;
    for overtaken in [None, Some(&first)] {
        let refused = commit(&t, agreed(2, overtaken)).await;
        assert_eq!(refused, Some(WriteKind::Entity));
    }
    assert_eq!(t.count(MAIN).await, before);
    assert_eq!(commit(&t, agreed(2, Some(&next))).await, None);
    assert_eq!(
        commit(&t, agreed(2, Some(&next))).await,
        Some(WriteKind::Once)
    );
    let version = async |n: u8| {
        let agreed = t.store.agreed_third_party(&contract(n)).await.unwrap();
        agreed.map(|agreed| (agreed.version, agreed.sha256))
    };
    assert_eq!(version(1).await.map(|agreed| agreed.0), Some(0));
    assert_eq!(version(2).await, Some((2, next.sha256.clone())));
    assert_eq!(version(3).await, None);
    assert_eq!(t.store.third_party_terms().await.unwrap(), [first, next]);
}
