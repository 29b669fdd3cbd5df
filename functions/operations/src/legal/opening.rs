//! Opens a disclosure case (21-4).

use axum::extract::State;
use ciero_domain::disclosure::{
    CopyOrder, Disclosure, Entry, HoldCopy, HoldWhen, LegalBasis, Opening, Request, RequesterKind,
    evolve,
};
use ciero_domain::ids::{ContractId, DisclosureId};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_ports::{Body, Decision, Message, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};

use super::fields::Fields;
use super::{Legal, place, refused};
use crate::App;

/// Opens a case, with its hold unless the form says otherwise.
pub async fn open(
    legal: Legal,
    State(app): State<App>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let id = DisclosureId::from_random(app.chance.id());
    let opening = read(&fields, id)?;
    let (app, opening, by, now) = (&app, &opening, legal.name.as_str(), legal.now);
    app.desk
        .decide(legal.asked, now, || async move {
            check_contract(app, opening).await?;
            let entry = opening.clone().decide(by, now.0).map_err(refused)?;
            let id = opening.id.as_str();
            let answer = Answer::created(place(&opening.id), id);
            app.written(None, entry, now, answer).await
        })
        .await
}

fn read(fields: &Fields, id: DisclosureId) -> Result<Opening, Problem> {
    let errors = &mut FieldErrors::default();
    let contract = fields.line(errors, "contract");
    let contract = ContractId::parse(&contract).map_err(|_| FieldRule::Choice);
    let contract = errors.keep("contract", contract);
    let kinds = (RequesterKind::ALL, RequesterKind::code as fn(_) -> _);
    let requester = fields.choice(errors, "requester", kinds);
    let bases = (LegalBasis::ALL, LegalBasis::code as fn(_) -> _);
    let basis = fields.choice(errors, "basis", bases);
    let received_on = fields.date(errors, "received_on");
    let name = fields.line(errors, "name");
    let office = fields.line(errors, "office");
    let officer = fields.line(errors, "officer");
    let contact = fields.line(errors, "contact");
    let statute = fields.text(errors, "statute");
    let document_number = fields.line(errors, "document_number");
    let scope = fields.scope(errors);
    let hold = match fields.is_ticked("hold") {
        true => HoldWhen::AtOnce,
        false => HoldWhen::Later,
    };
    let known = contract.zip(requester).zip(basis).zip(received_on);
    let opening = known.map(|(((contract, requester), basis), received_on)| Opening {
        id,
        contract,
        scope,
        hold,
        request: Request {
            requester,
            name,
            office,
            officer,
            contact,
            basis,
            statute,
            document_number,
            received_on,
        },
    });
    std::mem::take(errors)
        .finish(opening)
        .map_err(Problem::fields)
}

/// Refuses a contract that is not there, and a camera that is not its own.
async fn check_contract(app: &App, opening: &Opening) -> Result<(), Problem> {
    let contract = &opening.contract;
    if app.contracts.contract(contract).await?.is_none() {
        return Err(Problem::field("contract", FieldRule::Choice));
    }
    let cameras = app.legal.devices.cameras(contract).await?;
    let mut stretches = opening.scope.recordings.iter();
    let are_known = stretches.all(|one| cameras.iter().any(|camera| camera.id == one.camera));
    are_known
        .then_some(())
        .ok_or_else(|| Problem::field("recordings", FieldRule::Choice))
}

impl App {
    /// Writes an entry of a case, and what it does to the holds on the contract's data. The customer's own trail, notices
    /// and cases learn nothing of it.
    pub(super) async fn written(
        &self,
        before: Option<&Disclosure>,
        entry: Entry,
        now: Moment,
        answer: Answer,
    ) -> Result<Outcome, Problem> {
        let case = evolve(before, &entry).ok_or_else(Problem::internal)?;
        let was_held = before.is_some_and(Disclosure::is_held);
        let mut decision = match (Disclosure::places_hold(&entry.event), was_held) {
            (true, _) => self.placed(&case, now).await?,
            (false, true) if !case.is_held() => {
                let holds = self.confidential.holds(&case.contract).await?;
                let holds = holds.released(case.id.as_str(), now.0);
                Decision::of(Write::Holds(Box::new(holds)))
            }
            _ => Decision::default(),
        };
        let write = Write::Disclosure(Box::new(case), Box::new(entry));
        decision.writes.push(write);
        Ok(Outcome::new(decision, answer))
    }

    /// Places the hold of a case: in force for every purge at once, and each stretch of recording is to be copied.
    async fn placed(&self, case: &Disclosure, now: Moment) -> Result<Decision, Problem> {
        let holds = self.confidential.holds(&case.contract).await?;
        let holds = holds.placed(case.id.as_str(), case.scope.held(), now.0);
        let mut decision = Decision::of(Write::Holds(Box::new(holds)));
        let cameras = match case.scope.recordings.is_empty() {
            true => Vec::new(),
            false => self.legal.devices.cameras(&case.contract).await?,
        };
        for stretch in &case.scope.recordings {
            let camera = cameras.iter().find(|camera| camera.id == stretch.camera);
            let camera = camera.ok_or_else(|| Problem::field("recordings", FieldRule::Choice))?;
            let order = CopyOrder {
                case: case.id.clone(),
                contract: case.contract.clone(),
                stretch: stretch.clone(),
                stream_name: camera.stream_name.clone(),
            };
            let copy = HoldCopy::begin(order.clone());
            decision.writes.push(Write::HoldCopy(Box::new(copy)));
            decision.messages.push(Message {
                id: ciero_domain::ids::MessageId::from_random(self.chance.id()),
                at: now.0,
                body: Body::CopyHold(Box::new(order)),
            });
        }
        Ok(decision)
    }
}
