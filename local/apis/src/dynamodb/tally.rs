//! Counts what is asked of DynamoDB and what it would cost, for measurements: requests and capacity units.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

/// Asks every answer for its capacity units.
const ASK: &str = "\"ReturnConsumedCapacity\":\"TOTAL\"";

/// What one operation came to.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Count {
    pub requests: u64,
    pub capacity_units: f64,
}

/// Counts by operation. Switched off it costs nothing.
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
    pub(super) fn ask(&self, request: String) -> String {
        if self.0.is_none() || request.contains("ReturnConsumedCapacity") {
            return request;
        }
        match request.trim_start().strip_prefix('{') {
            Some(rest) if rest.trim_start().starts_with('}') => format!("{{{ASK}}}"),
            Some(rest) => format!("{{{ASK},{rest}"),
            None => request,
        }
    }

    /// Counts an answer.
    pub(super) fn count(&self, operation: &str, answer: &str) {
        let Some(counts) = &self.0 else {
            return;
        };
        let answer: Value = serde_json::from_str(answer).unwrap_or_default();
        let consumed = &answer["ConsumedCapacity"];
        let units = |one: &Value| one["CapacityUnits"].as_f64().unwrap_or_default();
        let units = match consumed {
            Value::Array(tables) => tables.iter().map(units).sum(),
            one => units(one),
        };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(operation.to_owned()).or_default();
        count.requests += 1;
        count.capacity_units += units;
    }
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
        tally.count("GetItem", r#"{"ConsumedCapacity":{"CapacityUnits":0.5}}"#);
        tally.count(
            "BatchWriteItem",
            r#"{"ConsumedCapacity":[{"CapacityUnits":2},{"CapacityUnits":3}]}"#,
        );
        assert_eq!(tally.counts()["GetItem"].capacity_units, 0.5);
        assert_eq!(tally.counts()["BatchWriteItem"].capacity_units, 5.0);
    }

    #[test]
    fn switched_off_nothing_is_asked_or_counted() {
        let tally = Tally::default();
        assert_eq!(tally.ask("{}".to_owned()), "{}");
        tally.count("GetItem", "{}");
        assert!(tally.counts().is_empty());
    }
}
