//! One command of one operator on one contract: who may, what is written, and what is answered.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, Path};
use ciero_domain::contract::{
    Case, Command, Contract, Entry, Event, Facts, Measure, MeasureGround, Step,
};
use ciero_domain::groups;
use ciero_domain::ids::{ContractId, MessageId, base32};
use ciero_domain::particulars::Customer;
use ciero_domain::screening::{RegisterCause, RegisterEntry};
use ciero_pages::Visitor;
use ciero_ports::{AuditRow, Decision, Rescreening, Write};
use ciero_runtime::{
    Answer, Asked, Books, Moment, Operator, Outcome, Problem, facts, note_reading,
};
use http::request::Parts;
use serde_json::{Value, json};

use crate::App;
use crate::reading::refused;

/// Which groups of operators a command is for.
pub trait Group {
    const NAMES: &'static [&'static str];
}

/// Those who decide about contracts.
pub struct Contracts;
impl Group for Contracts {
    const NAMES: &'static [&'static str] = groups::CONTRACTS;
}

/// Those who decide about money.
pub struct Billing;
impl Group for Billing {
    const NAMES: &'static [&'static str] = groups::BILLING;
}

/// Those who look after customers in one way or another.
pub struct Desks;
impl Group for Desks {
    const NAMES: &'static [&'static str] = groups::DESKS;
}

/// Those who write and publish the operator's documents.
pub struct Publishers;
impl Group for Publishers {
    const NAMES: &'static [&'static str] = groups::PUBLISHERS;
}

/// The legal desk.
pub struct Legal;
impl Group for Legal {
    const NAMES: &'static [&'static str] = groups::LEGAL;
}

/// Those who may look at a customer's video on another's grant.
pub struct Support;
impl Group for Support {
    const NAMES: &'static [&'static str] = groups::SUPPORT;
}

/// Those who keep the service running and say so.
pub struct Upkeep;
impl Group for Upkeep {
    const NAMES: &'static [&'static str] = groups::UPKEEP;
}

/// An operator of one of the groups, and the request; to others the route does not exist.
pub struct Acting<G> {
    pub name: String,
    pub groups: Vec<String>,
    pub now: Moment,
    pub asked: Asked,
    group: PhantomData<fn() -> G>,
}

impl<G: Group> FromRequestParts<App> for Acting<G> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let operator = Operator::from_request_parts(parts, app).await?;
        operator.must_be_in(G::NAMES)?;
        let Ok(now) = Moment::from_request_parts(parts, app).await;
        let Ok(asked) = Asked::from_request_parts(parts, app).await;
        Ok(Acting {
            name: operator.name,
            groups: operator.groups,
            now,
            asked,
            group: PhantomData,
        })
    }
}

impl<G> Acting<G> {
    /// The actor of events and audit rows.
    pub fn by(&self) -> String {
        format!("operator:{}", self.name)
    }

    /// Who looks at a page of the console.
    pub fn visitor(&self) -> Visitor {
        Visitor::Operator {
            name: self.name.clone(),
            groups: self.groups.clone(),
        }
    }

    /// Decides a command on a contract and writes everything that follows from it.
    pub async fn carry_out(
        self,
        app: &App,
        contract: &ContractId,
        command: Command,
    ) -> Result<Answer, Problem> {
        let nothing = |_: &Contract, outcome| Ok(outcome);
        self.carry_out_with(app, contract, command, nothing).await
    }

    /// The same, and the case about this is closed with it, if one is open.
    pub async fn carry_out_closing(
        self,
        app: &App,
        contract: &ContractId,
        command: Command,
        (about, note): (&str, &str),
    ) -> Result<Answer, Problem> {
        let case = app.cases.case(&Case::id_of(contract, about)).await?;
        let open = case.filter(|case| case.closed.is_none());
        let closed = open.map(|case| case.close(&self.by(), note, self.now.0));
        let close = |_: &_, mut outcome: Outcome| {
            let case = closed.clone().map(|case| Write::Case(Box::new(case)));
            outcome.decision.writes.extend(case);
            Ok(outcome)
        };
        self.carry_out_with(app, contract, command, close).await
    }

