//! `iotbox check`: looks at a camera and tells an installer what it offers, what will be sent, and what to change.

use std::time::{Duration, Instant};

use ciero_media::matroska::{Track, TrackKind};
use futures::StreamExt;
use retina::codec::CodecItem;

use crate::args::{CAMERA_PASSWORD, CheckArgs, NEEDS_PASSWORD};
use crate::plan::Environment;
use crate::run::Failure;
use crate::source::rtsp::{
    KEY_ADVICE, KEYS_APART_MS, Offered, Playing, RtspAddress, RtspError, open,
};

/// Three key pictures tell their distance; a shorter look would tell no bitrate.
const KEYS: usize = 3;
const SHORTEST: Duration = Duration::from_secs(4);
/// What the service takes at most.
const KEYS_TOO_FAR_MS: i64 = 20_000;

/// What was seen of a camera.
#[derive(Debug, Default)]
struct Seen {
    /// Times of the pictures, in the camera's milliseconds and in the order in which they came.
    pictures_ms: Vec<i64>,
    keys_ms: Vec<i64>,
    video_bytes: usize,
    sound_bytes: usize,
    lost_packets: u64,
}

/// What a camera is, in figures.
#[derive(Debug)]
struct Report<'a> {
    offered: &'a [Offered],
    video: usize,
    sound: Option<usize>,
    track: Option<Track>,
    sound_track: Option<Track>,
    seen: Seen,
}

/// Looks at a camera and prints what it is; a camera that cannot be sent is a failure.
pub async fn check(arguments: &CheckArgs, environment: Environment<'_>) -> Result<(), Failure> {
    let mut address = RtspAddress::parse(&arguments.address).map_err(Failure::Usage)?;
    address.transport = arguments.transport;
    if let Some(user) = &arguments.user {
        let password = environment(CAMERA_PASSWORD);
        let password = password.ok_or_else(|| Failure::Usage(NEEDS_PASSWORD.into()))?;
        address.set_credentials(user.clone(), password);
    }
    println!("camera      {address}");
    let mut playing = open(&address).await.map_err(camera)?;
    let seen = look(&mut playing, Duration::from_secs(arguments.seconds))
        .await
        .map_err(camera)?;
    let report = Report {
        offered: &playing.offered,
        video: playing.video,
        sound: playing.sound,
        track: playing.video_track(),
        sound_track: playing.sound_track(),
        seen,
    };
    for line in report.lines() {
        println!("{line}");
    }
    if let Some(warning) = report.warning() {
        println!("warning     {warning}");
    }
    let (hints, fit) = report.hints();
    for hint in hints {
        println!("hint        {hint}");
    }
    fit.map_err(Failure::Camera)
}

fn camera(error: RtspError) -> Failure {
    Failure::Camera(error.to_string())
}

async fn look(playing: &mut Playing, longest: Duration) -> Result<Seen, RtspError> {
    let began = Instant::now();
    let mut seen = Seen::default();
    while seen.keys_ms.len() < KEYS || began.elapsed() < SHORTEST {
        let left = longest.saturating_sub(began.elapsed());
        let Ok(item) = tokio::time::timeout(left, playing.frames.next()).await else {
            break;
        };
        let item = item.ok_or(RtspError::Ended)?;
        match item.map_err(|error| RtspError::from_retina(&error, true))? {
            CodecItem::VideoFrame(frame) => {
                let at_ms = own_ms(frame.timestamp());
                seen.pictures_ms.push(at_ms);
                if playing.is_key(&frame) {
                    seen.keys_ms.push(at_ms);
                }
                seen.lost_packets += u64::from(frame.loss());
                seen.video_bytes += frame.data().len();
            }
            CodecItem::AudioFrame(frame) => seen.sound_bytes += frame.data().len(),
            _ => {}
        }
    }
    Ok(seen)
}

fn own_ms(timestamp: retina::Timestamp) -> i64 {
    (timestamp.elapsed_secs() * 1000.0) as i64
}

impl Seen {
    fn length_ms(&self) -> i64 {
        match (self.pictures_ms.iter().min(), self.pictures_ms.iter().max()) {
            (Some(first), Some(last)) => last - first,
            _ => 0,
        }
    }

    fn pictures_per_second(&self) -> f64 {
        let length_ms = self.length_ms().max(1) as f64;
        self.pictures_ms.len().saturating_sub(1) as f64 * 1000.0 / length_ms
    }

    fn kbit_per_s(&self, bytes: usize) -> u64 {
        bytes as u64 * 8 / self.length_ms().max(1).unsigned_abs()
    }

