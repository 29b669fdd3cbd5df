//! What streams without retention sent in the last minutes: it is kept in memory alone, and GetMedia is the only way to it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::fragment_number::FragmentNumber;
use crate::media_chunk::Chunk;
use crate::store::fragments::{Position, TOLERANCE_MS, TimestampKind};

/// As long as a host of the service buffers a stream.
const KEPT_MS: i64 = 5 * 60_000;
/// As much as a host of the service keeps of a stream.
const KEPT_BYTES: usize = 200_000_000;
/// One machine has no more than this to give to all of them.
const ALL_BYTES: usize = 512 << 20;

#[derive(Default)]
struct Buffer {
    chunks: VecDeque<Chunk>,
    bytes: usize,
}

impl Buffer {
    fn drop_first(&mut self) {
        if let Some(chunk) = self.chunks.pop_front() {
            self.bytes -= chunk.media.len();
        }
    }

    fn forget_until(&mut self, until_ms: i64) {
        while self
            .chunks
            .front()
            .is_some_and(|chunk| chunk.position().0 <= until_ms)
        {
            self.drop_first();
        }
    }
}

/// The buffers of all streams that keep nothing.
#[derive(Default)]
pub(crate) struct Recent {
    buffers: Mutex<HashMap<i64, Buffer>>,
}

impl Recent {
    /// Takes what a stream has just sent, and lets go of what is too old or too much.
    pub(crate) fn push(&self, stream_id: i64, chunk: Chunk, now_ms: i64) {
        let mut buffers = self.lock();
        let buffer = buffers.entry(stream_id).or_default();
        buffer.bytes += chunk.media.len();
        buffer.chunks.push_back(chunk);
        while buffer.bytes > KEPT_BYTES && buffer.chunks.len() > 1 {
            buffer.drop_first();
        }
        buffers.retain(|_, buffer| {
            buffer.forget_until(now_ms - KEPT_MS);
            !buffer.chunks.is_empty()
        });
        while buffers.values().map(|buffer| buffer.bytes).sum::<usize>() > ALL_BYTES
            && let Some(largest) = buffers.values_mut().max_by_key(|buffer| buffer.bytes)
        {
            largest.drop_first();
        }
    }

    /// Adds a producer's tags to the fragment that they follow.
    pub(crate) fn add_tags(&self, stream_id: i64, number: FragmentNumber, tags: Bytes) {
        let mut buffers = self.lock();
        let chunks = buffers.get_mut(&stream_id).map(|buffer| &mut buffer.chunks);
        let followed = chunks.and_then(|chunks| {
            let mut latest_first = chunks.iter_mut().rev();
            latest_first.find(|chunk| chunk.number == number)
        });
        if let Some(chunk) = followed {
            chunk.tags.push(tags);
        }
    }

    /// The next fragments that a reader lacks, in order of their numbers.
    pub(crate) fn next(
        &self,
        stream_id: i64,
        lacks: impl Fn(Position) -> bool,
        (limit, now_ms): (usize, i64),
    ) -> Vec<Chunk> {
        let is_next = |chunk: &&Chunk| {
            let position = chunk.position();
            position.0 > now_ms - KEPT_MS && lacks(position)
        };
        let buffers = self.lock();
        let chunks = buffers.get(&stream_id).map(|buffer| buffer.chunks.iter());
        let mut next: Vec<_> = chunks.into_iter().flatten().filter(is_next).collect();
        // They stand as they became complete, and one may end before another that began earlier.
        next.sort_by_key(|chunk| chunk.position());
        next.into_iter().take(limit).cloned().collect()
    }

    /// The newest fragment's place.
    pub(crate) fn newest(&self, stream_id: i64) -> Option<Position> {
        let buffers = self.lock();
        let chunks = buffers.get(&stream_id)?.chunks.iter();
        chunks.map(Chunk::position).max()
    }

    /// The place of the fragment that holds a moment of a clock, or else of the first one after it.
    pub(crate) fn first_since(
        &self,
        stream_id: i64,
        (by, since_ms): (TimestampKind, i64),
    ) -> Option<Position> {
        let buffers = self.lock();
        let chunks = buffers.get(&stream_id)?.chunks.iter();
        let since = chunks.filter(|chunk| {
            let begins_ms = chunk.timestamp(by);
            begins_ms >= since_ms || begins_ms + chunk.length_ms > since_ms + TOLERANCE_MS
        });
        let first = since.min_by_key(|chunk| (chunk.timestamp(by), chunk.position()));
        first.map(Chunk::position)
    }

    /// Lets go of a deleted stream.
    pub(crate) fn forget(&self, stream_id: i64) {
        self.lock().remove(&stream_id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Buffer>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(sequence: u64, server_ms: u64, bytes: usize) -> Chunk {
        Chunk {
            number: FragmentNumber {
                sequence,
                server_ms,
                random: 0,
            },
            producer_ms: 0,
            length_ms: 0,
            header: Bytes::new(),
            media: vec![0; bytes].into(),
            tags: Vec::new(),
        }
    }

    fn sequences(recent: &Recent, stream_id: i64, now_ms: i64) -> Vec<u64> {
        let kept = recent.next(stream_id, |_| true, (100, now_ms));
        kept.iter().map(|chunk| chunk.number.sequence).collect()
    }

    #[test]
    fn five_minutes_are_kept_of_each_stream() {
        let recent = Recent::default();
        recent.push(1, chunk(1, 1_000, 1), 1_000);
        recent.push(1, chunk(2, 2_000, 1), 2_000);
        assert_eq!(sequences(&recent, 1, 300_999), [1, 2]);
        assert_eq!(sequences(&recent, 1, 301_000), [2]);
        // What another stream sends lets go of it too.
        recent.push(2, chunk(7, 301_000, 1), 301_000);
        assert_eq!(sequences(&recent, 1, 0), [2]);
        assert_eq!(sequences(&recent, 2, 301_000), [7]);
    }

    #[test]
    fn all_streams_together_keep_what_the_machine_has_to_give() {
        let recent = Recent::default();
        for stream_id in 0..4 {
            recent.push(stream_id, chunk(1, 1, KEPT_BYTES / 2), 0);
            recent.push(stream_id, chunk(2, 2, KEPT_BYTES / 2 - 1), 0);
        }
        let kept: usize = (0..4).map(|id| sequences(&recent, id, 0).len()).sum();
        assert_eq!(kept, 5, "of 800 MB");
        assert!((0..4).all(|id| !sequences(&recent, id, 0).is_empty()));
    }

    #[test]
    fn no_more_bytes_are_kept_than_a_stream_may_have() {
        let recent = Recent::default();
        for sequence in 0..4 {
            recent.push(1, chunk(sequence, sequence, KEPT_BYTES / 2), 0);
        }
        assert_eq!(sequences(&recent, 1, 0), [2, 3]);
        recent.push(1, chunk(4, 4, KEPT_BYTES + 1), 0);
        assert_eq!(sequences(&recent, 1, 0), [4]);
    }
}
