//! Writes fragmented MP4: one initialisation segment per track, then one media segment per fragment.

use bytes::Bytes;
use mp4_atom::{
    Atom, Audio, Avc1, Avcc, Codec as SampleEntry, Dinf, Dref, DrefEntry, Encode, FourCC, Ftyp,
    Hdlr, Hvc1, Hvcc, Mdhd, Mdia, Mfhd, Minf, Moof, Moov, Mp4a, Mvex, Mvhd, Smhd, Sowt, Stbl, Stco,
    Stsd, Tfdt, Tfhd, Tkhd, Traf, Trak, Trex, Trun, TrunEntry, TrunSamples, Twos, Visual, Vmhd,
    esds,
};
use thiserror::Error;

use crate::codec::Codec;
use crate::matroska::{Track, TrackKind};
use crate::sound::{G711, Law};

/// Video counts milliseconds, as the Matroska it comes from does.
pub(super) const MILLISECONDS: u32 = 1000;
/// Duration of a lone sample when nothing says how long it is shown.
const ASSUMED_DURATION_MS: i64 = 33;
/// A sample that decodes on its own, and one that depends on others.
const KEY_FLAGS: u32 = 0x0200_0000;
const OTHER_FLAGS: u32 = 0x0101_0000;

/// Why a track cannot be shown as fragmented MP4.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Mp4Error {
    #[error("codec {0} cannot be played")]
    UnsupportedCodec(String),
    #[error("the track has no decoder configuration")]
    MissingCodecPrivate,
    #[error("the decoder configuration of the track is broken")]
    InvalidCodecPrivate,
    #[error("the samples do not fit one segment")]
    InvalidSamples,
}

/// One encoded picture or sound frame, in decoding order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// When it is presented, in milliseconds.
    pub timecode_ms: i64,
    pub key: bool,
    pub data: &'a [u8],
}

/// Writes `ftyp` and `moov` for one track.
pub fn init_segment(track: &Track) -> Result<Bytes, Mp4Error> {
    let ftyp = Ftyp {
        major_brand: FourCC::new(b"iso6"),
        minor_version: 0,
        compatible_brands: vec![FourCC::new(b"iso6"), FourCC::new(b"mp41")],
    };
    let moov = Moov {
        mvhd: Mvhd {
            timescale: MILLISECONDS,
            next_track_id: track_id(track).saturating_add(1),
            ..Mvhd::default()
        },
        mvex: Some(Mvex {
            mehd: None,
            trex: vec![Trex {
                track_id: track_id(track),
                default_sample_description_index: 1,
                ..Trex::default()
            }],
        }),
        trak: vec![trak(track)?],
        ..Moov::default()
    };
    let mut out = Vec::with_capacity(1024);
    encode(&ftyp, &mut out)?;
    encode_moov(&moov, &mut out)?;
    Ok(out.into())
}

pub(super) fn trak(track: &Track) -> Result<Trak, Mp4Error> {
    let entry = sample_entry(track)?;
    let (width, height) = picture_size(track);
    let is_video = matches!(track.kind, TrackKind::Video { .. });
    let kind = if is_video { b"vide" } else { b"soun" };
    Ok(Trak {
        tkhd: Tkhd {
            track_id: track_id(track),
            enabled: true,
            in_movie: true,
            volume: u8::from(!is_video).into(),
            width: width.into(),
            height: height.into(),
            ..Tkhd::default()
        },
        mdia: Mdia {
            mdhd: Mdhd {
                timescale: timescale(track),
                language: "und".into(),
                ..Mdhd::default()
            },
            hdlr: Hdlr {
                handler: FourCC::new(kind),
                name: track.name.replace('\0', ""),
            },
            minf: Minf {
                vmhd: is_video.then(Vmhd::default),
                smhd: (!is_video).then(Smhd::default),
                dinf: Dinf {
                    dref: Dref {
                        entries: vec![DrefEntry::Url(mp4_atom::Url::default())],
                    },
                },
                stbl: Stbl {
                    stsd: Stsd {
                        codecs: vec![entry],
                    },
                    stco: Some(Stco::default()),
                    ..Stbl::default()
                },
                ..Minf::default()
            },
        },
        ..Trak::default()
    })
}

