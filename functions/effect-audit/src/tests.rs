//! One run of the audit, with mocked records.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use ciero_domain::contract::{Contract, FindingKind};
use ciero_ports::{
    AuditReport, ContractPage, MockAuditReports, MockBilling, MockContracts, MockDueWork,
};
use ciero_runtime::{Event, Moment, OnEvent};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::App;

fn contract() -> Contract {
    ciero_domain::samples::contract(date(2026, 4, 1)).0
}

/// Runs the audit on a contract that has these effects, and returns its answer and its report.
async fn audit(on: &str, effects: &'static [&str], waiting: bool) -> (Value, AuditReport) {
    let mut contracts = MockContracts::new();
    contracts.expect_page().returning(|from| {
        let next = from.is_none().then(|| "2".to_owned());
        let contracts = if from.is_none() {
            vec![contract().id]
        } else {
            Vec::new()
        };
        Ok(ContractPage { contracts, next })
    });
    contracts
        .expect_contract()
        .returning(|_| Ok(Some(contract())));
    contracts
        .expect_effects()
        .returning(|_| Ok(effects.iter().map(|name| (*name).to_owned()).collect()));
    let mut billing = MockBilling::new();
    billing.expect_invoices().returning(|_| Ok(Vec::new()));
    let mut due = MockDueWork::new();
    due.expect_is_waiting().returning(move |_| Ok(waiting));
    let kept = Arc::new(Mutex::new(AuditReport::default()));
    let keep = kept.clone();
    let mut reports = MockAuditReports::new();
    reports.expect_put_report().returning(move |report| {
        *keep.lock().unwrap() = report.clone();
        Ok(())
    });
    let app = App {
        contracts: Arc::new(contracts),
        billing: Arc::new(billing),
        due: Arc::new(due),
        reports: Arc::new(reports),
    };
    let now = Moment(on.parse().unwrap());
    let answer = app
        .on_event(Event::Schedule { due: now.0 }, now)
        .await
        .unwrap();
    let report = kept.lock().unwrap().clone();
    (answer, report)
}

#[tokio::test]
async fn an_effect_whose_day_has_passed_is_reported_missing() {
    let (answer, report) = audit("2026-04-02T03:00:00+09:00", &[], true).await;
    assert_eq!(answer, json!({"contracts": 1, "missing": 1, "doubled": 0}));
    assert_eq!(report.findings[0].1.kind, FindingKind::MissingEffect);
    assert_eq!(report.findings[0].1.about, "invoice/01/0001");
    assert!(report.at.is_some());
}

#[tokio::test]
async fn a_contract_with_all_its_effects_has_no_finding() {
    let (answer, report) = audit("2026-04-02T03:00:00+09:00", &["invoice/01/0001"], true).await;
    assert_eq!(answer, json!({"contracts": 1, "missing": 0, "doubled": 0}));
    assert!(report.findings.is_empty());
}

#[tokio::test]
async fn an_effect_that_nothing_explains_and_work_in_no_list_are_reported() {
    let effects = &["invoice/01/0001", "invoice/01/0007"];
    let (answer, report) = audit("2026-04-02T03:00:00+09:00", effects, false).await;
    assert_eq!(answer, json!({"contracts": 1, "missing": 2, "doubled": 1}));
    let kinds: Vec<FindingKind> = report.findings.iter().map(|(_, f)| f.kind).collect();
    assert!(kinds.contains(&FindingKind::MissingTask));
}
