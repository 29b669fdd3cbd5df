//! Payments of resellers on their invoices (6-2).

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Input, Outcome, Problem};
use serde_json::json;

use crate::App;
use crate::acting::{Acting, Billing};
use crate::billing::RawReceipt;
use crate::reading::refused;

/// Records a payment that came from a reseller; one that was never billed does not exist here.
pub async fn receive(
    acting: Acting<Billing>,
    State(app): State<App>,
    code: Result<Path<String>, PathRejection>,
    Input(raw): Input<RawReceipt>,
) -> Result<Answer, Problem> {
    let Path(code) = code.map_err(|_| Problem::not_found())?;
    let new = raw.parse()?;
    let (by, now) = (acting.by(), acting.now);
    let (by, code, new, app) = (&by, &code, &new, &app);
    app.desk
        .decide(acting.asked, now, || async move {
            let account = app.resellers.account(code).await?;
            let account = account.ok_or_else(Problem::not_found)?;
            let (account, receipt) = account.receive(new.clone(), by, now.0).map_err(refused)?;
            let answer = Answer {
                body: json!({"reference": receipt.reference, "yen": receipt.yen, "paid": receipt.paid,
                    "credit": receipt.credit}),
                ..Answer::done("/console/resellers".to_owned())
            };
            let decision = Decision::of(Write::ResellerAccount(Box::new(account)));
            let decision = decision.and(Write::ResellerReceipt(Box::new(receipt)));
            Ok(Outcome::new(decision, answer))
        })
        .await
}
