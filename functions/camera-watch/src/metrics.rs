//! The metrics of a complete run in CloudWatch's embedded format, which needs no call and no permission.

use ciero_ports::WatchReport;
use ciero_runtime::Moment;
use serde_json::{Value, json};

/// The names that the alarms of template.yaml watch, with `Watched` and `Stopped` for people.
const COUNTS: [&str; 5] = [
    "Watched",
    "Stopped",
    "Unread",
    "ServiceStopped",
    "Completed",
];

/// Returns the line to log. It is written for complete runs only, so its absence is an alarm of its own.
pub(crate) fn line(report: &WatchReport, now: Moment) -> Value {
    let metrics = COUNTS.map(|name| json!({ "Name": name, "Unit": "Count" }));
    json!({
        "_aws": {
            "Timestamp": now.0.as_millisecond(),
            "CloudWatchMetrics": [
                { "Namespace": "Ciero/CameraWatch", "Dimensions": [[]], "Metrics": metrics },
            ],
        },
        "Watched": report.tally.watched,
        "Stopped": report.tally.told + report.tally.untold,
        "Unread": report.tally.unread,
        "ServiceStopped": u32::from(report.service.is_quiet()),
        "Completed": 1,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_metrics_are_those_that_the_alarms_watch() {
        let line = super::line(
            &WatchReport::default(),
            Moment("2026-06-01T00:00:00Z".parse().unwrap()),
        );
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(declared["Namespace"], "Ciero/CameraWatch");
        for metric in declared["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_u64(), "{name} has a value");
        }
        let template = include_str!("../../../template.yaml");
        for name in ["ServiceStopped", "Completed"] {
            assert!(template.contains(&format!("MetricName: {name}")), "{name}");
        }
        assert!(template.contains("Namespace: Ciero/CameraWatch"));
    }
}
