//! A camera's thread: it is started, stopped, and opened again after a fault.

use tokio::sync::{oneshot, watch};
use tracing::error;

use crate::backoff::{Backoff, chance};
use crate::capture::{Capture, CaptureError, Recorder};
use crate::plan::{CameraPlan, SourceChoice};
use crate::relay::Relay;
use crate::run::{Failure, usage};
use crate::source::{FileSource, Source, SourceError, TestPicture};
use crate::status::CameraPhase;

/// Records a camera until it is to stop; a camera whose thread ended by a fault is opened again.
pub async fn record(
    plan: &CameraPlan,
    mut source: OpenSource,
    recorder: &Recorder,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let mut backoff = Backoff::default();
    loop {
        let mut camera = Camera::start(source, recorder.clone(), plan.fragment_ms)?;
        let failed = tokio::select! {
            failed = camera.fails() => failed,
            _ = stop.changed() => return camera.stop().await,
        };
        let Err(Failure::Fault(what)) = failed else {
            return failed;
        };
        let wait = backoff.failed(chance());
        error!(camera = %plan.source, wait_ms = wait.as_millis() as u64, "{what} ended unexpectedly and begins again");
        let fault = CameraPhase::Failed(format!("{what} ended unexpectedly"));
        recorder.status.camera(fault);
        tokio::select! {
            () = tokio::time::sleep(wait) => source = open_source(&plan.source).map_err(usage)?,
            _ = stop.changed() => return Ok(()),
        }
    }
}

/// A source that is there, or a camera that is asked again and again.
pub enum OpenSource {
    Own(Box<dyn Source>),
    Rtsp(crate::source::rtsp::RtspAddress),
}

pub fn open_source(choice: &SourceChoice) -> Result<OpenSource, SourceError> {
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
    fn start(source: OpenSource, recorder: Recorder, fragment_ms: u64) -> Result<Self, Failure> {
        let (done, outcome) = oneshot::channel();
        let thread = std::thread::Builder::new().name("camera".into());
        let (running, started) = match source {
            OpenSource::Own(source) => {
                let (stop, stopped) = std::sync::mpsc::channel();
                let capture = Capture {
                    source,
                    recorder,
                    fragment_ms,
                };
                let run = move || done.send(capture.run(&stopped)).unwrap_or_default();
                (Running::Own { _stop: stop }, thread.spawn(run).map(drop))
            }
            OpenSource::Rtsp(address) => {
                let (stop, stopped) = oneshot::channel();
                let relay = Relay {
                    address,
                    recorder,
                    fragment_ms,
                };
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(usage)?;
                let run = move || {
                    runtime.block_on(relay.run(stopped));
                    done.send(Ok(())).unwrap_or_default();
                };
                (Running::Rtsp { _stop: stop }, thread.spawn(run).map(drop))
            }
        };
        started.map_err(|error| Failure::Usage(format!("no thread for the camera: {error}")))?;
        Ok(Self {
            running: Some(running),
            outcome,
        })
    }

    async fn fails(&mut self) -> Result<(), Failure> {
        match (&mut self.outcome).await {
            Ok(outcome) => outcome.map_err(usage),
            Err(_) => Err(Failure::Fault("the camera's thread")),
        }
    }

    /// Lets the camera hand on its open fragment.
    async fn stop(&mut self) -> Result<(), Failure> {
        self.running = None;
        self.fails().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use aws_credential_types::Credentials;
    use ciero_media::matroska::Track;

    use crate::clock::{ClockPolicy, ServiceClock};
    use crate::http_client::Endpoint;
    use crate::plan::Identity;
    use crate::source::{KeyWish, Picture};
    use crate::spool::{Order, Spool, SpoolPlan};
    use crate::status::Status;
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

    #[tokio::test]
    async fn a_camera_whose_thread_ends_by_a_fault_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let plan = CameraPlan {
            name: "door".into(),
            identity: Identity::Keys {
                endpoint: Endpoint::parse("http://127.0.0.1:1").unwrap(),
                stream: "door".into(),
                region: "ap-northeast-1".into(),
                credentials: Credentials::new("a", "b", None, None, "test"),
            },
            source: SourceChoice::TestPicture,
            fragment_ms: 1000,
            spool: SpoolPlan {
                folder: folder.path().to_owned(),
                limit_bytes: 1 << 24,
                sync_after: Duration::MAX,
                order: Order::LiveFirst,
            },
            pace: Pace::default(),
        };
        let recorder = Recorder {
            clock: Arc::new(ServiceClock::new(ClockPolicy::OwnClock)),
            spool: Arc::new(Spool::open(&plan.spool).unwrap()),
            status: Arc::new(Status::default()),
        };
        let faulty = OpenSource::Own(Box::new(Faulty(TestPicture::new().unwrap())));
        let (stop, stopped) = watch::channel(false);
        let recording = record(&plan, faulty, &recorder, stopped);
        let watching = async {
            recorder.spool.rung(crate::spool::Line::Live).await;
            stop.send(true).unwrap();
        };
        let (outcome, ()) = tokio::join!(recording, watching);
        assert_eq!(outcome, Ok(()));
        assert!(recorder.spool.waiting().fragments > 0);
    }
}
