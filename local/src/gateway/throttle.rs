//! The gateway's token bucket: a steady rate with a burst above it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::template::model::Throttle;

pub struct Bucket {
    limit: Throttle,
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    pub fn new(limit: Throttle, now: Instant) -> Self {
        Self {
            level: Mutex::new((limit.burst, now)),
            limit,
        }
    }

    /// Takes one token; false when none is left.
    pub fn take(&self, now: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, since) = *level;
        let gained =
            now.saturating_duration_since(since).as_secs_f64() * self.limit.requests_per_second;
        let tokens = (tokens + gained).min(self.limit.burst);
        let enough = tokens >= 1.0;
        *level = (if enough { tokens - 1.0 } else { tokens }, now);
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_is_served_and_then_the_steady_rate() {
        let start = Instant::now();
        let limit = Throttle {
            requests_per_second: 2.0,
            burst: 3.0,
        };
        let bucket = Bucket::new(limit, start);
        let taken = (0..5).filter(|_| bucket.take(start)).count();
        assert_eq!(taken, 3);
        let second_later = start + Duration::from_secs(1);
        let taken = (0..5).filter(|_| bucket.take(second_later)).count();
        assert_eq!(taken, 2);
        let hour_later = start + Duration::from_secs(3600);
        let taken = (0..5).filter(|_| bucket.take(hour_later)).count();
        assert_eq!(taken, 3);
    }
}
