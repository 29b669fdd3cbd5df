//! A whole file written piece by piece holds every frame, wherever its writer stopped and went on.
#![allow(clippy::unwrap_used)]

use ciero_media::matroska::write::{self as mkv, Frame, Key};
use ciero_media::matroska::{Block, Fragment, Fragments, Limits, MatroskaError, Tag, Track};
use ciero_media::mp4::{Index, Movie, Mp4Error, Recording, RowsError};
use proptest::prelude::*;

const CAMERA: &[u8] = include_bytes!("fixtures/camera.mkv");

fn fragments_of(documents: &[&[u8]], piece: usize) -> Result<Vec<Fragment>, MatroskaError> {
    let all: Vec<u8> = documents.concat();
    let mut reader = Fragments::new(Limits::default());
    let mut found = Vec::new();
    for piece in all.chunks(piece) {
        reader.push(piece);
        while let Some(fragment) = reader.next()? {
            found.push(fragment);
        }
    }
    while let Some(fragment) = reader.finish()? {
        found.push(fragment);
    }
    Ok(found)
}

/// A document of one fragment, as Kinesis Video answers with it.
fn document(tracks: &[Track], number: &str, blocks: &[(u64, i16, Vec<u8>)]) -> Vec<u8> {
    let tag = |name: &str, value: &str| Tag {
        name: name.into(),
        value: value.into(),
    };
    let frames: Vec<Frame<'_>> = blocks
        .iter()
        .enumerate()
        .map(|(n, (track, offset_ms, data))| Frame {
            track: *track,
            offset_ms: *offset_ms,
            key: if n == 0 { Key::Yes } else { Key::No },
            data,
        })
        .collect();
    let mut document = mkv::write_header(tracks, "test");
    mkv::make_segment_endless(&mut document);
    document.extend(mkv::write_tags(&[tag("NUMBER", number)]));
    document.extend(mkv::write_cluster(1_000, &frames));
    document.extend(mkv::write_tags(&[tag("TOKEN", number)]));
    document
}

fn tracks() -> Vec<Track> {
    fragments_of(&[CAMERA], CAMERA.len()).unwrap()[0]
        .tracks
        .clone()
}

/// Writes fragments at these places into one file, stopping after each `rest` of them.
fn file(fragments: &[(u64, &Fragment)], rest: usize) -> Vec<u8> {
    let mut movie = Movie::begin(&fragments[0].1.tracks).unwrap();
    let (mut written, mut kept) = (Movie::head().unwrap().to_vec(), Vec::new());
    for group in fragments.chunks(rest) {
        // Whoever goes on knows no more than what was kept.
        movie = serde_json::from_str(&serde_json::to_string(&movie).unwrap()).unwrap();
        let (mut data, mut rows) = (vec![0; 8], Vec::new());
        for (at_ms, fragment) in group {
            let length = fragment.length_ms().unsigned_abs();
            let place = (&mut data, written.len() as u64);
            movie.add(fragment, (*at_ms, length), place, &mut rows);
        }
        let size = u32::try_from(data.len()).unwrap();
        data[..4].copy_from_slice(&size.to_be_bytes());
        data[4..8].copy_from_slice(b"mdat");
        written.extend(data);
        kept.push(rows);
    }
    let mut index = Index::of(&movie);
    kept.iter().for_each(|rows| index.take(rows).unwrap());
    written.extend(index.finish().unwrap());
    written
}

#[test]
fn fragments_are_told_apart_however_their_bytes_arrive() {
    let tracks = tracks();
    let block = |byte: u8| (1, 0, vec![byte; 50]);
    let documents = [
        document(&tracks, "1", &[block(1), (1, 40, vec![7; 9])]),
        document(&tracks, "2", &[block(2)]),
        document(&tracks, "3", &[block(3)]),
    ];
    let documents: Vec<&[u8]> = documents.iter().map(Vec::as_slice).collect();
    for piece in [1, 7, 1 << 20] {
        let found = fragments_of(&documents, piece).unwrap();
        let numbers: Vec<_> = found.iter().map(|one| one.tag("NUMBER")).collect();
        assert_eq!(numbers, [Some("1"), Some("2"), Some("3")]);
        assert_eq!(found[1].tag("TOKEN"), Some("2"));
        assert_eq!((found[0].blocks.len(), found[0].length_ms()), (2, 80));
        assert_eq!((found[2].timecode_ms, found[2].length_ms()), (1_000, 0));
    }
    let cut = &documents[1][..documents[1].len() - 3];
    assert!(fragments_of(&[documents[0], cut], 64).is_err());
}

