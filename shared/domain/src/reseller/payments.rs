//! 6-2: what a reseller owes on its invoices, and what it pays. There is no late interest and no demand: an operator sees what
//! is overdue and talks to the reseller.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ResellerAccount, ResellerInvoice};
use crate::calendar::tokyo_date;
use crate::contract::{NewReceipt, Refusal, amount};
use crate::money::Yen;

/// What of an invoice is not paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDebt {
    /// The number of the invoice.
    pub invoice: u32,
    pub yen: Yen,
    pub due_on: Date,
}

/// What of a payment went to an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidInvoice {
    /// The number of the invoice.
    pub invoice: u32,
    pub yen: Yen,
}

/// A payment of a reseller, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResellerReceipt {
    pub reseller: String,
    /// Unique in the service.
    pub reference: String,
    pub received_on: Date,
    pub yen: Yen,
    pub paid: Vec<PaidInvoice>,
    /// What no invoice took; the next invoices take it.
    pub credit: Yen,
    pub recorded_by: String,
    pub recorded_at: Timestamp,
}

impl ResellerAccount {
    /// Records a payment: the oldest invoice is paid first, and what is left is kept as credit.
    pub fn receive(
        &self,
        new: NewReceipt,
        by: &str,
        at: Timestamp,
    ) -> Result<(Self, ResellerReceipt), Refusal> {
        let yen = amount(new.yen)?;
        if new.received_on > tokyo_date(at) {
            return Err(Refusal::ReceivedInTheFuture);
        }
        if self.last_number == 0 {
            return Err(Refusal::NoSuchDebt);
        }
        let mut account = self.clone();
        account.version += 1;
        let (paid, credit) = account.pay(yen);
        account.credit = Yen(account.credit.0 + credit.0);
        let receipt = ResellerReceipt {
            reseller: self.code.clone(),
            reference: new.reference,
            received_on: new.received_on,
            yen,
            paid,
            credit,
            recorded_by: by.to_owned(),
            recorded_at: at,
        };
        Ok((account, receipt))
    }

    /// Adds what an invoice comes to, which the credit pays as far as it goes. One that takes back more than it bills is credit.
    pub(super) fn owe(&mut self, invoice: &ResellerInvoice) {
        let total = invoice.total_yen;
        match total.0 > 0 {
            true => self.debts.push(OpenDebt {
                invoice: invoice.number,
                yen: total,
                due_on: invoice.due.effective,
            }),
            false => self.credit = Yen(self.credit.0 - total.0),
        }
        (_, self.credit) = self.pay(self.credit);
    }

    /// Pays the oldest invoices first, and forgets what is paid in full. Returns what was paid, and what is left.
    fn pay(&mut self, yen: Yen) -> (Vec<PaidInvoice>, Yen) {
        let mut left = yen.0;
        let mut paid = Vec::new();
        for debt in &mut self.debts {
            let part = debt.yen.0.min(left);
            if part > 0 {
                left -= part;
                debt.yen = Yen(debt.yen.0 - part);
                paid.push(PaidInvoice {
                    invoice: debt.invoice,
                    yen: Yen(part),
                });
            }
        }
        self.debts.retain(|debt| debt.yen.0 > 0);
        (paid, Yen(left))
    }

    /// Returns what of an invoice is not paid yet.
    pub fn debt(&self, invoice: u32) -> Option<&OpenDebt> {
        self.debts.iter().find(|debt| debt.invoice == invoice)
    }
}

#[cfg(test)]
mod art_06 {
    #![allow(clippy::unwrap_used)]

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::{days, start_of};
    use crate::documents::Operator;
    use crate::samples::{reseller, resold_fee};

    /// Bills one fee of this amount without tax in this month of 2026.
    fn billed(account: &ResellerAccount, month: i8, net: i64) -> ResellerAccount {
        let (on, number) = (date(2026, month, 10), u16::try_from(month).unwrap());
        let fees = [resold_fee(number, on, net)];
        let open = account.open_invoice(on, date(2027, 6, 1)).unwrap();
        let taken = open.take(1).unwrap();
        let closed = taken.close(&fees, &reseller(), &Operator::default());
        closed.unwrap().0
    }

    fn payment(yen: i64, on: Date) -> NewReceipt {
        NewReceipt {
            reference: "x".into(),
            received_on: on,
            yen: Yen(yen),
        }
    }

    fn pay(account: &ResellerAccount, yen: i64) -> (ResellerAccount, ResellerReceipt) {
        let on = date(2026, 12, 1);
        account
            .receive(payment(yen, on), "operator:b", start_of(on))
            .unwrap()
    }

    #[test]
    fn a_payment_goes_to_the_oldest_invoice_and_the_rest_to_the_next_ones() {
        let account = billed(&ResellerAccount::new("mihon"), 4, 1000);
        let account = billed(&account, 5, 2000);
        assert_eq!(account.debt(1).unwrap().yen, Yen(1100));
        assert_eq!(account.debt(1).unwrap().due_on, date(2026, 6, 30));
        let (account, receipt) = pay(&account, 1500);
        let paid: Vec<(u32, i64)> = receipt.paid.iter().map(|p| (p.invoice, p.yen.0)).collect();
        assert_eq!(paid, [(1, 1100), (2, 400)]);
        assert_eq!((account.debt(1), receipt.credit), (None, Yen(0)));
        assert_eq!(account.debt(2).unwrap().yen, Yen(1800));
        let (account, receipt) = pay(&account, 2000);
        assert_eq!((account.debts.len(), receipt.credit), (0, Yen(200)));
        // The next invoice takes the credit.
        let account = billed(&account, 6, 1000);
        assert_eq!(
            (account.debt(3).unwrap().yen, account.credit),
            (Yen(900), Yen(0))
        );
    }

    #[test]
    fn an_amount_or_a_day_that_cannot_be_is_refused() {
        let never = ResellerAccount::new("mihon");
        let account = billed(&never, 4, 1000);
        let today = date(2026, 12, 1);
        let check = |account: &ResellerAccount, yen, on| {
            let new = payment(yen, on);
            account
                .receive(new, "operator:b", start_of(today))
                .unwrap_err()
        };
        assert_eq!(check(&account, 0, today), Refusal::AmountNotPositive);
        assert_eq!(check(&account, i64::MAX, today), Refusal::AmountTooLarge);
        let tomorrow = days(today, 1);
        assert_eq!(check(&account, 1, tomorrow), Refusal::ReceivedInTheFuture);
        assert_eq!(check(&never, 1, today), Refusal::NoSuchDebt);
    }

    proptest! {
        #[test]
        fn no_yen_is_lost_or_found(acts in prop::collection::vec((any::<bool>(), -20_000i64..50_000), 1..20)) {
            let mut account = billed(&ResellerAccount::new("mihon"), 1, 1);
            let (mut month, mut owed, mut received) = (1, account.debt(1).unwrap().yen.0, 0);
            for (bills, yen) in acts {
                if bills && month < 12 {
                    month += 1;
                    account = billed(&account, month, yen);
                    owed += yen + yen / 10;
                } else {
                    received += yen.abs() + 1;
                    account = pay(&account, yen.abs() + 1).0;
                }
                let open: i64 = account.debts.iter().map(|debt| debt.yen.0).sum();
                prop_assert_eq!(owed - received, open - account.credit.0);
                prop_assert!(open == 0 || account.credit.0 == 0);
            }
        }
    }
}
