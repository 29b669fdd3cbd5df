//! From a notice to a letter: who gets it, in which language, and what it must say.

use anyhow::Context as _;
use ciero_domain::Language;
use ciero_domain::application::Application;
use ciero_domain::contract::Contract;
use ciero_domain::documents::Operator;
use ciero_domain::ids::{ApplicationId, ContractId, UserId};
use ciero_domain::notice::Notice;
use ciero_domain::user::{User, UserState};
use ciero_ports::Attachment;
use ciero_runtime::Moment;

use crate::texts::{self, Text};
use crate::{App, life, password};

/// A finished letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub to: String,
    pub language: Language,
    pub subject: String,
    pub text: String,
    pub attachment: Option<Attachment>,
}

/// What every text needs: the operator's own facts and the way to the portal.
pub(crate) struct House {
    pub operator: Operator,
    pub portal_url: String,
}

/// Writes the letter of a notice as of now and does what it announces about an account. `None` if it is
/// overtaken.
pub(crate) async fn write(
    app: &App,
    notice: &Notice,
    now: Moment,
) -> anyhow::Result<Option<Letter>> {
    let operator = app.documents.operator().await?;
    let house = House {
        operator: operator.context("the operator has published no settings")?,
        portal_url: app.portal_url.clone(),
    };
    match notice {
        Notice::ApplicationReceived { application } => {
            let application = application_of(app, application).await?;
            let letter = to_applicant(&house, &application, texts::application::received);
            Ok(Some(letter))
        }
        Notice::ApplicationApproved { application } => {
            let application = application_of(app, application).await?;
            let letter = to_applicant(&house, &application, texts::application::approved);
            Ok(Some(letter))
        }
        Notice::ApplicationDeclined { application } => {
            let application = application_of(app, application).await?;
            let letter = to_applicant(&house, &application, texts::application::declined);
            Ok(Some(letter))
        }
        Notice::UserInvited { contract, user } => invite(app, &house, contract, user).await,
        Notice::UserRemoved { contract, user } => remove(app, &house, contract, user).await,
        Notice::AddressAsked { contract, user } => {
            let user = user_of(app, contract, user).await?;
            Ok(user.address_change.as_ref().map(|change| {
                let text = texts::user::address_asked(&house, &user, change);
                finish(&house, user.language, &change.email, text)
            }))
        }
        Notice::AddressChanged {
            contract,
            user,
            former,
        } => readdress(app, &house, (contract, user), former).await,
        Notice::ExportEnded {
            contract,
            user,
            camera,
            failure,
            gaps,
            ..
        } => {
            let user = user_of(app, contract, user).await?;
            if user.state == UserState::Removed {
                return Ok(None);
            }
            let camera = match camera {
                Some(camera) => app.devices.camera(contract, camera).await?,
                None => None,
            };
            let text = texts::export::ended(&house, &user, camera.as_ref(), *failure, *gaps);
            Ok(Some(to_user(&house, &user, text)))
        }
        Notice::ResellerInvoiceIssued { reseller, number } => {
            resold(app, &house, reseller, *number).await.map(Some)
        }
        Notice::ContactMoved {
            contract,
            receipt,
            former,
        } => {
            let contract = contract_of(app, contract).await?;
            let text = texts::particulars::moved(&contract, receipt);
            Ok(Some(finish(&house, contract.language, former, text)))
        }
        // Everything else is told to the customer about its contract.
        _ => {
            let id = notice.contract().context("it belongs to no contract")?;
            let contract = contract_of(app, id).await?;
            // Whose address was erased cannot be written to any more (15-3).
            if contract.customer.contact_email.is_empty() {
                return Ok(None);
            }
            let text = life::text(app, &house, &contract, notice, now).await?;
            let mut letter = text.map(|text| to_customer(&house, &contract, text));
            if let (Notice::DataDeleted { .. }, Some(letter)) = (notice, &mut letter) {
                let signed = life::certificate(app, &contract).await?;
                letter.attachment = Some(Attachment {
                    name: format!("{}-deletion.json", contract.id),
                    content: signed.file(),
                });
            }
            Ok(letter)
        }
    }
}

