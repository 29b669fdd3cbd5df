//! Relays an RTSP camera: opens it again and again, stamps its frames and hands on fragments.

use futures::StreamExt;
use retina::codec::CodecItem;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use crate::backoff::{Backoff, chance};
use crate::capture::Recorder;
use crate::clock::Ahead;
use crate::fragmenter::{Fragmenter, TooLong, Tracks};
use crate::source::Picture;
use crate::source::interleave::Interleaver;
use crate::source::rtsp::{KEY_ADVICE, KEYS_APART_MS, Playing, RtspAddress, RtspError, open};
use crate::source::stamps::{Stamp, Stamper};
use crate::status::CameraPhase;
use crate::vigil::{Vigil, Waits};

/// One RTSP camera.
pub struct Relay {
    pub address: RtspAddress,
    pub recorder: Recorder,
    pub fragment_ms: u64,
    pub waits: Waits,
}

enum Frame {
    Picture(Picture),
    Sound(Vec<u8>),
    /// What follows begins anew, stamped by this clock if it was not compared.
    NewRun(Option<Ahead>),
}

impl Relay {
    /// Runs until the other end of `stop` is dropped; the open fragment is handed on then.
    pub async fn run(self, mut stop: oneshot::Receiver<()>) {
        let mut backoff = Backoff::default();
        let mut cutting = Cutting::new(
            self.address.clone(),
            self.recorder.clone(),
            self.fragment_ms,
        );
        loop {
            let outcome = tokio::select! {
                outcome = self.play(&mut cutting, &mut backoff) => outcome,
                _ = &mut stop => return cutting.end(),
            };
            cutting.end();
            let wait = self.waits.after(&outcome, backoff.failed(chance()));
            let reason = match outcome {
                RtspError::WrongPassword => format!(
                    "{outcome}; it is asked again in {} min, because cameras lock out who asks often",
                    wait.as_secs() / 60
                ),
                _ => outcome.to_string(),
            };
            if backoff.is_told() {
                warn!(camera = %self.address, wait_ms = wait.as_millis() as u64, "{reason}");
            }
            cutting.fails(reason);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = &mut stop => return,
            }
        }
    }

    /// Opens the camera and relays it until it fails.
    async fn play(&self, cutting: &mut Cutting, backoff: &mut Backoff) -> RtspError {
        let mut playing = match open(&self.address).await {
            Ok(playing) => playing,
            Err(error) => return error,
        };
        let mut known = None;
        let mut vigil = Vigil::begin(self.waits, Instant::now());
        loop {
            // Where something else is always there the timeout alone would never come.
            if Instant::now() >= vigil.deadline() {
                return vigil.verdict();
            }
            let item = match timeout_at(vigil.deadline(), playing.frames.next()).await {
                Err(_) => return vigil.verdict(),
                Ok(None) => return RtspError::Ended,
                Ok(Some(Err(error))) => return RtspError::from_retina(&error, true),
                Ok(Some(Ok(item))) => item,
            };
            let (now, now_ms) = (Instant::now(), self.recorder.clock.now_ms());
            match item {
                CodecItem::VideoFrame(frame) => {
                    let key = playing.is_key(&frame);
                    match key {
                        true => vigil.key_picture(now),
                        false => vigil.picture(now),
                    }
                    if known.is_none() || frame.has_new_parameters() {
                        let Some(tracks) = tracks(&playing) else {
                            continue; // before the first key picture
                        };
                        if known.as_ref() != Some(&tracks) {
                            cutting.begin(&tracks, self.describe(&playing, &tracks));
                            known = Some(tracks);
                        }
                    }
                    backoff.succeeded();
                    let own_ms = own_ms(frame.timestamp());
                    let picture = Picture {
                        at_ms: 0,
                        key,
                        data: frame.into_data(),
                    };
                    cutting.take(own_ms, now_ms, Frame::Picture(picture));
                }
                CodecItem::AudioFrame(frame) if known.is_some() => {
                    vigil.other();
                    let own_ms = own_ms(frame.timestamp());
                    cutting.take(own_ms, now_ms, Frame::Sound(frame.data().to_vec()));
                }
                _ => {
                    vigil.other();
                    continue;
                }
            }
            cutting.cut(now_ms);
        }
    }

    /// What the camera plays, in words.
    fn describe(&self, playing: &Playing, tracks: &Tracks) -> String {
        let video = &playing.offered[playing.video];
        let mut text = match tracks.video.kind {
            ciero_media::matroska::TrackKind::Video { width, height } => {
                format!("{} {width} x {height}", video.codec())
            }
            _ => video.codec().to_owned(),
        };
        if let Some(sound) = playing.sound {
            text = format!("{text}, {}", playing.offered[sound].codec());
        } else if let Some(sound) = playing.offered.iter().find(|one| one.media == "audio") {
            text = format!("{text}, sound in {} not sent", sound.codec());
        }
        info!(camera = %self.address, "the camera plays {text}");
        text
    }
}

fn tracks(playing: &Playing) -> Option<Tracks> {
    Some(Tracks {
        video: playing.video_track()?,
        sound: playing.sound_track(),
    })
}

fn own_ms(timestamp: retina::Timestamp) -> i64 {
    timestamp.elapsed() * 1000 / i64::from(timestamp.clock_rate().get())
}

