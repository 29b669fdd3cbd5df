//! The worker over a table in memory that keeps the conditions of a transaction, and drops, doubles and breaks at will.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use ciero_domain::contract::{Case, Contract, Task};
use ciero_domain::documents::Operator;
use ciero_domain::invoice::Invoice;
use ciero_domain::notice::Notice;
use ciero_ports::{
    CommitError, Decision, Message, MockContracts, MockDocuments, MockDueWork, MockLedger,
    MockQueues, StoreError, Write, WriteKind,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

/// The table: what transactions left, under the conditions that the store makes.
#[derive(Default)]
struct Table {
    contracts: BTreeMap<ContractId, Contract>,
    effects: BTreeSet<String>,
    tasks: BTreeSet<Task>,
    /// What was written without looking whether it is there, so that a doubled one shows.
    notices: Vec<Notice>,
    invoices: Vec<Invoice>,
    cases: Vec<Case>,
    /// Commits until one fails before writing, or after.
    fail_in: Option<(usize, Fail)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fail {
    Before,
    AfterWriting,
}

impl Table {
    fn commit(&mut self, decision: &Decision) -> Result<(), CommitError> {
        let failing = match &mut self.fail_in {
            Some((0, fail)) => Some(*fail),
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
        if failing == Some(Fail::Before) {
            return Err(gone());
        }
        for write in &decision.writes {
            match write {
                Write::Contract(contract, _) => {
                    let version = self.contracts.get(&contract.id).map_or(0, |c| c.version);
                    if version + 1 != contract.version {
                        return Err(CommitError::Conflict(WriteKind::Entity));
                    }
                }
                Write::Effect(effect) if self.effects.contains(&effect.name) => {
                    return Err(CommitError::Conflict(WriteKind::Effect));
                }
                _ => {}
            }
        }
        for write in &decision.writes {
            match write {
                Write::Contract(contract, _) => {
                    self.contracts
                        .insert(contract.id.clone(), contract.as_ref().clone());
                }
                Write::Effect(effect) => {
                    self.effects.insert(effect.name.clone());
                }
                Write::Invoice(invoice) => self.invoices.push(invoice.as_ref().clone()),
                Write::Case(case) => self.cases.push(case.as_ref().clone()),
                Write::Arm(task) => {
                    self.tasks.insert(task.clone());
                }
                Write::Disarm(task) => {
                    self.tasks.remove(task);
                }
                _ => {}
            }
        }
        for message in &decision.messages {
            if let Body::Notice(notice) = &message.body {
                self.notices.push(notice.clone());
            }
        }
        match failing {
            Some(Fail::AfterWriting) => Err(gone()),
            _ => Ok(()),
        }
    }
}

fn worker(table: &Arc<Mutex<Table>>) -> Worker {
    let mut contracts = MockContracts::new();
    let read = table.clone();
    contracts
        .expect_contract()
        .returning(move |id| Ok(read.lock().unwrap().contracts.get(id).cloned()));
    let read = table.clone();
    contracts.expect_named().returning(move |ids| {
        let table = read.lock().unwrap();
        let found = ids.iter().filter_map(|id| table.contracts.get(id).cloned());
        Ok(found.collect())
    });
    let mut documents = MockDocuments::new();
    documents
        .expect_operator()
        .returning(|| Ok(Some(Operator::default())));
    documents.expect_price_lists().returning(|| Ok(Vec::new()));
    documents
        .expect_terms_versions()
        .returning(|| Ok(Vec::new()));
    let mut ledger = MockLedger::new();
    let write = table.clone();
    ledger
        .expect_commit()
        .returning(move |decision| write.lock().unwrap().commit(decision));
    ledger.expect_sent().returning(|_| Ok(()));
    let mut queues = MockQueues::new();
    queues.expect_send().returning(<[Message]>::to_vec);
    let mut due = MockDueWork::new();
    let forget = table.clone();
    due.expect_forget().returning(move |task| {
        forget.lock().unwrap().tasks.remove(task);
        Ok(())
    });
    due.expect_failed().returning(|_, _, _| Ok(()));
    Worker {
        contracts: Arc::new(contracts),
        documents: Arc::new(documents),
        due: Arc::new(due),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(queues),
        },
    }
}

fn begun(start: Date) -> Arc<Mutex<Table>> {
    let (contract, _) = ciero_domain::samples::contract(start);
    let mut table = Table::default();
    table.tasks.extend(contract.owed());
    table.contracts.insert(contract.id.clone(), contract);
    Arc::new(Mutex::new(table))
}

fn noon(day: Date) -> Moment {
    Moment(ciero_domain::calendar::start_of(day))
}

fn items(tasks: impl IntoIterator<Item = Task>) -> Vec<QueueItem> {
    let item = |(place, task): (usize, Task)| {
        let message = Message {
            id: ciero_domain::contract::stable_id(&task.contract, &place.to_string()),
            at: noon(task.due).0,
            body: Body::Work(task),
        };
        QueueItem {
            message_id: place.to_string(),
            body: serde_json::to_string(&message).unwrap(),
        }
    };
    tasks.into_iter().enumerate().map(item).collect()
}

/// Ticks until nothing is due on a day.
async fn tick(worker: &Worker, table: &Arc<Mutex<Table>>, today: Date) {
    loop {
        let due: Vec<Task> = {
            let table = table.lock().unwrap();
            table
                .tasks
                .iter()
                .filter(|task| task.due <= today)
                .cloned()
                .collect()
        };
        if due.is_empty() {
            return;
        }
        worker.work(items(due), noon(today)).await;
    }
}

/// Everything that may not depend on how the work was delivered.
#[derive(Debug, PartialEq)]
struct Outcome {
    contracts: Vec<Contract>,
    effects: BTreeSet<String>,
    tasks: BTreeSet<Task>,
    notices: Vec<Notice>,
    invoices: Vec<Invoice>,
    cases: Vec<Case>,
}

fn result(table: &Arc<Mutex<Table>>) -> Outcome {
    let table = table.lock().unwrap();
    let mut contracts: Vec<Contract> = table.contracts.values().cloned().collect();
    for contract in &mut contracts {
        contract.latest = jiff::Timestamp::UNIX_EPOCH;
    }
    Outcome {
        contracts,
        effects: table.effects.clone(),
        tasks: table.tasks.clone(),
        notices: table.notices.clone(),
        invoices: table.invoices.clone(),
        cases: table.cases.clone(),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

#[test]
fn a_message_that_came_before_leads_to_nothing_more() {
    run(async {
        let table = begun(date(2026, 4, 1));
        let worker = worker(&table);
        let first = items(table.lock().unwrap().tasks.clone());
        worker.work(first.clone(), noon(date(2026, 4, 1))).await;
        let once = result(&table);
        assert_eq!((once.notices.len(), once.invoices.len()), (1, 1));
        worker.work(first, noon(date(2026, 4, 1))).await;
        assert_eq!(result(&table), once);
    });
}

#[test]
fn what_is_no_due_work_fails_alone() {
    run(async {
        let table = begun(date(2026, 4, 1));
        let worker = worker(&table);
        let mut batch = items(table.lock().unwrap().tasks.iter().take(1).cloned());
        batch.push(QueueItem {
            message_id: "bad".into(),
            body: "not a message".into(),
        });
        let outcome = worker
            .work(batch, noon(date(2026, 4, 1)))
            .await
            .into_value();
        assert_eq!(outcome["batchItemFailures"][0]["itemIdentifier"], "bad");
        assert!(table.lock().unwrap().effects.contains("invoice/01/0001"));
    });
}

#[test]
fn a_contract_that_cannot_be_read_holds_up_no_other() {
    run(async {
        let start = date(2026, 4, 1);
        let table = begun(start);
        let sound = worker(&table);
        let good: Vec<Task> = table
            .lock()
            .unwrap()
            .tasks
            .iter()
            .take(1)
            .cloned()
            .collect();
        let bad = Task {
            contract: ContractId::from_random([9; 10]),
            ..good[0].clone()
        };
        let corrupt = || StoreError::Corrupt("cut off".to_owned());
        let mut contracts = MockContracts::new();
        contracts.expect_named().returning(move |_| Err(corrupt()));
        let (read, unreadable) = (sound.contracts.clone(), bad.contract.clone());
        contracts
            .expect_contract()
            .returning(move |id| match *id == unreadable {
                true => Err(corrupt()),
                false => futures::executor::block_on(read.contract(id)),
            });
        let worker = Worker {
            contracts: Arc::new(contracts),
            ..sound
        };
        let batch = items([bad, good[0].clone()]);
        let outcome = worker.work(batch, noon(start)).await.into_value();
        let failed = outcome["batchItemFailures"].as_array().unwrap();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0]["itemIdentifier"], "0");
        assert!(table.lock().unwrap().effects.contains("invoice/01/0001"));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each day's messages may be doubled and reversed, dropped but for some, or come in another order; a day may pass without
    /// any sweep; and any commit may fail before or after it wrote: the result is that of an undisturbed run.
    #[test]
    fn a_crash_a_double_a_drop_or_another_order_changes_no_result(
        ahead in 0i64..26_000,
        length in 1i64..900,
        disturbed in prop::collection::vec((0u8..6, 0usize..6), 1..6),
    ) {
        run(async {
            let start = ciero_domain::calendar::days(date(2026, 4, 1), ahead);
            let calm = begun(start);
            let calm_worker = worker(&calm);
            let rough = begun(start);
            let rough_worker = worker(&rough);
            let mut swept = true;
            for day in 0..=length {
                let today = ciero_domain::calendar::days(start, day);
                tick(&calm_worker, &calm, today).await;
                let due: Vec<Task> = {
                    let table = rough.lock().unwrap();
                    table.tasks.iter().filter(|task| task.due <= today).cloned().collect()
                };
                let place = usize::try_from(day).unwrap() % disturbed.len();
                let (kind, when) = disturbed[place];
                let doubled = due.iter().chain(&due).rev().cloned();
                match kind {
                    0 => { rough_worker.work(items(doubled), noon(today)).await; }
                    1 => { rough.lock().unwrap().fail_in = Some((when, Fail::Before)); }
                    2 => { rough.lock().unwrap().fail_in = Some((when, Fail::AfterWriting)); }
                    3 => { rough_worker.work(items(due.iter().take(when).cloned()), noon(today)).await; }
                    4 => {
                        let (last, first) = due.split_at(when.min(due.len()));
                        rough_worker.work(items(first.iter().chain(last).cloned()), noon(today)).await;
                    }
                    _ => {}
                }
                // Two days without a sweep would make a reminder untrue, which is another result by right.
                swept = kind != 5 || !swept || day == length;
                if !swept {
                    continue;
                }
                tick(&rough_worker, &rough, today).await;
            }
            let calm = result(&calm);
            prop_assert!(!calm.invoices.is_empty() && !calm.notices.is_empty());
            prop_assert_eq!(result(&rough), calm);
            Ok::<(), TestCaseError>(())
        })?;
    }
}
