//! Invoices to resellers, on books in memory that keep the conditions of a transaction and break at will.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ciero_domain::documents::Operator;
use ciero_domain::notice::Notice;
use ciero_domain::reseller::{ResellerAccount, ResellerInvoice, ResoldFee};
use ciero_domain::samples::{reseller, resold_fee};
use ciero_ports::{
    Body, CommitError, Decision, Message, MockDocuments, MockLedger, MockQueues, MockResellers,
    Write, WriteKind,
};
use ciero_runtime::{Desk, Moment};
use jiff::civil::{Date, date};
use serde_json::json;

use crate::resellers::Resold;

#[derive(Default)]
struct Books {
    account: Option<ResellerAccount>,
    unbilled: Vec<ResoldFee>,
    billed: BTreeMap<u32, Vec<ResoldFee>>,
    invoices: Vec<ResellerInvoice>,
    sent: Vec<Message>,
    /// Commits until one fails, and whether it was written all the same.
    fail_in: Option<(usize, bool)>,
    /// Somebody else takes every n-th version first.
    meddles: bool,
}

impl Books {
    fn commit(&mut self, decision: &Decision) -> Result<(), CommitError> {
        let failing = match &mut self.fail_in {
            Some((0, written)) => Some(*written),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        let gone = || CommitError::Unavailable("gone".to_owned());
        if failing.is_some() {
            self.fail_in = None;
        }
        if failing == Some(false) {
            return Err(gone());
        }
        if std::mem::take(&mut self.meddles) {
            // The other run does just what this one is about to do.
            self.write(decision);
            return Err(CommitError::Conflict(WriteKind::Entity));
        }
        assert!(decision.writes.len() <= 46, "a transaction holds 100 items");
        let version = self.account.as_ref().map_or(0, |account| account.version);
        let next = decision.writes.iter().find_map(|write| match write {
            Write::ResellerAccount(account) => Some(account.version),
            _ => None,
        });
        if next.unwrap() != version + 1 {
            return Err(CommitError::Conflict(WriteKind::Entity));
        }
        self.write(decision);
        failing.map_or(Ok(()), |_| Err(gone()))
    }

    fn write(&mut self, decision: &Decision) {
        for write in decision.writes.clone() {
            match write {
                Write::ResellerAccount(account) => self.account = Some(*account),
                Write::PutOnInvoice(number, fee) => {
                    self.unbilled.retain(|other| *other != *fee);
                    self.billed.entry(number).or_default().push(*fee);
                }
                Write::ResellerInvoice(invoice) => self.invoices.push(*invoice),
                other => panic!("{other:?}"),
            }
        }
        self.sent.extend(decision.messages.clone());
    }
}

fn function(books: &Arc<Mutex<Books>>) -> Resold {
    let mut resellers = MockResellers::new();
    let of = books.clone();
    resellers
        .expect_account()
        .returning(move |_| Ok(of.lock().unwrap().account.clone()));
    let of = books.clone();
    resellers
        .expect_unbilled()
        .returning(move |_, before, most| {
            let mut fees = of.lock().unwrap().unbilled.clone();
            fees.retain(|fee| fee.on < before);
            fees.sort_by_key(|fee| (fee.on, fee.term_number));
            fees.truncate(usize::from(most));
            Ok(fees)
        });
    let of = books.clone();
    resellers.expect_billed().returning(move |_, number| {
        let books = of.lock().unwrap();
        Ok(books.billed.get(&number).cloned().unwrap_or_default())
    });
    let mut documents = MockDocuments::new();
    documents.expect_operator().returning(|| {
        Ok(Some(Operator {
            resellers: vec![reseller()],
            ..Operator::default()
        }))
    });
    let of = books.clone();
    let mut ledger = MockLedger::new();
    ledger
        .expect_commit()
        .returning(move |decision| of.lock().unwrap().commit(decision));
    ledger.expect_sent().returning(|_| Ok(()));
    let mut queues = MockQueues::new();
    queues.expect_send().returning(|messages| messages.to_vec());
    Resold {
        resellers: Arc::new(resellers),
        documents: Arc::new(documents),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(queues),
        },
    }
}

