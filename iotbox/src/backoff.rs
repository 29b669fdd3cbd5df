//! How long to wait before the next attempt: twice as long each time, never over 10 s, so that a line that is back
//! is used soon, and never two devices in step.

use std::time::Duration;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 10_000;
/// The first failures in a row are told, until the wait is the longest, and then one in so many: about every eight minutes.
const TOLD_FIRST: u32 = 6;
const TOLD_ONE_IN: u32 = 60;

/// Counts the attempts that failed in a row.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and returns how long to wait; `chance` is any random number.
    pub fn failed(&mut self, chance: u32) -> Duration {
        let longest = FIRST_MS
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        let jitter = u64::from(chance) * (longest / 2) / u64::from(u32::MAX);
        Duration::from_millis(longest / 2 + jitter)
    }

    /// Whether the last failure belongs into the log: one that lasts for days must not fill it. What it is stands on the status page
    /// and in the status line all the time.
    pub fn is_told(&self) -> bool {
        self.failures <= TOLD_FIRST || self.failures.is_multiple_of(TOLD_ONE_IN)
    }

    /// Forgets the failures, because something went well.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// A random number; where the system gives none, attempts lose their jitter and nothing else.
pub fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_at_most_twice_the_last_and_never_over_ten_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9)
            .map(|_| backoff.failed(u32::MAX).as_millis())
            .collect();
        assert_eq!(
            waits,
            [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000]
        );
    }

    #[test]
    fn a_failure_that_lasts_is_told_now_and_then() {
        let mut backoff = Backoff::default();
        let mut told = || {
            backoff.failed(0);
            backoff.is_told()
        };
        let told: Vec<usize> = (1..=130).filter(|_| told()).collect();
        assert_eq!(told, [1, 2, 3, 4, 5, 6, 60, 120]);
        let mut backoff = Backoff { failures: 30 };
        backoff.succeeded();
        backoff.failed(0);
        assert!(backoff.is_told(), "the first of another row");
    }

    #[test]
    fn jitter_takes_away_at_most_half() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed(0).as_millis(), 250);
        assert_eq!(backoff.failed(0).as_millis(), 500);
    }

    #[test]
    fn a_success_begins_anew() {
        let mut backoff = Backoff::default();
        for _ in 0..100 {
            backoff.failed(7);
        }
        backoff.succeeded();
        assert_eq!(backoff.failed(u32::MAX).as_millis(), 500);
    }
}
