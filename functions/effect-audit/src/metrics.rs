//! The metrics of a complete run in CloudWatch's embedded format, which needs no call and no permission.

use ciero_ports::AuditReport;
use ciero_runtime::Moment;
use serde_json::{Value, json};

/// The names that the alarms of template.yaml watch, with `Contracts` for people.
const COUNTS: [&str; 4] = ["Missing", "Doubled", "Contracts", "Completed"];

/// Returns the line to log. It is written for complete runs only, so its absence is an alarm of its own.
pub(crate) fn line(report: &AuditReport, now: Moment) -> Value {
    let metrics = COUNTS.map(|name| json!({ "Name": name, "Unit": "Count" }));
    json!({
        "_aws": {
            "Timestamp": now.0.as_millisecond(),
            "CloudWatchMetrics": [
                { "Namespace": "Ciero/EffectAudit", "Dimensions": [[]], "Metrics": metrics },
            ],
        },
        "Missing": report.missing,
        "Doubled": report.doubled,
        "Contracts": report.contracts,
        "Completed": 1,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_metrics_count_every_finding_and_say_that_the_run_is_complete() {
        let report = AuditReport {
            contracts: 3,
            missing: 2_000,
            doubled: 1,
            ..AuditReport::default()
        };
        let line = super::line(&report, Moment("2026-06-01T18:00:00Z".parse().unwrap()));
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(declared["Namespace"], "Ciero/EffectAudit");
        assert_eq!(declared["Dimensions"], json!([[]]));
        assert_eq!(line["_aws"]["Timestamp"], 1_780_336_800_000_i64);
        for metric in declared["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_u64(), "{name} has a value");
        }
        let of = |name: &str| line[name].as_u64().unwrap();
        assert_eq!((of("Missing"), of("Doubled")), (2_000, 1));
        assert_eq!((of("Contracts"), of("Completed")), (3, 1));
        // The alarms watch these very names.
        let template = include_str!("../../../template.yaml");
        for name in ["Missing", "Doubled", "Completed"] {
            assert!(template.contains(&format!("MetricName: {name}")), "{name}");
        }
    }
}
