//! The uplink against a service that cuts, refuses, falls silent and rejects.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use iotbox::uplink::Patience;
use support::sending::{Sending, Setting, patient};
use support::{FakeService, Script, Seen};

#[tokio::test]
async fn fragments_are_acknowledged_while_the_request_is_still_open() {
    let mut service = FakeService::start([Script::Persist]).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000], 0);
    assert_eq!(service.persisted(1).await, [(1, 1000)]);
    sending.push([2000], 0);
    assert_eq!(service.persisted(1).await, [(1, 2000)]);
    let line = sending.finish().await;
    assert!(
        line.contains("2 fragments sent, 2 persisted, 0 pending"),
        "{line}"
    );
    assert_eq!(service.next().await, Seen::Ended(1));
}

#[tokio::test]
async fn the_call_is_signed() {
    let mut service = FakeService::start([Script::Persist]).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000], 0);
    let authorization = service
        .until(|seen| match seen {
            Seen::Opened(1, authorization) => Some(authorization.clone()),
            _ => None,
        })
        .await;
    for part in [
        "AWS4-HMAC-SHA256 Credential=test/",
        "/ap-northeast-1/kinesisvideo/aws4_request",
        "x-amzn-fragment-timecode-type",
        "x-amzn-producer-start-timestamp;x-amzn-stream-name",
    ] {
        assert!(authorization.contains(part), "{authorization}");
    }
}

#[tokio::test]
async fn after_a_cut_what_was_not_persisted_is_sent_again() {
    let mut service = FakeService::start([Script::CutAfter(2), Script::Persist]).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000, 2000, 3000, 4000], 0);
    let mut persisted: Vec<u64> = Vec::new();
    while !persisted.contains(&4000) {
        persisted.extend(
            service
                .persisted(1)
                .await
                .iter()
                .map(|(_, timecode)| timecode),
        );
    }
    // A fragment may be stored twice where the cut took its acknowledgement, but none may be missing.
    persisted.sort_unstable();
    persisted.dedup();
    assert_eq!(persisted, [1000, 2000, 3000, 4000]);
    let line = sending.finish().await;
    assert!(line.contains("0 pending"), "{line}");
    assert!(line.contains("1 reconnect"), "{line}");
}

#[tokio::test]
async fn after_an_error_everything_from_the_rejected_fragment_on_is_sent_again() {
    let error = Script::ErrorAfter(1, "ARCHIVAL_ERROR", 5001);
    let mut service = FakeService::start([error, Script::Persist]).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000, 2000, 3000], 0);
    let persisted = service.persisted(3).await;
    assert_eq!(persisted, [(1, 1000), (2, 2000), (2, 3000)]);
    sending.finish().await;
}

#[tokio::test]
async fn a_fragment_that_is_rejected_three_times_does_not_hold_up_the_others() {
    let poison = Script::Poison(2000, "INVALID_MKV_DATA", 4006);
    let mut service = FakeService::start([poison]).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000, 2000, 3000], 0);
    let persisted = service.persisted(2).await;
    assert_eq!(persisted, [(1, 1000), (4, 3000)]);
    let line = sending.finish().await;
    assert!(line.contains("0 pending"), "{line}");
}

#[tokio::test]
async fn a_service_that_falls_silent_is_left() {
    let mut service = FakeService::start([Script::Silent, Script::Persist]).await;
    let impatient = Patience {
        ack: Duration::from_millis(200),
        ..patient()
    };
    let sending = Sending::to(&service, impatient);
    sending.push([1000, 2000], 0);
    assert_eq!(service.persisted(2).await, [(2, 1000), (2, 2000)]);
    sending.finish().await;
}

#[tokio::test]
async fn a_refused_call_is_tried_again() {
    let scripts = [Script::Refuse(400), Script::Refuse(503), Script::Persist];
    let mut service = FakeService::start(scripts).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000], 0);
    assert_eq!(service.persisted(1).await, [(3, 1000)]);
    let line = sending.finish().await;
    assert!(line.contains("2 reconnects"), "{line}");
}

#[tokio::test]
async fn a_jump_in_time_takes_a_new_connection_and_loses_nothing() {
    let mut service = FakeService::start([Script::Persist]).await;
    let sending = Sending::to(&service, patient());
    sending.push([1000, 2000], 0);
    sending.push([500, 1500], 1);
    let persisted = service.persisted(4).await;
    assert_eq!(persisted, [(1, 1000), (1, 2000), (2, 500), (2, 1500)]);
    let line = sending.finish().await;
    assert!(line.contains("0 reconnects"), "{line}");
}

#[tokio::test]
async fn an_old_connection_is_replaced() {
    let mut service = FakeService::start([Script::Persist]).await;
    let short = Patience {
        rotation: Duration::ZERO,
        ..patient()
    };
    let sending = Sending::to(&service, short);
    sending.push([1000, 2000], 0);
    service
        .until(|seen| matches!(seen, Seen::Opened(2, _)).then_some(()))
        .await;
    drop(sending);
}

#[tokio::test]
async fn a_connection_ends_with_the_keys_that_opened_it() {
    let mut service = FakeService::start([Script::Persist]).await;
    let soon = SystemTime::now() + Duration::from_secs(1);
    let keys = Credentials::new("K", "S", None, Some(soon), "test");
    let sending = Sending::with(
        &service,
        Setting {
            credentials: keys,
            ..Setting::default()
        },
    );
    let pictures = async {
        for second in 1_u64.. {
            sending.push([second * 1000], 0);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = service.until(|seen| matches!(seen, Seen::Opened(2, _)).then_some(())) => {}
        () = pictures => {}
    }
    assert!(SystemTime::now() >= soon);
}

#[tokio::test]
async fn a_clock_that_is_off_sends_nothing_and_says_so() {
    let mut service = FakeService::start([Script::Persist]).await;
    service.advance(86_400 * 3 + 3_600);
    let sending = Sending::to(&service, patient());
    sending.push([1000], 0);
    // The second attempt shows that the first one was given up.
    for _ in 0..2 {
        assert_eq!(service.next().await, Seen::DataEndpoint);
    }
    let line = sending.finish().await;
    assert!(line.contains("1 pending"), "{line}");
    assert!(
        line.contains("not sending (the clock of the service is 3 days ahead of this device's"),
        "{line}"
    );
}

#[tokio::test]
async fn what_waited_is_sent_beside_the_present_over_a_connection_of_its_own() {
    let mut service = FakeService::start([Script::Persist]).await;
    let sending = Sending::to(&service, patient());
    sending.push((1..=60).map(|second| second * 1000), 0);
    let persisted = service.persisted(60).await;
    let timecodes = |connection: usize| -> Vec<u64> {
        let of_it = persisted.iter().filter(|(number, _)| *number == connection);
        of_it.map(|(_, timecode_ms)| *timecode_ms).collect()
    };
    let (first, second) = (timecodes(1), timecodes(2));
    assert_eq!(first.len() + second.len(), 60);
    assert!(
        first.contains(&60_000) && second.contains(&1_000),
        "{persisted:?}"
    );
    assert!(first.is_sorted() && second.is_sorted());
    let line = sending.finish().await;
    assert!(line.contains("60 persisted, 0 pending"), "{line}");
}
