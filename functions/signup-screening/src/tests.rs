//! The handlers with mocked ports, by topic.
#![allow(clippy::unwrap_used)]

mod bench;
mod checks;
mod console;
mod decisions;
mod intake;
mod records;
mod registration;
mod rescreening;
mod secrecy;
