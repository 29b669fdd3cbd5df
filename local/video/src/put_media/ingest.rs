//! Cuts what a producer sends into fragments and refuses what the service refuses; no IO.

use bytes::Bytes;
use ciero_media::matroska::{
    Block, END_OF_FRAGMENT, Event, Header, Item, Limits, MatroskaError, Reader, Tag, TrackKind,
};

use super::acks::{ErrorCode, FragmentId};
use crate::fragment_number::FragmentNumber;
use crate::store::fragments::LONGEST_MS;
use crate::store::pieces::Pieces;

const MAX_FRAGMENT_BYTES: u64 = 50 << 20;
const MAX_TRACKS: usize = 3;
const MAX_TAGS: usize = 10;
const MAX_TAG_NAME: usize = 128;
const MAX_TAG_VALUE: usize = 256;
/// All that the tags of a fragment may say takes less than this, whatever else an element of them holds.
const MAX_TAGS_BYTES: usize = 8 << 10;
/// Names that begin with `AWS` are the service's own, but for these that ask it for something.
const EVENT_TAGS: [&str; 4] = [
    END_OF_FRAGMENT,
    "AWS_KINESISVIDEO_IMAGE_GENERATION",
    "AWS_KINESISVIDEO_IMAGE_PREFIX",
    "AWS_KINESISVIDEO_NOTIFICATION",
];
/// The end of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

/// How cluster timecodes become the producer's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timeline {
    Absolute,
    Relative { start_ms: i64 },
}

/// A fragment that arrived completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complete {
    pub id: FragmentId,
    pub producer_ms: i64,
    pub length_ms: i64,
    pub frames: i64,
    pub header: Bytes,
    pub data: Pieces,
}

/// What happened in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Begin(FragmentId),
    Complete(Complete),
    /// Tags that follow a complete fragment, as received.
    Tags {
        number: FragmentNumber,
        bytes: Bytes,
    },
}

/// Why the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: ErrorCode,
    pub fragment: Option<FragmentId>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Span {
    first_ms: i64,
    last_ms: i64,
    frames: i64,
}

impl Span {
    fn take(&mut self, timecode_ms: i64) {
        if self.frames == 0 {
            (self.first_ms, self.last_ms) = (timecode_ms, timecode_ms);
        }
        self.first_ms = self.first_ms.min(timecode_ms);
        self.last_ms = self.last_ms.max(timecode_ms);
        self.frames += 1;
    }

    /// The last frame is taken to last as long as the others do on average, and a single one as long as it is since the fragment
    /// before.
    fn length_ms(&self, since_before_ms: Option<i64>) -> i64 {
        if self.frames == 1 {
            return since_before_ms.map_or(0, |since| since.clamp(0, LONGEST_MS));
        }
        let shown = self.last_ms - self.first_ms;
        let intervals = (self.frames - 1).max(1);
        (shown + (shown + intervals / 2) / intervals).min(LONGEST_MS)
    }
}

struct Open {
    id: FragmentId,
    producer_ms: i64,
    data: Pieces,
    spans: Vec<Span>,
}

/// One connection's stream so far.
pub(crate) struct Ingest {
    reader: Reader,
    timeline: Timeline,
    header: Option<(Header, Bytes)>,
    open: Option<Open>,
    /// The previous fragment's own timecode and that of its last frame.
    previous: Option<(i64, i64)>,
    last_number: Option<FragmentNumber>,
    tags: usize,
}

