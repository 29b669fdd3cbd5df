//! The end of the service: told to everyone, proven of everyone, then set, and carried into each contract (14-1).

use anyhow::Context as _;
use axum::extract::State;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Command, Contract, Refusal as ContractRefusal, Step, stable_id};
use ciero_domain::ids::ContractId;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome as NoticeOutcome, Posted};
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::service_end::{Delivery, Refusal, ServiceEnd, earliest_last_day};
use ciero_ports::{About, Announcement, Body, CommitError, Decision, Message, Write, WriteKind};
use ciero_runtime::{
    Answer, Input, Moment, Outcome, Problem, QueueItem, deliveries, facts, other_channel,
};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::acting::{Acting, Legal};
use crate::interruptions::text;
use crate::reading::Given;

const PAGE: &str = "/console/service-end";
/// How many of those who were not reached a refusal names.
const NAMED: usize = 100;
/// How often a contract is decided again when it moved on since it was read.
const TRIES: usize = 5;

/// The announcement, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawAnnouncement {
    not_before: Given,
    ja: Given,
    en: Given,
}

/// Announces that the service ends; every contract is told.
pub async fn announce(
    acting: Acting<Legal>,
    State(app): State<App>,
    Input(raw): Input<RawAnnouncement>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let not_before = errors.keep("not_before", raw.not_before.date());
    let text = text(&mut errors, (&raw.ja, &raw.en));
    let told = errors
        .finish(not_before.zip(text))
        .map_err(Problem::fields)?;
    let (by, now) = (acting.by(), acting.now);
    let (app, told, by) = (&app, &told, by.as_str());
    app.desk
        .decide(acting.asked, now, || async move {
            let (before, months) = known(app).await?;
            let end = ServiceEnd::announce(before.as_ref(), told.clone(), months, (by, now.0))?;
            tracing::warn!(operator = by, not_before = %end.not_before, "the end of the service is announced");
            let decision = Decision {
                messages: vec![Announcement::of(About::ServiceEnd, now.0)],
                ..Decision::of(Write::ServiceEnd(Box::new(end)))
            };
            Ok(Outcome::new(decision, Answer::done(PAGE)))
        })
        .await
}

async fn known(app: &App) -> Result<(Option<ServiceEnd>, u8), Problem> {
    let operator = app.documents.operator().await?.unwrap_or_default();
    let end = app.service_ends.service_end().await?;
    Ok((end, operator.ahead.service_end_months))
}

/// Tells those who were not told yet, for example because their contract is younger; nobody is told twice.
pub async fn tell(acting: Acting<Legal>, State(app): State<App>) -> Result<Answer, Problem> {
    let now = acting.now;
    let app = &app;
    app.desk
        .decide(acting.asked, now, || async move {
            known(app).await?.0.ok_or(Refusal::NotAnnounced)?;
            let decision = Decision {
                messages: vec![Announcement::of(About::ServiceEnd, now.0)],
                ..Decision::default()
            };
            Ok(Outcome::new(decision, Answer::done(PAGE)))
        })
        .await
}

/// A notice that went another way, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDelivery {
    contract: String,
    channel: Given,
    sent_on: Given,
    proof: Given,
}

/// Records that a customer was reached in another way, with what proves it.
pub async fn deliver(
    acting: Acting<Legal>,
    State(app): State<App>,
    Input(raw): Input<RawDelivery>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let id = ContractId::parse(raw.contract.trim()).map_err(|_| FieldRule::Choice);
    let id = errors.keep("contract", id);
    let channel = errors.keep("channel", raw.channel.short());
    let sent_on = errors.keep("sent_on", raw.sent_on.date());
    let proof = errors.keep("proof", raw.proof.needed());
    let posted = channel.zip(sent_on).zip(proof);
    let posted = posted.map(|((channel, sent_on), proof)| Posted {
        channel,
        sent_on,
        proof,
    });
    let given = errors.finish(id.zip(posted)).map_err(Problem::fields)?;
    let (by, now) = (acting.by(), acting.now);
    let (app, (id, posted), by) = (&app, &given, by.as_str());
    app.desk
        .decide(acting.asked, now, || async move {
            let end = known(app).await?.0.ok_or(Refusal::NotAnnounced)?;
            let first = tokyo_date(end.announced_at);
            if posted.sent_on < first || posted.sent_on > tokyo_date(now.0) {
                return Err(Refusal::SentInTheFuture.into());
            }
            let contract = app.contracts.contract(id).await?;
            let contract = contract.ok_or_else(Problem::not_found)?;
            let line = line(&contract, posted, now);
            let detail = json!({"channel": posted.channel, "sent_on": posted.sent_on});
            let audit = app.audit_row(id, "service_end_delivered", &detail, (by, now));
            let decision = Decision::of(Write::Notice(Box::new(line))).and(audit);
            Ok(Outcome::new(decision, Answer::done(PAGE)))
        })
        .await
}

