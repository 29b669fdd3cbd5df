//! The ledger of one camera: its recorded spans, and from them what stands of its recording.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AWAY, CLOCK_SLACK, JOINED, JUDGED, KEPT, MOST_SPANS, OVERLAP, SILENCE};
use crate::calendar::{tokyo_date, tokyo_datetime};
use crate::device::Camera;
use crate::ids::{CameraId, ContractId};

/// A stretch of recording without a gap, by the camera's clock. It is kept as two numbers of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "(i64, i64)", into = "(i64, i64)")]
pub struct Span {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl TryFrom<(i64, i64)> for Span {
    type Error = jiff::Error;

    fn try_from((start, end): (i64, i64)) -> Result<Self, jiff::Error> {
        Ok(Span {
            start: Timestamp::from_millisecond(start)?,
            end: Timestamp::from_millisecond(end)?,
        })
    }
}

impl From<Span> for (i64, i64) {
    fn from(span: Span) -> Self {
        (span.start.as_millisecond(), span.end.as_millisecond())
    }
}

/// One fragment as the stream lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub span: Span,
    /// When it arrived, by the service's clock.
    pub at: Timestamp,
}

/// What a tick saw of a camera's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub arrivals: Vec<Arrival>,
    /// Up to when arrivals were read; before the tick's own time if there was more than it could list.
    pub read_to: Timestamp,
    /// Whether there is a stream that keeps anything.
    pub keeps: Keeps,
}

/// Whether a camera's stream can hold recordings at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    Recordings,
    /// The stream is gone, or keeps nothing.
    Nothing,
}

/// Why the present is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Nothing arrives.
    Offline,
    /// The camera sends, but no pictures of the present are kept.
    NotRecording,
    /// Less than half of the last minutes is kept, in shreds.
    Patchy,
}

/// What stands of a camera's recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Recording {
    /// Nothing was ever recorded since the watch began.
    Waiting,
    /// The present is recorded, since the watch first saw so.
    Running { since: Timestamp },
    /// The present is not recorded; `since` is the last recorded moment.
    Stopped { since: Timestamp, trouble: Trouble },
}

/// A stretch for which nothing is recorded; without an end if it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub start: Timestamp,
    pub end: Option<Timestamp>,
}

/// A stream that keeps recordings for less than the plan (21-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    pub held_hours: u32,
    pub owed_hours: u32,
}

/// What is known of one camera's recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub camera: CameraId,
    pub contract: ContractId,
    /// Counts the ticks; 0 before the first is written.
    pub version: u64,
    /// What lies before is not known, or not known any more.
    pub known_from: Timestamp,
    /// In order, apart by more than players pass over.
    pub spans: Vec<Span>,
    /// Up to when arrivals were read.
    pub read_to: Timestamp,
    /// Since when the watch has read without a pause of its own.
    pub awake_since: Timestamp,
    pub last_arrival: Option<Timestamp>,
    pub recording: Recording,
    /// The day on which the stream was last compared with the plan.
    pub compared_on: Option<Date>,
    pub shortfall: Option<Shortfall>,
}

impl Ledger {
    /// Begins the ledger of a camera: with what arrived in the last minutes, whatever older there may be.
    pub fn begin(camera: &Camera, now: Timestamp) -> Self {
        let from = camera.since.max(earlier(now, AWAY));
        Ledger {
            camera: camera.id.clone(),
            contract: camera.contract.clone(),
            version: 0,
            known_from: from,
            spans: Vec::new(),
            read_to: from,
            awake_since: now,
            last_arrival: None,
            recording: Recording::Waiting,
            compared_on: None,
            shortfall: None,
        }
    }

    /// Returns the ledger once what was recorded before a moment is deleted: nothing earlier is known any more (15-2).
    #[must_use]
    pub fn deleted_before(&self, at: Timestamp) -> Ledger {
        let mut next = self.clone();
        next.version += 1;
        next.known_from = self.known_from.max(at);
        next.spans.retain(|span| span.end > at);
        if let Recording::Running { since } = self.recording {
            next.recording = Recording::Running {
                since: since.max(at),
            };
        }
        next
    }

    /// Returns from which arrival on the next tick reads.
    pub fn reads_from(&self) -> Timestamp {
        earlier(self.read_to, OVERLAP)
    }

    /// Returns the last recorded moment.
    pub fn last_recorded(&self) -> Option<Timestamp> {
        self.spans.last().map(|span| span.end)
    }

    /// Returns the ledger after a tick. What is seen twice changes nothing.
    #[must_use]
    pub fn observe(&self, seen: &Seen, now: Timestamp) -> Ledger {
        let mut next = self.clone();
        next.version += 1;
        if now.duration_since(self.read_to) > AWAY {
            next.awake_since = now;
        }
        next.read_to = seen.read_to.max(self.read_to);
        let latest = later(now, CLOCK_SLACK);
        let fresh = seen.arrivals.iter().map(|arrival| arrival.span);
        next.spans
            .extend(fresh.filter(|span| span.start <= latest && span.end > self.known_from));
        next.spans = joined(std::mem::take(&mut next.spans));
        next.forget(now);
        let arrived = seen.arrivals.iter().map(|arrival| arrival.at).max();
        next.last_arrival = self.last_arrival.max(arrived);
        if seen.read_to >= now {
            next.recording = next.judge(seen.keeps, now);
        }
        next
    }

