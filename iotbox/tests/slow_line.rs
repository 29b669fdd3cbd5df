//! The uplink over a line that is slower than a fragment is long, and over one that dies under a fragment.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use iotbox::spool::Fragment;
use iotbox::uplink::Patience;
use support::line::{LineScript, line_to};
use support::sending::{Sending, fragment_of, patient};
use support::{FakeService, Script, Seen};

const MB: usize = 1_000_000;

/// A fragment that takes four seconds over the slow line.
fn long(timecode_ms: u64) -> Fragment {
    fragment_of(timecode_ms, &vec![7; 4 * MB])
}

/// Much less patience than a long fragment takes.
fn impatient() -> Patience {
    Patience {
        ack: Duration::from_millis(500),
        persisted: Duration::from_millis(500),
        slowest_bytes_per_s: MB as u64,
        ..patient()
    }
}

/// A service behind a line that carries a megabyte a second.
async fn behind_slow_line(scripts: Script, first_ends_after: u64) -> FakeService {
    let service = FakeService::start([scripts]).await;
    let script = LineScript {
        bytes_per_s: MB as u64,
        first_ends_after,
    };
    service.take_pictures_at(line_to(&service.url, script).await);
    service
}

#[tokio::test]
async fn a_line_that_takes_longer_than_the_patience_for_a_fragment_delivers_it() {
    let mut service = behind_slow_line(Script::Persist, u64::MAX).await;
    let sending = Sending::to(&service, impatient());
    sending.spool.push(&long(1000));
    sending.spool.push(&long(5000));
    assert_eq!(service.persisted(2).await, [(1, 1000), (1, 5000)]);
    let line = sending.finish().await;
    assert!(line.contains("0 pending"), "{line}");
    assert!(line.contains("0 reconnects"), "{line}");
}

#[tokio::test]
async fn the_last_fragment_before_a_jump_in_time_is_waited_for_while_the_line_takes_it() {
    let mut service = behind_slow_line(Script::Persist, u64::MAX).await;
    let short = Patience {
        drain: Duration::from_millis(500),
        ..impatient()
    };
    let sending = Sending::to(&service, short);
    sending.spool.push(&long(5000));
    let jumped = Fragment {
        run: 1,
        ..fragment_of(1000, &[7])
    };
    sending.spool.push(&jumped);
    assert_eq!(service.persisted(2).await, [(1, 5000), (2, 1000)]);
    let line = sending.finish().await;
    assert!(line.contains("0 reconnects"), "{line}");
}

#[tokio::test]
async fn a_line_that_dies_under_a_fragment_is_left() {
    let mut service = behind_slow_line(Script::Persist, MB as u64).await;
    let sending = Sending::to(&service, impatient());
    sending.spool.push(&long(1000));
    let opened = |seen: &Seen| matches!(seen, Seen::Opened(2, _)).then_some(());
    service.until(opened).await;
    assert_eq!(service.persisted(1).await, [(2, 1000)]);
    let line = sending.finish().await;
    assert!(line.contains("1 reconnect"), "{line}");
}
