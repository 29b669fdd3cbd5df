//! Letters to a customer about its contract, each written only while what it tells is so (Art. 24).

use anyhow::Context as _;
use ciero_domain::calendar::{Term, tokyo_date};
use ciero_domain::contract::{Contract, Event, MeasureGround, Order, Standing};
use ciero_domain::invoice::{Invoice, Subject};
use ciero_domain::notice::Notice;
use ciero_domain::prices::Quote;
use ciero_domain::purge::SignedCertificate;
use ciero_runtime::Moment;
use jiff::civil::Date;

use crate::App;
use crate::letter::House;
use crate::texts::{
    Text, billing, contract as formed, ending, interruption, measures, particulars, recording,
    renewal, service_end, terms, third_party,
};

/// The facts of one term of an order.
pub(crate) struct Told<'a> {
    pub order: &'a Order,
    pub term: Term,
    pub quote: Quote,
    pub terms_version: String,
}

/// Returns the text of a notice as of now; `None` if what it would tell is not so any more.
pub(crate) async fn text(
    app: &App,
    house: &House,
    contract: &Contract,
    notice: &Notice,
    now: Moment,
) -> anyhow::Result<Option<Text>> {
    let today = tokyo_date(now.0);
    let text = match notice {
        Notice::RegistrationCompleted { .. } => {
            let order = contract.orders.first().context("it has no order")?;
            Some(formed::registered(house, contract, order))
        }
        Notice::TermsPublished { terms_version, .. } => {
            Some(published(app, house, contract, terms_version).await?)
        }
        Notice::ThirdPartyTermsChanged { list_version, .. } => {
            Some(third_party_terms(app, house, contract, *list_version).await?)
        }
        Notice::InvoiceIssued { number, .. } => Some(issued(app, house, contract, *number).await?),
        Notice::CreditNoteIssued { number, .. } => {
            Some(credited(app, house, contract, *number).await?)
        }
        Notice::OrderAccepted { order, .. } => {
            let order = order_of(contract, *order)?;
            Some(formed::accepted(house, contract, order))
        }
        Notice::Demand { number, .. } => demand(house, contract, *number, today),
        Notice::RenewalReminder {
            order,
            term,
            days_before,
            ..
        } => {
            let order = order_of(contract, *order)?;
            remind(house, contract, order, (*term, *days_before), today)?
        }
        Notice::Renewed { order, term, .. } => {
            let told = told(app, contract, order_of(contract, *order)?, *term).await?;
            told.map(|told| renewal::renewed(house, contract, &told))
        }
        Notice::Expired { order, .. } => {
            let order = order_of(contract, *order)?;
            Some(ending::expired(house, contract, order))
        }
        Notice::RefusalReceived { order, .. } => {
            let order = order_of(contract, *order)?;
            let refused = order.refused.as_ref().context("it was not refused")?;
            Some(renewal::refused(house, contract, order, refused, today))
        }
        Notice::CancellationReceived { .. } => {
            let ending = contract.ending.as_ref().context("it was not cancelled")?;
            Some(ending::cancelled(house, contract, ending, today))
        }
        Notice::BackupReminder { last, .. } => ending::save_by(house, contract, *last, today),
        Notice::ContractEnded { .. } => ending::ended(house, contract),
        Notice::ChangeReceived { receipt, .. } => {
            Some(particulars::received(house, contract, receipt))
        }
        Notice::ParticularsRegistered { receipt, .. } => {
            Some(particulars::registered(house, contract, receipt))
        }
        Notice::ChangeRefused {
            receipt, reason, ..
        } => Some(particulars::refused(contract, receipt, reason)),
        Notice::RecordingsDeleted { camera, before, .. } => {
            let names = app.devices.cameras(&contract.id).await?;
            Some(recording::deleted(house, contract, &names, camera, *before))
        }
        Notice::DataDeleted { .. } => {
            let signed = certificate(app, contract).await?;
            Some(ending::deleted(house, contract, &signed.certificate))
        }
        Notice::Suspended { .. } => suspended(app, house, contract).await?,
        Notice::SuspensionLifted { .. } => {
            (contract.standing == Standing::Active).then(|| measures::lifted(house, contract))
        }
        Notice::Rescinded { .. } => {
            measures::rescinded(house, contract, ground(app, contract).await?)
        }
        Notice::RecordingStopped {
            seen_at, cameras, ..
        } => {
            let names = app.devices.cameras(&contract.id).await?;
            Some(recording::stopped(
                house, contract, &names, cameras, *seen_at,
            ))
        }
        Notice::RecordingResumed { cameras, .. } => {
            let names = app.devices.cameras(&contract.id).await?;
            Some(recording::resumed(house, contract, &names, cameras))
        }
        Notice::Interruption {
            interruption, told, ..
        } => {
            let all = app.interruptions.interruptions().await?;
            let one = all.into_iter().find(|one| one.id == *interruption);
            let one = one.with_context(|| format!("there is no interruption {interruption}"))?;
            interruption::text(house, contract, &one, *told)
        }
        Notice::ServiceEndAnnounced { .. } => {
            let end = app.service_ends.service_end().await?;
            let end = end.context("the end of the service is not announced")?;
            Some(service_end::announced(house, contract, &end))
        }
        Notice::ServiceEndSet { .. } => {
            let end = app.service_ends.service_end().await?;
            let day = end.and_then(|end| end.last_day);
            let day = day.context("the last day of the service is not set")?;
            Some(service_end::set(house, contract, day))
        }
        Notice::ApplicationReceived { .. }
        | Notice::ApplicationApproved { .. }
        | Notice::ApplicationDeclined { .. }
        | Notice::UserInvited { .. }
        | Notice::UserRemoved { .. }
        | Notice::AddressAsked { .. }
        | Notice::AddressChanged { .. }
        | Notice::ContactMoved { .. }
        | Notice::ExportEnded { .. }
        | Notice::ResellerInvoiceIssued { .. } => anyhow::bail!("it is not about the contract"),
    };
    Ok(text)
}

