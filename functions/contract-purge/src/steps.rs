//! What each step does outside of the tables, a portion at a time, and the search for what is left.

use ciero_domain::hold::Holds;
use ciero_domain::purge::{Journal, Step, Target};
use ciero_ports::{CloudError, Portion, Write};
use futures::StreamExt;

use crate::App;
use crate::books::Books;

/// How many targets one portion takes: Kinesis Video deletes 50 streams a second.
const PORTION: usize = 50;
/// How many calls run side by side.
const SIDE_BY_SIDE: usize = 8;
/// The most entries of the register that one transaction turns into hashes.
const MOST_ENTRIES: usize = 50;

/// What a portion did.
pub(crate) struct Did {
    pub count: u64,
    /// Where the step goes on; `None` if it is done.
    pub from: Option<String>,
}

/// Does a portion of a step; doing it twice is doing it once.
pub(crate) async fn act(
    app: &App,
    journal: &Journal,
    step: Step,
    holds: &Holds,
) -> Result<Did, CloudError> {
    let from = journal.from.as_deref().and_then(|from| from.parse().ok());
    let from: usize = from.unwrap_or(0);
    let targets = &journal.targets;
    let free = |target: &&Target| !holds.keep_recordings_of(&target.camera);
    let (all, count) = match step {
        Step::Recordings => {
            let some = portion(&targets.cameras, from).iter().filter(free);
            let deleted = side_by_side(some.map(|target| app.streams.delete(&target.stream)));
            (targets.cameras.len(), deleted.await?)
        }
        Step::Devices => {
            let some = portion(&targets.cameras, from).iter();
            let forget = |target: &Target| {
                let certificate = target.certificate.clone();
                let stream = target.stream.clone();
                async move { app.things.forget(&stream, certificate).await }
            };
            (targets.cameras.len(), side_by_side(some.map(forget)).await?)
        }
        Step::Accounts => {
            let some = portion(&targets.users, from).iter();
            let deleted = side_by_side(some.map(|user| app.accounts.delete(user)));
            (targets.users.len(), deleted.await?)
        }
        Step::Files => {
            let count = app.files.delete_some(&folder(journal)).await?;
            let again = (count > 0).then(|| "again".to_owned());
            return Ok(Did { count, from: again });
        }
        _ => (0, 0),
    };
    let next = from + PORTION;
    Ok(Did {
        count,
        from: (next < all).then(|| next.to_string()),
    })
}

/// Where a contract's files stand, in every bucket.
fn folder(journal: &Journal) -> String {
    format!("contracts/{}", journal.contract)
}

fn portion<T>(all: &[T], from: usize) -> &[T] {
    let from = from.min(all.len());
    &all[from..all.len().min(from + PORTION)]
}

/// Runs calls some at a time and counts those that say yes.
async fn side_by_side<F>(calls: impl Iterator<Item = F>) -> Result<u64, CloudError>
where
    F: Future<Output = Result<bool, CloudError>>,
{
    let calls: Vec<F> = calls.collect();
    let mut running = futures::stream::iter(calls).buffer_unordered(SIDE_BY_SIDE);
    let mut count = 0;
    while let Some(said) = running.next().await {
        count += u64::from(said?);
    }
    Ok(count)
}

/// Reads what the register has of a measure to the contract, and turns it into keyed hashes (D-05).
pub(crate) async fn of_register(app: &App, books: &Books) -> anyhow::Result<Portion> {
    let mut readable = app.purges.register_of(&books.contract.id).await?;
    readable.retain(|entry| !entry.is_hashed());
    let hashed = readable.iter().take(MOST_ENTRIES).map(|entry| {
        let entry = entry.hashed(&app.register_key);
        Write::Hashed(Box::new(entry))
    });
    let writes: Vec<Write> = hashed.collect();
    Ok(Portion {
        count: writes.len() as u64,
        writes,
        next: (readable.len() > MOST_ENTRIES).then(|| "again".to_owned()),
    })
}

/// Looks into every store for what no hold keeps; returns each step of which something is there.
pub(crate) async fn search(
    app: &App,
    journal: &Journal,
    books: &Books,
) -> anyhow::Result<Vec<(Step, u64)>> {
    let (targets, holds) = (&journal.targets, &books.holds);
    let free = journal.free_streams(holds).into_iter();
    let streams = side_by_side(free.map(|target| app.streams.exists(&target.stream))).await?;
    let things = targets.cameras.iter();
    let things = side_by_side(things.map(|target| app.things.exists(&target.stream))).await?;
    let mut found = vec![
        (Step::Recordings, streams),
        (Step::Files, app.files.count(&folder(journal)).await?),
        (Step::Devices, things),
    ];
    if !holds.keep_registered_data() {
        let users = targets.users.iter();
        let accounts = side_by_side(users.map(|user| app.accounts.exists(user))).await?;
        found.push((Step::Accounts, accounts));
        found.push((Step::Register, of_register(app, books).await?.count));
        found.push((Step::Records, records(app, journal).await?));
    }
    found.retain(|(_, count)| *count > 0);
    found.sort_by_key(|(step, _)| Step::ALL.iter().position(|other| other == step));
    Ok(found)
}

/// Counts the records that are still to go, and users that sign-in would still find.
async fn records(app: &App, journal: &Journal) -> anyhow::Result<u64> {
    let (id, application) = (&journal.contract, &journal.application);
    let (mut count, mut from) = (0, None);
    loop {
        let portion = app.purges.portion(id, application, from).await?;
        count += portion.count;
        from = portion.next;
        if from.is_none() {
            break;
        }
    }
    for user in &journal.targets.users {
        count += u64::from(app.people.contract_of(user).await?.is_some());
    }
    Ok(count)
}
