//! Runs a plan from the first picture to the signal that stops it.

use std::io::{IsTerminal, Write};
use std::os::unix::process::parent_id;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{Instrument, Span, error, error_span, field, info, warn};

use crate::camera::{open_now, open_spool, record};
use crate::capture::Recorder;
use crate::clock::{ClockPolicy, ServiceClock};
use crate::device::media_service;
use crate::media_service::MediaService;
use crate::plan::{CameraPlan, Plan};
use crate::spool::Line;
use crate::spool::disk::{Claim, shortages};
use crate::status::{Cadence, CameraPhase, Reporter};
use crate::status_page::{self, View};
use crate::uplink::{Patience, Uplink};

const STATUS_EVERY: Duration = Duration::from_secs(5);
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// A jump of the service clock must be seen well within ten seconds.
const FOLLOW_EVERY: Duration = Duration::from_millis(2_900);
/// A clock that has jumped is looked at again this soon, once; one that goes on jumping is not chased.
const CONFIRM_AFTER: Duration = Duration::from_millis(500);
/// A clock that must agree drifts slowly.
const COMPARE_EVERY: Duration = Duration::from_secs(60);
/// A line that is down must not keep the camera from recording.
const FIRST_READING: Duration = Duration::from_secs(5);
const PARENT_EVERY: Duration = Duration::from_millis(500);
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why the program ends by itself; the texts are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Camera(String),
    /// A fault of this program, not of what it works with.
    #[error("{0} ended unexpectedly")]
    Fault(&'static str),
}

impl Failure {
    /// The exit code, as the help text says.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Fault(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
            Self::Camera(_) => 4,
        }
    }
}

/// Streams until a signal comes, the parent is gone, or every camera has failed for good.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let mut ending = Ending::listen(plan.exit_with_parent)?;
    let clock = Arc::new(ServiceClock::new(plan.clock));
    let follow_every = match plan.clock {
        ClockPolicy::FollowService => FOLLOW_EVERY * plan.cameras.len() as u32,
        ClockPolicy::OwnClock => COMPARE_EVERY,
    };
    let claims: Vec<Claim> = plan
        .cameras
        .iter()
        .map(|one| Claim::of(&one.spool))
        .collect();
    for shortage in shortages(&claims) {
        warn!("{shortage}");
    }
    let spans: Vec<Span> = plan.cameras.iter().map(span).collect();
    let views = plan.cameras.iter().map(|camera| View {
        name: camera.name.clone(),
        source: camera.source.to_string(),
        stream: OnceLock::new(),
        spool: OnceLock::new(),
        status: Arc::default(),
    });
    let views: Arc<Vec<View>> = Arc::new(views.collect());
    if let Some(address) = plan.status {
        tokio::spawn(status_page::serve(address, views.clone(), clock.clone()));
    }
    tokio::spawn(report(views.clone()));
    tokio::spawn(sync(views.clone(), spans.clone()));
    let (stop, stopped) = watch::channel(false);
    let mut cameras = JoinSet::new();
    for (index, plan) in plan.cameras.into_iter().enumerate() {
        let camera = CameraRun {
            views: views.clone(),
            index,
            clock: clock.clone(),
            follow_every,
            stop: stopped.clone(),
        };
        cameras.spawn(camera.run(plan).instrument(spans[index].clone()));
    }
    let outcome = supervise(&mut cameras, &mut ending, &stop).await;
    info!("stopped");
    outcome
}

/// Waits for all cameras; one that failed for good stops no other.
async fn supervise(
    cameras: &mut JoinSet<Result<(), Failure>>,
    ending: &mut Ending,
    stop: &watch::Sender<bool>,
) -> Result<(), Failure> {
    let mut first_failure = None;
    loop {
        let ended = tokio::select! {
            ended = cameras.join_next() => ended,
            () = ending.comes(), if !*stop.borrow() => {
                let _ = stop.send(true);
                continue;
            }
        };
        let failure = match ended {
            None => return first_failure.map_or(Ok(()), Err),
            Some(Ok(Ok(()))) => continue,
            Some(Ok(Err(failure))) => failure,
            Some(Err(_)) => Failure::Fault("a camera's task"),
        };
        // Who started this program starts it again, for all cameras.
        if let Failure::Fault(_) = failure {
            let _ = stop.send(true);
        }
        first_failure.get_or_insert(failure);
    }
}

/// What every line of the log about a camera begins with. A camera without a name is called by its stream, once that is known.
fn span(camera: &CameraPlan) -> Span {
    let span = error_span!("camera", name = field::Empty);
    if !camera.name.is_empty() {
        span.record("name", &camera.name);
    }
    span
}

