//! How long a stream keeps its media.

use axum::extract::State;
use serde::Deserialize;

use super::{Answer, App, MOST_RETENTION_HOURS, check_version, write_next};
use crate::error::ApiError;
use crate::request::{Call, StreamRef, blocking};
use crate::store::streams::Stream;

#[derive(Deserialize)]
pub(crate) struct UpdateDataRetention {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "CurrentVersion")]
    current_version: String,
    #[serde(rename = "Operation")]
    operation: String,
    #[serde(rename = "DataRetentionChangeInHours")]
    change_hours: i64,
}

pub(crate) async fn update_data_retention(
    State(shared): App,
    call: Call<UpdateDataRetention>,
) -> Answer {
    blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "UpdateDataRetention")?;
        check_version(&stream, Some(&body.current_version))?;
        let change = match body.operation.as_str() {
            _ if body.change_hours < 1 => None,
            "INCREASE_DATA_RETENTION" => Some(body.change_hours),
            "DECREASE_DATA_RETENTION" => Some(-body.change_hours),
            _ => None,
        };
        let hours = change
            .map(|change| stream.retention_hours.saturating_add(change))
            .filter(|hours| (0..=MOST_RETENTION_HOURS).contains(hours))
            .ok_or_else(|| {
                ApiError::invalid_argument("The retention must stay within 0 to 87600 hours.")
            })?;
        let changed = Stream {
            retention_hours: hours,
            ..stream
        };
        // By the new retention they are out of sight at once; then they go from the disk too.
        let erase_until_ms =
            (hours < stream.retention_hours).then(|| changed.expired_until(shared.now_ms()));
        write_next(shared, changed, erase_until_ms)
    })
    .await
}
