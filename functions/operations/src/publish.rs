//! Publication of the operator's documents: settings, price lists (6-1), terms (23-2) and screening lists (P-4).

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail, ensure};
use ciero_domain::Language;
use ciero_domain::calendar::{days, tokyo_date};
use ciero_domain::documents::Operator;
use ciero_domain::prices::{self, PriceList};
use ciero_domain::processor::{Register, Use, uncovered};
use ciero_domain::screening::{ListHeader, ScreeningList};
use ciero_domain::terms::{TermsVersion, in_force};
use ciero_domain::third_party::ThirdPartyTerms;
use ciero_ports::{CommitError, Decision, Message, Rescreening, Write, WriteKind};
use ciero_runtime::Moment;
use serde_json::{Value, json};

use crate::App;
use crate::checks::Publication;

/// The longest file of a screening list.
const LIST_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Who lays the registers down.
const FOLDER: &str = "publication";

/// What a publication comes to.
#[derive(Debug, Default)]
struct Plan {
    writes: Vec<Write>,
    /// Files of new screening lists, each with its key.
    files: Vec<(String, Vec<u8>)>,
    /// A version of the terms that is new.
    new_terms: Option<String>,
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
    plan_registers(app, &mut plan, &publication, &price_lists, now).await?;
    let before = app.documents.operator().await?;
    if before.as_ref() == Some(&publication.operator) {
        plan.keep("operator".to_owned());
    } else {
        let before = before.unwrap_or_default();
        keep_resellers(app, &before, &publication.operator, now).await?;
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
            plan.new_terms = Some(text.version.version.clone());
            plan.store(name, Write::Terms(Box::new(text)));
        }
    }
    for list in publication.lists {
        plan_list(&mut plan, &list, &headers, now)?;
    }
    must_lay_down(app, &plan, &versions, now).await?;
    let messages = rescreening(&plan, now).into_iter().collect();
    // A file without its header is never read, and the same publication again writes it again.
    for (key, file) in plan.files {
        app.list_files.put(&key, file).await?;
    }
    commit(app, plan.writes, messages).await?;
    Ok(json!({ "published": plan.published, "unchanged": plan.unchanged }))
}

/// Nothing is published that hands data to somebody whom no entry of the register covers (10, 22-3). The folder lays both
/// registers down; who changes them afterwards are operators.
async fn plan_registers(
    app: &App,
    plan: &mut Plan,
    publication: &Publication,
    known: &[PriceList],
    now: Moment,
) -> Result<()> {
    let today = tokyo_date(now.0);
    let uses = uses(publication, known, now);
    let versions = app.registers.processors().await?;
    let (before, folder) = (versions.last(), publication.processors.clone());
    let entries = before.map_or(&folder, |before| &before.processors);
    let missing = uncovered(entries, &uses, today);
    let register = Register::publish(before, folder.clone(), uses, (FOLDER, now.0));
    let register = register.map_err(|refusal| {
        let missing: Vec<String> = missing.iter().map(Use::code).collect();
        let (ja, en) = (
            refusal.sentence(Language::Ja),
            refusal.sentence(Language::En),
        );
        anyhow!("{}: {ja} {en} [{}]", refusal.code(), missing.join(", "))
    })?;
    match register {
        Some(register) => {
            let name = format!("processors/{}", register.version);
            plan.store(name, Write::Processors(Box::new(register)));
        }
        None => plan.keep("processors".to_owned()),
    }
    let lists = app.registers.third_party_terms().await?;
    let folder = publication.third_party_terms.clone();
    match ThirdPartyTerms::lay_down(lists.last(), folder, (FOLDER, now.0)) {
        Some(list) => {
            let name = format!("third-party-terms/{}", list.version);
            plan.store(name, Write::ThirdPartyTerms(Box::new(list)));
        }
        None if lists.is_empty() => {}
        None => plan.keep("third-party-terms".to_owned()),
    }
    Ok(())
}

