//! The uplink against a service that cuts, refuses, falls silent and rejects.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use iotbox::clock::{ClockPolicy, ServiceClock};
use iotbox::credentials::CredentialSource;
use iotbox::http_client::Endpoint;
use iotbox::media_service::MediaService;
use iotbox::spool::{Fragment, Line, Order, Spool, SpoolPlan};
use iotbox::status::{Reporter, Status};
use iotbox::tls::Tls;
use iotbox::uplink::{Pace, Patience, Uplink};
use support::{FakeService, Script, Seen, within_patience};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FAR: Duration = Duration::from_secs(600);

struct Sending {
    spool: Arc<Spool>,
    status: Arc<Status>,
    stop: watch::Sender<bool>,
    uplinks: Vec<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Sending {
    fn to(service: &FakeService, patience: Patience) -> Self {
        let keys = Credentials::new("test", "secret", None, None, "test");
        Self::with(service, patience, keys)
    }

    fn with(service: &FakeService, patience: Patience, credentials: Credentials) -> Self {
        let clock = Arc::new(ServiceClock::new(ClockPolicy::OwnClock));
        let media = Arc::new(MediaService {
            control: Endpoint::parse(&service.url).unwrap(),
            tls: Tls::new(None).unwrap().client(),
            region: "ap-northeast-1".into(),
            stream: "cam-1".into(),
            credentials: CredentialSource::Fixed(credentials),
            clock,
        });
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&SpoolPlan {
            folder: folder.path().to_owned(),
            limit_bytes: 1 << 20,
            sync_after: FAR,
            order: Order::LiveFirst,
        });
        let spool = Arc::new(spool.unwrap());
        let status = Arc::new(Status::default());
        let (stop, stopped) = watch::channel(false);
        let started = Instant::now();
        let uplink = |line| Uplink {
            media: media.clone(),
            spool: spool.clone(),
            line,
            status: status.clone(),
            pace: Pace {
                fragments_per_second: 1000,
                kbit_per_s: 0,
            },
            patience,
            started,
            stop: stopped.clone(),
        };
        let uplinks = [Line::Live, Line::Backlog].map(|line| tokio::spawn(uplink(line).run()));
        Self {
            spool,
            status,
            stop,
            uplinks: uplinks.into(),
            _folder: folder,
        }
    }

    fn push(&self, timecodes: impl IntoIterator<Item = u64>, run: u32) {
        for timecode_ms in timecodes {
            self.spool.push(&fragment(timecode_ms, run));
        }
    }

    async fn finish(self) -> String {
        self.stop.send(true).unwrap();
        for uplink in self.uplinks {
            within_patience(uplink).await.unwrap();
        }
        Reporter::new("cam-1").line(&self.status, self.spool.waiting())
    }
}

fn patient() -> Patience {
    Patience {
        ack: FAR,
        persisted: FAR,
        rotation: FAR,
        drain: FAR,
    }
}

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
    let sending = Sending::with(&service, patient(), keys);
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

fn fragment(timecode_ms: u64, run: u32) -> Fragment {
    let frame = Frame {
        track: 1,
        offset_ms: 0,
        key: Key::Yes,
        data: &[0, 0, 0, 1, 0x65],
    };
    Fragment {
        timecode_ms,
        run,
        header: write_header(&[Track::avc(1, 1280, 720, vec![1])], "test").into(),
        bytes: write_cluster(timecode_ms, &[frame]).into(),
    }
}
