//! A recorded file as a camera: its pictures and its sound as they are, in real time, again and again.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use ciero_media::codec::{Codec, codec_string};
use ciero_media::matroska::Track;

use super::matroska_file::MatroskaReel;
use super::mp4_file::Mp4Reel;
use super::{KeyWish, Picture, SoundFrame, Source, SourceError};
use crate::config::Audio;

/// How long the only picture of a file stands.
const SINGLE_PICTURE_MS: u64 = 1000;
const OF_MATROSKA: &str = "a Matroska file may have H.264 or H.265";
const OF_MP4: &str = "an MP4 file may have H.264, and a Matroska file H.265 and sound, too";

/// A file of one format, read from its beginning to its end; reasons are plain text.
pub(super) trait Reel: Send {
    fn track(&self) -> &Track;
    /// The track of its sound; the codec's name where the service does not know it.
    fn sound(&self) -> Result<Option<&Track>, &str> {
        Ok(None)
    }
    /// The next frame in decoding order, on the file's own time line; `None` at the end.
    fn next(&mut self) -> Result<Option<ReelFrame>, String>;
    fn rewind(&mut self) -> Result<(), String>;
}

/// What a file has next.
pub(super) enum ReelFrame {
    Picture(ReelPicture),
    Sound { at_ms: i64, data: Vec<u8> },
}

/// One picture of a file.
pub(super) struct ReelPicture {
    pub at_ms: i64,
    pub key: bool,
    pub data: Vec<u8>,
}

/// Plays a reel without end.
pub struct FileSource {
    path: PathBuf,
    reel: Box<dyn Reel>,
    lap: Lap,
    next: Option<Picture>,
    /// What is heard before the next picture, or is not wanted.
    heard: Vec<SoundFrame>,
    with_sound: bool,
    due_ms: u64,
}

/// One run through the file.
#[derive(Default)]
struct Lap {
    starts_at_ms: u64,
    /// The file's time of its first key picture.
    first_ms: Option<i64>,
    length_ms: u64,
    /// Where the last frame of sound begins.
    sound_ms: u64,
    pictures: u64,
}

impl Lap {
    /// Takes a picture's own time and says when it is due; `None` before the first key picture.
    fn place(&mut self, picture: &ReelPicture) -> Option<u64> {
        let first_ms = match self.first_ms {
            Some(first_ms) => first_ms,
            None if picture.key => *self.first_ms.insert(picture.at_ms),
            None => return None,
        };
        let since_first = picture.at_ms.saturating_sub(first_ms);
        self.length_ms = self.length_ms.max(since_first.max(0).unsigned_abs());
        self.pictures += 1;
        Some(self.starts_at_ms.saturating_add_signed(since_first))
    }

    /// Says when sound is due; `None` before the first picture.
    fn place_sound(&mut self, at_ms: i64) -> Option<u64> {
        let since_first = u64::try_from(at_ms.saturating_sub(self.first_ms?)).ok()?;
        self.sound_ms = self.sound_ms.max(since_first);
        Some(self.starts_at_ms + since_first)
    }

    fn next(&self) -> Self {
        let interval_ms = match self.pictures {
            0 | 1 => SINGLE_PICTURE_MS,
            pictures => (self.length_ms / (pictures - 1)).max(1),
        };
        Self {
            // Sound that lasts longer than the pictures is heard to its end.
            starts_at_ms: self.starts_at_ms + (self.length_ms + interval_ms).max(self.sound_ms + 1),
            ..Self::default()
        }
    }
}

