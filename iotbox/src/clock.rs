//! The service clock as this device knows it: its own clock, moved by what `Date` headers teach where that is allowed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Without permission to follow, a clock that is further off refuses to stamp pictures.
pub const TOLERATED_MS: i64 = 5_000;
/// A `Date` header counts whole seconds.
const DATE_STEP_MS: i64 = 1_000;
/// Readings that are kept; older ones would hide that the clocks drift.
const READINGS: usize = 6;

/// What this device does when the service's clock is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockPolicy {
    /// Pictures are stamped by the service's clock.
    FollowService,
    /// Pictures are stamped by the own clock, or not sent at all.
    OwnClock,
}

/// One answer of the service with its `Date`, in epoch milliseconds; the other two are of the own clock.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub asked_at_ms: i64,
    pub answered_at_ms: i64,
    pub date_ms: i64,
}

/// What a reading means for sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Agrees,
    /// The service clock is this far ahead (or behind, if negative) and is followed from now on.
    Moved {
        by_ms: i64,
    },
    /// The service clock is this far ahead, and following it is not allowed.
    Refused {
        by_ms: i64,
    },
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

    fn common(&self) -> Option<Span> {
        let least = self.spans.iter().map(|span| span.least).max()?;
        let most = self.spans.iter().map(|span| span.most).min()?;
        (least <= most).then_some(Span { least, most })
    }
}

/// The clock of this machine, in epoch milliseconds.
pub type OwnClock = Box<dyn Fn() -> i64 + Send + Sync>;

/// The clock that stamps pictures; shared by the camera and the sender.
pub struct ServiceClock {
    policy: ClockPolicy,
    own: OwnClock,
    offset_ms: AtomicI64,
    /// How far the service's clock is ahead while that is refused; 0 while it is not.
    refused_ms: AtomicI64,
    /// The last answer moved the followed clock by more than is tolerated, so it may be moving still.
    jumping: AtomicBool,
    estimate: std::sync::Mutex<OffsetEstimate>,
}

impl ServiceClock {
    /// A clock over the machine's own. One that follows the service's reads the machine's once and then lets time pass, so
    /// that a step of the machine's clock (as time servers make it soon after the start) moves no picture.
    pub fn new(policy: ClockPolicy) -> Self {
        match policy {
            ClockPolicy::OwnClock => Self::over(Box::new(system_now_ms), policy),
            ClockPolicy::FollowService => Self::over(steady(system_now_ms, running_ms), policy),
        }
    }

    /// A clock over another than the machine's own.
    pub fn over(own: OwnClock, policy: ClockPolicy) -> Self {
        Self {
            policy,
            own,
            offset_ms: AtomicI64::new(0),
            refused_ms: AtomicI64::new(0),
            jumping: AtomicBool::new(false),
            estimate: std::sync::Mutex::default(),
        }
    }

    pub fn policy(&self) -> ClockPolicy {
        self.policy
    }

    /// Epoch milliseconds by the clock of this machine.
    pub fn own_now_ms(&self) -> i64 {
        (self.own)()
    }

    /// Epoch milliseconds by the service's clock.
    pub fn now_ms(&self) -> u64 {
        let now = self
            .own_now_ms()
            .saturating_add(self.offset_ms.load(Ordering::Relaxed));
        u64::try_from(now).unwrap_or(0)
    }

    /// How far the service's clock is ahead (or behind, if negative), while the last answer was refused for it.
    pub fn refused(&self) -> Option<i64> {
        Some(self.refused_ms.load(Ordering::Relaxed)).filter(|&by_ms| by_ms != 0)
    }

    /// Whether the last answer moved the clock that is followed by more than is tolerated; the next one may show that it stands.
    pub fn is_jumping(&self) -> bool {
        self.jumping.load(Ordering::Relaxed)
    }

    /// Whether a picture of this moment can be stamped with its true time.
    pub fn may_stamp(&self) -> bool {
        self.refused().is_none() && !self.is_jumping()
    }

    /// Compares with an answer of the service.
    pub fn learn(&self, reading: Reading) -> Verdict {
        let verdict = self.judge(reading);
        let refused_ms = match verdict {
            Verdict::Refused { by_ms } => by_ms,
            Verdict::Agrees | Verdict::Moved { .. } => 0,
        };
        self.refused_ms.store(refused_ms, Ordering::Relaxed);
        verdict
    }

    fn judge(&self, reading: Reading) -> Verdict {
        let before_ms = self.offset_ms.load(Ordering::Relaxed);
        let (is_first, offset_ms) = match self.estimate.lock() {
            Ok(mut estimate) => (estimate.spans.is_empty(), estimate.learn(reading)),
            Err(_) => (false, before_ms),
        };
        match self.policy {
            ClockPolicy::OwnClock if offset_ms.abs() > TOLERATED_MS => {
                Verdict::Refused { by_ms: offset_ms }
            }
            ClockPolicy::OwnClock => Verdict::Agrees,
            ClockPolicy::FollowService => {
                self.offset_ms.store(offset_ms, Ordering::Relaxed);
                let by_ms = offset_ms - before_ms;
                let jumping = !is_first && by_ms.abs() > TOLERATED_MS;
                self.jumping.store(jumping, Ordering::Relaxed);
                match by_ms {
                    0 => Verdict::Agrees,
                    by_ms => Verdict::Moved { by_ms },
                }
            }
        }
    }
}

