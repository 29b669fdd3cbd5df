//! Provides the resources that the template declares; what is there already is kept.

use anyhow::Context;
use ciero_apis::Apis;
use ciero_apis::mail::EventKind;
use ciero_apis::sign_in::{ClientSpec, PoolSpec};

use crate::template::model::{Pool, Stack};

pub async fn provide(stack: &Stack, apis: &Apis) -> anyhow::Result<()> {
    for table in &stack.tables {
        let expires = table.expires_attribute.as_deref();
        let ensured = apis.dynamodb.ensure_table(&table.create, expires).await;
        ensured.with_context(|| format!("the table {} cannot be provided", table.name))?;
    }
    for bucket in &stack.buckets {
        let ensured = apis.buckets.ensure_bucket(bucket);
        ensured.with_context(|| format!("the bucket {bucket} cannot be provided"))?;
    }
    for queue in &stack.queues {
        let ensured = apis.queues.ensure(&queue.name, &queue.attributes);
        ensured.with_context(|| format!("the queue {} cannot be provided", queue.name))?;
    }
    for set in &stack.mail_sets {
        let kinds = set.event_types.iter();
        let kinds = kinds.filter_map(|name| EventKind::of(name)).collect();
        apis.mailbox.ensure_configuration_set(&set.name, kinds);
    }
    for pool in &stack.pools {
        apis.sign_in.ensure_pool(pool_spec(pool));
    }
    for policy in &stack.device_policies {
        let ensured = apis.things.ensure_policy(policy);
        ensured.with_context(|| format!("the device policy {policy} cannot be provided"))?;
    }
    for alias in &stack.role_aliases {
        let seconds = u32::try_from(alias.duration_seconds).unwrap_or(u32::MAX);
        let ensured = apis
            .things
            .ensure_role_alias(&alias.name, &alias.role_arn, seconds);
        ensured.with_context(|| format!("the role alias {} cannot be provided", alias.name))?;
    }
    Ok(())
}

fn pool_spec(pool: &Pool) -> PoolSpec {
    let clients = pool.clients.iter().map(|client| ClientSpec {
        id: client.id.clone(),
        secret: None,
        callback_urls: client.callback_urls.clone(),
        logout_urls: client.logout_urls.clone(),
    });
    PoolSpec {
        id: pool.id.clone(),
        name: pool.name.clone(),
        clients: clients.collect(),
        groups: pool.groups.clone(),
        minimum_password_length: pool.minimum_password_length,
    }
}
