//! Fragments, read for what a player must know and turned into what it plays.

use bytes::Bytes;
use ciero_media::annex_b::{Adts, AnnexB};
use ciero_media::codec::Codec;
use ciero_media::matroska::write::write_cluster_start;
use ciero_media::matroska::{Block, Event, Header, Limits, Reader, Track, TrackKind};
use ciero_media::mp4::{self, Mp4Error, Sample};
use ciero_media::sound::Law;
use ciero_media::ts;

use super::session::Format;
use crate::Shared;
use crate::error::ApiError;
use crate::store::fragments::{self, Fragment};

/// Reads the header with which a fragment came.
pub(crate) fn header_of(shared: &Shared, header_id: i64) -> Result<Header, ApiError> {
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

pub(crate) fn invalid_frame() -> ApiError {
    ApiError::bad_request("InvalidMediaFrameException", "A fragment cannot be read.")
}

/// Where a stream is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Hls,
    Dash,
    Clip,
}

impl From<Format> for Screen {
    fn from(format: Format) -> Self {
        match format {
            Format::HlsMp4 | Format::HlsTs => Self::Hls,
            Format::Dash => Self::Dash,
        }
    }
}

/// Refuses sound that the service does not play beside this picture there.
///
/// Its table of playback requirements has AAC everywhere, and G.711 beside H.264 alone: both laws in DASH, A-law in clips.
pub(crate) fn check_sound(picture: &Track, sound: &Track, screen: Screen) -> Result<(), ApiError> {
    let is_played = match (Codec::of(picture), Codec::of(sound)) {
        (_, Some(Codec::Aac)) => true,
        (Some(Codec::Avc), Some(Codec::G711(law))) => {
            screen == Screen::Dash || (screen == Screen::Clip && law == Law::A)
        }
        _ => false,
    };
    if !is_played {
        let error = Mp4Error::UnsupportedCodec(sound.codec_id.clone());
        return Err(refusal(&error, sound));
    }
    init(sound).map(|_| ())
}

/// Refuses a stream that no player can show.
pub(super) fn check(shared: &Shared, fragment: &Fragment, format: Format) -> Result<(), ApiError> {
    let header = header_of(shared, fragment.header_id)?;
    let track = lead_track(&header)?;
    if let Some(sound) = second_sound(&header) {
        check_sound(track, sound, format.into())?;
    }
    if format == Format::HlsTs {
        let readable = match track.kind {
            TrackKind::Audio { .. } => Adts::of(track).map(|_| ()),
            _ => AnnexB::of(track).map(|_| ()),
        };
        readable.map_err(|error| refusal(&error, track))?;
    }
    init(track).map(|_| ())
}

/// Refuses a header under which a film or a session cannot go on: the decoders' data may change, numbers and codecs of tracks may not.
pub(crate) fn check_goes_on(before: &Header, next: &Header) -> Result<(), ApiError> {
    let line_up = |header: &Header| -> Vec<_> {
        // A codec that is not known here is told by its name; one that is has two spellings.
        let name = |track: &Track| Codec::of(track).ok_or_else(|| track.codec_id.clone());
        let tracks = header.tracks.iter();
        tracks.map(|track| (track.number, name(track))).collect()
    };
    if line_up(before) == line_up(next) {
        return Ok(());
    }
    Err(unsupported(
        "The numbers or the codecs of the tracks change between the fragments.".into(),
    ))
}

/// What a player follows: track 1, which is the picture, or AAC in a stream of sound alone.
pub(super) fn lead_track(header: &Header) -> Result<&Track, ApiError> {
    let track = header.tracks.iter().find(|track| track.number == 1);
    let track = track.ok_or_else(|| unsupported("The stream has no track 1.".into()))?;
    let is_played = match track.kind {
        TrackKind::Video { .. } => matches!(Codec::of(track), Some(Codec::Avc | Codec::Hevc)),
        TrackKind::Audio { .. } => Codec::of(track) == Some(Codec::Aac),
        TrackKind::Other => false,
    };
    if !is_played {
        let error = Mp4Error::UnsupportedCodec(track.codec_id.clone());
        return Err(refusal(&error, track));
    }
    Ok(track)
}

fn unsupported(message: String) -> ApiError {
    ApiError::bad_request("UnsupportedStreamMediaTypeException", message)
}

/// Track 1 must be the picture.
pub(crate) fn video_track(header: &Header) -> Result<&Track, ApiError> {
    header
        .tracks
        .iter()
        .find(|track| track.number == 1 && matches!(track.kind, TrackKind::Video { .. }))
        .ok_or_else(|| unsupported("Track 1 of the stream must be a video track.".into()))
}

