//! The quotas of the service: how often, how much and how many at once, counted by the service's clock.
//!
//! The figures are those of the service's quotas page. It lets short bursts through without saying how long; here a caller
//! who was quiet may use five seconds' worth at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Now;
use crate::error::ApiError;

/// Whether the service refuses what is over its quotas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quotas {
    #[default]
    On,
    Off,
}

pub(crate) const MOST_STREAMS: i64 = 10_000;
const BURST_SECONDS: i64 = 5;
/// Meters that are full again are forgotten when there are more than this.
const MOST_METERS: usize = 10_000;
/// Points a second that a stream has for looking its fragments up.
const METADATA_POINTS: i64 = 10_000;
/// Points a second that a stream has for reading its fragments.
const MEDIA_POINTS: i64 = 500;

/// What a request is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Account,
    Stream(i64),
    Session(u64),
}

/// Connections that stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Connection {
    PutMedia,
    GetMedia,
    GetMediaForFragmentList,
}

impl Connection {
    fn most(self) -> u32 {
        match self {
            // A producer that renews its connection overlaps with itself once.
            Self::PutMedia => 2,
            Self::GetMedia => 3,
            Self::GetMediaForFragmentList => 5,
        }
    }

    /// What all that are open to one stream carry.
    fn bytes_per_second(self) -> f64 {
        match self {
            Self::PutMedia => 12.5e6,
            Self::GetMedia | Self::GetMediaForFragmentList => 25e6,
        }
    }
}

/// How far a quota is used: thousandths of a unit are left, as of a moment.
#[derive(Debug, Clone, Copy)]
struct Meter {
    left: i64,
    at_ms: i64,
    per_second: i64,
}

impl Meter {
    fn full(per_second: i64, at_ms: i64) -> Self {
        let left = per_second * BURST_SECONDS * 1000;
        Self {
            left,
            at_ms,
            per_second,
        }
    }

    fn refill(&mut self, now_ms: i64) {
        let elapsed_ms = now_ms.saturating_sub(self.at_ms);
        let most = self.per_second * BURST_SECONDS * 1000;
        let gained = elapsed_ms.max(0).saturating_mul(self.per_second);
        self.left = self.left.saturating_add(gained).min(most);
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Takes units, of which all must be there.
    fn take(&mut self, units: i64) -> bool {
        let wanted = units.saturating_mul(1000);
        let is_there = self.left >= wanted;
        if is_there {
            self.left -= wanted;
        }
        is_there
    }

    fn is_full(&self) -> bool {
        self.left >= self.per_second * BURST_SECONDS * 1000
    }
}

/// What all callers have used of the quotas.
pub(crate) struct Usage {
    quotas: Quotas,
    now: Now,
    meters: Mutex<HashMap<(Counted, &'static str), Meter>>,
    open: OpenConnections,
}

/// The open connections of one kind to one stream.
struct Open {
    count: u32,
    /// When what they carried would have been carried at the speed that they have.
    carried_at: Instant,
}

type OpenConnections = Arc<Mutex<HashMap<(Connection, i64), Open>>>;

/// One open connection; its place is free again when this goes.
pub(crate) struct ConnectionGuard {
    quotas: Quotas,
    open: OpenConnections,
    key: (Connection, i64),
}

impl ConnectionGuard {
    /// Waits until the connection may carry so many bytes more. Bytes flow by real time, whatever the service's clock says.
    pub(crate) async fn carry(&self, bytes: usize) {
        if self.quotas == Quotas::Off {
            return;
        }
        let (kind, _) = self.key;
        let takes = Duration::from_secs_f64(bytes as f64 / kind.bytes_per_second());
        let carried_at = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(open) = open.get_mut(&self.key) else {
                return;
            };
            open.carried_at = open.carried_at.max(full_at(Instant::now())) + takes;
            open.carried_at
        };
        sleep_until(carried_at).await;
    }
}

/// Where whoever was quiet until now stands: five seconds' worth of bytes are free.
fn full_at(now: Instant) -> Instant {
    let burst = Duration::from_secs(BURST_SECONDS.unsigned_abs());
    now.checked_sub(burst).unwrap_or(now)
}

impl Usage {
    pub(crate) fn new(quotas: Quotas, now: Now) -> Self {
        Self {
            quotas,
            now,
            meters: Mutex::default(),
            open: Arc::default(),
        }
    }

