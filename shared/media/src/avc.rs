//! H.264 between its two forms: Annex B with start codes, as encoders speak, and length-prefixed units with avcC, as containers hold.

use crate::sps::{InvalidSps, Sps, has_chroma_fields};

const SPS: u8 = 7;
const PPS: u8 = 8;
const ACCESS_UNIT_DELIMITER: u8 = 9;
const IDR_SLICE: u8 = 5;

/// Walks the NAL units of an Annex B byte stream, without their start codes.
pub fn annex_b_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream);
    std::iter::from_fn(move || {
        let unit_and_more = rest?;
        let end = next_start_code(unit_and_more).unwrap_or(unit_and_more.len());
        rest = after_start_code(&unit_and_more[end..]);
        // A four-byte start code, and padding, leave zeros at the unit's end.
        let zeros = unit_and_more[..end]
            .iter()
            .rev()
            .take_while(|&&byte| byte == 0)
            .count();
        Some(&unit_and_more[..end - zeros])
    })
    .filter(|unit| !unit.is_empty())
}

fn next_start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    next_start_code(bytes).map(|start| &bytes[start + 3..])
}

/// One picture as a container holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// Units with four-byte lengths; parameter sets and delimiters are left to avcC.
    pub data: Vec<u8>,
    /// Whether a decoder can begin here.
    pub key: bool,
    pub sps: Option<Vec<u8>>,
    pub pps: Option<Vec<u8>>,
}

impl AccessUnit {
    /// Converts one encoded picture from Annex B.
    pub fn from_annex_b(stream: &[u8]) -> Self {
        let mut unit = Self {
            data: Vec::with_capacity(stream.len() + 16),
            ..Self::default()
        };
        for nal in annex_b_units(stream) {
            match nal[0] & 0x1F {
                SPS => unit.sps = Some(nal.to_vec()),
                PPS => unit.pps = Some(nal.to_vec()),
                ACCESS_UNIT_DELIMITER => {}
                kind => {
                    unit.key |= kind == IDR_SLICE;
                    unit.data
                        .extend_from_slice(&(nal.len() as u32).to_be_bytes());
                    unit.data.extend_from_slice(nal);
                }
            }
        }
        unit
    }
}

/// Writes an AVCDecoderConfigurationRecord for four-byte lengths.
pub fn avcc(sps_nal: &[u8], pps_nal: &[u8]) -> Result<Vec<u8>, InvalidSps> {
    let sps = Sps::parse(sps_nal)?;
    let sps_length = u16::try_from(sps_nal.len()).map_err(|_| InvalidSps)?;
    let pps_length = u16::try_from(pps_nal.len()).map_err(|_| InvalidSps)?;
    let mut out = vec![1, sps.profile, sps.compatibility, sps.level, 0xFF, 0xE1];
    out.extend_from_slice(&sps_length.to_be_bytes());
    out.extend_from_slice(sps_nal);
    out.push(1);
    out.extend_from_slice(&pps_length.to_be_bytes());
    out.extend_from_slice(pps_nal);
    if has_chroma_fields(sps.profile) {
        out.push(0xFC | sps.chroma_format);
        out.push(0xF8 | (sps.bit_depth_luma - 8));
        out.push(0xF8 | (sps.bit_depth_chroma - 8));
        out.push(0);
    }
    Ok(out)
}

/// Reads the first sequence parameter set of an AVCDecoderConfigurationRecord.
pub fn sps_of_avcc(avcc: &[u8]) -> Result<Sps, InvalidSps> {
    let [1, _, _, _, _, count, high, low, rest @ ..] = avcc else {
        return Err(InvalidSps);
    };
    if count & 0x1F == 0 {
        return Err(InvalidSps);
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    Sps::parse(rest.get(..length).ok_or(InvalidSps)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SPS_720P: [u8; 20] = [
        0x67, 0x42, 0xC0, 0x1F, 0xD9, 0x00, 0x50, 0x05, 0xBB, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
        0x10, 0x00, 0x00, 0x03, 0x03,
    ];
    const PPS_ANY: [u8; 4] = [0x68, 0xCB, 0x83, 0xCB];

    #[test]
    fn units_are_found_between_start_codes_of_both_lengths() {
        let stream = [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3];
        let units: Vec<_> = annex_b_units(&stream).collect();
        assert_eq!(units, [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]);
    }

    #[test]
    fn a_stream_without_a_start_code_has_no_units() {
        assert_eq!(annex_b_units(&[1, 2, 3]).count(), 0);
        assert_eq!(annex_b_units(&[]).count(), 0);
        assert_eq!(annex_b_units(&[0, 0, 1]).count(), 0);
    }

    #[test]
    fn an_access_unit_keeps_slices_and_gives_parameter_sets_apart() {
        let stream = [
            0, 0, 0, 1, 0x09, 0x10, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3, 4,
        ];
        let unit = AccessUnit::from_annex_b(&stream);
        assert_eq!(unit.data, [0, 0, 0, 3, 0x65, 3, 4]);
        assert!(unit.key);
        assert_eq!(unit.sps, Some(vec![0x67, 1]));
        assert_eq!(unit.pps, Some(vec![0x68, 2]));
    }

    #[test]
    fn avcc_gives_back_the_parameter_set_it_was_made_of() {
        let record = avcc(&SPS_720P, &PPS_ANY).unwrap();
        let sps = sps_of_avcc(&record).unwrap();
        assert_eq!((sps.width, sps.height), (1280, 720));
        assert_eq!(sps.codec_string(), "avc1.42c01f");
    }

    #[test]
    fn a_cut_avcc_is_refused() {
        let record = avcc(&SPS_720P, &PPS_ANY).unwrap();
        for end in 0..18 {
            assert_eq!(sps_of_avcc(&record[..end]), Err(InvalidSps));
        }
    }
}
