//! Matroska as cameras send it: a header, then one cluster per fragment.

mod block;
mod fragments;
mod header;
mod ids;
pub mod read;
pub mod write;

pub use fragments::{Fragment, Fragments};
pub use read::{Block, Event, Item, Limits, Reader};

use serde::{Deserialize, Serialize};

/// The tag with which a producer closes an open fragment at once.
pub const END_OF_FRAGMENT: &str = "AWS_KINESISVIDEO_END_OF_FRAGMENT";

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    Video { width: u32, height: u32 },
    Audio { sample_rate: f64, channels: u32 },
    Other,
}

/// One track of the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// The number that blocks name; Kinesis Video wants 1 for video and 2 for audio.
    pub number: u64,
    pub kind: TrackKind,
    /// For instance `V_MPEG4/ISO/AVC`, `V_MPEGH/ISO/HEVC` or `A_AAC`.
    pub codec_id: String,
    /// The decoder's configuration: avcC, hvcC or AudioSpecificConfig; empty when the file carries none.
    pub codec_private: Vec<u8>,
    pub name: String,
}

impl Track {
    /// An H.264 video track; `avcc` is its AVCDecoderConfigurationRecord.
    pub fn avc(number: u64, width: u32, height: u32, avcc: Vec<u8>) -> Self {
        Self {
            number,
            kind: TrackKind::Video { width, height },
            codec_id: "V_MPEG4/ISO/AVC".into(),
            codec_private: avcc,
            name: "video".into(),
        }
    }

    /// An H.265 video track; `hvcc` is its HEVCDecoderConfigurationRecord.
    pub fn hevc(number: u64, width: u32, height: u32, hvcc: Vec<u8>) -> Self {
        Self {
            codec_id: "V_MPEGH/ISO/HEVC".into(),
            ..Self::avc(number, width, height, hvcc)
        }
    }

    /// An AAC track; `configuration` is its AudioSpecificConfig.
    pub fn aac(number: u64, sample_rate: u32, channels: u32, configuration: Vec<u8>) -> Self {
        Self {
            number,
            kind: TrackKind::Audio {
                sample_rate: sample_rate.into(),
                channels,
            },
            codec_id: "A_AAC".into(),
            codec_private: configuration,
            name: "audio".into(),
        }
    }

    /// A G.711 track as Kinesis Video wants it: a WAVEFORMATEX with one byte per sample.
    pub fn g711(number: u64, law: G711, sample_rate: u32, channels: u16) -> Self {
        let tag: u16 = match law {
            G711::ALaw => 6,
            G711::MuLaw => 7,
        };
        let bytes_per_second = sample_rate.saturating_mul(channels.into());
        let mut format = Vec::with_capacity(18);
        format.extend_from_slice(&tag.to_le_bytes());
        format.extend_from_slice(&channels.to_le_bytes());
        format.extend_from_slice(&sample_rate.to_le_bytes());
        format.extend_from_slice(&bytes_per_second.to_le_bytes());
        format.extend_from_slice(&channels.to_le_bytes());
        format.extend_from_slice(&8u16.to_le_bytes());
        format.extend_from_slice(&0u16.to_le_bytes());
        Self {
            codec_id: "A_MS/ACM".into(),
            ..Self::aac(number, sample_rate, channels.into(), format)
        }
    }
}

/// The two laws of G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum G711 {
    ALaw,
    MuLaw,
}

/// A name with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub value: String,
}

/// What stands before the first cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    pub tracks: Vec<Track>,
    /// Nanoseconds per unit of a timecode; 1,000,000 where the file says nothing.
    pub timecode_scale: u64,
    /// Tags that stand before the first cluster.
    pub tags: Vec<Tag>,
}

/// Why bytes are not the Matroska that this crate reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatroskaError {
    #[error("not a matroska stream")]
    NotMatroska,
    #[error("malformed element")]
    Malformed,
    #[error("an element of {size} bytes is over the limit of {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("laced blocks are not supported")]
    Lacing,
    #[error("compressed or encrypted tracks are not supported")]
    Encoded,
    #[error("a stream holds one segment with one list of tracks")]
    SecondHeader,
    #[error("a cluster comes before the list of tracks")]
    MissingTracks,
    #[error("a cluster does not begin with its timecode")]
    MissingTimecode,
    #[error("a timecode is out of range")]
    TimecodeOutOfRange,
    #[error("the stream ends inside an element")]
    Truncated,
}

impl From<crate::ebml::Malformed> for MatroskaError {
    fn from(_: crate::ebml::Malformed) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g711_is_described_by_a_waveformatex() {
        let track = Track::g711(2, G711::MuLaw, 8_000, 1);
        let expected = [
            7, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, 0, 0,
        ];
        assert_eq!(track.codec_id, "A_MS/ACM");
        assert_eq!(track.codec_private, expected);
        assert_eq!(Track::g711(2, G711::ALaw, 8_000, 1).codec_private[0], 6);
    }
}
