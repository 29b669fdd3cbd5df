//! A camera's thread: it is started, stopped, and opened again after a fault.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};
use tracing::error;

use crate::backoff::{Backoff, chance};
use crate::capture::{Capture, CaptureError, Recorder};
use crate::plan::{CameraPlan, SourceChoice};
use crate::relay::Relay;
use crate::run::{Failure, usage};
use crate::source::{FileSource, Source, SourceError, TestPicture};
use crate::spool::Spool;
use crate::status::{CameraPhase, Status};
use crate::vigil::Waits;

/// Why a camera's thread ended, or its source cannot be opened.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("no thread for the camera: {0}")]
    NoThread(#[from] std::io::Error),
    #[error("{0} ended unexpectedly")]
    Fault(&'static str),
}

impl Stopped {
    fn may_pass(&self) -> bool {
        match self {
            Self::Capture(CaptureError::Source(error)) | Self::Source(error) => error.may_pass(),
            Self::Capture(CaptureError::TooLong(_)) => false,
            Self::NoThread(_) | Self::Fault(_) => true,
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Fault(what) => Self::Fault(what),
            other => usage(other),
        }
    }
}

/// Whether a camera goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Retry,
    Stop,
}

/// Says why a camera shows nothing, and waits.
async fn wait(
    plan: &CameraPlan,
    status: &Status,
    backoff: &mut Backoff,
    reason: String,
    stop: &mut watch::Receiver<bool>,
) -> Next {
    let wait = backoff.failed(chance());
    if backoff.is_told() {
        error!(camera = %plan.source, wait_ms = wait.as_millis() as u64, "{reason}; it is tried again");
    }
    status.camera(CameraPhase::Failed(reason));
    tokio::select! {
        () = tokio::time::sleep(wait) => Next::Retry,
        _ = stop.changed() => Next::Stop,
    }
}

/// Opens a camera's spool, however long its folder cannot be used for a reason that may pass; `None` if it is to stop.
pub async fn open_spool(
    plan: &CameraPlan,
    status: &Status,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<Arc<Spool>>, Failure> {
    let mut backoff = Backoff::default();
    loop {
        let folder = plan.spool.clone();
        let error = match aside(move || Spool::open(&folder)).await? {
            Ok(spool) => return Ok(Some(Arc::new(spool))),
            Err(error) if error.may_pass() => error,
            Err(error) => return Err(usage(error)),
        };
        if wait(plan, status, &mut backoff, error.to_string(), stop).await == Next::Stop {
            return Ok(None);
        }
    }
}

/// Opens a source; `None` if it may be there later.
pub async fn open_now(choice: &SourceChoice) -> Result<Option<OpenSource>, Failure> {
    let choice = choice.clone();
    match aside(move || open_source(&choice)).await? {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.may_pass() => Ok(None),
        Err(error) => Err(usage(error)),
    }
}

/// A slow disk holds up its camera alone, and so does a file that nobody has foreseen.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Failure::Usage("opening the camera ended unexpectedly".into()))
}

/// Records a camera until it is to stop. One whose thread ended by a fault, or whose source is not there, is opened again.
pub async fn record(
    plan: &CameraPlan,
    source: Option<OpenSource>,
    recorder: &Recorder,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let (mut source, mut backoff) = (source, Backoff::default());
    loop {
        let started = match source.take() {
            Some(source) => Camera::start(source, recorder.clone(), plan.fragment_ms),
            None => {
                let choice = plan.source.clone();
                let opened = aside(move || open_source(&choice)).await?;
                opened
                    .map_err(Stopped::from)
                    .and_then(|source| Camera::start(source, recorder.clone(), plan.fragment_ms))
            }
        };
        let ended = match started {
            Err(stopped) => Err(stopped),
            Ok(mut camera) => tokio::select! {
                ended = camera.ended() => ended,
                _ = stop.changed() => return Ok(camera.stop().await?),
            },
        };
        let Err(stopped) = ended else { return Ok(()) };
        if !stopped.may_pass() {
            return Err(stopped.into());
        }
        let reason = stopped.to_string();
        let next = wait(plan, &recorder.status, &mut backoff, reason, &mut stop).await;
        if next == Next::Stop {
            return Ok(());
        }
    }
}

/// A source that is there, or a camera that is asked again and again.
pub enum OpenSource {
    Own(Box<dyn Source>),
    Rtsp(crate::source::rtsp::RtspAddress),
}

fn open_source(choice: &SourceChoice) -> Result<OpenSource, SourceError> {
    Ok(match choice {
        SourceChoice::TestPicture => OpenSource::Own(Box::new(TestPicture::new()?)),
        SourceChoice::File { path, audio } => {
            OpenSource::Own(Box::new(FileSource::open(path, *audio)?))
        }
        SourceChoice::Rtsp(address) => OpenSource::Rtsp(address.clone()),
    })
}

/// The camera's thread.
struct Camera {
    /// Dropping it stops the camera.
    running: Option<Running>,
    outcome: oneshot::Receiver<Result<(), CaptureError>>,
}

enum Running {
    Own { _stop: std::sync::mpsc::Sender<()> },
    Rtsp { _stop: oneshot::Sender<()> },
}

