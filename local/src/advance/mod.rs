//! Advances the service clock over a span, doing on the way all that the span brings due.

#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use ciero_apis::Apis;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan};

use crate::host::{Host, InvokeError, Outcome};
use crate::sources::schedules::{Rule, Turnstile};
use walk::Walk;

/// Nothing of a contract looks further ahead, and a mistyped span should not run for hours.
const LONGEST_YEARS: i64 = 20;
/// How much of the service's time passes before expired items are looked for again.
const SWEPT_EVERY: SignedDuration = SignedDuration::from_hours(3 * 24);
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
    #[error("the mailbox could not be read: {0}")]
    Mail(String),
}

/// Does what a span brings due.
pub struct Advancer {
    apis: Apis,
    host: Arc<Host>,
    rules: Vec<Rule>,
    /// Queues whose messages a function takes; the others (dead letters) wait for a person.
    worked_queues: Vec<String>,
    turnstile: Turnstile,
    /// Taken by the one advance that goes on; when expired items were last looked for.
    swept_at: tokio::sync::Mutex<Timestamp>,
}

impl Advancer {
    pub fn new(
        apis: Apis,
        host: Arc<Host>,
        rules: Vec<Rule>,
        worked_queues: Vec<String>,
        turnstile: Turnstile,
    ) -> Self {
        let swept_at = tokio::sync::Mutex::new(apis.clock.now());
        Self {
            apis,
            host,
            rules,
            worked_queues,
            turnstile,
            swept_at,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.apis.clock.now()
    }

    /// Walks to the end of the span and returns the new time once all work and mail of the span is finished.
    pub async fn advance(&self, duration: &str) -> Result<Timestamp, AdvanceError> {
        let span = parse_span(duration)?;
        let mut swept_at = self.swept_at.try_lock().map_err(|_| AdvanceError::Busy)?;
        let _no_ticks = self.turnstile.write().await;
        // What was sent before the advance belongs to the time before it.
        self.drain().await?;
        let start = self.apis.clock.now();
        let target = end_of(start, span)?;
        for (due, together) in Walk::new(&self.rules, start, target) {
            self.move_to(due)?;
            // Rules that are due in the same moment run side by side, as they do in AWS.
            let rules = together.iter().filter_map(|index| self.rules.get(*index));
            futures::future::join_all(rules.map(|rule| self.run(rule, due))).await;
            self.drain().await?;
        }
        self.move_to(target)?;
        let kept = self.apis.clock.keep();
        kept.map_err(|error| AdvanceError::Clock(error.to_string()))?;
        self.sweep(&mut swept_at).await;
        self.drain().await?;
        Ok(self.apis.clock.now())
    }

    /// Deletes what expired, if the last time is days ago: it reads whole tables, and DynamoDB takes days as well.
    async fn sweep(&self, swept_at: &mut Timestamp) {
        let now = self.now();
        if now.duration_since(*swept_at) < SWEPT_EVERY {
            return;
        }
        *swept_at = now;
        if let Err(error) = self.apis.dynamodb.sweep_ttl().await {
            eprintln!("clock: expired items could not be deleted: {error}");
        }
    }

    /// The clock runs on while work is done, so it may have passed this moment by itself.
    fn move_to(&self, moment: Timestamp) -> Result<(), AdvanceError> {
        match self.apis.clock.advance_to(moment) {
            Err(error) if moment > self.now() => Err(AdvanceError::Clock(error.to_string())),
            _ => Ok(()),
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

    /// Returns when no message is visible or in flight, every mail's fate is told, and no event waits to be tried again.
    async fn drain(&self) -> Result<(), AdvanceError> {
        loop {
            // In this order: what an event asks for is written before the event is over.
            let events = self.host.events_in_flight();
            let told = self.apis.mailbox.events_waiting();
            let told = told.map_err(|error| AdvanceError::Mail(error.to_string()))?;
            let has_work = self.apis.queues.has_work(&self.worked_queues);
            let has_work = has_work.map_err(|error| AdvanceError::Queue(error.to_string()))?;
            if events == 0 && told == 0 && !has_work {
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
