//! The store against an embedded DynamoDB, through the real client.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conflicts;
mod due_work;
mod exports;
mod holds;
mod life;
mod outbox;
mod registers;
mod resellers;
mod round_trips;
mod samples;
mod support;
mod trouble;
mod watch;
