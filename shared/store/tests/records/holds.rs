//! What a deletion rests on is checked in the transaction that asks for it (21-4, 15-3).

use ciero_domain::contract::{Contract, Step};
use ciero_domain::documents::Operator;
use ciero_domain::hold::{Hold, Holds, Scope};
use ciero_ports::{CommitError, Confidential, Contracts, Decision, Ledger, Write, WriteKind};

use crate::samples::{audit, contract, now};
use crate::support::{Tables, tables};

async fn formed() -> (Tables, Contract) {
    let t = tables().await;
    let (contract, entry) = contract();
    let step = Step::of(None, entry, &Operator::default()).unwrap();
    let decision = Decision::default().step(step, None);
    t.store.commit(&decision).await.unwrap();
    (t, contract)
}

/// A row that is written only if contract and holds stand at these versions.
async fn write(t: &Tables, of: &Contract, contract: u64, holds: u64) -> Result<(), CommitError> {
    let decision = Decision::of(Write::ContractStandsAt(of.id.clone(), contract))
        .and(Write::HoldsStandAt(of.id.clone(), holds))
        .and(Write::Audit(Box::new(audit(1, "2026-06-01T00:00:00Z"))));
    t.store.commit(&decision).await
}

fn is_entity(outcome: Result<(), CommitError>) -> bool {
    matches!(outcome, Err(CommitError::Conflict(WriteKind::Entity)))
}

#[tokio::test]
async fn art_21_a_write_that_rests_on_no_hold_is_refused_once_there_is_one() {
    let (t, contract) = formed().await;
    let version = contract.version;
    let mut holds = t.store.holds(&contract.id).await.unwrap();
    assert_eq!(holds, Holds::none(contract.id.clone()));
    write(&t, &contract, version, 0).await.unwrap();
    holds.version = 1;
    holds.holds.push(Hold {
        case: "D-1".into(),
        scope: Scope::RegisteredData,
        placed_at: now(),
        released_at: None,
    });
    let place = Decision::of(Write::Holds(Box::new(holds.clone())));
    t.store.commit(&place).await.unwrap();
    assert_eq!(t.store.holds(&contract.id).await.unwrap(), holds);
    assert!(is_entity(write(&t, &contract, version, 0).await));
    assert!(is_entity(t.store.commit(&place).await));
}

#[tokio::test]
async fn a_write_that_rests_on_an_older_contract_is_refused() {
    let (t, contract) = formed().await;
    let version = contract.version;
    assert!(is_entity(write(&t, &contract, version + 1, 0).await));
    let stored = t.store.contract(&contract.id).await.unwrap();
    assert_eq!(stored.map(|stored| stored.version), Some(version));
}
