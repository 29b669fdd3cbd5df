//! The customer tells us that its particulars changed, or that it moved abroad (Art. 4, P-1).

use axum::extract::State;
use ciero_domain::application::ticked;
use ciero_domain::contract::{Command, Departure, NewParticulars};
use ciero_domain::particulars::{FieldError, FieldRule, Particulars, RawParticulars};
use ciero_runtime::{Administrator, Answer, Asked, Input, Moment, Problem};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use crate::life::civil_day;
use crate::{App, Trace};

/// A change of particulars, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawChange {
    #[serde(flatten)]
    particulars: RawParticulars,
    /// The day on which the facts changed.
    effective_on: String,
    /// Ticked if the new address is not in Japan.
    abroad: String,
    address_abroad: String,
}

impl RawChange {
    fn command(&self, receipt: &str) -> Result<Command, Problem> {
        let receipt = receipt.to_owned();
        let effective_on = civil_day(&self.effective_on);
        if ticked(&self.abroad) {
            let effective_on = effective_on.map_err(not_a_day)?;
            return Ok(Command::Depart(Departure {
                receipt,
                effective_on,
                address: self.address_abroad.clone(),
            }));
        }
        let (particulars, effective_on) =
            both(Particulars::parse(&self.particulars), effective_on).map_err(Problem::fields)?;
        Ok(Command::ChangeParticulars(Box::new(NewParticulars {
            receipt,
            effective_on,
            particulars,
        })))
    }
}

fn not_a_day(rule: FieldRule) -> Problem {
    Problem::field("effective_on", rule)
}

/// Returns both, or everything that is wrong with either.
fn both(
    particulars: Result<Particulars, Vec<FieldError>>,
    day: Result<Date, FieldRule>,
) -> Result<(Particulars, Date), Vec<FieldError>> {
    match (particulars, day) {
        (Ok(particulars), Ok(day)) => Ok((particulars, day)),
        (particulars, day) => {
            let mut errors = particulars.err().unwrap_or_default();
            errors.extend(day.err().map(|rule| FieldError::new("effective_on", rule)));
            Err(errors)
        }
    }
}

/// Takes a change down under a receipt number: contacts count at once, the rest waits for an operator.
pub(crate) async fn change(
    State(app): State<App>,
    who: Administrator,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawChange>,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || async {
            let receipt = app.receipt_number("P");
            let command = raw.command(&receipt)?;
            let action = match &command {
                Command::Depart(_) => "move_abroad_told",
                _ => "particulars_changed",
            };
            let trace = Trace {
                actor: &who.user,
                action,
                camera: None,
                detail: json!({"receipt": receipt, "effective_on": raw.effective_on}),
            };
            app.carry_out((command, &receipt, "/contract/particulars"), trace, now)
                .await
        })
        .await
}