    /// The same, with what else belongs to the decision.
    pub async fn carry_out_with(
        self,
        app: &App,
        contract: &ContractId,
        command: Command,
        also: impl Fn(&Contract, Outcome) -> Result<Outcome, Problem> + Send + Sync,
    ) -> Result<Answer, Problem> {
        let (by, now) = (self.by(), self.now);
        let (by, command, also) = (&by, &command, &also);
        app.desk
            .decide(self.asked, now, || async move {
                let facts = facts(app.documents.as_ref()).await?;
                let found = app.books().up_to_date(contract, &facts, now).await?;
                let found = found.ok_or_else(Problem::not_found)?;
                let outcome = app.decided(&found, command.clone(), &facts, (by, now))?;
                also(&found, outcome)
            })
            .await
    }
}

/// Adds a fact to the decision's audit row and to its answer.
pub fn note(mut outcome: Outcome, name: &str, value: &Value) -> Outcome {
    for write in &mut outcome.decision.writes {
        if let Write::Audit(row) = write {
            row.detail[name] = value.clone();
        }
    }
    outcome.answer.body[name] = value.clone();
    outcome
}

/// The contract that a path names; what cannot be read does not exist.
pub struct ContractPath(pub ContractId);

impl FromRequestParts<App> for ContractPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(id) = path.map_err(|_| Problem::not_found())?;
        let id = ContractId::parse(&id).map_err(|_| Problem::not_found())?;
        Ok(ContractPath(id))
    }
}

impl App {
    /// Returns where contracts are read and written.
    pub fn books(&self) -> Books<'_> {
        Books {
            contracts: self.contracts.as_ref(),
            desk: &self.desk,
        }
    }

    /// Decides a command: the contract's step, the audit row, and for a measure its register entry (3-4-4).
    pub fn decided(
        &self,
        contract: &Contract,
        command: Command,
        facts: &Facts,
        (by, now): (&str, Moment),
    ) -> Result<Outcome, Problem> {
        let entry = contract
            .decide(command, by, facts, now.0)
            .map_err(refused)?;
        let (action, told) = told(&entry);
        let measure = match &entry.event {
            // A bare suspension of 6-2 is no measure of Art. 13 (D-04).
            Event::Suspended { measure } if measure.ground == MeasureGround::Arrears => None,
            Event::Suspended { measure } => Some((measure.clone(), "利用停止")),
            Event::Rescinded { measure } => Some((measure.clone(), "解除")),
            _ => None,
        };
        let step = Step::of(Some(contract), entry, &facts.operator);
        let step = step.ok_or_else(Problem::internal)?;
        let audit = self.audit_row(&contract.id, action, &told, (by, now));
        let mut decision = Decision::default().step(step, None).and(audit);
        if let Some((measure, kind)) = measure {
            let listed = self.listed(contract, &measure, kind, (by, now));
            let again = Rescreening::because(format!("register/{}", listed.id), now.0);
            decision.messages.push(again);
            decision = decision.and(Write::Register(Box::new(listed)));
        }
        let answer = Answer {
            body: told,
            ..Answer::done(format!("/console/contracts/{}", contract.id))
        };
        Ok(Outcome::new(decision, answer))
    }

    /// Returns the audit row of what an operator did.
    pub fn audit_row(
        &self,
        contract: &ContractId,
        action: &str,
        detail: &Value,
        (by, now): (&str, Moment),
    ) -> Write {
        Write::Audit(Box::new(AuditRow {
            id: MessageId::from_random(self.chance.id()),
            at: now.0,
            contract: contract.clone(),
            actor: by.to_owned(),
            action: action.to_owned(),
            camera: None,
            outcome: "done".to_owned(),
            detail: detail.clone(),
        }))
    }

    /// Returns the entry by which screening finds a customer again, even if the measure is lifted (3-4-4, D-05).
    fn listed(
        &self,
        contract: &Contract,
        measure: &Measure,
        kind: &str,
        (by, now): (&str, Moment),
    ) -> RegisterEntry {
        let customer = &contract.customer;
        let number = match &customer.customer {
            Customer::Corporation { number } => number.as_str().to_owned(),
            _ => String::new(),
        };
        RegisterEntry {
            id: format!("r-{}", base32(&self.chance.id())),
            cause: RegisterCause::Measure,
            name: customer.name.clone(),
            corporate_number: number,
            address: customer.address.line.clone(),
            phone: customer.phone.clone(),
            email: customer.contact_email.clone(),
            note: format!("{} {kind} {}", measure.ground.code(), contract.id),
            contract: Some(contract.id.clone()),
            recorded_by: by.strip_prefix("operator:").unwrap_or(by).to_owned(),
            recorded_at: now.0,
            hashes: Vec::new(),
        }
    }

    /// Writes down that an operator reads what is confidential; whoever shows it does this first.
    pub async fn note_reading(&self, by: &str, what: &str, now: Moment) -> Result<(), Problem> {
        let ports = (self.confidential.as_ref(), self.chance.as_ref());
        note_reading(ports, (by, now), what).await
    }

    /// Draws the number of a customer's receipt (Art. 24).
    pub fn receipt_number(&self, kind: &str) -> String {
        format!("{kind}-{}", base32(&self.chance.id()))
    }
}

