//! The handlers with mocked ports, by topic.
#![allow(clippy::unwrap_used)]

mod art_01;
mod art_02;
mod art_05;
mod bench;
mod samples;
