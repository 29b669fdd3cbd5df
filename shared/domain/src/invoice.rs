//! 適格請求書: invoices and credit notes as pure functions of what they bill (6-1).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Language;
use crate::calendar::{Term, tokyo_date, written};
use crate::contract::{ClosedDebt, Contract, CreditNote, Debt, DebtKind, Entry, Event};
use crate::documents::{Bilingual, Operator};
use crate::due_date::DueDate;
use crate::ids::ContractId;
use crate::interest::Interest;
use crate::money::Yen;
use crate::prices::Quote;

/// What a document bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A term's fee (6-1).
    Fee {
        order: u16,
        term_number: u16,
        term: Term,
    },
    /// Late interest (Art. 19), without consumption tax.
    Interest { of: u32, interest: Interest },
    /// A credit note for an earlier document.
    CreditNote { of: u32, reason: String },
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    pub text: Bilingual,
    pub quantity: u32,
    pub unit_yen: Yen,
    /// Without tax.
    pub net_yen: Yen,
    /// `None` for what bears no consumption tax.
    pub tax_percent: Option<i64>,
}

/// The sum of one rate; its tax is rounded down once (RULES D).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSum {
    pub tax_percent: i64,
    pub net_yen: Yen,
    pub tax_yen: Yen,
}

/// Who issues it, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    pub seller: Bilingual,
    pub seller_address: Bilingual,
    /// T and 13 digits.
    pub registration_number: String,
    pub recipient: String,
    pub recipient_address: String,
}

/// A document as it was issued. It holds everything that it shows, so it can be issued again to the
/// same bytes whatever changes later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub contract: ContractId,
    /// The sequence number within the contract, without gaps.
    pub number: u32,
    #[serde(flatten)]
    pub subject: Subject,
    pub issued_on: Date,
    pub due: Option<DueDate>,
    pub parties: Parties,
    pub lines: Vec<InvoiceLine>,
    pub sums: Vec<RateSum>,
    pub total_yen: Yen,
    /// How much of the customer's credit was set off on the day of issue.
    pub credit_used_yen: Yen,
    pub price_version: Option<String>,
    pub terms_version: Option<String>,
    /// Shown on every fee's invoice (Art. 11).
    pub last_day_to_refuse: Option<Date>,
}

/// Returns the sums by rate: lines are added first, tax is rounded once per rate.
pub fn sums<'a>(lines: impl IntoIterator<Item = &'a InvoiceLine>) -> Vec<RateSum> {
    let mut sums: Vec<RateSum> = Vec::new();
    for line in lines {
        let Some(tax_percent) = line.tax_percent else {
            continue;
        };
        match sums.iter_mut().find(|sum| sum.tax_percent == tax_percent) {
            Some(sum) => sum.net_yen = sum.net_yen + line.net_yen,
            None => sums.push(RateSum {
                tax_percent,
                net_yen: line.net_yen,
                tax_yen: Yen(0),
            }),
        }
    }
    for sum in &mut sums {
        sum.tax_yen = sum.net_yen.tax(sum.tax_percent);
    }
    sums
}

impl Invoice {
    /// Returns the document of an entry, if it issues one. `contract` is the contract after the entry.
    pub fn of(
        before: Option<&Contract>,
        contract: &Contract,
        entry: &Entry,
        operator: &Operator,
    ) -> Option<Invoice> {
        match &entry.event {
            Event::Invoiced {
                debt: Some(debt),
                credit_used,
                ..
            } => {
                let mut invoice = fee(contract, debt, operator)?;
                invoice.credit_used_yen = *credit_used;
                Some(invoice)
            }
            Event::InterestBilled {
                of,
                debt,
                credit_used,
                ..
            } => {
                let draft = before?.account.debt(*of)?.draft.clone()?;
                let mut invoice = interest_note(contract, debt, *of, draft.interest, operator);
                invoice.credit_used_yen = *credit_used;
                Some(invoice)
            }
            event => {
                let note = event.credit_note()?;
                let billed = before?.account.billed(note.debt)?;
                let issued_on = tokyo_date(entry.at);
                Some(credit_note(contract, note, &billed, issued_on, operator))
            }
        }
    }

    /// Returns the number as people read it.
    pub fn name(&self) -> String {
        name(&self.contract, self.number)
    }

    /// Returns the bytes that are hashed: the same document gives the same bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Plain structs of texts and numbers always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns the SHA-256 of the bytes, in hexadecimal.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.bytes()))
    }
}

/// Returns a document's number as people read it: `<contract>-<seq>`.
pub fn name(contract: &ContractId, number: u32) -> String {
    format!("{contract}-{number:04}")
}

/// Returns the parties of a document: the customer as it is known to be on the day of issue (Art. 4).
fn parties(contract: &Contract, issued_on: Date, operator: &Operator) -> Parties {
    let customer = contract.particulars_on(issued_on, contract.latest);
    let address = &customer.address;
    Parties {
        seller: operator.company.clone(),
        seller_address: operator.address.clone(),
        registration_number: operator.registration_number.clone(),
        recipient: customer.name.clone(),
        recipient_address: format!(
            "〒{} {}{}",
            address.postal_code,
            address.prefecture.name(Language::Ja),
            address.line
        ),
    }
}

