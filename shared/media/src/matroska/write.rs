//! Writes what a producer sends with PutMedia: a header once, then clusters and tags.

use super::{END_OF_FRAGMENT, Tag, Track, TrackKind, ids};
use crate::ebml::{
    put_binary, put_id, put_master, put_size, put_uint, put_unknown_size, put_vint_number,
    read_head,
};

/// One encoded picture or sound frame of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    pub track: u64,
    /// Milliseconds from the cluster's timecode.
    pub offset_ms: i16,
    pub key: Key,
    /// Length-prefixed NAL units for H.264 and HEVC.
    pub data: &'a [u8],
}

/// Whether a decoder can begin at a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Yes,
    No,
}

/// Writes the EBML header, an endless segment, and its Info and Tracks; timecodes count milliseconds.
pub fn write_header(tracks: &[Track], application: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    put_master(&mut out, ids::EBML, |ebml| {
        put_uint(ebml, ids::EBML_VERSION, 1);
        put_uint(ebml, ids::EBML_READ_VERSION, 1);
        put_uint(ebml, ids::EBML_MAX_ID_LENGTH, 4);
        put_uint(ebml, ids::EBML_MAX_SIZE_LENGTH, 8);
        put_binary(ebml, ids::DOC_TYPE, b"matroska");
        put_uint(ebml, ids::DOC_TYPE_VERSION, 2);
        put_uint(ebml, ids::DOC_TYPE_READ_VERSION, 2);
    });
    put_id(&mut out, ids::SEGMENT);
    put_unknown_size(&mut out);
    put_master(&mut out, ids::INFO, |info| {
        put_uint(info, ids::TIMECODE_SCALE, 1_000_000);
        put_binary(info, ids::MUXING_APP, application.as_bytes());
        put_binary(info, ids::WRITING_APP, application.as_bytes());
    });
    put_master(&mut out, ids::TRACKS, |entries| {
        for track in tracks {
            put_master(entries, ids::TRACK_ENTRY, |entry| put_track(entry, track));
        }
    });
    out
}

fn put_track(entry: &mut Vec<u8>, track: &Track) {
    let number_of_type = match track.kind {
        TrackKind::Video { .. } => 1,
        TrackKind::Audio { .. } => 2,
        TrackKind::Other => 0x10,
    };
    put_uint(entry, ids::TRACK_NUMBER, track.number);
    put_uint(entry, ids::TRACK_UID, track.number);
    put_uint(entry, ids::TRACK_TYPE, number_of_type);
    put_binary(entry, ids::TRACK_NAME, track.name.as_bytes());
    put_binary(entry, ids::CODEC_ID, track.codec_id.as_bytes());
    match track.kind {
        TrackKind::Video { width, height } => put_master(entry, ids::VIDEO, |video| {
            put_uint(video, ids::PIXEL_WIDTH, width.into());
            put_uint(video, ids::PIXEL_HEIGHT, height.into());
        }),
        TrackKind::Audio {
            sample_rate,
            channels,
        } => put_master(entry, ids::AUDIO, |audio| {
            put_binary(audio, ids::SAMPLING_FREQUENCY, &sample_rate.to_be_bytes());
            put_uint(audio, ids::CHANNELS, channels.into());
        }),
        TrackKind::Other => {}
    }
    if !track.codec_private.is_empty() {
        put_binary(entry, ids::CODEC_PRIVATE, &track.codec_private);
    }
}

/// Writes a whole cluster of known size, which a reader can close without waiting for what follows.
pub fn write_cluster(timecode_ms: u64, frames: &[Frame<'_>]) -> Vec<u8> {
    let payload: usize = frames.iter().map(|frame| frame.data.len() + 16).sum();
    let mut children = Vec::with_capacity(payload + 16);
    put_uint(&mut children, ids::TIMECODE, timecode_ms);
    for frame in frames {
        put_block(&mut children, frame);
    }
    let mut out = Vec::with_capacity(children.len() + 12);
    put_binary(&mut out, ids::CLUSTER, &children);
    out
}

/// Opens a cluster of unknown size, to be followed by [`write_block`] as frames are made.
///
/// [`write_end_of_fragment`] or the next cluster closes it.
pub fn write_cluster_start(timecode_ms: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    put_id(&mut out, ids::CLUSTER);
    put_unknown_size(&mut out);
    put_uint(&mut out, ids::TIMECODE, timecode_ms);
    out
}

/// Writes one frame of a cluster that [`write_cluster_start`] opened.
pub fn write_block(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.data.len() + 16);
    put_block(&mut out, frame);
    out
}

fn put_block(out: &mut Vec<u8>, frame: &Frame<'_>) {
    let mut head = Vec::with_capacity(11);
    put_vint_number(&mut head, frame.track);
    head.extend_from_slice(&frame.offset_ms.to_be_bytes());
    head.push(match frame.key {
        Key::Yes => 0x80,
        Key::No => 0,
    });
    put_id(out, ids::SIMPLE_BLOCK);
    put_size(out, head.len() + frame.data.len());
    out.extend_from_slice(&head);
    out.extend_from_slice(frame.data);
}

/// Writes the tags as one Tags element.
pub fn write_tags(tags: &[Tag]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 * tags.len() + 16);
    put_master(&mut out, ids::TAGS, |all| {
        put_master(all, ids::TAG, |tag| {
            for Tag { name, value } in tags {
                put_master(tag, ids::SIMPLE_TAG, |simple| {
                    put_binary(simple, ids::TAG_NAME, name.as_bytes());
                    put_binary(simple, ids::TAG_STRING, value.as_bytes());
                });
            }
        });
    });
    out
}

/// Writes the tag that closes the open fragment at once.
pub fn write_end_of_fragment() -> Vec<u8> {
    write_tags(&[Tag {
        name: END_OF_FRAGMENT.into(),
        value: String::new(),
    }])
}

/// Rewrites a header that was received so that its segment has no end, whatever size it announced.
///
/// A part of a stream can then follow it; a header without a segment is left as it is.
pub fn make_segment_endless(header: &mut [u8]) {
    let mut at = 0;
    while let Some(Ok(Some(head))) = header.get(at..).map(read_head) {
        if head.id == ids::SEGMENT {
            let size = at + 4..at + head.length;
            let width = size.len();
            header[size].fill(0xFF);
            header[at + 4] = 0xFF >> (width - 1);
            return;
        }
        let Some(size) = head.size.and_then(|size| usize::try_from(size).ok()) else {
            return;
        };
        at = at.saturating_add(head.length).saturating_add(size);
    }
}
