//! The camera's thread: takes pictures in real time, stamps them by the service clock and hands on fragments.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::clock::ServiceClock;
use crate::fragmenter::{Fragmenter, TooLong, Tracks};
use crate::source::{Source, SourceError};
use crate::spool::{Fragment, Spool};
use crate::status::{CameraPhase, Status};

/// A clock that is this far from where the pictures are has jumped (or this machine has slept).
const JUMP_MS: u64 = 3_000;
/// A jump is seen this soon, however far away the next picture is.
const LONGEST_NAP: Duration = Duration::from_millis(200);

/// Why the camera stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// Takes in the fragments of a camera.
#[derive(Clone)]
pub struct Recorder {
    pub clock: Arc<ServiceClock>,
    pub spool: Arc<Spool>,
    pub status: Arc<Status>,
}

impl Recorder {
    /// Keeps a fragment, unless the clock that stamped it is known to be wrong.
    pub fn keep(&self, fragment: Option<Fragment>) {
        let Some(fragment) = fragment else { return };
        match self.clock.refused() {
            None => self.spool.push(&fragment),
            Some(_) => self.status.not_kept(),
        }
    }
}

/// What the camera's thread works with.
pub struct Capture {
    pub source: Box<dyn Source>,
    pub recorder: Recorder,
    pub fragment_ms: u64,
}

impl Capture {
    /// Runs until the other end of `stop` is dropped; the open fragment is handed on then.
    pub fn run(mut self, stop: &Receiver<()>) -> Result<(), CaptureError> {
        let tracks = Tracks {
            video: self.source.track().clone(),
            sound: self.source.sound_track().cloned(),
        };
        let mut fragmenter = Fragmenter::new(self.fragment_ms, &tracks);
        let outcome = self.take_pictures(&mut fragmenter, stop);
        self.recorder.keep(fragmenter.finish());
        outcome
    }

    fn take_pictures(
        &mut self,
        fragmenter: &mut Fragmenter,
        stop: &Receiver<()>,
    ) -> Result<(), CaptureError> {
        let running = CameraPhase::Running(String::new());
        self.recorder.status.camera(running);
        fragmenter.stamped_by(self.recorder.clock.uncompared());
        let mut zero_ms = self.recorder.clock.now_ms();
        let mut last_now_ms = zero_ms;
        loop {
            if !self.recorder.clock.may_stamp() {
                self.recorder.keep(fragmenter.finish());
                if !self.waits_for_clock(stop) {
                    return Ok(());
                }
                zero_ms = self.begin_run(fragmenter)?;
                last_now_ms = zero_ms;
            }
            let due_ms = zero_ms + self.source.next_due_ms()?;
            let now_ms = self.recorder.clock.now_ms();
            let timing = timing(due_ms, now_ms, last_now_ms);
            last_now_ms = now_ms;
            match timing {
                Timing::Jumped => {
                    self.recorder.keep(fragmenter.finish());
                    zero_ms = self.begin_run(fragmenter)?;
                    continue;
                }
                Timing::Early(nap) => match naps(stop, nap.min(LONGEST_NAP)) {
                    true => continue,
                    false => return Ok(()),
                },
                Timing::Due => {}
            }
            let picture = self.source.next(due_ms, fragmenter.wish(due_ms))?;
            for frame in self.source.take_sound() {
                fragmenter.push_sound(zero_ms + frame.at_ms, frame.data)?;
            }
            let timecode_ms = zero_ms + picture.at_ms;
            self.recorder.keep(fragmenter.push(timecode_ms, picture)?);
        }
    }

    /// Takes no pictures while they could not be stamped, since making one may be most of the work; false when the camera
    /// is to stop.
    fn waits_for_clock(&self, stop: &Receiver<()>) -> bool {
        let recorder = &self.recorder;
        recorder.status.camera(CameraPhase::Paused);
        while !recorder.clock.may_stamp() {
            if !naps(stop, LONGEST_NAP) {
                return false;
            }
        }
        recorder.status.camera(CameraPhase::Running(String::new()));
        true
    }

