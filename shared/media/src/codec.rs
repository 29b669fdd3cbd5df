//! Names a track's codec as playlists and browsers do.

use crate::matroska::Track;
use crate::sound::{Aac, G711, Law};
use crate::sps::Sps;

/// The codecs of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    Avc,
    Hevc,
    Aac,
    G711(Law),
}

impl Codec {
    /// Tells the codec by the track's CodecID, and G.711 by its format too; `None` for one that no player here knows.
    pub fn of(track: &Track) -> Option<Self> {
        match track.codec_id.as_str() {
            // The second spelling stands in the service's own documents.
            "V_MPEG4/ISO/AVC" | "V_MPEG/ISO/AVC" => Some(Self::Avc),
            "V_MPEGH/ISO/HEVC" => Some(Self::Hevc),
            "A_AAC" => Some(Self::Aac),
            "A_MS/ACM" => G711::parse(&track.codec_private)
                .ok()
                .map(|g711| Self::G711(g711.law)),
            _ => None,
        }
    }
}

/// The RFC 6381 name, for instance `avc1.4d4032`; `None` when the decoder configuration is missing or broken.
pub fn codec_string(track: &Track) -> Option<String> {
    let private = track.codec_private.as_slice();
    match Codec::of(track)? {
        Codec::Avc => crate::avc::sps_of_avcc(private)
            .ok()
            .as_ref()
            .map(Sps::codec_string),
        Codec::Hevc => hevc_string(private),
        Codec::Aac => Aac::parse(private)
            .ok()
            .map(|aac| format!("mp4a.40.{}", aac.object_type)),
        Codec::G711(Law::A) => Some("alaw".into()),
        Codec::G711(Law::Mu) => Some("ulaw".into()),
    }
}

fn hevc_string(hvcc: &[u8]) -> Option<String> {
    let general = hvcc.first_chunk::<13>()?;
    let space = ["", "A", "B", "C"][usize::from(general[1] >> 6)];
    let tier = if general[1] & 0x20 == 0 { 'L' } else { 'H' };
    let profile = general[1] & 0x1F;
    let compatibility = u32::from_be_bytes([general[2], general[3], general[4], general[5]]);
    let mut name = format!(
        "hvc1.{space}{profile}.{:X}.{tier}{}",
        compatibility.reverse_bits(),
        general[12]
    );
    let constraints = &general[6..12];
    let used = constraints.iter().rposition(|&byte| byte != 0);
    for byte in &constraints[..used.map_or(0, |last| last + 1)] {
        name.push_str(&format!(".{byte:X}"));
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codec_id: &str, private: &[u8], expected: Option<&str>) {
        let track = Track {
            codec_id: codec_id.into(),
            ..Track::avc(1, 0, 0, private.to_vec())
        };
        assert_eq!(codec_string(&track).as_deref(), expected);
    }

    #[test]
    fn hevc_is_named_with_its_tier_level_and_constraints() {
        let main = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xF0];
        check("V_MPEGH/ISO/HEVC", &main, Some("hvc1.1.6.L93.90"));
    }

    #[test]
    fn aac_is_named_by_its_object_type() {
        check("A_AAC", &[0x14, 0x08], Some("mp4a.40.2"));
    }

    #[test]
    fn a_missing_configuration_has_no_name() {
        check("A_AAC", &[], None);
        check("V_MPEG4/ISO/AVC", &[1, 2], None);
        check("V_MPEGH/ISO/HEVC", &[1; 12], None);
        check("A_MS/ACM", &[0; 18], None);
    }

    #[test]
    fn g711_is_known_and_named_by_its_law() {
        for (tag, law, name) in [(6, Law::A, "alaw"), (7, Law::Mu, "ulaw")] {
            let format = [tag, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0];
            let track = Track {
                codec_id: "A_MS/ACM".into(),
                ..Track::avc(2, 0, 0, format.to_vec())
            };
            assert_eq!(Codec::of(&track), Some(Codec::G711(law)));
            assert_eq!(codec_string(&track).as_deref(), Some(name));
        }
    }
}
