//! The handlers with mocked ports, by topic.
#![allow(clippy::unwrap_used)]

mod art_01;
mod art_02;
mod art_04;
mod art_05;
mod art_11;
mod art_13;
mod art_15;
mod art_21;
mod bench;
mod samples;
