//! 6-2: the monthly invoice to each reseller, made in steps that any later run goes on with.
//!
//! An invoice is opened, its fees are put on it in portions, and it is closed. Each step reads the reseller's account and is
//! one transaction on its next version, so a run that is killed, repeated or met by another one changes nothing.

use std::sync::Arc;

use anyhow::Context as _;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::stable_id;
use ciero_domain::documents::{Operator, Reseller};
use ciero_domain::notice::Notice;
use ciero_domain::reseller::ResellerAccount;
use ciero_ports::{Body, CommitError, Decision, Documents, Resellers, Write};
use ciero_runtime::{Desk, Moment};
use serde_json::{Value, json};

/// How many fees one transaction moves: two items each, and a transaction holds 100.
const PORTION: u16 = 45;
/// How often a step is decided anew when someone else wrote first.
const TRIES: usize = 8;

/// What the invoices to resellers are made with.
#[derive(Clone)]
pub(crate) struct Resold {
    pub resellers: Arc<dyn Resellers>,
    pub documents: Arc<dyn Documents>,
    pub desk: Desk,
}

/// Whom to bill, and when.
struct Run<'a> {
    reseller: &'a Reseller,
    operator: &'a Operator,
    now: Moment,
}

impl Resold {
    /// Makes every invoice whose day has come. What fails for one reseller does not stop the others.
    pub async fn run(&self, now: Moment) -> anyhow::Result<Value> {
        let operator = self.documents.operator().await?;
        let operator = operator.context("the operator has published no settings")?;
        let (mut issued, mut failed) = (0, None);
        for reseller in &operator.resellers {
            let run = Run {
                reseller,
                operator: &operator,
                now,
            };
            match self.bill(&run).await {
                Ok(invoices) => issued += invoices,
                Err(error) => {
                    tracing::error!(reseller = reseller.code, %error, "a reseller was not billed");
                    failed = Some(error.context(format!("reseller {}", reseller.code)));
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(json!({ "issued": issued })),
        }
    }

    /// Takes step after step until nothing is left to do; returns how many invoices were closed.
    async fn bill(&self, run: &Run<'_>) -> anyhow::Result<u32> {
        let (mut issued, mut tries) = (0, 0);
        loop {
            let Some(decision) = self.next(run).await? else {
                return Ok(issued);
            };
            match self.desk.ledger.commit(&decision).await {
                Ok(()) => {
                    tries = 0;
                    issued += u32::from(!decision.messages.is_empty());
                    self.desk.hand_over(&decision).await;
                }
                Err(CommitError::Conflict(_)) => {
                    tries += 1;
                    anyhow::ensure!(tries < TRIES, "others kept writing first");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Decides the next step: open an invoice, put fees on it, or close it.
    async fn next(&self, run: &Run<'_>) -> anyhow::Result<Option<Decision>> {
        let (code, today) = (&run.reseller.code, tokyo_date(run.now.0));
        let account = self.resellers.account(code).await?;
        let account = account.unwrap_or_else(|| ResellerAccount::new(code));
        let Some(open) = account.open else {
            let this_month = today.first_of_month();
            let earliest = self.resellers.unbilled(code, this_month, 1).await?;
            let opened = earliest
                .first()
                .and_then(|fee| account.open_invoice(fee.on, today));
            return Ok(opened.map(|account| Decision::of(write(account))));
        };
        let fees = self
            .resellers
            .unbilled(code, open.issued_on, PORTION)
            .await?;
        if fees.is_empty() {
            return self.close(run, &account).await.map(Some);
        }
        let taken = account.take(u32::try_from(fees.len())?);
        let mut decision = Decision::of(write(taken.context("the invoice is not open")?));
        for fee in fees {
            decision = decision.and(Write::PutOnInvoice(open.number, Box::new(fee)));
        }
        Ok(Some(decision))
    }

    /// Closes the open invoice and tells the reseller.
    async fn close(&self, run: &Run<'_>, account: &ResellerAccount) -> anyhow::Result<Decision> {
        let open = account.open.context("the invoice is not open")?;
        let fees = self.resellers.billed(&account.code, open.number).await?;
        let closed = account.close(&fees, run.reseller, run.operator);
        let (account, invoice) = closed
            .with_context(|| format!("the fees of invoice {} are not all there", open.number))?;
        let notice = Notice::ResellerInvoiceIssued {
            reseller: invoice.reseller.clone(),
            number: invoice.number,
        };
        let id = stable_id(&invoice.reseller, &format!("invoice/{}", invoice.number));
        let decision = Decision::of(write(account));
        let decision = decision.and(Write::ResellerInvoice(Box::new(invoice)));
        Ok(decision.say(id, run.now.0, Body::Notice(notice)))
    }
}

fn write(account: ResellerAccount) -> Write {
    Write::ResellerAccount(Box::new(account))
}
