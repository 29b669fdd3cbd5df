//! What a decoder without a container needs: start codes before the units, parameter sets, and a header before each sound frame.

use crate::codec::Codec;
use crate::matroska::{Track, TrackKind};
use crate::mp4::Mp4Error;

const START_CODE: [u8; 4] = [0, 0, 0, 1];
const AVC_DELIMITER: u8 = 9;
const HEVC_DELIMITER: u8 = 35;
/// The rates that a header of AAC names by their place in this list, in hertz.
const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Turns the pictures of one track into an Annex B byte stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnexB {
    codec: Codec,
    length_bytes: usize,
    parameter_sets: Vec<u8>,
}

impl AnnexB {
    /// Reads the track's avcC or hvcC. A codec without units is unsupported here.
    pub fn of(track: &Track) -> Result<Self, Mp4Error> {
        let private = track.codec_private.as_slice();
        let read = match Codec::of(track) {
            Some(Codec::Avc) => read_avcc,
            Some(Codec::Hevc) => read_hvcc,
            _ => return Err(Mp4Error::UnsupportedCodec(track.codec_id.clone())),
        };
        if private.is_empty() {
            return Err(Mp4Error::MissingCodecPrivate);
        }
        read(private).ok_or(Mp4Error::InvalidCodecPrivate)
    }

    /// The parameter sets with which decoding begins, with start codes.
    pub fn parameter_sets(&self) -> &[u8] {
        &self.parameter_sets
    }

    /// The unit that begins an access unit, with its start code.
    pub fn delimiter(&self) -> &'static [u8] {
        match self.codec {
            Codec::Hevc => &[0, 0, 0, 1, 0x46, 0x01, 0x50],
            _ => &[0, 0, 0, 1, 0x09, 0xF0],
        }
    }

    /// Appends the units of one picture, but for its delimiter; units that run over the picture's end are an error.
    pub fn append(&self, picture: &[u8], out: &mut Vec<u8>) -> Result<(), Mp4Error> {
        let mut rest = picture;
        while !rest.is_empty() {
            let (length, after) = rest
                .split_at_checked(self.length_bytes)
                .ok_or(Mp4Error::InvalidSamples)?;
            let length = length
                .iter()
                .fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
            let (unit, after) = after
                .split_at_checked(length)
                .ok_or(Mp4Error::InvalidSamples)?;
            rest = after;
            if unit.first().is_some_and(|&head| !self.delimits(head)) {
                out.extend_from_slice(&START_CODE);
                out.extend_from_slice(unit);
            }
        }
        Ok(())
    }

    fn delimits(&self, head: u8) -> bool {
        match self.codec {
            Codec::Hevc => head >> 1 & 0x3F == HEVC_DELIMITER,
            _ => head & 0x1F == AVC_DELIMITER,
        }
    }
}

fn read_avcc(avcc: &[u8]) -> Option<AnnexB> {
    let (&[1, _, _, _, lengths, count], mut rest) = avcc.split_first_chunk::<6>()? else {
        return None;
    };
    let mut sets = Vec::new();
    take_units(&mut rest, count & 0x1F, &mut sets)?;
    let (&count, after) = rest.split_first()?;
    rest = after;
    take_units(&mut rest, count, &mut sets)?;
    Some(AnnexB {
        codec: Codec::Avc,
        length_bytes: usize::from(lengths & 3) + 1,
        parameter_sets: sets,
    })
}

fn read_hvcc(hvcc: &[u8]) -> Option<AnnexB> {
    let (&head, mut rest) = hvcc.split_first_chunk::<23>()?;
    if head[0] != 1 {
        return None;
    }
    let mut sets = Vec::new();
    for _ in 0..head[22] {
        let (&[_, high, low], after) = rest.split_first_chunk::<3>()?;
        rest = after;
        let many = u8::try_from(u16::from_be_bytes([high, low])).ok()?;
        take_units(&mut rest, many, &mut sets)?;
    }
    Some(AnnexB {
        codec: Codec::Hevc,
        length_bytes: usize::from(head[21] & 3) + 1,
        parameter_sets: sets,
    })
}

/// Takes units with lengths of two bytes.
fn take_units(rest: &mut &[u8], many: u8, out: &mut Vec<u8>) -> Option<()> {
    for _ in 0..many {
        let (&length, after) = rest.split_first_chunk::<2>()?;
        let (unit, after) = after.split_at_checked(u16::from_be_bytes(length).into())?;
        *rest = after;
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit);
    }
    Some(())
}

/// Writes the header that stands before every AAC frame of a stream without a container (ISO/IEC 14496-3, 1.A.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adts {
    profile: u8,
    rate: u8,
    channels: u8,
}

impl Adts {
    /// Reads the track's AudioSpecificConfig.
    pub fn of(track: &Track) -> Result<Self, Mp4Error> {
        if Codec::of(track) != Some(Codec::Aac) || !matches!(track.kind, TrackKind::Audio { .. }) {
            return Err(Mp4Error::UnsupportedCodec(track.codec_id.clone()));
        }
        if track.codec_private.is_empty() {
            return Err(Mp4Error::MissingCodecPrivate);
        }
        read_aac(&track.codec_private).ok_or(Mp4Error::InvalidCodecPrivate)
    }

