//! 6-2: what resold contracts come to: one invoice a month to each reseller, none to its customers.
//!
//! A term of a resold contract leaves a fee behind. Each fee goes on exactly one invoice: that of its own month, or, if that
//! one is closed already, the next. Invoices are dated the first day of the following month whenever they are made, so days
//! made up after an outage give the same invoices as days that were not missed.

mod payments;

pub use payments::{OpenDebt, PaidInvoice, ResellerReceipt};

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::application::Channel;
use crate::calendar::tokyo_date;
use crate::contract::{Contract, Entry, Event};
use crate::documents::{Operator, Reseller};
use crate::due_date::DueDate;
use crate::ids::ContractId;
use crate::invoice::{InvoiceLine, Parties, RateSum, fee_line, sums};
use crate::money::Yen;

/// A year's fee of a resold contract, which its reseller is billed for, or what takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResoldFee {
    /// The code of the reseller.
    pub reseller: String,
    pub contract: ContractId,
    pub order: u16,
    pub term_number: u16,
    /// The first day of the term, on which the fee arises, or the day on which it was taken back.
    pub on: Date,
    /// A refusal that had arrived in time was recorded after the term began (11): the line has the fee's amount below zero.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_back: bool,
    pub customer: String,
    pub line: InvoiceLine,
}

impl ResoldFee {
    /// Returns the fee that an entry leaves behind or takes back. `contract` is the contract after the entry.
    pub fn of(contract: &Contract, entry: &Entry) -> Option<ResoldFee> {
        let (order, last_day) = match &entry.event {
            Event::Invoiced {
                order, debt: None, ..
            } => (*order, None),
            Event::RefusalReceived {
                order, last_day, ..
            } => (*order, Some(*last_day)),
            _ => return None,
        };
        let Channel::Reseller(reseller) = &contract.channel else {
            return None;
        };
        let running = &contract.order(order)?.running;
        let (start, fee) = (running.term.start, fee_line(&running.quote, running.term));
        let (on, line) = match last_day {
            None => (start, fee),
            Some(day) if running.invoiced && start > day => {
                (tokyo_date(entry.at), fee.taken_back())
            }
            Some(_) => return None,
        };
        Some(ResoldFee {
            reseller: reseller.clone(),
            contract: contract.id.clone(),
            order,
            term_number: running.number,
            on,
            takes_back: last_day.is_some(),
            customer: contract.particulars_on(start, contract.latest).name.clone(),
            line,
        })
    }
}

/// An invoice that fees are being put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenInvoice {
    pub number: u32,
    /// The first day of a month; only fees of days before it belong on the invoice.
    pub issued_on: Date,
    /// How many fees are on it.
    pub fees: u32,
}

/// Where the invoices of a reseller stand. Every step of making one and every payment is a new version, so two at the same time
/// cannot both take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResellerAccount {
    pub code: String,
    /// 0 before anything was written.
    pub version: u64,
    /// The number of the latest closed invoice; numbers have no gaps.
    pub last_number: u32,
    pub last_issued_on: Option<Date>,
    pub open: Option<OpenInvoice>,
    /// What is not paid yet, the oldest invoice first.
    pub debts: Vec<OpenDebt>,
    /// What was paid beyond all invoices.
    pub credit: Yen,
}

impl ResellerAccount {
    /// Returns the account of a reseller that was never billed.
    pub fn new(code: &str) -> Self {
        ResellerAccount {
            code: code.to_owned(),
            version: 0,
            last_number: 0,
            last_issued_on: None,
            open: None,
            debts: Vec::new(),
            credit: Yen(0),
        }
    }

