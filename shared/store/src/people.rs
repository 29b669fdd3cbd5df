//! Administrators and registered users, the pointer that sign-in follows, and the claims on addresses.

use async_trait::async_trait;
use ciero_domain::ids::{ContractId, UserId};
use ciero_domain::user::User;
use ciero_ports::{People, StoreError, WriteKind};

use crate::Store;
use crate::item::{Item, parsed};
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

const CONTRACT: &str = "contract";
const USER: &str = "user";

/// Writes a user; the first version also writes the pointer from the user to the contract.
pub(crate) fn put(user: &User) -> Operations {
    let item = Item::with_body(keys::user(&user.contract, &user.id), user)?;
    let mut operations = vec![Operation::put_version(item, user.version)];
    if user.version == 1 {
        let pointer = Item::at(keys::user_pointer(&user.id)).text(CONTRACT, user.contract.as_str());
        operations.push(Operation::put(
            pointer,
            Condition::Absent,
            WriteKind::Entity,
        ));
    }
    Ok(operations)
}

/// Binds an address to one user of the service.
pub(crate) fn claim_email(email: &str, user: &UserId) -> Operations {
    let claim = Item::at(keys::email(email)).text(USER, user.as_str());
    Ok(vec![Operation::put(
        claim,
        Condition::Absent,
        WriteKind::Email,
    )])
}

/// Frees an address, unless somebody else holds it by now.
pub(crate) fn release_email(email: &str, user: &UserId) -> Operations {
    let held = Condition::AbsentOrHeldBy {
        attribute: USER,
        value: user.to_string(),
    };
    Ok(vec![Operation::delete(
        keys::email(email),
        held,
        WriteKind::Email,
    )])
}

#[async_trait]
impl People for Store {
    async fn user(&self, contract: &ContractId, id: &UserId) -> Result<Option<User>, StoreError> {
        self.entity(Table::Main, keys::user(contract, id)).await
    }

    async fn users(&self, contract: &ContractId) -> Result<Vec<User>, StoreError> {
        let partition = keys::contract_partition(contract);
        let mut users: Vec<User> = self.range(Range::all(&partition, keys::USERS)).await?;
        users.sort_by(|a, b| (a.added_at, &a.id).cmp(&(b.added_at, &b.id)));
        Ok(users)
    }

    async fn contract_of(&self, id: &UserId) -> Result<Option<ContractId>, StoreError> {
        let pointer = self.item(Table::Main, keys::user_pointer(id)).await?;
        pointer
            .map(|item| parsed(&item, CONTRACT, ContractId::parse))
            .transpose()
    }
}
