//! What concerns every contract is told to each, a page of contracts at a time (8-1, 14-1, 21-3, 23-2).
//!
//! A page's notices go into the outbox in bounded transactions, and the message for the next page goes last. A page that
//! is begun again writes the same identifiers, so whoever was told before is not told again.

use anyhow::Context as _;
use ciero_domain::contract::{Contract, Standing, stable_id};
use ciero_domain::ids::ContractId;
use ciero_ports::{Announcement, Body, CommitError, Decision, Message, WriteKind};
use ciero_runtime::Moment;
use futures::{StreamExt, TryStreamExt};

use crate::App;

/// How many messages one transaction takes; a transaction holds 100 items.
const AT_ONCE: usize = 80;
/// How many contracts are read side by side.
const SIDE_BY_SIDE: usize = 8;

/// Tells the contracts of one page, and asks for the next one.
pub(crate) async fn page(
    app: &App,
    announcement: &Announcement,
    now: Moment,
) -> anyhow::Result<()> {
    let name = announcement.about.name();
    let page = app.contracts.page(announcement.from.clone()).await?;
    let contracts: Vec<Option<Contract>> = futures::stream::iter(page.contracts)
        .map(|id| read(app, id))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    let told = contracts.into_iter().flatten();
    let told = told.filter(|contract| is_told(contract, announcement));
    let mut messages: Vec<Message> = told
        .map(|contract| Message {
            id: stable_id(&contract.id, &name),
            at: now.0,
            body: Body::Notice(announcement.about.notice(contract.id)),
        })
        .collect();
    let number = messages.len();
    if let Some(next) = page.next {
        let next = Announcement {
            from: Some(next),
            ..announcement.clone()
        };
        messages.push(next.into_message(now.0));
    }
    for portion in messages.chunks(AT_ONCE) {
        put_into_outbox(app, portion).await?;
    }
    tracing::info!(name, number, "a page of contracts is told");
    Ok(())
}

async fn read(app: &App, id: ContractId) -> anyhow::Result<Option<Contract>> {
    let contract = app.contracts.contract(&id).await;
    contract.with_context(|| format!("contract {id}"))
}

/// Who contracts after the publication finds what is published by then; who has no contract any more is not concerned.
fn is_told(contract: &Contract, announcement: &Announcement) -> bool {
    let goes_on = !matches!(contract.standing, Standing::Ended { .. });
    goes_on && contract.formed_at <= announcement.published_at
}

/// Puts messages into the outbox and sends them; those that an earlier try left there stay.
async fn put_into_outbox(app: &App, messages: &[Message]) -> anyhow::Result<()> {
    let decision = |messages: &[Message]| Decision {
        messages: messages.to_vec(),
        ..Decision::default()
    };
    match app.commit(&decision(messages)).await {
        Err(CommitError::Conflict(WriteKind::Once)) => {}
        other => return Ok(other?),
    }
    for message in messages {
        let one = decision(std::slice::from_ref(message));
        match app.commit(&one).await {
            Ok(()) | Err(CommitError::Conflict(WriteKind::Once)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
