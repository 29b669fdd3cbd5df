//! The H.264 encoder of the test picture.

use ciero_media::avc::AccessUnit;
use openh264::encoder::{
    Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, RateControlMode,
    VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};

/// An encoder that makes key pictures when asked, and only then.
pub struct H264Encoder {
    encoder: Encoder,
    annex_b: Vec<u8>,
}

impl H264Encoder {
    /// Makes an encoder of constant quality; the frame rate is in pictures per second.
    pub fn new(frame_rate: f32) -> Result<Self, openh264::Error> {
        let config = EncoderConfig::new()
            .max_frame_rate(FrameRate::from_hz(frame_rate))
            .rate_control_mode(RateControlMode::Off)
            .skip_frames(false)
            .complexity(Complexity::Low)
            .scene_change_detect(false)
            .adaptive_quantization(false)
            .intra_frame_period(IntraFramePeriod::auto())
            .num_threads(1)
            .vui(VuiConfig::bt709());
        Ok(Self {
            encoder: Encoder::with_api_config(OpenH264API::from_source(), config)?,
            annex_b: Vec::new(),
        })
    }

    /// Asks that the next picture be a key picture.
    pub fn want_key(&mut self) {
        self.encoder.force_intra_frame();
    }

    /// Encodes one picture of the moment `at_ms`.
    pub fn encode(
        &mut self,
        picture: &impl YUVSource,
        at_ms: u64,
    ) -> Result<AccessUnit, openh264::Error> {
        let encoded = self
            .encoder
            .encode_at(picture, Timestamp::from_millis(at_ms))?;
        if matches!(encoded.frame_type(), FrameType::Skip | FrameType::Invalid) {
            return Err(openh264::Error::msg("the encoder gave no picture"));
        }
        self.annex_b.clear();
        encoded.write_vec(&mut self.annex_b);
        Ok(AccessUnit::from_annex_b(&self.annex_b))
    }
}
