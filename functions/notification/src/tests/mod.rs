//! The handler with mocked ports, and every text as it goes out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod announcing;
mod cases;
mod delivery;
mod demands;
mod events;
mod life;
mod mocks;
mod outcomes;
mod overtaken;
mod relay;
mod samples;
mod texts;
mod truth;
