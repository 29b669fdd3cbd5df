//! Contracts, fees and queues as mocks, and what the function kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ciero_domain::application::Channel;
use ciero_domain::contract::Contract;
use ciero_domain::documents::Operator;
use ciero_domain::ids::ContractId;
use ciero_domain::reseller::ResoldFee;
use ciero_domain::samples::reseller;
use ciero_ports::{
    AuditReport, AuditRun, ContractPage, Message, MockAuditReports, MockBilling, MockContracts,
    MockDocuments, MockDueWork, MockQueues, MockResellers,
};
use ciero_runtime::{Event, Moment, OnEvent, QueueItem};
use jiff::civil::date;
use serde_json::Value;

use crate::App;

/// What is there to be looked at.
#[derive(Clone)]
pub struct World {
    pub contracts: usize,
    /// How many contracts a page holds.
    pub page: usize,
    pub effects: &'static [&'static str],
    /// Whether work is kept anywhere.
    pub held: bool,
    pub channel: Channel,
    pub resellers: bool,
    pub fees: Vec<ResoldFee>,
}

impl Default for World {
    fn default() -> Self {
        World {
            contracts: 1,
            page: 1,
            effects: &["invoice/01/0001"],
            held: true,
            channel: Channel::Direct,
            resellers: true,
            fees: Vec::new(),
        }
    }
}

/// What the function kept and asked for.
#[derive(Default)]
pub struct Kept {
    pub report: AuditReport,
    pub reports: usize,
    pub runs: BTreeMap<u64, AuditRun>,
    pub messages: Vec<Message>,
    /// The queue takes nothing this often.
    pub deaf: usize,
}

pub fn id(n: usize) -> ContractId {
    ContractId::from_random([u8::try_from(n).unwrap(); 10])
}

pub fn contracts(world: &World) -> MockContracts {
    let mut contracts = MockContracts::new();
    let World {
        contracts: all,
        page,
        ..
    } = *world;
    contracts.expect_page().returning(move |from| {
        let first: usize = from.map_or(0, |from| from.parse().unwrap());
        let next = (first + page).min(all);
        Ok(ContractPage {
            contracts: (first..next).map(id).collect(),
            next: (next < all).then(|| next.to_string()),
        })
    });
    let channel = world.channel.clone();
    contracts.expect_contract().returning(move |id| {
        let (sample, _) = ciero_domain::samples::contract(date(2026, 4, 1));
        Ok(Some(Contract {
            id: id.clone(),
            channel: channel.clone(),
            ..sample
        }))
    });
    let effects = world.effects;
    contracts
        .expect_effects()
        .returning(move |_| Ok(effects.iter().map(|name| (*name).to_owned()).collect()));
    contracts
}

pub fn reports(kept: &Arc<Mutex<Kept>>) -> MockAuditReports {
    let mut reports = MockAuditReports::new();
    let of = kept.clone();
    reports
        .expect_report()
        .returning(move || Ok(of.lock().unwrap().report.clone()));
    let of = kept.clone();
    reports.expect_put_report().returning(move |report| {
        let mut kept = of.lock().unwrap();
        kept.report = report.clone();
        kept.reports += 1;
        Ok(())
    });
    let of = kept.clone();
    reports.expect_run().returning(move |began| {
        let kept = of.lock().unwrap();
        let newest = kept.runs.values().last().cloned();
        Ok(newest.filter(|run| run.began == began))
    });
    let of = kept.clone();
    reports.expect_put_run().returning(move |run| {
        let mut kept = of.lock().unwrap();
        let is_next = run.version == u64::try_from(kept.runs.len()).unwrap() + 1;
        if is_next {
            kept.runs.insert(run.version, run.clone());
        }
        Ok(is_next)
    });
    reports
}

pub fn app(world: &World) -> (App, Arc<Mutex<Kept>>) {
    let kept = Arc::new(Mutex::new(Kept::default()));
    let mut billing = MockBilling::new();
    billing.expect_invoices().returning(|_| Ok(Vec::new()));
    let mut due = MockDueWork::new();
    let held = world.held;
    due.expect_lost().returning(move |tasks| {
        Ok(match held {
            true => Vec::new(),
            false => tasks.to_vec(),
        })
    });
    due.expect_failed().returning(|_, _, _| Ok(()));
    let mut resellers = MockResellers::new();
    let fees = world.fees.clone();
    resellers
        .expect_unbilled()
        .returning(move |code, before, _| {
            let of = fees
                .iter()
                .filter(|fee| fee.reseller == code && fee.on < before);
            Ok(of.cloned().collect())
        });
    let mut documents = MockDocuments::new();
    let named = world.resellers.then(reseller);
    documents.expect_operator().returning(move || {
        Ok(Some(Operator {
            resellers: named.clone().into_iter().collect(),
            ..Operator::default()
        }))
    });
    let mut queues = MockQueues::new();
    let of = kept.clone();
    queues.expect_send().returning(move |messages| {
        let mut kept = of.lock().unwrap();
        if kept.deaf > 0 {
            kept.deaf -= 1;
            return Vec::new();
        }
        kept.messages.extend_from_slice(messages);
        messages.to_vec()
    });
    let app = App {
        contracts: Arc::new(contracts(world)),
        billing: Arc::new(billing),
        due: Arc::new(due),
        reports: Arc::new(reports(&kept)),
        resellers: Arc::new(resellers),
        documents: Arc::new(documents),
        queues: Arc::new(queues),
    };
    (app, kept)
}

pub fn moment(on: &str) -> Moment {
    Moment(on.parse().unwrap())
}

pub async fn begin(app: &App, on: &str) -> anyhow::Result<Value> {
    let now = moment(on);
    app.on_event(Event::Schedule { due: now.0 }, now).await
}

/// Brings a message of the queue, and returns how many come again.
pub async fn bring(app: &App, message: &Message, on: &str) -> usize {
    let item = QueueItem {
        message_id: "1".into(),
        body: serde_json::to_string(message).unwrap(),
    };
    let answer = app.on_event(Event::Queue(vec![item]), moment(on)).await;
    answer.unwrap()["batchItemFailures"]
        .as_array()
        .unwrap()
        .len()
}

/// Runs the audit to its end, each message brought so many times.
pub async fn run(app: &App, kept: &Arc<Mutex<Kept>>, on: &str, times: usize) {
    begin(app, on).await.unwrap();
    let mut brought = 0;
    loop {
        let Some(message) = kept.lock().unwrap().messages.get(brought).cloned() else {
            return;
        };
        for _ in 0..times {
            assert_eq!(bring(app, &message, on).await, 0);
        }
        brought += 1;
    }
}

/// Runs the audit in one part, and returns its answer and its report.
pub async fn audit(world: World, on: &str) -> (Value, AuditReport) {
    let (app, kept) = app(&world);
    let answer = begin(&app, on).await.unwrap();
    let report = kept.lock().unwrap().report.clone();
    (answer, report)
}
