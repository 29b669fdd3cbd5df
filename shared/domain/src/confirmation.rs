//! The final-confirmation screen: what an applicant was shown, kept byte for byte (3-1).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calendar::Term;
use crate::prices::{PriceList, Quote};

/// Everything that the final-confirmation screen states. Its dates assume a start; the operator sets
/// the real one on acceptance (Art. 11), and the screen says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    pub quote: Quote,
    pub payment_ja: String,
    pub payment_en: String,
    /// The term if it began on the day of the screen.
    pub example_term: Term,
    pub terms_version: String,
    pub auto_renewal: bool,
    /// What a cancellation pays back: nothing (15-1).
    pub refund_percent: u8,
}

impl Confirmation {
    /// Builds the screen's content for an order that would start on a date.
    pub fn build(
        prices: &PriceList,
        retention_days: u16,
        cameras: u16,
        terms_version: &str,
        shown_on: Date,
    ) -> Option<Self> {
        Some(Confirmation {
            quote: prices.quote(retention_days, cameras)?,
            payment_ja: prices.payment_ja.clone(),
            payment_en: prices.payment_en.clone(),
            example_term: Term::starting(shown_on),
            terms_version: terms_version.to_owned(),
            auto_renewal: true,
            refund_percent: 0,
        })
    }

    /// Returns the SHA-256 of the content, in hexadecimal; the submission names what it confirms by it.
    pub fn hash(&self) -> String {
        // Plain structs of texts and numbers always serialise; an empty text would match nothing.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(Sha256::digest(bytes))
    }
}
