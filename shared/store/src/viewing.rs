//! Entitlement's read: contract, user and camera in one strongly consistent round trip (18-1-1).

use async_trait::async_trait;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use ciero_domain::ids::{CameraId, ContractId, UserId};
use ciero_ports::{Seen, StoreError, Viewing};

use crate::item::{Attributes, body, key_attributes};
use crate::keys::{self, Key, PK, SK};
use crate::{Store, describe};

/// How often DynamoDB may leave an item out before the read is given up.
const ATTEMPTS: usize = 3;

#[async_trait]
impl Viewing for Store {
    async fn seen(
        &self,
        contract: &ContractId,
        user: &UserId,
        camera: &CameraId,
    ) -> Result<Option<Seen>, StoreError> {
        let keys = [
            keys::contract(contract),
            keys::user(contract, user),
            keys::camera(contract, camera),
        ];
        let Some([contract, user, camera]) = self.all_of(keys).await? else {
            return Ok(None);
        };
        Ok(Some(Seen {
            contract: body(contract)?,
            user: body(user)?,
            camera: body(camera)?,
        }))
    }
}

/// Tells whether an item has this key.
pub(crate) fn is_at(item: &Attributes, key: &Key) -> bool {
    let has = |name: &str, part: &String| {
        item.get(name).and_then(|value| value.as_s().ok()) == Some(part)
    };
    has(SK, &key.sk) && has(PK, &key.pk)
}

impl Store {
    /// Reads items of one partition of the main table in one strong read; `None` unless all of them are there.
    pub(crate) async fn all_of<const N: usize>(
        &self,
        keys: [Key; N],
    ) -> Result<Option<[Attributes; N]>, StoreError> {
        let mut items = self.batch(&keys).await?;
        let mut found = Vec::with_capacity(N);
        for key in &keys {
            let Some(place) = items.iter().position(|item| is_at(item, key)) else {
                return Ok(None);
            };
            found.push(items.swap_remove(place));
        }
        Ok(found.try_into().ok())
    }

    /// Reads items of the main table in any order; those that are not there are left out.
    pub(crate) async fn batch(&self, keys: &[Key]) -> Result<Vec<Attributes>, StoreError> {
        let keys = keys.iter().cloned().map(key_attributes).collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut wanted = Some([(self.main.clone(), wanted)].into());
        let mut items = Vec::new();
        for _ in 0..ATTEMPTS {
            let request = self.client.batch_get_item().set_request_items(wanted);
            let answer = request
                .send()
                .await
                .map_err(|error| StoreError::Unavailable(describe(&error)))?;
            let tables = answer.responses.unwrap_or_default();
            items.extend(tables.into_values().flatten());
            match answer.unprocessed_keys.filter(|left| !left.is_empty()) {
                Some(left) => wanted = Some(left),
                None => return Ok(items),
            }
        }
        Err(StoreError::Unavailable(
            "a batch was not read in full".to_owned(),
        ))
    }
}
