//! Contracts: the snapshot, its history and its effects (3-3, Art. 11).

use async_trait::async_trait;
use ciero_domain::application::Channel;
use ciero_domain::contract::{Contract, Debt, Effect, Entry, Event, Standing};
use ciero_domain::ids::ContractId;
use ciero_ports::{ContractPage, Contracts, StoreError, WriteKind};

use crate::item::{Item, Unwritable, body};
use crate::keys::{self, Key};
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::{Order, Range};
use crate::{Store, describe};

/// How many contracts one page of all of them holds.
const PAGE: i32 = 100;
/// How many contracts a list for people shows.
const LONGEST_LIST: i32 = 200;
/// DynamoDB's limit of one batch read.
const MOST_IN_BATCH: usize = 100;

/// Writes a contract with the entry that brought it there. It enters people's lists once, with an item of
/// its own, so that no later write has to keep an index up to date.
pub(crate) fn put(contract: &Contract, entry: &Entry) -> Operations {
    let state = Item::with_body(keys::contract(&contract.id), contract)?;
    let event = Item::with_body(keys::contract_event(&contract.id, contract.version), entry)?;
    let mut operations = vec![
        Operation::put_version(state, contract.version),
        Operation::put(event, Condition::Absent, WriteKind::Entity),
    ];
    if contract.version == 1 {
        let key = format!("{}#{}", keys::sortable(contract.formed_at), contract.id);
        let listed = Item::at(keys::contract_listed(&contract.id));
        let listed = listed.listed(keys::CONTRACT_LIST, &key);
        operations.push(Operation::put(listed, Condition::Always, WriteKind::Once));
    }
    operations.extend(in_arrears(contract, entry)?);
    operations.extend(of_reseller(contract)?);
    Ok(operations)
}

/// Demands that a contract is still at this version.
pub(crate) fn stands_at(contract: &ContractId, version: u64) -> Operations {
    Ok(vec![Operation::check(keys::contract(contract), version)])
}

/// A contract stands in the list of arrears from its first demand or draft of interest until nothing of that is open.
/// Only entries about money that is late or comes in change it, so other writes pay nothing for the list.
fn in_arrears(contract: &Contract, entry: &Entry) -> Result<Option<Operation>, Unwritable> {
    let decides = matches!(
        entry.event,
        Event::Demanded { .. }
            | Event::ReceiptRecorded { .. }
            | Event::InterestBilled { .. }
            | Event::InterestWaived { .. }
    );
    if !decides && entry.event.credit_note().is_none() {
        return Ok(None);
    }
    let stands = |debt: &Debt| debt.demand.is_some() || debt.draft.is_some() || !debt.is_dunned();
    let key = keys::in_arrears(&contract.id);
    let (always, kind) = (Condition::Always, WriteKind::Once);
    Ok(Some(match contract.account.debts.iter().any(stands) {
        true => Operation::put(Item::with_body(key, &contract.id)?, always, kind),
        false => Operation::delete(key, always, kind),
    }))
}

/// A reseller's customer stands in its list from the formation to the end (6-2).
fn of_reseller(contract: &Contract) -> Result<Option<Operation>, Unwritable> {
    let Channel::Reseller(code) = &contract.channel else {
        return Ok(None);
    };
    let key = keys::customer(code, &contract.id);
    let (always, kind) = (Condition::Always, WriteKind::Once);
    if matches!(contract.standing, Standing::Ended { .. }) {
        return Ok(Some(Operation::delete(key, always, kind)));
    }
    if contract.version > 1 {
        return Ok(None);
    }
    let item = Item::with_body(key, &contract.id)?;
    Ok(Some(Operation::put(item, always, kind)))
}

#[async_trait]
impl Contracts for Store {
    async fn contract(&self, id: &ContractId) -> Result<Option<Contract>, StoreError> {
        self.entity(Table::Main, keys::contract(id)).await
    }

    async fn named(&self, ids: &[ContractId]) -> Result<Vec<Contract>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(keys::contract).collect();
        let mut contracts: Vec<Contract> = Vec::with_capacity(keys.len());
        for portion in keys.chunks(MOST_IN_BATCH) {
            for item in self.batch(portion).await? {
                contracts.push(body(item)?);
            }
        }
        Ok(contracts)
    }

    async fn contracts(&self) -> Result<Vec<Contract>, StoreError> {
        let newest = self
            .listed_contracts(None, Order::Descending, LONGEST_LIST)
            .await?;
        let mut contracts = self.named(&newest.contracts).await?;
        contracts.sort_by(|a, b| (b.formed_at, &b.id).cmp(&(a.formed_at, &a.id)));
        Ok(contracts)
    }

    async fn in_arrears(&self) -> Result<Vec<Contract>, StoreError> {
        let listed: Vec<ContractId> = self.range(Range::all(keys::ARREARS, "")).await?;
        self.named(&listed).await
    }

    async fn page(&self, from: Option<String>) -> Result<ContractPage, StoreError> {
        self.listed_contracts(from, Order::Ascending, PAGE).await
    }

    async fn history(&self, id: &ContractId) -> Result<Vec<Entry>, StoreError> {
        let partition = keys::contract_partition(id);
        self.range(Range::all(&partition, keys::EVENTS)).await
    }

    async fn effects(&self, id: &ContractId) -> Result<Vec<String>, StoreError> {
        let partition = keys::contract_partition(id);
        let effects: Vec<Effect> = self.range(Range::all(&partition, keys::EFFECTS)).await?;
        Ok(effects.into_iter().map(|effect| effect.name).collect())
    }
}

impl Store {
    /// Reads identifiers from the index, after the list key on which the page before ended.
    async fn listed_contracts(
        &self,
        from: Option<String>,
        order: Order,
        most: i32,
    ) -> Result<ContractPage, StoreError> {
        let query = self
            .list_query(keys::CONTRACT_LIST, from, order)
            .expression_attribute_names("#key", keys::LIST_KEY)
            .projection_expression("#key")
            .limit(most);
        let answer = query
            .send()
            .await
            .map_err(|error| StoreError::Unavailable(describe(&error)))?;
        let has_more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        let mut page = ContractPage::default();
        for item in answer.items.unwrap_or_default() {
            let key = item.get(keys::LIST_KEY).and_then(|key| key.as_s().ok());
            let id = key.and_then(|key| key.rsplit_once('#'));
            let id = id.and_then(|(_, id)| ContractId::parse(id).ok());
            let corrupt = || StoreError::Corrupt("an entry of the list of contracts".to_owned());
            page.contracts.push(id.ok_or_else(corrupt)?);
            page.next = key.cloned().filter(|_| has_more);
        }
        Ok(page)
    }
}
