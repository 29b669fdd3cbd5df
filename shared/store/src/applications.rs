//! Applications: the state, its events, and the console's lists by state (Art. 3).

use async_trait::async_trait;
use ciero_domain::application::{Application, Event, State};
use ciero_domain::ids::ApplicationId;
use ciero_ports::{Applications, StoreError, WriteKind};

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};

/// Writes an application as it stands now.
pub(crate) fn put_state(application: &Application) -> Operations {
    let since = application.submitted_at.unwrap_or(application.drafted_at);
    let item = Item::with_body(keys::application(&application.id), application)?.listed(
        &keys::application_list(application.state),
        &format!("{}#{}", keys::sortable(since), application.id),
    );
    Ok(vec![Operation::put_version(item, application.version)])
}

/// Writes an application with the event that brought it there.
pub(crate) fn put(application: &Application, event: &Event) -> Operations {
    let key = keys::application_event(&application.id, application.version);
    let mut operations = put_state(application)?;
    operations.push(Operation::put(
        Item::with_body(key, event)?,
        Condition::Absent,
        WriteKind::Entity,
    ));
    Ok(operations)
}

#[async_trait]
impl Applications for Store {
    async fn application(&self, id: &ApplicationId) -> Result<Option<Application>, StoreError> {
        self.entity(Table::Main, keys::application(id)).await
    }

    async fn applications(&self, state: State) -> Result<Vec<Application>, StoreError> {
        self.list(&keys::application_list(state)).await
    }
}
