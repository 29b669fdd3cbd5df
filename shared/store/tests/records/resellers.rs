//! A reseller's fees and invoices in the table (6-2).

use ciero_domain::application::Channel;
use ciero_domain::calendar::start_of;
use ciero_domain::contract::{
    Contract, Entry, Event, Facts, NewReceipt, Standing, Step, TerminationCause, perform,
};
use ciero_domain::documents::Operator;
use ciero_domain::money::Yen;
use ciero_domain::reseller::{ResellerAccount, ResoldFee};
use ciero_domain::samples::{reseller, resold_fee};
use ciero_ports::{Billing, CommitError, Decision, Ledger, Resellers, Write, WriteKind};
use jiff::civil::date;

use crate::samples::contract;
use crate::support::{Tables, tables};

fn write(account: &ResellerAccount) -> Decision {
    Decision::of(Write::ResellerAccount(Box::new(account.clone())))
}

#[tokio::test]
async fn a_resold_term_leaves_a_fee_and_no_invoice_in_the_transaction_of_its_fact() {
    let t = tables().await;
    let (mut contract, mut entry) = contract();
    contract.channel = Channel::Reseller("mihon".into());
    entry.event = ciero_domain::contract::Event::Formed {
        contract: Box::new(contract),
    };
    let operator = Operator::default();
    let step = Step::of(None, entry, &operator).unwrap();
    let contract: Contract = step.contract.clone();
    let formed = Decision::default().step(step, None);
    t.store.commit(&formed).await.unwrap();
    let task = contract.owed().into_iter().min().unwrap();
    let facts = Facts {
        operator: operator.clone(),
        prices: Vec::new(),
        terms: Vec::new(),
    };
    let entry = perform(&contract, &task, &facts, start_of(date(2026, 6, 1))).unwrap();
    let step = Step::of(Some(&contract), entry, &operator).unwrap();
    let decision = Decision::default().step(step, Some(&task));
    t.store.commit(&decision).await.unwrap();
    t.store.commit(&decision).await.unwrap_err();
    let fees = t.store.unbilled("mihon", date(2026, 6, 2), 10).await;
    let [fee] = &fees.unwrap()[..] else { panic!() };
    assert_eq!((fee.on, &fee.contract), (date(2026, 6, 1), &contract.id));
    assert_eq!(t.store.invoices(&contract.id).await.unwrap(), []);
    let none = t.store.unbilled("mihon", date(2026, 6, 1), 10).await;
    assert_eq!(none.unwrap(), [], "the day itself is not before it");
}

#[tokio::test]
async fn a_fee_and_what_takes_it_back_on_the_same_day_are_kept_side_by_side() {
    let t = tables().await;
    let day = date(2026, 4, 1);
    let fee = resold_fee(1, day, 100);
    let back = ResoldFee {
        takes_back: true,
        ..resold_fee(1, day, -100)
    };
    for one in [&fee, &back] {
        let decision = Decision::of(Write::ResoldFee(Box::new(one.clone())));
        t.store.commit(&decision).await.unwrap();
    }
    let kept = t.store.unbilled("mihon", date(2026, 5, 1), 10).await;
    assert_eq!(kept.unwrap(), [fee, back]);
}

#[tokio::test]
async fn more_fees_than_a_transaction_holds_go_on_one_invoice_in_their_order() {
    let t = tables().await;
    let fees: Vec<_> = (0..120)
        .map(|n| resold_fee(n, date(2026, 4, 1 + (n % 30) as i8), 100))
        .collect();
    for some in fees.chunks(60) {
        let mut decision = Decision::default();
        for fee in some {
            decision = decision.and(Write::ResoldFee(Box::new(fee.clone())));
        }
        t.store.commit(&decision).await.unwrap();
    }
    let first = date(2026, 5, 1);
    let account = ResellerAccount::new("mihon");
    let mut account = account.open_invoice(date(2026, 4, 1), first).unwrap();
    t.store.commit(&write(&account)).await.unwrap();
    let mut overtaken = None;
    loop {
        let some = t.store.unbilled("mihon", first, 45).await.unwrap();
        if some.is_empty() {
            break;
        }
        assert!(some.is_sorted_by_key(|fee| fee.on));
        account = account.take(u32::try_from(some.len()).unwrap()).unwrap();
        let mut decision = write(&account);
        for fee in some {
            decision = decision.and(Write::PutOnInvoice(1, Box::new(fee)));
        }
        t.store.commit(&decision).await.unwrap();
        overtaken = Some(decision);
    }
    let again = t.store.commit(&overtaken.unwrap()).await.unwrap_err();
    assert!(matches!(again, CommitError::Conflict(WriteKind::Entity)));
    let billed = t.store.billed("mihon", 1).await.unwrap();
    assert_eq!(billed.len(), 120);
    let (account, invoice) = account
        .close(&billed, &reseller(), &Operator::default())
        .unwrap();
    let decision = write(&account).and(Write::ResellerInvoice(Box::new(invoice.clone())));
    t.store.commit(&decision).await.unwrap();
    assert_eq!(
        t.store.account("mihon").await.unwrap(),
        Some(account.clone())
    );
    assert_eq!(
        t.store.reseller_invoices("mihon").await.unwrap(),
        std::slice::from_ref(&invoice)
    );
    let kept = t.store.reseller_invoice("mihon", 1).await.unwrap();
    assert_eq!(kept, Some(invoice));
    assert_eq!(t.store.reseller_invoices("miho").await.unwrap(), []);
    pay(&t, account).await;
}

/// Records a payment, once.
async fn pay(t: &Tables, account: ResellerAccount) {
    let new = NewReceipt {
        reference: "bank-1".into(),
        received_on: date(2026, 5, 20),
        yen: Yen(1),
    };
    let at = start_of(date(2026, 5, 20));
    let paid = |account: &ResellerAccount| {
        let (after, receipt) = account.receive(new.clone(), "operator:b", at).unwrap();
        let decision = write(&after).and(Write::ResellerReceipt(Box::new(receipt.clone())));
        (after, receipt, decision)
    };
    let (after, receipt, decision) = paid(&account);
    t.store.commit(&decision).await.unwrap();
    let again = t.store.commit(&paid(&after).2).await.unwrap_err();
    assert!(matches!(again, CommitError::Conflict(WriteKind::Receipt)));
    assert_eq!(t.store.account("mihon").await.unwrap(), Some(after));
    assert_eq!(t.store.reseller_receipts("mihon").await.unwrap(), [receipt]);
}

#[tokio::test]
async fn a_customer_of_a_reseller_is_listed_from_its_formation_to_its_end() {
    let t = tables().await;
    let (contract, mut entry) = contract();
    let contract = Contract {
        channel: Channel::Reseller("mihon".into()),
        ..contract
    };
    if let Event::Formed { contract: formed } = &mut entry.event {
        **formed = contract.clone();
    }
    let write = |contract: &Contract, entry: &Entry| {
        Decision::of(Write::Contract(
            Box::new(contract.clone()),
            Box::new(entry.clone()),
        ))
    };
    t.store.commit(&write(&contract, &entry)).await.unwrap();
    let customers = || async { t.store.customers("mihon", 10).await.unwrap() };
    assert_eq!(customers().await, std::slice::from_ref(&contract.id));
    assert_eq!(t.store.customers("other", 10).await.unwrap(), []);
    let ended = Contract {
        version: 2,
        standing: Standing::Ended {
            on: date(2026, 6, 30),
            cause: TerminationCause::Expiry,
            at_once: false,
        },
        ..contract
    };
    t.store.commit(&write(&ended, &entry)).await.unwrap();
    assert_eq!(customers().await, []);
}
