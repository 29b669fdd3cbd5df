//! A box whose clock is off: what it recorded before it could know is sent with its true time, and what it says of it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use ciero_media::matroska::Track;
use iotbox::clock::{ClockPolicy, ServiceClock};
use iotbox::source::{KeyWish, Picture, Source, SourceError};
use support::sending::{Sending, Setting, patient};
use support::{FakeService, Judge, Script, Seen};

const HOUR_MS: i64 = 3_600_000;
const PICTURES: u64 = 20;

/// A box whose seconds pass only as it takes pictures, and as they do everywhere once it has them all.
struct TestBox {
    began_ms: i64,
    recorded: Arc<OnceLock<Instant>>,
    passed_s: Arc<AtomicI64>,
    /// How far its clock is ahead.
    off_ms: Arc<AtomicI64>,
}

impl TestBox {
    fn an_hour_behind() -> Self {
        Self {
            began_ms: jiff::Timestamp::now().as_millisecond(),
            recorded: Arc::default(),
            passed_s: Arc::default(),
            off_ms: Arc::new(AtomicI64::new(-HOUR_MS)),
        }
    }

    fn clock(&self, policy: ClockPolicy) -> ServiceClock {
        let (began_ms, off_ms) = (self.began_ms, self.off_ms.clone());
        let (passed_s, recorded) = (self.passed_s.clone(), self.recorded.clone());
        let running = move || {
            let since = recorded.get().map_or(Duration::ZERO, Instant::elapsed);
            passed_s.load(Ordering::Relaxed) * 1_000 + since.as_millis() as i64
        };
        let passed_ms = running.clone();
        let own = move || began_ms + passed_ms() + off_ms.load(Ordering::Relaxed);
        match policy {
            ClockPolicy::OwnClock => {
                ServiceClock::over_both(Box::new(own), Box::new(running), policy)
            }
            // Whoever follows reads a clock that is not set any more.
            ClockPolicy::FollowService => ServiceClock::over(Box::new(own), policy),
        }
    }

    fn true_times(&self) -> Vec<u64> {
        let second = |number| self.began_ms as u64 + number * 1_000;
        (0..PICTURES).map(second).collect()
    }

    /// Records while nothing else happens; the clock is set right after this many pictures.
    async fn records(&self, sending: &Sending, set_after: u64) {
        let (stop, stopped) = std::sync::mpsc::channel();
        let camera = FastCamera {
            track: Track::avc(1, 1280, 720, vec![1]),
            of_run: 0,
            taken: 0,
            set_after,
            passed_s: self.passed_s.clone(),
            off_ms: self.off_ms.clone(),
            stop: Some(stop),
        };
        sending.records(Box::new(camera), stopped).await;
    }
}

struct FastCamera {
    track: Track,
    of_run: u64,
    taken: u64,
    set_after: u64,
    passed_s: Arc<AtomicI64>,
    off_ms: Arc<AtomicI64>,
    stop: Option<std::sync::mpsc::Sender<()>>,
}

impl Source for FastCamera {
    fn track(&self) -> &Track {
        &self.track
    }
    fn next_due_ms(&mut self) -> Result<u64, SourceError> {
        if self.taken == PICTURES {
            self.stop = None;
            return Ok((self.of_run + 1) * 1_000);
        }
        Ok(self.of_run * 1_000)
    }
    fn next(&mut self, _: u64, _: KeyWish) -> Result<Picture, SourceError> {
        let at_ms = self.of_run * 1_000;
        self.of_run += 1;
        self.taken += 1;
        self.passed_s.fetch_add(1, Ordering::Relaxed);
        if self.taken == self.set_after {
            self.off_ms.store(0, Ordering::Relaxed);
        }
        Ok(Picture {
            at_ms,
            key: true,
            data: vec![0, 0, 0, 1, 0x65],
        })
    }
    fn restart(&mut self) -> Result<(), SourceError> {
        self.of_run = 0;
        Ok(())
    }
}

/// Records while the line is down, and returns the service when the line is back.
async fn recorded(policy: ClockPolicy, set_after: u64) -> (FakeService, Sending, TestBox) {
    let test_box = TestBox::an_hour_behind();
    let service = FakeService::start([Script::Persist]).await;
    service.set_down(true);
    let setting = Setting {
        clock: test_box.clock(policy),
        ..Setting::default()
    };
    let sending = Sending::with(&service, setting);
    test_box.records(&sending, set_after).await;
    assert_eq!(sending.spool.waiting().fragments, PICTURES as usize);
    service.advance(PICTURES as i64);
    test_box.recorded.set(Instant::now()).unwrap();
    service.set_down(false);
    (service, sending, test_box)
}

