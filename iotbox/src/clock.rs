//! The service clock as this device knows it: its own clock, moved by what `Date` headers teach where that is allowed.

mod offset;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::offset::OffsetEstimate;
pub use self::offset::Reading;

/// Without permission to follow, a clock that is further off refuses to stamp pictures.
pub const TOLERATED_MS: i64 = 5_000;

/// What this device does when the service's clock is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockPolicy {
    /// Pictures are stamped by the service's clock.
    FollowService,
    /// Pictures are stamped by the own clock, or not sent at all.
    OwnClock,
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

/// How far a clock is ahead of the time for which this machine has been running, which nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    pub boot: Boot,
    pub ms: i64,
}

/// Names one start of this machine; the time for which it has been running begins anew with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boot(pub u128);

impl Boot {
    /// The start of this machine. Where the kernel does not name it, it is like no other, not even itself.
    pub fn current() -> Self {
        let named = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits = named.trim().replace('-', "");
        let random = || {
            let mut bytes = [0; 16];
            let _ = getrandom::fill(&mut bytes);
            u128::from_le_bytes(bytes)
        };
        Self(u128::from_str_radix(&digits, 16).unwrap_or_else(|_| random()))
    }
}

/// By which clock a call is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedBy {
    OwnClock,
    ServiceClock,
}

/// The clock of this machine, in epoch milliseconds.
pub type OwnClock = Box<dyn Fn() -> i64 + Send + Sync>;

