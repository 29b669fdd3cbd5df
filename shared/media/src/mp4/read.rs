//! Reads the sample table of a recorded, not fragmented, MP4 file.

use mp4_atom::{Co64, Ctts, Decode, Hdlr, Mdhd, Stco, Stsc, Stss, Stsz, StszSamples, Stts};
use thiserror::Error;

/// Twelve days of 30 frames a second; keeps a hostile table small.
const MAX_SAMPLES: usize = 32_000_000;
const VISUAL_ENTRY_BYTES: usize = 78;

/// Why a file's table cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordingError {
    #[error("not an MP4 file, or one whose index is cut")]
    Malformed,
    #[error("no H.264 track with an index in it")]
    NoVideo,
    #[error("the index lists too many samples")]
    TooLong,
}

/// What stands before the payload of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxHead {
    pub kind: [u8; 4],
    pub head_bytes: usize,
    /// Bytes of payload; `None` when it runs to the end of the file.
    pub payload_bytes: Option<u64>,
}

/// Reads the head of a box from its first 16 bytes, or from its first 8 where the size is short.
pub fn box_head(bytes: &[u8]) -> Result<BoxHead, RecordingError> {
    let (size, rest) = bytes
        .split_first_chunk::<4>()
        .ok_or(RecordingError::Malformed)?;
    let (&kind, rest) = rest
        .split_first_chunk::<4>()
        .ok_or(RecordingError::Malformed)?;
    let (head_bytes, total) = match u32::from_be_bytes(*size) {
        0 => (8, None),
        1 => {
            let long = rest.first_chunk().ok_or(RecordingError::Malformed)?;
            (16, Some(u64::from_be_bytes(*long)))
        }
        size => (8, Some(u64::from(size))),
    };
    let payload_bytes = match total {
        None => None,
        Some(total) => Some(
            total
                .checked_sub(head_bytes as u64)
                .ok_or(RecordingError::Malformed)?,
        ),
    };
    Ok(BoxHead {
        kind,
        head_bytes,
        payload_bytes,
    })
}

/// One frame's place in the file and in time, in decoding order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedSample {
    pub offset: u64,
    pub bytes: u32,
    /// When it is presented, in milliseconds from the start of the track.
    pub timecode_ms: i64,
    pub key: bool,
}

/// The first H.264 track of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub width: u32,
    pub height: u32,
    pub avcc: Vec<u8>,
    pub samples: Vec<RecordedSample>,
    /// From the first sample to the end of the last, in milliseconds.
    pub duration_ms: i64,
}

impl Recording {
    /// Parses the payload of the file's `moov` box, which [`box_head`] helps to find.
    pub fn from_moov(moov: &[u8]) -> Result<Self, RecordingError> {
        let mut rest = moov;
        while let Some((kind, payload, _, more)) = take_box(rest)? {
            rest = more;
            if &kind == b"trak"
                && let Some(recording) = video_track(payload)?
            {
                return Ok(recording);
            }
        }
        Err(RecordingError::NoVideo)
    }

    /// Parses a whole file in memory.
    pub fn from_file(file: &[u8]) -> Result<Self, RecordingError> {
        let moov = find(file, b"moov")?.ok_or(RecordingError::Malformed)?;
        Self::from_moov(moov.payload)
    }
}

type TakenBox<'a> = ([u8; 4], &'a [u8], &'a [u8], &'a [u8]);

/// Splits off the first box: its kind, its payload, all of it, and what follows.
fn take_box(bytes: &[u8]) -> Result<Option<TakenBox<'_>>, RecordingError> {
    if bytes.len() < 8 {
        return Ok(None); // some recorders pad a parent with zeros
    }
    let head = box_head(bytes)?;
    let available = (bytes.len() - head.head_bytes.min(bytes.len())) as u64;
    let payload_bytes = head.payload_bytes.unwrap_or(available);
    if payload_bytes > available {
        return Err(RecordingError::Malformed);
    }
    let end = head.head_bytes + payload_bytes as usize;
    Ok(Some((
        head.kind,
        &bytes[head.head_bytes..end],
        &bytes[..end],
        &bytes[end..],
    )))
}

struct Found<'a> {
    payload: &'a [u8],
    whole: &'a [u8],
}

fn find<'a>(parent: &'a [u8], wanted: &[u8; 4]) -> Result<Option<Found<'a>>, RecordingError> {
    let mut rest = parent;
    while let Some((kind, payload, whole, more)) = take_box(rest)? {
        if &kind == wanted {
            return Ok(Some(Found { payload, whole }));
        }
        rest = more;
    }
    Ok(None)
}

fn require<'a>(parent: &'a [u8], wanted: &[u8; 4]) -> Result<Found<'a>, RecordingError> {
    find(parent, wanted)?.ok_or(RecordingError::Malformed)
}

/// Decodes a box without children; none of these recurse.
fn decode<T: Decode>(parent: &[u8], kind: &[u8; 4]) -> Result<Option<T>, RecordingError> {
    let Some(found) = find(parent, kind)? else {
        return Ok(None);
    };
    let mut whole = found.whole;
    T::decode(&mut whole)
        .map(Some)
        .map_err(|_| RecordingError::Malformed)
}

fn must_decode<T: Decode>(parent: &[u8], kind: &[u8; 4]) -> Result<T, RecordingError> {
    decode(parent, kind)?.ok_or(RecordingError::Malformed)
}

