//! The demo's customer, brought from the application to the picture. Every step looks at what exists first, so that a
//! start that was stopped anywhere is continued by the next one.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use ciero_apis::sign_in::NewUser;
use ciero_domain::application::{Application, State};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::Contract;
use ciero_domain::device::DeviceState;
use ciero_domain::ids::{ApplicationId, ContractId, UserId};
use ciero_domain::user::User;
use ciero_ports::{Applications, Billing, Contracts, Devices, People};
use ciero_runtime::sdk_config_from;
use ciero_store::Store;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::offer::Offer;
use super::{ADMINISTRATOR, OPERATORS, Seeded, VIEWER, pool};
use crate::portal_client::PortalClient;
use crate::template::REGION;
use crate::up::Local;

/// How long the demo waits for something that the service does on its own, such as sending a mail. What a killed
/// function left in the outbox is sent within a minute.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(25);
/// The states of an application that goes on.
const OPEN: [State; 3] = [State::Submitted, State::Screening, State::Approved];
const CAMERAS: u16 = 4;
const SERIAL: &str = "DEMO-0001";
/// The reference of the demo's payment.
const REFERENCE: &str = "DEMO-0001";

/// What seeding works with.
pub(super) struct Seeding<'a> {
    local: &'a Local,
    offer: &'a Offer,
    /// Only looked at: whatever changes goes through the routes that people use.
    store: Store,
    operator: PortalClient,
}

impl<'a> Seeding<'a> {
    pub fn new(local: &'a Local, offer: &'a Offer) -> Result<Self> {
        let token = local
            .apis
            .sign_in
            .id_token(&pool("OperatorPool"), OPERATORS[0].0)?;
        Ok(Self {
            local,
            offer,
            store: store(local)?,
            operator: PortalClient::new(&local.portal_url, Some(token)),
        })
    }

    /// Applies, is approved and registered, pays, accepts the terms, registers a device and adds a user.
    pub async fn run(&self) -> Result<Seeded> {
        let contract = self.contract().await?;
        self.pay(&contract).await?;
        let administrator = self.user(&contract.id, ADMINISTRATOR.0).await?;
        let administrator = administrator.context("the demo's administrator is gone")?;
        self.give_password(&administrator.id, ADMINISTRATOR).await?;
        let id = administrator.id.as_str();
        let token = self
            .local
            .apis
            .sign_in
            .id_token(&pool("CustomerPool"), id)?;
        let client = PortalClient::new(&self.local.portal_url, Some(token));
        if administrator.acceptances.is_empty() {
            let version = json!({ "version": self.offer.terms_version });
            client.post("/terms-acceptance", &version).await?;
        }
        let (camera, code) = self.device(&client, &contract.id).await?;
        let viewer = self.viewer(&client, &contract.id).await?;
        let rights = json!({ "camera": camera, "view": "on", "play_back": "on" });
        client
            .post(&format!("/users/{viewer}/rights"), &rights)
            .await?;
        self.give_password(&viewer, VIEWER).await?;
        Ok(Seeded { code })
    }

    /// Returns the demo's contract, formed now if it is not yet.
    async fn contract(&self) -> Result<Contract> {
        let formed = self.store.contracts().await?;
        let of_demo = |contract: &Contract| contract.customer.contact_email == ADMINISTRATOR.0;
        if let Some(contract) = formed.into_iter().find(of_demo) {
            return Ok(contract);
        }
        let id = match self.open_application().await? {
            Some(application) => application.id,
            None => self.apply().await?,
        };
        let contract = self.registered(&id).await?;
        let contract = self.store.contract(&contract).await?;
        contract.context("the demo's contract is gone")
    }

    async fn open_application(&self) -> Result<Option<Application>> {
        for state in OPEN {
            let mut applications = self.store.applications(state).await?.into_iter();
            let of_demo = |one: &Application| one.form.particulars.contact_email == ADMINISTRATOR.0;
            if let Some(application) = applications.find(of_demo) {
                return Ok(Some(application));
            }
        }
        Ok(None)
    }

    async fn apply(&self) -> Result<ApplicationId> {
        let guest = PortalClient::new(&self.local.portal_url, None);
        let draft = guest
            .post("/applications", &application(self.offer))
            .await?;
        let id = text(&draft, "id")?;
        let shown = json!({ "confirmation": text(&draft, "confirmation")? });
        guest
            .post(&format!("/applications/{id}/submission"), &shown)
            .await?;
        Ok(ApplicationId::parse(&id)?)
    }