    /// Drops what is too old, and the oldest of what is too much.
    fn forget(&mut self, now: Timestamp) {
        self.known_from = self.known_from.max(earlier(now, KEPT));
        let surplus = self.spans.len().saturating_sub(MOST_SPANS);
        if surplus > 0
            && let Some(first) = self.spans.get(surplus)
        {
            self.known_from = self.known_from.max(first.start);
        }
        let from = self.known_from;
        // The newest span stays whatever its age: it says since when nothing is recorded.
        let newest = self.last_recorded();
        self.spans
            .retain(|span| span.end > from || Some(span.end) == newest);
    }

    fn judge(&self, keeps: Keeps, now: Timestamp) -> Recording {
        let newest = self.last_recorded();
        if newest.is_none() && self.last_arrival.is_none() {
            return Recording::Waiting;
        }
        let limit = earlier(now, SILENCE);
        let last = newest.unwrap_or(self.known_from);
        if last >= limit {
            // Where all was deleted there is nothing to judge by yet.
            return match newest {
                Some(_) => self.judge_present(now),
                None => self.recording,
            };
        }
        if self.awake_since >= limit {
            return self.recording;
        }
        let sends = self.last_arrival.is_some_and(|at| at >= limit);
        let trouble = match (sends, keeps) {
            (true, _) | (_, Keeps::Nothing) => Trouble::NotRecording,
            (false, Keeps::Recordings) => Trouble::Offline,
        };
        Recording::Stopped {
            since: last,
            trouble,
        }
    }

    /// The present is recorded; whether enough of the last minutes is too depends on what stood before.
    fn judge_present(&self, now: Timestamp) -> Recording {
        let from = earlier(now, JUDGED);
        let share = self.recorded_ms(from, now) * 100 / JUDGED.as_millis().max(1) as i64;
        match self.recording {
            Recording::Running { since } if since <= from && self.awake_since <= from => {
                if share >= 50 {
                    return self.recording;
                }
                let first = self.gaps(from).into_iter().map(|gap| gap.start).min();
                Recording::Stopped {
                    since: first.unwrap_or(from),
                    trouble: Trouble::Patchy,
                }
            }
            Recording::Running { .. } => self.recording,
            Recording::Stopped {
                trouble: Trouble::Patchy,
                ..
            } if share < 75 => self.recording,
            Recording::Stopped { .. } | Recording::Waiting => Recording::Running { since: now },
        }
    }

    /// Returns how much of a stretch is recorded.
    pub fn recorded_ms(&self, from: Timestamp, to: Timestamp) -> i64 {
        let within = self.spans.iter().map(|span| {
            let (start, end) = (span.start.max(from), span.end.min(to));
            (end.as_millisecond() - start.as_millisecond()).max(0)
        });
        within.sum()
    }

    /// Returns the gaps that reach beyond a moment, oldest first. What the ledger does not know is no gap.
    pub fn gaps(&self, from: Timestamp) -> Vec<Gap> {
        let between = self.spans.windows(2).filter_map(|pair| match pair {
            [before, after] => Some(Gap {
                start: before.end,
                end: Some(after.start),
            }),
            _ => None,
        });
        let lasting = match self.recording {
            Recording::Stopped {
                trouble: Trouble::Offline | Trouble::NotRecording,
                ..
            } => self.last_recorded().map(|start| Gap { start, end: None }),
            _ => None,
        };
        between
            .chain(lasting)
            .filter(|gap| gap.end.is_none_or(|end| end > from))
            .collect()
    }

    /// Tells whether the stream is to be compared with the plan now: once a day, at a time of the camera's own, so that
    /// not all streams are asked at midnight.
    pub fn is_to_be_compared(&self, now: Timestamp) -> bool {
        let tokyo = tokyo_datetime(now);
        let minute =
            u32::from(tokyo.hour().unsigned_abs()) * 60 + u32::from(tokyo.minute().unsigned_abs());
        let bytes = self.camera.as_str().bytes();
        let own = bytes.fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 1440);
        match self.compared_on {
            None => true,
            Some(on) => on < tokyo_date(now) && minute >= own,
        }
    }

    /// Notes what the comparison with the plan came to. A stream that is not there holds nothing.
    pub fn compare(&mut self, held_hours: u32, owed_hours: u32, now: Timestamp) {
        self.compared_on = Some(tokyo_date(now));
        self.shortfall = (held_hours < owed_hours).then_some(Shortfall {
            held_hours,
            owed_hours,
        });
    }
}

/// Joins spans that overlap or lie close, in any order.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start.duration_since(last.end) <= JOINED => {
                last.end = last.end.max(span.end);
            }
            _ => joined.push(span),
        }
    }
    joined
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
