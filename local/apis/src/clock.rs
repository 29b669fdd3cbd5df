//! The service clock: a stored offset to real time that a restart never makes smaller.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const FILE_NAME: &str = "clock.json";

/// Where the real time comes from; tests give their own.
pub type RealTime = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why a move of the clock is refused.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    #[error("the service clock stands at {now} and does not go back to {wanted}")]
    Backwards { now: Timestamp, wanted: Timestamp },
    #[error("the service clock cannot be stored: {0}")]
    Store(#[from] io::Error),
}

/// The time of the service. Clones share one clock.
#[derive(Clone)]
pub struct ServiceClock {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    offset_ms: AtomicI64,
    moving: Mutex<()>,
    real_time: RealTime,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    offset_ms: i64,
}

/// Reads the offset that is kept; `None` before the clock was first opened.
fn stored(path: &Path) -> io::Result<Option<i64>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice::<Stored>(&bytes)?.offset_ms)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A fresh clock's offset: it starts at `start`, or at real time.
fn offset_to(start: Option<Timestamp>, real_now: Timestamp) -> i64 {
    start.map_or(0, |start| {
        start.as_millisecond() - real_now.as_millisecond()
    })
}

impl ServiceClock {
    /// Opens the clock kept in `dir`. A fresh clock starts at `start`, or at real time; a stored one goes on and ignores `start`.
    pub fn open(dir: &Path, start: Option<Timestamp>) -> Result<Self, ClockError> {
        Self::open_on(dir, start, Arc::new(Timestamp::now))
    }

    /// Tells what the clock of `dir` would say once it is open, and stores nothing.
    pub fn peek(dir: &Path, start: Option<Timestamp>) -> Result<Timestamp, ClockError> {
        let real_now = Timestamp::now();
        let offset_ms = stored(&dir.join(FILE_NAME))?;
        let offset_ms = offset_ms.unwrap_or_else(|| offset_to(start, real_now));
        let now = real_now.saturating_add(SignedDuration::from_millis(offset_ms));
        Ok(now.unwrap_or(Timestamp::MAX))
    }

    /// Opens the clock on another source of real time, so that tests need not wait.
    pub fn open_on(
        dir: &Path,
        start: Option<Timestamp>,
        real_time: RealTime,
    ) -> Result<Self, ClockError> {
        fs::create_dir_all(dir)?;
        let path = dir.join(FILE_NAME);
        let offset_ms = match stored(&path)? {
            Some(offset_ms) => offset_ms,
            None => {
                let offset_ms = offset_to(start, real_time());
                store(&path, offset_ms)?;
                offset_ms
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                offset_ms: AtomicI64::new(offset_ms),
                moving: Mutex::new(()),
                real_time,
            }),
        })
    }

    /// The service's time, which every decision and stamp of the service follows.
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.inner.offset_ms.load(Ordering::Acquire));
        self.real_now()
            .saturating_add(offset)
            .unwrap_or(Timestamp::MAX)
    }

    /// The service's time in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Real time, on which signatures, tokens, TLS and visibility timeouts run.
    pub fn real_now(&self) -> Timestamp {
        (self.inner.real_time)()
    }

    /// Real time in milliseconds since 1970.
    pub fn real_now_ms(&self) -> i64 {
        self.real_now().as_millisecond()
    }

    /// Moves the clock ahead to `wanted` and stores the move before it is seen. The end of the process does not take it back; a
    /// cut of power may, as it may take back what the stores wrote, until `keep` returned.
    pub fn advance_to(&self, wanted: Timestamp) -> Result<(), ClockError> {
        let _one_at_a_time = self
            .inner
            .moving
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let now = self.now();
        if wanted < now {
            return Err(ClockError::Backwards { now, wanted });
        }
        let ahead_ms = wanted.as_millisecond() - now.as_millisecond();
        let offset_ms = self.inner.offset_ms.load(Ordering::Acquire) + ahead_ms;
        store(&self.inner.path, offset_ms)?;
        self.inner.offset_ms.store(offset_ms, Ordering::Release);
        Ok(())
    }

    /// Makes sure that a cut of power takes no move back that was made before.
    pub fn keep(&self) -> Result<(), ClockError> {
        File::open(&self.inner.path)?.sync_all()?;
        let folder = self.inner.path.parent().unwrap_or(Path::new("."));
        Ok(File::open(folder)?.sync_all()?)
    }
}

/// Replaces the file as a whole, so that what reads it finds the old offset or the new one.
fn store(path: &Path, offset_ms: i64) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    fs::write(&beside, serde_json::to_vec(&Stored { offset_ms })?)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fixed(at: &str) -> RealTime {
        let at: Timestamp = at.parse().unwrap();
        Arc::new(move || at)
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_fresh_clock_may_start_before_real_time() {
        let dir = tempfile::tempdir().unwrap();
        let start = time("2026-04-01T00:00:00Z");
        let clock =
            ServiceClock::open_on(dir.path(), Some(start), fixed("2026-11-22T00:00:00Z")).unwrap();
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_clock_is_looked_at_without_being_kept() {
        let dir = tempfile::tempdir().unwrap();
        let start = time("2026-04-01T00:00:00Z");
        let seen = ServiceClock::peek(dir.path(), Some(start)).unwrap();
        assert!(seen.duration_since(start).abs() < SignedDuration::from_secs(1));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let clock = ServiceClock::open(dir.path(), Some(start)).unwrap();
        clock.advance_to(time("2026-05-01T00:00:00Z")).unwrap();
        let seen = ServiceClock::peek(dir.path(), Some(start)).unwrap();
        assert!(seen >= time("2026-05-01T00:00:00Z"));
    }

    #[test]
    fn a_restart_keeps_the_offset_and_ignores_another_start() {
        let dir = tempfile::tempdir().unwrap();
        let real = fixed("2026-11-22T00:00:00Z");
        let clock = ServiceClock::open_on(dir.path(), None, real.clone()).unwrap();
        clock.advance_to(time("2027-11-22T00:00:00Z")).unwrap();
        clock.keep().unwrap();
        drop(clock);
        let start = Some(time("2026-01-01T00:00:00Z"));
        let again = ServiceClock::open_on(dir.path(), start, real).unwrap();
        assert_eq!(again.now(), time("2027-11-22T00:00:00Z"));
    }

    #[test]
    fn the_clock_does_not_go_back() {
        let dir = tempfile::tempdir().unwrap();
        let clock = ServiceClock::open_on(dir.path(), None, fixed("2026-11-22T00:00:00Z")).unwrap();
        let refused = clock.advance_to(time("2026-11-21T23:59:59Z"));
        assert!(matches!(refused, Err(ClockError::Backwards { .. })));
        assert_eq!(clock.now(), time("2026-11-22T00:00:00Z"));
    }

    #[test]
    fn a_damaged_clock_file_is_an_error_and_not_a_new_clock() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), b"{").unwrap();
        assert!(ServiceClock::open(dir.path(), None).is_err());
    }
}