fn video_track(trak: &[u8]) -> Result<Option<Recording>, RecordingError> {
    let mdia = require(trak, b"mdia")?.payload;
    let handler: Hdlr = must_decode(mdia, b"hdlr")?;
    if handler.handler.to_string() != "vide" {
        return Ok(None);
    }
    let timescale = must_decode::<Mdhd>(mdia, b"mdhd")?.timescale;
    let minf = require(mdia, b"minf")?.payload;
    let stbl = require(minf, b"stbl")?.payload;
    let Some((width, height, avcc)) = avc_entry(require(stbl, b"stsd")?.payload)? else {
        return Ok(None);
    };
    let (samples, duration_ms) = samples(stbl, timescale)?;
    if samples.is_empty() {
        return Ok(None); // a fragmented file has an empty table
    }
    Ok(Some(Recording {
        width,
        height,
        avcc,
        samples,
        duration_ms,
    }))
}

fn avc_entry(stsd: &[u8]) -> Result<Option<(u32, u32, Vec<u8>)>, RecordingError> {
    let entries = stsd.get(8..).ok_or(RecordingError::Malformed)?;
    let Some((kind, entry, _, _)) = take_box(entries)? else {
        return Ok(None);
    };
    if &kind != b"avc1" && &kind != b"avc3" {
        return Ok(None);
    }
    let (fixed, children) = entry
        .split_at_checked(VISUAL_ENTRY_BYTES)
        .ok_or(RecordingError::Malformed)?;
    let width = u16::from_be_bytes([fixed[24], fixed[25]]);
    let height = u16::from_be_bytes([fixed[26], fixed[27]]);
    let avcc = require(children, b"avcC")?.payload.to_vec();
    Ok(Some((width.into(), height.into(), avcc)))
}

fn samples(stbl: &[u8], timescale: u32) -> Result<(Vec<RecordedSample>, i64), RecordingError> {
    if timescale == 0 {
        return Err(RecordingError::Malformed);
    }
    let sizes = must_decode::<Stsz>(stbl, b"stsz")?.samples;
    let count = match &sizes {
        StszSamples::Identical { count, .. } => *count as usize,
        StszSamples::Different { sizes } => sizes.len(),
    };
    if count > MAX_SAMPLES {
        return Err(RecordingError::TooLong);
    }
    let size_of = |index: usize| match &sizes {
        StszSamples::Identical { size, .. } => *size,
        StszSamples::Different { sizes } => sizes[index],
    };
    let durations = must_decode::<Stts>(stbl, b"stts")?;
    let mut durations = durations
        .entries
        .iter()
        .flat_map(|run| std::iter::repeat_n(run.sample_delta, run.sample_count as usize));
    let shifts = decode::<Ctts>(stbl, b"ctts")?.unwrap_or_default();
    let mut shifts = shifts
        .entries
        .iter()
        .flat_map(|run| std::iter::repeat_n(run.sample_offset, run.sample_count as usize));
    let keys = decode::<Stss>(stbl, b"stss")?.map(|stss| stss.entries);
    let is_key = |index: usize| match &keys {
        Some(keys) => keys.binary_search(&(index as u32 + 1)).is_ok(),
        None => true, // without the box every sample is one
    };
    let to_ms = |units: i64| {
        let ms = i128::from(units) * 1000 / i128::from(timescale);
        i64::try_from(ms).map_err(|_| RecordingError::Malformed)
    };
    let offsets = Offsets::of(stbl)?;
    let mut samples = Vec::new();
    let (mut decode_time, mut index) = (0_i64, 0_usize);
    for (chunk, in_chunk) in offsets.chunks() {
        let mut offset = chunk;
        for _ in 0..in_chunk {
            if index == count {
                break;
            }
            let duration = durations.next().ok_or(RecordingError::Malformed)?;
            let shift = shifts.next().unwrap_or(0);
            samples.push(RecordedSample {
                offset,
                bytes: size_of(index),
                timecode_ms: to_ms(decode_time.saturating_add(shift))?,
                key: is_key(index),
            });
            offset = offset.saturating_add(size_of(index).into());
            decode_time = decode_time.saturating_add(duration.into());
            index += 1;
        }
    }
    Ok((samples, to_ms(decode_time)?))
}

/// Where the chunks begin, and how many samples each holds.
struct Offsets {
    chunks: Vec<u64>,
    runs: Stsc,
}

impl Offsets {
    fn of(stbl: &[u8]) -> Result<Self, RecordingError> {
        let runs: Stsc = must_decode(stbl, b"stsc")?;
        let chunks = match decode::<Stco>(stbl, b"stco")? {
            Some(short) => short.entries.into_iter().map(u64::from).collect(),
            None => must_decode::<Co64>(stbl, b"co64")?.entries,
        };
        Ok(Self { chunks, runs })
    }

    fn chunks(&self) -> impl Iterator<Item = (u64, u32)> {
        let mut run = 0;
        self.chunks
            .iter()
            .zip(1_u32..)
            .map(move |(&offset, number)| {
                let runs = &self.runs.entries;
                while runs
                    .get(run + 1)
                    .is_some_and(|next| next.first_chunk <= number)
                {
                    run += 1;
                }
                (offset, runs.get(run).map_or(0, |run| run.samples_per_chunk))
            })
    }
}