impl Ingest {
    pub(crate) fn new(timeline: Timeline) -> Self {
        Self {
            reader: Reader::new(Limits {
                header_bytes: 1 << 20,
                block_bytes: MAX_FRAGMENT_BYTES,
            }),
            timeline,
            header: None,
            open: None,
            previous: None,
            last_number: None,
            tags: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.reader.push_bytes(bytes);
    }

    /// Takes the next step; `None` when more bytes are needed. `number` names a fragment that begins.
    pub(crate) fn next(
        &mut self,
        number: &mut dyn FnMut() -> FragmentNumber,
    ) -> Result<Option<Step>, Fault> {
        while let Some(item) = self
            .reader
            .next()
            .map_err(|error| self.unreadable(&error))?
        {
            if let Some(step) = self.take(item, number)? {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// Says that the producer ended its stream in order; call it after [`next`](Self::next) has answered `None`.
    pub(crate) fn finish(&mut self) -> Result<Option<Step>, Fault> {
        match self.reader.finish() {
            Ok(Some(item)) => self.take(item, &mut || FragmentNumber::draw(0, 0)),
            Ok(None) => Ok(None),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn take(
        &mut self,
        item: Item,
        number: &mut dyn FnMut() -> FragmentNumber,
    ) -> Result<Option<Step>, Fault> {
        self.keep(item.raw.clone())?;
        match item.event {
            Event::Header(header) => {
                if header.tracks.len() > MAX_TRACKS {
                    return Err(self.fault(ErrorCode::MoreThanAllowedTracksFound));
                }
                self.header = Some((header, item.raw));
                Ok(None)
            }
            Event::ClusterStart { timecode_ms } => self.begin(timecode_ms, item.raw, number),
            Event::Block(block) => self.block(&block).map(|()| None),
            Event::ClusterEnd => self.complete(),
            Event::Tags(tags) => self.take_tags(&tags, item.raw),
            Event::Skipped => Ok(None),
        }
    }

    /// Keeps the bytes of an open fragment as they are.
    fn keep(&mut self, raw: Bytes) -> Result<(), Fault> {
        if let Some(open) = &mut self.open {
            if (open.data.len() + raw.len()) as u64 > MAX_FRAGMENT_BYTES {
                return Err(self.fault(ErrorCode::MaxFragmentSizeReached));
            }
            open.data.push(raw);
        }
        Ok(())
    }

    fn begin(
        &mut self,
        timecode_ms: i64,
        raw: Bytes,
        number: &mut dyn FnMut() -> FragmentNumber,
    ) -> Result<Option<Step>, Fault> {
        let tracks = self
            .header
            .as_ref()
            .map_or(0, |(header, _)| header.tracks.len());
        let producer_ms = match self.timeline {
            Timeline::Absolute => timecode_ms,
            Timeline::Relative { start_ms } => start_ms.saturating_add(timecode_ms),
        };
        let id = FragmentId {
            timecode_ms,
            number: number(),
        };
        self.open = Some(Open {
            id,
            producer_ms,
            data: Pieces::from(raw),
            spans: vec![Span::default(); tracks],
        });
        self.tags = 0;
        if !(0..=LAST_MS).contains(&producer_ms) {
            return Err(self.fault(ErrorCode::InvalidProducerTimestamp));
        }
        let goes_back = |(before, last): (i64, i64)| timecode_ms <= before.max(last);
        if self.previous.is_some_and(goes_back) {
            return Err(self.fault(ErrorCode::FragmentTimecodeLesserThanPrevious));
        }
        Ok(Some(Step::Begin(id)))
    }

    fn block(&mut self, block: &Block) -> Result<(), Fault> {
        let place = self.header.as_ref().and_then(|(header, _)| {
            let mut tracks = header.tracks.iter();
            tracks.position(|track| track.number == block.track)
        });
        let (Some(place), Some(open)) = (place, &mut self.open) else {
            return Err(self.fault(ErrorCode::TrackNumberMismatch));
        };
        let span = &mut open.spans[place];
        span.take(block.timecode_ms);
        // Frames may also stand before the timecode of their cluster.
        let first_ms = span.first_ms.min(open.id.timecode_ms);
        if span.last_ms.saturating_sub(first_ms) > LONGEST_MS {
            return Err(self.fault(ErrorCode::MaxFragmentDurationReached));
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<Option<Step>, Fault> {
        let primary = self.primary_track();
        let (Some(open), Some((_, header))) = (&mut self.open, &self.header) else {
            return Ok(None);
        };
        if open.spans.is_empty() || open.spans.iter().any(|span| span.frames == 0) {
            return Err(self.fault(ErrorCode::FramesMissingForTrack));
        }
        let span = open.spans[primary];
        let before = self.previous.map(|(timecode_ms, _)| timecode_ms);
        let since_before_ms = before.map(|before| open.id.timecode_ms.saturating_sub(before));
        let complete = Complete {
            id: open.id,
            producer_ms: open.producer_ms,
            length_ms: span.length_ms(since_before_ms),
            frames: span.frames,
            header: header.clone(),
            data: std::mem::take(&mut open.data),
        };
        self.open = None;
        self.previous = Some((complete.id.timecode_ms, span.last_ms));
        self.last_number = Some(complete.id.number);
        Ok(Some(Step::Complete(complete)))
    }

    /// The picture's track, or the first where there is no picture.
    fn primary_track(&self) -> usize {
        let is_video = |kind: &TrackKind| matches!(kind, TrackKind::Video { .. });
        self.header
            .as_ref()
            .and_then(|(header, _)| header.tracks.iter().position(|t| is_video(&t.kind)))
            .unwrap_or(0)
    }

    fn take_tags(&mut self, tags: &[Tag], bytes: Bytes) -> Result<Option<Step>, Fault> {
        if tags.iter().all(|tag| tag.name == END_OF_FRAGMENT) {
            return Ok(None);
        }
        self.tags += tags.len();
        let is_refused = |tag: &Tag| {
            let is_reserved =
                tag.name.starts_with("AWS") && !EVENT_TAGS.contains(&tag.name.as_str());
            is_reserved || tag.name.len() > MAX_TAG_NAME || tag.value.len() > MAX_TAG_VALUE
        };
        let is_too_much = self.tags > MAX_TAGS || bytes.len() > MAX_TAGS_BYTES;
        if is_too_much || tags.iter().any(is_refused) {
            return Err(self.fault(ErrorCode::FragmentMetadataLimitReached));
        }
        Ok(self.last_number.map(|number| Step::Tags { number, bytes }))
    }

    fn unreadable(&self, error: &MatroskaError) -> Fault {
        match error {
            MatroskaError::TooLarge { .. } if self.open.is_some() => {
                self.fault(ErrorCode::MaxFragmentSizeReached)
            }
            _ => Fault {
                code: ErrorCode::InvalidMkvData,
                fragment: None,
            },
        }
    }

    /// The fault with the open fragment's name.
    pub(crate) fn fault(&self, code: ErrorCode) -> Fault {
        Fault {
            code,
            fragment: self.open.as_ref().map(|open| open.id),
        }
    }
}
