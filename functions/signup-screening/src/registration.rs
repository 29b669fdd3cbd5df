//! Completion of the registration, which forms the contract (3-3, D-02).

use axum::extract::{Path, State};
use ciero_domain::application::{Application, Channel, Command, decide, evolve};
use ciero_domain::contract::{Contract, Step};
use ciero_domain::documents::Operator;
use ciero_domain::ids::{ContractId, MessageId, UserId};
use ciero_domain::notice::Notice;
use ciero_domain::particulars::FieldRule;
use ciero_domain::screening::Subject;
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};
use ciero_domain::user::{NewUser, Role, User};
use ciero_ports::{AuditRow, Body, Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem};
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::console::Screener;

/// A form of registration, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawRegistration {
    /// 利用開始日, set by the operator (Art. 11).
    start: String,
    /// The code of the reseller through which the customer contracts; empty if there is none (6-2).
    reseller: String,
}

/// What the operator sets.
struct Registration {
    start: Date,
    reseller: String,
    by: String,
}

/// Registers an approved application: the contract and its first administrator exist from now on.
pub(crate) async fn register(
    State(app): State<App>,
    screener: Screener,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawRegistration>,
) -> Result<Answer, Problem> {
    let start = raw.start.trim().parse::<Date>();
    let start = start.map_err(|_| Problem::field("start", FieldRule::Date))?;
    let registration = Registration {
        start,
        reseller: raw.reseller.trim().to_owned(),
        by: format!("operator:{}", screener.name),
    };
    app.desk
        .decide(asked, now, || registered(&app, &id, &registration, now))
        .await
}

/// Returns how the customer came to us; a reseller must be one of the settings.
fn channel(operator: &Operator, reseller: &str) -> Result<Channel, Problem> {
    match (reseller, operator.reseller(reseller)) {
        ("", _) => Ok(Channel::Direct),
        (_, Some(known)) => Ok(Channel::Reseller(known.code.clone())),
        (_, None) => Err(Problem::field("reseller", FieldRule::Choice)),
    }
}

/// What became known after the approval is looked at before a contract is formed.
async fn no_open_review(app: &App, application: &Application) -> Result<(), Problem> {
    let subject = Subject::Application(application.id.clone());
    let review = app.confidential.review(&subject).await?;
    match review.is_some_and(|review| review.is_open()) {
        false => Ok(()),
        true => Err(Problem::new(
            StatusCode::CONFLICT,
            "review_open",
            "この申込みには結論の出ていない再審査があります。先に再審査の結論を出してください。",
            "This application has an open review. Please conclude the review first.",
        )),
    }
}

/// Returns the list of third-party terms of this instant, to which the customer agrees with the formation (25-2).
async fn third_party(
    app: &App,
    contract: ContractId,
    now: Moment,
) -> Result<AgreedThirdParty, Problem> {
    let versions = app.registers.third_party_terms().await?;
    Ok(ThirdPartyTerms::agreed(versions.last(), contract, now.0))
}

async fn registered(
    app: &App,
    id: &str,
    registration: &Registration,
    now: Moment,
) -> Result<Outcome, Problem> {
    let operator = app.documents.operator().await?.unwrap_or_default();
    let channel = channel(&operator, &registration.reseller)?;
    let mut application = app.application(id).await?;
    no_open_review(app, &application).await?;
    let end = app.service_ends.service_end().await?;
    ServiceEnd::may_register(end.as_ref())?;
    application.channel = channel.clone();
    let contract_id = ContractId::from_random(app.chance.id());
    let Registration { start, by, .. } = registration;
    let (contract, formed) = Contract::form(contract_id.clone(), &application, *start, by, now.0)?;
    let third_party = third_party(app, contract_id.clone(), now).await?;
    let step = Step::of(None, formed, &operator).ok_or_else(Problem::internal)?;
    let command = Command::Register {
        contract: contract_id.clone(),
        channel,
    };
    let event = decide(&application, command, now.0)?;
    let application = evolve(application, &event);
    let administrator = User::add(
        contract_id.clone(),
        NewUser {
            id: UserId::from_random(app.chance.id()),
            name: contract.customer.contact_name.clone(),
            email: contract.customer.contact_email.clone(),
            role: Role::Administrator,
            language: contract.language,
        },
        None,
        now.0,
    );
    let audit = AuditRow {
        id: MessageId::from_random(app.chance.id()),
        at: now.0,
        contract: contract_id.clone(),
        actor: by.clone(),
        action: "contract_registered".to_owned(),
        camera: None,
        outcome: "done".to_owned(),
        detail: json!({"application": application.id, "start": start, "reseller": registration.reseller, "third_party_terms": third_party.version}),
    };
    let user = administrator.id.clone();
    let answer = Answer::created(
        format!("/console/contracts/{contract_id}"),
        contract_id.as_str(),
    )
    .with("contract", contract_id.as_str())
    .with("administrator", user.as_str());
    let message = || MessageId::from_random(app.chance.id());
    let completed = Notice::RegistrationCompleted {
        contract: contract_id.clone(),
    };
    let invited = Notice::UserInvited {
        contract: contract_id,
        user: user.clone(),
    };
    let decision = Decision::default()
        .step(step, None)
        .and(Write::Application(Box::new(application), Box::new(event)))
        .and(Write::ClaimEmail {
            email: administrator.email.clone(),
            user,
        })
        .and(Write::User(Box::new(administrator)))
        .and(Write::Audit(Box::new(audit)))
        .and(Write::ServiceEndStandsAt(end.map_or(0, |end| end.version)))
        .and(Write::AgreedThirdParty(Box::new(third_party)))
        .say(message(), now.0, Body::Notice(completed))
        .say(message(), now.0, Body::Notice(invited));
    Ok(Outcome::new(decision, answer))
}
