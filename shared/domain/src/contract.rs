//! サービス利用契約: formed by registration, one year at a time (3-3, Art. 11).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::application::{Application, Channel, State as ApplicationState};
use crate::calendar::{Term, tokyo_date};
use crate::ids::{ApplicationId, ContractId};
use crate::language::Language;
use crate::particulars::Particulars;
use crate::prices::Quote;
use crate::rules::rules;

rules! {
    /// Why a command on a contract is refused.
    Refusal {
        NotApproved => ("application_not_approved", "承認されていない申込みは登録できません。", "An application that is not approved cannot be registered."),
        StartInThePast => ("start_in_the_past", "利用開始日は今日以降の日付にしてください。", "The start date must be today or later."),
        StartTooFar => ("start_too_far", "利用開始日は1年以内の日付にしてください。", "The start date must be within a year."),
    }
}

/// Whether the service may be used; issue of measures and ends widens this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Standing {
    Active,
    /// Viewing, export and API stop; recording, term and fees go on (D-09).
    Suspended {
        clause: String,
        since: Timestamp,
    },
    /// The last day of use, to 24:00.
    Ended {
        on: Date,
    },
}

/// One accepted order; it runs its own year (D-40).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: u16,
    pub quote: Quote,
    /// The first term; later ones follow by auto-renewal.
    pub first_term: Term,
}

impl Order {
    /// Returns the term that a date falls in, through auto-renewals; `None` before the start.
    pub fn term_on(&self, date: Date) -> Option<Term> {
        if date < self.first_term.start {
            return None;
        }
        let mut term = self.first_term;
        while term.end < date {
            term = term.next();
        }
        Some(term)
    }
}

/// One contract as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    pub id: ContractId,
    pub version: u64,
    pub application: ApplicationId,
    /// The instant at which registration was completed (3-3, D-02).
    pub formed_at: Timestamp,
    pub customer: Particulars,
    pub channel: Channel,
    pub language: Language,
    /// The terms agreed to.
    pub terms_version: String,
    pub standing: Standing,
    pub orders: Vec<Order>,
}

/// What happened to a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Formed {
        application: ApplicationId,
        start: Date,
        at: Timestamp,
    },
}

impl Contract {
    /// Forms the contract from an approved application; the operator sets the start date (Art. 11).
    pub fn form(
        id: ContractId,
        application: &Application,
        start: Date,
        now: Timestamp,
    ) -> Result<(Contract, Event), Refusal> {
        if application.state != ApplicationState::Approved {
            return Err(Refusal::NotApproved);
        }
        let today = tokyo_date(now);
        if start < today {
            return Err(Refusal::StartInThePast);
        }
        if start > Term::starting(today).end {
            return Err(Refusal::StartTooFar);
        }
        let contract = Contract {
            id,
            version: 1,
            application: application.id.clone(),
            formed_at: now,
            customer: application.form.particulars.clone(),
            channel: application.channel.clone(),
            language: application.language,
            terms_version: application.form.terms_version.clone(),
            standing: Standing::Active,
            orders: vec![Order {
                number: 1,
                quote: application.confirmation.quote.clone(),
                first_term: Term::starting(start),
            }],
        };
        Ok((
            contract,
            Event::Formed {
                application: application.id.clone(),
                start,
                at: now,
            },
        ))
    }

    /// Returns how many cameras the orders that run on a date allow.
    pub fn camera_limit(&self, date: Date) -> u32 {
        self.orders
            .iter()
            .filter(|order| order.term_on(date).is_some())
            .map(|order| u32::from(order.quote.cameras))
            .sum()
    }

    /// Returns the longest retention among the orders, in days.
    pub fn retention_days(&self) -> u16 {
        self.orders
            .iter()
            .map(|order| order.quote.retention_days)
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod art_11 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::application::tests_support::submitted;
    use crate::application::{Event as ApplicationEvent, evolve};
    use jiff::civil::date;

    fn approved() -> Application {
        evolve(
            submitted(),
            &ApplicationEvent::Approved {
                at: Timestamp::UNIX_EPOCH,
            },
        )
    }

    fn now() -> Timestamp {
        "2026-03-31T15:00:00Z".parse().unwrap()
    }

    fn form(application: &Application, start: Date) -> Result<Contract, Refusal> {
        Contract::form(ContractId::from_random([3; 10]), application, start, now())
            .map(|(contract, _)| contract)
    }

    #[test]
    fn the_contract_is_formed_at_registration_and_runs_from_the_start_set_by_the_operator() {
        let contract = form(&approved(), date(2026, 4, 10)).unwrap();
        assert_eq!(contract.formed_at, now());
        let term = contract.orders[0].first_term;
        assert_eq!(
            (term.start, term.end, term.last_day_to_refuse),
            (date(2026, 4, 10), date(2027, 4, 9), date(2027, 3, 10))
        );
    }

    #[test]
    fn a_start_before_today_in_tokyo_is_refused() {
        assert_eq!(
            form(&approved(), date(2026, 3, 31)).unwrap_err(),
            Refusal::StartInThePast
        );
        assert!(form(&approved(), date(2026, 4, 1)).is_ok());
        assert_eq!(
            form(&approved(), date(2027, 4, 1)).unwrap_err(),
            Refusal::StartTooFar
        );
    }

    #[test]
    fn an_application_that_is_not_approved_forms_nothing() {
        assert_eq!(
            form(&submitted(), date(2026, 4, 1)).unwrap_err(),
            Refusal::NotApproved
        );
    }

    #[test]
    fn an_order_goes_on_by_auto_renewal() {
        let order = form(&approved(), date(2026, 4, 1))
            .unwrap()
            .orders
            .remove(0);
        assert_eq!(order.term_on(date(2026, 3, 31)), None);
        assert_eq!(
            order.term_on(date(2027, 3, 31)).unwrap().start,
            date(2026, 4, 1)
        );
        assert_eq!(
            order.term_on(date(2027, 4, 1)).unwrap().start,
            date(2027, 4, 1)
        );
        assert_eq!(
            order.term_on(date(2036, 7, 1)).unwrap().start,
            date(2036, 4, 1)
        );
    }
}
