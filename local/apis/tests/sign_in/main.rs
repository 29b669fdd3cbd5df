//! User pools: the administration API, and the sign-in flow from the page to the verified token.

#![allow(clippy::unwrap_used)]

mod administration;
mod flow;
mod helpers;
#[path = "../support/mod.rs"]
mod support;