fn sample_entry(track: &Track) -> Result<SampleEntry, Mp4Error> {
    let codec =
        Codec::of(track).ok_or_else(|| Mp4Error::UnsupportedCodec(track.codec_id.clone()))?;
    if track.codec_private.is_empty() {
        return Err(Mp4Error::MissingCodecPrivate);
    }
    let (width, height) = picture_size(track);
    let visual = Visual {
        data_reference_index: 1,
        width,
        height,
        ..Visual::default()
    };
    let mut private = track.codec_private.as_slice();
    let broken = |_| Mp4Error::InvalidCodecPrivate;
    Ok(match codec {
        Codec::Avc => Avc1 {
            visual,
            avcc: Avcc::decode_body(&mut private).map_err(broken)?,
            ..Avc1::default()
        }
        .into(),
        Codec::Hevc => Hvc1 {
            visual,
            hvcc: Hvcc::decode_body(&mut private).map_err(broken)?,
            ..Hvc1::default()
        }
        .into(),
        Codec::Aac => aac_entry(track)?.into(),
        Codec::G711(_) => g711_entry(track)?,
    })
}

fn aac_entry(track: &Track) -> Result<Mp4a, Mp4Error> {
    if track.codec_private.len() < 2 {
        return Err(Mp4Error::InvalidCodecPrivate);
    }
    let channels = match track.kind {
        TrackKind::Audio { channels, .. } => u16::try_from(channels).unwrap_or(1),
        _ => 1,
    };
    Ok(Mp4a {
        audio: Audio {
            data_reference_index: 1,
            channel_count: channels,
            sample_size: 16,
            // The field has 16 bits; a faster rate is told by the AudioSpecificConfig alone.
            sample_rate: u16::try_from(timescale(track)).unwrap_or(0).into(),
        },
        esds: esds::Esds {
            es_desc: esds::EsDescriptor {
                es_id: 1,
                dec_config: esds::DecoderConfig {
                    object_type_indication: 0x40, // MPEG-4 audio
                    stream_type: 5,               // sound
                    dec_specific: Some(esds::DecoderSpecific {
                        raw: track.codec_private.clone(),
                        ..esds::DecoderSpecific::default()
                    }),
                    ..esds::DecoderConfig::default()
                },
                ..esds::EsDescriptor::default()
            },
        },
        btrt: None,
        taic: None,
    })
}

/// An entry of plain sound (ISO/IEC 14496-12, 12.2.3), which has no box inside, under a name that stands in for the law's own.
fn g711_entry(track: &Track) -> Result<SampleEntry, Mp4Error> {
    let g711 = G711::parse(&track.codec_private).map_err(|_| Mp4Error::InvalidCodecPrivate)?;
    let audio = Audio {
        data_reference_index: 1,
        channel_count: g711.channels,
        // What a byte stands for, as QuickTime counts.
        sample_size: 16,
        sample_rate: u16::try_from(g711.sample_rate).unwrap_or(0).into(),
    };
    let (pcmc, chnl, btrt) = (None, None, None);
    Ok(match g711.law {
        Law::A => Sowt {
            audio,
            pcmc,
            chnl,
            btrt,
        }
        .into(),
        Law::Mu => Twos {
            audio,
            pcmc,
            chnl,
            btrt,
        }
        .into(),
    })
}

/// Writes an index, and in it the names that QuickTime gave the laws of G.711: the library can read them but not write them.
pub(super) fn encode_moov(moov: &Moov, out: &mut Vec<u8>) -> Result<(), Mp4Error> {
    let begin = out.len();
    encode(moov, out)?;
    let mut entries = moov
        .trak
        .iter()
        .flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs);
    if !entries.any(|entry| matches!(entry, SampleEntry::Sowt(_) | SampleEntry::Twos(_))) {
        return Ok(());
    }
    for (stand_in, name) in [(b"sowt", b"alaw"), (b"twos", b"ulaw")] {
        // The size and the name of the entry, then what every entry begins with.
        let entry = [&[0, 0, 0, 36], &stand_in[..], &[0, 0, 0, 0, 0, 0, 0, 1]].concat();
        let mut windows = out[begin..].windows(entry.len());
        if let Some(at) = windows.position(|window| window == entry) {
            let at = begin + at + 4;
            out[at..at + 4].copy_from_slice(name);
        }
    }
    Ok(())
}

