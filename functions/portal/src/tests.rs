//! Handler tests: the router behind its guard, with mocked ports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod applying;
mod console;
mod customer;
mod events;
mod every_page;
mod managing;
mod public;
mod signing_in;
mod support;
mod watching;
