//! Handles one element at a time: what each means where the reader stands.

use super::super::block::find_block;
use super::super::header::{HeaderBuilder, check_doc_type, tags};
use super::super::{MatroskaError, ids};
use super::{Block, Event, Follows, Item, Reader, State};
use crate::ebml::{ElementHead, uint};

/// What came of looking at an element.
pub(super) enum Progress {
    Item(Item),
    Read,
    NeedBytes,
}

impl Reader {
    pub(super) fn element(&mut self, head: ElementHead) -> Result<Progress, MatroskaError> {
        match self.state {
            State::Start => self.ebml_header(head),
            State::Prologue if head.id == ids::SEGMENT => {
                self.read += head.length;
                self.state = State::Header;
                Ok(Progress::Read)
            }
            State::Prologue => self.header_element(head),
            State::Header if head.id == ids::CLUSTER => {
                let header = self.header.finish()?;
                self.timecode_scale = header.timecode_scale;
                self.state = State::Between;
                Ok(Progress::Item(self.emit(Event::Header(header), 0)))
            }
            State::Header if head.id == ids::EBML && self.follows == Follows::Document => {
                Ok(Progress::Item(self.document_without_clusters()))
            }
            State::Header => self.header_element(head),
            State::Between => self.segment_element(head),
            State::Opening(left) => self.cluster_opening(head, left),
            State::Cluster(left, timecode) => self.cluster_element(head, left, timecode),
        }
    }

    fn ebml_header(&mut self, head: ElementHead) -> Result<Progress, MatroskaError> {
        if head.id != ids::EBML {
            return Err(MatroskaError::NotMatroska);
        }
        let Some(end) = self.whole(head, self.limits.header_bytes)? else {
            return Ok(Progress::NeedBytes);
        };
        check_doc_type(&self.input.front()[head.length..end])?;
        self.read = end;
        self.state = State::Prologue;
        Ok(Progress::Read)
    }

    /// A document that only says something ends where the next begins, or with the stream.
    pub(super) fn document_without_clusters(&mut self) -> Item {
        let header = std::mem::take(&mut self.header).finish_with_what_is_there();
        self.state = State::Start;
        self.emit(Event::Header(header), 0)
    }

    fn header_element(&mut self, head: ElementHead) -> Result<Progress, MatroskaError> {
        if matches!(head.id, ids::EBML | ids::SEGMENT) {
            return Err(MatroskaError::SecondHeader);
        }
        let room = self.limits.header_bytes.saturating_sub(self.read as u64);
        let Some(end) = self.whole(head, room)? else {
            return Ok(Progress::NeedBytes);
        };
        let payload = &self.input.front()[self.read + head.length..end];
        self.header.take(head.id, payload)?;
        self.read = end;
        Ok(Progress::Read)
    }

    fn segment_element(&mut self, head: ElementHead) -> Result<Progress, MatroskaError> {
        match head.id {
            ids::CLUSTER => {
                self.read += head.length;
                self.state = State::Opening(head.size);
                Ok(Progress::Read)
            }
            ids::TAGS => {
                let Some(end) = self.whole(head, self.limits.header_bytes)? else {
                    return Ok(Progress::NeedBytes);
                };
                let found = tags(&self.input.front()[head.length..end])?;
                Ok(Progress::Item(self.emit(Event::Tags(found), end)))
            }
            ids::EBML if self.follows == Follows::Document => {
                self.state = State::Start;
                self.header = HeaderBuilder::default();
                Ok(Progress::Read)
            }
            ids::EBML | ids::SEGMENT | ids::TRACKS => Err(MatroskaError::SecondHeader),
            // Frames outside of a cluster belong nowhere, and skipping them would hide that they are lost.
            ids::SIMPLE_BLOCK | ids::BLOCK_GROUP => Err(MatroskaError::Malformed),
            _ => self.start_skipping(head),
        }
    }

