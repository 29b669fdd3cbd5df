//! Advances the service clock over a span, doing on the way all that the span brings due.

use std::sync::Arc;
use std::time::Duration;

use ciero_apis::Apis;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan};

use crate::host::{Host, InvokeError, Outcome};
use crate::sources::schedules::{Rule, Schedule, Turnstile};

/// Nothing of a contract looks further ahead, and a mistyped span should not run for hours.
const LONGEST_YEARS: i64 = 20;
const DRAIN_PAUSE: Duration = Duration::from_millis(3);

/// Why the clock is not advanced.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AdvanceError {
    #[error("an ISO 8601 duration such as PT1H, P1D or P1Y is needed")]
    NotADuration,
    #[error("the service clock only goes forward")]
    NotForward,
    #[error("the service clock goes forward {LONGEST_YEARS} years at most in one step")]
    TooFar,
    #[error("another advance of the clock is still going on")]
    Busy,
    #[error("the clock could not be moved: {0}")]
    Clock(String),
    #[error("a queue could not be read: {0}")]
    Queue(String),
}

/// Does what a span brings due.
pub struct Advancer {
    apis: Apis,
    host: Arc<Host>,
    rules: Vec<Rule>,
    /// Queues whose messages a function takes; the others (dead letters) wait for a person.
    worked_queues: Vec<String>,
    turnstile: Turnstile,
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl Advancer {
    pub fn new(
        apis: Apis,
        host: Arc<Host>,
        rules: Vec<Rule>,
        worked_queues: Vec<String>,
        turnstile: Turnstile,
    ) -> Self {
        Self {
            apis,
            host,
            rules,
            worked_queues,
            turnstile,
            one_at_a_time: tokio::sync::Mutex::new(()),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.apis.clock.now()
    }

    /// Walks to the end of the span and returns the new time once all work and mail of the span is finished.
    pub async fn advance(&self, duration: &str) -> Result<Timestamp, AdvanceError> {
        let span = parse_span(duration)?;
        let _alone = self
            .one_at_a_time
            .try_lock()
            .map_err(|_| AdvanceError::Busy)?;
        let _no_ticks = self.turnstile.write().await;
        // What was sent before the advance belongs to the time before it.
        self.drain().await?;
        let start = self.apis.clock.now();
        let target = end_of(start, span)?;
        for (due, index) in Walk::new(&self.rules, start, target) {
            self.move_to(due)?;
            if let Some(rule) = self.rules.get(index) {
                self.run(rule, due).await;
            }
            self.drain().await?;
        }
        self.move_to(target)?;
        if let Err(error) = self.apis.dynamodb.sweep_ttl().await {
            eprintln!("clock: expired items could not be deleted: {error}");
        }
        self.drain().await?;
        Ok(self.apis.clock.now())
    }

    /// The clock runs on while work is done, so it may have passed this moment by itself.
    fn move_to(&self, moment: Timestamp) -> Result<(), AdvanceError> {
        let clock = &self.apis.clock;
        if moment <= clock.now() {
            return Ok(());
        }
        match clock.advance_to(moment) {
            Ok(()) => Ok(()),
            Err(_) if moment <= clock.now() => Ok(()),
            Err(error) => Err(AdvanceError::Clock(error.to_string())),
        }
    }

    /// A failed run has been tried again already; the span goes on, because the next run finds what is left.
    async fn run(&self, rule: &Rule, due: Timestamp) {
        let told = match self
            .host
            .invoke_event(&rule.function, rule.event(due))
            .await
        {
            Ok(Outcome::Answered(_)) | Err(InvokeError::Stopping) => return,
            Ok(Outcome::Failed(told)) => String::from_utf8_lossy(&told).into_owned(),
            Err(error) => error.to_string(),
        };
        eprintln!("clock: {} at {due} failed: {told}", rule.function);
    }

    /// Returns when no message is visible or in flight and no event waits to be tried again.
    async fn drain(&self) -> Result<(), AdvanceError> {
        loop {
            let mut left = u64::from(self.host.events_in_flight() > 0);
            for queue in &self.worked_queues {
                let depth = self.apis.queues.depth(queue);
                let depth = depth.map_err(|error| AdvanceError::Queue(error.to_string()))?;
                left += depth.visible + depth.in_flight;
            }
            if left == 0 {
                return Ok(());
            }
            tokio::time::sleep(DRAIN_PAUSE).await;
        }
    }
}

fn parse_span(text: &str) -> Result<Span, AdvanceError> {
    // The parser would also take "1 day"; only the stated form counts.
    let written = text.trim().trim_start_matches(['+', '-']);
    let span: Span = text
        .trim()
        .parse()
        .map_err(|_| AdvanceError::NotADuration)?;
    match written.starts_with('P') {
        true if span.is_positive() => Ok(span),
        true => Err(AdvanceError::NotForward),
        false => Err(AdvanceError::NotADuration),
    }
}

/// The end of the span, counted in days of Tokyo.
fn end_of(start: Timestamp, span: Span) -> Result<Timestamp, AdvanceError> {
    let start = start.to_zoned(tokyo());
    let end = start.checked_add(span).map_err(|_| AdvanceError::TooFar)?;
    let limit = start
        .checked_add(LONGEST_YEARS.years())
        .map_err(|_| AdvanceError::TooFar)?;
    if end > limit {
        return Err(AdvanceError::TooFar);
    }
    Ok(end.timestamp())
}

pub fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(9)))
}