/// Books with this many fees in April.
fn april(fees: u16) -> Arc<Mutex<Books>> {
    let fee = |n: u16| resold_fee(n, date(2026, 4, 1 + (n % 30) as i8), 18_000);
    Arc::new(Mutex::new(Books {
        unbilled: (0..fees).map(fee).collect(),
        ..Books::default()
    }))
}

/// 01:00 in Tokyo on a day.
fn night(day: Date) -> Moment {
    let at = day.at(1, 0, 0, 0).in_tz("Asia/Tokyo").unwrap();
    Moment(at.timestamp())
}

const FIRST: Date = date(2026, 5, 1);

fn check_one_invoice(books: &Arc<Mutex<Books>>, fees: u32, about: &str) {
    let books = books.lock().unwrap();
    assert_eq!(books.unbilled, [], "{about}");
    let [invoice] = &books.invoices[..] else {
        panic!("{about}: {:?}", books.invoices);
    };
    assert_eq!((invoice.number, invoice.fees), (1, fees), "{about}");
    assert_eq!(invoice.total_yen.0, i64::from(fees) * 19_800, "{about}");
    assert_eq!(books.billed[&1].len(), fees as usize, "{about}");
    let [message] = &books.sent[..] else {
        panic!("{about}: {:?}", books.sent);
    };
    let notice = Notice::ResellerInvoiceIssued {
        reseller: reseller().code,
        number: 1,
    };
    assert_eq!(message.body, Body::Notice(notice), "{about}");
}

#[tokio::test]
async fn art_06_two_hundred_fees_make_one_invoice_and_one_mail() {
    let books = april(200);
    let function = function(&books);
    let early = function.run(night(date(2026, 4, 30))).await.unwrap();
    assert_eq!(early, json!({"issued": 0}), "April is not over");
    assert_eq!(
        function.run(night(FIRST)).await.unwrap(),
        json!({"issued": 1})
    );
    check_one_invoice(&books, 200, "one run");
    assert_eq!(
        function.run(night(FIRST)).await.unwrap(),
        json!({"issued": 0})
    );
    check_one_invoice(&books, 200, "a second run");
}

#[tokio::test]
async fn art_06_a_run_killed_at_any_step_is_gone_on_with() {
    // 100 fees: opened, three portions, closed.
    for written in [false, true] {
        for step in 0..5 {
            let books = april(100);
            books.lock().unwrap().fail_in = Some((step, written));
            let function = function(&books);
            function.run(night(FIRST)).await.unwrap_err();
            function.run(night(date(2026, 5, 2))).await.unwrap();
            check_one_invoice(&books, 100, &format!("step {step}, written {written}"));
        }
    }
}

#[tokio::test]
async fn art_06_two_runs_at_the_same_time_make_one_invoice() {
    let books = april(100);
    let function = function(&books);
    books.lock().unwrap().meddles = true;
    function.run(night(FIRST)).await.unwrap();
    check_one_invoice(&books, 100, "the other run was faster");
}

#[tokio::test]
async fn art_06_fees_that_come_while_an_invoice_is_open_go_on_it_or_on_the_next() {
    let books = april(50);
    let function = function(&books);
    books.lock().unwrap().fail_in = Some((2, true));
    function.run(night(FIRST)).await.unwrap_err();
    let late = resold_fee(77, date(2026, 4, 30), 18_000);
    books.lock().unwrap().unbilled.push(late);
    function.run(night(date(2026, 5, 2))).await.unwrap();
    check_one_invoice(&books, 51, "it was still open");
    let later = resold_fee(78, date(2026, 4, 30), 18_000);
    books.lock().unwrap().unbilled.push(later);
    function.run(night(date(2026, 5, 31))).await.unwrap();
    assert_eq!(books.lock().unwrap().invoices.len(), 1);
    function.run(night(date(2026, 6, 1))).await.unwrap();
    let invoices = &books.lock().unwrap().invoices;
    assert_eq!((invoices[1].number, invoices[1].fees), (2, 1));
}
