//! What one side writes the other reads, files of a common recorder read too, and no bytes make the reader panic.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use ciero_media::matroska::write::{
    Frame, Key, make_segment_endless, write_block, write_cluster, write_cluster_start,
    write_end_of_fragment, write_header, write_tags,
};
use ciero_media::matroska::{
    END_OF_FRAGMENT, Event, Item, Limits, MatroskaError, Reader, Tag, Track, TrackKind,
};
use proptest::prelude::*;

const CAMERA: &[u8] = include_bytes!("fixtures/camera.mkv");
const HEVC_LIVE: &[u8] = include_bytes!("fixtures/hevc-live.mkv");

fn frame(offset_ms: i16, key: Key, data: &[u8]) -> Frame<'_> {
    Frame {
        track: 1,
        offset_ms,
        key,
        data,
    }
}

fn header() -> Vec<u8> {
    write_header(&[Track::avc(1, 1280, 720, vec![1, 2, 3])], "test")
}

/// Reads all of a stream that arrives in pieces of one size.
fn read_in_pieces(stream: &[u8], size: usize) -> Result<Vec<Item>, MatroskaError> {
    let mut reader = Reader::new(Limits::default());
    let mut items = Vec::new();
    for piece in stream.chunks(size) {
        reader.push(piece);
        while let Some(item) = reader.next()? {
            items.push(item);
        }
    }
    while let Some(item) = reader.finish()? {
        items.push(item);
    }
    Ok(items)
}

fn events(stream: &[u8]) -> Vec<Event> {
    let items = read_in_pieces(stream, 4096).expect("readable");
    items.into_iter().map(|item| item.event).collect()
}

fn error_of(stream: &[u8]) -> MatroskaError {
    read_in_pieces(stream, 4096).expect_err("must be refused")
}

fn blocks(events: &[Event]) -> Vec<(u64, i64, bool, usize)> {
    let block = |event: &Event| match event {
        Event::Block(b) => Some((b.track, b.timecode_ms, b.key, b.data.len())),
        _ => None,
    };
    events.iter().filter_map(block).collect()
}

#[test]
fn a_written_stream_reads_back() {
    let mut stream = header();
    stream.extend(write_cluster(
        1_700_000_000_000,
        &[
            frame(0, Key::Yes, b"first"),
            frame(66, Key::No, b""),
            frame(-5, Key::No, b"x"),
        ],
    ));
    stream.extend(write_cluster_start(1_700_000_001_000));
    stream.extend(write_block(&frame(0, Key::Yes, &[7; 70_000])));
    stream.extend(write_end_of_fragment());
    let events = events(&stream);
    let Event::Header(header) = &events[0] else {
        panic!("the header comes first");
    };
    assert_eq!(
        header.tracks[0].kind,
        TrackKind::Video {
            width: 1280,
            height: 720
        }
    );
    assert_eq!(header.tracks[0].codec_private, [1, 2, 3]);
    assert_eq!(
        blocks(&events),
        [
            (1, 1_700_000_000_000, true, 5),
            (1, 1_700_000_000_066, false, 0),
            (1, 1_699_999_999_995, false, 1),
            (1, 1_700_000_001_000, true, 70_000),
        ]
    );
    let end = Tag {
        name: END_OF_FRAGMENT.into(),
        value: String::new(),
    };
    assert_eq!(events[events.len() - 2], Event::ClusterEnd);
    assert_eq!(events[events.len() - 1], Event::Tags(vec![end]));
}

#[test]
fn a_cluster_of_known_size_ends_without_waiting_for_what_follows() {
    let mut reader = Reader::new(Limits::default());
    reader.push(&header());
    reader.push(&write_cluster(5, &[frame(0, Key::Yes, b"picture")]));
    let mut last = None;
    while let Some(item) = reader.next().unwrap() {
        last = Some(item.event);
    }
    assert_eq!(last, Some(Event::ClusterEnd));
}

#[test]
fn a_cluster_of_unknown_size_ends_with_the_stream() {
    let mut stream = header();
    stream.extend(write_cluster_start(5));
    stream.extend(write_block(&frame(0, Key::Yes, b"picture")));
    assert_eq!(events(&stream).last(), Some(&Event::ClusterEnd));
}

