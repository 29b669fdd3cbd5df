//! The handlers over files in memory, an archive of made fragments, and mocked records.
#![allow(clippy::unwrap_used)]

mod asking;
mod copying;
mod events;
mod fetching;
mod ports;
mod world;
