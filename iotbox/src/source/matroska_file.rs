//! A Matroska file as a reel, read piece by piece.

use std::fs::File;
use std::io::{Read, Seek};

use ciero_media::matroska::{Event, Header, Limits, MatroskaError, Reader, Track, TrackKind};

use super::file::{Reel, ReelPicture};

const PIECE_BYTES: usize = 64 * 1024;
const LIMITS: Limits = Limits {
    header_bytes: 1 << 20,
    block_bytes: 8 << 20,
};

/// The H.264 track of a Matroska file.
pub(super) struct MatroskaReel {
    file: File,
    reader: Reader,
    /// The track as it is sent: number 1, whatever the file calls it.
    track: Track,
    number_in_file: u64,
    ended: bool,
}

impl MatroskaReel {
    /// Reads the header; `None` when the file has no H.264 video.
    pub(super) fn open(file: File) -> Result<Option<Self>, String> {
        let mut reel = Self {
            file,
            reader: Reader::new(LIMITS),
            track: Track::avc(1, 0, 0, Vec::new()),
            number_in_file: 0,
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
        let track = header.tracks.iter().find(|track| {
            let codec = track.codec_id.as_str();
            matches!(codec, "V_MPEG4/ISO/AVC" | "V_MPEG/ISO/AVC")
        })?;
        let TrackKind::Video { width, height } = track.kind else {
            return None;
        };
        self.number_in_file = track.number;
        self.track = Track::avc(1, width, height, track.codec_private.clone());
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

impl Reel for MatroskaReel {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next(&mut self) -> Result<Option<ReelPicture>, String> {
        while !self.ended {
            match self.next_event()? {
                Some(Event::Block(block)) if block.track == self.number_in_file => {
                    return Ok(Some(ReelPicture {
                        at_ms: block.timecode_ms,
                        key: block.key,
                        data: block.data.to_vec(),
                    }));
                }
                _ => {}
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