#[test]
fn a_recorded_file_gives_all_its_frames_whatever_the_pieces() {
    for size in [1, 7, 1000, 1 << 20] {
        let items = read_in_pieces(CAMERA, size).unwrap();
        let raw: Vec<u8> = items.iter().flat_map(|item| item.raw.to_vec()).collect();
        assert_eq!(raw, CAMERA, "every byte is handed out once");
        let events: Vec<_> = items.into_iter().map(|item| item.event).collect();
        let found = blocks(&events);
        let video: Vec<_> = found.iter().filter(|block| block.0 == 1).collect();
        assert_eq!(video.len(), 45);
        assert_eq!(video.iter().filter(|block| block.2).count(), 3);
        assert!(found.iter().any(|block| block.0 == 2), "sound is there too");
        let count = |wanted: fn(&Event) -> bool| events.iter().filter(|e| wanted(e)).count();
        let starts = count(|event| matches!(event, Event::ClusterStart { .. }));
        assert_eq!(starts, count(|event| *event == Event::ClusterEnd));
        assert!(starts >= 3);
    }
}

#[test]
fn a_live_file_with_hevc_reads_too() {
    let events = events(HEVC_LIVE);
    assert!(
        matches!(&events[0], Event::Header(header) if header.tracks[0].codec_id == "V_MPEGH/ISO/HEVC")
    );
    assert_eq!(blocks(&events).len(), 30);
}

#[test]
fn clusters_cut_from_a_stream_read_after_its_header() {
    let mut reader = Reader::new(Limits::default());
    reader.push(&header());
    reader.push(&write_cluster(9, &[]));
    let Some(Item {
        event: Event::Header(header),
        ..
    }) = reader.next().unwrap()
    else {
        panic!("the header comes first");
    };
    let mut later = Reader::after_header(Limits::default(), &header);
    later.push(&write_cluster(20, &[frame(1, Key::Yes, b"z")]));
    assert_eq!(
        later.next().unwrap().unwrap().event,
        Event::ClusterStart { timecode_ms: 20 }
    );
}

#[test]
fn tags_before_the_first_cluster_belong_to_the_header() {
    let tag = Tag {
        name: "site".into(),
        value: "東京".into(),
    };
    let mut stream = header();
    stream.extend(write_tags(std::slice::from_ref(&tag)));
    stream.extend(write_cluster(1, &[]));
    let Event::Header(header) = &events(&stream)[0] else {
        panic!("the header comes first");
    };
    assert_eq!(header.tags, [tag]);
}

#[test]
fn other_bytes_are_not_matroska() {
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        &[0; 64],
        &b"\0\0\0\x20ftypisom and so on"[..],
        &[0x1A, 0x45, 0xDF, 0xA3, 0x84, 0x42, 0x82, 0x81, b'x'],
        &[0x1A],
    ] {
        assert_eq!(error_of(bytes), MatroskaError::NotMatroska, "{bytes:?}");
    }
}

#[test]
fn an_error_is_final() {
    let mut reader = Reader::new(Limits::default());
    reader.push(&[0; 64]);
    assert_eq!(reader.next(), Err(MatroskaError::NotMatroska));
    reader.push(&header());
    assert_eq!(reader.next(), Err(MatroskaError::NotMatroska));
    assert_eq!(reader.finish(), Err(MatroskaError::NotMatroska));
}

#[test]
fn a_second_header_is_refused() {
    let mut stream = header();
    stream.extend(write_cluster(1, &[]));
    stream.extend(header());
    assert_eq!(error_of(&stream), MatroskaError::SecondHeader);
}

#[test]
fn a_cluster_without_tracks_is_refused() {
    let mut stream = header();
    let tracks = stream
        .windows(4)
        .position(|window| window == [0x16, 0x54, 0xAE, 0x6B])
        .unwrap();
    stream.truncate(tracks);
    stream.extend(write_cluster(1, &[]));
    assert_eq!(error_of(&stream), MatroskaError::MissingTracks);
}