/// Returns an entry's name in the audit trail, and what of it is told. Evidence and reasons are not.
fn told(entry: &Entry) -> (&'static str, Value) {
    match &entry.event {
        Event::OrderAccepted { order } => (
            "order_accepted",
            json!({"order": order.number, "start": order.first_term.start, "end": order.first_term.end}),
        ),
        Event::RefusalReceived {
            order,
            last_day,
            refused,
            takes_back,
        } => (
            "renewal_refused",
            json!({"order": order, "last_day": last_day, "receipt": refused.receipt, "received_on": refused.received_on,
                "credit_note": takes_back.as_ref().map(|note| note.number)}),
        ),
        Event::CancellationReceived { ending } => (
            "contract_cancelled",
            json!({"on": ending.on, "receipt": ending.receipt, "received_on": ending.received_on}),
        ),
        Event::ReceiptRecorded { receipt, lifts, .. } => (
            "receipt_recorded",
            json!({"reference": receipt.reference, "yen": receipt.yen, "allocations": receipt.allocations,
                "credit": receipt.credit, "lifts": lifts}),
        ),
        Event::Credited(note) => (
            "credit_note_issued",
            json!({"number": note.number, "debt": note.debt, "yen": note.yen,
                "allocations": note.allocations, "credit": note.to_credit}),
        ),
        Event::Demanded { debt, demand } => (
            "demand_recorded",
            json!({"debt": debt, "sent_on": demand.sent_on, "channel": demand.channel}),
        ),
        Event::Suspended { measure } => (
            "contract_suspended",
            json!({"ground": measure.ground.code()}),
        ),
        Event::Lifted { .. } => ("suspension_lifted", json!({})),
        Event::RescissionProposed { proposal } => (
            "rescission_proposed",
            json!({"ground": proposal.measure.ground.code()}),
        ),
        Event::ProposalWithdrawn { .. } => ("rescission_withdrawn", json!({})),
        Event::Rescinded { measure } => (
            "contract_rescinded",
            json!({"ground": measure.ground.code()}),
        ),
        Event::InterestBilled { of, debt, .. } => (
            "interest_billed",
            json!({"of": of, "number": debt.number, "yen": debt.total}),
        ),
        Event::InterestWaived { of, .. } => ("interest_waived", json!({"of": of})),
        Event::ParticularsRegistered { change } => (
            "particulars_registered",
            json!({"receipt": change.receipt, "effective_on": change.effective_on}),
        ),
        Event::ChangeRefused { receipt, .. } => ("change_refused", json!({"receipt": receipt})),
        _ => ("contract_changed", json!({})),
    }
}
