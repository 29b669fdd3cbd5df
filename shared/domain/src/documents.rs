//! What belongs to the operator: its name, addresses and device models. Configuration, not code.

use serde::{Deserialize, Serialize};

use crate::Language;
use crate::device::DeviceKind;

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
}

impl Operator {
    /// Returns the designated model of a name, if it is on the list (2-11).
    pub fn model(&self, model: &str) -> Option<&DeviceModel> {
        self.device_models.iter().find(|known| known.model == model)
    }
}
