//! A whole MP4 file that is written front to back: frames as they come, and the index of all of them at the end.
//!
//! What is remembered of the frames leaves this crate as rows, so that neither the file nor its index is ever in memory as a
//! whole, and whoever writes can stop and go on elsewhere.

use bytes::Bytes;
use mp4_atom::{FourCC, Ftyp};
use serde::{Deserialize, Serialize};

use super::Mp4Error;
use super::write::{encode, trak};
use crate::matroska::{Block, Fragment, Track, TrackKind};

/// Where a file stands. It is small and can be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Movie {
    pub(super) tracks: Vec<Track>,
    /// Where the file's time line ends, in milliseconds.
    pub(super) end_ms: u64,
    samples: u32,
}

impl Movie {
    /// Begins a file with what can be played of these tracks. A picture that no player knows is an error, such a sound is left
    /// out.
    pub fn begin(tracks: &[Track]) -> Result<Self, Mp4Error> {
        let mut kept = Vec::new();
        for track in tracks {
            match (trak(track), track.kind) {
                (Ok(_), TrackKind::Video { .. } | TrackKind::Audio { .. }) => {
                    kept.push(track.clone());
                }
                (Err(error), TrackKind::Video { .. }) => return Err(error),
                _ => {}
            }
        }
        if kept.is_empty() {
            return Err(Mp4Error::UnsupportedCodec(String::new()));
        }
        Ok(Movie {
            tracks: kept,
            end_ms: 0,
            samples: 0,
        })
    }

    /// The first box of every file.
    pub fn head() -> Result<Bytes, Mp4Error> {
        let brands = [b"isom", b"iso2", b"avc1", b"mp41"];
        let ftyp = Ftyp {
            major_brand: FourCC::new(b"isom"),
            minor_version: 512,
            compatible_brands: brands.into_iter().map(FourCC::new).collect(),
        };
        let mut out = Vec::new();
        encode(&ftyp, &mut out)?;
        Ok(out.into())
    }

    /// Tells whether frames of these tracks can go on in this file: one file has one configuration of each decoder.
    pub fn suits(&self, tracks: &[Track]) -> bool {
        let other = Movie::begin(tracks).map(|other| other.tracks);
        other.is_ok_and(|other| {
            let pairs = self.tracks.iter().zip(&other);
            self.tracks.len() == other.len() && pairs.into_iter().all(|(a, b)| decodes_alike(a, b))
        })
    }

    /// The tracks of the file.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Where the file's time line ends, in milliseconds.
    pub fn end_ms(&self) -> u64 {
        self.end_ms
    }

    /// How many frames the file has.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// Adds a fragment whose time begins at `at_ms` of the file's and lasts `length_ms`. Its frames go behind what is in `data`, which
    /// stands in the file at `offset`; what the index must know of them goes behind `rows`.
    pub fn add(
        &mut self,
        fragment: &Fragment,
        (at_ms, length_ms): (u64, u64),
        (data, offset): (&mut Vec<u8>, u64),
        rows: &mut Vec<u8>,
    ) {
        for track in &self.tracks {
            let blocks = fragment.blocks.iter();
            let blocks: Vec<&Block> = blocks.filter(|one| one.track == track.number).collect();
            put(rows, blocks.len() as u64);
            put(rows, offset + data.len() as u64);
            let since = |block: &Block| block.timecode_ms.saturating_sub(fragment.timecode_ms);
            let mut decoded: Vec<i64> = blocks.iter().map(|block| since(block).max(0)).collect();
            decoded.sort_unstable();
            put(rows, at_ms);
            for (block, decoded) in blocks.iter().zip(&decoded) {
                put(rows, decoded.unsigned_abs());
                put(rows, zigzag(since(block).saturating_sub(*decoded)));
                put(rows, (block.data.len() as u64) << 1 | u64::from(block.key));
                data.extend_from_slice(&block.data);
            }
            self.samples = self.samples.saturating_add(blocks.len() as u32);
        }
        self.end_ms = self.end_ms.max(at_ms + length_ms);
    }
}

fn decodes_alike(a: &Track, b: &Track) -> bool {
    let of = |track: &Track| (track.number, track.kind, track.codec_id.clone());
    of(a) == of(b) && a.codec_private == b.codec_private
}

/// Writes a number in as few bytes as it needs, seven bits in each.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Turns small numbers of either sign into small numbers.
fn zigzag(number: i64) -> u64 {
    (number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned()
}