/// The clock that stamps pictures; shared by the camera and the sender.
pub struct ServiceClock {
    policy: ClockPolicy,
    own: OwnClock,
    /// A clock that nobody sets; absent where the own one is such a clock.
    running: Option<OwnClock>,
    boot: Boot,
    offset_ms: AtomicI64,
    signs_by_service: AtomicBool,
    /// What the last answer said of the right time.
    compared: std::sync::Mutex<Option<Ahead>>,
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
        let own: OwnClock = match policy {
            ClockPolicy::OwnClock => Box::new(system_now_ms),
            ClockPolicy::FollowService => steady(system_now_ms, running_ms),
        };
        Self::over_both(own, Box::new(running_ms), policy)
    }

    /// A clock over another than the machine's own, one that nobody sets.
    pub fn over(own: OwnClock, policy: ClockPolicy) -> Self {
        Self::over_any(own, None, policy)
    }

    /// A clock over one that may be set, beside one that nobody sets.
    pub fn over_both(own: OwnClock, running: OwnClock, policy: ClockPolicy) -> Self {
        Self::over_any(own, Some(running), policy)
    }

    fn over_any(own: OwnClock, running: Option<OwnClock>, policy: ClockPolicy) -> Self {
        Self {
            policy,
            own,
            running,
            boot: Boot::current(),
            offset_ms: AtomicI64::new(0),
            signs_by_service: AtomicBool::new(false),
            compared: std::sync::Mutex::default(),
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

    /// What the clock that stamps now is, if no answer of the service has said that it is right: none has come yet, or the
    /// machine's clock was set since.
    pub fn uncompared(&self) -> Option<Ahead> {
        let ms = self.own_ahead_ms();
        let known = match (self.compared(), self.policy) {
            (None, _) => false,
            (Some(_), ClockPolicy::FollowService) => true,
            (Some(right), ClockPolicy::OwnClock) => (right.ms - ms).abs() <= TOLERATED_MS,
        };
        let boot = self.boot;
        (!known).then_some(Ahead { boot, ms })
    }

    /// What the last answer said of the right time; `None` before the first.
    pub fn compared(&self) -> Option<Ahead> {
        self.compared.lock().ok().and_then(|compared| *compared)
    }

    /// By which clock the next call is signed.
    pub fn signs_by(&self) -> SignedBy {
        match self.signs_by_service.load(Ordering::Relaxed) {
            true => SignedBy::ServiceClock,
            false => SignedBy::OwnClock,
        }
    }

    /// Takes the other clock for the next signature, where both are not the same: which of them a service judges
    /// signatures by is known only by what it refuses.
    pub fn signature_refused(&self, signed_by: SignedBy) {
        let off_ms = |right: Ahead| (right.ms - self.own_ahead_ms()).abs();
        let differ = self.compared().map(off_ms).unwrap_or(0) > TOLERATED_MS;
        let by_service = differ && signed_by == SignedBy::OwnClock;
        self.signs_by_service.store(by_service, Ordering::Relaxed);
    }

    /// The time by which calls are signed and keys end.
    pub fn signing_time(&self, signed_by: SignedBy) -> SystemTime {
        let own_ms = self.own_now_ms();
        let now_ms = match (signed_by, self.compared()) {
            (SignedBy::ServiceClock, Some(right)) => own_ms - self.own_ahead_ms() + right.ms,
            _ => own_ms,
        };
        UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or(0))
    }

    fn own_ahead_ms(&self) -> i64 {
        let running = self.running.as_ref();
        running.map_or(0, |running| self.own_now_ms() - running())
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
            Ok(mut estimate) => (estimate.is_empty(), estimate.learn(reading)),
            Err(_) => (false, before_ms),
        };
        let agrees = self.policy == ClockPolicy::OwnClock && offset_ms.abs() <= TOLERATED_MS;
        if let Ok(mut compared) = self.compared.lock() {
            *compared = Some(Ahead {
                boot: self.boot,
                ms: self.own_ahead_ms() + if agrees { 0 } else { offset_ms },
            });
        }
        match self.policy {
            ClockPolicy::OwnClock if !agrees => Verdict::Refused { by_ms: offset_ms },
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
    use super::offset::reading;
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
    fn a_clock_is_uncompared_until_the_first_answer_and_again_once_it_was_set() {
        let (own_ms, running) = (Arc::new(AtomicI64::new(9_000_000)), 100);
        let shown = own_ms.clone();
        let own = Box::new(move || shown.load(Ordering::Relaxed));
        let clock = ServiceClock::over_both(own, Box::new(move || running), ClockPolicy::OwnClock);
        let hour_ms = 3_600_000;
        let before = clock.uncompared().unwrap();
        assert_eq!((before.boot, before.ms), (Boot::current(), 8_999_900));
        own_ms.fetch_add(hour_ms, Ordering::Relaxed);
        clock.learn(reading(9_000_000 + hour_ms, 0));
        assert_eq!(clock.uncompared(), None);
        assert_eq!(clock.compared().unwrap().ms - before.ms, hour_ms);
        own_ms.fetch_sub(hour_ms, Ordering::Relaxed);
        assert_eq!(clock.uncompared(), Some(before));
    }

    #[test]
    fn what_a_refused_clock_learns_is_the_right_time() {
        let clock = ServiceClock::over(Box::new(|| 5_000), ClockPolicy::OwnClock);
        clock.learn(reading(5_000, 3_600_000));
        let off_ms = clock.compared().unwrap().ms - clock.uncompared().unwrap().ms;
        assert!((off_ms - 3_600_000).abs() <= 1_000, "{off_ms}");
    }

    #[test]
    fn the_clock_that_signs_is_the_other_one_after_a_refusal_if_both_differ() {
        let clock = ServiceClock::over(Box::new(|| 5_000), ClockPolicy::OwnClock);
        clock.signature_refused(SignedBy::OwnClock);
        assert_eq!(clock.signs_by(), SignedBy::OwnClock, "nothing was learnt");
        clock.learn(reading(5_000, 3_600_000));
        assert_eq!(clock.signs_by(), SignedBy::OwnClock);
        clock.signature_refused(SignedBy::OwnClock);
        assert_eq!(clock.signs_by(), SignedBy::ServiceClock);
        let signed_at = clock.signing_time(clock.signs_by());
        let since = signed_at.duration_since(UNIX_EPOCH).unwrap();
        assert!(since.as_millis().abs_diff(3_605_000) <= 1_000, "{since:?}");
        clock.signature_refused(SignedBy::ServiceClock);
        assert_eq!(clock.signs_by(), SignedBy::OwnClock);
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
