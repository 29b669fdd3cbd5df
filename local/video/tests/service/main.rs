//! The embedded service, seen from outside, one module per part of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod archive;
mod check;
mod common;
mod control;
mod control_changes;
mod durability;
mod hls_live;
mod hls_recorded;
mod hls_sessions;
mod makers;
mod player;
mod put_media;
mod put_media_faults;
mod wire;
