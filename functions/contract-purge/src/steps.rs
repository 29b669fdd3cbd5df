//! What each step finds and does outside of the tables, a portion at a time, and the search for what is left.

use std::collections::BTreeSet;
use std::ops::Range;

use ciero_domain::hold::Holds;
use ciero_domain::purge::{Account, Journal, Step, Target, Targets};
use ciero_ports::{CloudError, Portion, Write};
use futures::{StreamExt, TryStreamExt};

use crate::App;
use crate::books::Books;

/// How many targets one portion takes: Kinesis Video deletes 50 streams a second.
const PORTION: usize = 50;
/// How many calls run side by side.
const SIDE_BY_SIDE: usize = 8;
/// The most entries of the register that one transaction turns into hashes.
const MOST_ENTRIES: usize = 50;

/// Looks at what is there of a step's next portion, and notes it in the journal: what the certificate counts is known
/// before anything goes. Returns how much it is.
pub(crate) async fn look(
    app: &App,
    journal: &mut Journal,
    step: Step,
    holds: &Holds,
) -> Result<u64, CloudError> {
    let span = span(journal);
    let Targets { cameras, accounts } = &mut journal.targets;
    let mut count = 0;
    match step {
        Step::Recordings => {
            let some = cameras.iter_mut().skip(span.start).take(span.len());
            let free = some.filter(|target| !holds.keep_recordings_of(&target.camera));
            let free: Vec<&mut Target> = free.collect();
            let looks = free.iter().map(|target| app.streams.exists(&target.stream));
            let found = side_by_side(looks).await?;
            for (target, is_there) in free.into_iter().zip(found) {
                target.had_stream |= is_there;
                count += u64::from(is_there);
            }
        }
        Step::Devices => {
            let some = cameras.iter_mut().skip(span.start).take(span.len());
            let some: Vec<&mut Target> = some.collect();
            let looks = some.iter().map(|target| of_device(app, target));
            let found = side_by_side(looks).await?;
            for (target, found) in some.into_iter().zip(found) {
                target.had_device |= found.count() > 0;
                count += found.count();
                target.certificates.extend(found.certificates);
            }
        }
        Step::Accounts => {
            let some = accounts.iter_mut().skip(span.start).take(span.len());
            let some: Vec<&mut Account> = some.collect();
            let looks = some
                .iter()
                .map(|account| app.accounts.exists(&account.user));
            let found = side_by_side(looks).await?;
            for (account, is_there) in some.into_iter().zip(found) {
                account.was_there |= is_there;
                count += u64::from(is_there);
            }
        }
        Step::Files => count = app.files.count(&folder(journal)).await?,
        _ => {}
    }
    Ok(count)
}

/// Does a portion of a step; doing it twice is doing it once.
pub(crate) async fn act(
    app: &App,
    journal: &Journal,
    step: Step,
    holds: &Holds,
) -> Result<(), CloudError> {
    let (targets, span) = (&journal.targets, span(journal));
    let some = targets.cameras.iter().skip(span.start).take(span.len());
    match step {
        Step::Recordings => {
            let free = some.filter(|target| !holds.keep_recordings_of(&target.camera));
            side_by_side(free.map(|target| app.streams.delete(&target.stream))).await?;
        }
        Step::Devices => {
            let forget = |target: &Target| {
                let certificates: Vec<String> = target.certificates.iter().cloned().collect();
                let stream = target.stream.clone();
                async move { app.things.forget(&stream, &certificates).await }
            };
            side_by_side(some.map(forget)).await?;
        }
        Step::Accounts => {
            let some = targets.accounts.iter().skip(span.start).take(span.len());
            side_by_side(some.map(|account| app.accounts.delete(&account.user))).await?;
        }
        Step::Files => {
            app.files.delete_some(&folder(journal)).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Returns where a step goes on after a portion of which so much was there; `None` if it is done.
pub(crate) fn after(journal: &Journal, step: Step, there: u64) -> Option<String> {
    let all = match step {
        Step::Recordings | Step::Devices => journal.targets.cameras.len(),
        Step::Accounts => journal.targets.accounts.len(),
        Step::Files => return (there > 0).then(|| "again".to_owned()),
        _ => 0,
    };
    let next = span(journal).end;
    (next < all).then(|| next.to_string())
}

/// Returns which targets the next portion takes.
fn span(journal: &Journal) -> Range<usize> {
    let from = journal.from.as_deref().and_then(|from| from.parse().ok());
    let from: usize = from.unwrap_or(0);
    from..from + PORTION
}

/// What there is of a device.
struct OfDevice {
    has_thing: bool,
    /// Those on the thing, and those that are known and were left off it.
    certificates: BTreeSet<String>,
}

impl OfDevice {
    fn count(&self) -> u64 {
        u64::from(self.has_thing) + self.certificates.len() as u64
    }
}

async fn of_device(app: &App, target: &Target) -> Result<OfDevice, CloudError> {
    let on_it = app.things.certificates(&target.stream).await?;
    let has_thing = on_it.is_some();
    let mut certificates = BTreeSet::from_iter(on_it.unwrap_or_default());
    for known in target.certificates.difference(&certificates.clone()) {
        if app.things.has_certificate(known).await? {
            certificates.insert(known.clone());
        }
    }
    Ok(OfDevice {
        has_thing,
        certificates,
    })
}

/// Where a contract's files stand, in every bucket.
fn folder(journal: &Journal) -> String {
    format!("contracts/{}", journal.contract)
}

/// Runs calls some at a time; returns what each says, in order.
async fn side_by_side<F, T>(calls: impl Iterator<Item = F>) -> Result<Vec<T>, CloudError>
where
    F: Future<Output = Result<T, CloudError>>,
{
    let calls: Vec<F> = calls.collect();
    let running = futures::stream::iter(calls).buffered(SIDE_BY_SIDE);
    running.try_collect().await
}

fn yes(said: Vec<bool>) -> u64 {
    said.into_iter().filter(|yes| *yes).count() as u64
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
    let devices = targets.cameras.iter();
    let devices = side_by_side(devices.map(|target| of_device(app, target))).await?;
    let mut found = vec![
        (Step::Recordings, yes(streams)),
        (Step::Files, app.files.count(&folder(journal)).await?),
        (Step::Devices, devices.iter().map(OfDevice::count).sum()),
    ];
    if !holds.keep_registered_data() {
        let users = targets.accounts.iter().map(|account| &account.user);
        let accounts = side_by_side(users.map(|user| app.accounts.exists(user))).await?;
        found.push((Step::Accounts, yes(accounts)));
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
    for account in &journal.targets.accounts {
        count += u64::from(app.people.contract_of(&account.user).await?.is_some());
    }
    Ok(count)
}
