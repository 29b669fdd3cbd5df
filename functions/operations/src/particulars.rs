//! An operator takes a change of particulars over, or does not (Art. 4, 5-1).

use axum::extract::State;
use ciero_domain::contract::Command;
use ciero_domain::particulars::FieldErrors;
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
    let closing = (receipt.as_str(), "反映しました。");
    acting.carry_out_closing(&app, &id, command, closing).await
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
    let closing = (receipt.as_str(), reason.as_str());
    acting.carry_out_closing(&app, &id, command, closing).await
}

fn receipt(raw: &RawDecision) -> Result<String, Problem> {
    let receipt = raw.receipt.short();
    receipt.map_err(|rule| Problem::field("receipt", rule))
}
