//! One part of a run of the audit: some pages of contracts, and at the end of the run what belongs to resellers.

use ciero_domain::application::Channel;
use ciero_domain::calendar::{days, tokyo_date};
use ciero_domain::contract::{Finding, FindingKind, audit, stable_id};
use ciero_domain::ids::ContractId;
use ciero_ports::{AuditRun, Body, Message};
use ciero_runtime::Moment;
use futures::StreamExt;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{App, metrics, resold};

/// How many pages of contracts one part looks at: a small share of what the function's time would allow, so that
/// a slow day changes nothing.
const PAGES: usize = 20;
/// How many contracts are looked at side by side.
const SIDE_BY_SIDE: usize = 16;
/// How many findings the report keeps; the metrics count all of them.
const MOST_FINDINGS: usize = 1_000;

/// Looks at the next contracts of a run, and either lets another part go on or replaces the report. A part that comes
/// again starts from the same place, and only the first to write its end goes on.
pub(crate) async fn part(app: &App, mut run: AuditRun, now: Moment) -> anyhow::Result<Value> {
    let today = tokyo_date(run.began);
    for _ in 0..PAGES {
        let page = app.contracts.page(run.from.take()).await?;
        look_at(app, &mut run, page.contracts, today).await?;
        run.from = page.next;
        if run.from.is_none() {
            return complete(app, run, now).await;
        }
    }
    run.version += 1;
    if app.reports.put_run(&run).await? {
        go_on(app, &run, now).await?;
    } else {
        tracing::info!(began = %run.began, part = run.version, "another delivery finished this part");
    }
    Ok(json!({ "contracts": run.report.contracts, "goesOn": true }))
}

/// Asks for the next part.
async fn go_on(app: &App, run: &AuditRun, now: Moment) -> anyhow::Result<()> {
    let message = Message {
        id: stable_id(&"audit", &format!("{}/{}", run.began, run.version)),
        at: now.0,
        body: Body::Audit(run.began),
    };
    let sent = app.queues.send(std::slice::from_ref(&message)).await;
    anyhow::ensure!(!sent.is_empty(), "the queue did not take the next part");
    Ok(())
}

/// Adds what belongs to no contract of its own, and replaces the report unless a later run did.
async fn complete(app: &App, mut run: AuditRun, now: Moment) -> anyhow::Result<Value> {
    for (contract, finding) in resold::look(app, &run.resellers, tokyo_date(run.began)).await? {
        note(&mut run, &contract, finding);
    }
    let report = run.report;
    if app.reports.report().await?.at <= report.at {
        app.reports.put_report(&report).await?;
    }
    println!("{}", metrics::line(&report, now));
    Ok(json!({
        "contracts": report.contracts,
        "missing": report.missing,
        "doubled": report.doubled,
    }))
}

async fn look_at(
    app: &App,
    run: &mut AuditRun,
    contracts: Vec<ContractId>,
    today: Date,
) -> anyhow::Result<()> {
    let mut looked = futures::stream::iter(contracts)
        .map(|id| look(app, id, today))
        .buffered(SIDE_BY_SIDE);
    while let Some(looked) = looked.next().await {
        let looked = looked?;
        run.report.contracts += 1;
        run.resellers.extend(looked.reseller);
        for finding in looked.findings {
            note(run, &looked.contract, finding);
        }
    }
    Ok(())
}

/// Counts a finding, and keeps it while the list has room.
fn note(run: &mut AuditRun, contract: &ContractId, finding: Finding) {
    let report = &mut run.report;
    match finding.kind {
        FindingKind::DoubledInvoice | FindingKind::UnexpectedEffect => report.doubled += 1,
        _ => report.missing += 1,
    }
    if report.findings.len() < MOST_FINDINGS {
        report.findings.push((contract.clone(), finding));
    }
}

/// What is known of a contract after looking at it.
struct Looked {
    contract: ContractId,
    /// The reseller whose terms govern it.
    reseller: Option<String>,
    findings: Vec<Finding>,
}

/// Compares one contract with what is there. A contract that changes under the eyes is looked at again.
async fn look(app: &App, id: ContractId, today: Date) -> anyhow::Result<Looked> {
    let (reseller, mut findings) = compare(app, &id, today).await?;
    if !findings.is_empty() {
        let (_, again) = compare(app, &id, today).await?;
        findings.retain(|finding| again.contains(finding));
    }
    if !findings.is_empty() {
        tracing::error!(contract = %id, ?findings, "the audit found something");
    }
    Ok(Looked {
        contract: id,
        reseller,
        findings,
    })
}

/// Compares one contract with its effects, its documents and the work that is kept for it.
async fn compare(
    app: &App,
    id: &ContractId,
    today: Date,
) -> anyhow::Result<(Option<String>, Vec<Finding>)> {
    // The contract comes first: what is written after it is explained by its dates, not the other way round.
    let Some(contract) = app.contracts.contract(id).await? else {
        return Ok((None, Vec::new()));
    };
    let (effects, invoices) =
        tokio::try_join!(app.contracts.effects(id), app.billing.invoices(id))?;
    let mut findings = audit(&contract, &effects, &invoices, today);
    // What fell due today or yesterday may be on its way from one place to another.
    let yesterday = days(today, -1);
    let mut settled = contract.owed();
    settled.retain(|task| task.due > today || task.due < yesterday);
    let lost = app.due.lost(&settled).await?;
    findings.extend(lost.into_iter().map(|task| Finding {
        kind: FindingKind::MissingTask,
        about: task.work.effect(),
    }));
    let reseller = match contract.channel {
        Channel::Reseller(code) => Some(code),
        Channel::Direct => None,
    };
    Ok((reseller, findings))
}
