//! What belongs to the operator: its name, addresses and device models. Configuration, not code.

use serde::{Deserialize, Serialize};

use crate::Language;
use crate::device::DeviceKind;
use crate::due_date::PaymentTerms;
use crate::holidays::Overrides;
use crate::money::Yen;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bilingual {
    pub ja: String,
    pub en: String,
}

impl Bilingual {
    /// Returns the text in a language.
    pub fn t(&self, language: Language) -> &str {
        language.t(&self.ja, &self.en)
    }
}

/// One model of the allow-list of designated devices (2-11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceModel {
    pub model: String,
    pub kind: DeviceKind,
    pub name: Bilingual,
}

/// How the operator deals with arrears (6-2, 13-1-2, Art. 19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrears {
    /// Days after the due date on which an unpaid invoice is demanded.
    pub demand_after_days: u16,
    /// Days that a demand gives, counted from the day on which it was sent.
    pub grace_days: u16,
    /// Smaller interest is not asked for (D-29).
    pub interest_from_yen: Yen,
}

impl Default for Arrears {
    fn default() -> Self {
        Arrears {
            demand_after_days: 8,
            grace_days: 14,
            interest_from_yen: Yen(1),
        }
    }
}

/// How long ahead customers are told (8-1, 14-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ahead {
    /// Days between the notice of planned maintenance and its day (D-18).
    pub maintenance_days: u16,
    /// Months between the proven notice of the end of the service and its last day.
    pub service_end_months: u8,
}

impl Default for Ahead {
    fn default() -> Self {
        Ahead {
            maintenance_days: 7,
            service_end_months: 1,
        }
    }
}

/// Days for which data are kept after the day that follows the end, unless the operator says otherwise.
pub const DEFAULT_KEPT_DAYS: u16 = 30;

/// How long things are kept after the end of a contract (15-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keeping {
    /// Days for which the customer's data are kept after the day that follows the end; 0 deletes them on that day.
    pub kept_days: u16,
    /// Years for which tax books are kept: 7, or 10 where a year had a loss.
    pub books_years: u16,
    /// The month with which the operator's tax period ends.
    pub year_ends_in_month: i8,
}

impl Default for Keeping {
    fn default() -> Self {
        Keeping {
            kept_days: DEFAULT_KEPT_DAYS,
            books_years: 10,
            year_ends_in_month: 3,
        }
    }
}

/// The operator as the pages and mails show it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Operator {
    pub service_name: String,
    pub company: Bilingual,
    pub representative: Bilingual,
    pub address: Bilingual,
    pub phone: String,
    pub support_email: String,
    pub website: String,
    /// Number of the qualified-invoice issuer: T and 13 digits.
    pub registration_number: String,
    pub device_models: Vec<DeviceModel>,
    #[serde(default)]
    pub arrears: Arrears,
    /// Days that the law of a year adds to the national holidays or takes from them.
    #[serde(default)]
    pub holidays: Overrides,
    /// Companies through which customers contract (6-2).
    #[serde(default)]
    pub resellers: Vec<Reseller>,
    /// How long ahead customers are told of what the operator plans.
    #[serde(default)]
    pub ahead: Ahead,
    /// How long things are kept after the end of a contract (15-3).
    #[serde(default)]
    pub deletion: Keeping,
}

/// A company whose terms of payment govern its customers' contracts (6-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reseller {
    /// The name that an application's channel carries.
    pub code: String,
    pub name: String,
    pub address: String,
    pub email: String,
    /// When its invoices are to be paid.
    #[serde(default)]
    pub due: PaymentTerms,
}

impl Operator {
    /// Returns the reseller of a code, if it is one of the operator's (6-2).
    pub fn reseller(&self, code: &str) -> Option<&Reseller> {
        self.resellers.iter().find(|known| known.code == code)
    }

    /// Returns the designated model of a name, if it is on the list (2-11).
    pub fn model(&self, model: &str) -> Option<&DeviceModel> {
        self.device_models.iter().find(|known| known.model == model)
    }
}
