//! Runs a plan from the first picture to the signal that stops it.

use std::io::Write;
use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ciero_media::matroska::write::write_header;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tracing::{info, warn};

use crate::args::{Plan, SourceChoice};
use crate::capture::{Capture, CaptureError};
use crate::clock::{ClockPolicy, ServiceClock, Verdict, in_words};
use crate::device::media_service;
use crate::media_service::MediaService;
use crate::outbox::Outbox;
use crate::source::{FileSource, Source, SourceError, TestPicture};
use crate::status::{Reporter, Status};
use crate::uplink::{Patience, Uplink};

/// Pictures of about five minutes that the service does not have yet.
const OUTBOX_BYTES: usize = 64 << 20;
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// A jump of the service clock must be seen well within ten seconds.
const CLOCK_EVERY: Duration = Duration::from_millis(2_900);
const PARENT_EVERY: Duration = Duration::from_millis(500);
const LAST_WORDS: Duration = Duration::from_secs(3);
const APPLICATION: &str = concat!("iotbox ", env!("CARGO_PKG_VERSION"));

/// Why the program ends by itself; the texts are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// The exit code, as the help text says.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
        }
    }
}

/// Streams until a signal comes, the parent is gone, or the source fails.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let mut ending = Ending::listen(plan.exit_with_parent)?;
    let source = open_source(&plan.source).map_err(|error| Failure::Usage(error.to_string()))?;
    let clock = Arc::new(ServiceClock::new(plan.clock));
    let media = tokio::select! {
        media = media_service(plan.identity, clock.clone()) => Arc::new(media?),
        () = ending.comes() => return Ok(()),
    };
    let outbox = Arc::new(Outbox::new(OUTBOX_BYTES));
    let status = Arc::new(Status::default());
    let (stop, stopped) = watch::channel(false);
    let uplink = Uplink {
        media: media.clone(),
        outbox: outbox.clone(),
        status: status.clone(),
        header: Bytes::from(write_header(&[source.track().clone()], APPLICATION)),
        patience: Patience::default(),
        stop: stopped,
    };
    let capture = Capture {
        source,
        clock: clock.clone(),
        outbox: outbox.clone(),
        fragment_ms: plan.fragment_ms,
    };
    let first_reading = follow_once(&media).await;
    let mut camera = Camera::start(capture)?;
    let uplink = tokio::spawn(uplink.run());
    tokio::spawn(follow_clock(media.clone(), first_reading));
    tokio::spawn(report(media.stream.clone(), status, outbox.clone()));
    let outcome = tokio::select! {
        failed = camera.fails() => failed,
        () = ending.comes() => camera.stop().await,
    };
    let _ = stop.send(true);
    let _ = tokio::time::timeout(LAST_WORDS, uplink).await;
    let lost = outbox.waiting().fragments;
    if lost > 0 {
        warn!(
            fragments = lost,
            "stopped before the service had stored everything"
        );
    }
    info!("stopped");
    outcome.map_err(|error| Failure::Usage(error.to_string()))
}

fn open_source(choice: &SourceChoice) -> Result<Box<dyn Source>, SourceError> {
    Ok(match choice {
        SourceChoice::TestPicture => Box::new(TestPicture::new()?),
        SourceChoice::File(path) => Box::new(FileSource::open(path)?),
    })
}

/// The camera's thread.
struct Camera {
    /// Dropping it stops the camera.
    running: Option<std::sync::mpsc::Sender<()>>,
    outcome: oneshot::Receiver<Result<(), CaptureError>>,
}

impl Camera {
    fn start(capture: Capture) -> Result<Self, Failure> {
        let (running, stop) = std::sync::mpsc::channel();
        let (done, outcome) = oneshot::channel();
        std::thread::Builder::new()
            .name("camera".into())
            .spawn(move || {
                let _ = done.send(capture.run(&stop));
            })
            .map_err(|error| Failure::Usage(format!("no thread for the camera: {error}")))?;
        Ok(Self {
            running: Some(running),
            outcome,
        })
    }

    async fn fails(&mut self) -> Result<(), CaptureError> {
        match (&mut self.outcome).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SourceError::Encoder("the camera's thread ended".into()).into()),
        }
    }

    /// Lets the camera hand on its open fragment.
    async fn stop(&mut self) -> Result<(), CaptureError> {
        self.running = None;
        self.fails().await
    }
}

/// What ends the program from outside.
struct Ending {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    parent: Option<u32>,
}

impl Ending {
    fn listen(with_parent: bool) -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::Usage(format!("signals cannot be had: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            parent: with_parent.then(parent_id),
        })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = orphaned(self.parent) => info!("the process that started this one is gone"),
        }
    }
}

/// The kernel's own signal is bound to the thread that started this process, which may end before its process does.
async fn orphaned(parent: Option<u32>) {
    match parent {
        None => std::future::pending().await,
        Some(parent) => {
            while parent_id() == parent {
                tokio::time::sleep(PARENT_EVERY).await;
            }
        }
    }
}

async fn report(stream: String, status: Arc<Status>, outbox: Arc<Outbox>) {
    let mut reporter = Reporter::new(&stream);
    let mut every = tokio::time::interval(STATUS_EVERY);
    every.tick().await;
    loop {
        every.tick().await;
        let line = reporter.line(&status, outbox.waiting());
        // A reader that is gone is no reason to stop.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// Learns the service's clock before the first picture is stamped, where it may be followed.
async fn follow_once(media: &MediaService) -> Option<Verdict> {
    match media.clock.policy() {
        ClockPolicy::OwnClock => None,
        ClockPolicy::FollowService => media.data_endpoint().await.ok().map(|(_, verdict)| verdict),
    }
}

async fn follow_clock(media: Arc<MediaService>, first: Option<Verdict>) {
    if media.clock.policy() == ClockPolicy::OwnClock {
        return;
    }
    let mut verdict = first;
    loop {
        if let Some(Verdict::Moved { by_ms }) = verdict {
            info!("the service clock is followed: it is {}", in_words(by_ms));
        }
        tokio::time::sleep(CLOCK_EVERY).await;
        verdict = media.data_endpoint().await.ok().map(|(_, verdict)| verdict);
    }
}
