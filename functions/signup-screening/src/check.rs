//! What the queue wakes: the checks of a submitted application, which are signals for a person and refuse nobody (3-2).

use std::sync::Arc;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use ciero_domain::application::{Command, State, decide, evolve};
use ciero_domain::ids::ApplicationId;
use ciero_domain::screening::{ListIndex, Screening, known_by_hash, signals};
use ciero_ports::{Body, CommitError, Decision, Write, WriteKind};
use ciero_runtime::{Event, Moment, OnEvent, QueueItem, one_by_one};
use serde_json::Value;

use crate::{App, rescreen};

/// The states in which an application is still to be decided or registered.
const OPEN: [State; 3] = [State::Submitted, State::Screening, State::Approved];

#[async_trait]
impl OnEvent for App {
    /// Carries out every message of the batch; one that fails comes again alone.
    async fn on_event(&self, event: Event, now: Moment) -> Result<Value> {
        let Event::Queue(items) = event else {
            anyhow::bail!("only the screening queue and requests wake this function");
        };
        let carry_out = |item| carry_out(self, item, now);
        let outcome = one_by_one(self.due.as_ref(), &items, now, carry_out).await;
        Ok(outcome.into_value())
    }
}

async fn carry_out(app: &App, item: &QueueItem, now: Moment) -> Result<()> {
    let message = item.message()?;
    match &message.body {
        Body::Screen(id) => check(app, id, now).await,
        Body::Rescreen(asked) => rescreen::page(app, asked, message.at, now).await,
        Body::RescreenCustomer(contract) => rescreen::customer(app, contract, now).await,
        Body::Notice(_)
        | Body::Announce(_)
        | Body::Audit(_)
        | Body::Watch(_)
        | Body::Export(..)
        | Body::CopyHold(_)
        | Body::EndWithService(_)
        | Body::Work(_) => {
            anyhow::bail!("message {} belongs to another queue", message.id)
        }
    }
}

async fn check(app: &App, id: &ApplicationId, now: Moment) -> Result<()> {
    let application = app.applications.application(id).await?;
    let application = application.context("the application to check does not exist")?;
    if application.state != State::Submitted {
        tracing::debug!(application = %id, "the application was checked or withdrawn before");
        return Ok(());
    }
    let register = app.confidential.register().await?;
    let lists = app.lists_in_force().await?;
    let lists: Vec<&ListIndex> = lists.iter().map(Arc::as_ref).collect();
    let mut open = Vec::new();
    for state in OPEN {
        open.extend(app.applications.applications(state).await?);
    }
    let event = decide(&application, Command::BeginScreening, now.0)?;
    let mut found = signals(&application, &register, &lists, &open);
    let particulars = &application.form.particulars;
    found.extend(known_by_hash(particulars, &register, &app.register_key));
    let screening = Screening {
        application: id.clone(),
        version: 1,
        signals: found,
        checked_at: now.0,
        judgements: Vec::new(),
    };
    let application = evolve(application, &event);
    let decision = Decision::of(Write::Application(Box::new(application), Box::new(event)))
        .and(Write::Screening(Box::new(screening)));
    match app.desk.ledger.commit(&decision).await {
        Ok(()) => tracing::info!(application = %id, "the application waits for a screener"),
        // The same message elsewhere, or a withdrawal, was first; either leaves nothing to check.
        Err(CommitError::Conflict(WriteKind::Entity)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
