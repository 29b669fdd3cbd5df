//! Schedules on the service clock: when a run is due, what event it gets, and the ticker that starts it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::cron::Cron;
use crate::host::Host;
use crate::template::model::ScheduleSource;
use crate::template::{ACCOUNT, REGION};
use ciero_apis::clock::ServiceClock;

/// When a rule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many seconds, counted from the epoch, so that a restart does not shift the runs.
    Rate {
        seconds: i64,
    },
    Cron(Cron),
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ScheduleError {
    #[error("a schedule is written rate(…) or cron(…)")]
    Form,
    #[error("a rate is a whole number from 1 and minutes, hours or days, in the singular for 1")]
    Rate,
    #[error("a cron expression has six fields, this one has {0}")]
    FieldCount(usize),
    #[error("one of day of month and day of week must be ?")]
    BothDays,
    #[error("the {0} field cannot be {1}")]
    Field(&'static str, String),
}

impl Schedule {
    pub fn parse(expression: &str) -> Result<Self, ScheduleError> {
        let inside = |prefix: &str| expression.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(rate) = inside("rate(") {
            return parse_rate(rate);
        }
        match inside("cron(") {
            Some(fields) => Cron::parse(fields).map(Schedule::Cron),
            None => Err(ScheduleError::Form),
        }
    }

    /// The first due moment later than `after`.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Schedule::Rate { seconds } => {
                let runs = after.as_second().div_euclid(*seconds);
                Timestamp::from_second((runs + 1) * seconds).ok()
            }
            Schedule::Cron(cron) => cron.next_after(after),
        }
    }
}

fn parse_rate(rate: &str) -> Result<Schedule, ScheduleError> {
    let (count, unit) = rate.split_once(' ').ok_or(ScheduleError::Rate)?;
    let count: i64 = count.parse().map_err(|_| ScheduleError::Rate)?;
    let unit_seconds = match (count, unit) {
        (1, "minute") | (2.., "minutes") => 60,
        (1, "hour") | (2.., "hours") => 3_600,
        (1, "day") | (2.., "days") => 86_400,
        _ => return Err(ScheduleError::Rate),
    };
    let seconds = count.checked_mul(unit_seconds).ok_or(ScheduleError::Rate)?;
    Ok(Schedule::Rate { seconds })
}

/// A rule of the template, ready to run.
#[derive(Debug, Clone)]
pub struct Rule {
    pub name: String,
    pub function: String,
    pub schedule: Schedule,
    pub input: Option<Value>,
}

impl Rule {
    pub fn new(source: &ScheduleSource) -> Result<Self, ScheduleError> {
        Ok(Self {
            name: source.rule.clone(),
            function: source.function.clone(),
            schedule: Schedule::parse(&source.expression)?,
            input: source.input.clone(),
        })
    }

    /// The event of the run that is due at this moment.
    pub fn event(&self, due: Timestamp) -> Value {
        if let Some(input) = &self.input {
            return input.clone();
        }
        json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": due.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION,
            "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{}", self.name)],
            "detail": {}
        })
    }
}

/// Held for reading by every run of the ticker and for writing by an advance, so that the two never mix.
pub type Turnstile = Arc<RwLock<()>>;

/// Runs one rule whenever it is due by the service clock, until the process ends.
///
/// A run that was missed is not made up: what it should have done is found by the next one.
pub async fn tick(rule: Rule, host: Arc<Host>, clock: ServiceClock, turnstile: Turnstile) {
    loop {
        let Some(due) = rule.schedule.next_after(clock.now()) else {
            return;
        };
        wait_until(due, &clock).await;
        // An advance may have walked this moment already, and the clock may stand far beyond it.
        let Ok(_turn) = turnstile.try_read() else {
            let _wait_for_the_advance = turnstile.read().await;
            continue;
        };
        if rule
            .schedule
            .next_after(due)
            .is_some_and(|next| next <= clock.now())
        {
            continue;
        }
        let _ = host.invoke_event(&rule.function, rule.event(due)).await;
    }
}

