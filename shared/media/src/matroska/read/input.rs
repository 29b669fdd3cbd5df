//! Bytes that arrived and were not yet handed out: kept in the pieces they came in, joined only where an element lies across two.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Pieces below this size are put together, so that many of them take little more room than their bytes.
const SMALL_BYTES: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Input {
    /// What the reader looks at.
    front: Bytes,
    /// The pieces behind it.
    later: VecDeque<Bytes>,
    /// Small pieces behind those, put together.
    tail: BytesMut,
    /// Bytes in all three.
    length: usize,
}

impl Input {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        self.tail.extend_from_slice(bytes);
    }

    /// Takes a piece without copying it, unless it is small.
    pub(super) fn push_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < SMALL_BYTES {
            return self.push(&bytes);
        }
        self.length += bytes.len();
        if !self.tail.is_empty() {
            self.later.push_back(self.tail.split().freeze());
        }
        self.later.push_back(bytes);
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Makes the first `end` bytes lie in one piece; `false` if they have not all arrived.
    #[inline]
    pub(super) fn join(&mut self, end: usize) -> bool {
        self.front.len() >= end || self.join_pieces(end)
    }

    /// What lies in one piece at the beginning: at least as much as was last joined.
    #[inline]
    pub(super) fn front(&self) -> &[u8] {
        &self.front
    }

    fn join_pieces(&mut self, end: usize) -> bool {
        if self.length < end {
            return false;
        }
        if self.front.is_empty() {
            self.front = self.next_piece();
        }
        if self.front.len() >= end {
            return true;
        }
        // Grows in place where nobody else holds the bytes, so that a long header in small pieces is not copied over and over.
        let front = std::mem::take(&mut self.front);
        let mut joined = front
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        while joined.len() < end {
            let mut piece = self.next_piece();
            let missing = (end - joined.len()).min(piece.len());
            joined.extend_from_slice(&piece.split_to(missing));
            if !piece.is_empty() {
                self.later.push_front(piece);
            }
        }
        self.front = joined.freeze();
        true
    }

    fn next_piece(&mut self) -> Bytes {
        let next = self.later.pop_front();
        next.unwrap_or_else(|| self.tail.split().freeze())
    }

    /// Hands out the first bytes, which were joined before.
    #[inline]
    pub(super) fn split_to(&mut self, end: usize) -> Bytes {
        self.length -= end;
        self.front.split_to(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_piece_is_handed_out_where_it_lies() {
        let piece = Bytes::from(vec![7; 2 * SMALL_BYTES]);
        let mut input = Input::default();
        input.push_bytes(piece.clone());
        assert!(input.join(SMALL_BYTES));
        assert_eq!(input.split_to(SMALL_BYTES).as_ptr(), piece.as_ptr());
        assert_eq!(input.len(), SMALL_BYTES);
    }

    #[test]
    fn pieces_of_all_sizes_come_out_in_order() {
        let all: Vec<u8> = (0..60_000_u32).map(|n| (n % 251) as u8).collect();
        let mut input = Input::default();
        let (mut rest, mut size) = (&all[..], 1);
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(size.min(rest.len()));
            match size % 2 {
                0 => input.push_bytes(Bytes::copy_from_slice(piece)),
                _ => input.push(piece),
            }
            (rest, size) = (more, size * 3 % 9973);
        }
        assert!(!input.join(all.len() + 1));
        let mut out = Vec::new();
        for step in (1..).map(|n| n * 37 % 7001) {
            let step = step.min(input.len());
            assert!(input.join(step));
            assert_eq!(input.front()[..step], all[out.len()..out.len() + step]);
            out.extend_from_slice(&input.split_to(step));
            if input.is_empty() {
                break;
            }
        }
        assert_eq!(out, all);
    }
}