/// Returns the uses that the settings and the price lists in force or to come make.
fn uses(publication: &Publication, known: &[PriceList], now: Moment) -> BTreeSet<Use> {
    let today = tokyo_date(now.0);
    let lists: Vec<PriceList> = known.iter().chain(&publication.prices).cloned().collect();
    let current = prices::in_force(&lists, today, today).map(|list| &list.version);
    let offered = lists
        .iter()
        .filter(|list| list.effective_from > today || Some(&list.version) == current);
    Use::all(&publication.operator, offered)
}

/// A reseller stays in the settings while it has customers, or fees that are on no finished invoice (6-2): nobody else
/// could be billed for them.
async fn keep_resellers(app: &App, before: &Operator, after: &Operator, now: Moment) -> Result<()> {
    let tomorrow = days(tokyo_date(now.0), 1);
    let dropped = before.resellers.iter().map(|reseller| &reseller.code);
    for code in dropped.filter(|code| after.reseller(code).is_none()) {
        ensure!(
            app.resellers.customers(code, 1).await?.is_empty(),
            "reseller_has_customers: the settings leave out the reseller {code}, through which customers still have contracts (6-2)"
        );
        let unbilled = app.resellers.unbilled(code, tomorrow, 1).await?;
        let account = app.resellers.account(code).await?;
        ensure!(
            unbilled.is_empty() && account.is_none_or(|account| account.open.is_none()),
            "reseller_has_unbilled_fees: the settings leave out the reseller {code}, which is still to be billed for fees (6-2)"
        );
    }
    Ok(())
}

/// A document that does not say since when it can be seen is seen from now on; none can have been seen before it was
/// published, because the prices of renewals go by that day (Art. 11).
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
    let today = tokyo_date(now.0);
    let published_on = list.published_on.unwrap_or(today);
    ensure!(
        published_on >= today,
        "the price list {version} cannot have been published on {published_on}, before today, {today}"
    );
    let list = PriceList {
        published_on: Some(published_on),
        ..list
    };
    plan.store(name, Write::Prices(Box::new(list)));
    Ok(())
}

/// Compares what a list says; the day of its publication is ours to note where the document names none.
fn is_same(known: &PriceList, list: &PriceList) -> bool {
    let list = PriceList {
        published_on: list.published_on.or(known.published_on),
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

/// The first terms are laid down by the operator's folder. A change for those who have a contract goes through a draft
/// with its reasons and a second operator (23-1), from which its month counts (23-2).
async fn must_lay_down(app: &App, plan: &Plan, known: &[TermsVersion], now: Moment) -> Result<()> {
    let Some(name) = &plan.new_terms else {
        return Ok(());
    };
    let changes = in_force(known, tokyo_date(now.0)).is_some();
    ensure!(
        !changes || app.contracts.page(None).await?.contracts.is_empty(),
        "terms_need_a_draft: the terms {name} change those in force; write them as a draft under /console/terms, where they are approved and published (23-1)"
    );
    Ok(())
}

/// Lets everyone be screened again if a list is new.
fn rescreening(plan: &Plan, now: Moment) -> Option<Message> {
    let lists = plan
        .published
        .iter()
        .filter(|name| name.starts_with("lists/"));
    let cause = lists.map(String::as_str).collect::<Vec<_>>().join(" ");
    (!cause.is_empty()).then(|| Rescreening::because(cause, now.0))
}

/// Writes the documents, and with them who is to be screened again, in one transaction.
async fn commit(app: &App, writes: Vec<Write>, messages: Vec<Message>) -> Result<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let decision = Decision {
        writes,
        messages,
        remembered: None,
    };
    match app.desk.ledger.commit(&decision).await {
        Err(CommitError::Conflict(WriteKind::Once)) => {
            bail!("these documents are being published by someone else")
        }
        Err(CommitError::Conflict(WriteKind::Entity)) => {
            bail!("a register moved on meanwhile; publish again")
        }
        other => other?,
    }
    app.desk.hand_over(&decision).await;
    Ok(())
}