fn line(contract: &Contract, posted: &Posted, now: Moment) -> NoticeRecord {
    NoticeRecord {
        id: other_channel(&contract.id),
        notice: Notice::ServiceEndAnnounced {
            contract: contract.id.clone(),
        },
        to: contract.customer.name.clone(),
        language: contract.language,
        content_hash: String::new(),
        sent_at: now.0,
        mail_id: String::new(),
        version: 1,
        outcome: NoticeOutcome::Arrived { at: now.0 },
        posted: Some(posted.clone()),
    }
}

/// The last day, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDay {
    last_day: Given,
}

/// Sets the last day of the service, unless somebody was not reached: those are named.
pub async fn set(
    acting: Acting<Legal>,
    State(app): State<App>,
    Input(raw): Input<RawDay>,
) -> Result<Answer, Problem> {
    let day = raw.last_day.date();
    let day = day.map_err(|rule| Problem::field("last_day", rule))?;
    let (by, now) = (acting.by(), acting.now);
    let (app, by) = (&app, by.as_str());
    app.desk
        .decide(acting.asked, now, || async move {
            let (end, months) = known(app).await?;
            let end = end.ok_or(Refusal::NotAnnounced)?;
            let found = deliveries(app.contracts.as_ref(), app.notices.as_ref()).await?;
            let all: Vec<Delivery> = found.iter().map(|(_, delivery)| *delivery).collect();
            let set = end.set(day, &all, months, (by, now.0));
            let set = set.map_err(|refusal| named(refusal, &found, months))?;
            tracing::warn!(operator = by, last_day = %day, "the last day of the service is set");
            let decision = Decision {
                messages: vec![part(day, None, now)],
                ..Decision::of(Write::ServiceEnd(Box::new(set)))
            };
            Ok(Outcome::new(decision, Answer::done(PAGE)))
        })
        .await
}

/// Names those who were not reached, or the earliest day, in the sentence.
fn named(refusal: Refusal, found: &[(Contract, Delivery)], months: u8) -> Problem {
    let mut problem = Problem::from(refusal);
    let addition = match refusal {
        Refusal::NotProven => {
            let missing = found.iter().filter(|(_, delivery)| !delivery.is_proven());
            let missing = missing
                .take(NAMED)
                .map(|(contract, _)| contract.id.to_string());
            missing.collect::<Vec<_>>().join(" ")
        }
        Refusal::TooSoon => {
            let reached = found.iter().filter_map(|(_, delivery)| match delivery {
                Delivery::Proven { on } => Some(*on),
                _ => None,
            });
            let earliest = reached.max().map(|on| earliest_last_day(on, months));
            earliest.map(|day| day.to_string()).unwrap_or_default()
        }
        _ => return problem,
    };
    problem.ja = format!("{} {addition}", problem.ja).into();
    problem.en = format!("{} {addition}", problem.en).into();
    problem
}

/// Returns the message that ends a page of contracts; the same page has the same identifier.
fn part(day: Date, from: Option<String>, now: Moment) -> Message {
    let page = from.as_deref().unwrap_or_default();
    Message {
        id: stable_id(&"service-end", &format!("{day}/{page}")),
        at: now.0,
        body: Body::EndWithService(from),
    }
}

/// Carries the last day into the contracts of one page and asks for the next. What came before is found and left alone.
pub async fn carry(app: &App, item: &QueueItem, now: Moment) -> anyhow::Result<()> {
    let message = item.message()?;
    let Body::EndWithService(from) = message.body else {
        anyhow::bail!("message {} belongs to another queue", message.id);
    };
    let end = app.service_ends.service_end().await?;
    let day = end
        .and_then(|end| end.last_day)
        .context("the last day of the service is not set")?;
    let page = app.contracts.page(from).await?;
    for id in &page.contracts {
        end_one(app, id, day, now)
            .await
            .with_context(|| format!("contract {id}"))?;
    }
    if let Some(next) = page.next {
        let sent = app.desk.queues.send(&[part(day, Some(next), now)]).await;
        anyhow::ensure!(!sent.is_empty(), "the queue did not take the next page");
    }
    Ok(())
}

async fn end_one(app: &App, id: &ContractId, day: Date, now: Moment) -> anyhow::Result<()> {
    let facts = facts(app.documents.as_ref()).await?;
    for _ in 0..TRIES {
        let Some(contract) = app.books().up_to_date(id, &facts, now).await? else {
            return Ok(());
        };
        let command = Command::EndService { on: day };
        let entry = match contract.decide(command, "operator:service-end", &facts, now.0) {
            Ok(entry) => entry,
            // It has the day already, or ends before it anyway.
            Err(ContractRefusal::AlreadyCancelled | ContractRefusal::ContractEnded) => {
                return Ok(());
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let step = Step::of(Some(&contract), entry, &facts.operator).context("no step")?;
        let decision = Decision::default().step(step, None);
        match app.desk.ledger.commit(&decision).await {
            Ok(()) => {
                app.desk.hand_over(&decision).await;
                return Ok(());
            }
            Err(CommitError::Conflict(WriteKind::Entity)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("it keeps moving on")
}
