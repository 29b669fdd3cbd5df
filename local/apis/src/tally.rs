//! Counts what is asked of each service, and what it would cost in DynamoDB's capacity units, for measurements.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::wire::target_operation;

/// Asks every answer for its capacity units.
const ASK: &str = "\"ReturnConsumedCapacity\":\"TOTAL\"";

/// What one operation came to.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Count {
    pub requests: u64,
    pub capacity_units: f64,
}

/// Counts by service and operation, such as `dynamodb GetItem`. Switched off it costs nothing.
#[derive(Debug, Clone, Default)]
pub struct Tally(Option<Arc<Mutex<BTreeMap<String, Count>>>>);

impl Tally {
    /// Counts if the environment sets `CIERO_COUNT_REQUESTS`.
    pub fn from_env() -> Self {
        let asked = std::env::var_os("CIERO_COUNT_REQUESTS").is_some();
        Tally(asked.then(Arc::default))
    }

    /// Returns the counts since the start.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        let counts = self.0.as_ref();
        counts.map_or_else(BTreeMap::new, |counts| {
            counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        })
    }

    /// Adds the question about capacity units to a request.
    pub(crate) fn ask(&self, request: String) -> String {
        if self.0.is_none() || request.contains("ReturnConsumedCapacity") {
            return request;
        }
        match request.trim_start().strip_prefix('{') {
            Some(rest) if rest.trim_start().starts_with('}') => format!("{{{ASK}}}"),
            Some(rest) => format!("{{{ASK},{rest}"),
            None => request,
        }
    }

    /// Counts a request to a service.
    pub(crate) fn count(&self, service: &str, parts: &Parts) {
        self.add(
            || format!("{service} {}", operation(parts)),
            |count| count.requests += 1,
        );
    }

    /// Adds the capacity units that DynamoDB's answer tells.
    pub(crate) fn count_units(&self, operation: &str, answer: &str) {
        self.add(
            || format!("dynamodb {operation}"),
            |count| count.capacity_units += consumed(answer),
        );
    }

    fn add(&self, name: impl FnOnce() -> String, add: impl FnOnce(&mut Count)) {
        if let Some(counts) = &self.0 {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            add(counts.entry(name()).or_default());
        }
    }
}

/// The capacity units that an answer tells, over all its tables.
fn consumed(answer: &str) -> f64 {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let units = |one: &Value| one["CapacityUnits"].as_f64().unwrap_or_default();
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        one => units(one),
    }
}

/// The operation that a request names: by its target, or else by its method and the first part of its path.
fn operation(parts: &Parts) -> String {
    if let Some(operation) = target_operation(&parts.headers) {
        return operation.to_owned();
    }
    let first = parts.uri.path().split('/').nth(1).unwrap_or_default();
    format!("{} {first}", parts.method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_for_its_capacity_units_and_the_answer_is_counted() {
        let tally = Tally(Some(Arc::default()));
        let asked = tally.ask(r#"{"TableName":"t"}"#.to_owned());
        let asked: Value = serde_json::from_str(&asked).unwrap_or_default();
        assert_eq!(asked["ReturnConsumedCapacity"], "TOTAL");
        assert_eq!(asked["TableName"], "t");
        tally.count_units("GetItem", r#"{"ConsumedCapacity":{"CapacityUnits":0.5}}"#);
        tally.count_units(
            "BatchWriteItem",
            r#"{"ConsumedCapacity":[{"CapacityUnits":2},{"CapacityUnits":3}]}"#,
        );
        assert_eq!(tally.counts()["dynamodb GetItem"].capacity_units, 0.5);
        assert_eq!(
            tally.counts()["dynamodb BatchWriteItem"].capacity_units,
            5.0
        );
    }

    #[test]
    fn requests_are_counted_by_their_target_or_by_method_and_path() -> http::Result<()> {
        let tally = Tally(Some(Arc::default()));
        let target = http::Request::post("/").header("x-amz-target", "AmazonSQS.SendMessageBatch");
        let requests = [
            ("sqs", target.body(())?),
            ("s3", http::Request::get("/bucket/a/b").body(())?),
            ("s3", http::Request::get("/bucket/c").body(())?),
        ];
        for (service, request) in requests {
            tally.count(service, &request.into_parts().0);
        }
        let counts = tally.counts().into_iter();
        let counts: Vec<(String, u64)> = counts.map(|(name, one)| (name, one.requests)).collect();
        let expected = [("s3 GET bucket", 2), ("sqs SendMessageBatch", 1)];
        assert_eq!(counts, expected.map(|(name, many)| (name.to_owned(), many)));
        Ok(())
    }

    #[test]
    fn switched_off_nothing_is_asked_or_counted() {
        let tally = Tally::default();
        assert_eq!(tally.ask("{}".to_owned()), "{}");
        tally.count_units("GetItem", "{}");
        assert!(tally.counts().is_empty());
    }
}