async fn arrived(service: &mut FakeService) -> Vec<u64> {
    let arrived = service.persisted(PICTURES as usize).await;
    let mut times: Vec<u64> = arrived
        .iter()
        .map(|(_, timecode_ms)| *timecode_ms)
        .collect();
    times.sort_unstable();
    times
}

#[tokio::test]
async fn pictures_from_before_the_clock_was_set_are_sent_with_their_true_time() {
    let (mut service, sending, test_box) = recorded(ClockPolicy::OwnClock, PICTURES / 2).await;
    assert_eq!(arrived(&mut service).await, test_box.true_times());
    let line = sending.finish().await;
    assert!(line.contains("20 persisted, 0 pending"), "{line}");
}

#[tokio::test]
async fn pictures_wait_until_the_clock_is_set_and_are_sent_with_their_true_time() {
    let (mut service, sending, test_box) = recorded(ClockPolicy::OwnClock, u64::MAX).await;
    for _ in 0..2 {
        assert_eq!(service.next().await, Seen::DataEndpoint);
    }
    assert_eq!(sending.spool.waiting().fragments, PICTURES as usize);
    test_box.off_ms.store(0, Ordering::Relaxed);
    assert_eq!(arrived(&mut service).await, test_box.true_times());
    drop(sending);
}

#[tokio::test]
async fn pictures_of_a_clock_that_follows_are_moved_by_what_it_learns() {
    let (mut service, sending, test_box) = recorded(ClockPolicy::FollowService, u64::MAX).await;
    let arrived = arrived(&mut service).await;
    assert!(arrived[0].abs_diff(test_box.true_times()[0]) < 2_000);
    assert!(arrived.windows(2).all(|two| two[1] - two[0] == 1_000));
    drop(sending);
}

fn following() -> Setting {
    Setting {
        clock: ServiceClock::new(ClockPolicy::FollowService),
        ..Setting::default()
    }
}

#[tokio::test]
async fn a_clock_that_follows_signs_by_the_service_once_its_signature_was_refused() {
    let mut service = FakeService::start([Script::Persist]).await;
    service.advance(-HOUR_MS / 1_000);
    service.judge_signatures(Judge::ServiceClock);
    let sending = Sending::with(&service, following());
    sending.push([1000], 0);
    assert_eq!(service.persisted(1).await, [(1, 1000)]);
    sending.finish().await;
}

#[tokio::test]
async fn a_service_that_judges_signatures_by_the_real_time_is_sent_to_wherever_its_clock_is() {
    let mut service = FakeService::start([Script::Persist]).await;
    service.advance(86_400 * 365);
    service.judge_signatures(Judge::RealClock);
    let sending = Sending::with(&service, following());
    sending.push([1000], 0);
    assert_eq!(service.persisted(1).await, [(1, 1000)]);
    sending.finish().await;
}

#[tokio::test]
async fn keys_end_by_the_clock_that_signs() {
    let mut service = FakeService::start([Script::Persist]).await;
    service.advance(-HOUR_MS / 1_000);
    service.judge_signatures(Judge::ServiceClock);
    // By the box's clock they have ended.
    let end = SystemTime::now() - Duration::from_secs(60);
    let keys = aws_credential_types::Credentials::new("K", "S", None, Some(end), "test");
    let setting = Setting {
        credentials: keys,
        ..following()
    };
    let sending = Sending::with(&service, setting);
    sending.push([1000], 0);
    assert_eq!(service.persisted(1).await, [(1, 1000)]);
    sending.finish().await;
}

#[tokio::test]
async fn a_clock_that_is_refused_is_told_and_not_the_signature() {
    let mut service = FakeService::start([Script::Persist]).await;
    service.advance(HOUR_MS / 1_000 + 30);
    service.judge_signatures(Judge::Nobody);
    let sending = Sending::to(&service, patient());
    sending.push([1000], 0);
    // The second attempt shows that the first one was given up.
    for _ in 0..2 {
        assert_eq!(service.next().await, Seen::DataEndpoint);
    }
    let line = sending.finish().await;
    let told = "not sending (the clock of the service is 60 min ahead of this device's";
    assert!(line.contains(told), "{line}");
}
