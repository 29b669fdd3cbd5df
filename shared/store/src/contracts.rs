//! Contracts: the snapshot, its history and its effects (3-3, Art. 11).

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use ciero_domain::contract::{Contract, Effect, Entry};
use ciero_domain::ids::ContractId;
use ciero_ports::{ContractPage, Contracts, StoreError, WriteKind};

use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;
use crate::{Store, describe};

/// How many contracts one page of all of them holds.
const PAGE: i32 = 100;

/// Writes a contract with the entry that brought it there.
pub(crate) fn put(contract: &Contract, entry: &Entry) -> Operations {
    let state = Item::with_body(keys::contract(&contract.id), contract)?.listed(
        keys::CONTRACT_LIST,
        &format!("{}#{}", keys::sortable(contract.formed_at), contract.id),
    );
    let event = Item::with_body(keys::contract_event(&contract.id, contract.version), entry)?;
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

    async fn page(&self, from: Option<String>) -> Result<ContractPage, StoreError> {
        self.contract_page(from).await
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
    /// Reads identifiers from the index, from the last one of the page before (`<list key>` of it).
    async fn contract_page(&self, from: Option<String>) -> Result<ContractPage, StoreError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.main)
            .index_name(keys::LISTS)
            .key_condition_expression(match from {
                None => "#list = :list",
                Some(_) => "#list = :list AND #key > :from",
            })
            .expression_attribute_names("#list", keys::LIST)
            .expression_attribute_names("#key", keys::LIST_KEY)
            .expression_attribute_values(":list", AttributeValue::S(keys::CONTRACT_LIST.to_owned()))
            .projection_expression("#key")
            .limit(PAGE);
        if let Some(from) = from {
            query = query.expression_attribute_values(":from", AttributeValue::S(from));
        }
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
