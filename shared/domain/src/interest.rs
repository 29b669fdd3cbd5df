//! 遅延利息: 14.6 % a year on an unpaid debt, floored to the yen once per tranche (Art. 19).

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use crate::Language;
use crate::money::Yen;

/// 14.6 % a year, in thousandths.
const RATE_PER_MILLE: i128 = 146;

/// What a day is of a year, on which Article 19 is silent (D-26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// Days of a leap year are 1/366, all others 1/365: never more than 14.6 % in any year.
    #[default]
    CalendarYearSplit,
    /// Every day is 1/365: for a price list that says so.
    #[serde(rename = "fixed_365")]
    Fixed365,
}

impl DayCount {
    /// Returns the name and version of this reading, to be kept with each result.
    pub fn reading(self) -> &'static str {
        match self {
            DayCount::CalendarYearSplit => "D-26 v1 calendar-year split, D-27 v1",
            DayCount::Fixed365 => "D-26 v1 fixed 365, D-27 v1",
        }
    }
}

/// Returns the days of delay that bear interest: neither the due date nor the day of payment counts (Art. 19).
pub fn days_late(due: Date, paid: Date) -> i64 {
    (days_between(due, paid) - 1).max(0)
}

/// The debt cannot be one that bears interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDebt {
    #[error("a debt is not negative")]
    NegativePrincipal,
    /// A refund or a reversed card payment makes a new debt; it never lets an old principal grow back.
    #[error("a payment is not negative")]
    NegativePayment,
}

/// A debt with its due date and what was paid on it: fees, never late interest itself (Art. 19).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    principal: Yen,
    due: Date,
    /// In order of receipt, each above zero.
    payments: Vec<(Date, Yen)>,
}

impl Debt {
    /// Returns a debt that falls due on a date, with the payments on its principal by the day of receipt, in any order (D-27, D-28).
    ///
    /// The caller decides what of a payment goes to the principal and, where a debt is accelerated (13-2), which due date counts.
    pub fn new(
        principal: Yen,
        due: Date,
        mut payments: Vec<(Date, Yen)>,
    ) -> Result<Self, InvalidDebt> {
        if principal < Yen(0) {
            return Err(InvalidDebt::NegativePrincipal);
        }
        if payments.iter().any(|(_, paid)| *paid < Yen(0)) {
            return Err(InvalidDebt::NegativePayment);
        }
        // A payment of nothing must not cut a tranche in two, which would floor it twice.
        payments.retain(|(_, paid)| *paid > Yen(0));
        payments.sort_by_key(|(received, _)| *received);
        Ok(Debt {
            principal,
            due,
            payments,
        })
    }

    /// Returns the interest if whatever is still unpaid is paid on the day `through`, which itself bears none.
    ///
    /// The first day is the one after the due date, and the day of a part payment already belongs to the reduced principal. Payments
    /// received later than `through` are left out; what is paid beyond the principal changes nothing.
    pub fn interest(&self, through: Date, day_count: DayCount) -> Interest {
        let mut tranches = Vec::new();
        let mut principal = self.principal;
        let mut from = self.due.saturating_add(1.day());
        for &(received, paid) in &self.payments {
            let end = received.min(through);
            tranches.extend(Tranche::before(end, from, principal, day_count));
            from = from.max(end);
            principal = Yen((principal.0 - paid.0).max(0));
        }
        tranches.extend(Tranche::before(through, from, principal, day_count));
        let total = tranches.iter().map(|tranche| tranche.yen.0);
        Interest {
            total: Yen(total.fold(0, i64::saturating_add)),
            tranches,
            day_count,
        }
    }
}

/// Late interest with the steps that lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// In order of time; there is none if nothing bears interest.
    pub tranches: Vec<Tranche>,
    pub total: Yen,
    pub day_count: DayCount,
}

impl Interest {
    /// Returns one line per tranche for the customer's statement.
    pub fn formulas(&self, language: Language) -> Vec<String> {
        self.tranches
            .iter()
            .map(|tranche| tranche.formula(self.day_count, language))
            .collect()
    }
}

/// A stretch of days with one principal (D-27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tranche {
    pub principal: Yen,
    pub from: Date,
    /// The last day, itself counted.
    pub to: Date,
    pub days: i64,
    /// How many of the days lie in leap years.
    pub days_in_leap_years: i64,
    /// Rounded down to the yen, and never more than an `i64` holds.
    pub yen: Yen,
}

impl Tranche {
    /// Returns the tranche from a date to the day before another, or `None` if no day or no principal is left.
    fn before(end: Date, from: Date, principal: Yen, day_count: DayCount) -> Option<Self> {
        let days = days_between(from, end);
        if days <= 0 || principal <= Yen(0) {
            return None;
        }
        let to = end.saturating_sub(1.day());
        let days_in_leap_years = days_in_leap_years(from, to);
        Some(Tranche {
            principal,
            from,
            to,
            days,
            days_in_leap_years,
            yen: interest_yen(principal, days, days_in_leap_years, day_count),
        })
    }

    /// Returns the calculation as a customer can repeat it; the result drops the fraction of a yen.
    pub fn formula(&self, day_count: DayCount, language: Language) -> String {
        let leap = match day_count {
            DayCount::CalendarYearSplit => self.days_in_leap_years,
            DayCount::Fixed365 => 0,
        };
        let common = self.days - leap;
        let days = |count: i64| match (language, count) {
            (Language::Ja, _) => format!("{count}日"),
            (Language::En, 1) => "1 day".to_owned(),
            (Language::En, _) => format!("{count} days"),
        };
        let time = match (common, leap, language) {
            (_, 0, _) => format!("{} ÷ {}", days(common), days(365)),
            (0, _, _) => format!("{} ÷ {}", days(leap), days(366)),
            (_, _, Language::Ja) => format!("({}÷365 + {}÷366)", days(common), days(leap)),
            (_, _, Language::En) => format!("({} ÷ 365 + {} ÷ 366)", days(common), days(leap)),
        };
        let yen = |amount: Yen| match language {
            Language::Ja => format!("{amount}円"),
            Language::En => format!("¥{amount}"),
        };
        format!(
            "{} × 14.6% × {time} = {}",
            yen(self.principal),
            yen(self.yen)
        )
    }
}

/// Returns the interest on one principal, over the common denominator 365 × 366 where years are split.
fn interest_yen(principal: Yen, days: i64, leap: i64, day_count: DayCount) -> Yen {
    let (days, leap) = (i128::from(days), i128::from(leap));
    let (numerator, denominator) = match day_count {
        DayCount::CalendarYearSplit => ((days - leap) * 366 + leap * 365, 365 * 366),
        DayCount::Fixed365 => (days, 365),
    };
    let yen = i128::from(principal.0) * RATE_PER_MILLE * numerator / (1000 * denominator);
    Yen(i64::try_from(yen).unwrap_or(i64::MAX))
}

fn days_in_leap_years(from: Date, to: Date) -> i64 {
    (from.year()..=to.year())
        .map(|year| (date(year, 1, 1), date(year, 12, 31)))
        .filter(|(new_year, _)| new_year.in_leap_year())
        .map(|(first, last)| days_between(first.max(from), last.min(to)) + 1)
        .sum()
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

#[cfg(test)]
#[path = "interest_tests.rs"]
mod art_19;
