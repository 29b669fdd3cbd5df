//! Relays an RTSP camera: opens it again and again, stamps its frames and hands on fragments.

use std::time::Duration;

use futures::StreamExt;
use retina::codec::CodecItem;
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::backoff::{Backoff, chance};
use crate::capture::Recorder;
use crate::fragmenter::{Fragmenter, TooLong, Tracks};
use crate::source::Picture;
use crate::source::interleave::Interleaver;
use crate::source::rtsp::{Playing, RtspAddress, RtspError, open};
use crate::source::stamps::{Stamp, Stamper};
use crate::status::CameraPhase;

/// A camera that sends nothing for this long is opened again.
const SILENCE: Duration = Duration::from_secs(15);

/// One RTSP camera.
pub struct Relay {
    pub address: RtspAddress,
    pub recorder: Recorder,
    pub fragment_ms: u64,
}

enum Frame {
    Picture(Picture),
    Sound(Vec<u8>),
    /// What follows begins anew.
    NewRun,
}

impl Relay {
    /// Runs until the other end of `stop` is dropped; the open fragment is handed on then.
    pub async fn run(self, mut stop: oneshot::Receiver<()>) {
        let mut backoff = Backoff::default();
        let mut cutting = Cutting {
            recorder: self.recorder.clone(),
            fragment_ms: self.fragment_ms,
            fragmenter: None,
            has_sound: false,
            stampers: Default::default(),
            frames: Interleaver::default(),
        };
        loop {
            let outcome = tokio::select! {
                outcome = self.play(&mut cutting, &mut backoff) => outcome,
                _ = &mut stop => return cutting.end(),
            };
            cutting.end();
            let wait = backoff.failed(chance());
            let reason = outcome.to_string();
            warn!(camera = %self.address, wait_ms = wait.as_millis() as u64, "{reason}");
            self.recorder.status.camera(CameraPhase::Failed(reason));
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
        loop {
            let item = match tokio::time::timeout(SILENCE, playing.frames.next()).await {
                Err(_) => return RtspError::NoAnswer,
                Ok(None) => return RtspError::Ended,
                Ok(Some(Err(error))) => return RtspError::from_retina(&error, true),
                Ok(Some(Ok(item))) => item,
            };
            let now_ms = self.recorder.clock.now_ms();
            match item {
                CodecItem::VideoFrame(frame) => {
                    if known.is_none() || frame.has_new_parameters() {
                        let Some(tracks) = tracks(&playing) else {
                            continue; // before the first key picture
                        };
                        if known.as_ref() != Some(&tracks) {
                            self.describe(&playing, &tracks);
                            cutting.begin(&tracks);
                            known = Some(tracks);
                        }
                    }
                    backoff.succeeded();
                    let own_ms = own_ms(frame.timestamp());
                    let picture = Picture {
                        at_ms: 0,
                        key: playing.is_key(&frame),
                        data: frame.into_data(),
                    };
                    cutting.take(own_ms, now_ms, Frame::Picture(picture));
                }
                CodecItem::AudioFrame(frame) if known.is_some() => {
                    let own_ms = own_ms(frame.timestamp());
                    cutting.take(own_ms, now_ms, Frame::Sound(frame.data().to_vec()));
                }
                _ => continue,
            }
            if let Err(too_long) = cutting.cut(now_ms) {
                warn!(camera = %self.address, "{too_long}");
                let failed = CameraPhase::Failed(too_long.to_string());
                self.recorder.status.camera(failed);
                cutting.abandon();
            }
        }
    }

    fn describe(&self, playing: &Playing, tracks: &Tracks) {
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
        self.recorder.status.camera(CameraPhase::Running(text));
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
    recorder: Recorder,
    fragment_ms: u64,
    fragmenter: Option<Fragmenter>,
    has_sound: bool,
    stampers: [Stamper; 2],
    frames: Interleaver<Frame>,
}

impl Cutting {
    /// The camera begins, or goes on with other tracks.
    fn begin(&mut self, tracks: &Tracks) {
        self.flush();
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
        let at_ms = match self.stampers[stream].stamp(own_ms, now_ms) {
            Stamp::At(at_ms) => at_ms,
            Stamp::Jumped(at_ms) => {
                if stream == 0 {
                    self.frames.push(stream, at_ms, now_ms, Frame::NewRun);
                }
                at_ms
            }
        };
        self.frames.push(stream, at_ms, now_ms, frame);
    }

    /// Hands on what is whole. A camera without sound has nothing to wait for.
    fn cut(&mut self, now_ms: u64) -> Result<(), TooLong> {
        let now_ms = if self.has_sound { now_ms } else { u64::MAX };
        while let Some((at_ms, frame)) = self.frames.pop(now_ms) {
            self.place(at_ms, frame)?;
        }
        Ok(())
    }

    fn place(&mut self, at_ms: u64, frame: Frame) -> Result<(), TooLong> {
        let Some(fragmenter) = &mut self.fragmenter else {
            return Ok(());
        };
        let ended = match frame {
            Frame::Picture(picture) => fragmenter.push(at_ms, picture)?,
            Frame::Sound(data) => {
                fragmenter.push_sound(at_ms, data)?;
                None
            }
            Frame::NewRun => {
                let ended = fragmenter.finish();
                fragmenter.begin_run();
                ended
            }
        };
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
    }
}
