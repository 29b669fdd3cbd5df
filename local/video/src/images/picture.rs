//! Decodes the pictures of one fragment and encodes those that are wanted.

use std::io::Cursor;

use ciero_media::annex_b::AnnexB;
use ciero_media::codec::Codec;
use ciero_media::matroska::{Block, Track};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ImageFormat, RgbImage};
use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Format {
    Jpeg,
    Png,
}

/// How an image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub format: Format,
    /// Of 1 to 100, for JPEG.
    pub quality: u8,
    /// Width and height in pixels. The height alone keeps the shape.
    pub size: (Option<u32>, Option<u32>),
}

impl Style {
    /// The size in which a picture is shown; `None` where keeping its shape would make it too wide.
    fn scaled(self, (width, height): (u32, u32)) -> Option<(u32, u32)> {
        match self.size {
            (Some(wide), Some(high)) => Some((wide, high)),
            (None, Some(high)) => {
                let wide = u64::from(width) * u64::from(high) / u64::from(height.max(1));
                let wide = u32::try_from(wide).ok()?.max(1);
                (wide <= MOST_WIDTH).then_some((wide, high))
            }
            _ => Some((width, height)),
        }
    }
}

/// Pixels.
pub(super) const MOST_WIDTH: u32 = 3840;
pub(super) const MOST_HEIGHT: u32 = 2160;

/// The image that is shown at each of these moments, which ascend and count as the blocks do; `None` where none can be made.
pub(super) fn images(
    track: &Track,
    blocks: &[Block],
    wanted_ms: &[i64],
    style: Style,
) -> Vec<Option<Vec<u8>>> {
    let frames: Vec<&Block> = blocks
        .iter()
        .filter(|block| block.track == track.number)
        .collect();
    // Pictures leave the decoder in the order in which they are shown.
    let mut shown_ms: Vec<i64> = frames.iter().map(|frame| frame.timecode_ms).collect();
    shown_ms.sort_unstable();
    let places: Vec<usize> = wanted_ms
        .iter()
        .map(|&wanted| shown_ms.partition_point(|&shown| shown <= wanted))
        .map(|place| place.saturating_sub(1))
        .collect();
    let mut images = Images {
        made: vec![None; places.len()],
        places,
        decoded: 0,
        style,
    };
    // What was made before a broken picture is good.
    let _ = images.decode(track, &frames);
    images.made
}

struct Images {
    /// Which picture each moment shows.
    places: Vec<usize>,
    made: Vec<Option<Vec<u8>>>,
    decoded: usize,
    style: Style,
}

/// The fragment cannot be decoded further.
struct Broken;

impl From<openh264::Error> for Broken {
    fn from(_: openh264::Error) -> Self {
        Self
    }
}

impl From<ciero_media::mp4::Mp4Error> for Broken {
    fn from(_: ciero_media::mp4::Mp4Error) -> Self {
        Self
    }
}

impl Images {
    fn decode(&mut self, track: &Track, frames: &[&Block]) -> Result<(), Broken> {
        if Codec::of(track) != Some(Codec::Avc) {
            return Err(Broken);
        }
        let stream = AnnexB::of(track)?;
        let api = OpenH264API::from_source();
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let mut decoder = Decoder::with_api_config(api, config)?;
        let mut units = Vec::new();
        for (place, frame) in frames.iter().enumerate() {
            units.clear();
            if place == 0 || frame.key {
                units.extend_from_slice(stream.parameter_sets());
            }
            stream.append(&frame.data, &mut units)?;
            if let Some(picture) = decoder.decode(&units)? {
                self.take(&picture);
            }
            if self.is_complete() {
                return Ok(());
            }
        }
        for picture in decoder.flush_remaining()? {
            self.take(&picture);
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.places.iter().all(|&place| place < self.decoded)
    }

    fn take(&mut self, picture: &DecodedYUV<'_>) {
        let place = self.decoded;
        self.decoded += 1;
        let mut image = None;
        for (wanted, made) in self.places.iter().zip(&mut self.made) {
            if *wanted == place {
                let image = image.get_or_insert_with(|| encode(picture, self.style));
                made.clone_from(image);
            }
        }
    }
}

fn encode(picture: &DecodedYUV<'_>, style: Style) -> Option<Vec<u8>> {
    let (width, height) = picture.dimensions();
    let mut pixels = vec![0; width * height * 3];
    picture.write_rgb8(&mut pixels);
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let mut image = RgbImage::from_raw(width, height, pixels)?;
    let size = style.scaled((width, height))?;
    if size != (width, height) {
        image = resize(&image, size.0, size.1, FilterType::Triangle);
    }
    let mut out = Vec::new();
    match style.format {
        Format::Jpeg => image
            .write_with_encoder(JpegEncoder::new_with_quality(&mut out, style.quality))
            .ok()?,
        Format::Png => image
            .write_to(&mut Cursor::new(&mut out), ImageFormat::Png)
            .ok()?,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_alone_keeps_the_shape_up_to_the_greatest_width() {
        let style = Style {
            format: Format::Jpeg,
            quality: 80,
            size: (None, Some(2160)),
        };
        assert_eq!(style.scaled((1280, 720)), Some((3840, 2160)));
        assert_eq!(style.scaled((1, 4000)), Some((1, 2160)));
        assert_eq!(style.scaled((4096, 16)), None);
    }
}