    fn cluster_opening(
        &mut self,
        head: ElementHead,
        left: Option<u64>,
    ) -> Result<Progress, MatroskaError> {
        let is_block = matches!(head.id, ids::SIMPLE_BLOCK | ids::BLOCK_GROUP);
        if left == Some(0) || is_block || is_segment_level(head.id) {
            return Err(MatroskaError::MissingTimecode);
        }
        // Only a checksum, a position or padding may stand before the timecode.
        let Some(end) = self.whole(head, 1 << 16)? else {
            return Ok(Progress::NeedBytes);
        };
        let left = deduct(left, (end - self.read) as u64)?;
        if head.id != ids::TIMECODE {
            self.read = end;
            if self.read as u64 > self.limits.header_bytes {
                return Err(MatroskaError::MissingTimecode);
            }
            self.state = State::Opening(left);
            return Ok(Progress::Read);
        }
        let timecode = uint(&self.input.front()[self.read + head.length..end])?;
        let timecode = i64::try_from(timecode).map_err(|_| MatroskaError::TimecodeOutOfRange)?;
        let timecode_ms = self.to_ms(timecode, 0)?;
        self.state = State::Cluster(left, timecode);
        let item = self.emit(Event::ClusterStart { timecode_ms }, end);
        Ok(Progress::Item(item))
    }

    fn cluster_element(
        &mut self,
        head: ElementHead,
        left: Option<u64>,
        timecode: i64,
    ) -> Result<Progress, MatroskaError> {
        if left.is_none() && is_segment_level(head.id) {
            self.state = State::Between;
            return Ok(Progress::Item(self.emit(Event::ClusterEnd, 0)));
        }
        let length = head.size.ok_or(MatroskaError::Malformed)?;
        let length = length.saturating_add(head.length as u64);
        let left = deduct(left, length)?;
        let is_block = matches!(head.id, ids::SIMPLE_BLOCK | ids::BLOCK_GROUP);
        if !is_block {
            self.state = State::Cluster(left, timecode);
            return self.start_skipping(head);
        }
        let Some(end) = self.whole(head, self.limits.block_bytes)? else {
            return Ok(Progress::NeedBytes);
        };
        self.state = State::Cluster(left, timecode);
        let raw = self.input.split_to(end);
        let found = find_block(head.id, &raw[head.length..])?;
        let data = raw.slice_ref(found.data);
        let block = Block {
            track: found.track,
            timecode_ms: self.to_ms(timecode, found.offset)?,
            key: found.key,
            data,
        };
        Ok(Progress::Item(Item {
            event: Event::Block(block),
            raw,
        }))
    }

    /// Returns where the element ends in the input, once all of it is there.
    fn whole(&mut self, head: ElementHead, limit: u64) -> Result<Option<usize>, MatroskaError> {
        let size = head.size.ok_or(MatroskaError::Malformed)?;
        if size > limit {
            return Err(MatroskaError::TooLarge { size, limit });
        }
        let end = self.read as u64 + head.length as u64 + size;
        Ok(usize::try_from(end)
            .ok()
            .filter(|&end| self.input.join(end)))
    }

    fn start_skipping(&mut self, head: ElementHead) -> Result<Progress, MatroskaError> {
        let size = head.size.ok_or(MatroskaError::Malformed)?;
        self.skip = size
            .checked_add(head.length as u64)
            .ok_or(MatroskaError::Malformed)?;
        Ok(Progress::Read)
    }
}

fn deduct(left: Option<u64>, length: u64) -> Result<Option<u64>, MatroskaError> {
    left.map(|left| left.checked_sub(length).ok_or(MatroskaError::Malformed))
        .transpose()
}

/// Elements that end a cluster of unknown size.
fn is_segment_level(id: u32) -> bool {
    matches!(
        id,
        ids::CLUSTER
            | ids::TAGS
            | ids::CUES
            | ids::SEEK_HEAD
            | ids::INFO
            | ids::TRACKS
            | ids::CHAPTERS
            | ids::ATTACHMENTS
            | ids::SEGMENT
            | ids::EBML
    )
}