/// Returns when the service clock has reached `due`; an advance is seen within a second.
async fn wait_until(due: Timestamp, clock: &ServiceClock) {
    loop {
        let left: SignedDuration = due.duration_since(clock.now());
        if left <= SignedDuration::ZERO {
            return;
        }
        let nap = Duration::try_from(left).unwrap_or_default();
        tokio::time::sleep(nap.min(Duration::from_secs(1))).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn runs(expression: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(expression).unwrap();
        let first = schedule.next_after(after.parse().unwrap());
        let runs = std::iter::successors(first, |run| schedule.next_after(*run));
        runs.take(count)
            .map(|run| run.strftime("%a %Y-%m-%dT%H:%M:%S").to_string())
            .collect()
    }

    #[test]
    fn a_rate_is_counted_from_the_epoch() {
        assert_eq!(
            runs("rate(15 minutes)", "2026-04-01T09:07:30.5Z", 2),
            ["Wed 2026-04-01T09:15:00", "Wed 2026-04-01T09:30:00"]
        );
        assert_eq!(
            runs("rate(1 day)", "2026-04-01T00:00:00Z", 1),
            ["Thu 2026-04-02T00:00:00"]
        );
        assert_eq!(
            runs("rate(1 minute)", "1969-12-31T23:59:30Z", 1),
            ["Thu 1970-01-01T00:00:00"]
        );
    }

    #[test]
    fn a_cron_expression_names_days_of_the_month_or_of_the_week() {
        assert_eq!(
            runs("cron(0 15 * * ? *)", "2026-04-01T15:00:00Z", 1),
            ["Thu 2026-04-02T15:00:00"]
        );
        assert_eq!(
            runs("cron(30 1,13 ? * MON-FRI *)", "2026-04-03T13:30:00Z", 2),
            ["Mon 2026-04-06T01:30:00", "Mon 2026-04-06T13:30:00"]
        );
        assert_eq!(
            runs(
                "cron(0/20 9-10 1 JAN,apr ? 2026/2)",
                "2026-04-01T09:40:00Z",
                2
            ),
            ["Wed 2026-04-01T10:00:00", "Wed 2026-04-01T10:20:00"]
        );
        assert_eq!(
            runs("cron(0 0 L 2 ? *)", "2027-03-01T00:00:00Z", 1),
            ["Tue 2028-02-29T00:00:00"]
        );
        assert_eq!(
            runs("cron(0 0 ? * 1 *)", "2026-04-01T00:00:00Z", 1),
            ["Sun 2026-04-05T00:00:00"]
        );
    }

    #[test]
    fn a_cron_expression_whose_years_have_passed_is_never_due() {
        assert!(runs("cron(0 0 1 1 ? 2025)", "2026-01-01T00:00:00Z", 1).is_empty());
        assert!(runs("cron(0 0 30 2 ? *)", "2190-01-01T00:00:00Z", 1).is_empty());
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for expression in [
            "",
            "often",
            "rate()",
            "rate(0 minutes)",
            "rate(-1 minutes)",
            "rate(1 minutes)",
            "rate(2 minute)",
            "rate(1 second)",
            "rate(9223372036854775807 days)",
            "cron()",
            "cron(* * * * *)",
            "cron(* * * * * *)",
            "cron(* * ? * ? *)",
            "cron(60 * * * ? *)",
            "cron(* 24 * * ? *)",
            "cron(* * 0 * ? *)",
            "cron(* * * 13 ? *)",
            "cron(* * ? * 8 *)",
            "cron(5-1 * * * ? *)",
            "cron(*/0 * * * ? *)",
            "cron(a * * * ? *)",
            "cron(* * * * ? 1969)",
            "rate(1 minute",
            "cron(* * ? * 3#1 *)",
        ] {
            assert!(Schedule::parse(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn the_event_of_a_run_names_the_moment_at_which_it_was_due() {
        let source = ScheduleSource {
            rule: "NotificationFunctionRelay".to_owned(),
            function: "notification".to_owned(),
            expression: "rate(1 minute)".to_owned(),
            input: None,
        };
        let rule = Rule::new(&source).unwrap();
        let event = rule.event("2026-04-01T09:15:00+09:00".parse().unwrap());
        assert_eq!(event["time"], "2026-04-01T00:15:00Z");
        assert_eq!(event["detail-type"], "Scheduled Event");
        assert_eq!(event["source"], "aws.events");
        let arn = "arn:aws:events:ap-northeast-1:000000000000:rule/NotificationFunctionRelay";
        assert_eq!(event["resources"][0], arn);
        let constant = Rule {
            input: Some(json!({ "a": 1 })),
            ..rule
        };
        assert_eq!(constant.event(Timestamp::UNIX_EPOCH), json!({ "a": 1 }));
    }

    #[tokio::test]
    async fn a_rule_runs_when_the_service_clock_reaches_it() {
        let directory = tempfile::tempdir().unwrap();
        let clock = crate::testing::apis(directory.path(), "2026-04-01T00:00:30Z").clock;
        let function = crate::testing::function("f", Duration::from_secs(20));
        let host = crate::testing::host(vec![function], directory.path());
        let file = directory.path().join("runs");
        let rule = Rule {
            name: "r".to_owned(),
            function: "f".to_owned(),
            schedule: Schedule::parse("rate(1 hour)").unwrap(),
            input: Some(json!({ "do": "append", "file": file })),
        };
        tokio::spawn(tick(
            rule,
            host.clone(),
            clock.clone(),
            Turnstile::default(),
        ));
        let runs = || {
            std::fs::read_to_string(&file)
                .unwrap_or_default()
                .lines()
                .count()
        };
        // The ticker looks at the clock once before the clock is moved.
        tokio::task::yield_now().await;
        assert_eq!(runs(), 0);
        clock
            .advance_to("2026-04-01T01:00:00Z".parse().unwrap())
            .unwrap();
        crate::testing::eventually("the rule has run", || runs() == 1).await;
        host.close().await;
    }
}
