//! The notification function: renders and sends mail and writes the notice ledger (Art. 24).
//!
//! Woken by the queue of notices, by the mail service's news of its mails, and every minute to send what a
//! crash left in the outbox. A doubled message finds its line in the ledger and sends nothing.

mod announce;
mod deliver;
mod demand;
mod letter;
mod life;
mod outcome;
mod overtaken;
mod password;
mod relay;
mod texts;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use ciero_ports::{
    Accounts, Applications, Billing, Body, Certificates, Chance, CommitError, Contracts, Decision,
    Devices, Documents, DueWork, Interruptions, Ledger, Mailer, Notices, People, Queues, Registers,
    Resellers, ServiceEnds, Topic,
};
use ciero_runtime::{Event, Moment, OnEvent, QueueItem, number, one_by_one, text};
use serde_json::Value;

/// Everything that the function works with.
#[derive(Clone)]
pub struct App {
    pub applications: Arc<dyn Applications>,
    pub contracts: Arc<dyn Contracts>,
    pub billing: Arc<dyn Billing>,
    pub resellers: Arc<dyn Resellers>,
    pub people: Arc<dyn People>,
    pub devices: Arc<dyn Devices>,
    pub documents: Arc<dyn Documents>,
    pub interruptions: Arc<dyn Interruptions>,
    pub service_ends: Arc<dyn ServiceEnds>,
    pub registers: Arc<dyn Registers>,
    pub notices: Arc<dyn Notices>,
    pub certificates: Arc<dyn Certificates>,
    pub ledger: Arc<dyn Ledger>,
    pub queues: Arc<dyn Queues>,
    pub mailer: Arc<dyn Mailer>,
    pub accounts: Arc<dyn Accounts>,
    pub chance: Arc<dyn Chance>,
    /// Takes the reasons of failures, for the person who looks at a message that was given up on.
    pub due: Arc<dyn DueWork>,
    /// Where browsers reach the portal, without a trailing slash.
    pub portal_url: String,
}

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = ciero_runtime::sdk_config()?;
    let store = ciero_store::Store::new(&config, &text("MAIN_TABLE")?, None);
    let store = Arc::new(store.with_due_work(number("DUE_SHARDS")?));
    let queues = [
        (Topic::Notices, text("NOTICE_QUEUE_URL")?),
        (Topic::Screening, text("SCREENING_QUEUE_URL")?),
        (Topic::Audit, text("AUDIT_QUEUE_URL")?),
        (Topic::Watch, text("WATCH_QUEUE_URL")?),
        (Topic::Exports, text("EXPORT_QUEUE_URL")?),
        (Topic::HoldCopies, text("HOLD_COPY_QUEUE_URL")?),
        (Topic::ServiceEnd, text("SERVICE_END_QUEUE_URL")?),
    ];
    let app = App {
        applications: store.clone(),
        contracts: store.clone(),
        billing: store.clone(),
        resellers: store.clone(),
        people: store.clone(),
        devices: store.clone(),
        documents: store.clone(),
        interruptions: store.clone(),
        service_ends: store.clone(),
        registers: store.clone(),
        notices: store.clone(),
        certificates: store.clone(),
        ledger: store.clone(),
        queues: Arc::new(ciero_cloud::SqsQueues::new(&config, queues)),
        mailer: Arc::new(ciero_cloud::SesMailer::new(
            &config,
            &text("MAIL_SENDER")?,
            &text("MAIL_CONFIGURATION_SET")?,
        )),
        accounts: Arc::new(ciero_cloud::CognitoAccounts::new(
            &config,
            &text("CUSTOMER_POOL_ID")?,
        )),
        chance: Arc::new(ciero_cloud::OsChance),
        due: store.clone(),
        portal_url: text("PORTAL_URL")?.trim_end_matches('/').to_owned(),
    };
    ciero_runtime::warm_up(app.documents.operator()).await;
    ciero_runtime::run(None, Some(Arc::new(app))).await
}

impl App {
    /// Writes a decision and hands its messages over; what fails there stays in the outbox for the relay.
    pub(crate) async fn commit(&self, decision: &Decision) -> Result<(), CommitError> {
        self.ledger.commit(decision).await?;
        if decision.messages.is_empty() {
            return Ok(());
        }
        let sent = self.queues.send(&decision.messages).await;
        if let Err(error) = self.ledger.sent(&sent).await {
            tracing::warn!(%error, "sent messages stay in the outbox and will be sent again");
        }
        Ok(())
    }
}

#[async_trait]
impl OnEvent for App {
    async fn on_event(&self, event: Event, now: Moment) -> anyhow::Result<Value> {
        match event {
            Event::Queue(items) => {
                let deliver = |item| deliver_item(self, item, now);
                let outcome = one_by_one(self.due.as_ref(), &items, now, deliver).await;
                Ok(outcome.into_value())
            }
            Event::Schedule { .. } => relay::run(self, now).await,
            Event::Notified { detail, .. } => outcome::hear(self, &detail, now).await,
            Event::Direct(_) => anyhow::bail!("this function does not take a direct payload"),
        }
    }
}

/// Delivers what one message asks for.
async fn deliver_item(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    let notice = match &message.body {
        Body::Notice(notice) => notice,
        Body::Announce(announcement) => {
            let told = announce::page(app, announcement, now).await;
            return told.with_context(|| format!("announcement {}", message.id));
        }
        _ => anyhow::bail!("message {} is not a notice", message.id),
    };
    let delivered = deliver::deliver(app, &message.id, notice, now)
        .await
        .with_context(|| format!("notice {} of kind {}", message.id, notice.kind()))?;
    tracing::info!(message = %message.id, kind = notice.kind(), ?delivered, "a notice was handled");
    Ok(())
}
