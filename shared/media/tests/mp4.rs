//! Segments that are written can be read, and the sample table of a recorded file gives its frames.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use ciero_media::codec::codec_string;
use ciero_media::matroska::{Block, Event, G711, Header, Limits, Reader, Track};
use ciero_media::mp4::{Mp4Error, Recording, RecordingError, Sample, init_segment, media_segment};
use mp4_atom::{Audio, Codec, Decode, FourCC, Ftyp, Mdat, Moof, Moov};
use proptest::prelude::*;

const CAMERA: &[u8] = include_bytes!("fixtures/camera.mkv");
const HEVC_LIVE: &[u8] = include_bytes!("fixtures/hevc-live.mkv");
const RECORDED: &[u8] = include_bytes!("fixtures/camera.mp4");

fn read(file: &[u8]) -> (Header, Vec<Block>) {
    let mut reader = Reader::new(Limits::default());
    reader.push(file);
    let (mut header, mut blocks) = (None, Vec::new());
    while let Some(item) = reader.next().unwrap() {
        match item.event {
            Event::Header(found) => header = Some(found),
            Event::Block(block) => blocks.push(block),
            _ => {}
        }
    }
    (header.unwrap(), blocks)
}

fn samples(blocks: &[Block], track: u64) -> Vec<Sample<'_>> {
    blocks
        .iter()
        .filter(|block| block.track == track)
        .map(|block| Sample {
            timecode_ms: block.timecode_ms,
            key: block.key,
            data: &block.data,
        })
        .collect()
}

fn moov_of(track: &Track) -> Moov {
    let init = init_segment(track).unwrap();
    let mut bytes = &init[..];
    Ftyp::decode(&mut bytes).unwrap();
    let moov = Moov::decode(&mut bytes).unwrap();
    assert!(bytes.is_empty());
    moov
}

#[test]
fn an_init_segment_carries_the_decoder_configuration() {
    let (header, _) = read(CAMERA);
    let moov = moov_of(&header.tracks[0]);
    let Codec::Avc1(entry) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else {
        panic!("an H.264 entry is expected");
    };
    assert_eq!((entry.visual.width, entry.visual.height), (320, 180));
    assert!(!entry.avcc.sequence_parameter_sets.is_empty());
    let moov = moov_of(&header.tracks[1]);
    assert_eq!(moov.trak[0].mdia.mdhd.timescale, 16_000);
    assert!(matches!(
        moov.trak[0].mdia.minf.stbl.stsd.codecs[0],
        Codec::Mp4a(_)
    ));
    let (header, _) = read(HEVC_LIVE);
    let moov = moov_of(&header.tracks[0]);
    assert!(matches!(
        moov.trak[0].mdia.minf.stbl.stsd.codecs[0],
        Codec::Hvc1(_)
    ));
}

#[test]
fn a_media_segment_keeps_order_and_presentation_times_of_reordered_pictures() {
    let (header, blocks) = read(CAMERA);
    let samples = samples(&blocks, 1);
    let end_ms = samples.iter().map(|s| s.timecode_ms).max().unwrap() + 67;
    let segment = media_segment(&header.tracks[0], 7, &samples, Some(end_ms)).unwrap();
    let mut bytes = &segment[..];
    let moof = Moof::decode(&mut bytes).unwrap();
    let mdat_at = segment.len() - bytes.len();
    let mdat = Mdat::decode(&mut bytes).unwrap();
    let run = &moof.traf[0].trun[0];
    assert_eq!(moof.mfhd.sequence_number, 7);
    assert_eq!(run.data_offset, Some(mdat_at as i32 + 8));
    let mut decode = moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time as i64;
    let mut data = Vec::new();
    for (entry, sample) in run.samples.iter().zip(&samples) {
        assert_eq!(decode + entry.cts.unwrap(), sample.timecode_ms);
        assert_eq!(entry.flags == Some(0x0200_0000), sample.key);
        decode += i64::from(entry.duration.unwrap());
        data.extend_from_slice(sample.data);
    }
    assert_eq!(decode, end_ms, "the segment ends where the next begins");
    assert_eq!(mdat.data, data);
}

#[test]
fn sound_is_timed_in_its_own_samples() {
    let (header, blocks) = read(CAMERA);
    let segment = media_segment(&header.tracks[1], 1, &samples(&blocks, 2), None).unwrap();
    let moof = Moof::decode(&mut &segment[..]).unwrap();
    let durations = moof.traf[0].trun[0]
        .samples
        .iter()
        .map(|entry| entry.duration);
    assert!(durations.into_iter().all(|duration| duration == Some(1024)));
}

