//! Contracts: the snapshot and its events (3-3, Art. 11).

use async_trait::async_trait;
use ciero_domain::contract::{Contract, Event};
use ciero_domain::ids::ContractId;
use ciero_ports::{Contracts, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};

/// Writes a contract with the event that brought it there.
pub(crate) fn put(contract: &Contract, event: &Event) -> Operations {
    let state = Item::with_body(keys::contract(&contract.id), contract)?.listed(
        keys::CONTRACT_LIST,
        &format!("{}#{}", keys::sortable(contract.formed_at), contract.id),
    );
    let event = Item::with_body(keys::contract_event(&contract.id, contract.version), event)?;
    Ok(vec![
        Operation::put_version(state, contract.version),
        Operation::put(event, Condition::Absent, WriteKind::Entity),
    ])
}

#[async_trait]
impl Contracts for Store {
    async fn contract(&self, id: &ContractId) -> Result<Option<Contract>, StoreError> {
        self.entity(Table::Main, keys::contract(id)).await
    }

    async fn contracts(&self) -> Result<Vec<Contract>, StoreError> {
        self.list(keys::CONTRACT_LIST).await
    }
}
