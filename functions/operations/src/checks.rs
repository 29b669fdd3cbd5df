//! What a publication must be before anything of it is stored.

use std::collections::HashSet;
use std::hash::Hash;

use anyhow::{Context, Result, ensure};
use ciero_domain::documents::Operator;
use ciero_domain::prices::PriceList;
use ciero_domain::processor::Processor;
use ciero_domain::screening::ScreeningList;
use ciero_domain::terms::{TermsText, earliest_effective};
use ciero_domain::third_party::ThirdParty;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use crate::lists::read_lists;

/// The longest name of a version.
const VERSION_MAX: usize = 32;

/// The longest time that a price list gives for payment, in months.
const MOST_MONTHS: u8 = 12;
/// A customer who left is not kept waiting for ever.
const MOST_KEPT_DAYS: u16 = 365;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    publish: RawPublication,
}

/// The operator's folder as one payload, nothing checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublication {
    operator: Operator,
    prices: Vec<PriceList>,
    terms: Vec<RawTerms>,
    /// None where the operator compares with no list.
    #[serde(default)]
    lists: Vec<Value>,
    #[serde(default)]
    processors: Vec<Processor>,
    #[serde(default)]
    third_party_terms: Vec<ThirdParty>,
}

/// One version of the terms as it is handed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerms {
    version: String,
    published_on: Date,
    effective_from: Date,
    ja: String,
    en: String,
}

/// Documents that each make sense; whether they fit what is published is another question.
#[derive(Debug)]
pub struct Publication {
    pub operator: Operator,
    pub prices: Vec<PriceList>,
    pub terms: Vec<TermsText>,
    pub lists: Vec<ScreeningList>,
    /// The first entries of the register of sub-processors and of the list of third-party terms.
    pub processors: Vec<Processor>,
    pub third_party_terms: Vec<ThirdParty>,
}

impl Publication {
    /// Reads a payload.
    pub fn read(payload: Value) -> Result<Publication> {
        let request: Request =
            serde_json::from_value(payload).context("the publication is not understood")?;
        let raw = request.publish;
        check_operator(&raw.operator)?;
        raw.prices.iter().try_for_each(check_prices)?;
        let terms = raw.terms.into_iter().map(read_terms);
        let publication = Publication {
            operator: raw.operator,
            prices: raw.prices,
            terms: terms.collect::<Result<_>>()?,
            lists: read_lists(raw.lists)?,
            processors: raw.processors,
            third_party_terms: raw.third_party_terms,
        };
        check_names(publication.processors.iter().map(|one| &one.id))?;
        check_names(publication.third_party_terms.iter().map(|one| &one.id))?;
        let (prices, terms) = (&publication.prices, &publication.terms);
        ensure!(
            distinct(prices.iter().map(|list| &list.version)),
            "two price lists have the same version"
        );
        ensure!(
            distinct(terms.iter().map(|text| &text.version.version)),
            "two texts of the terms have the same version"
        );
        Ok(publication)
    }
}

pub fn distinct<T: Eq + Hash>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

/// A version's name is part of addresses and keys.
pub fn check_version(version: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    ensure!(
        (1..=VERSION_MAX).contains(&version.len()) && version.bytes().all(plain),
        "a version is named by up to {VERSION_MAX} letters, digits, hyphens and dots, not by {version:?}"
    );
    Ok(())
}

fn check_names<'a>(names: impl Iterator<Item = &'a String> + Clone) -> Result<()> {
    ensure!(
        names.clone().all(|name| is_code(name)) && distinct(names),
        "name: an entry is named by up to 32 small letters, digits and hyphens, and no two alike (10, 25-1)"
    );
    Ok(())
}

