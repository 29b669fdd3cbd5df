//! The operator's documents: settings, price lists and terms. Versions are few, so they are read whole.

use std::sync::PoisonError;

use async_trait::async_trait;
use ciero_domain::documents::Operator;
use ciero_domain::prices::{PriceList, in_force};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_ports::{Documents, StoreError, WriteKind};
use jiff::civil::Date;

use crate::Store;
use crate::item::Item;
use crate::keys;
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;

/// Replaces the operator's settings.
pub(crate) fn put_operator(operator: &Operator) -> Operations {
    let item = Item::with_body(keys::operator(), operator)?;
    Ok(vec![Operation::put(
        item,
        Condition::Always,
        WriteKind::Once,
    )])
}

/// Writes a version of the price list; the key is the version, so it replaces no other.
pub(crate) fn put_prices(prices: &PriceList) -> Operations {
    let item = Item::with_body(keys::prices(&prices.version), prices)?;
    Ok(vec![Operation::put(
        item,
        Condition::Always,
        WriteKind::Once,
    )])
}

/// Writes a version of the terms, which is never changed afterwards.
pub(crate) fn put_terms(terms: &TermsText) -> Operations {
    let version = &terms.version;
    let entry = Item::with_body(keys::terms_version(&version.version), version)?;
    let text = Item::with_body(keys::terms_text(&version.version), terms)?;
    let once = |item| Operation::put(item, Condition::Absent, WriteKind::Once);
    Ok(vec![once(entry), once(text)])
}

#[async_trait]
impl Documents for Store {
    async fn operator(&self) -> Result<Option<Operator>, StoreError> {
        self.entity(Table::Main, keys::operator()).await
    }

    async fn prices(&self, on: Date) -> Result<Option<PriceList>, StoreError> {
        let all = self.price_lists().await?;
        Ok(in_force(&all, on, on).cloned())
    }

    async fn price_lists(&self) -> Result<Vec<PriceList>, StoreError> {
        let mut all: Vec<PriceList> = self.range(Range::all(keys::PRICES, keys::VERSIONS)).await?;
        all.sort_by(|a, b| (a.effective_from, &a.version).cmp(&(b.effective_from, &b.version)));
        Ok(all)
    }

    async fn terms_versions(&self) -> Result<Vec<TermsVersion>, StoreError> {
        let mut versions: Vec<TermsVersion> =
            self.range(Range::all(keys::TERMS, keys::VERSIONS)).await?;
        versions
            .sort_by(|a, b| (a.effective_from, &a.version).cmp(&(b.effective_from, &b.version)));
        Ok(versions)
    }

    async fn terms(&self, version: &str) -> Result<Option<TermsText>, StoreError> {
        let texts = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = texts().get(version) {
            return Ok(Some(text.clone()));
        }
        let key = keys::terms_text(version);
        let text: Option<TermsText> = self.entity(Table::Main, key).await?;
        if let Some(text) = &text {
            texts().insert(version.to_owned(), text.clone());
        }
        Ok(text)
    }
}
