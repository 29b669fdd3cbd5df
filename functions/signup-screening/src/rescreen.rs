//! Screening again when a list or the register changed: what is new waits for a screener, and nothing else happens
//! (3-4, 13-1).
//!
//! Open applications come first, then the contracts page by page; the message for the next page goes last. A page that
//! is begun again finds what it wrote before and writes nothing twice.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use ciero_domain::application::State;
use ciero_domain::contract::{Contract, Standing};
use ciero_domain::ids::{ApplicationId, ContractId};
use ciero_domain::particulars::Particulars;
use ciero_domain::screening::{
    ListIndex, RegisterEntry, RegisterKey, Review, Signal, Subject, known_by_hash, known_of,
};
use ciero_ports::{CommitError, Decision, Rescreening, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::Timestamp;

use crate::App;

/// What people are compared with.
struct Known {
    register: Vec<RegisterEntry>,
    lists: Vec<Arc<ListIndex>>,
    key: RegisterKey,
}

impl Known {
    async fn read(app: &App) -> Result<Self> {
        Ok(Known {
            register: app.confidential.register().await?,
            lists: app.lists_in_force().await?,
            key: app.register_key.clone(),
        })
    }

    /// Returns what is known of particulars; a contract is no news of the entry that its own measure made.
    fn of(&self, particulars: &Particulars, subject: &Subject) -> Vec<Signal> {
        let own = |entry: &&RegisterEntry| match (subject, &entry.contract) {
            (Subject::Contract(id), Some(contract)) => id != contract,
            _ => true,
        };
        let lists: Vec<&ListIndex> = self.lists.iter().map(Arc::as_ref).collect();
        let mut found = known_of(particulars, self.register.iter().filter(own), &lists);
        let hashed = self.register.iter().filter(own);
        found.extend(known_by_hash(particulars, hashed, &self.key));
        found
    }
}

/// Screens one page again, and asks for the next.
pub(crate) async fn page(
    app: &App,
    asked: &Rescreening,
    asked_at: Timestamp,
    now: Moment,
) -> Result<()> {
    let known = Known::read(app).await?;
    if asked.from.is_none() {
        applications(app, &known, now).await?;
    }
    let page = app.contracts.page(asked.from.clone()).await?;
    let number = page.contracts.len();
    for contract in app.contracts.named(&page.contracts).await? {
        of_contract(app, &known, &contract, now).await?;
    }
    if page.next.is_some() {
        let next = Rescreening {
            from: page.next,
            ..asked.clone()
        };
        let decision = Decision {
            messages: vec![next.into_message(asked_at)],
            ..Decision::default()
        };
        match app.desk.ledger.commit(&decision).await {
            Ok(()) | Err(CommitError::Conflict(WriteKind::Once)) => {}
            Err(error) => return Err(error.into()),
        }
        app.desk.hand_over(&decision).await;
    }
    tracing::info!(
        cause = asked.cause,
        number,
        "a page of contracts was screened again"
    );
    Ok(())
}

/// Screens one customer whose particulars changed (4).
pub(crate) async fn customer(app: &App, id: &ContractId, now: Moment) -> Result<()> {
    let contract = app.contracts.contract(id).await?;
    let contract = contract.context("the contract to screen again does not exist")?;
    of_contract(app, &Known::read(app).await?, &contract, now).await
}

async fn of_contract(app: &App, known: &Known, contract: &Contract, now: Moment) -> Result<()> {
    if !goes_on(contract) {
        return Ok(());
    }
    let subject = Subject::Contract(contract.id.clone());
    let who = (&subject, &contract.application, &contract.customer);
    look(app, known, who, now).await
}

/// Screens the open applications again. One that was only submitted is checked on what is known then.
async fn applications(app: &App, known: &Known, now: Moment) -> Result<()> {
    for application in app.applications.applications(State::Screening).await? {
        let subject = Subject::Application(application.id.clone());
        let found = known.of(&application.form.particulars, &subject);
        let screening = app.confidential.screening(&application.id).await?;
        if let Some(screening) = screening.and_then(|screening| screening.with_found(found)) {
            let decision = Decision::of(Write::Screening(Box::new(screening)));
            app.desk.ledger.commit(&decision).await?;
        }
    }
    for application in app.applications.applications(State::Approved).await? {
        let subject = Subject::Application(application.id.clone());
        let who = (&subject, &application.id, &application.form.particulars);
        look(app, known, who, now).await?;
    }
    Ok(())
}

fn goes_on(contract: &Contract) -> bool {
    !matches!(contract.standing, Standing::Ended { .. })
}

/// Screens one subject, and lets what nobody has seen wait for a screener.
async fn look(
    app: &App,
    known: &Known,
    (subject, application, particulars): (&Subject, &ApplicationId, &Particulars),
    now: Moment,
) -> Result<()> {
    let found = known.of(particulars, subject);
    if found.is_empty() {
        return Ok(());
    }
    let screening = app.confidential.screening(application).await?;
    let screened = screening.map_or(Vec::new(), |screening| screening.signals);
    let before = app.confidential.review(subject).await?;
    let review = Review::of_found(before.as_ref(), subject, &screened, found, now.0);
    let Some(review) = review else {
        return Ok(());
    };
    let decision = Decision::of(Write::Review(Box::new(review)));
    match app.desk.ledger.commit(&decision).await {
        // No personal data and no reason in the log.
        Ok(()) => tracing::info!(%subject, "something new waits for a screener"),
        // Another delivery, or a screener, was first: the message comes again and looks at what is there now.
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
