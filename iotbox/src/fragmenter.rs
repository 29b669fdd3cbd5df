//! Gathers pictures and sound into fragments that begin with a key picture; no IO and no clock.

use bytes::Bytes;
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{
    Frame, Key, write_cluster, write_end_of_fragment, write_header,
};

use crate::clock::Ahead;
use crate::source::{KeyWish, Picture};
use crate::spool::Fragment;

/// The service refuses longer fragments (MAX_FRAGMENT_DURATION_REACHED).
pub const LONGEST_MS: u64 = 20_000;
const APPLICATION: &str = concat!("iotbox ", env!("CARGO_PKG_VERSION"));
const VIDEO: u64 = 1;
const SOUND: u64 = 2;

/// A fragment would be longer than the service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key pictures are more than 20 s apart, which the service does not take")]
pub struct TooLong;

/// What a source gives; video is track 1 and sound track 2, as players want it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracks {
    pub video: Track,
    pub sound: Option<Track>,
}

/// Cuts a sequence of pictures at key pictures.
#[derive(Debug)]
pub struct Fragmenter {
    fragment_ms: u64,
    silent_header: Bytes,
    /// The header with the sound's track; a fragment without sound must not announce it.
    full_header: Option<Bytes>,
    run: u32,
    /// The clock that stamps this run, if it was not compared when the run began.
    uncompared: Option<Ahead>,
    open: Option<Open>,
    /// The last timecode that was used; the next fragment begins after it.
    last_ms: u64,
}

#[derive(Debug)]
struct Open {
    timecode_ms: u64,
    frames: Vec<OpenFrame>,
    has_sound: bool,
}

#[derive(Debug)]
struct OpenFrame {
    track: u64,
    offset_ms: i16,
    key: Key,
    data: Vec<u8>,
}

impl Open {
    fn add(
        &mut self,
        timecode_ms: u64,
        track: u64,
        key: Key,
        data: Vec<u8>,
    ) -> Result<u64, TooLong> {
        if timecode_ms > self.timecode_ms + LONGEST_MS {
            return Err(TooLong);
        }
        let offset_ms = timecode_ms.saturating_sub(self.timecode_ms);
        self.frames.push(OpenFrame {
            track,
            offset_ms: i16::try_from(offset_ms).map_err(|_| TooLong)?,
            key,
            data,
        });
        Ok(self.timecode_ms + offset_ms)
    }
}

impl Fragmenter {
    /// Fragments last `fragment_ms` or as much longer as the next key picture is away.
    pub fn new(fragment_ms: u64, tracks: &Tracks) -> Self {
        let mut fragmenter = Self {
            fragment_ms,
            silent_header: Bytes::new(),
            full_header: None,
            run: 0,
            uncompared: None,
            open: None,
            last_ms: 0,
        };
        fragmenter.set_tracks(tracks);
        fragmenter
    }

    /// Takes other tracks from the next fragment on; call [`finish`](Self::finish) first.
    pub fn set_tracks(&mut self, tracks: &Tracks) {
        let header = |tracks: &[Track]| Bytes::from(write_header(tracks, APPLICATION));
        self.silent_header = header(std::slice::from_ref(&tracks.video));
        self.full_header = tracks
            .sound
            .as_ref()
            .map(|sound| header(&[tracks.video.clone(), sound.clone()]));
    }

    /// Whether the picture of this moment should be a key picture.
    pub fn wish(&self, timecode_ms: u64) -> KeyWish {
        match &self.open {
            Some(open) if timecode_ms < open.timecode_ms + self.fragment_ms => KeyWish::NotNeeded,
            _ => KeyWish::Wanted,
        }
    }

    /// Adds a picture of this moment (epoch milliseconds) and returns the fragment that it ends, if any.
    pub fn push(
        &mut self,
        timecode_ms: u64,
        picture: Picture,
    ) -> Result<Option<Fragment>, TooLong> {
        let ended = if picture.key && self.wish(timecode_ms) == KeyWish::Wanted {
            let ended = self.finish();
            self.open = Some(Open {
                timecode_ms: timecode_ms.max(self.last_ms + 1),
                frames: Vec::new(),
                has_sound: false,
            });
            ended
        } else {
            None
        };
        // Nothing can be shown before the first key picture.
        if let Some(open) = &mut self.open {
            let key = if picture.key { Key::Yes } else { Key::No };
            let at_ms = open.add(timecode_ms, VIDEO, key, picture.data)?;
            self.last_ms = self.last_ms.max(at_ms);
        }
        Ok(ended)
    }

    /// Adds a frame of sound to the open fragment; without a picture it belongs nowhere.
    pub fn push_sound(&mut self, timecode_ms: u64, data: Vec<u8>) -> Result<(), TooLong> {
        if let (Some(open), Some(_)) = (&mut self.open, &self.full_header) {
            let at_ms = open.add(timecode_ms, SOUND, Key::Yes, data)?;
            open.has_sound = true;
            self.last_ms = self.last_ms.max(at_ms);
        }
        Ok(())
    }

    /// Ends the open fragment.
    pub fn finish(&mut self) -> Option<Fragment> {
        let open = self.open.take()?;
        let frames: Vec<Frame<'_>> = open
            .frames
            .iter()
            .map(|frame| Frame {
                track: frame.track,
                offset_ms: frame.offset_ms,
                key: frame.key,
                data: &frame.data,
            })
            .collect();
        let mut bytes = write_cluster(open.timecode_ms, &frames);
        // The next cluster comes a fragment's length later: without this the service would wait for it.
        bytes.extend_from_slice(&write_end_of_fragment());
        let header = match &self.full_header {
            Some(full) if open.has_sound => full,
            _ => &self.silent_header,
        };
        Some(Fragment {
            timecode_ms: open.timecode_ms,
            run: self.run,
            header: header.clone(),
            bytes: Bytes::from(bytes),
            uncompared: self.uncompared,
        })
    }

