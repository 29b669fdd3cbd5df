//! Invoices, credit notes and receipts of a contract (6-1).

use async_trait::async_trait;
use ciero_domain::contract::{Effect, Receipt};
use ciero_domain::ids::ContractId;
use ciero_domain::invoice::Invoice;
use ciero_ports::{Billing, StoreError, WriteKind};
use jiff::Timestamp;

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Writes an effect where there is none of its name.
pub(crate) fn put_effect(effect: &Effect) -> Operations {
    let item = Item::with_body(keys::effect(&effect.contract, &effect.name), effect)?;
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Effect,
    )])
}

/// Writes a document where its number is free.
pub(crate) fn put_invoice(invoice: &Invoice) -> Operations {
    let item = Item::with_body(keys::invoice(&invoice.contract, invoice.number), invoice)?;
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Once,
    )])
}

/// Writes a receipt and takes its reference, once in the service.
pub(crate) fn put_receipt(contract: &ContractId, receipt: &Receipt, at: Timestamp) -> Operations {
    let reference = &receipt.reference;
    let claim = Item::at(keys::receipt_claim(reference)).text("contract", contract.as_str());
    let row = Item::with_body(keys::receipt(contract, at, reference), receipt)?;
    Ok(vec![
        Operation::put(claim, Condition::Absent, WriteKind::Receipt),
        Operation::put(row, Condition::Absent, WriteKind::Receipt),
    ])
}

#[async_trait]
impl Billing for Store {
    async fn invoice(&self, id: &ContractId, number: u32) -> Result<Option<Invoice>, StoreError> {
        self.entity(Table::Main, keys::invoice(id, number)).await
    }

    async fn invoices(&self, id: &ContractId) -> Result<Vec<Invoice>, StoreError> {
        let partition = keys::contract_partition(id);
        self.range(Range::all(&partition, keys::INVOICES)).await
    }

    async fn receipts(&self, id: &ContractId) -> Result<Vec<Receipt>, StoreError> {
        let partition = keys::contract_partition(id);
        self.range(Range::all(&partition, keys::RECEIPTS)).await
    }
}
