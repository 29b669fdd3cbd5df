//! An hour without a line: every picture that the camera made is sent afterwards, with its true time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ciero_media::matroska::Track;
use iotbox::clock::{ClockPolicy, ServiceClock};
use iotbox::source::{KeyWish, Picture, Source, SourceError};
use iotbox::spool::Order;
use support::sending::{Sending, Setting};
use support::{FakeService, Script};

const HOUR_S: u64 = 3_600;
/// What is this much older than the newest picture is no longer live.
const FRESH_MS: u64 = 10_000;

/// A camera with one picture a second, whose seconds are over at once: the box's clock goes on with it.
struct FastCamera {
    track: Track,
    pictures: u64,
    pass: Box<dyn Fn() + Send>,
    stop: Option<std::sync::mpsc::Sender<()>>,
}

impl Source for FastCamera {
    fn track(&self) -> &Track {
        &self.track
    }
    fn next_due_ms(&mut self) -> Result<u64, SourceError> {
        if self.pictures == HOUR_S {
            self.stop = None;
            return Ok(self.pictures * 2_000);
        }
        Ok(self.pictures * 1_000)
    }
    fn next(&mut self, _: u64, _: KeyWish) -> Result<Picture, SourceError> {
        let picture = Picture {
            at_ms: self.pictures * 1_000,
            key: true,
            data: vec![0, 0, 0, 1, 0x65],
        };
        self.pictures += 1;
        (self.pass)();
        Ok(picture)
    }
    fn restart(&mut self) -> Result<(), SourceError> {
        Err(SourceError::Encoder("the clocks never jump".into()))
    }
}

/// Records an hour while the line is down, mends it, and returns connections and timecodes in the order of their arrival,
/// and the timecode of the first picture.
async fn after_the_hour(order: Order) -> (Vec<(usize, u64)>, u64) {
    let mut service = FakeService::start([Script::Persist]).await;
    let began_ms = jiff::Timestamp::now().as_millisecond();
    let passed_s = Arc::new(AtomicI64::new(0));
    let own_s = passed_s.clone();
    let own = move || began_ms + own_s.load(Ordering::Relaxed) * 1_000;
    let setting = Setting {
        clock: ServiceClock::over(Box::new(own), ClockPolicy::FollowService),
        order,
        ..Setting::default()
    };
    service.set_down(true);
    let sending = Sending::with(&service, setting);
    let (stop, stopped) = std::sync::mpsc::channel();
    let camera = FastCamera {
        track: Track::avc(1, 1280, 720, vec![1]),
        pictures: 0,
        pass: Box::new(move || {
            passed_s.fetch_add(1, Ordering::Relaxed);
        }),
        stop: Some(stop),
    };
    sending.records(Box::new(camera), stopped).await;
    assert_eq!(sending.spool.waiting().fragments, HOUR_S as usize);
    service.advance(HOUR_S as i64);
    service.set_down(false);
    let arrived = service.persisted(HOUR_S as usize).await;
    let line = sending.finish().await;
    assert!(line.contains("3600 persisted, 0 pending"), "{line}");
    assert!(!line.contains("lost"), "{line}");
    (arrived, began_ms as u64)
}

fn timecodes(arrived: &[(usize, u64)]) -> Vec<u64> {
    arrived
        .iter()
        .map(|(_, timecode_ms)| *timecode_ms)
        .collect()
}

fn of_the_hour(began_ms: u64) -> Vec<u64> {
    (0..HOUR_S)
        .map(|second| began_ms + second * 1_000)
        .collect()
}

#[tokio::test]
async fn an_hour_without_a_line_is_sent_in_its_order_where_the_backlog_comes_first() {
    let (arrived, began_ms) = after_the_hour(Order::BacklogFirst).await;
    assert_eq!(timecodes(&arrived), of_the_hour(began_ms));
}

#[tokio::test]
async fn an_hour_without_a_line_is_sent_beside_the_present_where_that_comes_first() {
    let (arrived, began_ms) = after_the_hour(Order::LiveFirst).await;
    let mut sorted = timecodes(&arrived);
    sorted.sort_unstable();
    assert_eq!(sorted, of_the_hour(began_ms));
    // One connection has the last seconds and the other all before them, each in its order.
    let newest_ms = began_ms + (HOUR_S - 1) * 1_000;
    let live = arrived[0].0;
    let (live, backlog): (Vec<_>, Vec<_>) = arrived.iter().partition(|(line, _)| *line == live);
    let (live, backlog) = (timecodes(&live), timecodes(&backlog));
    assert!(live.is_sorted() && backlog.is_sorted());
    assert_eq!(live[0], newest_ms - FRESH_MS);
    assert_eq!(live.len() + backlog.len(), HOUR_S as usize);
}
