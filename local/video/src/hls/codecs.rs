//! Headers of fragments, read for what a player must know.

use bytes::Bytes;
use ciero_media::codec::{Codec, codec_string};
use ciero_media::matroska::write::write_cluster_start;
use ciero_media::matroska::{Block, Event, Header, Limits, Reader, Track, TrackKind};
use ciero_media::mp4::{self, Mp4Error, Sample};

use crate::Shared;
use crate::error::ApiError;
use crate::store::fragments::{self, Fragment};

/// Reads the header with which a fragment came.
pub(super) fn header_of(shared: &Shared, header_id: i64) -> Result<Header, ApiError> {
    let bytes = shared
        .store
        .read(|index| fragments::header(index, header_id))?
        .ok_or_else(ApiError::stream_not_found)?;
    let mut reader = Reader::new(Limits::default());
    reader.push(&bytes);
    // A header is complete where the first cluster begins.
    reader.push(&write_cluster_start(0));
    match reader.next() {
        Ok(Some(item)) => match item.event {
            Event::Header(header) => Ok(header),
            _ => Err(invalid_frame()),
        },
        _ => Err(invalid_frame()),
    }
}

fn invalid_frame() -> ApiError {
    ApiError::bad_request("InvalidMediaFrameException", "A fragment cannot be read.")
}

/// Refuses a stream that no player can show.
pub(super) fn check(shared: &Shared, fragment: &Fragment) -> Result<(), ApiError> {
    let header = header_of(shared, fragment.header_id)?;
    let track = video_track(&header)?;
    if !matches!(Codec::of(track), Some(Codec::Avc | Codec::Hevc)) {
        let unsupported = Mp4Error::UnsupportedCodec(track.codec_id.clone());
        return Err(refusal(&unsupported, track));
    }
    init(track).map(|_| ())
}

/// Track 1 must be the picture.
pub(super) fn video_track(header: &Header) -> Result<&Track, ApiError> {
    header
        .tracks
        .iter()
        .find(|track| track.number == 1 && matches!(track.kind, TrackKind::Video { .. }))
        .ok_or_else(|| {
            ApiError::bad_request(
                "UnsupportedStreamMediaTypeException",
                "Track 1 of the stream must be a video track.",
            )
        })
}

/// Track 2, if players know its codec.
pub(super) fn audio_track(header: &Header) -> Option<&Track> {
    header
        .tracks
        .iter()
        .find(|track| track.number == 2 && Codec::of(track) == Some(Codec::Aac))
        .filter(|track| codec_string(track).is_some())
}

pub(super) fn track_of(header: &Header, number: u64) -> Result<&Track, ApiError> {
    header
        .tracks
        .iter()
        .find(|track| track.number == number)
        .ok_or_else(|| ApiError::not_found(format!("The stream has no track {number}.")))
}

pub(super) fn init(track: &Track) -> Result<Bytes, ApiError> {
    mp4::init_segment(track).map_err(|error| refusal(&error, track))
}

fn refusal(error: &Mp4Error, track: &Track) -> ApiError {
    let number = track.number;
    match error {
        Mp4Error::UnsupportedCodec(codec) => ApiError::bad_request(
            "UnsupportedStreamMediaTypeException",
            format!("The codec {codec} of track {number} is not supported."),
        ),
        Mp4Error::MissingCodecPrivate => ApiError::bad_request(
            "MissingCodecPrivateDataException",
            format!("Missing codec private data in fragment for track {number}."),
        ),
        Mp4Error::InvalidCodecPrivate => ApiError::bad_request(
            "InvalidCodecPrivateDataException",
            format!("Invalid codec private data in fragment for track {number}."),
        ),
        Mp4Error::InvalidSamples => invalid_frame(),
    }
}

/// Turns one track of a fragment, as received, into a media segment on the producer's time.
pub(super) fn media_segment(
    shared: &Shared,
    fragment: &Fragment,
    number: u64,
) -> Result<Bytes, ApiError> {
    let header = header_of(shared, fragment.header_id)?;
    let track = track_of(&header, number)?;
    let media = shared
        .store
        .media(fragment)?
        .ok_or_else(|| ApiError::not_found("The fragment was not found."))?;
    let blocks = blocks_of(&header, &media, number)?;
    let shift = fragment.producer_ms - fragment.timecode_ms;
    let samples: Vec<_> = blocks
        .iter()
        .map(|block| Sample {
            timecode_ms: block.timecode_ms.saturating_add(shift),
            key: block.key,
            data: &block.data,
        })
        .collect();
    let is_video = matches!(track.kind, TrackKind::Video { .. });
    let end_ms = is_video.then_some(fragment.producer_ms + fragment.length_ms);
    let sequence = fragment.number.sequence as u32;
    mp4::media_segment(track, sequence, &samples, end_ms).map_err(|error| refusal(&error, track))
}

fn blocks_of(header: &Header, media: &[u8], number: u64) -> Result<Vec<Block>, ApiError> {
    let mut reader = Reader::after_header(Limits::default(), header);
    reader.push(media);
    let mut blocks = Vec::new();
    while let Some(item) = reader.next().map_err(|_| invalid_frame())? {
        if let Event::Block(block) = item.event
            && block.track == number
        {
            blocks.push(block);
        }
    }
    Ok(blocks)
}