/// One camera of a running program.
struct CameraRun {
    views: Arc<Vec<View>>,
    index: usize,
    clock: Arc<ServiceClock>,
    follow_every: Duration,
    stop: watch::Receiver<bool>,
}

impl CameraRun {
    /// A camera that has failed for good says so, and stops no other.
    async fn run(self, plan: CameraPlan) -> Result<(), Failure> {
        let (views, index) = (self.views.clone(), self.index);
        let outcome = self.send(plan).await;
        if let Err(failure) = &outcome {
            let view = &views[index];
            view.status.camera(CameraPhase::Failed(failure.to_string()));
            if views.len() > 1 {
                error!("this camera has failed for good: {failure}");
            }
        }
        outcome
    }

    async fn send(mut self, plan: CameraPlan) -> Result<(), Failure> {
        let view = &self.views[self.index];
        let Some(spool) = open_spool(&plan, &view.status, &mut self.stop).await? else {
            return Ok(());
        };
        let spool = view.spool.get_or_init(|| spool);
        // A code is used once, so what can never be sent is refused before.
        let source = open_now(&plan.source).await?;
        let media = tokio::select! {
            media = media_service(plan.identity.clone(), self.clock.clone()) => media,
            _ = self.stop.changed() => return Ok(()),
        };
        let media = media.map(Arc::new)?;
        let _ = view.stream.set(media.stream.clone());
        if view.name.is_empty() {
            Span::current().record("name", &media.stream);
        }
        first_reading(&media).await;
        let recorder = Recorder {
            clock: self.clock.clone(),
            spool: spool.clone(),
            status: view.status.clone(),
        };
        let (end, ended) = watch::channel(false);
        let started = Instant::now();
        let mut uplinks = JoinSet::new();
        for line in [Line::Live, Line::Backlog] {
            let uplink = Uplink {
                media: media.clone(),
                spool: spool.clone(),
                line,
                status: view.status.clone(),
                pace: plan.pace,
                patience: Patience::default(),
                started,
                stop: ended.clone(),
            };
            uplinks.spawn(uplink.run().in_current_span());
        }
        let clock = tokio::spawn(follow_clock(media, self.follow_every).in_current_span());
        let outcome = tokio::select! {
            outcome = record(&plan, source, &recorder, self.stop.clone()) => outcome,
            _ = uplinks.join_next() => Err(Failure::Fault("a camera's connection")),
        };
        let _ = end.send(true);
        let all = async { while uplinks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_WORDS, all).await;
        clock.abort();
        let kept = view.waiting().fragments;
        if kept > 0 {
            warn!(
                fragments = kept,
                "stopped before the service had stored everything, the rest is kept and sent at the next start"
            );
        }
        outcome
    }
}

pub(crate) fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
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

/// Prints each camera's line, again and again where somebody watches; a log is not filled for ever.
async fn report(views: Arc<Vec<View>>) {
    let cadence = match std::io::stdout().is_terminal() {
        true => Cadence::Watched,
        false => Cadence::Logged,
    };
    let mut reporters: Vec<Option<Reporter>> = views.iter().map(|_| None).collect();
    let mut every = tokio::time::interval(STATUS_EVERY);
    every.tick().await;
    loop {
        every.tick().await;
        for (view, reporter) in views.iter().zip(&mut reporters) {
            let reporter = reporter.get_or_insert_with(|| Reporter::new(view.label()));
            let line = reporter.due(cadence, Instant::now(), &view.status, view.waiting());
            if let Some(line) = line {
                // A reader that is gone is no reason to stop.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
        }
    }
}

/// Forces onto the disk what waits for long, where it holds up neither cameras nor connections.
async fn sync(views: Arc<Vec<View>>, spans: Vec<Span>) {
    loop {
        tokio::time::sleep(SYNC_EVERY).await;
        let (views, spans) = (views.clone(), spans.clone());
        let all = move || {
            for (view, span) in views.iter().zip(&spans) {
                if let Some(spool) = view.spool.get() {
                    span.in_scope(|| spool.sync());
                }
            }
        };
        let _ = tokio::task::spawn_blocking(all).await;
    }
}

/// Learns the service's clock before the first picture is stamped, if the service answers soon.
async fn first_reading(media: &MediaService) {
    let _ = tokio::time::timeout(FIRST_READING, media.data_endpoint()).await;
}

/// Compares the clocks again and again; who compares says what it found.
async fn follow_clock(media: Arc<MediaService>, every: Duration) {
    let mut confirming = false;
    loop {
        confirming = media.clock.is_jumping() && !confirming;
        let wait = if confirming { CONFIRM_AFTER } else { every };
        tokio::time::sleep(wait).await;
        let _ = media.data_endpoint().await;
    }
}
