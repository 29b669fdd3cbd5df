//! The notice ledger (Art. 24): each notice by its message, and again among its contract's or application's items.

use async_trait::async_trait;
use ciero_domain::ids::{ContractId, MessageId};
use ciero_domain::notice::{Notice, NoticeRecord};
use ciero_ports::{Notices, StoreError, WriteKind};

use crate::Store;
use crate::item::{Item, Unwritable};
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::{Order, Range};

/// Writes a notice once.
pub(crate) fn put(record: &NoticeRecord) -> Operations {
    let once = |item: Item| {
        let item = item.version(record.version);
        Operation::put(item, Condition::Absent, WriteKind::Once)
    };
    Ok(copies(record)?.into_iter().map(once).collect())
}

/// Writes what became of a notice on top of the version before.
pub(crate) fn put_outcome(record: &NoticeRecord) -> Operations {
    let next = |item| Operation::put_version(item, record.version);
    Ok(copies(record)?.into_iter().map(next).collect())
}

/// The line by its message, and under its contract or application where it has one. Both are written together, always.
fn copies(record: &NoticeRecord) -> Result<Vec<Item>, Unwritable> {
    let mut items = vec![Item::with_body(keys::notice(&record.id), record)?];
    if let Some(contract) = record.notice.contract() {
        let key = keys::contract_notice(contract, record.sent_at, &record.id);
        items.push(Item::with_body(key, record)?);
    }
    if let Notice::ApplicationReceived { application }
    | Notice::ApplicationApproved { application }
    | Notice::ApplicationDeclined { application } = &record.notice
    {
        let key = keys::application_notice(application, record.sent_at, &record.id);
        items.push(Item::with_body(key, record)?);
    }
    Ok(items)
}

#[async_trait]
impl Notices for Store {
    async fn notice(&self, id: &MessageId) -> Result<Option<NoticeRecord>, StoreError> {
        self.entity(Table::Main, keys::notice(id)).await
    }

    async fn of_contract(
        &self,
        contract: &ContractId,
        most: u16,
    ) -> Result<Vec<NoticeRecord>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let partition = keys::contract_partition(contract);
        let range = Range {
            order: Order::Descending,
            most: usize::from(most),
            ..Range::all(&partition, keys::NOTICES)
        };
        self.range(range).await
    }
}
