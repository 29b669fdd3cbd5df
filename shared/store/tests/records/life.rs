//! A contract's life in the table: the effect and the version that make each fact happen once.

use ciero_domain::calendar::start_of;
use ciero_domain::contract::{Command, Contract, Facts, NewReceipt, Step, evolve, perform};
use ciero_domain::documents::Operator;
use ciero_domain::money::Yen;
use ciero_ports::{
    AuditReports, AuditRun, Billing, CommitError, Contracts, Decision, Ledger, Write, WriteKind,
};
use jiff::civil::date;

use crate::samples::contract;
use crate::support::{Tables, tables};

fn facts() -> Facts {
    Facts {
        operator: Operator::default(),
        prices: Vec::new(),
        terms: Vec::new(),
    }
}

/// A table with one contract and its work.
async fn formed() -> (Tables, Contract) {
    let t = tables().await;
    let (contract, entry) = contract();
    let step = Step::of(None, entry, &Operator::default()).unwrap();
    t.store
        .commit(&Decision::default().step(step, None))
        .await
        .unwrap();
    (t, contract)
}

/// The decision of the contract's first due work.
fn first_invoice(contract: &Contract) -> (Decision, Contract) {
    let task = contract.owed().into_iter().min().unwrap();
    let entry = perform(contract, &task, &facts(), start_of(date(2026, 6, 1))).unwrap();
    let step = Step::of(Some(contract), entry, &Operator::default()).unwrap();
    let after = step.contract.clone();
    (Decision::default().step(step, Some(&task)), after)
}

#[tokio::test]
async fn one_transaction_writes_all_of_a_fact() {
    let (t, contract) = formed().await;
    let (decision, after) = first_invoice(&contract);
    t.store.commit(&decision).await.unwrap();
    let id = &contract.id;
    assert_eq!(t.store.contract(id).await.unwrap(), Some(after.clone()));
    assert_eq!(t.store.effects(id).await.unwrap(), ["invoice/01/0001"]);
    let invoice = t.store.invoice(id, 1).await.unwrap().unwrap();
    assert_eq!(invoice.issued_on, date(2026, 6, 1));
    assert_eq!(t.store.invoices(id).await.unwrap(), [invoice]);
    let mut folded = None;
    for entry in t.store.history(id).await.unwrap() {
        folded = evolve(folded.as_ref(), &entry);
    }
    assert_eq!(folded, Some(after));
}

#[tokio::test]
async fn the_same_fact_is_refused_a_second_time() {
    let (t, contract) = formed().await;
    let (decision, _) = first_invoice(&contract);
    t.store.commit(&decision).await.unwrap();
    let again = t.store.commit(&decision).await.unwrap_err();
    assert!(matches!(again, CommitError::Conflict(_)), "{again}");
    assert_eq!(t.store.invoices(&contract.id).await.unwrap().len(), 1);
}

/// Breaks when the condition of the effect's write is taken away: the version alone would let it pass.
#[tokio::test]
async fn an_effect_is_written_once_even_on_top_of_the_right_version() {
    let (t, contract) = formed().await;
    let (decision, after) = first_invoice(&contract);
    t.store.commit(&decision).await.unwrap();
    let effect = decision.writes.iter().find_map(|write| match write {
        Write::Effect(effect) => Some(effect.clone()),
        _ => None,
    });
    let command = Command::RecordReceipt(NewReceipt {
        reference: "bank-1".into(),
        received_on: date(2026, 6, 2),
        yen: Yen(1),
    });
    let now = start_of(date(2026, 6, 2));
    let entry = after.decide(command, "operator:1", &facts(), now).unwrap();
    let step = Step::of(Some(&after), entry, &Operator::default()).unwrap();
    let next = Decision::default()
        .step(step, None)
        .and(Write::Effect(effect.unwrap()));
    let refused = t.store.commit(&next).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(WriteKind::Effect)));
}

