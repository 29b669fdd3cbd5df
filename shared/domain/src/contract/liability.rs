//! 16-3: the most that the company answers for. The terms name what the customer paid; of what, by when and through whom they do
//! not say, so the reading D-20 is stored beside the result. Only the legal desk sees it.

use jiff::civil::Date;
use serde::Serialize;

use super::Contract;
use crate::calendar::Term;
use crate::money::Yen;
use crate::particulars::Customer;

/// The reading by which a cap is worked out: the fees of the term that holds the day of the event, with tax and without late
/// interest, as far as they are paid.
pub const READING: &str = "D-20 v1";

/// What was paid for one order's term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CapPart {
    pub order: u16,
    /// 1 for the first term.
    pub term_number: u16,
    pub term: Term,
    /// The number of the invoice, once there is one.
    pub invoice: Option<u32>,
    /// With tax.
    pub paid: Yen,
}

/// What a lawyer must look at before the figure is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CapWarning {
    /// The customer paid a reseller and nothing to the company.
    Reseller,
    /// An individual: against a consumer a total exemption has no effect (D-21).
    Individual,
    /// No term holds the day.
    NoTerm,
}

/// The cap for something that happened on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cap {
    pub event: Date,
    pub parts: Vec<CapPart>,
    /// The sum of the parts, in yen with tax.
    pub yen: Yen,
    pub warnings: Vec<CapWarning>,
    pub clause: &'static str,
    pub reading: &'static str,
}

impl Contract {
    /// Works out the cap for what happened on a day (16-3), from what is paid now.
    pub fn liability_cap(&self, event: Date) -> Cap {
        let parts: Vec<CapPart> = self
            .orders
            .iter()
            .filter_map(|order| {
                let (term_number, term) = order.numbered_term_on(event)?;
                let billed = self.account.fee(order.number, term_number);
                let invoice = billed.as_ref().map(|fee| fee.number);
                let paid = billed.map_or(Yen(0), |fee| match self.account.debt(fee.number) {
                    Some(open) => open.paid_yen(),
                    None => Yen(fee.total.0 - fee.credited.0),
                });
                Some(CapPart {
                    order: order.number,
                    term_number,
                    term,
                    invoice,
                    paid,
                })
            })
            .collect();
        let mut warnings = Vec::new();
        if self.is_resold() {
            warnings.push(CapWarning::Reseller);
        }
        if matches!(self.customer.customer, Customer::Individual { .. }) {
            warnings.push(CapWarning::Individual);
        }
        if parts.is_empty() {
            warnings.push(CapWarning::NoTerm);
        }
        Cap {
            event,
            yen: Yen(parts.iter().map(|part| part.paid.0).sum()),
            parts,
            warnings,
            clause: "16-3",
            reading: READING,
        }
    }
}
