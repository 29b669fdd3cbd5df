//! Orders and their end: another order (D-40), a refusal on paper (Art. 11) and a cancellation (15-1).

use axum::extract::State;
use ciero_domain::contract::{Cancellation, Command, Contract, PaperNotice};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::service_end::ServiceEnd;
use ciero_ports::Write;
use ciero_runtime::{Answer, Input, Outcome, Problem};
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, ContractPath, Contracts};
use crate::reading::Given;

/// The most cameras of one order.
const MOST_CAMERAS: u16 = 1_000;

/// A further order, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawOrder {
    start: Given,
    retention_days: Given,
    cameras: Given,
}

/// Accepts another order, which runs its own year, unless the service has a last day (14-1).
pub async fn accept(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawOrder>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let start = errors.keep("start", raw.start.date());
    let days = raw.retention_days.number(FieldRule::Plan);
    let days = errors.keep("retention_days", days);
    let cameras = raw.cameras.number(FieldRule::Cameras);
    let cameras = cameras.and_then(|cameras: u16| match cameras {
        1..=MOST_CAMERAS => Ok(cameras),
        _ => Err(FieldRule::Cameras),
    });
    let cameras = errors.keep("cameras", cameras);
    let command = start.zip(days).zip(cameras);
    let command = command.map(|((start, retention_days), cameras)| Command::AcceptOrder {
        start,
        retention_days,
        cameras,
    });
    let command = errors.finish(command).map_err(Problem::fields)?;
    let end = app.service_ends.service_end().await?;
    let also = |_: &Contract, mut outcome: Outcome| {
        ServiceEnd::may_register(end.as_ref())?;
        let version = end.as_ref().map_or(0, |end| end.version);
        outcome.decision = outcome.decision.and(Write::ServiceEndStandsAt(version));
        Ok(outcome)
    };
    acting.carry_out_with(&app, &id, command, also).await
}

/// A refusal of renewal that came on paper, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawRefusal {
    order: Given,
    received_on: Given,
    channel: Given,
}

/// Records a refusal on paper; the day on which it arrived decides (D-11).
pub async fn refuse_renewal(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawRefusal>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let order = errors.keep("order", raw.order.choice());
    let received_on = errors.keep("received_on", raw.received_on.date());
    let channel = errors.keep("channel", raw.channel.short());
    let command = order.zip(received_on).zip(channel);
    let command = command.map(|((order, received_on), channel)| Command::RefuseRenewal {
        order,
        receipt: app.receipt_number("R"),
        paper: Some(PaperNotice {
            received_on,
            channel,
        }),
    });
    let command = errors.finish(command).map_err(Problem::fields)?;
    acting.carry_out(&app, &id, command).await
}

/// A cancellation that an operator records, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawCancellation {
    /// The last day of use.
    on: Given,
    /// The day on which the notice reached us.
    received_on: Given,
}

/// Records the customer's cancellation, with the day on which it arrived: it ends nothing before that day (15-1).
pub async fn cancel(
    acting: Acting<Contracts>,
    State(app): State<App>,
    ContractPath(id): ContractPath,
    Input(raw): Input<RawCancellation>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let on = errors.keep("on", raw.on.date());
    let received_on = errors.keep("received_on", raw.received_on.date());
    let command = on.zip(received_on).map(|(on, received_on)| {
        Command::Cancel(Cancellation {
            on,
            receipt: app.receipt_number("C"),
            received_on: Some(received_on),
        })
    });
    let command = errors.finish(command).map_err(Problem::fields)?;
    acting.carry_out(&app, &id, command).await
}
