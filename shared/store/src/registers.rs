//! Sub-processors and third-party terms (10, 25): every version stays, so the newest is the last of its partition.

use async_trait::async_trait;
use ciero_domain::ids::ContractId;
use ciero_domain::processor::Register;
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};
use ciero_ports::{Registers, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Writes a version that nobody has written yet; whoever was overtaken decides again.
fn put_new(item: Item) -> Operation {
    Operation::put(item, Condition::Absent, WriteKind::Entity)
}

pub(crate) fn put_processors(register: &Register) -> Operations {
    let item = Item::with_body(keys::processors(register.version), register)?;
    Ok(vec![put_new(item)])
}

pub(crate) fn put_third_party_terms(list: &ThirdPartyTerms) -> Operations {
    let item = Item::with_body(keys::third_party_terms(list.version), list)?;
    Ok(vec![put_new(item)])
}

/// Writes what was agreed to, unless the list has moved on since it was read (25-2).
pub(crate) fn put_agreed(agreed: &AgreedThirdParty) -> Operations {
    let item = Item::with_body(keys::agreed_third_party(&agreed.contract), agreed)?;
    let later = keys::third_party_terms(agreed.version + 1);
    Ok(vec![
        Operation::put(item, Condition::Absent, WriteKind::Once),
        Operation::check(later, 0),
    ])
}

#[async_trait]
impl Registers for Store {
    async fn processors(&self) -> Result<Vec<Register>, StoreError> {
        let range = Range::all(keys::PROCESSORS, keys::VERSIONS);
        self.range(range).await
    }

    async fn third_party_terms(&self) -> Result<Vec<ThirdPartyTerms>, StoreError> {
        let range = Range::all(keys::THIRD_PARTY_TERMS, keys::VERSIONS);
        self.range(range).await
    }

    async fn agreed_third_party(
        &self,
        contract: &ContractId,
    ) -> Result<Option<AgreedThirdParty>, StoreError> {
        let key = keys::agreed_third_party(contract);
        self.entity(Table::Main, key).await
    }
}
