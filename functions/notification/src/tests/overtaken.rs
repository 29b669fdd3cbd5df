//! What had become untrue before it was sent: the ledger says so, and a last reminder that came too late is a case.

use ciero_domain::Language;
use ciero_domain::contract::{CaseKind, stable_id};
use ciero_domain::notice::{Notice, Outcome};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use jiff::civil::{Date, date};

use super::demands::opened;
use super::life::*;
use super::mocks::Mocks;
use super::samples::*;
use crate::deliver::{Delivered, deliver};

fn reminder(term: u16, days_before: u16) -> Notice {
    Notice::RenewalReminder {
        contract: contract_id(),
        order: 1,
        term,
        days_before,
    }
}

/// Delivers a reminder of the first renewal on a day on which it is untrue, and returns what is written.
async fn check(life: &Life, days_before: u16, on: Date) -> Decision {
    let (mocks, trace) = Mocks::living(life).delivering();
    let app = mocks.app();
    let notice = reminder(1, days_before);
    for expected in [Delivered::Overtaken, Delivered::Already] {
        let delivered = deliver(&app, &message_id(1), &notice, morning(on)).await;
        assert_eq!(delivered.unwrap(), expected);
    }
    assert!(trace.mails().is_empty());
    let [line] = trace.records().try_into().unwrap();
    let at = morning(on).0;
    assert_eq!((line.notice, line.sent_at), (notice, at));
    assert_eq!((line.to.as_str(), line.mail_id.as_str()), ("", ""));
    assert_eq!(line.outcome, Outcome::NotSent { at });
    let [decision] = trace.decisions().try_into().unwrap();
    assert!(matches!(decision.writes[0], Write::Notice(_)));
    decision
}

const TOO_LATE: Date = date(2027, 5, 2);

mod art_11 {
    use super::*;

    fn reminded() -> Life {
        Life::in_good_standing(Language::Ja).through(date(2027, 4, 30))
    }

    #[tokio::test]
    async fn a_last_reminder_whose_mail_came_too_late_opens_a_case_beside_its_line() {
        let decision = check(&reminded(), 31, TOO_LATE).await;
        let case = opened(&decision).unwrap();
        assert_eq!(case.kind, CaseKind::LastReminderMissed);
        assert_eq!(case.about, "reminder/01/0001/-31");
        // The same name as that of the case which opens when the work itself is late.
        let id = stable_id(&contract_id(), "case/reminder/01/0001/-31");
        assert_eq!((case.id, case.version), (id, 1));
        assert_eq!(decision.writes.len(), 2);
    }

    #[tokio::test]
    async fn it_opens_the_case_even_when_the_next_term_runs() {
        let decision = check(&reminded().through(RENEWED), 31, RENEWED).await;
        assert_eq!(
            opened(&decision).unwrap().kind,
            CaseKind::LastReminderMissed
        );
    }

    #[tokio::test]
    async fn an_earlier_reminder_is_written_down_without_a_case() {
        assert!(opened(&check(&reminded(), 35, TOO_LATE).await).is_none());
    }

    #[tokio::test]
    async fn what_a_refusal_or_an_end_made_untrue_was_not_missed() {
        let refused = reminded().refused(date(2027, 4, 30));
        assert!(opened(&check(&refused, 31, TOO_LATE).await).is_none());
        let expired = refused.through(RENEWED);
        assert!(opened(&check(&expired, 31, RENEWED).await).is_none());
        let rescinded = reminded().rescinded(date(2027, 4, 30));
        assert!(opened(&check(&rescinded, 31, TOO_LATE).await).is_none());
    }

    #[tokio::test]
    async fn two_deliveries_at_once_write_one_line_and_one_case() {
        let mocks = Mocks::living(&reminded())
            .with_empty_ledger()
            .with_commit(|| CommitError::Conflict(WriteKind::Once));
        let app = mocks.app();
        let delivered = deliver(&app, &message_id(1), &reminder(1, 31), morning(TOO_LATE)).await;
        assert_eq!(delivered.unwrap(), Delivered::Already);
    }
}
