//! Publication of the operator's documents: settings, price lists (6-1), terms (23-2) and screening lists (P-4).

use anyhow::{Result, bail, ensure};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Contract, Standing};
use ciero_domain::ids::{ID_BYTES, MessageId};
use ciero_domain::notice::Notice;
use ciero_domain::prices::PriceList;
use ciero_domain::screening::{ListHeader, ScreeningList};
use ciero_domain::terms::{TermsVersion, in_force};
use ciero_ports::{Body, CommitError, Decision, Message, Write, WriteKind};
use ciero_runtime::Moment;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::App;
use crate::checks::Publication;

/// How many notices one transaction takes beside the documents.
const NOTICES_AT_ONCE: usize = 80;

/// As many contracts as a list shows; where there are more, somebody would not be told.
const LISTED_CONTRACTS: usize = 200;

/// The longest file of a screening list.
const LIST_FILE_BYTES: usize = 4 * 1024 * 1024;

/// What a publication comes to.
#[derive(Debug, Default)]
struct Plan {
    writes: Vec<Write>,
    /// Files of new screening lists, each with its key.
    files: Vec<(String, Vec<u8>)>,
    /// Versions of the terms that are new.
    new_terms: Vec<TermsVersion>,
    published: Vec<String>,
    unchanged: Vec<String>,
}

impl Plan {
    fn keep(&mut self, name: String) {
        self.unchanged.push(name);
    }

    fn store(&mut self, name: String, write: Write) {
        self.published.push(name);
        self.writes.push(write);
    }
}

/// Stores what is new, all of it or nothing. A version that is there with the same content is left
/// alone; with other content it is refused, for a published text never changes.
pub async fn publish(app: &App, payload: Value, now: Moment) -> Result<Value> {
    let publication = Publication::read(payload)?;
    let price_lists = app.documents.price_lists().await?;
    let versions = app.documents.terms_versions().await?;
    let headers = match publication.lists.is_empty() {
        true => Vec::new(),
        false => app.confidential.screening_lists().await?,
    };
    let mut plan = Plan::default();
    if app.documents.operator().await?.as_ref() == Some(&publication.operator) {
        plan.keep("operator".to_owned());
    } else {
        let operator = Box::new(publication.operator);
        plan.store("operator".to_owned(), Write::Operator(operator));
    }
    for list in publication.prices {
        plan_prices(&mut plan, list, &price_lists, now)?;
    }
    for text in publication.terms {
        let name = format!("terms/{}", text.version.version);
        if is_published(&text.version, &versions)? {
            plan.keep(name);
        } else {
            plan.new_terms.push(text.version.clone());
            plan.store(name, Write::Terms(Box::new(text)));
        }
    }
    for list in publication.lists {
        plan_list(&mut plan, &list, &headers, now)?;
    }
    let notices = notices(app, &plan.new_terms, &versions, now).await?;
    // A file without its header is never read, and the same publication again writes it again.
    for (key, file) in plan.files {
        app.list_files.put(&key, file).await?;
    }
    commit(app, plan.writes, notices).await?;
    Ok(json!({ "published": plan.published, "unchanged": plan.unchanged }))
}

/// A document that does not say since when it can be seen is seen from now on.
fn plan_prices(plan: &mut Plan, list: PriceList, known: &[PriceList], now: Moment) -> Result<()> {
    let (name, version) = (format!("prices/{}", list.version), &list.version);
    match known.iter().find(|known| known.version == *version) {
        Some(known) if is_same(known, &list) => {
            plan.keep(name);
            return Ok(());
        }
        Some(_) => bail!(
            "the price list {version} was published with other content; give it a new version"
        ),
        None => {}
    }
    let planned = plan.writes.iter().filter_map(|write| match write {
        Write::Prices(list) => Some(list.as_ref()),
        _ => None,
    });
    let mut others = known.iter().chain(planned);
    let date = list.effective_from;
    ensure!(
        others.all(|other| other.effective_from != date),
        "the price list {version} applies from {date}, and so does another one"
    );
    let list = PriceList {
        published_on: Some(list.published_on.unwrap_or_else(|| tokyo_date(now.0))),
        ..list
    };
    plan.store(name, Write::Prices(Box::new(list)));
    Ok(())
}

/// Compares what a list says; the day of its publication is ours to note.
fn is_same(known: &PriceList, list: &PriceList) -> bool {
    let list = PriceList {
        published_on: known.published_on,
        ..list.clone()
    };
    *known == list
}

