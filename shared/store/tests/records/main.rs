//! The store against an embedded DynamoDB, through the real client.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conflicts;
mod due_work;
mod exports;
mod holds;
mod legal;
mod life;
mod outbox;
mod publishing;
mod register;
mod registers;
mod resellers;
mod round_trips;
mod samples;
mod staff_views;
mod support;
mod trouble;
mod watch;