/// Makes the account with a fresh first password. Somebody who was removed meanwhile gets none.
async fn invite(
    app: &App,
    house: &House,
    contract: &ContractId,
    user: &UserId,
) -> anyhow::Result<Option<Letter>> {
    let contract = contract_of(app, contract).await?;
    let user = user_of(app, &contract.id, user).await?;
    if user.state == UserState::Removed {
        return Ok(None);
    }
    let first_password = password::draw(app.chance.as_ref());
    let accounts = &app.accounts;
    accounts
        .invite(&user.id, &user.email, &first_password)
        .await?;
    let text = texts::user::invited(house, &contract, &user, &first_password);
    Ok(Some(to_user(house, &user, text)))
}

/// Closes the account and tells the person.
async fn remove(
    app: &App,
    house: &House,
    contract: &ContractId,
    user: &UserId,
) -> anyhow::Result<Option<Letter>> {
    let contract = contract_of(app, contract).await?;
    let user = user_of(app, &contract.id, user).await?;
    app.accounts.close(&user.id).await?;
    if user.is_erased() {
        return Ok(None);
    }
    let text = texts::user::removed(house, &contract, &user);
    Ok(Some(to_user(house, &user, text)))
}

/// Lets the person sign in with the address that holds now and tells the former one.
async fn readdress(
    app: &App,
    house: &House,
    (contract, user): (&ContractId, &UserId),
    former: &str,
) -> anyhow::Result<Option<Letter>> {
    let user = user_of(app, contract, user).await?;
    if user.state == UserState::Removed {
        return Ok(None);
    }
    app.accounts.readdress(&user.id, &user.email).await?;
    let text = texts::user::address_changed(house, &user);
    Ok(Some(finish(house, user.language, former, text)))
}

/// Writes to a reseller about its invoice.
async fn resold(app: &App, house: &House, code: &str, number: u32) -> anyhow::Result<Letter> {
    let reseller = house.operator.reseller(code);
    let reseller = reseller.with_context(|| format!("the settings name no reseller {code}"))?;
    let invoice = app.resellers.reseller_invoice(code, number).await?;
    let invoice = invoice.with_context(|| format!("reseller {code} has no invoice {number}"))?;
    let fees = app.resellers.billed(code, number).await?;
    let text = texts::reseller::invoice(house, reseller, &invoice, &fees);
    Ok(finish(
        house,
        texts::reseller::LANGUAGE,
        &reseller.email,
        text,
    ))
}

async fn application_of(app: &App, id: &ApplicationId) -> anyhow::Result<Application> {
    let application = app.applications.application(id).await?;
    // An application's identifier opens its page, so it stays out of the log.
    application.context("there is no such application")
}

pub(crate) async fn contract_of(app: &App, id: &ContractId) -> anyhow::Result<Contract> {
    let contract = app.contracts.contract(id).await?;
    contract.with_context(|| format!("there is no contract {id}"))
}

async fn user_of(app: &App, contract: &ContractId, id: &UserId) -> anyhow::Result<User> {
    let user = app.people.user(contract, id).await?;
    user.with_context(|| format!("there is no user {id} in contract {contract}"))
}

fn to_applicant(
    house: &House,
    application: &Application,
    text: fn(&House, &Application) -> Text,
) -> Letter {
    let email = &application.form.particulars.contact_email;
    finish(house, application.language, email, text(house, application))
}

fn to_customer(house: &House, contract: &Contract, text: Text) -> Letter {
    finish(
        house,
        contract.language,
        &contract.customer.contact_email,
        text,
    )
}

fn to_user(house: &House, user: &User, text: Text) -> Letter {
    finish(house, user.language, &user.email, text)
}

fn finish(house: &House, language: Language, to: &str, text: Text) -> Letter {
    let (subject, text) = texts::frame(&house.operator, language, text);
    Letter {
        to: to.to_owned(),
        language,
        subject,
        text,
        attachment: None,
    }
}
