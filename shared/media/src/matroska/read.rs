//! Reads Matroska as it arrives, in pieces of any size, and hands out every byte exactly once.

mod input;
mod steps;

use bytes::Bytes;

use self::input::Input;
use self::steps::Progress;
use super::header::HeaderBuilder;
use super::{Header, MatroskaError, Tag};
use crate::ebml::read_head;

/// Bytes of the longest identifier and the longest size together.
const LONGEST_HEAD: usize = 12;
/// The scale of nearly every file; it needs no wide division for each block.
const NANOSECONDS_IN_MS: u64 = 1_000_000;

/// What the reader may hold in memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Everything before the first cluster, and each Tags element, in bytes.
    pub header_bytes: u64,
    /// One block with its frame, in bytes.
    pub block_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 4 << 20,
            block_bytes: 50 << 20,
        }
    }
}

/// One frame with its place in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub track: u64,
    /// Presentation time in milliseconds on the stream's own time line.
    pub timecode_ms: i64,
    pub key: bool,
    pub data: Bytes,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Header(Header),
    ClusterStart {
        timecode_ms: i64,
    },
    Block(Block),
    ClusterEnd,
    Tags(Vec<Tag>),
    /// Bytes that carry nothing this crate reads: padding, checksums, indexes.
    Skipped,
}

/// What was found, and the bytes it was found in.
///
/// The `raw` of all items, put together, is the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub event: Event,
    pub raw: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing read yet.
    Start,
    /// The EBML header was read, the segment has not begun.
    Prologue,
    /// Inside the segment, before the first cluster.
    Header,
    /// Inside the segment, between clusters.
    Between,
    /// Inside a cluster whose timecode has not been seen; bytes left in it if its size is known.
    Opening(Option<u64>),
    /// Inside a cluster that began at this timecode.
    Cluster(Option<u64>, i64),
}

/// Reads a stream piece by piece: [`push`](Self::push) what arrived, then take items until there are none.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    input: Input,
    /// Bytes at the start of the input that were read but belong to an item not yet handed out.
    read: usize,
    /// Bytes still to be handed out as skipped.
    skip: u64,
    state: State,
    header: HeaderBuilder,
    timecode_scale: u64,
    /// Whether another document may follow.
    follows: Follows,
    failure: Option<MatroskaError>,
}

/// What may stand behind a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Nothing,
    Document,
}

impl Reader {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: Input::default(),
            read: 0,
            skip: 0,
            state: State::Start,
            header: HeaderBuilder::default(),
            timecode_scale: NANOSECONDS_IN_MS,
            follows: Follows::Nothing,
            failure: None,
        }
    }

    /// A reader of documents that stand one behind the other, each with a header of its own.
    pub fn of_documents(limits: Limits) -> Self {
        Self {
            follows: Follows::Document,
            ..Self::new(limits)
        }
    }

    /// A reader of clusters that were cut from the stream which began with this header.
    pub fn after_header(limits: Limits, header: &Header) -> Self {
        Self {
            state: State::Between,
            timecode_scale: header.timecode_scale,
            ..Self::new(limits)
        }
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.input.push(bytes);
        }
    }

    /// Adds bytes that arrived, and hands frames out where they lie in them.
    pub fn push_bytes(&mut self, bytes: Bytes) {
        if self.failure.is_none() {
            self.input.push_bytes(bytes);
        }
    }

    /// Takes the next item; `None` when more bytes are needed. An error is final.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first `None`
    pub fn next(&mut self) -> Result<Option<Item>, MatroskaError> {
        self.remember(Self::step)
    }

    /// Says that no more bytes come; call it when [`next`](Self::next) has answered `None`.
    ///
    /// A cluster of unknown size ends here. A stream that stops inside an element is [`MatroskaError::Truncated`].
    pub fn finish(&mut self) -> Result<Option<Item>, MatroskaError> {
        self.remember(|reader| match reader.state {
            State::Cluster(None, _) if reader.input.is_empty() && reader.skip == 0 => {
                reader.state = State::Between;
                Ok(Some(reader.emit(Event::ClusterEnd, 0)))
            }
            State::Between | State::Start if reader.input.is_empty() && reader.skip == 0 => {
                Ok(None)
            }
            State::Header if reader.read == reader.input.len() => match reader.follows {
                Follows::Document => Ok(Some(reader.document_without_clusters())),
                Follows::Nothing => Ok(None),
            },
            State::Start if reader.input.len() < 4 => Err(MatroskaError::NotMatroska),
            _ => Err(MatroskaError::Truncated),
        })
    }

    fn remember(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<Option<Item>, MatroskaError>,
    ) -> Result<Option<Item>, MatroskaError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let outcome = act(self);
        if let Err(error) = &outcome {
            self.failure = Some(error.clone());
            self.input = Input::default();
        }
        outcome
    }

    fn step(&mut self) -> Result<Option<Item>, MatroskaError> {
        loop {
            if self.skip > 0 {
                return Ok(self.take_skipped());
            }
            if matches!(self.state, State::Cluster(Some(0), _)) {
                self.state = State::Between;
                return Ok(Some(self.emit(Event::ClusterEnd, 0)));
            }
            let seen = self.input.len().min(self.read + LONGEST_HEAD);
            self.input.join(seen);
            let head = match read_head(&self.input.front()[self.read..]) {
                Ok(Some(head)) => head,
                Ok(None) => return Ok(None),
                Err(_) if self.state == State::Start => return Err(MatroskaError::NotMatroska),
                Err(error) => return Err(error.into()),
            };
            match self.element(head)? {
                Progress::Item(item) => return Ok(Some(item)),
                Progress::Read => {}
                Progress::NeedBytes => return Ok(None),
            }
        }
    }

    fn take_skipped(&mut self) -> Option<Item> {
        if !self.input.join(1) {
            return None;
        }
        let here = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let here = here.min(self.input.front().len());
        self.skip -= here as u64;
        Some(self.emit(Event::Skipped, here))
    }

    /// Hands out an event with all bytes up to `end`, or up to what was read so far if that is more.
    fn emit(&mut self, event: Event, end: usize) -> Item {
        let raw = self.input.split_to(end.max(self.read));
        self.read = 0;
        Item { event, raw }
    }

    fn to_ms(&self, timecode: i64, offset: i16) -> Result<i64, MatroskaError> {
        if self.timecode_scale == NANOSECONDS_IN_MS {
            let ms = timecode.checked_add(offset.into());
            return ms.ok_or(MatroskaError::TimecodeOutOfRange);
        }
        let units = i128::from(timecode) + i128::from(offset);
        let ms = (units * i128::from(self.timecode_scale)).div_euclid(NANOSECONDS_IN_MS.into());
        i64::try_from(ms).map_err(|_| MatroskaError::TimecodeOutOfRange)
    }
}