impl FileSource {
    /// Opens a file; its first bytes say what it is.
    pub fn open(path: &Path, audio: Audio) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        let unreadable = |error: std::io::Error| SourceError::Unreadable {
            path: shown.clone(),
            reason: error.to_string(),
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let mut start = Vec::new();
        (&mut file)
            .take(12)
            .read_to_end(&mut start)
            .map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let (reel, wanted): (Option<Box<dyn Reel>>, _) =
            if start.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
                let reel = damaged(&shown, MatroskaReel::open(file))?;
                (reel.map(|reel| Box::new(reel) as _), OF_MATROSKA)
            } else if start.get(4..8) == Some(b"ftyp") {
                let reel = damaged(&shown, Mp4Reel::open(file))?;
                (reel.map(|reel| Box::new(reel) as _), OF_MP4)
            } else {
                return Err(SourceError::UnknownFormat { path: shown });
            };
        let path_shown = shown.clone();
        let reel = reel.ok_or(SourceError::NoVideo {
            path: path_shown,
            wanted,
        })?;
        let with_sound = match (audio, reel.sound()) {
            (Audio::None, _) | (_, Ok(None)) => false,
            (_, Ok(Some(track))) => audio.takes(Codec::of(track) == Some(Codec::Aac)),
            (_, Err(codec)) => {
                return Err(SourceError::UnknownSound {
                    path: shown,
                    codec: codec.to_owned(),
                });
            }
        };
        if codec_string(reel.track()).is_none() {
            return damaged(
                &shown,
                Err("its decoder configuration cannot be read".into()),
            );
        }
        let mut source = Self {
            path: path.to_owned(),
            reel,
            lap: Lap::default(),
            next: None,
            heard: Vec::new(),
            with_sound,
            due_ms: 0,
        };
        source.fill()?;
        Ok(source)
    }

    fn fill(&mut self) -> Result<&Picture, SourceError> {
        while self.next.is_none() {
            match damaged_at(&self.path, self.reel.next())? {
                Some(ReelFrame::Sound { at_ms, data }) => {
                    if let (true, Some(at_ms)) = (self.with_sound, self.lap.place_sound(at_ms)) {
                        self.heard.push(SoundFrame { at_ms, data });
                    }
                }
                Some(ReelFrame::Picture(picture)) => {
                    self.next = self.lap.place(&picture).map(|at_ms| Picture {
                        at_ms,
                        key: picture.key,
                        data: picture.data,
                    });
                }
                None if self.lap.pictures == 0 => {
                    return damaged_at(&self.path, Err("it has no key picture".into()));
                }
                None => {
                    damaged_at(&self.path, self.reel.rewind())?;
                    self.lap = self.lap.next();
                }
            }
        }
        self.next.as_ref().ok_or_else(|| none_left(&self.path))
    }
}

fn none_left(path: &Path) -> SourceError {
    SourceError::Damaged {
        path: path.display().to_string(),
        reason: "it has no picture left".into(),
    }
}

fn damaged_at<T>(path: &Path, outcome: Result<T, String>) -> Result<T, SourceError> {
    damaged(&path.display().to_string(), outcome)
}

fn damaged<T>(path: &str, outcome: Result<T, String>) -> Result<T, SourceError> {
    outcome.map_err(|reason| SourceError::Damaged {
        path: path.to_owned(),
        reason,
    })
}

impl Source for FileSource {
    fn track(&self) -> &Track {
        self.reel.track()
    }

    fn sound_track(&self) -> Option<&Track> {
        let sound = self.reel.sound().ok().flatten();
        sound.filter(|_| self.with_sound)
    }

    fn next_due_ms(&mut self) -> Result<u64, SourceError> {
        // Pictures come in decoding order; one that refers to a later one leaves together with it.
        let at_ms = self.fill()?.at_ms;
        self.due_ms = self.due_ms.max(at_ms);
        Ok(self.due_ms)
    }

    fn next(&mut self, _clock_ms: u64, _wish: KeyWish) -> Result<Picture, SourceError> {
        self.next_due_ms()?;
        self.next.take().ok_or_else(|| none_left(&self.path))
    }

    fn take_sound(&mut self) -> Vec<SoundFrame> {
        std::mem::take(&mut self.heard)
    }