/// What the service answers in the place of a fragment that is not there: tags, and neither tracks nor frames.
fn gone(number: &str) -> Vec<u8> {
    let header = mkv::write_header(&[], "test");
    let ebml = &header[..5 + usize::from(header[4] & 0x7F)];
    let segment = [
        0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let tag = Tag {
        name: "NUMBER".into(),
        value: number.into(),
    };
    [ebml, &segment, &mkv::write_tags(&[tag])].concat()
}

#[test]
fn documents_without_frames_stand_where_their_fragments_would() {
    let tracks = tracks();
    let whole = |number| document(&tracks, number, &[(1, 0, vec![1; 50])]);
    let documents = [
        gone("1"),
        whole("2"),
        gone("3"),
        gone("4"),
        whole("5"),
        gone("6"),
    ];
    let documents: Vec<&[u8]> = documents.iter().map(Vec::as_slice).collect();
    for piece in [1, 7, 1 << 20] {
        let found = fragments_of(&documents, piece).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.tag("NUMBER").unwrap(), one.blocks.len()))
            .collect();
        assert_eq!(
            found,
            [("1", 0), ("2", 1), ("3", 0), ("4", 0), ("5", 1), ("6", 0)]
        );
    }
}

#[test]
fn a_file_holds_every_frame_at_its_time_on_both_sides_of_a_gap() {
    let whole = &fragments_of(&[CAMERA], 4096).unwrap()[0];
    let length = whole.length_ms().unsigned_abs();
    let file = file(&[(0, whole), (length, whole)], 1);
    let recording = Recording::from_file(&file).unwrap();
    let video: Vec<&Block> = whole.blocks.iter().filter(|b| b.track == 1).collect();
    assert_eq!(recording.samples.len(), video.len() * 2);
    let twice = video.iter().map(|b| (0, b));
    let twice = twice.chain(video.iter().map(|b| (length as i64, b)));
    for (sample, (at, block)) in recording.samples.iter().zip(twice) {
        let start = sample.offset as usize;
        let bytes = &file[start..start + sample.bytes as usize];
        assert_eq!(bytes, &block.data[..]);
        assert_eq!(sample.key, block.key);
        assert_eq!(
            sample.timecode_ms,
            at + block.timecode_ms - whole.timecode_ms
        );
    }
    assert_eq!(recording.duration_ms, 2 * length as i64);
}

#[test]
fn another_configuration_of_the_decoder_does_not_suit_and_an_unknown_sound_is_left_out() {
    let tracks = tracks();
    let movie = Movie::begin(&tracks).unwrap();
    assert!(movie.suits(&tracks));
    let renamed = [
        Track {
            name: "other".into(),
            ..tracks[0].clone()
        },
        tracks[1].clone(),
    ];
    assert!(movie.suits(&renamed));
    assert!(!movie.suits(&tracks[..1]));
    let mut other = tracks.clone();
    other[0].codec_private[3] ^= 1;
    assert!(!movie.suits(&other));
    let mut strange = tracks.clone();
    strange[1].codec_id = "A_MS/ACM".into();
    assert_eq!(Movie::begin(&strange).unwrap().tracks(), &tracks[..1]);
    strange[0].codec_id = "V_THEORA".into();
    let refused = Mp4Error::UnsupportedCodec("V_THEORA".into());
    assert_eq!(Movie::begin(&strange), Err(refused));
    assert!(Movie::begin(&[]).is_err());
}

#[test]
fn rows_that_were_cut_are_refused() {
    let whole = &fragments_of(&[CAMERA], 4096).unwrap()[0];
    let mut movie = Movie::begin(&whole.tracks).unwrap();
    let (mut data, mut rows) = (Vec::new(), Vec::new());
    movie.add(whole, (0, 1_000), (&mut data, 0), &mut rows);
    assert_eq!(Index::of(&movie).take(&rows), Ok(()));
    assert_eq!(
        Index::of(&movie).take(&rows[..rows.len() - 1]),
        Err(RowsError)
    );
    assert_eq!(Index::of(&movie).take(&[0xFF; 12]), Err(RowsError));
}

proptest! {
    #[test]
    fn a_file_is_the_same_wherever_its_writer_stopped(
        sizes in prop::collection::vec(prop::collection::vec(1usize..40, 1..5), 1..12),
        rest in 1usize..12,
    ) {
        let tracks = tracks();
        let fragments: Vec<Fragment> = sizes.iter().map(|sizes| Fragment {
            tracks: tracks.clone(),
            tags: Vec::new(),
            timecode_ms: 500,
            blocks: sizes.iter().enumerate().map(|(n, size)| Block {
                track: 1,
                timecode_ms: 500 + n as i64 * 100,
                key: n == 0,
                data: vec![*size as u8; *size].into(),
            }).collect(),
        }).collect();
        let placed: Vec<(u64, &Fragment)> = fragments.iter().enumerate().map(|(n, one)| (n as u64 * 500, one)).collect();
        let stopped = file(&placed, rest);
        let recording = Recording::from_file(&stopped).unwrap();
        let frames: Vec<&Block> = fragments.iter().flat_map(|one| &one.blocks).collect();
        prop_assert_eq!(recording.samples.len(), frames.len());
        for (sample, block) in recording.samples.iter().zip(frames) {
            let start = sample.offset as usize;
            prop_assert_eq!(&stopped[start..start + sample.bytes as usize], &block.data[..]);
        }
        let at_once = Recording::from_file(&file(&placed, 100)).unwrap();
        let times = |of: &Recording| of.samples.iter().map(|s| s.timecode_ms).collect::<Vec<_>>();
        prop_assert_eq!(times(&recording), times(&at_once));
    }
}
