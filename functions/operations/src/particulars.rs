//! An operator takes a change of particulars over, or does not (Art. 4, 5-1).

use axum::extract::State;
use ciero_domain::contract::{Case, Command};
use ciero_domain::ids::ContractId;
use ciero_domain::particulars::FieldErrors;
use ciero_ports::Write;
use ciero_runtime::{Answer, Input, Problem};
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, ContractPath, Contracts};
use crate::reading::Given;

/// A decision on a change, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDecision {
    /// The receipt number of what was on the page.
    receipt: Given,
    reason: Given,
}

/// Takes the change over: it counts from its day.
pub async fn confirm(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawDecision>,
) -> Result<Answer, Problem> {
    let receipt = receipt(&raw)?;
    let command = Command::ConfirmChange {
        receipt: receipt.clone(),
    };
    decide(acting, &app, &id, (command, &receipt, "反映しました。")).await
}

/// Leaves the particulars as they are; the customer learns why.
pub async fn refuse(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawDecision>,
) -> Result<Answer, Problem> {
    let receipt = receipt(&raw)?;
    let mut errors = FieldErrors::default();
    let reason = errors.keep("reason", raw.reason.long());
    let reason = errors.finish(reason).map_err(Problem::fields)?;
    let command = Command::RefuseChange {
        receipt: receipt.clone(),
        reason: reason.clone(),
    };
    decide(acting, &app, &id, (command, &receipt, &reason)).await
}

fn receipt(raw: &RawDecision) -> Result<String, Problem> {
    let receipt = raw.receipt.short();
    receipt.map_err(|rule| Problem::field("receipt", rule))
}

/// Decides, and closes the case that asked for it.
async fn decide(
    acting: Acting<Contracts>,
    app: &App,
    contract: &ContractId,
    (command, receipt, note): (Command, &str, &str),
) -> Result<Answer, Problem> {
    let case = app.cases.case(&Case::id_of(contract, receipt)).await?;
    let open = case.filter(|case| case.closed.is_none());
    let (by, now) = (acting.by(), acting.now);
    let closed = open.map(|case| case.close(&by, note, now.0));
    let close = |_: &_, mut outcome: ciero_runtime::Outcome| {
        let case = closed.clone().map(|case| Write::Case(Box::new(case)));
        outcome.decision.writes.extend(case);
        Ok(outcome)
    };
    acting.carry_out_with(app, contract, command, close).await
}