impl Camera {
    /// Each camera has a thread of its own, so that a slow disk or a slow camera holds up no other.
    fn start(source: OpenSource, recorder: Recorder, fragment_ms: u64) -> Result<Self, Stopped> {
        let (done, outcome) = oneshot::channel();
        let thread = std::thread::Builder::new().name("camera".into());
        let span = tracing::Span::current();
        let (running, started) = match source {
            OpenSource::Own(source) => {
                let (stop, stopped) = std::sync::mpsc::channel();
                let capture = Capture {
                    source,
                    recorder,
                    fragment_ms,
                };
                let run = move || {
                    let _inside = span.enter();
                    done.send(capture.run(&stopped)).unwrap_or_default()
                };
                (Running::Own { _stop: stop }, thread.spawn(run).map(drop))
            }
            OpenSource::Rtsp(address) => {
                let (stop, stopped) = oneshot::channel();
                let relay = Relay {
                    address,
                    recorder,
                    fragment_ms,
                    waits: Waits::default(),
                };
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                let run = move || {
                    let _inside = span.enter();
                    runtime.block_on(relay.run(stopped));
                    done.send(Ok(())).unwrap_or_default();
                };
                (Running::Rtsp { _stop: stop }, thread.spawn(run).map(drop))
            }
        };
        started?;
        Ok(Self {
            running: Some(running),
            outcome,
        })
    }

    async fn ended(&mut self) -> Result<(), Stopped> {
        match (&mut self.outcome).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(Stopped::Fault("the camera's thread")),
        }
    }

    /// Lets the camera hand on its open fragment.
    async fn stop(&mut self) -> Result<(), Stopped> {
        self.running = None;
        self.ended().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    use aws_credential_types::Credentials;
    use ciero_media::matroska::Track;

    use crate::clock::{ClockPolicy, ServiceClock};
    use crate::config::Audio;
    use crate::http_client::Endpoint;
    use crate::plan::Identity;
    use crate::source::{KeyWish, Picture};
    use crate::spool::{Line, Order, SpoolPlan};
    use crate::uplink::Pace;

    /// A source with a fault.
    struct Faulty(TestPicture);

    impl Source for Faulty {
        fn track(&self) -> &Track {
            self.0.track()
        }
        fn next_due_ms(&mut self) -> Result<u64, SourceError> {
            panic!("a fault, as the test wants it");
        }
        fn next(&mut self, _: u64, _: KeyWish) -> Result<Picture, SourceError> {
            panic!("a fault, as the test wants it");
        }
        fn restart(&mut self) -> Result<(), SourceError> {
            self.0.restart()
        }
    }

    fn plan(folder: &Path, source: SourceChoice) -> CameraPlan {
        CameraPlan {
            name: "door".into(),
            identity: Identity::Keys {
                endpoint: Endpoint::parse("http://127.0.0.1:1").unwrap(),
                stream: "door".into(),
                region: "ap-northeast-1".into(),
                credentials: Credentials::new("a", "b", None, None, "test"),
            },
            source,
            fragment_ms: 1000,
            spool: SpoolPlan {
                folder: folder.join("spool"),
                limit_bytes: 1 << 24,
                sync_after: Duration::MAX,
                order: Order::LiveFirst,
            },
            pace: Pace::default(),
        }
    }

    /// Records until a fragment is there, while `meanwhile` is done as soon as the camera has failed.
    async fn recorded(plan: &CameraPlan, source: Option<OpenSource>, meanwhile: impl FnOnce()) {
        let recorder = Recorder {
            clock: Arc::new(ServiceClock::new(ClockPolicy::OwnClock)),
            spool: Arc::new(Spool::open(&plan.spool).unwrap()),
            status: Arc::new(Status::default()),
        };
        let (stop, stopped) = watch::channel(false);
        let recording = record(plan, source, &recorder, stopped);
        let watching = async {
            failed(&recorder.status).await;
            meanwhile();
            recorder.spool.rung(Line::Live).await;
            stop.send(true).unwrap();
        };
        let (outcome, ()) = tokio::join!(recording, watching);
        assert_eq!(outcome, Ok(()));
        assert!(recorder.spool.waiting().fragments > 0);
    }

    async fn failed(status: &Status) {
        while !matches!(status.read().camera, CameraPhase::Failed(_)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn a_camera_whose_thread_ends_by_a_fault_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path(), SourceChoice::TestPicture);
        let faulty = OpenSource::Own(Box::new(Faulty(TestPicture::new().unwrap())));
        recorded(&plan, Some(faulty), || {}).await;
    }

    #[tokio::test]
    async fn a_file_that_is_missing_is_played_as_soon_as_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.mkv");
        let source = SourceChoice::File {
            path: film.clone(),
            audio: Audio::None,
        };
        let plan = plan(folder.path(), source);
        assert!(open_now(&plan.source).await.unwrap().is_none());
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/camera.mkv");
        recorded(&plan, None, || {
            std::fs::copy(fixture, film).unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_file_that_is_no_video_fails_its_camera_for_good() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = SourceChoice::File {
            path: file.path().to_owned(),
            audio: Audio::None,
        };
        assert!(matches!(open_now(&source).await, Err(Failure::Usage(_))));
    }

    #[tokio::test]
    async fn a_folder_that_another_program_uses_is_opened_when_that_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path(), SourceChoice::TestPicture);
        let other = Spool::open(&plan.spool).unwrap();
        let status = Status::default();
        let (_stop, mut stopped) = watch::channel(false);
        let opening = open_spool(&plan, &status, &mut stopped);
        let ending = async {
            failed(&status).await;
            drop(other);
        };
        let (opened, ()) = tokio::join!(opening, ending);
        assert!(opened.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_folder_that_never_can_be_one_fails_its_camera_for_good() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let plan = plan(file.path(), SourceChoice::TestPicture);
        let (_stop, mut stopped) = watch::channel(false);
        let refused = open_spool(&plan, &Status::default(), &mut stopped).await;
        assert!(matches!(refused, Err(Failure::Usage(_))));
    }
}
