//! The test picture as a source: drawn and encoded when it is due.

use ciero_media::avc::{self, AccessUnit};
use ciero_media::matroska::Track;

use super::drawing::{Drawing, HEIGHT, WIDTH};
use super::{KeyWish, Picture, Source, SourceError};
use crate::encoder::H264Encoder;

/// As many as a camera that watches a door has; each costs the encoder the whole picture, however little of it moves.
const PICTURES_PER_SECOND: u64 = 5;

/// The test picture with its encoder.
pub struct TestPicture {
    drawing: Drawing,
    encoder: H264Encoder,
    track: Track,
    next_number: u64,
    must_be_key: bool,
}

impl TestPicture {
    /// Encodes one picture, from which the decoder's configuration is taken.
    pub fn new() -> Result<Self, SourceError> {
        let mut encoder = H264Encoder::new(PICTURES_PER_SECOND as f32).map_err(encoder_error)?;
        let drawing = Drawing::new();
        let first = encoder.encode(&drawing.canvas, 0).map_err(encoder_error)?;
        let AccessUnit {
            sps: Some(sps),
            pps: Some(pps),
            ..
        } = first
        else {
            return Err(SourceError::Encoder("no parameter sets".into()));
        };
        let avcc =
            avc::avcc(&sps, &pps).map_err(|error| SourceError::Encoder(error.to_string()))?;
        Ok(Self {
            drawing,
            encoder,
            track: Track::avc(1, WIDTH as u32, HEIGHT as u32, avcc),
            next_number: 0,
            must_be_key: true,
        })
    }

    fn next_at_ms(&self) -> u64 {
        self.next_number * 1000 / PICTURES_PER_SECOND
    }
}

fn encoder_error(error: openh264::Error) -> SourceError {
    SourceError::Encoder(error.to_string())
}

impl Source for TestPicture {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next_due_ms(&mut self) -> Result<u64, SourceError> {
        Ok(self.next_at_ms())
    }

    fn next(&mut self, clock_ms: u64, wish: KeyWish) -> Result<Picture, SourceError> {
        self.drawing.draw(clock_ms);
        if self.must_be_key || wish == KeyWish::Wanted {
            self.encoder.want_key();
        }
        let at_ms = self.next_at_ms();
        let unit = self
            .encoder
            .encode(&self.drawing.canvas, at_ms)
            .map_err(encoder_error)?;
        self.next_number += 1;
        self.must_be_key = false;
        Ok(Picture {
            at_ms,
            key: unit.key,
            data: unit.data,
        })
    }

    fn restart(&mut self) -> Result<(), SourceError> {
        self.next_number = 0;
        self.must_be_key = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource;

    const NEW_YEAR_EVE_MS: u64 = 1_798_729_199_900;

    #[test]
    fn the_decoder_configuration_says_1280_by_720() {
        let picture = TestPicture::new().unwrap();
        let sps = avc::sps_of_avcc(&picture.track().codec_private).unwrap();
        assert_eq!((sps.width, sps.height), (1280, 720));
    }

    #[test]
    fn pictures_are_keys_when_wished_and_only_then() {
        let mut source = TestPicture::new().unwrap();
        let keys: Vec<bool> = (0..20)
            .map(|number| {
                let wish = if number == 15 {
                    KeyWish::Wanted
                } else {
                    KeyWish::NotNeeded
                };
                source
                    .next(NEW_YEAR_EVE_MS + number * 66, wish)
                    .unwrap()
                    .key
            })
            .collect();
        let expected: Vec<bool> = (0..20).map(|number| number == 0 || number == 15).collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_restart_begins_at_zero_with_a_key_picture() {
        let mut source = TestPicture::new().unwrap();
        for _ in 0..4 {
            source.next(NEW_YEAR_EVE_MS, KeyWish::NotNeeded).unwrap();
        }
        assert_eq!(source.next_due_ms().unwrap(), 800);
        source.restart().unwrap();
        let first = source.next(NEW_YEAR_EVE_MS, KeyWish::NotNeeded).unwrap();
        assert_eq!((first.at_ms, first.key), (0, true));
    }

    /// Decodes a picture and returns its size and its luma.
    fn decoded(decoder: &mut Decoder, avcc: &[u8], picture: &Picture) -> ((usize, usize), Vec<u8>) {
        let mut annex_b = Vec::new();
        let mut unit = |bytes: &[u8]| {
            annex_b.extend_from_slice(&[0, 0, 0, 1]);
            annex_b.extend_from_slice(bytes);
        };
        if picture.key {
            let sps_end = 8 + usize::from(u16::from_be_bytes([avcc[6], avcc[7]]));
            unit(&avcc[8..sps_end]);
            unit(&avcc[sps_end + 3..]);
        }
        let mut rest = &picture.data[..];
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            let (nal, more) = more.split_at(u32::from_be_bytes(*length) as usize);
            unit(nal);
            rest = more;
        }
        let image = decoder.decode(&annex_b).unwrap().unwrap();
        (image.dimensions(), image.y().to_vec())
    }

    #[test]
    fn a_decoder_sees_the_picture_move() {
        let mut source = TestPicture::new().unwrap();
        let avcc = source.track().codec_private.clone();
        let mut decoder = Decoder::new().unwrap();
        let mut before = Vec::new();
        for number in 0..5 {
            let clock_ms = NEW_YEAR_EVE_MS + number * 100;
            let picture = source.next(clock_ms, KeyWish::NotNeeded).unwrap();
            let (size, luma) = decoded(&mut decoder, &avcc, &picture);
            assert_eq!(size, (WIDTH, HEIGHT));
            assert_ne!(luma, before, "picture {number} is the one before");
            before = luma;
        }
    }
}
