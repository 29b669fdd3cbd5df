//! One message: takes the purge of a contract as far as one run may, step by step.

use anyhow::Context as _;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Task, Work, stable_id};
use ciero_domain::purge::{Act, Journal, Next, Step, Targets};
use ciero_ports::{Body, Decision, Message, Write};
use ciero_runtime::Moment;

use crate::books::{Books, commit, with_line};
use crate::{App, certify, steps};

/// How many portions one run takes; the next message goes on. Far less than the function's time allows.
const PORTIONS: usize = 40;
/// How often a run reads anew when someone else wrote first.
const TRIES: usize = 8;

/// What a portion came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    On,
    /// What was read moved on: everything is read and decided anew.
    Overtaken,
    /// Nothing more can be done now; the sweep brings it again.
    Waits,
    Done,
}

/// Carries out one piece of work; what the contract does not owe is forgotten and touches nothing.
pub(crate) async fn carry_out(app: &App, task: &Task, now: Moment) -> anyhow::Result<()> {
    let (mut portions, mut tries) = (0, 0);
    let mut books = Books::read(app, &task.contract).await?;
    // What was done of the step before and is not written down yet.
    let mut acts: Vec<Act> = Vec::new();
    loop {
        let Some(next) = next_task(&books, task, now) else {
            let owed = books.contract.owed();
            if !owed.contains(task) {
                app.due.forget(task).await?;
            }
            return Ok(());
        };
        let went = match next.work {
            Work::Purge => begin(app, &mut books, &next, now).await?,
            Work::Certificate => portion(app, &mut books, &mut acts, &next, now).await?,
            Work::Contact => certify::erase_contact(app, &books, &next, now).await?,
            _ => certify::close(app, &mut books, &next, now).await?,
        };
        match went {
            Went::On => portions += 1,
            Went::Overtaken => {
                tries += 1;
                anyhow::ensure!(tries < TRIES, "others kept writing first");
                acts.clear();
                books = Books::read(app, &task.contract).await?;
            }
            Went::Done => books = Books::read(app, &task.contract).await?,
            Went::Waits => return Ok(()),
        }
        if portions >= PORTIONS {
            return go_on(app, &books, &next, now).await;
        }
    }
}

/// Returns what the message is for, or what its own work led to: a purge that has begun goes on at once.
fn next_task(books: &Books, asked: &Task, now: Moment) -> Option<Task> {
    let today = tokyo_date(now.0);
    let owed = books.contract.owed().into_iter();
    let due = owed.filter(|task| task.due <= today);
    let mut due: Vec<Task> = due.collect();
    let begun = asked.work == Work::Purge;
    due.retain(|task| task == asked || (begun && task.work == Work::Certificate));
    due.into_iter().min()
}

/// Begins the journal with everything that has to be found outside of the tables.
async fn begin(app: &App, books: &mut Books, task: &Task, now: Moment) -> anyhow::Result<Went> {
    let id = &task.contract;
    let refused = Journal::may_begin(&books.contract, tokyo_date(now.0));
    refused.with_context(|| format!("contract {id}"))?;
    let cameras = app.devices.cameras(id).await?;
    let devices = app.devices.devices(id).await?;
    let users = app.people.users(id).await?;
    let targets = Targets::of(&cameras, &devices, &users);
    let (journal, line) = Journal::begin(&books.contract, targets, now.0);
    let (after, decision) = books.carrying_out(task, now)?;
    let write = Write::Purge(Box::new(journal.clone()), Box::new(line));
    if !commit(app, &decision.and(write)).await? {
        return Ok(Went::Overtaken);
    }
    tracing::info!(contract = %id, "a purge has begun");
    books.contract = after;
    books.journal = Some(journal);
    Ok(Went::On)
}

/// Takes the next portion: asks for it, and does it once that is written.
async fn portion(
    app: &App,
    books: &mut Books,
    acts: &mut Vec<Act>,
    task: &Task,
    now: Moment,
) -> anyhow::Result<Went> {
    let mut journal = books.journal.clone().context("the purge has no journal")?;
    if journal
        .waits_for
        .is_some_and(|version| version != books.holds.version)
    {
        journal.wake();
    }
    let went = match journal.next(&books.holds) {
        Next::Wait => wait(app, books, &mut journal, acts, now).await?,
        Next::Pass(step) => {
            acts.push(journal.pass(step));
            Went::On
        }
        Next::Ask(Step::Certificate) => {
            let acts = std::mem::take(acts);
            return certify::certify(app, books, journal, acts, task, now).await;
        }
        Next::Ask(Step::Search) => search(app, books, &mut journal, acts, now).await?,
        Next::Ask(step @ (Step::Register | Step::Records)) => {
            of_tables(app, books, &mut journal, (step, acts), now).await?
        }
        Next::Ask(step) => outside(app, books, &mut journal, (step, acts), now).await?,
    };
    books.journal = Some(journal);
    Ok(went)
}