    /// Does as an operator what the application needs next, until it is registered.
    async fn registered(&self, id: &ApplicationId) -> Result<ContractId> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let application = self.store.application(id).await?;
            let application = application.context("the demo's application is gone")?;
            match application.state {
                // The checks run on their own.
                State::Submitted if Instant::now() > deadline => {
                    bail!("the demo's application was not checked")
                }
                State::Submitted => sleep(PAUSE).await,
                State::Screening => {
                    let decision = json!({ "decision": "approve", "reason": "demo" });
                    let path = format!("/console/applications/{id}/decision");
                    self.operator.post(&path, &decision).await?;
                }
                State::Approved => {
                    let today = tokyo_date(self.local.apis.clock.now());
                    let start = json!({ "start": today.to_string() });
                    let path = format!("/console/applications/{id}/registration");
                    self.operator.post(&path, &start).await?;
                }
                State::Registered => {
                    return application
                        .contract
                        .context("the demo's application names no contract");
                }
                other => bail!("the demo's application is {}", other.code()),
            }
        }
    }

    /// The demo pays its first year at once, so that it can be watched for a year before the demands begin.
    async fn pay(&self, contract: &Contract) -> Result<()> {
        let receipts = self.store.receipts(&contract.id).await?;
        if receipts
            .iter()
            .any(|receipt| receipt.reference == REFERENCE)
        {
            return Ok(());
        }
        let order = contract
            .orders
            .first()
            .context("the demo's contract has no order")?;
        let yen = order.running.quote.total_yen.0.to_string();
        let received_on = order.first_term.start.to_string();
        let fee = json!({ "reference": REFERENCE, "received_on": received_on, "yen": yen });
        let path = format!("/console/contracts/{}/receipts", contract.id);
        self.operator.post(&path, &fee).await?;
        Ok(())
    }

    /// Returns the device's camera, and its one-time code if it has not started yet.
    async fn device(
        &self,
        client: &PortalClient,
        contract: &ContractId,
    ) -> Result<(String, Option<String>)> {
        let devices = self.store.devices(contract).await?;
        let bound = devices.into_iter().find(|device| {
            device.serial == SERIAL && !matches!(device.state, DeviceState::Retired { .. })
        });
        let Some(device) = bound else {
            let device = client.post("/devices", &device(self.offer)).await?;
            return Ok((text(&device, "camera")?, Some(text(&device, "code")?)));
        };
        let code = match device.state {
            DeviceState::Registered { .. } => {
                let path = format!("/devices/{}/code", device.id);
                Some(text(&client.post(&path, &json!({})).await?, "code")?)
            }
            _ => None,
        };
        Ok((device.camera.to_string(), code))
    }

    async fn viewer(&self, client: &PortalClient, contract: &ContractId) -> Result<UserId> {
        if let Some(user) = self.user(contract, VIEWER.0).await? {
            return Ok(user.id);
        }
        let user = json!({ "name": "見本 次郎", "email": VIEWER.0, "role": "user", "language": "ja", "attestation": "on" });
        let id = text(&client.post("/users", &user).await?, "id")?;
        Ok(UserId::parse(&id)?)
    }

    async fn user(&self, contract: &ContractId, email: &str) -> Result<Option<User>> {
        let users = self.store.users(contract).await?;
        Ok(users.into_iter().find(|user| user.email == email))
    }

    /// Waits for the person's invitation, as a person would, and then sets the demo's password.
    async fn give_password(&self, user: &UserId, (email, password): (&str, &str)) -> Result<()> {
        let apis = &self.local.apis;
        let deadline = Instant::now() + PATIENCE;
        while !apis
            .mailbox
            .list()?
            .iter()
            .any(|mail| mail.kind == "user_invited" && mail.to.iter().any(|to| to == email))
        {
            if Instant::now() > deadline {
                bail!("the invitation to {email} was not sent");
            }
            sleep(PAUSE).await;
        }
        let person = NewUser {
            username: user.to_string(),
            email: email.to_owned(),
            password: password.to_owned(),
            groups: Vec::new(),
        };
        apis.sign_in.ensure_user(&pool("CustomerPool"), &person)?;
        Ok(())
    }
}

fn store(local: &Local) -> Result<Store> {
    let config = sdk_config_from(|name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_REGION" => Some(REGION.to_owned()),
        "AWS_ENDPOINT_URL" => Some(local.aws_url.clone()),
        _ => None,
    })?;
    Ok(Store::new(&config, "ciero-main", None))
}

fn application(offer: &Offer) -> Value {
    json!({
        "kind": "corporation", "corporate_number": "7123456789012", "name": "株式会社見本商店", "name_kana": "ミホンショウテン",
        "representative": "見本 太郎", "postal_code": "100-0001", "prefecture": "13", "address": "見本区架空町1-2-3",
        "phone": "03-0000-0000", "contact_name": "見本 花子", "contact_email": ADMINISTRATOR.0,
        "retention_days": offer.retention_days.to_string(), "cameras": CAMERAS.to_string(),
        "terms_version": offer.terms_version, "consent": "on",
        "resident_in_japan": "on", "no_transfer_regulation": "on", "no_export_control": "on", "not_antisocial": "on",
    })
}

fn device(offer: &Offer) -> Value {
    json!({
        "name": "玄関", "model": offer.model, "serial": SERIAL, "postal_code": "100-0001", "prefecture": "13",
        "address": "見本区架空町1-2-3", "attestation": "on",
    })
}

fn text(answer: &Value, name: &str) -> Result<String> {
    let text = answer[name].as_str().map(str::to_owned);
    text.with_context(|| format!("the answer has no {name}: {answer}"))
}
