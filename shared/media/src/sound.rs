//! What the decoder configurations of sound say: AudioSpecificConfig for AAC, WAVEFORMATEX for G.711.

use thiserror::Error;

/// The bytes are not the decoder configuration that they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a decoder configuration of sound")]
pub struct InvalidSound;

const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// The beginning of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aac {
    /// 2 is the common low-complexity profile.
    pub object_type: u8,
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 to 7 name an arrangement of speakers; 0 leaves it to the stream.
    pub channels: u8,
}

impl Aac {
    pub fn parse(configuration: &[u8]) -> Result<Self, InvalidSound> {
        let mut bits = Bits {
            bytes: configuration,
            position: 0,
        };
        let object_type = match bits.take(5)? {
            31 => 32 + bits.take(6)?,
            object_type => object_type,
        };
        let sample_rate = match bits.take(4)? {
            15 => bits.take(24)?,
            index => *SAMPLE_RATES.get(index as usize).ok_or(InvalidSound)?,
        };
        let channels = bits.take(4)?;
        if object_type == 0 || sample_rate == 0 || channels > 7 {
            return Err(InvalidSound);
        }
        Ok(Self {
            object_type: object_type as u8,
            sample_rate,
            channels: channels as u8,
        })
    }
}

/// How a byte of G.711 stands for a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    A,
    Mu,
}

/// A WAVEFORMATEX that announces G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct G711 {
    pub law: Law,
    /// Samples a second.
    pub sample_rate: u32,
    pub channels: u16,
}

impl G711 {
    pub fn parse(format: &[u8]) -> Result<Self, InvalidSound> {
        let [tag, tag_high, channels @ .., _, _, _, _, _, _] =
            *format.first_chunk::<14>().ok_or(InvalidSound)?;
        let law = match u16::from_le_bytes([tag, tag_high]) {
            6 => Law::A,
            7 => Law::Mu,
            _ => return Err(InvalidSound),
        };
        let [channels, channels_high, rate @ ..] = channels;
        let g711 = Self {
            law,
            sample_rate: u32::from_le_bytes(rate),
            channels: u16::from_le_bytes([channels, channels_high]),
        };
        if g711.sample_rate == 0 || g711.channels == 0 {
            return Err(InvalidSound);
        }
        Ok(g711)
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<u32, InvalidSound> {
        let mut value = 0;
        for at in self.position..self.position + count {
            let byte = self.bytes.get(at / 8).ok_or(InvalidSound)?;
            value = value << 1 | u32::from(byte >> (7 - at % 8) & 1);
        }
        self.position += count;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_aac(configuration: &[u8], object_type: u8, sample_rate: u32, channels: u8) {
        let expected = Aac {
            object_type,
            sample_rate,
            channels,
        };
        assert_eq!(Aac::parse(configuration), Ok(expected));
    }

    #[test]
    fn aac_is_read_with_every_way_to_say_its_rate() {
        check_aac(&[0x14, 0x08], 2, 16_000, 1);
        check_aac(&[0x12, 0x10, 0x56, 0xE5, 0x00], 2, 44_100, 2);
        check_aac(&[0x17, 0x80, 0x5D, 0xC0, 0x08], 2, 48_000, 1);
        // Object type 42 needs the longer form.
        check_aac(&[0xF9, 0x46, 0x40], 42, 48_000, 2);
    }

    #[test]
    fn broken_aac_is_refused() {
        for configuration in [
            &[][..],
            &[0x14],
            &[0x04, 0x08],
            &[0x16, 0x88],
            &[0x14, 0x78],
            &[0x17, 0x80, 0x00],
        ] {
            assert_eq!(
                Aac::parse(configuration),
                Err(InvalidSound),
                "{configuration:?}"
            );
        }
    }

    #[test]
    fn g711_is_told_by_its_tag() {
        for (tag, law) in [(6, Law::A), (7, Law::Mu)] {
            let mut format = vec![tag, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0];
            let g711 = G711 {
                law,
                sample_rate: 8000,
                channels: 1,
            };
            assert_eq!(G711::parse(&format), Ok(g711));
            assert_eq!(G711::parse(&format[..13]), Err(InvalidSound));
            format[2] = 0;
            assert_eq!(G711::parse(&format), Err(InvalidSound));
            format[0] = 1; // plain samples
            assert_eq!(G711::parse(&format), Err(InvalidSound));
        }
    }
}