/// Stamps frames and cuts them into fragments.
struct Cutting {
    camera: RtspAddress,
    recorder: Recorder,
    fragment_ms: u64,
    fragmenter: Option<Fragmenter>,
    has_sound: bool,
    stampers: [Stamper; 2],
    frames: Interleaver<Frame>,
    /// What the camera plays, as the status says it.
    plays: String,
    state: State,
    last_key_ms: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Well,
    /// Since the last whole fragment.
    Failed,
}

impl Cutting {
    fn new(camera: RtspAddress, recorder: Recorder, fragment_ms: u64) -> Self {
        Self {
            camera,
            recorder,
            fragment_ms,
            fragmenter: None,
            has_sound: false,
            stampers: Default::default(),
            frames: Interleaver::default(),
            plays: String::new(),
            state: State::Well,
            last_key_ms: None,
        }
    }

    /// The camera begins, or goes on with other tracks. One that failed runs again with its next whole fragment.
    fn begin(&mut self, tracks: &Tracks, plays: String) {
        self.flush();
        self.last_key_ms = None;
        self.plays = plays;
        if self.state == State::Well {
            self.runs();
        }
        self.has_sound = tracks.sound.is_some();
        match &mut self.fragmenter {
            Some(fragmenter) => {
                self.recorder.keep(fragmenter.finish());
                fragmenter.begin_run();
                fragmenter.set_tracks(tracks);
            }
            None => self.fragmenter = Some(Fragmenter::new(self.fragment_ms, tracks)),
        }
    }

    fn take(&mut self, own_ms: i64, now_ms: u64, frame: Frame) {
        let stream = usize::from(matches!(frame, Frame::Sound(_)));
        let begins = self.stampers[stream].is_fresh();
        let at_ms = match self.stampers[stream].stamp(own_ms, now_ms) {
            Stamp::At(at_ms) if !begins => at_ms,
            Stamp::At(at_ms) | Stamp::Jumped(at_ms) => {
                if stream == 0 {
                    let run = Frame::NewRun(self.recorder.clock.uncompared());
                    self.frames.push(stream, at_ms, now_ms, run);
                }
                at_ms
            }
        };
        self.frames.push(stream, at_ms, now_ms, frame);
    }

    /// Hands on what is whole. A camera without sound has nothing to wait for.
    fn cut(&mut self, now_ms: u64) {
        let now_ms = if self.has_sound { now_ms } else { u64::MAX };
        while let Some((at_ms, frame)) = self.frames.pop(now_ms) {
            if let Err(too_long) = self.place(at_ms, frame) {
                warn!(camera = %self.camera, "{too_long}");
                self.fails(format!("{too_long}: {KEY_ADVICE}"));
                self.abandon();
            }
        }
    }

    fn fails(&mut self, reason: String) {
        self.state = State::Failed;
        self.recorder.status.camera(CameraPhase::Failed(reason));
    }

    fn runs(&mut self) {
        self.state = State::Well;
        let running = CameraPhase::Running(self.plays.clone());
        self.recorder.status.camera(running);
    }

    /// Tells of key pictures that are further apart than an installer should leave them.
    fn measure(&mut self, key_ms: u64) {
        let Some(last_ms) = self.last_key_ms.replace(key_ms) else {
            return;
        };
        let apart_ms = key_ms.saturating_sub(last_ms);
        let too_far = (apart_ms > KEYS_APART_MS).then(|| apart_ms.div_ceil(1000));
        let told = self.recorder.status.keys_apart(too_far);
        if let (None, Some(seconds)) = (told, too_far) {
            warn!(camera = %self.camera, "key pictures are {seconds} s apart: {KEY_ADVICE}");
        }
    }

    fn place(&mut self, at_ms: u64, frame: Frame) -> Result<(), TooLong> {
        match &frame {
            Frame::Picture(picture) if picture.key => self.measure(at_ms),
            Frame::NewRun(_) => self.last_key_ms = None,
            Frame::Picture(_) | Frame::Sound(_) => {}
        }
        let Some(fragmenter) = &mut self.fragmenter else {
            return Ok(());
        };
        let ended = match frame {
            Frame::Picture(picture) => fragmenter.push(at_ms, picture)?,
            Frame::Sound(data) => {
                fragmenter.push_sound(at_ms, data)?;
                None
            }
            Frame::NewRun(uncompared) => {
                let ended = fragmenter.finish();
                fragmenter.begin_run();
                fragmenter.stamped_by(uncompared);
                ended
            }
        };
        if ended.is_some() && self.state == State::Failed {
            self.runs();
        }
        self.recorder.keep(ended);
        Ok(())
    }

    fn flush(&mut self) {
        for (at_ms, frame) in self.frames.drain() {
            // What does not fit into the fragment is past its end.
            let _ = self.place(at_ms, frame);
        }
    }

    /// The open fragment cannot be sent; the next begins with a key picture.
    fn abandon(&mut self) {
        if let Some(fragmenter) = &mut self.fragmenter {
            fragmenter.abandon();
        }
    }

    /// The camera is gone or the program ends: hands on the open fragment; what comes next is a new run.
    fn end(&mut self) {
        self.flush();
        if let Some(fragmenter) = &mut self.fragmenter {
            self.recorder.keep(fragmenter.finish());
            fragmenter.begin_run();
        }
        self.stampers = Default::default();
        self.last_key_ms = None;
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