/// The runs of a span in order. A frequent rule is thinned to its first run of each period, and its last of the span.
struct Walk<'a> {
    pending: Vec<(Option<Timestamp>, &'a Schedule)>,
    target: Timestamp,
    period: Period,
}

/// What a frequent rule is thinned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Hour,
    TokyoDay,
}

impl<'a> Walk<'a> {
    fn new(rules: &'a [Rule], start: Timestamp, target: Timestamp) -> Self {
        let is_long = target.duration_since(start) > SignedDuration::from_hours(24);
        let pending = rules
            .iter()
            .map(|rule| (rule.schedule.next_after(start), &rule.schedule));
        Self {
            pending: pending.collect(),
            target,
            period: if is_long {
                Period::TokyoDay
            } else {
                Period::Hour
            },
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = (Timestamp, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let due = self
            .pending
            .iter()
            .enumerate()
            .filter_map(|(index, (due, _))| Some(((*due)?, index)));
        let (due, index) = due.min().filter(|(due, _)| *due <= self.target)?;
        let (next, schedule) = self.pending.get_mut(index)?;
        *next = following(schedule, due, self.target, self.period);
        Some((due, index))
    }
}

fn following(
    schedule: &Schedule,
    due: Timestamp,
    target: Timestamp,
    period: Period,
) -> Option<Timestamp> {
    let next_period = period.end_after(due)?;
    if next_period <= target {
        return schedule.next_after(next_period.checked_sub(1.nanosecond()).ok()?);
    }
    let later = std::iter::successors(schedule.next_after(due), |run| schedule.next_after(*run));
    later.take_while(|run| *run <= target).last()
}

impl Period {
    /// The beginning of the period that follows the one this moment lies in.
    fn end_after(self, moment: Timestamp) -> Option<Timestamp> {
        match self {
            Period::Hour => {
                Timestamp::from_second((moment.as_second().div_euclid(3600) + 1) * 3600).ok()
            }
            Period::TokyoDay => {
                let tomorrow = moment.to_zoned(tokyo()).date().tomorrow().ok()?;
                Some(tomorrow.to_zoned(tokyo()).ok()?.timestamp())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn end(start: &str, span: &str) -> Result<String, AdvanceError> {
        let end = parse_span(span).and_then(|span| end_of(time(start), span))?;
        Ok(end
            .to_zoned(tokyo())
            .strftime("%Y-%m-%dT%H:%M:%S")
            .to_string())
    }

    #[test]
    fn a_span_is_counted_on_the_calendar_of_tokyo() {
        let start = "2027-02-28T00:30:00+09:00";
        assert_eq!(end(start, "P1D").unwrap(), "2027-03-01T00:30:00");
        assert_eq!(end(start, "P1Y").unwrap(), "2028-02-28T00:30:00");
        assert_eq!(end(start, "PT1H").unwrap(), "2027-02-28T01:30:00");
        assert_eq!(end(start, "P1W").unwrap(), "2027-03-07T00:30:00");
        assert_eq!(
            end("2027-01-31T10:00:00+09:00", "P1M").unwrap(),
            "2027-02-28T10:00:00"
        );
    }

    #[test]
    fn what_is_no_forward_duration_is_refused() {
        let refused = |span: &str| end("2027-02-28T00:00:00Z", span).unwrap_err();
        for span in [
            "",
            "P",
            "PT",
            "1 day",
            "1d",
            "P1X",
            "tomorrow",
            "P1Y garbage",
            "日",
        ] {
            assert_eq!(refused(span), AdvanceError::NotADuration, "{span}");
        }
        for span in ["P0D", "PT0S", "-P1D", "-PT1H"] {
            assert_eq!(refused(span), AdvanceError::NotForward, "{span}");
        }
        for span in ["P21Y", "P9000Y", "PT999999H"] {
            assert_eq!(refused(span), AdvanceError::TooFar, "{span}");
        }
    }

    fn walk(expressions: &[&str], start: &str, target: &str) -> Vec<String> {
        let rule = |expression: &&str| Rule {
            name: "r".to_owned(),
            function: "f".to_owned(),
            schedule: Schedule::parse(expression).unwrap(),
            input: None,
        };
        let rules: Vec<Rule> = expressions.iter().map(rule).collect();
        let runs = Walk::new(&rules, time(start), time(target));
        runs.map(|(due, index)| format!("{index} {}", due.to_zoned(tokyo()).strftime("%d %H:%M")))
            .collect()
    }

    #[test]
    fn a_frequent_rule_runs_once_a_tokyo_day_over_a_long_span_and_once_more_at_its_end() {
        let runs = walk(
            &["rate(15 minutes)"],
            "2026-04-01T10:07:00+09:00",
            "2026-04-04T10:07:00+09:00",
        );
        assert_eq!(
            runs,
            [
                "0 01 10:15",
                "0 02 00:00",
                "0 03 00:00",
                "0 04 00:00",
                "0 04 10:00"
            ]
        );
    }

    #[test]
    fn a_frequent_rule_runs_every_hour_of_a_day() {
        let runs = walk(
            &["rate(1 minute)"],
            "2026-04-01T10:07:30+09:00",
            "2026-04-02T10:07:30+09:00",
        );
        assert_eq!(runs.len(), 26);
        assert_eq!(runs[..2], ["0 01 10:08", "0 01 11:00"]);
        assert_eq!(runs[24..], ["0 02 10:00", "0 02 10:07"]);
    }

    #[test]
    fn a_rare_rule_keeps_its_time_and_rules_due_together_keep_their_order() {
        let rules = ["cron(0 15 * * ? *)", "rate(1 day)", "cron(0 15 2 4 ? *)"];
        let runs = walk(
            &rules,
            "2026-04-01T10:00:00+09:00",
            "2026-04-03T10:00:00+09:00",
        );
        assert_eq!(
            runs,
            [
                "0 02 00:00",
                "1 02 09:00",
                "0 03 00:00",
                "2 03 00:00",
                "1 03 09:00"
            ]
        );
    }

    #[test]
    fn a_run_due_at_the_start_has_been_and_one_due_at_the_end_is_in() {
        let runs = walk(
            &["rate(1 hour)"],
            "2026-04-01T10:00:00+09:00",
            "2026-04-01T12:00:00+09:00",
        );
        assert_eq!(runs, ["0 01 11:00", "0 01 12:00"]);
        assert!(
            walk(
                &["rate(1 hour)"],
                "2026-04-01T10:00:00Z",
                "2026-04-01T10:59:59Z"
            )
            .is_empty()
        );
    }
}
