//! How far the service's clock is ahead, as the `Date` headers of its answers narrow it; no IO.

use std::collections::VecDeque;

/// A `Date` header counts whole seconds.
const DATE_STEP_MS: i64 = 1_000;
/// Readings that are kept; older ones would hide that the clocks drift.
const READINGS: usize = 6;

/// One answer of the service with its `Date`, in epoch milliseconds; the other two are of the own clock.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub asked_at_ms: i64,
    pub answered_at_ms: i64,
    pub date_ms: i64,
}

/// The earliest and the latest offset that agree with a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    least: i64,
    most: i64,
}

/// The difference of two clocks, as several readings narrow it.
#[derive(Debug, Default)]
pub struct OffsetEstimate {
    spans: VecDeque<Span>,
    chosen_ms: i64,
}

impl OffsetEstimate {
    /// Takes a reading and returns the offset to add to the own clock; it stays as it is while it can.
    pub fn learn(&mut self, reading: Reading) -> i64 {
        let span = Span {
            least: reading.date_ms - reading.answered_at_ms,
            most: reading.date_ms + DATE_STEP_MS - reading.asked_at_ms,
        };
        self.spans.push_back(span);
        if self.spans.len() > READINGS {
            self.spans.pop_front();
        }
        let common = self.common().unwrap_or_else(|| {
            self.spans.clear();
            self.spans.push_back(span);
            span
        });
        if common.least <= 0 && 0 <= common.most {
            self.chosen_ms = 0;
        } else if self.chosen_ms < common.least || common.most < self.chosen_ms {
            self.chosen_ms = common.least + (common.most - common.least) / 2;
        }
        self.chosen_ms
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn common(&self) -> Option<Span> {
        let least = self.spans.iter().map(|span| span.least).max()?;
        let most = self.spans.iter().map(|span| span.most).min()?;
        (least <= most).then_some(Span { least, most })
    }
}

/// The service answers after 20 ms; its clock is `offset_ms` ahead and its `Date` has whole seconds.
#[cfg(test)]
pub(super) fn reading(own_ms: i64, offset_ms: i64) -> Reading {
    let service_ms = own_ms + 10 + offset_ms;
    Reading {
        asked_at_ms: own_ms,
        answered_at_ms: own_ms + 20,
        date_ms: service_ms - service_ms.rem_euclid(1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_agree_have_no_offset() {
        let mut estimate = OffsetEstimate::default();
        for own_ms in (0..60_000).step_by(777) {
            assert_eq!(estimate.learn(reading(own_ms, 0)), 0);
        }
    }

    #[test]
    fn a_jump_is_known_after_one_reading_to_a_second() {
        let mut estimate = OffsetEstimate::default();
        estimate.learn(reading(0, 0));
        let year_ms = 31_536_000_000;
        let offset_ms = estimate.learn(reading(3_100, year_ms));
        assert!((offset_ms - year_ms).abs() <= 1_000, "{offset_ms}");
    }

    #[test]
    fn several_readings_narrow_the_offset() {
        let mut estimate = OffsetEstimate::default();
        let mut offset_ms = 0;
        for turn in 0..6 {
            offset_ms = estimate.learn(reading(turn * 3_170, 86_400_321));
        }
        assert!((offset_ms - 86_400_321).abs() <= 200, "{offset_ms}");
    }

    #[test]
    fn the_offset_stays_as_it_is_while_it_can() {
        let mut estimate = OffsetEstimate::default();
        let first = estimate.learn(reading(0, 7_000_000));
        assert_eq!(estimate.learn(reading(5_000, 7_000_000)), first);
    }
}