fn second_sound(header: &Header) -> Option<&Track> {
    let is_sound = |track: &&Track| matches!(track.kind, TrackKind::Audio { .. });
    let mut tracks = header.tracks.iter().filter(is_sound);
    tracks.find(|track| track.number == 2)
}

/// The sound of track 2, if it is played there.
pub(super) fn audio_track(header: &Header, format: Format) -> Option<&Track> {
    let picture = lead_track(header).ok()?;
    second_sound(header).filter(|sound| check_sound(picture, sound, format.into()).is_ok())
}

pub(super) fn track_of(header: &Header, number: u64) -> Result<&Track, ApiError> {
    header
        .tracks
        .iter()
        .find(|track| track.number == number)
        .ok_or_else(|| ApiError::not_found(format!("The stream has no track {number}.")))
}

/// Width and height as the header says, in pixels; 0 where it says nothing.
pub(super) fn picture_size(track: &Track) -> (u32, u32) {
    match track.kind {
        TrackKind::Video { width, height } => (width, height),
        _ => (0, 0),
    }
}

pub(crate) fn init(track: &Track) -> Result<Bytes, ApiError> {
    mp4::init_segment(track).map_err(|error| refusal(&error, track))
}

pub(crate) fn refusal(error: &Mp4Error, track: &Track) -> ApiError {
    let number = track.number;
    match error {
        Mp4Error::UnsupportedCodec(codec) => unsupported(format!(
            "The codec {codec} of track {number} is not supported."
        )),
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

/// A fragment with its bytes, read for its frames.
struct Read {
    header: Header,
    blocks: Vec<Block>,
    /// What lies between the cluster's own time and the producer's, in milliseconds.
    shift_ms: i64,
}

impl Read {
    fn of(shared: &Shared, fragment: &Fragment) -> Result<Self, ApiError> {
        let header = header_of(shared, fragment.header_id)?;
        let media = shared
            .store
            .media(fragment)?
            .ok_or_else(|| ApiError::not_found("The fragment was not found."))?;
        Ok(Self {
            blocks: blocks_of(&header, &media)?,
            header,
            shift_ms: fragment.producer_ms - fragment.timecode_ms,
        })
    }

    /// The frames of one track on the producer's time.
    fn samples(&self, track: u64) -> Vec<Sample<'_>> {
        let blocks = self.blocks.iter().filter(|block| block.track == track);
        blocks
            .map(|block| Sample {
                timecode_ms: block.timecode_ms.saturating_add(self.shift_ms),
                key: block.key,
                data: &block.data,
            })
            .collect()
    }
}

/// Turns one track of a fragment, as received, into a media segment on the producer's time.
pub(super) fn media_segment(
    shared: &Shared,
    fragment: &Fragment,
    number: u64,
) -> Result<Bytes, ApiError> {
    let read = Read::of(shared, fragment)?;
    let track = track_of(&read.header, number)?;
    let is_video = matches!(track.kind, TrackKind::Video { .. });
    let end_ms = is_video.then_some(fragment.producer_ms + fragment.length_ms);
    let sequence = fragment.number.sequence as u32;
    mp4::media_segment(track, sequence, &read.samples(number), end_ms)
        .map_err(|error| refusal(&error, track))
}

/// Turns picture and sound of a fragment, as received, into a transport stream on the producer's time.
pub(super) fn ts_segment(shared: &Shared, fragment: &Fragment) -> Result<Bytes, ApiError> {
    let read = Read::of(shared, fragment)?;
    let lead = lead_track(&read.header)?;
    let frames = read.samples(lead.number);
    let mut streams = vec![(lead, frames.as_slice())];
    let sound;
    if let Some(audio) = audio_track(&read.header, Format::HlsTs) {
        sound = read.samples(audio.number);
        streams.push((audio, &sound));
    }
    ts::segment(&streams).map_err(|error| refusal(&error, lead))
}

/// Reads every frame of a fragment, as received.
pub(crate) fn blocks_of(header: &Header, media: &[u8]) -> Result<Vec<Block>, ApiError> {
    let mut reader = Reader::after_header(Limits::default(), header);
    reader.push(media);
    let mut blocks = Vec::new();
    while let Some(item) = reader.next().map_err(|_| invalid_frame())? {
        if let Event::Block(block) = item.event {
            blocks.push(block);
        }
    }
    Ok(blocks)
}