    /// Begins a run and returns the time of its zero in epoch milliseconds.
    fn begin_run(&mut self, fragmenter: &mut Fragmenter) -> Result<u64, SourceError> {
        fragmenter.begin_run();
        self.source.restart()?;
        fragmenter.stamped_by(self.recorder.clock.uncompared());
        Ok(self.recorder.clock.now_ms())
    }
}

/// Waits; false when the camera is to stop.
fn naps(stop: &Receiver<()>, nap: Duration) -> bool {
    stop.recv_timeout(nap) == Err(RecvTimeoutError::Timeout)
}

#[derive(Debug, PartialEq, Eq)]
enum Timing {
    Due,
    Early(Duration),
    Jumped,
}

fn timing(due_ms: u64, now_ms: u64, last_now_ms: u64) -> Timing {
    if now_ms > due_ms + JUMP_MS || now_ms + JUMP_MS < last_now_ms {
        return Timing::Jumped;
    }
    match due_ms.saturating_sub(now_ms) {
        0 => Timing::Due,
        early_ms => Timing::Early(Duration::from_millis(early_ms)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::{ClockPolicy, Reading};
    use crate::config::Audio;
    use crate::source::{FileSource, KeyWish, Picture, TestPicture};
    use crate::spool::{Line, Order, Outgoing, SpoolPlan};
    use ciero_media::matroska::Track;
    use ciero_media::matroska::{Event, Limits, Reader};
    use std::path::Path;
    use std::sync::atomic::{AtomicI64, Ordering};

    const START_MS: i64 = 1_800_000_000_000;
    const DAY_MS: i64 = 86_400_000;
    const SAME: Reading = answer(START_MS);
    const DAY_AHEAD: Reading = answer(START_MS + DAY_MS);

    const fn answer(date_ms: i64) -> Reading {
        Reading {
            asked_at_ms: START_MS,
            answered_at_ms: START_MS,
            date_ms,
        }
    }

    #[test]
    fn a_clock_that_moves_a_little_is_followed_and_one_that_jumps_begins_anew() {
        assert_eq!(timing(10_000, 10_000, 9_990), Timing::Due);
        assert_eq!(timing(10_000, 12_900, 9_990), Timing::Due);
        let early = |ms| Timing::Early(Duration::from_millis(ms));
        assert_eq!(timing(10_066, 10_000, 10_500), early(66));
        assert_eq!(timing(90_000, 10_000, 9_990), early(80_000));
        assert_eq!(timing(10_000, 13_001, 9_990), Timing::Jumped);
        assert_eq!(timing(20_000, 10_000, 13_001), Timing::Jumped);
    }

    /// Ends the camera after some pictures, and moves the service clock on the way.
    struct Script<S> {
        source: S,
        clock: Arc<ServiceClock>,
        left: u32,
        jump_when_left: u32,
        stop: Option<std::sync::mpsc::Sender<()>>,
    }

    impl<S: Source> Source for Script<S> {
        fn track(&self) -> &Track {
            self.source.track()
        }
        fn next_due_ms(&mut self) -> Result<u64, SourceError> {
            if self.left == 0 {
                self.stop = None;
            }
            self.source.next_due_ms()
        }
        fn next(&mut self, clock_ms: u64, wish: KeyWish) -> Result<Picture, SourceError> {
            self.left = self.left.saturating_sub(1);
            if self.left == self.jump_when_left {
                self.clock.learn(DAY_AHEAD);
            }
            self.source.next(clock_ms, wish)
        }
        fn restart(&mut self) -> Result<(), SourceError> {
            self.source.restart()
        }
    }

    fn spool(folder: &Path) -> Spool {
        let plan = SpoolPlan {
            folder: folder.to_owned(),
            limit_bytes: 1 << 24,
            sync_after: Duration::MAX,
            order: Order::BacklogFirst,
        };
        Spool::open(&plan).unwrap()
    }

    fn captured(
        source: impl Source + 'static,
        pictures: u32,
        jump_when_left: u32,
    ) -> Vec<(u64, u32)> {
        // Time goes on only where somebody looks, so a slow machine changes nothing.
        let own_ms = AtomicI64::new(START_MS);
        let own = move || own_ms.fetch_add(10, Ordering::Relaxed);
        let clock = Arc::new(ServiceClock::over(
            Box::new(own),
            ClockPolicy::FollowService,
        ));
        clock.learn(SAME);
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(spool(folder.path()));
        let (stop, stopped) = std::sync::mpsc::channel();
        let script = Script {
            source,
            clock: clock.clone(),
            left: pictures,
            jump_when_left,
            stop: Some(stop),
        };
        let status = Arc::new(Status::default());
        let capture = Capture {
            source: Box::new(script),
            recorder: Recorder {
                clock: clock.clone(),
                spool: spool.clone(),
                status: status.clone(),
            },
            fragment_ms: 300,
        };
        std::thread::scope(|scope| {
            let camera = scope.spawn(move || capture.run(&stopped).unwrap());
            while !camera.is_finished() {
                if status.read().camera == CameraPhase::Paused {
                    clock.learn(DAY_AHEAD);
                }
                std::thread::yield_now();
            }
        });
        let (mut found, mut run) = (Vec::new(), 0);
        loop {
            match spool.next(Line::Live, 0) {
                Outgoing::Send(bytes) => found.push((timecode_of(&spool, &bytes), run)),
                Outgoing::NewConnection => {
                    for &(timecode_ms, _) in &found {
                        spool.persisted(Line::Live, timecode_ms);
                    }
                    spool.cut(Line::Live);
                    run += 1;
                }
                Outgoing::Nothing => return found,
            }
        }
    }

    fn timecode_of(spool: &Spool, cluster: &[u8]) -> u64 {
        let mut reader = Reader::new(Limits::default());
        reader.push(&spool.begin(Line::Live).unwrap());
        reader.push(cluster);
        loop {
            if let Event::ClusterStart { timecode_ms } = reader.next().unwrap().unwrap().event {
                return timecode_ms as u64;
            }
        }
    }

    #[test]
    fn the_test_picture_becomes_fragments_stamped_with_the_time() {
        let start_ms = START_MS as u64;
        let fragments = captured(TestPicture::new().unwrap(), 6, 99);
        assert_eq!(fragments.len(), 3);
        assert!((start_ms..start_ms + 100).contains(&fragments[0].0));
        assert!(fragments[1].0 - fragments[0].0 >= 300);
    }

    #[test]
    fn while_the_clock_is_wrong_no_picture_is_made() {
        let clock = ServiceClock::over(Box::new(|| START_MS), ClockPolicy::OwnClock);
        clock.learn(DAY_AHEAD);
        let folder = tempfile::tempdir().unwrap();
        let status = Arc::new(Status::default());
        let capture = Capture {
            source: Box::new(Covered(TestPicture::new().unwrap())),
            recorder: Recorder {
                clock: Arc::new(clock),
                spool: Arc::new(spool(folder.path())),
                status: status.clone(),
            },
            fragment_ms: 300,
        };
        let (stop, stopped) = std::sync::mpsc::channel();
        drop(stop);
        capture.run(&stopped).unwrap();
        assert_eq!(status.read().camera, CameraPhase::Paused);
    }

    /// A camera that must not be asked for a picture.
    struct Covered(TestPicture);

    impl Source for Covered {
        fn track(&self) -> &Track {
            self.0.track()
        }
        fn next_due_ms(&mut self) -> Result<u64, SourceError> {
            Err(SourceError::Encoder("a picture was asked for".into()))
        }
        fn next(&mut self, _: u64, _: KeyWish) -> Result<Picture, SourceError> {
            Err(SourceError::Encoder("a picture was asked for".into()))
        }
        fn restart(&mut self) -> Result<(), SourceError> {
            self.0.restart()
        }
    }

    #[test]
    fn a_jump_of_the_service_clock_begins_a_new_run_at_the_new_time() {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/camera.mkv");
        let fragments = captured(FileSource::open(&fixture, Audio::Any).unwrap(), 8, 4);
        assert_eq!(fragments.len(), 2, "{fragments:?}");
        assert_eq!((fragments[0].1, fragments[1].1), (0, 1));
        assert!(fragments[1].0 - fragments[0].0 > 86_000_000);
    }
}