fn system_now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since this machine started, those of its sleep too; nobody sets them.
fn running_ms() -> i64 {
    let running = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
    let running = running.map(Duration::from).unwrap_or_default();
    i64::try_from(running.as_millis()).unwrap_or(i64::MAX)
}

/// What a clock showed at first, and what has passed since by one that only runs on.
fn steady(clock: impl Fn() -> i64, running: impl Fn() -> i64 + Send + Sync + 'static) -> OwnClock {
    let ahead_ms = clock() - running();
    Box::new(move || running() + ahead_ms)
}

/// Reads a `Date` header; epoch milliseconds.
pub fn parse_date(header: &str) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::parse(header).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// Says how far a clock is off, in words.
pub fn in_words(by_ms: i64) -> String {
    let seconds = by_ms.unsigned_abs() / 1000;
    let amount = match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("{amount} {}", if by_ms < 0 { "behind" } else { "ahead" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::cell::Cell;
    use std::sync::Arc;

    #[test]
    fn a_step_of_the_machines_clock_does_not_move_one_that_is_followed() {
        let (machine_ms, running) = (Cell::new(9_000_000), Arc::new(AtomicI64::new(100)));
        let passed = running.clone();
        let clock = steady(|| machine_ms.get(), move || passed.load(Ordering::Relaxed));
        assert_eq!(clock(), 9_000_000);
        machine_ms.set(0);
        running.store(350, Ordering::Relaxed);
        assert_eq!(clock(), 9_000_250);
    }

    #[test]
    fn a_followed_clock_begins_with_the_machines_time() {
        let before_ms = system_now_ms();
        let shown_ms = ServiceClock::new(ClockPolicy::FollowService).now_ms();
        let tolerated = before_ms - 2..=system_now_ms() + 2;
        assert!(tolerated.contains(&i64::try_from(shown_ms).unwrap()));
    }

    /// The service answers after 20 ms; its clock is `offset_ms` ahead and its `Date` has whole seconds.
    fn reading(own_ms: i64, offset_ms: i64) -> Reading {
        let service_ms = own_ms + 10 + offset_ms;
        Reading {
            asked_at_ms: own_ms,
            answered_at_ms: own_ms + 20,
            date_ms: service_ms - service_ms.rem_euclid(1000),
        }
    }

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

    #[test]
    fn a_follower_moves_its_clock() {
        let clock = ServiceClock::over(Box::new(|| 5_000), ClockPolicy::FollowService);
        assert_eq!(clock.now_ms(), 5_000);
        let verdict = clock.learn(reading(5_000, 86_400_000));
        assert!(matches!(verdict, Verdict::Moved { by_ms } if by_ms > 86_000_000));
        assert!(clock.now_ms().abs_diff(86_405_000) <= 1_000);
    }

    #[test]
    fn a_clock_that_moves_on_and_on_stamps_nothing_until_it_stands() {
        let clock = ServiceClock::over(Box::new(|| 0), ClockPolicy::FollowService);
        let check = |own_ms, offset_ms| {
            clock.learn(reading(own_ms, offset_ms));
            clock.may_stamp()
        };
        assert!(clock.may_stamp(), "nothing speaks against the own clock");
        assert!(check(0, 86_400_000), "the first answer is no jump");
        assert!(!check(3_000, 2 * 86_400_000));
        assert!(!check(6_000, 3 * 86_400_000));
        assert!(check(6_500, 3 * 86_400_000));
        assert!(check(9_500, 3 * 86_400_000 + 4_000), "a drift is no jump");
        assert!(!check(12_500, 0));
    }

    #[test]
    fn a_clock_that_is_refused_stamps_nothing() {
        let clock = ServiceClock::over(Box::new(|| 0), ClockPolicy::OwnClock);
        clock.learn(reading(0, 9_000));
        assert!(!clock.may_stamp());
        clock.learn(reading(0, 0));
        assert!(clock.may_stamp());
    }

    #[test]
    fn a_clock_that_may_not_follow_refuses_beyond_five_seconds() {
        let clock = ServiceClock::new(ClockPolicy::OwnClock);
        assert_eq!(clock.learn(reading(0, 4_000)), Verdict::Agrees);
        assert_eq!(clock.refused(), None);
        let verdict = clock.learn(reading(5_000, 9_000));
        assert!(matches!(verdict, Verdict::Refused { .. }));
        let verdict = clock.learn(reading(5_000, -9_000));
        assert!(matches!(verdict, Verdict::Refused { by_ms } if clock.refused() == Some(by_ms)));
        assert_eq!(clock.learn(reading(9_000, 0)), Verdict::Agrees);
        assert_eq!(clock.refused(), None);
    }

    #[test]
    fn date_headers_are_read_and_others_are_not() {
        let date = parse_date("Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(date, Some(1_795_341_600_000));
        assert_eq!(parse_date("yesterday"), None);
        assert_eq!(parse_date(""), None);
    }

    #[test]
    fn distances_are_told_in_words() {
        assert_eq!(in_words(7_400), "7 s ahead");
        assert_eq!(in_words(-600_000), "10 min behind");
        assert_eq!(in_words(31_536_000_000), "365 days ahead");
    }
}
