//! Screening again when a list or the register changed: what is new waits for a screener, and nothing else happens
//! (3-4, 13-1).
//!
//! Undecided applications come first, then the approved ones, then the contracts, all of them page by page; the message
//! for the next page goes last. A page that is begun again finds what it wrote before and writes nothing twice.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use ciero_domain::application::State;
use ciero_domain::contract::{Contract, Standing};
use ciero_domain::ids::{ApplicationId, ContractId};
use ciero_domain::particulars::Particulars;
use ciero_domain::screening::{
    ListIndex, RegisterEntry, RegisterKey, Review, Signal, Subject, known_by_hash, known_of,
};
use ciero_ports::{CommitError, Decision, Rescreening, Screened, Write, WriteKind};
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

/// Screens a page again, and asks for the next; the last page of some leads on to those who follow.
pub(crate) async fn page(
    app: &App,
    asked: &Rescreening,
    asked_at: Timestamp,
    now: Moment,
) -> Result<()> {
    let known = Known::read(app).await?;
    let mut page = asked.clone();
    loop {
        let next = match page.of {
            Screened::Undecided => undecided(app, &known, page.from).await?,
            Screened::Approved => approved(app, &known, page.from, now).await?,
            Screened::Contracts => contracts(app, &known, page.from, now).await?,
        };
        let of = match &next {
            Some(_) => Some(page.of),
            None => page.of.then(),
        };
        let Some(of) = of else {
            return Ok(());
        };
        let goes_on = next.is_some();
        page = Rescreening {
            cause: page.cause,
            of,
            from: next,
        };
        if goes_on {
            return ask_for(app, page, asked_at).await;
        }
    }
}

/// Asks for a page in a message of its own.
async fn ask_for(app: &App, page: Rescreening, asked_at: Timestamp) -> Result<()> {
    let decision = Decision {
        messages: vec![page.into_message(asked_at)],
        ..Decision::default()
    };
    match app.desk.ledger.commit(&decision).await {
        Ok(()) | Err(CommitError::Conflict(WriteKind::Once)) => {}
        Err(error) => return Err(error.into()),
    }
    app.desk.hand_over(&decision).await;
    Ok(())
}

/// Screens a page of contracts again.
async fn contracts(
    app: &App,
    known: &Known,
    from: Option<String>,
    now: Moment,
) -> Result<Option<String>> {
    let page = app.contracts.page(from).await?;
    for contract in app.contracts.named(&page.contracts).await? {
        of_contract(app, known, &contract, now).await?;
    }
    let number = page.contracts.len();
    tracing::info!(number, "a page of contracts was screened again");
    Ok(page.next)
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

/// Screens a page of undecided applications again. One that was only submitted is checked on what is known then.
async fn undecided(app: &App, known: &Known, from: Option<String>) -> Result<Option<String>> {
    let page = app.applications.some_of(State::Screening, from).await?;
    for application in page.applications {
        let subject = Subject::Application(application.id.clone());
        let found = known.of(&application.form.particulars, &subject);
        let screening = app.confidential.screening(&application.id).await?;
        if let Some(screening) = screening.and_then(|screening| screening.with_found(found)) {
            let decision = Decision::of(Write::Screening(Box::new(screening)));
            app.desk.ledger.commit(&decision).await?;
        }
    }
    Ok(page.next)
}

/// Screens a page of applications again that wait for their registration.
async fn approved(
    app: &App,
    known: &Known,
    from: Option<String>,
    now: Moment,
) -> Result<Option<String>> {
    let page = app.applications.some_of(State::Approved, from).await?;
    for application in page.applications {
        let subject = Subject::Application(application.id.clone());
        let who = (&subject, &application.id, &application.form.particulars);
        look(app, known, who, now).await?;
    }
    Ok(page.next)
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
