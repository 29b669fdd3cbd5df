//! What was asked of DynamoDB so far, at /_local/dynamodb.json; empty unless counting was asked for.

use axum::routing::get;
use axum::{Json, Router};
use ciero_apis::dynamodb::Dynamodb;

/// Serves the counts.
pub fn router(dynamodb: Dynamodb) -> Router {
    let serve = move || {
        let counts = dynamodb.counts();
        async move { Json(counts) }
    };
    Router::new().route("/_local/dynamodb.json", get(serve))
}
