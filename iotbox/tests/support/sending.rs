//! Both lines of a camera over a spool of their own, sending to the stand-in of the service.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use iotbox::capture::{Capture, Recorder};
use iotbox::clock::{ClockPolicy, ServiceClock};
use iotbox::credentials::CredentialSource;
use iotbox::http_client::Endpoint;
use iotbox::media_service::MediaService;
use iotbox::source::Source;
use iotbox::spool::{Fragment, Line, Order, Spool, SpoolPlan};
use iotbox::status::{Reporter, Status};
use iotbox::tls::Tls;
use iotbox::uplink::{Pace, Patience, Uplink};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{FakeService, within_patience};

const FAR: Duration = Duration::from_secs(600);

/// What differs between tests.
pub struct Setting {
    pub patience: Patience,
    pub credentials: Credentials,
    pub clock: ServiceClock,
    pub order: Order,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            patience: patient(),
            credentials: Credentials::new("test", "secret", None, None, "test"),
            clock: ServiceClock::new(ClockPolicy::OwnClock),
            order: Order::LiveFirst,
        }
    }
}

pub struct Sending {
    pub spool: Arc<Spool>,
    pub status: Arc<Status>,
    pub clock: Arc<ServiceClock>,
    stop: watch::Sender<bool>,
    uplinks: Vec<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Sending {
    /// Records a camera in fragments of a second until it stops.
    pub async fn records(&self, source: Box<dyn Source>, stopped: Receiver<()>) {
        let capture = Capture {
            source,
            recorder: Recorder {
                clock: self.clock.clone(),
                spool: self.spool.clone(),
                status: self.status.clone(),
            },
            fragment_ms: 1_000,
        };
        let recorded = tokio::task::spawn_blocking(move || capture.run(&stopped));
        recorded.await.unwrap().unwrap();
    }

    pub fn to(service: &FakeService, patience: Patience) -> Self {
        let setting = Setting {
            patience,
            ..Setting::default()
        };
        Self::with(service, setting)
    }

    pub fn with(service: &FakeService, setting: Setting) -> Self {
        let clock = Arc::new(setting.clock);
        let media = Arc::new(MediaService {
            control: Endpoint::parse(&service.url).unwrap(),
            tls: Tls::new(None).unwrap().client(),
            region: "ap-northeast-1".into(),
            stream: "cam-1".into(),
            credentials: CredentialSource::Fixed(setting.credentials),
            clock: clock.clone(),
        });
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&SpoolPlan {
            folder: folder.path().to_owned(),
            limit_bytes: 1 << 24,
            sync_after: FAR,
            order: setting.order,
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
            patience: setting.patience,
            started,
            stop: stopped.clone(),
        };
        let uplinks = [Line::Live, Line::Backlog].map(|line| tokio::spawn(uplink(line).run()));
        Self {
            spool,
            status,
            clock,
            stop,
            uplinks: uplinks.into(),
            _folder: folder,
        }
    }

    pub fn push(&self, timecodes: impl IntoIterator<Item = u64>, run: u32) {
        for timecode_ms in timecodes {
            self.spool.push(&fragment(timecode_ms, run));
        }
    }

    pub async fn finish(self) -> String {
        self.stop.send(true).unwrap();
        for uplink in self.uplinks {
            within_patience(uplink).await.unwrap();
        }
        Reporter::new("cam-1").line(&self.status, self.spool.waiting())
    }
}

pub fn patient() -> Patience {
    Patience {
        ack: FAR,
        persisted: FAR,
        slowest_bytes_per_s: u64::MAX,
        rotation: FAR,
        drain: FAR,
    }
}

pub fn fragment(timecode_ms: u64, run: u32) -> Fragment {
    Fragment {
        run,
        ..fragment_of(timecode_ms, &[0, 0, 0, 1, 0x65])
    }
}

/// A fragment of one picture with these bytes.
pub fn fragment_of(timecode_ms: u64, data: &[u8]) -> Fragment {
    let frame = Frame {
        track: 1,
        offset_ms: 0,
        key: Key::Yes,
        data,
    };
    Fragment {
        timecode_ms,
        run: 0,
        header: write_header(&[Track::avc(1, 1280, 720, vec![1])], "test").into(),
        bytes: write_cluster(timecode_ms, &[frame]).into(),
        uncompared: None,
    }
}
