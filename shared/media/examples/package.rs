//! Packages the pictures of a Matroska file as fragmented MP4, a fragment for each key picture: `package FROM TO`.
#![allow(clippy::print_stdout)]

use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::io::{IoSlice, Read, Write};

use bytes::{Bytes, BytesMut};
use ciero_media::matroska::{Block, Event, Limits, Reader, Track, TrackKind};
use ciero_media::mp4::{Sample, init_segment, segment_head};

const PIECE: usize = 128 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        return Err("usage: package FROM TO".into());
    };
    let mut from = File::open(from)?;
    let mut reader = Reader::new(Limits::default());
    let mut packer = Packer {
        to: File::create(to)?,
        track: None,
        open: Vec::new(),
        fragments: 0,
    };
    let mut pieces = VecDeque::new();
    loop {
        let mut piece = unused(&mut pieces);
        let length = from.read(&mut piece)?;
        if length == 0 {
            break;
        }
        let piece = piece.freeze();
        reader.push_bytes(piece.slice(..length));
        pieces.push_back(piece);
        while let Some(item) = reader.next()? {
            packer.take(item.event)?;
        }
    }
    packer.fragment(None)?;
    println!("{} fragments", packer.fragments);
    Ok(())
}

/// A piece of memory that nobody looks at any more, or a new one.
fn unused(pieces: &mut VecDeque<Bytes>) -> BytesMut {
    let oldest = pieces.pop_front().map(Bytes::try_into_mut);
    match oldest {
        Some(Ok(piece)) => return piece,
        Some(Err(in_use)) => pieces.push_front(in_use),
        None => {}
    }
    BytesMut::zeroed(PIECE)
}

struct Packer {
    to: File,
    track: Option<Track>,
    /// The pictures of the fragment that has begun.
    open: Vec<Block>,
    fragments: u32,
}

impl Packer {
    fn take(&mut self, event: Event) -> Result<(), Box<dyn Error>> {
        match event {
            Event::Header(header) => {
                let mut tracks = header.tracks.into_iter();
                let track = tracks.find(|track| matches!(track.kind, TrackKind::Video { .. }));
                let track = track.ok_or("the file has no pictures")?;
                self.to.write_all(&init_segment(&track)?)?;
                self.track = Some(track);
            }
            Event::Block(block) if self.is_picture(&block) => {
                if block.key {
                    self.fragment(Some(block.timecode_ms))?;
                }
                self.open.push(block);
            }
            _ => {}
        }
        Ok(())
    }

    fn is_picture(&self, block: &Block) -> bool {
        let track = self.track.as_ref();
        track.is_some_and(|track| track.number == block.track)
    }

    /// Writes the open fragment, whose pictures go from the pieces that they came in straight into the file.
    fn fragment(&mut self, end_ms: Option<i64>) -> Result<(), Box<dyn Error>> {
        let Some(track) = self.track.as_ref().filter(|_| !self.open.is_empty()) else {
            return Ok(());
        };
        self.fragments += 1;
        let samples: Vec<_> = self.open.iter().map(sample).collect();
        let head = segment_head(track, self.fragments, &samples, end_ms, 0)?;
        let mut slices = vec![IoSlice::new(&head)];
        slices.extend(samples.iter().map(|sample| IoSlice::new(sample.data)));
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let written = self.to.write_vectored(rest)?;
            IoSlice::advance_slices(&mut rest, written);
        }
        self.open.clear();
        Ok(())
    }
}

fn sample(block: &Block) -> Sample<'_> {
    Sample {
        timecode_ms: block.timecode_ms,
        key: block.key,
        data: &block.data,
    }
}
