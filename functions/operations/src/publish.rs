//! Publication of the operator's documents: settings, price lists (6-1) and terms (23-2).

use anyhow::{Context, Result, bail, ensure};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::documents::Operator;
use ciero_domain::ids::MessageId;
use ciero_domain::notice::Notice;
use ciero_domain::prices::PriceList;
use ciero_domain::terms::{TermsText, TermsVersion, earliest_effective, in_force};
use ciero_ports::{Body, CommitError, Decision, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::App;

/// How many notices one transaction takes beside the document itself.
const NOTICES_AT_ONCE: usize = 80;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    publish: Publication,
}

/// The operator's folder as one payload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publication {
    operator: Operator,
    prices: Vec<PriceList>,
    terms: Vec<Terms>,
}

/// One version of the terms as it is handed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    version: String,
    published_on: Date,
    effective_from: Date,
    ja: String,
    en: String,
}

/// What a publication came to.
#[derive(Debug, Default)]
struct Report {
    published: Vec<String>,
    unchanged: Vec<String>,
}

/// Stores what is new. A version that is there with the same content is left alone; with other
/// content it is refused, for a published text never changes.
pub async fn publish(app: &App, payload: Value, now: Moment) -> Result<Value> {
    let request: Request =
        serde_json::from_value(payload).context("the publication is not understood")?;
    let Publication {
        operator,
        prices,
        terms,
    } = request.publish;
    check_operator(&operator)?;
    prices.iter().try_for_each(check_prices)?;
    let terms = terms
        .into_iter()
        .map(read_terms)
        .collect::<Result<Vec<TermsText>>>()?;
    let mut report = Report::default();
    publish_operator(app, operator, &mut report).await?;
    for list in prices {
        publish_prices(app, list, &mut report).await?;
    }
    for text in terms {
        publish_terms(app, text, now, &mut report).await?;
    }
    Ok(json!({ "published": report.published, "unchanged": report.unchanged }))
}

fn check_operator(operator: &Operator) -> Result<()> {
    ensure!(
        !operator.service_name.trim().is_empty(),
        "the operator's service name is empty"
    );
    ensure!(
        !operator.company.ja.trim().is_empty(),
        "the operator's company name is empty"
    );
    ensure!(
        !operator.device_models.is_empty(),
        "the list of designated devices is empty (2-11)"
    );
    Ok(())
}

fn check_prices(list: &PriceList) -> Result<()> {
    let version = &list.version;
    ensure!(!version.trim().is_empty(), "a price list has no version");
    ensure!(
        !list.plans.is_empty(),
        "the price list {version} has no plan"
    );
    ensure!(
        (0..=100).contains(&list.tax_percent),
        "the tax of the price list {version} is not a percentage"
    );
    let mut retentions: Vec<u16> = list.plans.iter().map(|plan| plan.retention_days).collect();
    retentions.sort_unstable();
    retentions.dedup();
    ensure!(
        retentions.len() == list.plans.len(),
        "the price list {version} names a retention twice"
    );
    ensure!(
        list.plans
            .iter()
            .all(|plan| plan.yearly_yen.0 > 0 && plan.retention_days > 0),
        "the price list {version} has a plan without a price or retention"
    );
    Ok(())
}

/// Reads a version; a month must lie between its publication and its effect (23-2).
fn read_terms(terms: Terms) -> Result<TermsText> {
    let Terms {
        version,
        published_on,
        effective_from,
        ja,
        en,
    } = terms;
    ensure!(
        !version.trim().is_empty(),
        "a version of the terms has no name"
    );
    ensure!(
        !ja.trim().is_empty() && !en.trim().is_empty(),
        "the terms {version} have no text"
    );
    let earliest = earliest_effective(published_on);
    ensure!(
        effective_from >= earliest,
        "the terms {version}, published on {published_on}, apply from {earliest} at the earliest (23-2)"
    );
    let hash = |text: &str| hex::encode(Sha256::digest(text));
    let version = TermsVersion {
        version,
        published_on,
        effective_from,
        hash_ja: hash(&ja),
        hash_en: hash(&en),
    };
    Ok(TermsText { version, ja, en })
}

async fn publish_operator(app: &App, operator: Operator, report: &mut Report) -> Result<()> {
    if app.documents.operator().await?.as_ref() == Some(&operator) {
        report.unchanged.push("operator".to_owned());
        return Ok(());
    }
    app.desk
        .ledger
        .commit(&Decision::of(Write::Operator(Box::new(operator))))
        .await?;
    report.published.push("operator".to_owned());
    Ok(())
}

async fn publish_prices(app: &App, list: PriceList, report: &mut Report) -> Result<()> {
    let name = format!("prices/{}", list.version);
    let known = app.documents.prices(list.effective_from).await?;
    match known.filter(|known| known.version == list.version) {
        Some(known) if known == list => report.unchanged.push(name),
        Some(_) => bail!(
            "the price list {} was published with other content; give it a new version",
            list.version
        ),
        None => {
            app.desk
                .ledger
                .commit(&Decision::of(Write::Prices(Box::new(list))))
                .await?;
            report.published.push(name);
        }
    }
    Ok(())
}

async fn publish_terms(app: &App, text: TermsText, now: Moment, report: &mut Report) -> Result<()> {
    let name = format!("terms/{}", text.version.version);
    let versions = app.documents.terms_versions().await?;
    if let Some(known) = versions
        .iter()
        .find(|known| known.version == text.version.version)
    {
        ensure!(
            *known == text.version,
            "the terms {} were published with other content; give them a new version",
            known.version
        );
        report.unchanged.push(name);
        return Ok(());
    }
    let later = in_force(&versions, tokyo_date(now.0)).is_some();
    let notices = if later {
        notices(app, &text.version.version).await?
    } else {
        Vec::new()
    };
    let mut decisions = batches(app, notices, now);
    decisions[0].writes.push(Write::Terms(Box::new(text)));
    for decision in decisions {
        match app.desk.ledger.commit(&decision).await {
            Err(CommitError::Conflict(WriteKind::Once)) => {
                bail!("{name} is being published by someone else")
            }
            other => other?,
        }
        app.desk.hand_over(&decision).await;
    }
    report.published.push(name);
    Ok(())
}

/// Every contract is told of a later version; it locks nobody out (1-1, 23-2).
async fn notices(app: &App, version: &str) -> Result<Vec<Notice>> {
    let contracts = app.contracts.contracts().await?;
    Ok(contracts
        .into_iter()
        .map(|contract| Notice::TermsPublished {
            terms_version: version.to_owned(),
            contract: contract.id,
        })
        .collect())
}

/// Spreads notices over decisions that each fit one transaction; there is always a first one.
fn batches(app: &App, notices: Vec<Notice>, now: Moment) -> Vec<Decision> {
    let batch = |notices: &[Notice]| {
        notices
            .iter()
            .fold(Decision::default(), |decision, notice| {
                let id = MessageId::from_random(app.chance.id());
                decision.say(id, now.0, Body::Notice(notice.clone()))
            })
    };
    let mut decisions: Vec<Decision> = notices.chunks(NOTICES_AT_ONCE).map(batch).collect();
    if decisions.is_empty() {
        decisions.push(Decision::default());
    }
    decisions
}
