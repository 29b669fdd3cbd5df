//! An application and a contract for tests, made by the rules themselves.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::civil::Date;

use crate::application::tests_support::submitted;
use crate::application::{Application, Event, evolve};
use crate::calendar::start_of;
use crate::contract::{Contract, Entry};
use crate::ids::ContractId;

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
