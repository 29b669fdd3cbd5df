//! Fees of resold contracts that stayed on no invoice (6-2).

use std::collections::BTreeSet;

use ciero_domain::calendar::days;
use ciero_domain::contract::{Finding, FindingKind};
use ciero_domain::ids::ContractId;
use ciero_domain::reseller::ResoldFee;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::App;

/// How many fees of one reseller are looked at; where more are wrong, these say enough.
const MOST_FEES: u16 = 200;
/// How many whole months a fee may stay on no invoice: its own month's may be closed when it is made up.
const MONTHS: i64 = 2;

/// Looks at the resellers of the settings and of the contracts. Of one that the settings do not name no fee can be
/// billed at all.
pub(crate) async fn look(
    app: &App,
    of_contracts: &BTreeSet<String>,
    today: Date,
) -> anyhow::Result<Vec<(ContractId, Finding)>> {
    let operator = app.documents.operator().await?.unwrap_or_default();
    let named: BTreeSet<String> = operator.resellers.into_iter().map(|r| r.code).collect();
    let months_ago = today.first_of_month().saturating_sub(MONTHS.months());
    let mut findings = Vec::new();
    for code in named.union(of_contracts) {
        let (kind, before) = match named.contains(code) {
            true => (FindingKind::UnbilledFee, months_ago),
            false => (FindingKind::UnknownReseller, days(today, 1)),
        };
        let fees = app.resellers.unbilled(code, before, MOST_FEES).await?;
        if !fees.is_empty() {
            tracing::error!(
                reseller = code,
                fees = fees.len(),
                ?kind,
                "the audit found fees on no invoice"
            );
        }
        findings.extend(fees.into_iter().map(|fee| finding(kind, fee)));
    }
    Ok(findings)
}

fn finding(kind: FindingKind, fee: ResoldFee) -> (ContractId, Finding) {
    let about = format!(
        "{}/{:02}/{:04}/{}",
        fee.reseller, fee.order, fee.term_number, fee.on
    );
    (fee.contract, Finding { kind, about })
}
