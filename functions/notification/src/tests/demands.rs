//! A demand is recorded in its contract in the transaction that records its mail, and nowhere else (13-1-2).

use std::sync::{Arc, Mutex};

use ciero_domain::Language;
use ciero_domain::contract::{Case, Contract, Event, Kind};
use ciero_ports::{CommitError, Decision, MockContracts, Write, WriteKind};
use jiff::civil::date;

use super::life::*;
use super::mocks::{Mocks, Trace};
use super::samples::*;
use crate::deliver::{Delivered, deliver};

/// The contract that a decision writes, with its event.
pub fn written(decision: &Decision) -> Option<(Contract, Event)> {
    decision.writes.iter().find_map(|write| match write {
        Write::Contract(contract, entry) => Some(((**contract).clone(), entry.event.clone())),
        _ => None,
    })
}

/// The case that a decision opens.
pub fn opened(decision: &Decision) -> Option<Case> {
    decision.writes.iter().find_map(|write| match write {
        Write::Case(case) => Some((**case).clone()),
        _ => None,
    })
}

fn is_the_line(decision: &Decision) -> bool {
    matches!(decision.writes.as_slice(), [Write::Notice(_)])
}

/// Sends the demand of a contract on its day.
async fn send(mocks: Mocks) -> (anyhow::Result<Delivered>, Trace) {
    let (mocks, trace) = mocks.delivering();
    let app = mocks.app();
    let delivered = deliver(&app, &message_id(1), &demand(), morning(DEMANDED)).await;
    (delivered, trace)
}

#[tokio::test]
async fn a_sent_demand_begins_its_period_in_the_same_transaction_as_its_line() {
    let life = Life::demanded(Language::Ja);
    let (delivered, trace) = send(Mocks::living(&life)).await;
    assert_eq!(delivered.unwrap(), Delivered::Sent);
    let [decision] = trace.decisions().try_into().unwrap();
    let (contract, event) = written(&decision).unwrap();
    assert_eq!(contract.version, life.contract.version + 1);
    let Event::Demanded { debt: 1, demand } = event else {
        panic!("{event:?}");
    };
    assert_eq!((demand.sent_on, demand.failed), (Some(DEMANDED), false));
    assert_eq!(demand.channel, "mail");
    // The suspension of 6-2 may follow after the period, not before.
    let armed = decision.writes.iter().find_map(|write| match write {
        Write::Arm(task) => Some(task.clone()),
        _ => None,
    });
    let armed = armed.unwrap();
    assert_eq!((armed.due, armed.work.kind()), (SUSPENDED, Kind::Arrears));
    assert_eq!(trace.records()[0].notice, crate::tests::samples::demand());
}

#[tokio::test]
async fn a_doubled_demand_is_sent_and_recorded_once() {
    let (mocks, trace) = Mocks::living(&Life::demanded(Language::Ja)).delivering();
    let app = mocks.app();
    for expected in [Delivered::Sent, Delivered::Already] {
        let delivered = deliver(&app, &message_id(1), &demand(), morning(DEMANDED)).await;
        assert_eq!(delivered.unwrap(), expected);
    }
    assert_eq!((trace.mails().len(), trace.decisions().len()), (1, 1));
}

#[tokio::test]
async fn a_demand_that_was_paid_before_it_went_is_not_sent() {
    let life = Life::demanded(Language::Ja).paid(39_600, DEMANDED);
    let (delivered, trace) = send(Mocks::living(&life)).await;
    assert_eq!(delivered.unwrap(), Delivered::Overtaken);
    assert!(trace.mails().is_empty());
    let [decision] = trace.decisions().try_into().unwrap();
    assert!(is_the_line(&decision), "{decision:?}");
    let [line] = trace.records().try_into().unwrap();
    assert_eq!(line.outcome.name(), "not_sent");
}

/// Mocks that show one state of the contract after another, the last one for good.
fn moving(states: Vec<Contract>) -> Mocks {
    let mut mocks = Mocks::living(&Life::demanded(Language::Ja));
    mocks.contracts = MockContracts::new();
    let states = Arc::new(Mutex::new(states));
    mocks.contracts.expect_contract().returning(move |_| {
        let mut states = states.lock().unwrap();
        let state = match states.len() {
            1 => states[0].clone(),
            _ => states.remove(0),
        };
        Ok(Some(state))
    });
    mocks
}

#[tokio::test]
async fn a_demand_that_is_paid_while_its_mail_goes_is_written_down_without_a_period() {
    let life = Life::demanded(Language::Ja);
    let paid = life.clone().paid(39_600, DEMANDED);
    let (delivered, trace) = send(moving(vec![life.contract, paid.contract])).await;
    assert_eq!(delivered.unwrap(), Delivered::Sent);
    let [decision] = trace.decisions().try_into().unwrap();
    assert!(is_the_line(&decision), "{decision:?}");
}

#[tokio::test]
async fn a_contract_that_moved_on_is_read_again_and_the_mail_is_not_sent_again() {
    let life = Life::demanded(Language::Ja);
    let part = life.clone().paid(600, DEMANDED);
    let (contract, later) = (life.contract, part.contract);
    let version = later.version + 1;
    let mut mocks = moving(vec![contract.clone(), contract, later]).with_empty_ledger();
    let mails = Arc::new(Mutex::new(0));
    let sent = mails.clone();
    mocks.mailer.expect_send().returning(move |_| {
        *sent.lock().unwrap() += 1;
        Ok("mail-1".into())
    });
    mocks.ledger.expect_commit().returning(move |decision| {
        let (contract, _) = written(decision).unwrap();
        if contract.version == version {
            return Ok(());
        }
        Err(CommitError::Conflict(WriteKind::Entity))
    });
    let delivered = deliver(&mocks.app(), &message_id(1), &demand(), morning(DEMANDED)).await;
    assert_eq!(delivered.unwrap(), Delivered::Sent);
    assert_eq!(*mails.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_contract_that_never_rests_is_an_error() {
    let life = Life::demanded(Language::Ja);
    let mut mocks = Mocks::living(&life)
        .with_empty_ledger()
        .with_commit(|| CommitError::Conflict(WriteKind::Entity));
    mocks
        .mailer
        .expect_send()
        .times(1)
        .returning(|_| Ok("m".into()));
    let delivered = deliver(&mocks.app(), &message_id(1), &demand(), morning(DEMANDED)).await;
    assert!(delivered.is_err());
}

#[tokio::test]
async fn other_letters_leave_the_contract_alone() {
    for notice in every_notice() {
        if notice == demand() {
            continue;
        }
        let (life, at) = scene(&notice, Language::Ja);
        let (mocks, trace) = Mocks::living(&life).with_accounts().delivering();
        deliver(&mocks.app(), &message_id(1), &notice, at)
            .await
            .unwrap();
        let [decision] = trace.decisions().try_into().unwrap();
        assert!(is_the_line(&decision), "{decision:?}");
    }
}

#[tokio::test]
async fn a_demand_sent_late_counts_from_the_day_on_which_it_went() {
    let (mocks, trace) = Mocks::living(&Life::demanded(Language::Ja)).delivering();
    let late = date(2026, 8, 20);
    deliver(&mocks.app(), &message_id(1), &demand(), morning(late))
        .await
        .unwrap();
    let (contract, _) = written(&trace.decisions()[0]).unwrap();
    let sent = contract.account.debt(1).unwrap().demand.clone().unwrap();
    assert_eq!(sent.sent_on, Some(late));
    assert!(opened(&trace.decisions()[0]).is_none());
}
