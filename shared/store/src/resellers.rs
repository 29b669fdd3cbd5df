//! What resellers are billed for (6-2): fees on no invoice yet, fees on an invoice, the invoices and where they stand.
//!
//! A fee is moved from one to the other in one transaction with the reseller's account at its next version, so it is on one
//! invoice at most, however many there are and whoever runs beside.

use async_trait::async_trait;
use ciero_domain::ids::ContractId;
use ciero_domain::reseller::{ResellerAccount, ResellerInvoice, ResellerReceipt, ResoldFee};
use ciero_ports::{Resellers, StoreError, WriteKind};
use jiff::civil::Date;

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Writes a fee that is on no invoice yet.
pub(crate) fn put_fee(fee: &ResoldFee) -> Operations {
    let item = Item::with_body(keys::unbilled_fee(fee), fee)?;
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Once,
    )])
}

/// Moves a fee to an invoice.
pub(crate) fn put_on_invoice(number: u32, fee: &ResoldFee) -> Operations {
    let billed = Item::with_body(keys::billed_fee(number, fee), fee)?;
    Ok(vec![
        Operation::delete(
            keys::unbilled_fee(fee),
            Condition::Always,
            WriteKind::Entity,
        ),
        Operation::put(billed, Condition::Absent, WriteKind::Once),
    ])
}

pub(crate) fn put_account(account: &ResellerAccount) -> Operations {
    let item = Item::with_body(keys::reseller_account(&account.code), account)?;
    Ok(vec![Operation::put_version(item, account.version)])
}

/// Writes an invoice where its number is free.
pub(crate) fn put_invoice(invoice: &ResellerInvoice) -> Operations {
    let key = keys::reseller_invoice(&invoice.reseller, invoice.number);
    let item = Item::with_body(key, invoice)?;
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Once,
    )])
}

/// Writes a receipt and takes its reference, once in the service.
pub(crate) fn put_receipt(receipt: &ResellerReceipt) -> Operations {
    let (code, reference) = (&receipt.reseller, &receipt.reference);
    let claim = Item::at(keys::receipt_claim(reference)).text("reseller", code);
    let key = keys::reseller_receipt(code, receipt.recorded_at, reference);
    let row = Item::with_body(key, receipt)?;
    Ok(vec![
        Operation::put(claim, Condition::Absent, WriteKind::Receipt),
        Operation::put(row, Condition::Absent, WriteKind::Receipt),
    ])
}

#[async_trait]
impl Resellers for Store {
    async fn account(&self, code: &str) -> Result<Option<ResellerAccount>, StoreError> {
        self.entity(Table::Main, keys::reseller_account(code)).await
    }

    async fn unbilled(
        &self,
        code: &str,
        before: Date,
        most: u16,
    ) -> Result<Vec<ResoldFee>, StoreError> {
        let partition = keys::unbilled_partition(code);
        self.before(&partition, &before.to_string(), usize::from(most))
            .await
    }

    async fn billed(&self, code: &str, number: u32) -> Result<Vec<ResoldFee>, StoreError> {
        let partition = keys::billed_partition(code, number);
        self.range(Range::all(&partition, "")).await
    }

    async fn reseller_invoice(
        &self,
        code: &str,
        number: u32,
    ) -> Result<Option<ResellerInvoice>, StoreError> {
        self.entity(Table::Main, keys::reseller_invoice(code, number))
            .await
    }

    async fn customers(&self, code: &str, most: u16) -> Result<Vec<ContractId>, StoreError> {
        let partition = keys::customers_partition(code);
        let range = Range {
            most: usize::from(most),
            ..Range::all(&partition, "")
        };
        self.range(range).await
    }

    async fn reseller_invoices(&self, code: &str) -> Result<Vec<ResellerInvoice>, StoreError> {
        let partition = keys::reseller_partition(code);
        self.range(Range::all(&partition, keys::INVOICES)).await
    }

    async fn reseller_receipts(&self, code: &str) -> Result<Vec<ResellerReceipt>, StoreError> {
        let partition = keys::reseller_partition(code);
        self.range(Range::all(&partition, keys::RECEIPTS)).await
    }
}