    /// Says which clock stamps from here on, if it was not compared; call [`finish`](Self::finish) first.
    pub fn stamped_by(&mut self, uncompared: Option<Ahead>) {
        self.uncompared = uncompared;
    }

    /// Leaves out the open fragment, which cannot be sent.
    pub fn abandon(&mut self) {
        self.open = None;
    }

    /// Begins a new run, whose timecodes need not follow those before; call [`finish`](Self::finish) first.
    pub fn begin_run(&mut self) {
        self.run = self.run.wrapping_add(1);
        self.last_ms = 0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ciero_media::matroska::{Event, Limits, Reader};

    const START_MS: u64 = 1_800_000_000_000;

    fn picture(key: bool) -> Picture {
        Picture {
            at_ms: 0,
            key,
            data: vec![0, 0, 0, 1, 0x65],
        }
    }

    fn tracks() -> Tracks {
        Tracks {
            video: Track::avc(1, 1280, 720, vec![1]),
            sound: Some(Track::aac(2, 48_000, 2, vec![0x11, 0x90])),
        }
    }

    /// Pushes pictures at these offsets; true marks a key picture.
    fn fragments(pictures: &[(u64, bool)]) -> Vec<Fragment> {
        let mut fragmenter = Fragmenter::new(1000, &tracks());
        let mut done = Vec::new();
        for &(offset_ms, key) in pictures {
            done.extend(fragmenter.push(START_MS + offset_ms, picture(key)).unwrap());
        }
        done.extend(fragmenter.finish());
        done
    }

    fn starts(pictures: &[(u64, bool)]) -> Vec<u64> {
        let fragments = fragments(pictures);
        fragments
            .iter()
            .map(|fragment| fragment.timecode_ms - START_MS)
            .collect()
    }

    #[test]
    fn a_fragment_ends_at_the_first_key_picture_after_its_time() {
        let pictures = [
            (0, true),
            (500, true),
            (1000, false),
            (1500, true),
            (2000, true),
        ];
        assert_eq!(starts(&pictures), [0, 1500]);
    }

    #[test]
    fn pictures_before_the_first_key_picture_are_left_out() {
        assert_eq!(starts(&[(0, false), (100, true), (200, false)]), [100]);
        assert_eq!(starts(&[(0, false)]), [0; 0]);
    }

    #[test]
    fn a_fragment_begins_after_the_last_picture_of_the_one_before() {
        let pictures = [(0, true), (1400, false), (1300, true)];
        assert_eq!(starts(&pictures), [0, 1401]);
    }

    #[test]
    fn key_pictures_too_far_apart_are_refused() {
        let mut fragmenter = Fragmenter::new(1000, &tracks());
        fragmenter.push(START_MS, picture(true)).unwrap();
        assert_eq!(fragmenter.push(START_MS + 20_000, picture(false)), Ok(None));
        assert_eq!(
            fragmenter.push(START_MS + 20_001, picture(false)),
            Err(TooLong)
        );
    }

    #[test]
    fn a_new_run_may_go_back_in_time() {
        let mut fragmenter = Fragmenter::new(1000, &tracks());
        fragmenter.push(START_MS, picture(true)).unwrap();
        assert_eq!(fragmenter.finish().unwrap().run, 0);
        fragmenter.begin_run();
        fragmenter.push(START_MS - 5000, picture(true)).unwrap();
        let fragment = fragmenter.finish().unwrap();
        assert_eq!((fragment.timecode_ms, fragment.run), (START_MS - 5000, 1));
    }

    #[test]
    fn a_reader_finds_every_picture_at_its_time() {
        let mut reader = Reader::new(Limits::default());
        let fragments = fragments(&[(0, true), (66, false), (1000, true)]);
        reader.push(&fragments[0].header);
        for fragment in fragments {
            reader.push(&fragment.bytes);
        }
        let mut times = Vec::new();
        while let Some(item) = reader.next().unwrap() {
            if let Event::Block(block) = item.event {
                times.push((block.timecode_ms as u64 - START_MS, block.key));
            }
        }
        assert_eq!(times, [(0, true), (66, false), (1000, true)]);
    }

    #[test]
    fn a_fragment_announces_sound_only_if_it_has_some() {
        let mut fragmenter = Fragmenter::new(1000, &tracks());
        fragmenter.push_sound(START_MS - 5, vec![7]).unwrap();
        fragmenter.push(START_MS, picture(true)).unwrap();
        fragmenter.push_sound(START_MS + 20, vec![1, 2]).unwrap();
        let with_sound = fragmenter.push(START_MS + 1000, picture(true)).unwrap();
        let (with_sound, silent) = (with_sound.unwrap(), fragmenter.finish().unwrap());
        let announced = |fragment: &Fragment| {
            let mut reader = Reader::new(Limits::default());
            reader.push(&fragment.header);
            reader.push(&fragment.bytes);
            let mut blocks = Vec::new();
            let mut tracks = 0;
            while let Some(item) = reader.next().unwrap() {
                match item.event {
                    Event::Header(header) => tracks = header.tracks.len(),
                    Event::Block(block) => blocks.push((block.track, block.timecode_ms as u64)),
                    _ => {}
                }
            }
            (tracks, blocks)
        };
        let expected = vec![(1, START_MS), (2, START_MS + 20)];
        assert_eq!(announced(&with_sound), (2, expected));
        assert_eq!(announced(&silent), (1, vec![(1, START_MS + 1000)]));
    }
}
