//! An application and a contract for tests, made by the rules themselves.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::civil::Date;

use crate::application::tests_support::submitted;
use crate::application::{Application, Event, evolve};
use crate::calendar::start_of;
use crate::contract::{self, Contract, Entry, Facts, perform};
use crate::documents::{Bilingual, Reseller};
use crate::due_date::PaymentTerms;
use crate::ids::{ContractId, InterruptionId};
use crate::interruption::{Category, Interruption, Scope};
use crate::invoice::InvoiceLine;
use crate::money::Yen;
use crate::reseller::ResoldFee;

/// An application that waits for registration.
pub fn approved() -> Application {
    let at = Timestamp::UNIX_EPOCH;
    evolve(submitted(), &Event::Approved { at })
}

/// A contract that was formed at the start of its first day.
pub fn contract(start: Date) -> (Contract, Entry) {
    let id = ContractId::from_random([2; 10]);
    Contract::form(id, &approved(), start, "operator:test", start_of(start)).unwrap()
}

/// A contract with everything done whose day has come by `today`; no mail was sent.
pub fn up_to_date(mut contract: Contract, facts: &Facts, today: Date) -> Contract {
    loop {
        let due = contract.owed().into_iter().filter(|task| task.due <= today);
        let Some(task) = due.min() else {
            return contract;
        };
        let entry = perform(&contract, &task, facts, start_of(today)).unwrap();
        contract = contract::evolve(Some(&contract), &entry).unwrap();
    }
}

pub fn reseller() -> Reseller {
    Reseller {
        code: "mihon".into(),
        name: "見本販売株式会社".into(),
        address: "東京都見本区架空町二丁目3番4号".into(),
        email: "reseller@example.jp".into(),
        due: PaymentTerms::default(),
    }
}

/// The n-th fee of a resold contract, of a day.
pub fn resold_fee(n: u16, on: Date, net: i64) -> ResoldFee {
    ResoldFee {
        reseller: reseller().code,
        contract: ContractId::from_random([u8::try_from(n % 200).unwrap(); 10]),
        order: 1,
        term_number: n,
        on,
        customer: "株式会社見本商店".into(),
        line: InvoiceLine {
            text: Bilingual {
                ja: "クラウド録画サービス 保存30日プラン 年額".into(),
                en: "Cloud recording, 30-day plan, one year".into(),
            },
            quantity: 1,
            unit_yen: Yen(net),
            net_yen: Yen(net),
            tax_percent: Some(10),
        },
    }
}

/// An accident of all of the service that began at a moment and lasts.
pub fn interruption(starts_at: Timestamp) -> Interruption {
    Interruption {
        id: InterruptionId::from_random([8; 10]),
        version: 1,
        category: Category::Accident,
        scope: Scope::All,
        starts_at,
        planned_end: None,
        ended_at: None,
        called_off_at: None,
        announced_at: starts_at,
        text: Bilingual {
            ja: "回線の事故です。".into(),
            en: "An accident of a line.".into(),
        },
        updates: Vec::new(),
    }
}
