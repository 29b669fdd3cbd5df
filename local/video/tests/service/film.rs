//! Real H.264 for the stream `cam`: plain grey pictures, so that each tells by its brightness which one it is.

use ciero_media::avc::{AccessUnit, avcc};
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use openh264::OpenH264API;
use openh264::encoder::{Encoder, EncoderConfig, RateControlMode};
use openh264::formats::YUVBuffer;

pub const WIDTH: usize = 160;
pub const HEIGHT: usize = 120;

/// What a camera sends: a header, and a fragment for each list of brightnesses.
pub struct Film {
    encoder: Encoder,
    track: Option<Track>,
}

impl Film {
    pub fn new() -> Self {
        let config = EncoderConfig::new()
            .rate_control_mode(RateControlMode::Off)
            .skip_frames(false)
            .num_threads(1);
        let api = OpenH264API::from_source();
        Self {
            encoder: Encoder::with_api_config(api, config).unwrap(),
            track: None,
        }
    }

    /// A fragment of one picture each 100 ms; the first one is a key picture.
    pub fn fragment(&mut self, start_ms: i64, brightness: &[u8]) -> Vec<u8> {
        self.encoder.force_intra_frame();
        let pictures: Vec<_> = brightness.iter().map(|&level| self.encode(level)).collect();
        let frames: Vec<_> = pictures
            .iter()
            .zip(0_i16..)
            .map(|(picture, n)| Frame {
                track: 1,
                offset_ms: n * 100,
                key: if picture.key { Key::Yes } else { Key::No },
                data: &picture.data,
            })
            .collect();
        write_cluster(start_ms.unsigned_abs(), &frames)
    }

    fn encode(&mut self, level: u8) -> AccessUnit {
        let mut planes = vec![level; WIDTH * HEIGHT];
        planes.resize(WIDTH * HEIGHT * 3 / 2, 128);
        let picture = YUVBuffer::from_vec(planes, WIDTH, HEIGHT);
        let unit = AccessUnit::from_annex_b(&self.encoder.encode(&picture).unwrap().to_vec());
        if let (Some(sps), Some(pps)) = (&unit.sps, &unit.pps) {
            let private = avcc(sps, pps).unwrap();
            self.track = Some(Track::avc(1, WIDTH as u32, HEIGHT as u32, private));
        }
        unit
    }

    /// The header, once a fragment was made.
    pub fn header(&self) -> Vec<u8> {
        write_header(&[self.track.clone().unwrap()], "test")
    }
}
