//! The runs that a span of time holds, in their order.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::tokyo;
use crate::sources::schedules::{Rule, Schedule};

/// The runs of a span in order, each moment with the rules that are due in it. A frequent rule is thinned to its first run of each period, and its last of the span.
pub(super) struct Walk<'a> {
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
    pub fn new(rules: &'a [Rule], start: Timestamp, target: Timestamp) -> Self {
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
    type Item = (Timestamp, Vec<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let due = self.pending.iter().filter_map(|(due, _)| *due).min()?;
        if due > self.target {
            return None;
        }
        let mut together = Vec::new();
        for (index, (next, schedule)) in self.pending.iter_mut().enumerate() {
            if *next == Some(due) {
                *next = following(schedule, due, self.target, self.period);
                together.push(index);
            }
        }
        Some((due, together))
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
