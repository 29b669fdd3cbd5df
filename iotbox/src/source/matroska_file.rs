//! A Matroska file as a reel, read piece by piece.

use std::fs::File;
use std::io::{Read, Seek};

use ciero_media::codec::{Codec, codec_string};
use ciero_media::matroska::{Event, Header, Limits, MatroskaError, Reader, Track, TrackKind};

use super::file::{Reel, ReelFrame, ReelPicture};

const PIECE_BYTES: usize = 64 * 1024;
const LIMITS: Limits = Limits {
    header_bytes: 1 << 20,
    block_bytes: 8 << 20,
};

/// The video of a Matroska file, and its sound if it has any.
pub(super) struct MatroskaReel {
    file: File,
    reader: Reader,
    /// The track as it is sent: number 1, whatever the file calls it.
    track: Track,
    number_in_file: u64,
    /// The first track of sound with its number in the file, or the name of a codec that the service does not know.
    sound: Option<Result<(u64, Track), String>>,
    ended: bool,
}

impl MatroskaReel {
    /// Reads the header; `None` when the file has no H.264 and no H.265 video.
    pub(super) fn open(file: File) -> Result<Option<Self>, String> {
        let mut reel = Self {
            file,
            reader: Reader::new(LIMITS),
            track: Track::avc(1, 0, 0, Vec::new()),
            number_in_file: 0,
            sound: None,
            ended: false,
        };
        loop {
            match reel.next_event()? {
                Some(Event::Header(header)) => return Ok(reel.choose_track(&header)),
                Some(_) => {}
                None => return Err("it ends before its first picture".into()),
            }
        }
    }

    fn choose_track(mut self, header: &Header) -> Option<Self> {
        let (number, track) = header.tracks.iter().find_map(|track| {
            let TrackKind::Video { width, height } = track.kind else {
                return None;
            };
            let private = track.codec_private.clone();
            let sent = match Codec::of(track)? {
                Codec::Avc => Track::avc(1, width, height, private),
                Codec::Hevc => Track::hevc(1, width, height, private),
                Codec::Aac | Codec::G711(_) => return None,
            };
            Some((track.number, sent))
        })?;
        (self.number_in_file, self.track) = (number, track);
        self.sound = header.tracks.iter().find_map(sound);
        Some(self)
    }

    fn next_event(&mut self) -> Result<Option<Event>, String> {
        loop {
            if let Some(item) = self.reader.next().map_err(|error| error.to_string())? {
                return Ok(Some(item.event));
            }
            if self.ended {
                return Ok(None);
            }
            let mut piece = vec![0; PIECE_BYTES];
            let length = self
                .file
                .read(&mut piece)
                .map_err(|error| error.to_string())?;
            self.reader.push(&piece[..length]);
            if length == 0 {
                self.ended = true;
                return match self.reader.finish() {
                    Ok(item) => Ok(item.map(|item| item.event)),
                    // A recording that was cut plays to its last whole picture.
                    Err(MatroskaError::Truncated) => Ok(None),
                    Err(error) => Err(error.to_string()),
                };
            }
        }
    }
}

/// A track of sound as it is sent; the name of its codec where it cannot be.
fn sound(track: &Track) -> Option<Result<(u64, Track), String>> {
    let TrackKind::Audio { .. } = track.kind else {
        return None;
    };
    let known = match Codec::of(track) {
        Some(Codec::Aac) => codec_string(track).is_some(),
        Some(Codec::G711(_)) => true,
        _ => false,
    };
    if !known {
        return Some(Err(track.codec_id.clone()));
    }
    let sent = Track {
        number: 2,
        name: "audio".into(),
        ..track.clone()
    };
    Some(Ok((track.number, sent)))
}

impl Reel for MatroskaReel {
    fn track(&self) -> &Track {
        &self.track
    }

    fn sound(&self) -> Result<Option<&Track>, &str> {
        match &self.sound {
            None => Ok(None),
            Some(Ok((_, track))) => Ok(Some(track)),
            Some(Err(codec)) => Err(codec),
        }
    }

    fn next(&mut self) -> Result<Option<ReelFrame>, String> {
        while !self.ended {
            let Some(Event::Block(block)) = self.next_event()? else {
                continue;
            };
            let (at_ms, data) = (block.timecode_ms, block.data.to_vec());
            if block.track == self.number_in_file {
                let key = block.key;
                let picture = ReelPicture { at_ms, key, data };
                return Ok(Some(ReelFrame::Picture(picture)));
            }
            if matches!(&self.sound, Some(Ok((number, _))) if *number == block.track) {
                return Ok(Some(ReelFrame::Sound { at_ms, data }));
            }
        }
        Ok(None)
    }

    fn rewind(&mut self) -> Result<(), String> {
        self.file.rewind().map_err(|error| error.to_string())?;
        self.reader = Reader::new(LIMITS);
        self.ended = false;
        Ok(())
    }
}
