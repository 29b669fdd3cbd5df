//! The notice ledger (Art. 24): each notice by its message, and again among its contract's items.

use async_trait::async_trait;
use ciero_domain::ids::MessageId;
use ciero_domain::notice::NoticeRecord;
use ciero_ports::{Notices, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};

/// Writes a notice once.
pub(crate) fn put(record: &NoticeRecord) -> Operations {
    let once = |item| Operation::put(item, Condition::Absent, WriteKind::Once);
    let mut operations = vec![once(Item::with_body(keys::notice(&record.id), record)?)];
    if let Some(contract) = record.notice.contract() {
        let key = keys::contract_notice(contract, record.sent_at, &record.id);
        operations.push(once(Item::with_body(key, record)?));
    }
    Ok(operations)
}

#[async_trait]
impl Notices for Store {
    async fn notice(&self, id: &MessageId) -> Result<Option<NoticeRecord>, StoreError> {
        self.entity(Table::Main, keys::notice(id)).await
    }
}
