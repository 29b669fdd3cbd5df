//! Devices and cameras, the claims on serials, and the way from a one-time code to its device (2-11).

use async_trait::async_trait;
use ciero_domain::device::{Camera, Device};
use ciero_domain::ids::{CameraId, ContractId, DeviceId};
use ciero_ports::{Devices, StoreError, WatchedContract, WriteKind};
use jiff::Timestamp;

use crate::Store;
use crate::item::{Item, parsed};
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

const CONTRACT: &str = "contract";
const DEVICE: &str = "device";

/// Writes a device.
pub(crate) fn put_device(device: &Device) -> Operations {
    let item = Item::with_body(keys::device(&device.contract, &device.id), device)?;
    Ok(vec![Operation::put_version(item, device.version)])
}

/// Writes a camera.
pub(crate) fn put_camera(camera: &Camera) -> Operations {
    let item = Item::with_body(keys::camera(&camera.contract, &camera.id), camera)?;
    Ok(vec![Operation::put_version(item, camera.version)])
}

/// Counts an addition, on top of the count before it, and lets the contract be watched.
pub(crate) fn put_cameras_added(contract: &ContractId, count: u64) -> Operations {
    let item = Item::with_body(keys::cameras_added(contract), &count)?;
    let watched = WatchedContract {
        contract: contract.clone(),
        cameras_added: count,
    };
    let watched = Item::with_body(keys::watched(contract), &watched)?.version(count);
    Ok(vec![
        Operation::put_version(item, count),
        Operation::put(watched, Condition::Always, WriteKind::Once),
    ])
}

/// Binds a serial to a contract.
pub(crate) fn claim_serial(
    model: &str,
    serial: &str,
    contract: &ContractId,
    device: &DeviceId,
) -> Operations {
    let claim = Item::at(keys::serial(model, serial))
        .text(CONTRACT, contract.as_str())
        .text(DEVICE, device.as_str());
    Ok(vec![Operation::put(
        claim,
        Condition::Absent,
        WriteKind::Serial,
    )])
}

/// Frees a serial, unless another device holds it by now.
pub(crate) fn release_serial(model: &str, serial: &str, device: &DeviceId) -> Operations {
    let held = Condition::AbsentOrHeldBy {
        attribute: DEVICE,
        value: device.to_string(),
    };
    Ok(vec![Operation::delete(
        keys::serial(model, serial),
        held,
        WriteKind::Serial,
    )])
}

/// Lets a device be found by its code. The table drops the item some time after the code expired; that it
/// did expire is the device's own knowledge.
pub(crate) fn put_code(
    hash: &str,
    contract: &ContractId,
    device: &DeviceId,
    expires_at: Timestamp,
) -> Operations {
    let item = Item::at(keys::code(hash))
        .text(CONTRACT, contract.as_str())
        .text(DEVICE, device.as_str())
        .expires(expires_at);
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Once,
    )])
}

/// Forgets a code; one that is not there is forgotten.
pub(crate) fn forget_code(hash: &str) -> Operations {
    Ok(vec![Operation::delete(
        keys::code(hash),
        Condition::Always,
        WriteKind::Once,
    )])
}

#[async_trait]
impl Devices for Store {
    async fn device(
        &self,
        contract: &ContractId,
        id: &DeviceId,
    ) -> Result<Option<Device>, StoreError> {
        self.entity(Table::Main, keys::device(contract, id)).await
    }

    async fn devices(&self, contract: &ContractId) -> Result<Vec<Device>, StoreError> {
        let partition = keys::contract_partition(contract);
        let mut devices: Vec<Device> = self.range(Range::all(&partition, keys::DEVICES)).await?;
        devices.sort_by(|a, b| (a.registered_at, &a.id).cmp(&(b.registered_at, &b.id)));
        Ok(devices)
    }

    async fn camera(
        &self,
        contract: &ContractId,
        id: &CameraId,
    ) -> Result<Option<Camera>, StoreError> {
        self.entity(Table::Main, keys::camera(contract, id)).await
    }

    async fn cameras(&self, contract: &ContractId) -> Result<Vec<Camera>, StoreError> {
        let partition = keys::contract_partition(contract);
        let mut cameras: Vec<Camera> = self.range(Range::all(&partition, keys::CAMERAS)).await?;
        cameras.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        Ok(cameras)
    }

    async fn cameras_added(&self, contract: &ContractId) -> Result<u64, StoreError> {
        let count = self.entity(Table::Main, keys::cameras_added(contract));
        Ok(count.await?.unwrap_or(0))
    }

    async fn by_code(&self, hash: &str) -> Result<Option<(ContractId, DeviceId)>, StoreError> {
        let item = self.item(Table::Main, keys::code(hash)).await?;
        item.map(|item| {
            let contract = parsed(&item, CONTRACT, ContractId::parse)?;
            Ok((contract, parsed(&item, DEVICE, DeviceId::parse)?))
        })
        .transpose()
    }
}