#[tokio::test]
async fn a_payment_with_a_reference_that_was_recorded_is_refused_and_changes_nothing() {
    let (t, contract) = formed().await;
    let (decision, mut latest) = first_invoice(&contract);
    t.store.commit(&decision).await.unwrap();
    let mut outcomes = Vec::new();
    for day in [2, 3] {
        let command = Command::RecordReceipt(NewReceipt {
            reference: "bank-1".into(),
            received_on: date(2026, 6, day),
            yen: Yen(100),
        });
        let now = start_of(date(2026, 6, day));
        let entry = latest.decide(command, "operator:1", &facts(), now).unwrap();
        let step = Step::of(Some(&latest), entry, &Operator::default()).unwrap();
        let after = step.contract.clone();
        let committed = t.store.commit(&Decision::default().step(step, None)).await;
        if committed.is_ok() {
            latest = after;
        }
        outcomes.push(committed);
    }
    assert!(outcomes[0].is_ok());
    assert!(matches!(
        outcomes[1],
        Err(CommitError::Conflict(WriteKind::Receipt))
    ));
    assert_eq!(t.store.receipts(&contract.id).await.unwrap().len(), 1);
    assert_eq!(t.store.contract(&contract.id).await.unwrap(), Some(latest));
}

#[tokio::test]
async fn every_contract_is_on_some_page() {
    let (t, contract) = formed().await;
    let page = t.store.page(None).await.unwrap();
    assert_eq!((page.contracts, page.next), (vec![contract.id], None));
}

/// Writes what a command leads to, and returns the contract after it.
async fn carry_out(t: &Tables, contract: &Contract, command: Command, day: i8) -> Contract {
    let now = start_of(date(2026, 9, day));
    let entry = contract.decide(command, "operator:1", &facts(), now);
    let step = Step::of(Some(contract), entry.unwrap(), &Operator::default()).unwrap();
    let after = step.contract.clone();
    let decision = Decision::default().step(step, None);
    t.store.commit(&decision).await.unwrap();
    after
}

#[tokio::test]
async fn a_contract_is_in_arrears_from_its_demand_until_the_interest_is_decided() {
    let (t, contract) = formed().await;
    let (decision, invoiced) = first_invoice(&contract);
    t.store.commit(&decision).await.unwrap();
    let listed = || async { t.store.in_arrears().await.unwrap() };
    assert_eq!(listed().await, []);
    let demand = Command::DemandSent {
        debt: 1,
        sent_on: date(2026, 9, 1),
        channel: "post".into(),
    };
    let demanded = carry_out(&t, &invoiced, demand, 1).await;
    assert_eq!(listed().await, std::slice::from_ref(&demanded));
    let paid = Command::RecordReceipt(NewReceipt {
        reference: "bank-1".into(),
        received_on: date(2026, 9, 2),
        yen: demanded.account.open_yen(),
    });
    let settled = carry_out(&t, &demanded, paid, 2).await;
    assert_eq!(listed().await, std::slice::from_ref(&settled));
    let waived = Command::WaiveInterest {
        of: 1,
        reason: "goodwill".into(),
    };
    carry_out(&t, &settled, waived, 3).await;
    assert_eq!(listed().await, []);
}

#[tokio::test]
async fn what_is_paid_in_time_never_enters_the_arrears() {
    let (t, contract) = formed().await;
    let (decision, invoiced) = first_invoice(&contract);
    t.store.commit(&decision).await.unwrap();
    let paid = Command::RecordReceipt(NewReceipt {
        reference: "bank-1".into(),
        received_on: date(2026, 6, 2),
        yen: invoiced.account.open_yen(),
    });
    carry_out(&t, &invoiced, paid, 2).await;
    assert_eq!(t.store.in_arrears().await.unwrap(), []);
}

#[tokio::test]
async fn each_part_of_an_audit_run_is_written_once() {
    let t = tables().await;
    let began = start_of(date(2026, 6, 1));
    let first = AuditRun {
        version: 1,
        from: Some("x".into()),
        ..AuditRun::begin(began)
    };
    assert_eq!(t.store.run(began).await.unwrap(), None);
    assert!(t.store.put_run(&first).await.unwrap());
    assert!(!t.store.put_run(&first).await.unwrap());
    let second = AuditRun {
        version: 2,
        ..first.clone()
    };
    assert!(t.store.put_run(&second).await.unwrap());
    assert!(!t.store.put_run(&second).await.unwrap());
    assert_eq!(t.store.run(began).await.unwrap(), Some(second));
}