    /// The longest distance of two key pictures, counting what followed the last.
    fn keys_apart_ms(&self) -> Option<i64> {
        let last = *self.keys_ms.last()?;
        let open = self.pictures_ms.iter().max().map_or(0, |end| end - last);
        let closed = self.keys_ms.windows(2).map(|two| two[1] - two[0]).max();
        Some(closed.unwrap_or(0).max(open))
    }

    /// Pictures that are shown before one that came earlier refer to later ones.
    fn has_b_pictures(&self) -> bool {
        !self.pictures_ms.is_sorted()
    }
}

impl Report<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (index, one) in self.offered.iter().enumerate() {
            let sent = if index == self.video || Some(index) == self.sound {
                "sent"
            } else {
                "not sent"
            };
            let (media, codec, rate) = (&one.media, one.codec(), one.clock_rate_hz);
            lines.push(format!(
                "offers      {media} {codec}, clock {rate} Hz: {sent}"
            ));
        }
        if let Some(track) = &self.track {
            lines.push(format!("video       {}", self.video_line(track)));
        }
        if let Some(TrackKind::Audio {
            sample_rate,
            channels,
        }) = self.sound_track.as_ref().map(|track| track.kind)
        {
            let kbit = self.seen.kbit_per_s(self.seen.sound_bytes);
            lines.push(format!(
                "sound       {sample_rate} Hz, {channels} channel(s), {kbit} kbit/s"
            ));
        }
        lines
    }

    fn video_line(&self, track: &Track) -> String {
        let seen = &self.seen;
        let size = match track.kind {
            TrackKind::Video { width, height } => format!("{width} x {height}"),
            _ => String::new(),
        };
        let name = ciero_media::codec::codec_string(track).unwrap_or_default();
        let profile = profile(&name);
        let keys = match seen.keys_apart_ms() {
            None => "no key picture".to_owned(),
            Some(ms) => format!("key picture every {:.1} s", ms as f64 / 1000.0),
        };
        format!(
            "{} {profile}({name}), {size}, {:.1} pictures/s, {keys}, {} kbit/s",
            self.offered[self.video].codec(),
            seen.pictures_per_second(),
            seen.kbit_per_s(seen.video_bytes)
        )
    }

    /// What is sent but must not stay as it is.
    fn warning(&self) -> Option<String> {
        let apart_ms = self.seen.keys_apart_ms()?.unsigned_abs();
        (apart_ms > KEYS_APART_MS).then(|| {
            let seconds = apart_ms as f64 / 1000.0;
            format!(
                "key pictures are more than 10 s apart ({seconds:.1} s were seen), and a fragment, which should last 1 to 10 s, \
                 lasts from one to the next: {KEY_ADVICE}"
            )
        })
    }

    /// What to change, and why the camera cannot be sent as it is, if so.
    fn hints(&self) -> (Vec<String>, Result<(), String>) {
        let mut hints = Vec::new();
        let apart_ms = self.seen.keys_apart_ms();
        if self.seen.has_b_pictures() {
            hints.push(
                "the video has B-frames, which some players show out of order: switch them off (profile Baseline or Main without B-frames)"
                    .into(),
            );
        }
        if self.offered[self.video].encoding == "h265" {
            hints.push(
                "H.265 is shown only by browsers on machines that decode it: choose H.264 if everyone is to see it"
                    .into(),
            );
        }
        let unsent = self
            .offered
            .iter()
            .enumerate()
            .filter(|(index, one)| one.media == "audio" && Some(*index) != self.sound);
        for (_, one) in unsent {
            let codec = one.codec();
            hints.push(match one.is_sound() {
                true => format!(
                    "sound in {codec} is not sent, because browsers do not play it: choose AAC in the camera's settings (audio = \"any\" in the configuration sends it for other players)"
                ),
                false => format!("sound in {codec} is not sent: choose AAC in the camera's settings"),
            });
        }
        if self.sound.is_some() && self.seen.sound_bytes == 0 {
            hints.push(
                "the camera announces sound but sends none; pictures are sent without it".into(),
            );
        }
        if self.seen.lost_packets > 0 {
            hints.push(format!(
                "{} packets were lost on the way: use --transport tcp, or look after the network",
                self.seen.lost_packets
            ));
        }
        let fit = match (apart_ms, &self.track) {
            (None, _) => Err(format!(
                "no key picture came, so nothing can be sent: {KEY_ADVICE}"
            )),
            (Some(ms), _) if ms > KEYS_TOO_FAR_MS => Err(format!(
                "key pictures are more than 20 s apart, which the service does not take: {KEY_ADVICE}"
            )),
            (_, None) => Err("the camera does not tell how its video is to be decoded".into()),
            _ => Ok(()),
        };
        match (&fit, self.warning()) {
            (Err(_), _) => {}
            (Ok(()), None) => hints.push("this camera can be sent".into()),
            (Ok(()), Some(_)) => {
                hints.push("this camera is sent all the same, but do not leave it as it is".into())
            }
        }
        (hints, fit)
    }
}