/// Writes `moof` and `mdat` for the samples of one fragment; `end_ms` is when the last sample stops showing, if known.
///
/// The decode times are the presentation times in ascending order, so a segment fills exactly its own span and two
/// neighbours never overlap, whatever order the pictures are coded in.
pub fn media_segment(
    track: &Track,
    sequence: u32,
    samples: &[Sample<'_>],
    end_ms: Option<i64>,
) -> Result<Bytes, Mp4Error> {
    let payload: usize = samples.iter().map(|sample| sample.data.len()).sum();
    let mut out = segment_head(track, sequence, samples, end_ms, payload)?;
    for sample in samples {
        out.extend_from_slice(sample.data);
    }
    Ok(out.into())
}

/// Writes what stands before the samples of [`media_segment`], for whoever can hand out the samples where they lie; `room` bytes are
/// reserved behind it.
pub fn segment_head(
    track: &Track,
    sequence: u32,
    samples: &[Sample<'_>],
    end_ms: Option<i64>,
    room: usize,
) -> Result<Vec<u8>, Mp4Error> {
    let mut decode_ms: Vec<i64> = samples.iter().map(|sample| sample.timecode_ms).collect();
    decode_ms.sort_unstable();
    let first = decode_ms.first().copied().unwrap_or(0).max(0);
    let entries = run_entries(track, samples, &decode_ms, end_ms)?;
    let mut moof = Moof {
        mfhd: Mfhd {
            sequence_number: sequence,
        },
        traf: vec![Traf {
            tfhd: Tfhd {
                track_id: track_id(track),
                default_base_is_moof: true,
                ..Tfhd::default()
            },
            tfdt: Some(Tfdt {
                base_media_decode_time: in_units(track, first).unsigned_abs(),
            }),
            trun: vec![Trun {
                data_offset: Some(0),
                samples: TrunSamples::Explicit(entries),
            }],
            ..Traf::default()
        }],
    };
    let mut head = Vec::new();
    encode(&moof, &mut head)?;
    let data_offset = i32::try_from(head.len() + 8).map_err(|_| Mp4Error::InvalidSamples)?;
    moof.traf[0].trun[0].data_offset = Some(data_offset);
    let payload: usize = samples.iter().map(|sample| sample.data.len()).sum();
    let mdat_size = u32::try_from(payload + 8).map_err(|_| Mp4Error::InvalidSamples)?;
    let mut out = Vec::with_capacity(head.len() + 8 + room);
    encode(&moof, &mut out)?;
    out.extend_from_slice(&mdat_size.to_be_bytes());
    out.extend_from_slice(b"mdat");
    Ok(out)
}

fn run_entries(
    track: &Track,
    samples: &[Sample<'_>],
    decode_ms: &[i64],
    end_ms: Option<i64>,
) -> Result<Vec<TrunEntry>, Mp4Error> {
    let last_ms = decode_ms.last().copied().unwrap_or(0);
    let usual_ms = match decode_ms {
        [.., before, last] if last > before => last.saturating_sub(*before),
        _ => ASSUMED_DURATION_MS,
    };
    let end_ms = end_ms
        .filter(|&end| end > last_ms)
        .unwrap_or(last_ms.saturating_add(usual_ms));
    let mut entries = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        let start = in_units(track, decode_ms[index]);
        let next = in_units(track, decode_ms.get(index + 1).copied().unwrap_or(end_ms));
        let offset = in_units(track, sample.timecode_ms).saturating_sub(start);
        let offset = i32::try_from(offset).map_err(|_| Mp4Error::InvalidSamples)?;
        entries.push(TrunEntry {
            duration: Some(
                u32::try_from(next.saturating_sub(start)).map_err(|_| Mp4Error::InvalidSamples)?,
            ),
            size: Some(u32::try_from(sample.data.len()).map_err(|_| Mp4Error::InvalidSamples)?),
            flags: Some(if sample.key { KEY_FLAGS } else { OTHER_FLAGS }),
            cts: Some(offset.into()),
        });
    }
    Ok(entries)
}

/// Sound counts samples, so that the rounding of milliseconds cannot be heard.
pub(super) fn timescale(track: &Track) -> u32 {
    match track.kind {
        TrackKind::Audio { sample_rate, .. } if (1.0..=384_000.0).contains(&sample_rate) => {
            sample_rate as u32
        }
        _ => MILLISECONDS,
    }
}

pub(super) fn in_units(track: &Track, ms: i64) -> i64 {
    let units = i128::from(ms) * i128::from(timescale(track)) / i128::from(MILLISECONDS);
    i64::try_from(units).unwrap_or(i64::MAX)
}

pub(super) fn track_id(track: &Track) -> u32 {
    u32::try_from(track.number).unwrap_or(1).max(1)
}

fn picture_size(track: &Track) -> (u16, u16) {
    let TrackKind::Video { width, height } = track.kind else {
        return (0, 0);
    };
    let said = match Codec::of(track) {
        Some(Codec::Avc) if width == 0 => crate::avc::sps_of_avcc(&track.codec_private)
            .ok()
            .map(|sps| (sps.width, sps.height)),
        Some(Codec::Hevc) if width == 0 => crate::hevc::picture_size(&track.codec_private).ok(),
        _ => None,
    };
    let (width, height) = said.unwrap_or((width, height));
    (
        u16::try_from(width).unwrap_or(u16::MAX),
        u16::try_from(height).unwrap_or(u16::MAX),
    )
}

pub(super) fn encode(atom: &impl Encode, out: &mut Vec<u8>) -> Result<(), Mp4Error> {
    atom.encode(out).map_err(|_| Mp4Error::InvalidSamples)
}