#[test]
fn a_block_before_the_timecode_is_refused() {
    let mut stream = header();
    stream.extend([
        0x1F, 0x43, 0xB6, 0x75, 0xFF, 0xA3, 0x85, 0x81, 0, 0, 0x80, 1,
    ]);
    assert_eq!(error_of(&stream), MatroskaError::MissingTimecode);
}

#[test]
fn laced_blocks_are_refused() {
    let mut stream = header();
    stream.extend(write_cluster_start(1));
    for lacing in [0x02, 0x04, 0x06] {
        let block = [0x85, 0x81, 0, 0, 0x80 | lacing, 1];
        let simple = [&[0xA3], &block[..]].concat();
        let group = [&[0xA0, 0x87, 0xA1], &block[..]].concat();
        for block in [simple, group] {
            let stream = [&stream[..], &block].concat();
            assert_eq!(error_of(&stream), MatroskaError::Lacing, "{lacing}");
        }
    }
}

/// Builds an element whose payload is shorter than 127 bytes.
fn element(id: &[u8], payload: &[u8]) -> Vec<u8> {
    [id, &[0x80 | payload.len() as u8], payload].concat()
}

const CRC: &[u8] = &[0xBF, 0x84, 1, 2, 3, 4];
const VOID: &[u8] = &[0xEC, 0x83, 0, 0, 0];

#[test]
fn checksums_padding_and_unknown_elements_are_passed_over_wherever_they_stand() {
    let entry = element(
        &[0xAE],
        &[CRC, VOID, &[0xD7, 0x81, 1, 0x83, 0x81, 1]].concat(),
    );
    let unknown = element(&[0x42, 0x54], b"what");
    let group = element(
        &[0xA0],
        &[
            VOID,
            &element(&[0xA1], &[0x81, 0, 5, 0, 9]),
            &unknown,
            &[0x9B, 0x81, 40],
        ]
        .concat(),
    );
    let delta = element(
        &[0xA0],
        &[
            &element(&[0xA1], &[0x81, 0, 45, 0, 8, 8])[..],
            &[0xFB, 0x81, 0xD8],
        ]
        .concat(),
    );
    let stream = [
        &element(
            &[0x1A, 0x45, 0xDF, 0xA3],
            &[CRC, &element(&[0x42, 0x82], b"webm")].concat(),
        )[..],
        VOID,
        &[
            0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255,
        ],
        VOID,
        &element(
            &[0x15, 0x49, 0xA9, 0x66],
            &[CRC, &[0x2A, 0xD7, 0xB1, 0x83, 0x0F, 0x42, 0x40]].concat(),
        ),
        &element(&[0x16, 0x54, 0xAE, 0x6B], &[CRC, &entry].concat()),
        &element(
            &[0x1F, 0x43, 0xB6, 0x75],
            &[CRC, VOID, &[0xE7, 0x81, 100], &unknown, &group].concat(),
        ),
        &unknown,
        VOID,
        &[0x1F, 0x43, 0xB6, 0x75, 0xFF],
        CRC,
        &[0xE7, 0x81, 200, 0xA7, 0x81, 7],
        &delta,
        VOID,
    ]
    .concat();
    for size in [1, 5, 4096] {
        let items = read_in_pieces(&stream, size).unwrap();
        let raw: Vec<u8> = items.iter().flat_map(|item| item.raw.to_vec()).collect();
        assert_eq!(raw, stream);
        let events: Vec<_> = items.into_iter().map(|item| item.event).collect();
        assert_eq!(blocks(&events), [(1, 105, true, 1), (1, 245, false, 2)]);
    }
}

#[test]
fn a_track_whose_frames_are_packed_or_encrypted_is_refused() {
    let encodings = element(&[0x6D, 0x80], &[0x62, 0x40, 0x80]);
    let entry = element(&[0xAE], &[&[0xD7, 0x81, 1], &encodings[..]].concat());
    let stream = [
        &element(
            &[0x1A, 0x45, 0xDF, 0xA3],
            &element(&[0x42, 0x82], b"matroska"),
        )[..],
        &[0x18, 0x53, 0x80, 0x67, 0xFF],
        &element(&[0x16, 0x54, 0xAE, 0x6B], &entry),
    ]
    .concat();
    assert_eq!(error_of(&stream), MatroskaError::Encoded);
}

