//! The legal desk over records in memory: cases, holds, packages, and who learns of them (21-4).
#![allow(clippy::unwrap_used)]

mod cases;
mod invisible;
mod register;
mod world;

pub use world::{World, case_id, legal};
