//! Applications: the state, its events, and the console's lists by state (Art. 3).

use std::convert::Infallible;

use async_trait::async_trait;
use ciero_domain::application::{Application, Event, State};
use ciero_domain::ids::ApplicationId;
use ciero_ports::{ApplicationPage, Applications, StoreError, WriteKind};

use crate::item::{Item, body, parsed};
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Order;
use crate::{Store, describe};

/// How many applications one page of all of them holds.
const PAGE: i32 = 100;

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

    async fn some_of(
        &self,
        state: State,
        from: Option<String>,
    ) -> Result<ApplicationPage, StoreError> {
        let query = self.list_query(&keys::application_list(state), from, Order::Ascending);
        let answer = query.limit(PAGE).send().await;
        let answer = answer.map_err(|error| StoreError::Unavailable(describe(&error)))?;
        let has_more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        let mut page = ApplicationPage::default();
        for item in answer.items.unwrap_or_default() {
            if has_more {
                page.next = Some(parsed(&item, keys::LIST_KEY, |key| {
                    Ok::<_, Infallible>(key.to_owned())
                })?);
            }
            page.applications.push(body(item)?);
        }
        Ok(page)
    }
}
