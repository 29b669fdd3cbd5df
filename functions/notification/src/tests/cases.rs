//! A notice that failed becomes a case for a person, once; on a failed demand nothing rests any more (Art. 24, 13-1-2).

use ciero_domain::Language;
use ciero_domain::contract::{CaseKind, Event as Happened, stable_id};
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use ciero_runtime::{Event, Moment, OnEvent};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::demands::{opened, written};
use super::life::*;
use super::mocks::{Mocks, Trace};
use super::samples::*;

fn record(notice: Notice, sent_at: Moment) -> NoticeRecord {
    NoticeRecord {
        id: message_id(1),
        notice,
        to: "hanako@example.jp".into(),
        language: Language::Ja,
        content_hash: "00".into(),
        sent_at: sent_at.0,
        mail_id: "mail-1".into(),
        version: 1,
        outcome: Outcome::Sent,
        posted: None,
    }
}

fn bounced() -> Value {
    json!({
        "source": "aws.ses",
        "detail-type": "Email Bounced",
        "detail": {
            "eventType": "Bounce",
            "mail": {
                "timestamp": "2026-08-08T00:00:00Z",
                "tags": { "notice": [message_id(1).to_string()] },
            },
            "bounce": { "bounceType": "Permanent", "timestamp": "2026-08-08T00:00:02Z" },
        },
    })
}

/// Tells a contract's notice that its mail bounced, as often as said.
async fn bounce(life: &Life, notice: Notice, times: usize) -> Trace {
    let sent_at = morning(DEMANDED);
    let (mocks, trace) = Mocks::living(life).delivering();
    trace
        .records
        .lock()
        .unwrap()
        .insert(0, record(notice, sent_at));
    let app = mocks.app();
    for _ in 0..times {
        let event = Event::read(bounced()).unwrap();
        let soon = Moment(sent_at.0 + 5.seconds());
        let told = app.on_event(event, soon).await.unwrap();
        assert_eq!(told, json!({ "outcome": "failed" }));
        // The ledger shows the newest version of the line.
        let mut records = trace.records.lock().unwrap();
        let newest = records.pop().unwrap();
        records.clear();
        records.push(newest);
    }
    trace
}

fn only(trace: &Trace) -> Decision {
    let [decision] = trace.decisions().try_into().unwrap();
    decision
}

#[tokio::test]
async fn a_failed_notice_about_a_contract_opens_a_case_in_the_same_transaction() {
    let life = Life::demanded(Language::Ja);
    let notice = Notice::InvoiceIssued {
        contract: contract_id(),
        number: 1,
    };
    let decision = only(&bounce(&life, notice, 1).await);
    let case = opened(&decision).unwrap();
    let message = message_id(1);
    assert_eq!(case.kind, CaseKind::NoticeFailed);
    assert_eq!(
        case.id,
        stable_id(&contract_id(), &format!("case/notice/{message}"))
    );
    assert_eq!(case.about, format!("invoice_issued {message}"));
    assert_eq!((case.version, case.closed), (1, None));
    assert!(written(&decision).is_none());
}

#[tokio::test]
async fn a_failed_demand_is_recorded_in_its_contract_and_opens_its_own_case() {
    let life = Life::demanded(Language::Ja).ask_as(demand_sent("mail"), "mail", DEMANDED);
    let decision = only(&bounce(&life, demand(), 1).await);
    let (contract, event) = written(&decision).unwrap();
    assert!(
        matches!(&event, Happened::Demanded { demand, .. } if demand.failed),
        "{event:?}"
    );
    assert_eq!(opened(&decision).unwrap().kind, CaseKind::DemandFailed);
    // No suspension rests on it.
    assert_eq!(contract.owed().len() + 1, life.contract.owed().len());
    assert!(
        decision
            .writes
            .iter()
            .any(|write| matches!(write, Write::Disarm(_)))
    );
}

#[tokio::test]
async fn doubled_news_open_one_case() {
    let life = Life::demanded(Language::Ja).ask_as(demand_sent("mail"), "mail", DEMANDED);
    only(&bounce(&life, demand(), 2).await);
    let invited = bounce(&life, invited(), 2).await;
    assert_eq!(
        opened(&only(&invited)).unwrap().kind,
        CaseKind::NoticeFailed
    );
}

#[tokio::test]
async fn a_failed_demand_for_what_is_paid_changes_its_line_only() {
    let life = Life::demanded(Language::Ja).ask_as(demand_sent("mail"), "mail", DEMANDED);
    let decision = only(&bounce(&life.paid(39_600, DEMANDED), demand(), 1).await);
    assert!(matches!(
        decision.writes.as_slice(),
        [Write::NoticeOutcome(_)]
    ));
}

#[tokio::test]
async fn a_demand_that_was_posted_since_stands_when_its_mail_fails() {
    let life = Life::demanded(Language::Ja)
        .ask_as(demand_sent("mail"), "mail", DEMANDED)
        .ask(demand_sent("post"), DEMANDED);
    let decision = only(&bounce(&life, demand(), 1).await);
    assert!(matches!(
        decision.writes.as_slice(),
        [Write::NoticeOutcome(_)]
    ));
}

#[tokio::test]
async fn an_applicant_has_no_case() {
    let decision = only(&bounce(&Life::begin(Language::Ja), received(), 1).await);
    assert!(matches!(
        decision.writes.as_slice(),
        [Write::NoticeOutcome(_)]
    ));
}

#[tokio::test]
async fn news_that_meet_another_decision_about_the_contract_are_decided_again() {
    let life = Life::demanded(Language::Ja).ask_as(demand_sent("mail"), "mail", DEMANDED);
    let mut mocks = Mocks::living(&life);
    let line = record(demand(), morning(DEMANDED));
    mocks
        .notices
        .expect_notice()
        .times(2)
        .returning(move |_| Ok(Some(line.clone())));
    let mut meets_another = true;
    mocks.ledger.expect_commit().times(2).returning(move |_| {
        match std::mem::take(&mut meets_another) {
            true => Err(CommitError::Conflict(WriteKind::Entity)),
            false => Ok(()),
        }
    });
    let event = Event::read(bounced()).unwrap();
    let told = mocks.app().on_event(event, morning(DEMANDED)).await;
    assert_eq!(told.unwrap(), json!({ "outcome": "failed" }));
}
