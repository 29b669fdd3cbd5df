//! Handler tests: the router behind its guard, with mocked ports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod applying;
mod console;
mod console_life;
mod console_work;
mod customer;
mod events;
mod every_page;
mod managing;
mod mocks;
mod public;
mod samples;
mod signing_in;
mod support;
mod watching;
