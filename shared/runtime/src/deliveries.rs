//! What is known of the notice that the service ends, customer by customer (14-1, D-36).

use ciero_domain::contract::{Contract, Standing, stable_id};
use ciero_domain::ids::{ContractId, MessageId};
use ciero_domain::service_end::Delivery;
use ciero_ports::{About, Contracts, Notices, StoreError};
use futures::{StreamExt, TryStreamExt};

/// How many contracts are read side by side.
const SIDE_BY_SIDE: usize = 16;

/// Returns the identifier of the line in which a person records another channel.
pub fn other_channel(contract: &ContractId) -> MessageId {
    stable_id(contract, "service-end/other-channel")
}

/// Goes through all contracts that go on. Grows with their number: it is asked for by a person, once or twice.
pub async fn deliveries(
    contracts: &dyn Contracts,
    notices: &dyn Notices,
) -> Result<Vec<(Contract, Delivery)>, StoreError> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let page = contracts.page(next).await?;
        let some: Vec<Option<(Contract, Delivery)>> = futures::stream::iter(page.contracts)
            .map(|id| delivery(contracts, notices, id))
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        found.extend(some.into_iter().flatten());
        next = page.next;
        if next.is_none() {
            return Ok(found);
        }
    }
}

async fn delivery(
    contracts: &dyn Contracts,
    notices: &dyn Notices,
    id: ContractId,
) -> Result<Option<(Contract, Delivery)>, StoreError> {
    let contract = contracts.contract(&id).await?;
    let goes_on = |one: &Contract| !matches!(one.standing, Standing::Ended { .. });
    let Some(contract) = contract.filter(goes_on) else {
        return Ok(None);
    };
    let mail = notices
        .notice(&stable_id(&id, &About::ServiceEnd.name()))
        .await?;
    let other = notices.notice(&other_channel(&id)).await?;
    let delivery = Delivery::of(mail.as_ref(), other.as_ref());
    Ok(Some((contract, delivery)))
}
