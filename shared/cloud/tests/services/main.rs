//! The adapters against a fake endpoint on the loopback, through the real clients.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod arrivals;
mod case_files;
mod export_files;
mod fake;
mod files;
mod list_files;
mod mailer;
mod playback;
mod queues;
mod streams;
mod things;
