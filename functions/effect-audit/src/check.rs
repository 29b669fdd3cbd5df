//! One run of the audit over all contracts.

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Finding, FindingKind, audit};
use ciero_domain::ids::ContractId;
use ciero_ports::AuditReport;
use ciero_runtime::Moment;
use futures::StreamExt;
use serde_json::{Value, json};

use crate::App;

/// How many contracts are looked at side by side.
const SIDE_BY_SIDE: usize = 16;
/// How many findings the report keeps; the metrics count all of them.
const MOST_FINDINGS: usize = 1_000;

/// What one run counts.
#[derive(Debug, Default)]
struct Counts {
    contracts: u32,
    missing: u64,
    doubled: u64,
}

/// Looks at every contract and replaces the report.
pub(crate) async fn run(app: &App, now: Moment) -> anyhow::Result<Value> {
    let mut report = AuditReport::default();
    let mut counts = Counts::default();
    let mut from = None;
    loop {
        let page = app.contracts.page(from).await?;
        let mut looked = futures::stream::iter(page.contracts)
            .map(|id| look(app, id, now))
            .buffer_unordered(SIDE_BY_SIDE);
        while let Some(findings) = looked.next().await {
            let (id, findings) = findings?;
            counts.contracts += 1;
            for finding in findings {
                match finding.kind {
                    FindingKind::DoubledInvoice | FindingKind::UnexpectedEffect => {
                        counts.doubled += 1;
                    }
                    _ => counts.missing += 1,
                }
                if report.findings.len() < MOST_FINDINGS {
                    report.findings.push((id.clone(), finding));
                }
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    report.at = Some(now.0);
    report.contracts = counts.contracts;
    app.reports.put_report(&report).await?;
    emit(&counts, now);
    Ok(
        json!({ "contracts": counts.contracts, "missing": counts.missing, "doubled": counts.doubled }),
    )
}

/// Compares one contract with what is there. A contract that changes under the eyes is looked at again.
async fn look(
    app: &App,
    id: ContractId,
    now: Moment,
) -> anyhow::Result<(ContractId, Vec<Finding>)> {
    let mut findings = compare(app, &id, now).await?;
    if !findings.is_empty() {
        let again = compare(app, &id, now).await?;
        findings.retain(|finding| again.contains(finding));
    }
    if !findings.is_empty() {
        tracing::error!(contract = %id, ?findings, "the audit found something");
    }
    Ok((id, findings))
}

/// Compares one contract with its effects, its documents and the work that waits for it.
async fn compare(app: &App, id: &ContractId, now: Moment) -> anyhow::Result<Vec<Finding>> {
    // The contract comes first: what is written after it is explained by its dates, not the other way round.
    let Some(contract) = app.contracts.contract(id).await? else {
        return Ok(Vec::new());
    };
    let effects = app.contracts.effects(id).await?;
    let invoices = app.billing.invoices(id).await?;
    let today = tokyo_date(now.0);
    let mut findings = audit(&contract, &effects, &invoices, today);
    for task in contract.owed().into_iter().filter(|task| task.due > today) {
        if !app.due.is_waiting(&task).await? {
            findings.push(Finding {
                kind: FindingKind::MissingTask,
                about: task.work.effect(),
            });
        }
    }
    Ok(findings)
}

/// Writes the metrics in CloudWatch's embedded format, which needs no call and no permission.
fn emit(counts: &Counts, now: Moment) {
    let metrics = json!([
        { "Name": "Missing", "Unit": "Count" },
        { "Name": "Doubled", "Unit": "Count" },
        { "Name": "Contracts", "Unit": "Count" },
    ]);
    let line = json!({
        "_aws": {
            "Timestamp": now.0.as_millisecond(),
            "CloudWatchMetrics": [
                { "Namespace": "Ciero/EffectAudit", "Dimensions": [[]], "Metrics": metrics },
            ],
        },
        "Missing": counts.missing,
        "Doubled": counts.doubled,
        "Contracts": counts.contracts,
    });
    println!("{line}");
}
