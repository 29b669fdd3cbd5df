//! Reads the small master elements: the EBML header, Info, Tracks and Tags.

use super::{Header, MatroskaError, Tag, Track, TrackKind, ids};
use crate::ebml::{Children, float, string, uint};

const DEFAULT_TIMECODE_SCALE: u64 = 1_000_000;
/// More tracks than any recorder writes; keeps a hostile header small.
const MAX_TRACKS: usize = 128;

/// Gathers the header while its elements arrive.
#[derive(Debug, Default)]
pub(super) struct HeaderBuilder {
    tracks: Option<Vec<Track>>,
    timecode_scale: Option<u64>,
    tags: Vec<Tag>,
}

impl HeaderBuilder {
    /// Takes one element of the segment that stands before the first cluster.
    pub(super) fn take(&mut self, id: u32, payload: &[u8]) -> Result<(), MatroskaError> {
        match id {
            ids::INFO => {
                for child in Children::of(payload) {
                    let (id, payload) = child?;
                    if id == ids::TIMECODE_SCALE {
                        self.timecode_scale = Some(uint(payload)?).filter(|&scale| scale > 0);
                    }
                }
            }
            ids::TRACKS if self.tracks.is_some() => return Err(MatroskaError::SecondHeader),
            ids::TRACKS => self.tracks = Some(tracks(payload)?),
            ids::TAGS => self.tags.extend(tags(payload)?),
            _ => {}
        }
        Ok(())
    }

    /// Ends the header at the first cluster.
    pub(super) fn finish(&mut self) -> Result<Header, MatroskaError> {
        if self.tracks.is_none() {
            return Err(MatroskaError::MissingTracks);
        }
        Ok(self.finish_with_what_is_there())
    }

    /// As for a document that has tags alone.
    pub(super) fn finish_with_what_is_there(&mut self) -> Header {
        Header {
            tracks: self.tracks.take().unwrap_or_default(),
            timecode_scale: self.timecode_scale.unwrap_or(DEFAULT_TIMECODE_SCALE),
            tags: std::mem::take(&mut self.tags),
        }
    }
}

/// Checks that the EBML header announces Matroska or its subset WebM.
pub(super) fn check_doc_type(payload: &[u8]) -> Result<(), MatroskaError> {
    for child in Children::of(payload) {
        let (id, payload) = child.map_err(|_| MatroskaError::NotMatroska)?;
        if id == ids::DOC_TYPE && matches!(string(payload).as_str(), "matroska" | "webm") {
            return Ok(());
        }
    }
    Err(MatroskaError::NotMatroska)
}

fn tracks(payload: &[u8]) -> Result<Vec<Track>, MatroskaError> {
    let mut tracks = Vec::new();
    for child in Children::of(payload) {
        let (id, payload) = child?;
        if id == ids::TRACK_ENTRY {
            if tracks.len() == MAX_TRACKS {
                return Err(MatroskaError::Malformed);
            }
            tracks.push(track(payload)?);
        }
    }
    Ok(tracks)
}

fn track(payload: &[u8]) -> Result<Track, MatroskaError> {
    let mut track = Track {
        number: 0,
        kind: TrackKind::Other,
        codec_id: String::new(),
        codec_private: Vec::new(),
        name: String::new(),
    };
    let mut number_of_type = 0;
    let (mut video, mut audio) = ((0, 0), (8000.0, 1));
    for child in Children::of(payload) {
        let (id, payload) = child?;
        match id {
            ids::TRACK_NUMBER => track.number = uint(payload)?,
            ids::TRACK_TYPE => number_of_type = uint(payload)?,
            ids::TRACK_NAME => track.name = string(payload),
            ids::CODEC_ID => track.codec_id = string(payload),
            ids::CODEC_PRIVATE => track.codec_private = payload.to_vec(),
            // Their frames are not what the codec says, even where only common bytes are left out.
            ids::CONTENT_ENCODINGS => return Err(MatroskaError::Encoded),
            ids::VIDEO => video = video_size(payload)?,
            ids::AUDIO => audio = audio_shape(payload)?,
            _ => {}
        }
    }
    if track.number == 0 {
        return Err(MatroskaError::Malformed);
    }
    track.kind = match number_of_type {
        1 => TrackKind::Video {
            width: video.0,
            height: video.1,
        },
        2 => TrackKind::Audio {
            sample_rate: audio.0,
            channels: audio.1,
        },
        _ => TrackKind::Other,
    };
    Ok(track)
}

fn video_size(payload: &[u8]) -> Result<(u32, u32), MatroskaError> {
    let (mut width, mut height) = (0, 0);
    for child in Children::of(payload) {
        let (id, payload) = child?;
        match id {
            ids::PIXEL_WIDTH => width = small(payload)?,
            ids::PIXEL_HEIGHT => height = small(payload)?,
            _ => {}
        }
    }
    Ok((width, height))
}

fn audio_shape(payload: &[u8]) -> Result<(f64, u32), MatroskaError> {
    let (mut sample_rate, mut channels) = (8000.0, 1);
    for child in Children::of(payload) {
        let (id, payload) = child?;
        match id {
            ids::SAMPLING_FREQUENCY => sample_rate = float(payload)?,
            ids::CHANNELS => channels = small(payload)?,
            _ => {}
        }
    }
    Ok((sample_rate, channels))
}

fn small(payload: &[u8]) -> Result<u32, MatroskaError> {
    u32::try_from(uint(payload)?).map_err(|_| MatroskaError::Malformed)
}

/// Reads every simple tag of a Tags element, whichever Tag holds it.
pub(super) fn tags(payload: &[u8]) -> Result<Vec<Tag>, MatroskaError> {
    let mut found = Vec::new();
    for tag in Children::of(payload) {
        let (id, payload) = tag?;
        if id != ids::TAG {
            continue;
        }
        for simple in Children::of(payload) {
            let (id, payload) = simple?;
            if id == ids::SIMPLE_TAG {
                found.push(simple_tag(payload)?);
            }
        }
    }
    Ok(found)
}

fn simple_tag(payload: &[u8]) -> Result<Tag, MatroskaError> {
    let mut tag = Tag {
        name: String::new(),
        value: String::new(),
    };
    for child in Children::of(payload) {
        let (id, payload) = child?;
        match id {
            ids::TAG_NAME => tag.name = string(payload),
            ids::TAG_STRING => tag.value = string(payload),
            _ => {}
        }
    }
    Ok(tag)
}
