//! The rules of the terms as pure functions: no IO, no clock, no randomness, no AWS.
//!
//! A thing is decided by `decide(&state, command, now)` and folded by `evolve`; time, ids and
//! randomness are arguments. Dates are civil dates in Asia/Tokyo.

mod rules;

pub mod application;
pub mod breach;
pub mod calendar;
pub mod confirmation;
pub mod contract;
pub mod corporate_number;
pub mod deletion;
pub mod device;
pub mod disclosure;
pub mod documents;
pub mod due_date;
pub mod entitlement;
pub mod export;
pub mod groups;
pub mod hold;
pub mod holidays;
pub mod ids;
pub mod interest;
pub mod interruption;
pub mod invoice;
pub mod language;
pub mod money;
pub mod notice;
pub mod particulars;
pub mod prefecture;
pub mod prices;
pub mod processor;
pub mod purge;
pub mod reseller;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod screening;
pub mod service_end;
pub mod staff_view;
pub mod terms;
pub mod third_party;
pub mod user;
pub mod watch;

pub use language::Language;