async fn wait(
    app: &App,
    books: &Books,
    journal: &mut Journal,
    acts: &mut Vec<Act>,
    now: Moment,
) -> anyhow::Result<Went> {
    if journal.waits_for.is_none() {
        acts.push(journal.wait(&books.holds));
        write(app, books, journal, acts, Vec::new(), now).await?;
    }
    Ok(Went::Waits)
}

/// Writes the next line, with what the tables lose by it.
async fn write(
    app: &App,
    books: &Books,
    journal: &mut Journal,
    acts: &mut Vec<Act>,
    writes: Vec<Write>,
    now: Moment,
) -> anyhow::Result<bool> {
    let resting = books.resting();
    let mut decision = with_line(resting, journal, std::mem::take(acts), now);
    decision.writes.extend(writes);
    commit(app, &decision).await
}

/// A step outside of the tables: a look at what is there, the line that tells it and asks for the step, then the deed.
async fn outside(
    app: &App,
    books: &Books,
    journal: &mut Journal,
    (step, acts): (Step, &mut Vec<Act>),
    now: Moment,
) -> anyhow::Result<Went> {
    let there = steps::look(app, journal, step, &books.holds).await?;
    let asked = journal.ask(step, there);
    if there > 0 {
        acts.push(asked);
        if !write(app, books, journal, acts, Vec::new(), now).await? {
            return Ok(Went::Overtaken);
        }
        steps::act(app, journal, step, &books.holds).await?;
    }
    let from = steps::after(journal, step, there);
    acts.push(journal.done(step, from));
    Ok(Went::On)
}

/// A step of the tables: the line that asks for it and the deed are one transaction.
async fn of_tables(
    app: &App,
    books: &Books,
    journal: &mut Journal,
    (step, acts): (Step, &mut Vec<Act>),
    now: Moment,
) -> anyhow::Result<Went> {
    let portion = match step {
        Step::Register => steps::of_register(app, books).await?,
        _ => {
            let (id, application) = (&journal.contract, &journal.application);
            let from = journal.from.clone();
            app.purges.portion(id, application, from).await?
        }
    };
    let is_empty = portion.writes.is_empty();
    if !is_empty {
        acts.push(journal.ask(step, portion.count));
    }
    acts.push(journal.done(step, portion.next));
    if !is_empty && !write(app, books, journal, acts, portion.writes, now).await? {
        return Ok(Went::Overtaken);
    }
    Ok(Went::On)
}

/// Looks for what is left everywhere; what is found leads back to its step.
async fn search(
    app: &App,
    books: &Books,
    journal: &mut Journal,
    acts: &mut Vec<Act>,
    now: Moment,
) -> anyhow::Result<Went> {
    tracing::info!(contract = %journal.contract, "every store is searched for what is left");
    let found = steps::search(app, journal, books).await?;
    let (said, goes_on) = journal.searched(&found, &books.holds, now.0);
    acts.extend(said);
    if goes_on {
        return Ok(Went::On);
    }
    tracing::warn!(contract = %journal.contract, ?found, "a purge keeps finding something and waits");
    write(app, books, journal, acts, Vec::new(), now).await?;
    Ok(Went::Waits)
}

/// Asks for the next run.
async fn go_on(app: &App, books: &Books, task: &Task, now: Moment) -> anyhow::Result<()> {
    let lines = books.journal.as_ref().map_or(0, |journal| journal.version);
    let message = Message {
        id: stable_id(&task.contract, &format!("purge/line/{lines}/{}", now.0)),
        at: now.0,
        body: Body::Work(task.clone()),
    };
    let sent = app.desk.queues.send(std::slice::from_ref(&message)).await;
    anyhow::ensure!(!sent.is_empty(), "the queue did not take the next part");
    Ok(())
}

/// Takes what the tables still have away, portion by portion.
pub(crate) async fn sweep_tables(app: &App, books: &Books) -> anyhow::Result<bool> {
    let (id, application) = (&books.contract.id, &books.contract.application);
    let mut from = None;
    loop {
        let portion = app.purges.portion(id, application, from).await?;
        if !portion.writes.is_empty() {
            let decision = Decision {
                writes: [books.resting().writes, portion.writes].concat(),
                ..Decision::default()
            };
            if !commit(app, &decision).await? {
                return Ok(false);
            }
        }
        from = portion.next;
        if from.is_none() {
            return Ok(true);
        }
    }
}