/// Tells whether a version of the terms is there already; with other content it is refused.
fn is_published(version: &TermsVersion, known: &[TermsVersion]) -> Result<bool> {
    let name = &version.version;
    let same_name = known.iter().find(|known| known.version == *name);
    ensure!(
        same_name.is_none_or(|known| known == version),
        "the terms {name} were published with other content; give them a new version"
    );
    Ok(same_name.is_some())
}

fn plan_list(
    plan: &mut Plan,
    list: &ScreeningList,
    known: &[ListHeader],
    now: Moment,
) -> Result<()> {
    let (code, version) = (&list.list, &list.version);
    let name = format!("lists/{code}/{version}");
    let (header, file) = list.publish(now.0)?;
    ensure!(
        file.len() <= LIST_FILE_BYTES,
        "the screening list {code} {version} is longer than {LIST_FILE_BYTES} bytes"
    );
    let same_name = known
        .iter()
        .find(|known| (&known.list, &known.version) == (code, version));
    match same_name {
        Some(known) if known.sha256 == header.sha256 => plan.keep(name),
        Some(_) => bail!(
            "the screening list {code} {version} was published with other content; give it a new version"
        ),
        None => {
            plan.files.push((header.object.clone(), file));
            plan.store(name, Write::ScreeningList(Box::new(header)));
        }
    }
    Ok(())
}

/// Tells every contract of later versions; they lock nobody out (1-1, 23-2). For those who have a
/// contract the month of 23-2 begins now at the earliest, whatever the document says.
async fn notices(
    app: &App,
    new: &[TermsVersion],
    known: &[TermsVersion],
    now: Moment,
) -> Result<Vec<Message>> {
    let today = tokyo_date(now.0);
    if new.is_empty() || in_force(known, today).is_none() {
        return Ok(Vec::new());
    }
    let contracts = app.contracts.contracts().await?;
    ensure!(
        contracts.len() < LISTED_CONTRACTS,
        "more contracts than {LISTED_CONTRACTS} must be told, which one publication cannot do"
    );
    let goes_on = |contract: &&Contract| !matches!(contract.standing, Standing::Ended { .. });
    let mut messages = Vec::new();
    for contract in contracts.iter().filter(goes_on) {
        for version in new {
            let name = &version.version;
            ensure!(
                version.published_on >= today,
                "the terms {name} cannot have been published before today, {today}: contracts must be told first (23-2)"
            );
            messages.push(Message {
                id: notice_id(name, contract),
                at: now.0,
                body: Body::Notice(Notice::TermsPublished {
                    terms_version: name.clone(),
                    contract: contract.id.clone(),
                }),
            });
        }
    }
    Ok(messages)
}

/// Names a notice by what it tells whom, so that a publication that is tried again tells nobody twice.
fn notice_id(version: &str, contract: &Contract) -> MessageId {
    let digest = Sha256::digest(format!("terms_published/{version}/{}", contract.id));
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&digest[..ID_BYTES]);
    MessageId::from_random(bytes)
}

/// Writes the documents with the notices that fit beside them in one transaction. The other notices
/// are written first: if this is cut short, the same publication again finds them and goes on.
async fn commit(app: &App, writes: Vec<Write>, messages: Vec<Message>) -> Result<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let (beside, ahead) = messages.split_at(messages.len().min(NOTICES_AT_ONCE));
    for batch in ahead.chunks(NOTICES_AT_ONCE) {
        put_into_outbox(app, batch).await?;
    }
    let decision = Decision {
        writes,
        messages: beside.to_vec(),
        remembered: None,
    };
    match app.desk.ledger.commit(&decision).await {
        Err(CommitError::Conflict(WriteKind::Once)) => {
            bail!("these documents are being published by someone else")
        }
        other => other?,
    }
    let everything = Decision {
        messages,
        ..Decision::default()
    };
    app.desk.hand_over(&everything).await;
    Ok(())
}

/// Puts notices into the outbox; those that an earlier try left there stay.
async fn put_into_outbox(app: &App, messages: &[Message]) -> Result<()> {
    let decision = |messages: &[Message]| Decision {
        messages: messages.to_vec(),
        ..Decision::default()
    };
    match app.desk.ledger.commit(&decision(messages)).await {
        Err(CommitError::Conflict(WriteKind::Once)) => {}
        other => return Ok(other?),
    }
    for message in messages {
        let one = decision(std::slice::from_ref(message));
        match app.desk.ledger.commit(&one).await {
            Ok(()) | Err(CommitError::Conflict(WriteKind::Once)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