/// The name of an H.264 profile, as cameras' settings call it.
fn profile(codec: &str) -> &'static str {
    match codec.get(..7).unwrap_or_default() {
        "avc1.42" => "Baseline ",
        "avc1.4d" => "Main ",
        "avc1.64" => "High ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn offered(media: &str, encoding: &str) -> Offered {
        Offered {
            media: media.into(),
            encoding: encoding.into(),
            clock_rate_hz: 90_000,
        }
    }

    fn hints(
        pictures_ms: &[i64],
        keys_ms: &[i64],
        offered: &[Offered],
    ) -> (String, Result<(), String>) {
        let report = Report {
            offered,
            video: 0,
            sound: None,
            track: Some(Track::avc(1, 640, 360, vec![1])),
            sound_track: None,
            seen: Seen {
                pictures_ms: pictures_ms.to_vec(),
                keys_ms: keys_ms.to_vec(),
                video_bytes: 1000,
                ..Seen::default()
            },
        };
        let (hints, fit) = report.hints();
        let told: Vec<String> = report.warning().into_iter().chain(hints).collect();
        (told.join("\n"), fit)
    }

    #[test]
    fn a_camera_that_fits_gets_no_other_hint() {
        let (text, fit) = hints(&[0, 40, 80, 120], &[0, 80], &[offered("video", "h264")]);
        assert_eq!((text.as_str(), fit), ("this camera can be sent", Ok(())));
    }

    #[test]
    fn key_pictures_far_apart_are_told_before_and_after_they_cannot_be_sent() {
        let video = [offered("video", "h264")];
        let (text, fit) = hints(&[0, 10_001], &[0], &video);
        assert!(
            text.contains("more than 10 s apart (10.0 s were seen)") && fit.is_ok(),
            "{text}"
        );
        assert!(text.contains("interval (I-frame interval, GOP) to 1 to 10 s"));
        assert!(!text.contains("this camera can be sent"), "{text}");
        assert!(!hints(&[0, 10_000], &[0], &video).0.contains("apart"));
        assert!(hints(&[0, 20_001], &[0], &video).1.is_err());
        assert!(
            hints(&[0, 40], &[], &video)
                .1
                .unwrap_err()
                .contains("no key picture")
        );
    }

    #[test]
    fn b_pictures_and_sound_that_is_not_sent_are_told() {
        let both = [offered("video", "h264"), offered("audio", "g726-32")];
        let (text, fit) = hints(&[0, 120, 40, 80], &[0], &both);
        assert!(text.contains("B-frames"), "{text}");
        assert!(text.contains("sound in g726-32 is not sent"), "{text}");
        assert!(fit.is_ok());
        let both = [offered("video", "h264"), offered("audio", "pcma")];
        let (text, fit) = hints(&[0, 40], &[0], &both);
        assert!(
            text.contains("sound in G.711 A-law is not sent, because browsers do not play it"),
            "{text}"
        );
        assert!(fit.is_ok());
    }

    #[test]
    fn h265_that_not_every_browser_shows_is_told() {
        let (text, fit) = hints(&[0, 40], &[0], &[offered("video", "h265")]);
        assert!(text.contains("choose H.264"), "{text}");
        assert!(fit.is_ok());
    }

    #[test]
    fn figures_come_from_the_cameras_own_times() {
        let seen = Seen {
            pictures_ms: (0..51).map(|number| number * 40).collect(),
            keys_ms: vec![0, 1000, 2000],
            video_bytes: 500_000,
            ..Seen::default()
        };
        assert_eq!(seen.pictures_per_second().round() as u32, 25);
        assert_eq!(seen.kbit_per_s(seen.video_bytes), 2000);
        assert_eq!(seen.keys_apart_ms(), Some(1000));
    }
    #[tokio::test]
    async fn a_user_without_a_password_is_told_which_variable_is_missing() {
        let arguments = CheckArgs {
            address: "rtsp://127.0.0.1:1/a".into(),
            user: Some("viewer".into()),
            transport: Default::default(),
            seconds: 1,
        };
        let refused = check(&arguments, &|_| None).await.unwrap_err();
        assert_eq!(refused, Failure::Usage(NEEDS_PASSWORD.into()));
    }
}