    /// Opens the next invoice once its day has come. `earliest` is the day of the earliest fee on no invoice yet.
    pub fn open_invoice(&self, earliest: Date, today: Date) -> Option<Self> {
        let own = month_after(earliest);
        let issued_on = match self.last_issued_on {
            Some(last) => own.max(month_after(last)),
            None => own,
        };
        let open = OpenInvoice {
            number: self.last_number + 1,
            issued_on,
            fees: 0,
        };
        (issued_on <= today && self.open.is_none()).then(|| ResellerAccount {
            version: self.version + 1,
            open: Some(open),
            ..self.clone()
        })
    }

    /// Puts fees on the open invoice. `None` if there is no open invoice.
    pub fn take(&self, fees: u32) -> Option<Self> {
        let open = self.open?;
        let open = OpenInvoice {
            fees: open.fees + fees,
            ..open
        };
        Some(ResellerAccount {
            version: self.version + 1,
            open: Some(open),
            ..self.clone()
        })
    }

    /// Closes the open invoice with everything that is on it. `None` if there is no open invoice, or these are not its fees.
    pub fn close(
        &self,
        fees: &[ResoldFee],
        reseller: &Reseller,
        operator: &Operator,
    ) -> Option<(Self, ResellerInvoice)> {
        let open = self
            .open
            .filter(|open| usize::try_from(open.fees) == Ok(fees.len()) && !fees.is_empty())?;
        let invoice = ResellerInvoice::of(open, fees, reseller, operator);
        let mut closed = ResellerAccount {
            version: self.version + 1,
            last_number: open.number,
            last_issued_on: Some(open.issued_on),
            open: None,
            ..self.clone()
        };
        closed.owe(&invoice);
        Some((closed, invoice))
    }
}

fn month_after(day: Date) -> Date {
    day.first_of_month().saturating_add(1.month())
}

/// A consolidated invoice without its fees, which are kept beside it: they can be more than one item of the table holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResellerInvoice {
    pub reseller: String,
    /// The sequence number within the reseller, without gaps.
    pub number: u32,
    pub issued_on: Date,
    pub due: DueDate,
    pub parties: Parties,
    /// How many fees are on it.
    pub fees: u32,
    /// SHA-256 of the fees in their order, in hexadecimal.
    pub fees_hash: String,
    /// The tax of each rate is rounded down once on all fees together (RULES D).
    pub sums: Vec<RateSum>,
    pub total_yen: Yen,
}

impl ResellerInvoice {
    fn of(open: OpenInvoice, fees: &[ResoldFee], reseller: &Reseller, operator: &Operator) -> Self {
        let sums = sums(fees.iter().map(|fee| &fee.line));
        let total = sums.iter().map(|sum| sum.net_yen.0 + sum.tax_yen.0).sum();
        ResellerInvoice {
            reseller: reseller.code.clone(),
            number: open.number,
            issued_on: open.issued_on,
            due: reseller.due.due(open.issued_on, &operator.holidays),
            parties: Parties {
                seller: operator.company.clone(),
                seller_address: operator.address.clone(),
                registration_number: operator.registration_number.clone(),
                recipient: reseller.name.clone(),
                recipient_address: reseller.address.clone(),
            },
            fees: open.fees,
            fees_hash: fees_hash(fees),
            sums,
            total_yen: Yen(total),
        }
    }

    /// Returns the number as people read it: `<reseller>-<seq>`.
    pub fn name(&self) -> String {
        format!("{}-{:04}", self.reseller, self.number)
    }

    /// Returns the tax of all rates.
    pub fn tax_yen(&self) -> Yen {
        Yen(self.sums.iter().map(|sum| sum.tax_yen.0).sum())
    }
}

/// Returns the SHA-256 of fees in their order, in hexadecimal.
fn fees_hash(fees: &[ResoldFee]) -> String {
    // Plain structs of texts and numbers always serialise.
    hex::encode(Sha256::digest(serde_json::to_vec(fees).unwrap_or_default()))
}

#[cfg(test)]
mod art_06 {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{reseller, resold_fee as fee};

    /// A reseller's books as the function keeps them.
    struct Books {
        account: ResellerAccount,
        unbilled: Vec<ResoldFee>,
        billed: BTreeMap<u32, Vec<ResoldFee>>,
        invoices: Vec<ResellerInvoice>,
    }