#[test]
fn tracks_that_no_player_knows_are_refused() {
    let mut track = Track::avc(1, 320, 180, vec![]);
    assert_eq!(init_segment(&track), Err(Mp4Error::MissingCodecPrivate));
    track.codec_private = vec![1, 2, 3];
    assert_eq!(init_segment(&track), Err(Mp4Error::InvalidCodecPrivate));
    track.codec_id = "A_MS/ACM".into();
    let refused = Mp4Error::UnsupportedCodec("A_MS/ACM".into());
    assert_eq!(init_segment(&track), Err(refused));
}

#[test]
fn g711_is_plain_sound_under_the_name_of_its_law() {
    for (law, name) in [(G711::ALaw, b"alaw"), (G711::MuLaw, b"ulaw")] {
        let moov = moov_of(&Track::g711(2, law, 8_000, 1));
        let mdia = &moov.trak[0].mdia;
        assert_eq!(mdia.mdhd.timescale, 8_000);
        let Codec::Unknown(kind, body) = &mdia.minf.stbl.stsd.codecs[0] else {
            panic!("an entry that the library does not know is expected");
        };
        assert_eq!(kind, &FourCC::new(name));
        let audio = Audio::decode(&mut &body[..]).unwrap();
        assert_eq!((audio.channel_count, audio.sample_size), (1, 16));
        assert_eq!(body.len(), 28);
    }
}

#[test]
fn codec_names_follow_the_configuration() {
    let (header, _) = read(CAMERA);
    let names: Vec<_> = header.tracks.iter().filter_map(codec_string).collect();
    assert_eq!(names, ["avc1.64000c", "mp4a.40.2"]);
    let (header, _) = read(HEVC_LIVE);
    let name = codec_string(&header.tracks[0]).unwrap();
    assert!(name.starts_with("hvc1.1.6.L"), "{name}");
}

#[test]
fn a_recorded_file_gives_the_frames_that_the_matroska_file_holds() {
    let recording = Recording::from_file(RECORDED).unwrap();
    let (header, blocks) = read(CAMERA);
    let video = samples(&blocks, 1);
    assert_eq!((recording.width, recording.height), (320, 180));
    assert_eq!(recording.avcc, header.tracks[0].codec_private);
    assert_eq!(recording.samples.len(), video.len());
    assert!((2990..3100).contains(&recording.duration_ms));
    let shift = recording.samples[0].timecode_ms - video[0].timecode_ms;
    for (recorded, sample) in recording.samples.iter().zip(&video) {
        let start = recorded.offset as usize;
        assert_eq!(
            &RECORDED[start..start + recorded.bytes as usize],
            sample.data
        );
        assert_eq!(recorded.key, sample.key);
        let apart = recorded.timecode_ms - shift - sample.timecode_ms;
        assert!(apart.abs() <= 1);
    }
}

#[test]
fn files_without_an_index_are_refused() {
    assert_eq!(Recording::from_file(&[]), Err(RecordingError::Malformed));
    assert_eq!(Recording::from_file(CAMERA), Err(RecordingError::Malformed));
    assert_eq!(Recording::from_moov(&[]), Err(RecordingError::NoVideo));
    let cut = &RECORDED[..RECORDED.len() - 200];
    assert!(Recording::from_file(cut).is_err());
}

proptest! {
    #[test]
    fn mutated_files_neither_panic_nor_grow(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..16),
    ) {
        let mut file = RECORDED.to_vec();
        for (place, byte) in changes {
            // The index lies at the end of this file; the frames before it say nothing to the parser.
            let at = file.len() - 1 - place.index(1800);
            file[at] = byte;
        }
        if let Ok(recording) = Recording::from_file(&file) {
            prop_assert!(recording.samples.len() < 100_000_000);
        }
    }

    #[test]
    fn any_decoder_configuration_is_taken_or_refused(private in prop::collection::vec(any::<u8>(), 0..64)) {
        for codec_id in ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "A_AAC"] {
            let track = Track { codec_id: codec_id.into(), ..Track::avc(1, 0, 0, private.clone()) };
            let _ = init_segment(&track);
            let _ = codec_string(&track);
        }
    }

    #[test]
    fn any_times_make_a_segment_or_an_error(times in prop::collection::vec(any::<i64>(), 0..20), end in any::<Option<i64>>()) {
        let track = Track::avc(1, 0, 0, vec![]);
        let samples: Vec<_> = times.iter().map(|&timecode_ms| Sample { timecode_ms, key: true, data: b"x" }).collect();
        let _ = media_segment(&track, 1, &samples, end);
    }
}