    /// Appends one frame with its header; a frame of 8 KiB or more has none.
    pub fn append(&self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Mp4Error> {
        let length = u16::try_from(frame.len() + 7).unwrap_or(u16::MAX);
        if length >= 1 << 13 {
            return Err(Mp4Error::InvalidSamples);
        }
        out.extend_from_slice(&[
            0xFF,
            0xF1,
            self.profile << 6 | self.rate << 2 | self.channels >> 2,
            (self.channels & 3) << 6 | (length >> 11) as u8,
            (length >> 3) as u8,
            (length as u8 & 7) << 5 | 0x1F,
            0xFC,
        ]);
        out.extend_from_slice(frame);
        Ok(())
    }
}

fn read_aac(configuration: &[u8]) -> Option<Adts> {
    let mut bits = configuration
        .iter()
        .take(8)
        .fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte))
        .checked_shl(64 - 8 * configuration.len().min(8) as u32)?;
    let mut take = |many: u32| {
        let taken = bits >> (64 - many);
        bits <<= many;
        taken as u32
    };
    if configuration.len() < 2 {
        return None;
    }
    let object_type = take(5);
    let rate = match take(4) {
        15 => {
            let hertz = take(24);
            AAC_RATES.iter().position(|&rate| rate == hertz)?
        }
        place => usize::try_from(place).ok()?,
    };
    let channels = take(4) as u8;
    // Spectral band replication and parametric stereo ride on low complexity, which the header names.
    let profile = match object_type {
        1..=4 => object_type as u8 - 1,
        5 | 29 => 1,
        _ => return None,
    };
    (rate < AAC_RATES.len() && channels < 8).then_some(Adts {
        profile,
        rate: rate as u8,
        channels,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sound(private: &[u8]) -> Track {
        Track {
            number: 2,
            kind: TrackKind::Audio {
                sample_rate: 48_000.0,
                channels: 2,
            },
            codec_id: "A_AAC".into(),
            codec_private: private.to_vec(),
            name: String::new(),
        }
    }

    #[test]
    fn a_picture_gets_start_codes_and_loses_its_own_delimiter() {
        let avcc = [1, 66, 0, 31, 0xFD, 0xE1, 0, 2, 0x67, 1, 1, 0, 3, 0x68, 2, 3];
        let stream = AnnexB::of(&Track::avc(1, 16, 16, avcc.to_vec())).unwrap();
        assert_eq!(
            stream.parameter_sets(),
            [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 3]
        );
        let mut out = Vec::new();
        let picture = [0, 2, 0x09, 0xF0, 0, 3, 0x65, 7, 8];
        stream.append(&picture, &mut out).unwrap();
        assert_eq!(out, [0, 0, 0, 1, 0x65, 7, 8], "lengths have two bytes here");
        for end in [1, 3, 5, 8] {
            let cut = stream.append(&picture[..end], &mut Vec::new());
            assert_eq!(cut, Err(Mp4Error::InvalidSamples));
        }
    }

    #[test]
    fn every_cut_of_a_configuration_is_refused_without_a_panic() {
        let avcc = [1, 66, 0, 31, 0xFF, 0xE1, 0, 2, 0x67, 1, 1, 0, 2, 0x68, 2];
        for end in 1..avcc.len() {
            let track = Track::avc(1, 16, 16, avcc[..end].to_vec());
            assert_eq!(AnnexB::of(&track), Err(Mp4Error::InvalidCodecPrivate));
        }
        let mut hvcc = [0; 28].to_vec();
        (hvcc[0], hvcc[21], hvcc[22]) = (1, 3, 1);
        hvcc.splice(23.., [0x20, 0, 1, 0, 2, 0x40, 1]);
        for end in 1..=hvcc.len() {
            let mut track = Track::avc(1, 16, 16, hvcc[..end].to_vec());
            track.codec_id = "V_MPEGH/ISO/HEVC".into();
            assert_eq!(AnnexB::of(&track).is_ok(), end == hvcc.len());
        }
    }

    #[test]
    fn a_sound_frame_gets_the_header_that_its_configuration_says() {
        // Low complexity, 48 kHz, two channels.
        let adts = Adts::of(&sound(&[0x11, 0x90])).unwrap();
        let mut out = Vec::new();
        adts.append(&[9; 100], &mut out).unwrap();
        assert_eq!(out[..7], [0xFF, 0xF1, 0x4C, 0x80, 0x0D, 0x7F, 0xFC]);
        assert_eq!(out.len(), 107);
        let long = adts.append(&[0; 8200], &mut out);
        assert_eq!(long, Err(Mp4Error::InvalidSamples));
    }

    #[test]
    fn a_configuration_of_sound_that_no_header_can_say_is_refused() {
        assert_eq!(Adts::of(&sound(&[])), Err(Mp4Error::MissingCodecPrivate));
        for broken in [&[0x11][..], &[0xF9, 0x90], &[0x17, 0x80, 0, 0]] {
            let refused = Adts::of(&sound(broken));
            assert_eq!(refused, Err(Mp4Error::InvalidCodecPrivate), "{broken:?}");
        }
    }
}