    impl Books {
        fn new() -> Self {
            Books {
                account: ResellerAccount::new("mihon"),
                unbilled: Vec::new(),
                billed: BTreeMap::new(),
                invoices: Vec::new(),
            }
        }

        /// Makes every invoice whose day has come, two fees at a time.
        fn run(&mut self, today: Date) {
            loop {
                if self.account.open.is_none() {
                    let earliest = self.unbilled.iter().map(|fee| fee.on).min();
                    let opened = earliest.and_then(|day| self.account.open_invoice(day, today));
                    let Some(opened) = opened else { return };
                    self.account = opened;
                }
                let open = self.account.open.unwrap();
                let (mut take, keep): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unbilled)
                    .into_iter()
                    .partition(|fee| fee.on < open.issued_on);
                self.unbilled = keep;
                take.sort_by_key(|fee| (fee.on, fee.term_number));
                for some in take.chunks(2) {
                    self.account = self
                        .account
                        .take(u32::try_from(some.len()).unwrap())
                        .unwrap();
                    self.billed
                        .entry(open.number)
                        .or_default()
                        .extend_from_slice(some);
                }
                let fees = &self.billed[&open.number];
                let (account, invoice) = self
                    .account
                    .close(fees, &reseller(), &Operator::default())
                    .unwrap();
                self.account = account;
                self.invoices.push(invoice);
            }
        }
    }

    #[test]
    fn a_month_of_resold_terms_is_one_invoice_with_tax_rounded_once() {
        let mut books = Books::new();
        for n in 0..3 {
            books.unbilled.push(fee(n, date(2026, 4, 10 + n as i8), 15));
        }
        books.run(date(2026, 4, 30));
        assert_eq!(books.invoices, [], "the month is not over");
        books.run(date(2026, 5, 1));
        let [invoice] = &books.invoices[..] else {
            panic!("{:?}", books.invoices)
        };
        // 10 % of 45 is 4; rounded line by line it would be 3.
        assert_eq!((invoice.tax_yen(), invoice.total_yen), (Yen(4), Yen(49)));
        assert_eq!(invoice.name(), "mihon-0001");
        assert_eq!((invoice.fees, invoice.issued_on), (3, date(2026, 5, 1)));
        assert_eq!(invoice.due.effective, date(2026, 6, 30));
    }

    #[test]
    fn a_fee_that_comes_late_goes_on_the_next_invoice() {
        let mut books = Books::new();
        books.unbilled.push(fee(0, date(2026, 4, 10), 100));
        books.run(date(2026, 5, 1));
        books.unbilled.push(fee(1, date(2026, 4, 30), 100));
        books.run(date(2026, 5, 2));
        assert_eq!(books.invoices.len(), 1, "one invoice a month");
        books.run(date(2026, 6, 1));
        assert_eq!(books.invoices[1].issued_on, date(2026, 6, 1));
        assert_eq!(books.billed[&2].len(), 1);
    }

    #[test]
    fn what_is_taken_back_lowers_its_months_invoice_and_beyond_it_is_credit() {
        let mut books = Books::new();
        let back = |n, on, net: i64| ResoldFee {
            takes_back: true,
            ..fee(n, on, -net)
        };
        books.unbilled.push(fee(0, date(2026, 4, 10), 1000));
        books.unbilled.push(fee(1, date(2026, 4, 11), 500));
        books.unbilled.push(back(1, date(2026, 4, 20), 500));
        books.run(date(2026, 5, 1));
        assert_eq!(books.invoices[0].total_yen, Yen(1100));
        books.unbilled.push(back(0, date(2026, 5, 9), 1000));
        books.run(date(2026, 6, 1));
        assert_eq!(books.invoices[1].total_yen, Yen(-1100));
        assert_eq!(
            (books.account.debts.len(), books.account.credit),
            (0, Yen(0))
        );
        books.unbilled.push(back(2, date(2026, 6, 9), 300));
        books.unbilled.push(fee(3, date(2026, 7, 9), 500));
        books.run(date(2026, 8, 1));
        assert_eq!(books.account.debt(4).unwrap().yen, Yen(220));
    }

    #[test]
    fn an_invoice_does_not_close_without_all_that_was_put_on_it() {
        let account = ResellerAccount::new("mihon");
        let fees = [fee(0, date(2026, 4, 10), 100)];
        let close = |account: &ResellerAccount, fees: &[ResoldFee]| {
            account.close(fees, &reseller(), &Operator::default())
        };
        assert_eq!(close(&account, &fees), None);
        assert_eq!(account.take(1), None);
        let open = account
            .open_invoice(date(2026, 4, 10), date(2026, 5, 1))
            .unwrap();
        assert_eq!(close(&open, &[]), None, "an invoice bills something");
        let taken = open.take(2).unwrap();
        assert_eq!(close(&taken, &fees), None);
        assert_eq!(open.open_invoice(date(2026, 4, 10), date(2026, 5, 1)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Each fee is (day of the fee, days until it is written); a run on a day may be missed.
        #[test]
        fn every_fee_is_billed_once_whenever_it_comes_and_whichever_runs_are_missed(
            fees in prop::collection::vec((0i32..150, 0i32..60, 1i64..100_000), 1..30),
            missed in prop::collection::vec(any::<bool>(), 260),
        ) {
            let day = |n: i32| date(2026, 1, 1).saturating_add(n.days());
            let mut books = Books::new();
            for n in 0..260 {
                let fresh = fees.iter().enumerate().filter(|(_, (on, late, _))| on + late == n);
                for (i, (on, _, net)) in fresh {
                    books.unbilled.push(fee(u16::try_from(i).unwrap(), day(*on), *net));
                }
                if !missed[usize::try_from(n).unwrap()] {
                    books.run(day(n));
                }
            }
            books.run(day(300));
            prop_assert_eq!(books.unbilled.len(), 0);
            let billed: Vec<&ResoldFee> = books.billed.values().flatten().collect();
            prop_assert_eq!(billed.len(), fees.len());
            let mut terms: Vec<u16> = billed.iter().map(|fee| fee.term_number).collect();
            terms.sort_unstable();
            terms.dedup();
            prop_assert_eq!(terms.len(), fees.len());
            let net: i64 = books.invoices.iter().flat_map(|i| &i.sums).map(|sum| sum.net_yen.0).sum();
            prop_assert_eq!(net, fees.iter().map(|(_, _, net)| net).sum::<i64>());
            for (i, invoice) in books.invoices.iter().enumerate() {
                prop_assert_eq!(usize::try_from(invoice.number).unwrap(), i + 1);
                prop_assert_eq!(invoice.issued_on.day(), 1);
            }
            let days: Vec<Date> = books.invoices.iter().map(|invoice| invoice.issued_on).collect();
            prop_assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "one invoice a month");
        }

        #[test]
        fn a_run_after_an_outage_makes_the_invoices_of_the_days_that_were_missed(
            fees in prop::collection::vec((0i32..150, 1i64..100_000), 1..30),
        ) {
            let day = |n: i32| date(2026, 1, 1).saturating_add(n.days());
            let all = || fees.iter().enumerate().map(|(i, (on, net))| (*on, fee(u16::try_from(i).unwrap(), day(*on), *net)));
            let (mut daily, mut at_once) = (Books::new(), Books::new());
            for n in 0..200 {
                daily.unbilled.extend(all().filter(|(on, _)| *on == n).map(|(_, fee)| fee));
                daily.run(day(n));
            }
            at_once.unbilled.extend(all().map(|(_, fee)| fee));
            at_once.run(day(199));
            prop_assert_eq!(daily.invoices, at_once.invoices);
        }
    }
}
