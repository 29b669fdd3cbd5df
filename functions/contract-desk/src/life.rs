//! The customer ends what runs: a renewal is refused in time, or the contract is cancelled (Art. 11, 15-1).

use axum::extract::State;
use ciero_domain::application::ticked;
use ciero_domain::contract::{Cancellation, Command, Refusal, Step};
use ciero_domain::ids::base32;
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_ports::Decision;
use ciero_runtime::{Administrator, Answer, Asked, Books, Input, Moment, Outcome, Problem, facts};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use crate::{App, Trace};

/// Where a renewal that can no longer be refused is ended (D-13).
const CANCELLATION: &str = "/contract/cancellation";

/// A refusal of renewal, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawRefusal {
    /// The number of the order that is not to be renewed.
    order: String,
}

/// A cancellation, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawCancellation {
    /// The last day of use.
    on: String,
    confirm: String,
}

/// Refuses the renewal of an order; the moment of the request decides whether it is in time (D-11, D-12).
pub(crate) async fn refuse_renewal(
    State(app): State<App>,
    who: Administrator,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawRefusal>,
) -> Result<Answer, Problem> {
    let order: u16 = raw
        .order
        .parse()
        .map_err(|_| Problem::field("order", FieldRule::Choice))?;
    app.desk
        .decide(asked, now, || async {
            let receipt = app.receipt_number("R");
            let command = Command::RefuseRenewal {
                order,
                receipt: receipt.clone(),
                paper: None,
            };
            let trace = Trace {
                actor: &who.user,
                action: "renewal_refused",
                camera: None,
                detail: json!({"order": order, "receipt": receipt}),
            };
            app.carry_out((command, &receipt, "/contract"), trace, now)
                .await
        })
        .await
}

/// Cancels the contract as of a day (15-1).
pub(crate) async fn cancel(
    State(app): State<App>,
    who: Administrator,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawCancellation>,
) -> Result<Answer, Problem> {
    let on = last_day(&raw)?;
    app.desk
        .decide(asked, now, || async {
            let receipt = app.receipt_number("C");
            let command = Command::Cancel(Cancellation {
                on,
                receipt: receipt.clone(),
                received_on: None,
            });
            let trace = Trace {
                actor: &who.user,
                action: "contract_cancelled",
                camera: None,
                detail: json!({"on": on, "receipt": receipt}),
            };
            app.carry_out((command, &receipt, "/contract"), trace, now)
                .await
        })
        .await
}

/// Reads the chosen day; the box that confirms it must be ticked.
fn last_day(raw: &RawCancellation) -> Result<Date, Problem> {
    let mut errors = FieldErrors::default();
    let on = errors.keep("on", civil_day(&raw.on));
    if !ticked(&raw.confirm) {
        errors.add("confirm", FieldRule::Required);
    }
    errors.finish(on).map_err(Problem::fields)
}

/// Reads a day of the calendar. A moment is no day, though it begins with one.
pub(crate) fn civil_day(text: &str) -> Result<Date, FieldRule> {
    if text.is_empty() {
        return Err(FieldRule::Required);
    }
    let day = text.parse::<Date>().ok();
    let day = day.filter(|day| day.to_string() == text);
    day.ok_or(FieldRule::Date)
}

impl App {
    /// Draws the number of the customer's receipt (Art. 24).
    pub(crate) fn receipt_number(&self, kind: &str) -> String {
        format!("{kind}-{}", base32(&self.chance.id()))
    }

    /// Decides a command of the customer on the contract as it is now, with everything that follows from it.
    pub(crate) async fn carry_out(
        &self,
        (command, receipt, page): (Command, &str, &str),
        trace: Trace<'_>,
        now: Moment,
    ) -> Result<Outcome, Problem> {
        let user = trace.actor;
        let facts = facts(self.documents.as_ref()).await?;
        let books = Books {
            contracts: self.contracts.as_ref(),
            desk: &self.desk,
        };
        let contract = books.up_to_date(&user.contract, &facts, now).await?;
        let contract = contract.ok_or_else(Problem::not_found)?;
        let by = format!("user:{}", user.id);
        let entry = contract
            .decide(command, &by, &facts, now.0)
            .map_err(refused)?;
        let step =
            Step::of(Some(&contract), entry, &facts.operator).ok_or_else(Problem::internal)?;
        let decision = Decision::default()
            .step(step, None)
            .and(self.audit(trace, now));
        let answer = Answer::done(format!("{page}?receipt={receipt}"));
        Ok(Outcome::new(decision, answer.with("receipt", receipt)))
    }
}

/// A refusal that comes too late is offered as a cancellation (D-13).
fn refused(refusal: Refusal) -> Problem {
    let instead = match refusal {
        Refusal::RefusalTooLate => Some(CANCELLATION),
        _ => None,
    };
    Problem {
        instead,
        ..refusal.into()
    }
}
