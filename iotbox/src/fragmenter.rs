//! Gathers pictures into fragments that begin with a key picture; no IO and no clock.

use bytes::Bytes;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_end_of_fragment};

use crate::replay::Fragment;
use crate::source::{KeyWish, Picture};

/// The service refuses longer fragments (MAX_FRAGMENT_DURATION_REACHED).
pub const LONGEST_MS: u64 = 20_000;
const TRACK: u64 = 1;

/// A fragment would be longer than the service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key pictures are more than 20 s apart, which the service does not take")]
pub struct TooLong;

/// Cuts a sequence of pictures at key pictures.
#[derive(Debug)]
pub struct Fragmenter {
    fragment_ms: u64,
    run: u32,
    open: Option<Open>,
    /// The last timecode that was used; the next fragment begins after it.
    last_ms: u64,
}

#[derive(Debug)]
struct Open {
    timecode_ms: u64,
    pictures: Vec<(i16, Picture)>,
}

impl Fragmenter {
    /// Fragments last `fragment_ms` or as much longer as the next key picture is away.
    pub fn new(fragment_ms: u64) -> Self {
        Self {
            fragment_ms,
            run: 0,
            open: None,
            last_ms: 0,
        }
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
                pictures: Vec::new(),
            });
            ended
        } else {
            None
        };
        let Some(open) = &mut self.open else {
            return Ok(None); // nothing can be shown before the first key picture
        };
        if timecode_ms > open.timecode_ms + LONGEST_MS {
            return Err(TooLong);
        }
        let offset_ms = (timecode_ms as i64 - open.timecode_ms as i64).max(0);
        let offset_ms = i16::try_from(offset_ms).map_err(|_| TooLong)?;
        self.last_ms = self
            .last_ms
            .max(open.timecode_ms + offset_ms.unsigned_abs() as u64);
        open.pictures.push((offset_ms, picture));
        Ok(ended)
    }

    /// Ends the open fragment.
    pub fn finish(&mut self) -> Option<Fragment> {
        let open = self.open.take()?;
        let frames: Vec<Frame<'_>> = open
            .pictures
            .iter()
            .map(|(offset_ms, picture)| Frame {
                track: TRACK,
                offset_ms: *offset_ms,
                key: if picture.key { Key::Yes } else { Key::No },
                data: &picture.data,
            })
            .collect();
        let mut bytes = write_cluster(open.timecode_ms, &frames);
        // The next cluster comes a fragment's length later: without this the service would wait for it.
        bytes.extend_from_slice(&write_end_of_fragment());
        Some(Fragment {
            timecode_ms: open.timecode_ms,
            run: self.run,
            bytes: Bytes::from(bytes),
        })
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
    use ciero_media::matroska::{Event, Limits, Reader, Track, write::write_header};

    const START_MS: u64 = 1_800_000_000_000;

    fn picture(key: bool) -> Picture {
        Picture {
            at_ms: 0,
            key,
            data: vec![0, 0, 0, 1, 0x65],
        }
    }

    /// Pushes pictures at these offsets; true marks a key picture.
    fn fragments(pictures: &[(u64, bool)]) -> Vec<Fragment> {
        let mut fragmenter = Fragmenter::new(1000);
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
        let mut fragmenter = Fragmenter::new(1000);
        fragmenter.push(START_MS, picture(true)).unwrap();
        assert_eq!(fragmenter.push(START_MS + 20_000, picture(false)), Ok(None));
        assert_eq!(
            fragmenter.push(START_MS + 20_001, picture(false)),
            Err(TooLong)
        );
    }

    #[test]
    fn a_new_run_may_go_back_in_time() {
        let mut fragmenter = Fragmenter::new(1000);
        fragmenter.push(START_MS, picture(true)).unwrap();
        assert_eq!(fragmenter.finish().unwrap().run, 0);
        fragmenter.begin_run();
        fragmenter.push(START_MS - 5000, picture(true)).unwrap();
        let fragment = fragmenter.finish().unwrap();
        assert_eq!((fragment.timecode_ms, fragment.run), (START_MS - 5000, 1));
    }

    #[test]
    fn a_reader_finds_every_picture_at_its_time() {
        let track = Track::avc(1, 1280, 720, vec![1]);
        let mut reader = Reader::new(Limits::default());
        reader.push(&write_header(&[track], "test"));
        for fragment in fragments(&[(0, true), (66, false), (1000, true)]) {
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
}