/// Returns the line of a year's fee.
pub fn fee_line(quote: &Quote, span: Term) -> InvoiceLine {
    InvoiceLine {
        text: Bilingual {
            ja: format!(
                "クラウド録画サービス 保存{}日プラン 年額（{}から{}まで）",
                quote.retention_days,
                written(Language::Ja, span.start),
                written(Language::Ja, span.end)
            ),
            en: format!(
                "Cloud recording, {}-day plan, one year ({} to {})",
                quote.retention_days,
                written(Language::En, span.start),
                written(Language::En, span.end)
            ),
        },
        quantity: u32::from(quote.cameras),
        unit_yen: quote.unit_yen,
        net_yen: quote.net_yen,
        tax_percent: Some(quote.tax_percent),
    }
}

impl InvoiceLine {
    /// Returns the line that takes this one back.
    pub(crate) fn taken_back(self) -> Self {
        InvoiceLine {
            text: Bilingual {
                ja: format!("更新拒絶による取消　{}", self.text.ja),
                en: format!("Taken back on refusal of renewal: {}", self.text.en),
            },
            unit_yen: Yen(-self.unit_yen.0),
            net_yen: Yen(-self.net_yen.0),
            ..self
        }
    }
}

fn fee(contract: &Contract, debt: &Debt, operator: &Operator) -> Option<Invoice> {
    let DebtKind::Fee { order, term } = debt.kind else {
        return None;
    };
    let running = &contract.order(order)?.running;
    let (quote, span) = (&running.quote, running.term);
    let lines = vec![fee_line(quote, span)];
    Some(Invoice {
        contract: contract.id.clone(),
        number: debt.number,
        subject: Subject::Fee {
            order,
            term_number: term,
            term: span,
        },
        issued_on: debt.issued_on,
        due: Some(debt.due),
        parties: parties(contract, debt.issued_on, operator),
        sums: sums(&lines),
        lines,
        total_yen: debt.total,
        credit_used_yen: Yen(0),
        price_version: Some(quote.price_version.clone()),
        terms_version: Some(running.terms_version.clone()),
        last_day_to_refuse: Some(span.last_day_to_refuse),
    })
}

fn interest_note(
    contract: &Contract,
    debt: &Debt,
    of: u32,
    interest: Interest,
    operator: &Operator,
) -> Invoice {
    let of_name = name(&contract.id, of);
    let line = InvoiceLine {
        text: Bilingual {
            ja: format!("遅延利息（請求書 {of_name}、年14.6%、利用規約第19条）"),
            en: format!("Late interest on {of_name}, 14.6 % a year (Art. 19)"),
        },
        quantity: 1,
        unit_yen: debt.total,
        net_yen: debt.total,
        tax_percent: None,
    };
    Invoice {
        contract: contract.id.clone(),
        number: debt.number,
        subject: Subject::Interest { of, interest },
        issued_on: debt.issued_on,
        due: Some(debt.due),
        parties: parties(contract, debt.issued_on, operator),
        lines: vec![line],
        sums: Vec::new(),
        total_yen: debt.total,
        credit_used_yen: Yen(0),
        price_version: None,
        terms_version: None,
        last_day_to_refuse: None,
    }
}

/// The tax of a credit note is the part of the amount that is tax at the rate of what it credits.
fn credit_note(
    contract: &Contract,
    note: &CreditNote,
    debt: &ClosedDebt,
    issued_on: Date,
    operator: &Operator,
) -> Invoice {
    let (rate, yen, reason) = (debt.tax_percent, note.yen, &note.reason);
    let tax_yen = rate.map_or(Yen(0), |rate| Yen(yen.0 * rate / (100 + rate)));
    let net_yen = yen - tax_yen;
    let of_name = name(&contract.id, debt.number);
    let line = InvoiceLine {
        text: Bilingual {
            ja: format!("請求書 {of_name} の返還：{reason}"),
            en: format!("Credit for {of_name}: {reason}"),
        },
        quantity: 1,
        unit_yen: Yen(-net_yen.0),
        net_yen: Yen(-net_yen.0),
        tax_percent: rate,
    };
    let sums = rate.map(|tax_percent| RateSum {
        tax_percent,
        net_yen: Yen(-net_yen.0),
        tax_yen: Yen(-tax_yen.0),
    });
    Invoice {
        contract: contract.id.clone(),
        number: note.number,
        subject: Subject::CreditNote {
            of: debt.number,
            reason: reason.clone(),
        },
        issued_on,
        due: None,
        parties: parties(contract, issued_on, operator),
        lines: vec![line],
        sums: sums.into_iter().collect(),
        total_yen: Yen(-yen.0),
        credit_used_yen: Yen(0),
        price_version: None,
        terms_version: None,
        last_day_to_refuse: None,
    }
}

#[cfg(test)]
mod art_06 {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_worked_example_of_tax_holds() {
        let rows: serde_json::Value =
            serde_json::from_str(include_str!("../fixtures/vectors.json")).unwrap();
        let rows = rows["invoice_tax"].as_array().unwrap();
        assert_eq!(rows.len(), 1);
        for row in rows {
            let percent = row["tax_percent"].as_i64().unwrap();
            let nets = row["lines_ex_tax"].as_array().unwrap();
            let lines: Vec<InvoiceLine> = nets
                .iter()
                .map(|net| InvoiceLine {
                    text: Bilingual::default(),
                    quantity: 1,
                    unit_yen: Yen(net.as_i64().unwrap()),
                    net_yen: Yen(net.as_i64().unwrap()),
                    tax_percent: Some(percent),
                })
                .collect();
            assert_eq!(
                sums(&lines)[0].tax_yen.0,
                row["tax_yen"].as_i64().unwrap(),
                "{row}"
            );
        }
    }
}
