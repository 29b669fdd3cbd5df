//! What was asked of each service so far, at /_local/requests.json; empty unless counting was asked for.

use axum::routing::get;
use axum::{Json, Router};
use ciero_apis::tally::Tally;

/// Serves the counts.
pub fn router(tally: Tally) -> Router {
    let serve = move || {
        let counts = tally.counts();
        async move { Json(counts) }
    };
    Router::new().route("/_local/requests.json", get(serve))
}
