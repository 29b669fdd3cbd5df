//! Staff views stand under their contract, so that they go with it, and in one list for the console (21-7).

use async_trait::async_trait;
use ciero_domain::ids::{ContractId, StaffViewId};
use ciero_domain::staff_view::StaffView;
use ciero_ports::{StaffSeen, StaffViews, StoreError};

use crate::Store;
use crate::item::{Item, body};
use crate::keys;
use crate::operation::{Operation, Operations, Table};

/// Writes a staff view on its version.
pub(crate) fn put(view: &StaffView) -> Operations {
    let item = Item::with_body(keys::staff_view(&view.contract, &view.id), view)?;
    let item = item.listed(keys::STAFF_VIEWS, &keys::sortable(view.asked_at));
    Ok(vec![Operation::put_version(item, view.version)])
}

#[async_trait]
impl StaffViews for Store {
    async fn staff_seen(
        &self,
        contract: &ContractId,
        id: &StaffViewId,
    ) -> Result<Option<StaffSeen>, StoreError> {
        let keys = [keys::contract(contract), keys::staff_view(contract, id)];
        let Some([contract, view]) = self.all_of(keys).await? else {
            return Ok(None);
        };
        let view: StaffView = body(view)?;
        let camera = keys::camera(&view.contract, &view.camera);
        let Some(camera) = self.entity(Table::Main, camera).await? else {
            return Ok(None);
        };
        Ok(Some(StaffSeen {
            contract: body(contract)?,
            camera,
            view,
        }))
    }

    async fn newest_staff_views(&self) -> Result<Vec<StaffView>, StoreError> {
        self.list(keys::STAFF_VIEWS).await
    }
}