    fn restart(&mut self) -> Result<(), SourceError> {
        damaged_at(&self.path, self.reel.rewind())?;
        self.lap = Lap::default();
        self.next = None;
        self.heard.clear();
        self.due_ms = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::unwrap_in_result)]
    use super::*;
    use ciero_media::matroska::G711;
    use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
    use std::io::Write;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(name)
    }

    fn refusal(bytes: &[u8]) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let error = FileSource::open(file.path(), Audio::Any)
            .err()
            .unwrap()
            .to_string();
        error.replace(&file.path().display().to_string(), "FILE")
    }

    fn plays_in_laps(name: &str) {
        let mut source = FileSource::open(&fixture(name), Audio::Any).unwrap();
        assert_eq!(source.track().number, 1);
        let mut pictures = Vec::new();
        let mut dues = Vec::new();
        for _ in 0..45 {
            dues.push(source.next_due_ms().unwrap());
            pictures.push(source.next(0, KeyWish::NotNeeded).unwrap());
        }
        assert!(dues.is_sorted());
        assert_eq!(pictures[0].at_ms, 0);
        assert!(pictures[0].key);
        // The fixture lasts two seconds at ten pictures a second, with a key picture every second.
        assert_eq!(pictures[20].at_ms, 2000);
        assert_eq!(pictures[40].at_ms, 4000);
        assert_eq!(pictures[0].data, pictures[20].data);
        let keys = pictures.iter().filter(|picture| picture.key).count();
        assert_eq!(keys, 5);
    }

    #[test]
    fn a_matroska_file_plays_again_and_again() {
        plays_in_laps("camera.mkv");
    }

    #[test]
    fn an_mp4_file_plays_again_and_again() {
        plays_in_laps("camera.mp4");
    }

    #[test]
    fn both_formats_give_the_same_pictures() {
        let mut matroska = FileSource::open(&fixture("camera.mkv"), Audio::Any).unwrap();
        let mut mp4 = FileSource::open(&fixture("camera.mp4"), Audio::Any).unwrap();
        for _ in 0..20 {
            let left = matroska.next(0, KeyWish::NotNeeded).unwrap();
            assert_eq!(left, mp4.next(0, KeyWish::NotNeeded).unwrap());
        }
    }

    #[test]
    fn a_restart_begins_at_zero_with_a_key_picture() {
        let mut source = FileSource::open(&fixture("camera.mkv"), Audio::Any).unwrap();
        for _ in 0..25 {
            source.next(0, KeyWish::NotNeeded).unwrap();
        }
        source.restart().unwrap();
        let first = source.next(0, KeyWish::NotNeeded).unwrap();
        assert_eq!((first.at_ms, first.key), (0, true));
    }

    #[test]
    fn a_file_that_does_not_exist_is_refused() {
        let error = FileSource::open(Path::new("no/such/file.mkv"), Audio::Any)
            .err()
            .unwrap();
        assert!(matches!(error, SourceError::Unreadable { .. }));
    }

    #[test]
    fn files_of_other_formats_are_refused() {
        assert_eq!(refusal(b""), "FILE is neither Matroska nor MP4");
        assert_eq!(refusal(b"RIFF....AVI "), "FILE is neither Matroska nor MP4");
    }

    /// A file of a picture each second for three seconds and a frame of sound each half, and whatever the tracks say.
    fn with_sound(video: Track, sound: Track) -> Vec<u8> {
        let frame = |track, offset_ms| Frame {
            track,
            offset_ms,
            key: Key::Yes,
            data: &[0, 0, 0, 1, 0x65],
        };
        let mut file = write_header(&[video, sound], "test");
        for second in 0..3 {
            let frames = [frame(1, 0), frame(2, 0), frame(2, 500)];
            file.extend_from_slice(&write_cluster(second * 1000, &frames));
        }
        file
    }

    fn avc() -> Track {
        let matroska = FileSource::open(&fixture("camera.mkv"), Audio::Any).unwrap();
        matroska.track().clone()
    }

    fn opened(bytes: &[u8], audio: Audio) -> FileSource {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        FileSource::open(file.path(), audio).unwrap()
    }

    /// Times of what is heard before each of some pictures.
    fn heard(source: &mut FileSource, pictures: usize) -> Vec<Vec<u64>> {
        let next = |_| {
            source.next(0, KeyWish::NotNeeded).unwrap();
            let sound = source.take_sound();
            sound.iter().map(|frame| frame.at_ms).collect()
        };
        (0..pictures).map(next).collect()
    }

    #[test]
    fn sound_goes_on_with_the_pictures_from_lap_to_lap() {
        for sound in [
            Track::aac(2, 48_000, 1, vec![0x11, 0x88]),
            Track::g711(2, G711::ALaw, 8_000, 1),
        ] {
            let mut source = opened(&with_sound(avc(), sound.clone()), Audio::Any);
            assert_eq!(source.sound_track(), Some(&sound));
            assert_eq!(
                heard(&mut source, 5),
                [
                    vec![],
                    vec![0, 500],
                    vec![1000, 1500],
                    vec![2000, 2500],
                    vec![3000, 3500]
                ]
            );
        }
    }

    #[test]
    fn sound_that_browsers_do_not_play_is_sent_only_if_it_is_asked_for() {
        for (sound, is_heard) in [
            (Track::aac(2, 48_000, 1, vec![0x11, 0x88]), true),
            (Track::g711(2, G711::MuLaw, 8_000, 1), false),
        ] {
            let mut source = opened(&with_sound(avc(), sound), Audio::Aac);
            assert_eq!(source.sound_track().is_some(), is_heard);
            assert_eq!(!heard(&mut source, 2).concat().is_empty(), is_heard);
        }
    }

    #[test]
    fn sound_may_be_left_out() {
        let opus = Track {
            codec_id: "A_OPUS".into(),
            ..Track::aac(2, 48_000, 1, vec![0x11, 0x88])
        };
        let mut source = opened(&with_sound(avc(), opus), Audio::None);
        assert_eq!(source.sound_track(), None);
        assert_eq!(heard(&mut source, 4), [[0_u64; 0]; 4]);
    }

    #[test]
    fn sound_that_the_service_does_not_know_is_refused_and_named() {
        let opus = Track {
            codec_id: "A_OPUS".into(),
            ..Track::aac(2, 48_000, 1, vec![0x11, 0x88])
        };
        let broken = Track::aac(2, 48_000, 1, Vec::new());
        for (sound, codec) in [(opus, "A_OPUS"), (broken, "A_AAC")] {
            let refusal = refusal(&with_sound(avc(), sound));
            let expected =
                format!("FILE has sound that cannot be sent ({codec}); AAC and G.711 can");
            assert!(refusal.starts_with(&expected), "{refusal}");
        }
    }

    #[test]
    fn h265_is_played_and_other_video_is_refused() {
        let hvcc = [
            &[1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93][..],
            &[0; 10],
        ]
        .concat();
        let sound = || Track::g711(2, G711::MuLaw, 8_000, 1);
        let hevc = Track::hevc(1, 320, 180, hvcc);
        let source = opened(&with_sound(hevc.clone(), sound()), Audio::Any);
        assert_eq!(source.track(), &hevc);
        let vp9 = Track {
            codec_id: "V_VP9".into(),
            ..hevc
        };
        let refusal = refusal(&with_sound(vp9, sound()));
        assert!(
            refusal.starts_with("FILE has no video that can be sent"),
            "{refusal}"
        );
    }

    #[test]
    fn a_file_without_a_key_picture_is_refused() {
        let matroska = FileSource::open(&fixture("camera.mkv"), Audio::Any).unwrap();
        let mut file = write_header(&[matroska.track().clone()], "test");
        file.extend_from_slice(&write_cluster(0, &[]));
        let refusal = refusal(&file);
        assert_eq!(refusal, "FILE is damaged: it has no key picture");
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let matroska = std::fs::read(fixture("camera.mkv")).unwrap();
        assert!(refusal(&matroska[..200]).starts_with("FILE is damaged"));
        let mp4 = std::fs::read(fixture("camera.mp4")).unwrap();
        assert!(refusal(&mp4[..40]).starts_with("FILE is damaged"));
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_recorded_plays_to_its_last_whole_picture() {
        let matroska = std::fs::read(fixture("camera.mkv")).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&matroska[..matroska.len() * 3 / 4]).unwrap();
        let mut source = FileSource::open(file.path(), Audio::Any).unwrap();
        for _ in 0..40 {
            source.next(0, KeyWish::NotNeeded).unwrap();
        }
    }
}