fn check_operator(operator: &Operator) -> Result<()> {
    ensure!(
        !operator.service_name.trim().is_empty(),
        "the operator's service name is empty"
    );
    ensure!(
        !operator.company.ja.trim().is_empty() && !operator.company.en.trim().is_empty(),
        "the operator's company name is empty"
    );
    ensure!(
        is_registration_number(&operator.registration_number),
        "the number of the qualified-invoice issuer is T and 13 digits (6-1)"
    );
    ensure!(
        !operator.device_models.is_empty(),
        "the list of designated devices is empty (2-11)"
    );
    let models = operator.device_models.iter().map(|model| &model.model);
    ensure!(
        models.clone().all(|model| !model.trim().is_empty()) && distinct(models),
        "a designated device has no name, or the name of another one (2-11)"
    );
    ensure!(
        operator.arrears.grace_days > 0 && operator.arrears.demand_after_days > 0,
        "a demand is sent after the due date and gives at least one day (6-2, 13-1-2)"
    );
    ensure!(
        operator.arrears.interest_from_yen.0 >= 0,
        "the smallest interest that is asked for is not negative (19)"
    );
    ensure!(
        operator.ahead.maintenance_days > 0 && operator.ahead.service_end_months > 0,
        "planned maintenance is told at least a day ahead, the end of the service a month (8-1, 14-1)"
    );
    let keeping = &operator.deletion;
    ensure!(
        keeping.kept_days <= MOST_KEPT_DAYS && [7, 10].contains(&keeping.books_years),
        "data are kept for {MOST_KEPT_DAYS} days after the end at most, and tax books for 7 or 10 years (15-3)"
    );
    ensure!(
        (1..=12).contains(&keeping.year_ends_in_month),
        "the tax period ends with a month from 1 to 12 (15-3)"
    );
    let codes = operator.resellers.iter().map(|reseller| &reseller.code);
    ensure!(
        codes.clone().all(|code| is_code(code)) && distinct(codes),
        "a reseller's code is small letters, digits and hyphens, at most 32, and no other reseller's (6-2)"
    );
    let told = |reseller: &ciero_domain::documents::Reseller| {
        [&reseller.name, &reseller.address, &reseller.email]
            .iter()
            .all(|text| !text.trim().is_empty())
    };
    ensure!(
        operator.resellers.iter().all(told),
        "a reseller has no name, address or e-mail address (6-2)"
    );
    Ok(())
}

/// The check digit is not looked at: how that of a sole trader is worked out is not published.
fn is_registration_number(number: &str) -> bool {
    let digits = number.strip_prefix('T').unwrap_or_default();
    digits.len() == 13 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Codes stand in invoice numbers, addresses of pages and keys.
pub fn is_code(code: &str) -> bool {
    let is_sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&code.len()) && code.bytes().all(is_sound)
}

fn check_prices(list: &PriceList) -> Result<()> {
    let version = &list.version;
    check_version(version)?;
    ensure!(
        !list.plans.is_empty(),
        "the price list {version} has no plan"
    );
    ensure!(
        (0..=100).contains(&list.tax_percent),
        "the tax of the price list {version} is not a percentage"
    );
    ensure!(
        distinct(list.plans.iter().map(|plan| plan.retention_days)),
        "the price list {version} names a retention twice"
    );
    let sound =
        |plan: &ciero_domain::prices::Plan| plan.yearly_yen.0 > 0 && plan.retention_days > 0;
    ensure!(
        list.plans.iter().all(sound),
        "the price list {version} has a plan without a price or retention"
    );
    ensure!(
        !list.payment_ja.trim().is_empty() && !list.payment_en.trim().is_empty(),
        "the price list {version} does not say when and how fees are paid (6-1)"
    );
    ensure!(
        list.due.months_after <= MOST_MONTHS,
        "the price list {version} lets a fee wait for more than {MOST_MONTHS} months (6-1)"
    );
    Ok(())
}

/// Reads a version; a month must lie between its publication and its effect (23-2).
fn read_terms(raw: RawTerms) -> Result<TermsText> {
    let RawTerms {
        version,
        published_on,
        effective_from,
        ja,
        en,
    } = raw;
    check_version(&version)?;
    ensure!(
        !ja.trim().is_empty() && !en.trim().is_empty(),
        "the terms {version} have no text"
    );
    let earliest = earliest_effective(published_on);
    ensure!(
        effective_from >= earliest,
        "the terms {version}, published on {published_on}, apply from {earliest} at the earliest (23-2)"
    );
    let days = (published_on, effective_from);
    Ok(TermsText::of(&version, days, ja, en))
}
