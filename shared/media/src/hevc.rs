//! H.265: reads from an hvcC what a container wants to know and a header may leave out, the picture's size.

use crate::sps::{Bits, InvalidSps, cropped, without_emulation_prevention};

const SPS: u8 = 33;
/// Bits of general_profile_space to general_level_idc, and of the same for a sub-layer without its level.
const GENERAL_BITS: usize = 96;
const PROFILE_BITS: usize = 88;
const LEVEL_BITS: usize = 8;

/// Reads width and height, in pixels, from the first sequence parameter set of an HEVCDecoderConfigurationRecord.
///
/// A record without parameter sets, which a stream may carry in its frames instead, has no size.
pub fn picture_size(hvcc: &[u8]) -> Result<(u32, u32), InvalidSps> {
    let [1, fixed @ ..] = hvcc else {
        return Err(InvalidSps);
    };
    let Some((&[arrays], mut rest)) = fixed
        .get(21..)
        .and_then(|arrays| arrays.split_first_chunk::<1>())
    else {
        return Err(InvalidSps);
    };
    for _ in 0..arrays {
        let (&[kind, high, low], units) = rest.split_first_chunk::<3>().ok_or(InvalidSps)?;
        rest = units;
        for _ in 0..u16::from_be_bytes([high, low]) {
            let (&length, unit) = rest.split_first_chunk::<2>().ok_or(InvalidSps)?;
            let length = usize::from(u16::from_be_bytes(length));
            let (unit, more) = unit.split_at_checked(length).ok_or(InvalidSps)?;
            if kind & 0x3F == SPS {
                return size_in_sps(unit);
            }
            rest = more;
        }
    }
    Err(InvalidSps)
}

/// Reads one NAL unit of type 33, its two header bytes included and without a start code.
fn size_in_sps(nal: &[u8]) -> Result<(u32, u32), InvalidSps> {
    let [header, _, payload @ ..] = nal else {
        return Err(InvalidSps);
    };
    if header >> 1 & 0x3F != SPS {
        return Err(InvalidSps);
    }
    let payload = without_emulation_prevention(payload);
    let mut bits = Bits::new(&payload);
    bits.skip(4); // sps_video_parameter_set_id
    let sub_layers = bits.number(3)?;
    bits.skip(1 + GENERAL_BITS);
    skip_sub_layers(&mut bits, sub_layers)?;
    bits.exp_golomb()?; // sps_seq_parameter_set_id
    let chroma_format = bits.exp_golomb()?;
    if chroma_format == 3 {
        bits.skip(1); // separate_colour_plane_flag
    }
    let width = u64::from(bits.exp_golomb()?);
    let height = u64::from(bits.exp_golomb()?);
    let mut window = [0_u64; 4];
    if bits.flag()? {
        for offset in &mut window {
            *offset = u64::from(bits.exp_golomb()?);
        }
    }
    let (unit_width, unit_height) = match chroma_format {
        0 | 3 => (1, 1),
        1 => (2, 2),
        2 => (2, 1),
        _ => return Err(InvalidSps),
    };
    let [left, right, top, bottom] = window;
    Ok((
        cropped(width, (left + right) * unit_width)?,
        cropped(height, (top + bottom) * unit_height)?,
    ))
}

fn skip_sub_layers(bits: &mut Bits<'_>, sub_layers: u32) -> Result<(), InvalidSps> {
    let mut present = 0;
    for _ in 0..sub_layers {
        present += PROFILE_BITS * bits.number(1)? as usize;
        present += LEVEL_BITS * bits.number(1)? as usize;
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers as usize));
    }
    bits.skip(present);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What libx265 wrote for 1920 x 1080, whose blocks are 1920 x 1088.
    const SPS_1080P: &[u8] = &[
        0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
        0x03, 0x00, 0x78, 0xA0, 0x03, 0xC0, 0x80, 0x10, 0xE5, 0x96, 0x56, 0x69, 0x24, 0xCA, 0xF0,
        0x16, 0x80, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x0C, 0x84,
    ];

    fn hvcc(arrays: &[(u8, &[u8])]) -> Vec<u8> {
        let mut record = vec![1; 22];
        record.push(arrays.len() as u8);
        for (kind, unit) in arrays {
            record.extend([0x80 | kind, 0, 1, 0, unit.len() as u8]);
            record.extend_from_slice(unit);
        }
        record
    }

    #[test]
    fn the_picture_size_follows_the_window() {
        let record = hvcc(&[(32, b"vps"), (SPS, SPS_1080P), (34, b"pps")]);
        assert_eq!(picture_size(&record), Ok((1920, 1080)));
    }

    #[test]
    fn every_cut_of_a_record_is_refused_without_a_panic() {
        let record = hvcc(&[(32, b"vps"), (SPS, SPS_1080P)]);
        for end in 0..record.len() {
            assert_eq!(picture_size(&record[..end]), Err(InvalidSps), "{end}");
        }
        assert_eq!(picture_size(&hvcc(&[])), Err(InvalidSps));
        assert_eq!(picture_size(&hvcc(&[(SPS, b"no")])), Err(InvalidSps));
    }
}
