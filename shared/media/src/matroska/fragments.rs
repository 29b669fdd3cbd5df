//! Whole fragments from an answer of Kinesis Video, in which each is a document of its own.

use super::{Block, Event, Item, Limits, MatroskaError, Reader, Tag, Track};

/// One fragment with everything that stands around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    pub tracks: Vec<Track>,
    /// The service's tags and the producer's, before and behind the frames.
    pub tags: Vec<Tag>,
    /// When it begins, on the stream's own time line.
    pub timecode_ms: i64,
    pub blocks: Vec<Block>,
}

impl Fragment {
    /// Returns the text of the first tag of this name.
    pub fn tag(&self, name: &str) -> Option<&str> {
        let found = self.tags.iter().find(|tag| tag.name == name);
        found.map(|tag| tag.value.as_str())
    }

    /// How long its frames are shown, in milliseconds: the last of each track as long as the others on average. A lone frame has
    /// no length.
    pub fn length_ms(&self) -> i64 {
        let lengths = self.tracks.iter().filter_map(|track| {
            let blocks = self.blocks.iter().filter(|one| one.track == track.number);
            let times = blocks.map(|block| block.timecode_ms.saturating_sub(self.timecode_ms));
            let (first, last, many) = times.fold((i64::MAX, i64::MIN, 0), |(low, high, n), at| {
                (low.min(at), high.max(at), n + 1)
            });
            let apart = last.checked_sub(first)?.checked_div(many - 1)?;
            last.checked_add(apart)
        });
        lengths.max().unwrap_or(0).max(0)
    }
}

/// Reads fragments as their bytes arrive, and holds one of them at a time.
#[derive(Debug)]
pub struct Fragments {
    reader: Reader,
    open: Option<Fragment>,
}

impl Fragments {
    pub fn new(limits: Limits) -> Self {
        Fragments {
            reader: Reader::of_documents(limits),
            open: None,
        }
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
    }

    /// Takes the next whole fragment; `None` when more bytes are needed. An error is final.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first `None`
    pub fn next(&mut self) -> Result<Option<Fragment>, MatroskaError> {
        while let Some(item) = self.reader.next()? {
            if let Some(fragment) = self.take(item) {
                return Ok(Some(fragment));
            }
        }
        Ok(None)
    }

    /// Says that no more bytes come and takes what is left; call it when [`next`](Self::next) has answered `None`, until it does too.
    pub fn finish(&mut self) -> Result<Option<Fragment>, MatroskaError> {
        while let Some(item) = self.reader.finish()? {
            if let Some(fragment) = self.take(item) {
                return Ok(Some(fragment));
            }
        }
        Ok(self.open.take())
    }

    /// A fragment is whole when the next one's header comes, because tags may follow its frames.
    fn take(&mut self, item: Item) -> Option<Fragment> {
        let whole = match &item.event {
            Event::Header(_) => self.open.take(),
            _ => None,
        };
        match (item.event, &mut self.open) {
            (Event::Header(header), open) => {
                *open = Some(Fragment {
                    tracks: header.tracks,
                    tags: header.tags,
                    timecode_ms: 0,
                    blocks: Vec::new(),
                });
            }
            (Event::ClusterStart { timecode_ms }, Some(open)) if open.blocks.is_empty() => {
                open.timecode_ms = timecode_ms;
            }
            (Event::Block(block), Some(open)) => open.blocks.push(block),
            (Event::Tags(tags), Some(open)) => open.tags.extend(tags),
            _ => {}
        }
        whole
    }
}
