//! Measures of Art. 13: suspension, its lifting, and a rescission by two operators.

use axum::extract::State;
use ciero_domain::contract::{Command, Measure, MeasureGround, Refusal};
use ciero_domain::ids::ContractId;
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_runtime::{Answer, Input, Problem};
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, ContractPath, Contracts};
use crate::reading::{Given, refused};

/// A measure, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawMeasure {
    ground: String,
    evidence: Given,
    arose_on: Given,
}

impl RawMeasure {
    /// Reads a measure; that its ground holds is for the contract to decide.
    fn parse(&self) -> Result<Measure, Problem> {
        let code = self.ground.trim();
        if code.is_empty() {
            return Err(refused(Refusal::GroundMissing));
        }
        let mut errors = FieldErrors::default();
        let ground = MeasureGround::parse(code).ok_or(FieldRule::Choice);
        let ground = errors.keep("ground", ground);
        let evidence = errors.keep("evidence", self.evidence.long());
        if evidence.as_ref().is_some_and(String::is_empty) {
            return Err(refused(Refusal::EvidenceMissing));
        }
        let arose_on = errors.keep("arose_on", self.arose_on.date());
        let measure = ground.zip(evidence).zip(arose_on);
        let measure = measure.map(|((ground, evidence), arose_on)| Measure {
            ground,
            evidence,
            arose_on,
        });
        errors.finish(measure).map_err(Problem::fields)
    }
}

/// A decision that needs its reason, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawReason {
    reason: Given,
}

impl RawReason {
    fn parse(&self) -> Result<String, Problem> {
        let reason = self.reason.long();
        reason.map_err(|rule| Problem::field("reason", rule))
    }
}

/// Suspends the use under 13-1; all debts fall due (13-2).
pub async fn suspend(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawMeasure>,
) -> Result<Answer, Problem> {
    let command = Command::Suspend(raw.parse()?);
    acting.carry_out(&app, &id, command).await
}

/// Lifts a suspension.
pub async fn lift(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawReason>,
) -> Result<Answer, Problem> {
    let reason = raw.parse()?;
    acting.carry_out(&app, &id, Command::Lift { reason }).await
}

/// Proposes to rescind the contract; nothing happens until another operator agrees.
pub async fn propose(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawMeasure>,
) -> Result<Answer, Problem> {
    let command = Command::ProposeRescission(raw.parse()?);
    acting.carry_out(&app, &id, command).await
}

/// Agrees to a rescission, which takes effect at once.
pub async fn approve(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
) -> Result<Answer, Problem> {
    let about = waiting(&app, &id).await?;
    let closing = (about.as_str(), "解除に同意しました。");
    acting
        .carry_out_closing(&app, &id, Command::ApproveRescission, closing)
        .await
}

/// Names the case that waits for a second operator; nothing where nothing was proposed.
async fn waiting(app: &App, id: &ContractId) -> Result<String, Problem> {
    let contract = app.contracts.contract(id).await?;
    let proposal = contract.and_then(|contract| contract.proposal);
    Ok(proposal
        .map(|proposal| proposal.about())
        .unwrap_or_default())
}

/// Takes the proposal to rescind back.
pub async fn withdraw(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawReason>,
) -> Result<Answer, Problem> {
    let reason = raw.parse()?;
    let about = waiting(&app, &id).await?;
    let command = Command::WithdrawProposal {
        reason: reason.clone(),
    };
    acting
        .carry_out_closing(&app, &id, command, (&about, &reason))
        .await
}
