//! 料金表: the versioned price list that is shown to the customer (6-1).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::due_date::PaymentTerms;
use crate::interest::DayCount;
use crate::money::Yen;

/// One plan: how long recordings are kept and what a camera costs a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub retention_days: u16,
    /// A year's fee for one camera, without tax.
    pub yearly_yen: Yen,
}

/// A version of the price list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    pub version: String,
    pub effective_from: Date,
    /// When customers could first see it; unset in the operator's own file.
    #[serde(default)]
    pub published_on: Option<Date>,
    pub plans: Vec<Plan>,
    pub tax_percent: i64,
    /// When an invoice is due.
    #[serde(default)]
    pub due: PaymentTerms,
    /// How days of delay become years; the fixed 365 only where the list says so to the customer (D-26).
    #[serde(default)]
    pub day_count: DayCount,
    /// When and how a fee is paid, as shown to the customer.
    pub payment_ja: String,
    pub payment_en: String,
}

/// What an order costs a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub price_version: String,
    pub retention_days: u16,
    pub cameras: u16,
    /// A year's fee for one camera, without tax.
    pub unit_yen: Yen,
    pub net_yen: Yen,
    pub tax_percent: i64,
    /// Rounded down once on the sum.
    pub tax_yen: Yen,
    pub total_yen: Yen,
}

/// Returns the list in force on a date, as far as lists were published by a day.
pub fn in_force(lists: &[PriceList], on: Date, known_on: Date) -> Option<&PriceList> {
    lists
        .iter()
        .filter(|list| list.effective_from <= on)
        .filter(|list| {
            list.published_on
                .is_none_or(|published| published <= known_on)
        })
        .max_by(|a, b| (a.effective_from, &a.version).cmp(&(b.effective_from, &b.version)))
}

impl PriceList {
    /// Returns what a number of cameras costs a year, or `None` if there is no such plan.
    pub fn quote(&self, retention_days: u16, cameras: u16) -> Option<Quote> {
        let plan = self
            .plans
            .iter()
            .find(|plan| plan.retention_days == retention_days)?;
        let net_yen = Yen(plan.yearly_yen.0.checked_mul(i64::from(cameras))?);
        let tax_yen = net_yen.tax(self.tax_percent);
        Some(Quote {
            price_version: self.version.clone(),
            retention_days,
            cameras,
            unit_yen: plan.yearly_yen,
            net_yen,
            tax_percent: self.tax_percent,
            tax_yen,
            total_yen: net_yen + tax_yen,
        })
    }
}

#[cfg(test)]
mod art_06 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_quote_adds_tax_once() {
        let list = PriceList {
            version: "2026-04-01".into(),
            effective_from: date(2026, 4, 1),
            published_on: None,
            due: PaymentTerms::default(),
            day_count: DayCount::default(),
            plans: vec![Plan {
                retention_days: 7,
                yearly_yen: Yen(105),
            }],
            tax_percent: 10,
            payment_ja: String::new(),
            payment_en: String::new(),
        };
        let quote = list.quote(7, 3).unwrap();
        assert_eq!(
            (quote.net_yen, quote.tax_yen, quote.total_yen),
            (Yen(315), Yen(31), Yen(346))
        );
        assert_eq!(list.quote(8, 3), None);
    }
}