/// 15-3: the certificate that a letter carries.
pub(crate) async fn certificate(
    app: &App,
    contract: &Contract,
) -> anyhow::Result<SignedCertificate> {
    let certificates = app.certificates.certificates(&contract.id).await?;
    let first = certificates.into_iter().next();
    first.with_context(|| format!("contract {} has no certificate", contract.id))
}

fn order_of(contract: &Contract, number: u16) -> anyhow::Result<&Order> {
    let order = contract.order(number);
    order.with_context(|| format!("contract {} has no order {number}", contract.id))
}

/// 23-2: a later version of the terms, which was published.
async fn published(
    app: &App,
    house: &House,
    contract: &Contract,
    version: &str,
) -> anyhow::Result<Text> {
    let published = app.documents.terms(version).await?;
    let published = published.with_context(|| format!("there are no terms {version}"))?;
    Ok(terms::published(house, contract, &published.version))
}

async fn third_party_terms(
    app: &App,
    house: &House,
    contract: &Contract,
    version: u64,
) -> anyhow::Result<Text> {
    let all = app.registers.third_party_terms().await?;
    let list = all.iter().find(|list| list.version == version);
    let list = list.with_context(|| format!("there is no list {version} of third-party terms"))?;
    let agreed = app.registers.agreed_third_party(&contract.id).await?;
    Ok(third_party::changed(house, contract, list, agreed.as_ref()))
}

/// 6-1: the document tells it all, however long ago it was issued.
async fn issued(
    app: &App,
    house: &House,
    contract: &Contract,
    number: u32,
) -> anyhow::Result<Text> {
    let invoice = document(app, contract, number).await?;
    match &invoice.subject {
        Subject::Fee { term, .. } => Ok(billing::fee(house, contract, &invoice, *term)),
        Subject::Interest { of, interest } => {
            Ok(billing::interest(house, contract, &invoice, *of, interest))
        }
        Subject::CreditNote { .. } => anyhow::bail!("document {number} is a credit note"),
    }
}

/// 6-1: a credit note, and where its amount went.
async fn credited(
    app: &App,
    house: &House,
    contract: &Contract,
    number: u32,
) -> anyhow::Result<Text> {
    let invoice = document(app, contract, number).await?;
    let Subject::CreditNote { of, reason } = &invoice.subject else {
        anyhow::bail!("document {number} is no credit note");
    };
    Ok(billing::credited(house, contract, &invoice, *of, reason))
}

async fn document(app: &App, contract: &Contract, number: u32) -> anyhow::Result<Invoice> {
    let invoice = app.billing.invoice(&contract.id, number).await?;
    invoice.with_context(|| format!("contract {} has no document {number}", contract.id))
}

/// 13-1-2: only what is still open is demanded.
fn demand(house: &House, contract: &Contract, number: u32, today: Date) -> Option<Text> {
    let debt = contract.account.debt(number)?;
    (!debt.is_settled()).then(|| billing::demand(house, contract, debt, today))
}

/// Art. 11: a reminder is true while its term runs, will be renewed, and can still be refused.
fn remind(
    house: &House,
    contract: &Contract,
    order: &Order,
    (term, days_before): (u16, u16),
    today: Date,
) -> anyhow::Result<Option<Text>> {
    let running = &order.running;
    let in_time = today <= running.term.last_day_to_refuse;
    if running.number != term || !order.renews() || !in_time {
        return Ok(None);
    }
    let next = running.next.as_ref();
    let next = next.context("the price of the next term is not fixed")?;
    Ok(Some(renewal::reminder(
        house,
        contract,
        order,
        &next.quote,
        days_before,
    )))
}

/// Returns the facts of the term that a renewal began, from the history once a later one runs.
async fn told<'a>(
    app: &App,
    contract: &Contract,
    order: &'a Order,
    number: u16,
) -> anyhow::Result<Option<Told<'a>>> {
    let running = &order.running;
    if running.number == number {
        return Ok(Some(Told {
            order,
            term: running.term,
            quote: running.quote.clone(),
            terms_version: running.terms_version.clone(),
        }));
    }
    let history = app.contracts.history(&contract.id).await?;
    let renewal = history.into_iter().find_map(|entry| match entry.event {
        Event::Renewed {
            order: of,
            term,
            quote,
            terms_version,
        } if (of, term) == (order.number, number) => Some((quote, terms_version)),
        _ => None,
    });
    let first = order.first_term;
    Ok(renewal.map(|(quote, terms_version)| Told {
        order,
        term: (1..number).fold(first, |term, _| term.next()),
        quote,
        terms_version,
    }))
}

async fn suspended(app: &App, house: &House, contract: &Contract) -> anyhow::Result<Option<Text>> {
    let Standing::Suspended { clause, since } = &contract.standing else {
        return Ok(None);
    };
    if clause == "6-2" {
        return Ok(Some(measures::suspended_unpaid(house, contract, *since)));
    }
    let ground = ground(app, contract).await?;
    Ok(Some(measures::suspended(house, contract, *since, ground)))
}

/// Returns the ground of the latest measure. The customer is told which item applied, never the evidence (13-1).
async fn ground(app: &App, contract: &Contract) -> anyhow::Result<MeasureGround> {
    let history = app.contracts.history(&contract.id).await?;
    let ground = history.iter().rev().find_map(|entry| match &entry.event {
        Event::Suspended { measure } | Event::Rescinded { measure } => Some(measure.ground),
        _ => None,
    });
    ground.with_context(|| format!("no measure was imposed on contract {}", contract.id))
}
