//! A recorded MP4 file as a reel: its index in memory, its pictures read one by one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use ciero_media::matroska::Track;
use ciero_media::mp4::read::{Recording, RecordingError, box_head};

use super::file::{Reel, ReelFrame, ReelPicture};

/// An index of days of pictures; more than that is not a camera's file.
const MAX_INDEX_BYTES: u64 = 16 << 20;
const MAX_PICTURE_BYTES: u32 = 8 << 20;

/// The H.264 track of an MP4 file.
pub(super) struct Mp4Reel {
    file: File,
    recording: Recording,
    track: Track,
    next: usize,
}

impl Mp4Reel {
    /// Reads the index; `None` when the file has no H.264 video.
    pub(super) fn open(mut file: File) -> Result<Option<Self>, String> {
        let recording = match Recording::from_moov(&read_moov(&mut file)?) {
            Ok(recording) => recording,
            Err(RecordingError::NoVideo) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let avcc = recording.avcc.clone();
        let track = Track::avc(1, recording.width, recording.height, avcc);
        Ok(Some(Self {
            file,
            recording,
            track,
            next: 0,
        }))
    }

    fn picture(&mut self, index: usize) -> Result<Option<ReelPicture>, String> {
        let Some(sample) = self.recording.samples.get(index) else {
            return Ok(None);
        };
        if sample.bytes > MAX_PICTURE_BYTES {
            return Err("its index lists a picture of more than 8 MB".into());
        }
        let mut data = vec![0; sample.bytes as usize];
        let at = SeekFrom::Start(sample.offset);
        self.file
            .seek(at)
            .and_then(|_| self.file.read_exact(&mut data))
            .map_err(|error| format!("a picture lies outside of it ({error})"))?;
        Ok(Some(ReelPicture {
            at_ms: sample.timecode_ms,
            key: sample.key,
            data,
        }))
    }
}

/// Walks the boxes at the top of the file to its index, which may stand after the pictures.
fn read_moov(file: &mut File) -> Result<Vec<u8>, String> {
    let text = |error: std::io::Error| error.to_string();
    let file_bytes = file.metadata().map_err(text)?.len();
    let mut at = 0;
    while at < file_bytes {
        file.seek(SeekFrom::Start(at)).map_err(text)?;
        let mut head = Vec::with_capacity(16);
        file.take(16).read_to_end(&mut head).map_err(text)?;
        let head = box_head(&head).map_err(|error| error.to_string())?;
        let start = at + head.head_bytes as u64;
        let rest = file_bytes.saturating_sub(start);
        let payload_bytes = head.payload_bytes.unwrap_or(rest);
        if &head.kind == b"moov" {
            if payload_bytes > rest.min(MAX_INDEX_BYTES) {
                return Err("its index is cut or too long".into());
            }
            file.seek(SeekFrom::Start(start)).map_err(text)?;
            let mut moov = Vec::new();
            file.take(payload_bytes)
                .read_to_end(&mut moov)
                .map_err(text)?;
            return Ok(moov);
        }
        at = start.saturating_add(payload_bytes);
    }
    Err("it has no index".into())
}

impl Reel for Mp4Reel {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next(&mut self) -> Result<Option<ReelFrame>, String> {
        let picture = self.picture(self.next)?;
        self.next += 1;
        Ok(picture.map(ReelFrame::Picture))
    }

    fn rewind(&mut self) -> Result<(), String> {
        self.next = 0;
        Ok(())
    }
}