#[test]
fn frames_of_shared_pieces_are_handed_out_where_they_lie() {
    let picture = vec![7; 100_000];
    let mut stream = header();
    stream.extend(write_cluster(
        5,
        &[frame(0, Key::Yes, &picture), frame(40, Key::No, &picture)],
    ));
    let stream = bytes::Bytes::from(stream);
    let all = stream.as_ptr() as usize..stream.as_ptr() as usize + stream.len();
    let mut reader = Reader::new(Limits::default());
    reader.push_bytes(stream.clone());
    let mut frames = 0;
    while let Some(item) = reader.next().unwrap() {
        if let Event::Block(block) = item.event {
            assert!(all.contains(&(block.data.as_ptr() as usize)));
            frames += 1;
        }
    }
    assert_eq!(frames, 2);
}

#[test]
fn a_block_over_the_limit_is_refused_before_it_arrives() {
    let mut stream = header();
    stream.extend(write_cluster_start(1));
    stream.extend([0xA3, 0x08, 0x7F, 0xFF, 0xFF, 0xFF]);
    assert!(matches!(
        error_of(&stream),
        MatroskaError::TooLarge {
            size: 0x7FFF_FFFF,
            ..
        }
    ));
}

#[test]
fn a_block_longer_than_its_cluster_is_refused() {
    let mut stream = header();
    stream.extend([
        0x1F, 0x43, 0xB6, 0x75, 0x87, 0xE7, 0x81, 1, 0xA3, 0x90, 0x81, 0, 0, 0x80,
    ]);
    assert_eq!(error_of(&stream), MatroskaError::Malformed);
}

#[test]
fn a_stream_that_stops_inside_a_cluster_is_truncated() {
    let mut stream = header();
    stream.extend(write_cluster(1, &[frame(0, Key::Yes, &[1; 100])]));
    for missing in [1, 50, 100] {
        let cut = &stream[..stream.len() - missing];
        assert_eq!(error_of(cut), MatroskaError::Truncated);
    }
}

#[test]
fn a_header_of_a_finished_file_can_begin_an_endless_stream() {
    let items = read_in_pieces(CAMERA, 4096).unwrap();
    let mut header = items[0].raw.to_vec();
    make_segment_endless(&mut header);
    assert_eq!(header.len(), items[0].raw.len());
    let segment = header
        .windows(4)
        .position(|window| window == [0x18, 0x53, 0x80, 0x67])
        .unwrap();
    assert_eq!(
        header[segment + 4..segment + 12],
        [1, 255, 255, 255, 255, 255, 255, 255]
    );
    header.extend(write_cluster(7, &[frame(0, Key::Yes, b"p")]));
    assert_eq!(blocks(&events(&header)), [(1, 7, true, 1)]);
    make_segment_endless(&mut [0; 9]);
    make_segment_endless(&mut []);
}

proptest! {
    #[test]
    fn mutated_files_neither_panic_nor_grow(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        size in 1_usize..4096,
    ) {
        let mut stream = CAMERA.to_vec();
        for (place, byte) in changes {
            let at = place.index(stream.len());
            stream[at] = byte;
        }
        if let Ok(items) = read_in_pieces(&stream, size) {
            let handed_out: usize = items.iter().map(|item| item.raw.len()).sum();
            prop_assert!(handed_out <= stream.len());
        }
    }

    #[test]
    fn any_bytes_after_a_header_do_not_panic(tail in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut stream = header();
        stream.extend(tail);
        let _ = read_in_pieces(&stream, 64);
    }

    #[test]
    fn any_frames_survive_the_round_trip(
        timecode in 0_u64..1 << 50,
        frames in prop::collection::vec((any::<i16>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 0..20),
    ) {
        let written: Vec<_> = frames
            .iter()
            .map(|(offset, key, data)| frame(*offset, if *key { Key::Yes } else { Key::No }, data))
            .collect();
        let mut stream = header();
        stream.extend(write_cluster(timecode, &written));
        let expected: Vec<_> = frames
            .iter()
            .map(|(offset, key, data)| (1, timecode as i64 + i64::from(*offset), *key, data.len()))
            .collect();
        prop_assert_eq!(blocks(&events(&stream)), expected);
    }
}