    /// Counts a request of the account's, of the kinds that the control plane has.
    pub(crate) fn of_account(&self, operation: &'static str) -> Result<(), ApiError> {
        let per_second = match operation {
            "DescribeStream" | "GetDataEndpoint" => 300,
            _ => 50,
        };
        self.count((Counted::Account, operation), per_second, 1)
    }

    /// Counts a request about one stream.
    pub(crate) fn of_stream(
        &self,
        operation: &'static str,
        stream_id: i64,
        name: &str,
    ) -> Result<(), ApiError> {
        let per_second = match operation {
            "GetHLSStreamingSessionURL" | "GetDASHStreamingSessionURL" => 25,
            // These are counted by what they read.
            "ListFragments" | "GetClip" | "GetImages" => return Ok(()),
            "PutMedia" | "GetMedia" | "GetMediaForFragmentList" => 5,
            _ => {
                self.of_account(operation)?;
                5
            }
        };
        self.count((Counted::Stream(stream_id), operation), per_second, 1)
            .map_err(|_| ApiError::client_limit_of(operation, name))
    }

    /// Counts what a player fetches in its session.
    pub(crate) fn of_session(&self, fetch: &'static str, nonce: u64) -> Result<(), ApiError> {
        let per_second = match fetch {
            "GetMP4MediaFragment" | "GetTSFragment" => 20,
            _ => 5,
        };
        self.count((Counted::Session(nonce), fetch), per_second, 1)
    }

    /// Counts points for looking fragments up.
    pub(crate) fn metadata(&self, stream_id: i64, points: i64) -> Result<(), ApiError> {
        let key = (Counted::Stream(stream_id), "fragment metadata");
        self.count(key, METADATA_POINTS, points)
    }

    /// Counts points for reading fragments, one for each.
    pub(crate) fn media(&self, stream_id: i64, fragments: usize) -> Result<(), ApiError> {
        let key = (Counted::Stream(stream_id), "fragment media");
        let points = i64::try_from(fragments).unwrap_or(i64::MAX);
        self.count(key, MEDIA_POINTS, points)
    }

    /// Refuses one stream more than an account can have.
    pub(crate) fn streams(&self, there_are: i64) -> Result<(), ApiError> {
        if self.quotas == Quotas::On && there_are >= MOST_STREAMS {
            return Err(ApiError::bad_request(
                "AccountStreamLimitExceededException",
                "The number of streams created for the account is too high.",
            ));
        }
        Ok(())
    }

