//! The embedded service, seen from outside, one module per part of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod archive;
mod broken;
mod check;
mod clips;
mod common;
mod control;
mod control_changes;
mod dash;
mod durability;
mod feed;
mod film;
mod hls_live;
mod hls_recorded;
mod hls_sessions;
mod hls_ts;
mod images;
mod live;
mod makers;
mod overlap;
mod player;
mod put_media;
mod put_media_faults;
mod quotas;
mod sound;
mod wire;
