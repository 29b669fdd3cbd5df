//! The certificate, the erasure of the address after it was sent, and the statement that no recovery copy is left.

use anyhow::Context as _;
use ciero_domain::calendar::{days, tokyo_date};
use ciero_domain::contract::{Contract, Standing, Task, Work, recovery_ends, stable_id};
use ciero_domain::documents::Bilingual;
use ciero_domain::purge::{
    Act, Certificate, Counted, FORMAT, Journal, Kept, SignedCertificate, Statement, Step, kept,
};
use ciero_ports::Write;
use ciero_runtime::Moment;
use jiff::civil::Date;

use crate::books::{Books, commit, with_line};
use crate::driver::{Went, sweep_tables};
use crate::{App, steps};

/// For how many days the address waits for its last letter when that cannot be sent.
const LETTER_DAYS: i64 = 14;

/// Issues the certificate: the contract's entry, the certificate, the letter and the last line are one transaction.
pub(crate) async fn certify(
    app: &App,
    books: &mut Books,
    mut journal: Journal,
    mut acts: Vec<Act>,
    task: &Task,
    now: Moment,
) -> anyhow::Result<Went> {
    tracing::info!(contract = %books.contract.id, "a certificate of the purge is drawn up");
    acts.push(journal.ask(Step::Certificate, 0));
    let (after, decision) = books.carrying_out(task, now)?;
    let decision = with_line(decision, &mut journal, acts, now);
    let gone_on = recovery_ends(tokyo_date(now.0));
    let signed = sign(app, books, &journal, (Statement::DataDeleted, gone_on), now).await?;
    let decision = decision
        .and(Write::Certificate(Box::new(signed)))
        .and(Write::PurgeEnded(books.contract.id.clone()));
    if !commit(app, &decision).await? {
        return Ok(Went::Overtaken);
    }
    tracing::info!(contract = %books.contract.id, "a purge was certified");
    books.contract = after;
    Ok(Went::Done)
}

/// Erases name and address once the letter was sent, or could not be sent for so long.
pub(crate) async fn erase_contact(
    app: &App,
    books: &Books,
    task: &Task,
    now: Moment,
) -> anyhow::Result<Went> {
    let letter = stable_id(&task.contract, &Work::Certificate.effect());
    let sent = app.notices.notice(&letter).await?.is_some();
    let waited = tokyo_date(now.0) > days(task.due, LETTER_DAYS);
    if books.holds.keep_registered_data() || !(sent || waited) {
        return Ok(Went::Waits);
    }
    if !sweep_tables(app, books).await? {
        return Ok(Went::Overtaken);
    }
    let (_, decision) = books.carrying_out(task, now)?;
    Ok(match commit(app, &decision).await? {
        true => Went::Done,
        false => Went::Overtaken,
    })
}

/// Searches once more and states that no recovery copy of what was deleted is left.
pub(crate) async fn close(
    app: &App,
    books: &mut Books,
    task: &Task,
    now: Moment,
) -> anyhow::Result<Went> {
    let mut journal = books.journal.clone().context("the purge has no journal")?;
    if journal.is_held(&books.holds) {
        return Ok(Went::Waits);
    }
    if !sweep_tables(app, books).await? {
        return Ok(Went::Overtaken);
    }
    let found = steps::search(app, &journal, books).await?;
    anyhow::ensure!(found.is_empty(), "something was found again: {found:?}");
    let (acts, _) = journal.searched(&found, &books.holds, now.0);
    let (_, decision) = books.carrying_out(task, now)?;
    let decision = with_line(decision, &mut journal, acts, now);
    let statement = (Statement::RecoveryCopiesExpired, task.due);
    let signed = sign(app, books, &journal, statement, now).await?;
    let decision = decision.and(Write::Certificate(Box::new(signed)));
    Ok(match commit(app, &decision).await? {
        true => Went::Done,
        false => Went::Overtaken,
    })
}

async fn sign(
    app: &App,
    books: &Books,
    journal: &Journal,
    (statement, gone_on): (Statement, Date),
    now: Moment,
) -> anyhow::Result<SignedCertificate> {
    let contract = &books.contract;
    let Standing::Ended { on, cause, .. } = contract.standing else {
        anyhow::bail!("contract {} has not ended", contract.id);
    };
    let certificate = Certificate {
        format: FORMAT.to_owned(),
        statement,
        operator: books.facts.operator.company.clone(),
        contract: contract.id.clone(),
        ended_on: on,
        cause,
        begun_at: journal.begun_at,
        searched_at: journal.searched_at.context("nothing was searched")?,
        issued_at: now.0,
        deleted: counted(journal),
        kept: what_is_kept(app, books, contract).await?,
        journal_sha256: journal.head.clone(),
        journal_lines: journal.version,
        recovery_copies_gone_on: gone_on,
        key_sha256: app.certificate_key.fingerprint(),
    };
    Ok(app.certificate_key.sign(certificate))
}

async fn what_is_kept(app: &App, books: &Books, contract: &Contract) -> anyhow::Result<Vec<Kept>> {
    let history = app.contracts.history(&contract.id).await?;
    let newest = history.iter().map(|entry| tokyo_date(entry.at)).max();
    let newest = newest.context("the contract has no history")?;
    let keeping = &books.facts.operator.deletion;
    let has_hashes = !app.purges.register_of(&contract.id).await?.is_empty();
    Ok(kept(contract, keeping, newest, has_hashes))
}

/// Says how much of what was taken away from where.
fn counted(journal: &Journal) -> Vec<Counted> {
    let rows = [
        (Step::Recordings, "Amazon Kinesis Video Streams"),
        (Step::Files, "Amazon S3"),
        (Step::Accounts, "Amazon Cognito"),
        (Step::Devices, "AWS IoT Core"),
        (Step::Register, "Amazon DynamoDB"),
        (Step::Records, "Amazon DynamoDB"),
    ];
    let row = |(step, store): (Step, &str)| Counted {
        step: step.code().to_owned(),
        store: format!("{store} (ap-northeast-1)"),
        what: Bilingual {
            ja: step.sentence(ciero_domain::Language::Ja).to_owned(),
            en: step.sentence(ciero_domain::Language::En).to_owned(),
        },
        deleted: journal.deleted(step),
    };
    rows.into_iter().map(row).collect()
}