    fn count(
        &self,
        key: (Counted, &'static str),
        per_second: i64,
        units: i64,
    ) -> Result<(), ApiError> {
        if self.quotas == Quotas::Off {
            return Ok(());
        }
        let now_ms = (self.now)();
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= MOST_METERS && !meters.contains_key(&key) {
            meters.retain(|_, meter| {
                meter.refill(now_ms);
                !meter.is_full()
            });
        }
        let meter = meters
            .entry(key)
            .or_insert_with(|| Meter::full(per_second, now_ms));
        meter.refill(now_ms);
        if meter.take(units) {
            return Ok(());
        }
        Err(ApiError::client_limit())
    }

    /// Opens a connection, if its stream has a place left.
    pub(crate) fn connect(
        &self,
        kind: Connection,
        stream_id: i64,
    ) -> Result<ConnectionGuard, ApiError> {
        let key = (kind, stream_id);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_stream = open.entry(key).or_insert_with(|| Open {
            count: 0,
            carried_at: full_at(Instant::now()),
        });
        if self.quotas == Quotas::On && of_stream.count >= kind.most() {
            return Err(ApiError::bad_request(
                "ConnectionLimitExceededException",
                "Kinesis Video Streams has throttled the request because you have exceeded the limit of allowed client connections.",
            ));
        }
        of_stream.count += 1;
        Ok(ConnectionGuard {
            quotas: self.quotas,
            open: Arc::clone(&self.open),
            key,
        })
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_stream) = open.get_mut(&self.key) {
            of_stream.count -= 1;
            if of_stream.count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn usage(quotas: Quotas) -> (Usage, Arc<AtomicI64>) {
        let clock = Arc::new(AtomicI64::new(1_000));
        let now = Arc::clone(&clock);
        let usage = Usage::new(quotas, Arc::new(move || now.load(Ordering::Relaxed)));
        (usage, clock)
    }

    #[test]
    fn a_third_producer_finds_no_place_until_one_ends() {
        let (usage, _) = usage(Quotas::On);
        let first = usage.connect(Connection::PutMedia, 1).unwrap();
        let _second = usage.connect(Connection::PutMedia, 1).unwrap();
        let refused = usage.connect(Connection::PutMedia, 1).err().unwrap();
        assert_eq!(refused.name, "ConnectionLimitExceededException");
        assert!(usage.connect(Connection::PutMedia, 2).is_ok());
        assert!(usage.connect(Connection::GetMedia, 1).is_ok());
        drop(first);
        assert!(usage.connect(Connection::PutMedia, 1).is_ok());
    }

    #[test]
    fn five_seconds_worth_is_there_at_once_and_comes_back_with_the_clock() {
        let (usage, clock) = usage(Quotas::On);
        let ask_at = |now_ms| {
            clock.store(now_ms, Ordering::Relaxed);
            usage.of_stream("UpdateStream", 1, "cam")
        };
        for _ in 0..25 {
            ask_at(1_000).unwrap();
        }
        let refused = ask_at(1_000).unwrap_err();
        assert_eq!(refused.name, "ClientLimitExceededException");
        assert_eq!(
            refused.message,
            "Limit exceeded on number of requests for UpdateStream API for resource 'cam'"
        );
        assert!(ask_at(1_199).is_err());
        ask_at(1_200).unwrap();
        assert!(ask_at(1_200).is_err());
        usage.of_stream("UpdateStream", 2, "other").unwrap();
        usage.of_stream("DeleteStream", 1, "cam").unwrap();
        // However long it was quiet, no more than five seconds' worth is there.
        for _ in 0..25 {
            ask_at(9_000_000).unwrap();
        }
        assert!(ask_at(9_000_000).is_err());
    }

    #[test]
    fn the_account_has_a_quota_over_all_its_streams() {
        let (usage, _) = usage(Quotas::On);
        for stream in 0..250 {
            usage.of_stream("DeleteStream", stream, "cam").unwrap();
        }
        let refused = usage.of_account("DeleteStream").unwrap_err();
        assert_eq!(refused, ApiError::client_limit());
    }

    #[test]
    fn nothing_is_refused_where_quotas_are_off() {
        let (usage, _) = usage(Quotas::Off);
        for _ in 0..1_000 {
            usage.of_stream("UpdateStream", 1, "cam").unwrap();
            usage.metadata(1, 5_000).unwrap();
        }
        usage.streams(MOST_STREAMS).unwrap();
        let open: Vec<_> = (0..9)
            .map(|_| usage.connect(Connection::GetMedia, 1))
            .collect();
        assert!(open.iter().all(Result::is_ok));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_over_the_quota_wait_for_their_turn() {
        let (usage, _) = usage(Quotas::On);
        let (one, other) = (
            usage.connect(Connection::PutMedia, 1).unwrap(),
            usage.connect(Connection::PutMedia, 1).unwrap(),
        );
        let began = Instant::now();
        one.carry(62_500_000).await;
        assert_eq!(began.elapsed(), Duration::ZERO, "five seconds' worth");
        // Both carry what one alone would.
        futures::join!(one.carry(6_250_000), other.carry(6_250_000));
        assert_eq!(began.elapsed().as_millis(), 1_000);
        let elsewhere = usage.connect(Connection::GetMedia, 1).unwrap();
        elsewhere.carry(25_000_000).await;
        assert_eq!(began.elapsed().as_millis(), 1_000);
        let (unbounded, _) = self::usage(Quotas::Off);
        unbounded
            .connect(Connection::PutMedia, 1)
            .unwrap()
            .carry(1 << 40)
            .await;
        assert_eq!(began.elapsed().as_millis(), 1_000);
    }

    #[test]
    fn meters_that_are_full_again_are_forgotten() {
        let (usage, clock) = usage(Quotas::On);
        for nonce in 0..MOST_METERS as u64 {
            usage.of_session("GetTSFragment", nonce).unwrap();
        }
        clock.fetch_add(1_000, Ordering::Relaxed);
        usage.of_session("GetTSFragment", u64::MAX).unwrap();
        assert_eq!(usage.meters.lock().unwrap().len(), 1);
    }
}
