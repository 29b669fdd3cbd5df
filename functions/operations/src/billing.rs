//! Money: payments (6-1), credit notes, demands (13-1-2) and late interest (Art. 19).

use axum::extract::State;
use ciero_domain::contract::{Command, Contract, NewReceipt};
use ciero_domain::ids::MessageId;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome as NoticeOutcome, Posted};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_ports::Write;
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::acting::{Acting, Billing, ContractPath, note};
use crate::reading::Given;

/// A payment, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawReceipt {
    pub reference: Given,
    pub received_on: Given,
    pub yen: Given,
}

impl RawReceipt {
    /// Reads a payment.
    pub fn parse(&self) -> Result<NewReceipt, Problem> {
        let mut errors = FieldErrors::default();
        let reference = errors.keep("reference", self.reference.short());
        let received_on = errors.keep("received_on", self.received_on.date());
        let yen = errors.keep("yen", self.yen.yen());
        let receipt = reference.zip(received_on).zip(yen);
        let receipt = receipt.map(|((reference, received_on), yen)| NewReceipt {
            reference,
            received_on,
            yen,
        });
        errors.finish(receipt).map_err(Problem::fields)
    }
}

/// Records a payment that was received.
pub async fn receive(
    acting: Acting<Billing>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawReceipt>,
) -> Result<Answer, Problem> {
    let command = Command::RecordReceipt(raw.parse()?);
    acting.carry_out(&app, &id, command).await
}

/// A credit note, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawCredit {
    debt: Given,
    yen: Given,
    reason: Given,
}

/// Issues a credit note for a debt.
pub async fn credit(
    acting: Acting<Billing>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawCredit>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let debt = errors.keep("debt", raw.debt.choice());
    let yen = errors.keep("yen", raw.yen.yen());
    let reason = errors.keep("reason", raw.reason.long());
    let command = debt.zip(yen).zip(reason);
    let command = command.map(|((debt, yen), reason)| Command::Credit { debt, yen, reason });
    let command = errors.finish(command).map_err(Problem::fields)?;
    acting.carry_out(&app, &id, command).await
}

/// A demand that was sent by another way than the service's mail, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDemand {
    debt: Given,
    sent_on: Given,
    channel: Given,
    /// What proves it, for example the number of the delivery certificate.
    proof: Given,
}

/// Records a demand that an operator sent, for example by certified mail.
pub async fn demand(
    acting: Acting<Billing>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawDemand>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let debt = errors.keep("debt", raw.debt.choice());
    let sent_on = errors.keep("sent_on", raw.sent_on.date());
    let channel = errors.keep("channel", raw.channel.short());
    let proof = errors.keep("proof", raw.proof.long());
    if proof.as_ref().is_some_and(String::is_empty) {
        errors.add("proof", FieldRule::Required);
    }
    let given = debt.zip(sent_on).zip(channel.zip(proof));
    let given = errors.finish(given).map_err(Problem::fields)?;
    let ((debt, sent_on), (channel, proof)) = given;
    let posted = Posted {
        channel: channel.clone(),
        sent_on,
        proof,
    };
    let command = Command::DemandSent {
        debt,
        sent_on,
        channel,
    };
    let (id_of_line, now) = (MessageId::from_random(app.chance.id()), acting.now);
    let also = |contract: &Contract, mut outcome: Outcome| {
        let line = line(contract, debt, &posted, (&id_of_line, now));
        outcome.decision = outcome.decision.and(Write::Notice(Box::new(line)));
        Ok(note(outcome, "proof", &json!(posted.proof)))
    };
    acting.carry_out_with(&app, &id, command, also).await
}

/// The line of the notice ledger for a demand that a person sent (Art. 24).
fn line(
    contract: &Contract,
    debt: u32,
    posted: &Posted,
    (id, now): (&MessageId, Moment),
) -> NoticeRecord {
    let address = &contract.customer.address;
    NoticeRecord {
        id: id.clone(),
        notice: Notice::Demand {
            contract: contract.id.clone(),
            number: debt,
        },
        to: format!(
            "{}{}",
            address.prefecture.name(contract.language),
            address.line
        ),
        language: contract.language,
        content_hash: String::new(),
        sent_at: now.0,
        mail_id: String::new(),
        version: 1,
        outcome: NoticeOutcome::Sent,
        posted: Some(posted.clone()),
    }
}

/// What is decided about drafted interest, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawInterest {
    /// The number of the debt that was paid late.
    of: Given,
    /// `bill` or `waive`.
    decision: String,
    /// Why it is waived.
    reason: Given,
}

/// Bills or waives the interest of a debt (D-29).
pub async fn interest(
    acting: Acting<Billing>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawInterest>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let of = errors.keep("of", raw.of.choice());
    let reason = errors.keep("reason", raw.reason.long());
    let command = of.zip(reason);
    let command = command.and_then(|(of, reason)| match raw.decision.as_str() {
        "bill" => Some(Command::BillInterest { of }),
        "waive" => Some(Command::WaiveInterest { of, reason }),
        _ => {
            errors.add("decision", FieldRule::Choice);
            None
        }
    });
    let command = errors.finish(command).map_err(Problem::fields)?;
    acting.carry_out(&app, &id, command).await
}
