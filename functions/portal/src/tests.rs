//! Handler tests: the router behind its guard, with mocked ports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod applying;
mod billing;
mod console;
mod console_life;
mod console_work;
mod customer;
mod ending;
mod events;
mod every_page;
mod explaining;
mod exporting;
mod managing;
mod mocks;
mod public;
mod publishing;
mod recording;
mod registers;
mod samples;
mod signing_in;
mod staff_views;
mod support;
mod watching;
