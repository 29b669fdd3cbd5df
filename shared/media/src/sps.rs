//! Reads from an H.264 sequence parameter set what a container wants to know: profile, level and picture size.

use thiserror::Error;

/// The bytes are not a sequence parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an H.264 sequence parameter set")]
pub struct InvalidSps;

/// What an H.264 stream says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sps {
    pub profile: u8,
    pub compatibility: u8,
    pub level: u8,
    pub chroma_format: u8,
    pub bit_depth_luma: u8,
    pub bit_depth_chroma: u8,
    pub width: u32,
    pub height: u32,
}

impl Sps {
    /// Parses one NAL unit of type 7, its header byte included and without a start code.
    pub fn parse(nal: &[u8]) -> Result<Self, InvalidSps> {
        let [header, profile, compatibility, level, ..] = *nal else {
            return Err(InvalidSps);
        };
        if header & 0x1F != 7 {
            return Err(InvalidSps);
        }
        let payload = without_emulation_prevention(&nal[4..]);
        let mut bits = Bits::new(&payload);
        bits.exp_golomb()?; // seq_parameter_set_id
        let mut sps = Self {
            profile,
            compatibility,
            level,
            chroma_format: 1,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            width: 0,
            height: 0,
        };
        let mut separate_planes = false;
        if has_chroma_fields(profile) {
            separate_planes = sps.chroma_fields(&mut bits)?;
        }
        skip_picture_order(&mut bits)?;
        sps.picture_size(&mut bits, separate_planes)?;
        Ok(sps)
    }

    fn chroma_fields(&mut self, bits: &mut Bits<'_>) -> Result<bool, InvalidSps> {
        self.chroma_format = small(bits.exp_golomb()?, 3)?;
        let separate_planes = self.chroma_format == 3 && bits.flag()?;
        self.bit_depth_luma = small(bits.exp_golomb()?, 6)? + 8;
        self.bit_depth_chroma = small(bits.exp_golomb()?, 6)? + 8;
        bits.flag()?; // qpprime_y_zero_transform_bypass
        if bits.flag()? {
            let lists = if self.chroma_format == 3 { 12 } else { 8 };
            for list in 0..lists {
                if bits.flag()? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(separate_planes)
    }

    fn picture_size(
        &mut self,
        bits: &mut Bits<'_>,
        separate_planes: bool,
    ) -> Result<(), InvalidSps> {
        bits.exp_golomb()?; // max_num_ref_frames
        bits.flag()?; // gaps_in_frame_num_value_allowed
        let width_in_blocks = u64::from(bits.exp_golomb()?) + 1;
        let height_in_units = u64::from(bits.exp_golomb()?) + 1;
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.flag()?; // mb_adaptive_frame_field
        }
        bits.flag()?; // direct_8x8_inference
        let fields = if frames_only { 1 } else { 2 };
        let (mut cut_x, mut cut_y) = (0_u64, 0_u64);
        if bits.flag()? {
            let (unit_x, unit_y) = match self.chroma_format {
                _ if separate_planes => (1, 1),
                1 => (2, 2),
                2 => (2, 1),
                _ => (1, 1),
            };
            cut_x = unit_x * (u64::from(bits.exp_golomb()?) + u64::from(bits.exp_golomb()?));
            cut_y =
                unit_y * fields * (u64::from(bits.exp_golomb()?) + u64::from(bits.exp_golomb()?));
        }
        self.width = cropped(16 * width_in_blocks, cut_x)?;
        self.height = cropped(16 * fields * height_in_units, cut_y)?;
        Ok(())
    }

    /// The codec's name as playlists and browsers write it, for instance `avc1.4d4032`.
    pub fn codec_string(&self) -> String {
        format!(
            "avc1.{:02x}{:02x}{:02x}",
            self.profile, self.compatibility, self.level
        )
    }
}

/// Profiles whose parameter sets, and whose avcC, carry chroma format and bit depths.
pub(crate) fn has_chroma_fields(profile: u8) -> bool {
    matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    )
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Result<(), InvalidSps> {
    bits.exp_golomb()?; // log2_max_frame_num
    match bits.exp_golomb()? {
        0 => {
            bits.exp_golomb()?;
        }
        1 => {
            bits.flag()?;
            bits.exp_golomb()?;
            bits.exp_golomb()?;
            for _ in 0..small(bits.exp_golomb()?, 255)? {
                bits.exp_golomb()?;
            }
        }
        2 => {}
        _ => return Err(InvalidSps),
    }
    Ok(())
}

fn skip_scaling_list(bits: &mut Bits<'_>, length: usize) -> Result<(), InvalidSps> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..length {
        if next != 0 {
            let code = i64::from(bits.exp_golomb()?);
            let delta = if code % 2 == 1 {
                (code + 1) / 2
            } else {
                -(code / 2)
            };
            next = (last + delta).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

fn small(value: u32, most: u8) -> Result<u8, InvalidSps> {
    u8::try_from(value)
        .ok()
        .filter(|&value| value <= most)
        .ok_or(InvalidSps)
}

pub(crate) fn cropped(whole: u64, cut: u64) -> Result<u32, InvalidSps> {
    let size = whole.checked_sub(cut).ok_or(InvalidSps)?;
    u32::try_from(size)
        .ok()
        .filter(|size| (1..=16_384).contains(size))
        .ok_or(InvalidSps)
}

/// Drops the 3 of every 0 0 3, which only keeps start codes out of the payload.
pub(crate) fn without_emulation_prevention(nal: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, InvalidSps> {
        let byte = self.bytes.get(self.position / 8).ok_or(InvalidSps)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Ok(bit == 1)
    }

    /// Passes over bits, which may lie behind the end; whoever reads there is refused.
    pub(crate) fn skip(&mut self, count: usize) {
        self.position += count;
    }

    pub(crate) fn number(&mut self, count: usize) -> Result<u32, InvalidSps> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | u32::from(self.flag()?)))
    }

    pub(crate) fn exp_golomb(&mut self) -> Result<u32, InvalidSps> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(InvalidSps);
            }
        }
        let mut value = 1_u64;
        for _ in 0..zeros {
            value = value << 1 | u64::from(self.flag()?);
        }
        u32::try_from(value - 1).map_err(|_| InvalidSps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nal: &[u8], width: u32, height: u32, codec: &str) {
        let sps = Sps::parse(nal);
        assert_eq!(
            sps.map(|sps| (sps.width, sps.height, sps.codec_string())),
            Ok((width, height, codec.into()))
        );
    }

    #[test]
    fn the_picture_size_follows_the_cropping() {
        // libx264 high profile, 1920x1088 blocks cropped to 1920x1080
        check(
            &[
                0x67, 0x64, 0x00, 0x28, 0xAC, 0xD9, 0x40, 0x78, 0x02, 0x27, 0xE5, 0xC0, 0x44, 0x00,
                0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xF0, 0x3C, 0x60, 0xC6, 0x58,
            ],
            1920,
            1080,
            "avc1.640028",
        );
    }

    #[test]
    fn every_cut_of_a_parameter_set_is_refused_without_a_panic() {
        let nal = [
            0x67, 0x64, 0x00, 0x28, 0xAC, 0xD9, 0x40, 0x78, 0x02, 0x27, 0xE5,
        ];
        for end in 0..8 {
            assert_eq!(Sps::parse(&nal[..end]), Err(InvalidSps));
        }
    }

    #[test]
    fn another_kind_of_unit_is_refused() {
        assert_eq!(Sps::parse(&[0x68, 0xEB, 0xE3, 0xCB]), Err(InvalidSps));
    }
}
