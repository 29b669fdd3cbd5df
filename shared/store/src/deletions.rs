//! Deletions of recordings that wait, in the confidential table, because a hold may be why one waits (15-2, 21-4).

use async_trait::async_trait;
use ciero_domain::deletion::Deletion;
use ciero_domain::ids::{CameraId, ContractId};
use ciero_ports::{Deletions, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Writes a deletion on its version.
pub(crate) fn put(deletion: &Deletion) -> Operations {
    let item = Item::with_body(
        keys::deletion(&deletion.contract, &deletion.camera),
        deletion,
    )?;
    Ok(vec![
        Operation::put_version(item, deletion.version).confidential(),
    ])
}

/// Takes a deletion away that is carried out and was not asked for again.
pub(crate) fn done(deletion: &Deletion) -> Operations {
    let key = keys::deletion(&deletion.contract, &deletion.camera);
    let condition = Condition::At(deletion.version);
    Ok(vec![
        Operation::delete(key, condition, WriteKind::Entity).confidential(),
    ])
}

#[async_trait]
impl Deletions for Store {
    async fn deletion(
        &self,
        contract: &ContractId,
        camera: &CameraId,
    ) -> Result<Option<Deletion>, StoreError> {
        let key = keys::deletion(contract, camera);
        self.entity(Table::Confidential, key).await
    }

    async fn deletions(&self) -> Result<Vec<Deletion>, StoreError> {
        let range = Range {
            table: Table::Confidential,
            ..Range::all(keys::DELETIONS, "")
        };
        self.range(range).await
    }
}
